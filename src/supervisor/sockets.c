/*
 * sockets.c - see sockets.h
 */
#include "supervisor/sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "supervisor/store.h"

#define BACKLOG 4096
#define CLASS_A_LOOPBACK 127

void
listeners_init(struct listeners *l)
{
	size_t i;

	memset(l, 0, sizeof(*l));
	for (i = 0; i < ARRAY_LEN(l->items); i++)
		l->items[i].fd = -1;
}

void
listeners_close(struct listeners *l)
{
	size_t i;

	for (i = 0; i < l->n_mcp + l->n_admin; i++) {
		fd_close(&l->items[i].fd);
		if (l->items[i].path[0] != '\0')
			(void)unlink(l->items[i].path);
	}
	listeners_init(l);
}

/* MCP listeners stand before admin listeners. */
static int
add(struct listeners *l, const struct listener *item, struct err *err)
{
	size_t n = l->n_mcp + l->n_admin;

	if (n >= HERITAGE_LISTENERS_MAX)
		return err_set(err, ERR_LIMIT, "more than %d listening sockets; remove some", HERITAGE_LISTENERS_MAX);
	if (item->is_admin) {
		l->items[n] = *item;
		l->n_admin++;
		return 0;
	}
	memmove(&l->items[l->n_mcp + 1], &l->items[l->n_mcp], l->n_admin * sizeof(l->items[0]));
	l->items[l->n_mcp++] = *item;
	return 0;
}

/* ---- Names of addresses ---- */

union any_addr {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct sockaddr_un un;
	struct sockaddr_storage storage;
};

static void
name_inet(struct listener *item, const union any_addr *addr)
{
	char host[INET6_ADDRSTRLEN] = "?";

	if (addr->sa.sa_family == AF_INET) {
		(void)inet_ntop(AF_INET, &addr->in.sin_addr, host, sizeof(host));
		(void)snprintf(item->text, sizeof(item->text), "%s:%u", host, ntohs(addr->in.sin_port));
		item->is_loopback = ntohl(addr->in.sin_addr.s_addr) >> 24 == CLASS_A_LOOPBACK;
		return;
	}
	(void)inet_ntop(AF_INET6, &addr->in6.sin6_addr, host, sizeof(host));
	(void)snprintf(item->text, sizeof(item->text), "[%s]:%u", host, ntohs(addr->in6.sin6_port));
	item->is_loopback = IN6_IS_ADDR_LOOPBACK(&addr->in6.sin6_addr);
}

static void
name_unix(struct listener *item, const union any_addr *addr, socklen_t len)
{
	size_t path_len =
	    len > offsetof(struct sockaddr_un, sun_path) ? len - offsetof(struct sockaddr_un, sun_path) : 0;
	const char *path = addr->un.sun_path;

	item->is_loopback = true;
	if (path_len > 0 && path[0] == '\0')
		(void)snprintf(item->text, sizeof(item->text), "unix:@%.*s", (int)path_len - 1, path + 1);
	else
		(void)snprintf(item->text, sizeof(item->text), "unix:%.*s", (int)path_len, path);
}

/* The address that the socket really has: port 0 became a number. */
static int
name_listener(struct listener *item, struct err *err)
{
	union any_addr addr;
	socklen_t len = sizeof(addr);

	memset(&addr, 0, sizeof(addr));
	if (getsockname(item->fd, &addr.sa, &len) < 0)
		return err_set_errno(err, ERR_IO, errno, "getsockname");
	if (addr.sa.sa_family == AF_INET || addr.sa.sa_family == AF_INET6)
		name_inet(item, &addr);
	else if (addr.sa.sa_family == AF_UNIX)
		name_unix(item, &addr, len);
	else
		return err_set(err, ERR_INVALID, "a passed socket is neither TCP nor Unix");
	return 0;
}

/* ---- Sockets from systemd ---- */

int
sockets_passed_count(const char *listen_pid, const char *listen_fds, pid_t self, struct err *err)
{
	uint64_t pid, n;

	if (listen_pid == NULL || listen_fds == NULL)
		return 0;
	if (slice_to_u64(slice_from_str(listen_pid), INT32_MAX, &pid) < 0)
		return err_set(err, ERR_INVALID, "LISTEN_PID is no process id");
	if ((pid_t)pid != self)
		return 0;
	if (slice_to_u64(slice_from_str(listen_fds), INT32_MAX, &n) < 0)
		return err_set(err, ERR_INVALID, "LISTEN_FDS is no number");
	if (n > SOCKETS_PASSED_MAX)
		return err_set(err, ERR_LIMIT, "LISTEN_FDS: at most %d sockets can be taken", SOCKETS_PASSED_MAX);
	return (int)n;
}

struct slice
sockets_passed_name(const char *names, size_t i)
{
	struct slice rest = slice_from_str(names);
	struct slice name = SLICE_NONE;
	size_t k;

	for (k = 0; k <= i; k++) {
		if (!slice_next(&rest, ':', &name))
			return SLICE_NONE;
	}
	return name;
}

static bool
option_is(int fd, int option, int wanted)
{
	socklen_t len = sizeof(int);
	int value = -1;

	return getsockopt(fd, SOL_SOCKET, option, &value, &len) == 0 && value == wanted;
}

