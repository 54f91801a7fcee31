/*
 * notify.h - sd_notify(3) without libsystemd: datagrams to the socket that systemd names
 *
 * Everything here is silent when the service does not run under systemd, and never blocks: a message that cannot be
 * sent at once is dropped.
 */
#ifndef SUPERVISOR_NOTIFY_H
#define SUPERVISOR_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/compiler.h"
#include "base/err.h"

struct notify {
	int fd;		      /* -1: nobody to tell */
	uint64_t watchdog_ms; /* how often WATCHDOG=1 is due (half of WATCHDOG_USEC), 0 = never */
	uint64_t watchdog_due_ms;
};

/*
 * Values of NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID; NULL for what is not set.  NOTIFY_SOCKET is a path, or a
 * name in the abstract namespace when it starts with '@'.  ERR_INVALID, ERR_IO: the text says why; *n is then silent.
 */
int notify_init(struct notify *n, const char *socket_name, const char *watchdog_usec, const char *watchdog_pid,
		pid_t self, struct err *err) MUST_CHECK;
void notify_fini(struct notify *n);

/* `status` is cut at its first line end. */
void notify_ready(struct notify *n, const char *status);
void notify_reloading(struct notify *n, uint64_t mono_us);
void notify_stopping(struct notify *n, const char *status);
void notify_status(struct notify *n, const char *status);

/* The descriptor store: FDSTORE=1 with the descriptor, FDSTOREREMOVE=1 for all of a name. */
void notify_store_fd(struct notify *n, const char *name, int fd);
void notify_forget_fd(struct notify *n, const char *name);

/* Sends WATCHDOG=1 when it is due and `healthy`. */
void notify_watchdog(struct notify *n, bool healthy, uint64_t now_ms);

#endif
