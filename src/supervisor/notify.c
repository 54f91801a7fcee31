/*
 * notify.c - see notify.h
 */
#include "supervisor/notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/slice.h"

#define MESSAGE_MAX 1024

static int
connect_to(const char *name, struct err *err)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	size_t len = strlen(name);
	socklen_t addr_len;
	int fd;

	if ((name[0] != '/' && name[0] != '@') || len >= sizeof(addr.sun_path))
		return err_set(err, ERR_INVALID, "NOTIFY_SOCKET is neither a path nor an abstract name");
	memcpy(addr.sun_path, name, len);
	addr_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
	if (name[0] == '@')
		addr.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_set_errno(err, ERR_IO, errno, "NOTIFY_SOCKET: socket");
	if (connect(fd, (const struct sockaddr *)&addr, addr_len) < 0) {
		(void)err_set_errno(err, ERR_IO, errno, "NOTIFY_SOCKET: connect to %s", name);
		fd_close(&fd);
		return ERR_IO;
	}
	return fd;
}

/* WATCHDOG_PID, when set, says for whom WATCHDOG_USEC is meant. */
static int
read_watchdog(struct notify *n, const char *usec, const char *pid, pid_t self, struct err *err)
{
	uint64_t value;

	if (usec == NULL)
		return 0;
	if (pid != NULL) {
		if (slice_to_u64(slice_from_str(pid), INT32_MAX, &value) < 0)
			return err_set(err, ERR_INVALID, "WATCHDOG_PID is no process id");
		if ((pid_t)value != self)
			return 0;
	}
	if (slice_to_u64(slice_from_str(usec), UINT64_MAX, &value) < 0 || value == 0)
		return err_set(err, ERR_INVALID, "WATCHDOG_USEC is no number of microseconds");
	n->watchdog_ms = value / 2000;
	if (n->watchdog_ms == 0)
		n->watchdog_ms = 1;
	return 0;
}

int
notify_init(struct notify *n, const char *socket_name, const char *watchdog_usec, const char *watchdog_pid, pid_t self,
	    struct err *err)
{
	int fd;

	*n = (struct notify){.fd = -1};
	if (socket_name == NULL || socket_name[0] == '\0')
		return 0;
	fd = connect_to(socket_name, err);
	if (fd < 0)
		return fd;
	n->fd = fd;
	return read_watchdog(n, watchdog_usec, watchdog_pid, self, err);
}

void
notify_fini(struct notify *n)
{
	fd_close(&n->fd);
}

/* Best effort: systemd loses nothing but this message. */
static void
send_message(struct notify *n, const char *state, const char *status)
{
	char text[MESSAGE_MAX];
	int len;

	if (n->fd < 0)
		return;
	if (status != NULL)
		len = snprintf(text, sizeof(text), "%s%sSTATUS=%.*s", state, state[0] != '\0' ? "\n" : "",
			       (int)strcspn(status, "\n"), status);
	else
		len = snprintf(text, sizeof(text), "%s", state);
	if (len >= (int)sizeof(text))
		len = sizeof(text) - 1;
	(void)send(n->fd, text, (size_t)len, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void
notify_ready(struct notify *n, const char *status)
{
	send_message(n, "READY=1", status);
}

void
notify_reloading(struct notify *n, uint64_t mono_us)
{
	char text[64];

	(void)snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%llu", (unsigned long long)mono_us);
	send_message(n, text, "reloading");
}

void
notify_stopping(struct notify *n, const char *status)
{
	send_message(n, "STOPPING=1", status);
}

void
notify_status(struct notify *n, const char *status)
{
	send_message(n, "", status);
}

void
notify_watchdog(struct notify *n, bool healthy, uint64_t now_ms)
{
	if (n->watchdog_ms == 0 || !healthy || now_ms < n->watchdog_due_ms)
		return;
	n->watchdog_due_ms = now_ms + n->watchdog_ms;
	send_message(n, "WATCHDOG=1", NULL);
}

void
notify_store_fd(struct notify *n, const char *name, int fd)
{
	char text[128];
	int len = snprintf(text, sizeof(text), "FDSTORE=1\nFDNAME=%s", name);

	if (n->fd >= 0)
		(void)!fd_send(n->fd, text, (size_t)len, &fd, 1);
}

void
notify_forget_fd(struct notify *n, const char *name)
{
	char text[128];

	(void)snprintf(text, sizeof(text), "FDSTOREREMOVE=1\nFDNAME=%s", name);
	send_message(n, text, NULL);
}