static int
take_one(struct listeners *l, int fd, bool is_admin, struct err *err)
{
	struct listener item = {.fd = fd, .is_admin = is_admin, .is_passed = true};
	int r;

	if (!option_is(fd, SO_TYPE, SOCK_STREAM) || !option_is(fd, SO_ACCEPTCONN, 1))
		return err_set(err, ERR_INVALID,
			       "passed descriptor %d is no listening stream socket; use ListenStream= and Accept=no",
			       fd);
	if (fd_set_cloexec(fd, true) < 0 || fd_set_nonblock(fd, true) < 0)
		return err_set(err, ERR_IO, "passed descriptor %d cannot be set up", fd);
	r = name_listener(&item, err);
	if (r < 0)
		return r;
	return add(l, &item, err);
}

int
listeners_take(struct listeners *l, int first_fd, size_t n, const char *names, struct err *err)
{
	size_t i;
	int r;

	for (i = 0; i < n; i++) {
		struct slice name = sockets_passed_name(names, i);

		if (store_is_name(name))
			continue;
		r = take_one(l, first_fd + (int)i, slice_is(name, "admin"), err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- Sockets of our own ---- */

static int
refuse_bind(const char *text, int errno_value, struct err *err)
{
	switch (errno_value) {
	case EADDRINUSE:
		return err_set(err, ERR_EXISTS, "%s is in use; stop the other program or choose another address", text);
	case EACCES:
	case EPERM:
		return err_set(err, ERR_DENIED,
			       "%s: no permission; choose a port above 1023 and a folder that this user may write to",
			       text);
	case EADDRNOTAVAIL:
		return err_set(err, ERR_IO, "%s is no address of this machine; choose one that `ip address` shows",
			       text);
	default:
		return err_set_errno(err, ERR_IO, errno_value, "cannot listen on %s", text);
	}
}

static int
open_inet(const struct config_address *address, struct err *err)
{
	union {
		const struct sockaddr_storage *storage;
		const struct sockaddr *sa;
	} addr = {&address->addr};
	const int on = 1;
	int fd;

	fd = socket(addr.sa->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_set_errno(err, ERR_IO, errno, "cannot listen on %s: socket", address->text);
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (addr.sa->sa_family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(fd, addr.sa, address->addr_len) < 0 || listen(fd, BACKLOG) < 0) {
		int r = refuse_bind(address->text, errno, err);

		fd_close(&fd);
		return r;
	}
	return fd;
}

/* Is there a server behind this socket file?  A full backlog (EAGAIN) is one, too. */
static bool
somebody_answers(const struct sockaddr_un *addr)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool answers;

	if (fd < 0)
		return true; /* in doubt nothing is replaced */
	answers = connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) == 0 || errno == EAGAIN;
	fd_close(&fd);
	return answers;
}

static int
clear_way(const struct sockaddr_un *addr, struct err *err)
{
	struct stat st;

	if (lstat(addr->sun_path, &st) < 0)
		return 0; /* whatever is wrong with the path, bind says it better */
	if (!S_ISSOCK(st.st_mode))
		return err_set(err, ERR_DENIED, "%s exists and is no socket; move it away or choose another path",
			       addr->sun_path);
	if (somebody_answers(addr))
		return err_set(err, ERR_EXISTS, "a process answers on %s; stop it or choose another path",
			       addr->sun_path);
	(void)unlink(addr->sun_path);
	return 0;
}

int
sockets_open_unix(const char *path, struct err *err)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	mode_t mask;
	int fd, r;

	if (slice_to_str(slice_from_str(path), addr.sun_path, sizeof(addr.sun_path)) < 0 || path[0] == '\0')
		return err_set(err, ERR_INVALID, "%s: a socket path may have 1 to %zu bytes; choose a shorter one",
			       path, sizeof(addr.sun_path) - 1);
	r = clear_way(&addr, err);
	if (r < 0)
		return r;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_set_errno(err, ERR_IO, errno, "%s: socket", path);
	mask = umask(0177);
	r = bind(fd, (const struct sockaddr *)&addr, sizeof(addr)) < 0 ? errno : 0;
	(void)umask(mask);
	if (r == 0 && listen(fd, BACKLOG) < 0) {
		r = errno;
		(void)unlink(path);
	}
	if (r != 0) {
		r = refuse_bind(path, r, err);
		fd_close(&fd);
		return r;
	}
	return fd;
}

int
listeners_open(struct listeners *l, const struct config_address *address, bool is_admin, struct err *err)
{
	struct listener item = {.fd = -1, .is_admin = is_admin};
	const char *path = address->text + strlen("unix:");
	int r;

	if (address->kind == CONFIG_ADDRESS_OFF)
		return 0;
	item.fd = address->kind == CONFIG_ADDRESS_UNIX ? sockets_open_unix(path, err) : open_inet(address, err);
	if (item.fd < 0)
		return item.fd;
	if (address->kind == CONFIG_ADDRESS_UNIX)
		(void)snprintf(item.path, sizeof(item.path), "%s", path);
	r = name_listener(&item, err);
	if (r == 0)
		r = add(l, &item, err);
	if (r < 0)
		fd_close(&item.fd);
	return r;
}

int
listeners_adopt(struct listeners *l, const struct listener *item, bool made, struct err *err)
{
	struct listener named = *item;
	int r = name_listener(&named, err);

	if (r < 0)
		return r;
	if (made)
		(void)!slice_to_str(slice_from_str(named.text + strlen("unix:")), named.path, sizeof(named.path));
	return add(l, &named, err);
}
