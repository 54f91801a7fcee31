/*
 * sockets.h - listening sockets: opened from addresses, or received from systemd
 *
 * One listening socket per address, owned by the supervisor, inherited by every worker, never closed while the service
 * lives.  All are non-blocking and CLOEXEC.
 */
#ifndef SUPERVISOR_SOCKETS_H
#define SUPERVISOR_SOCKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/compiler.h"
#include "base/err.h"
#include "base/slice.h"
#include "config/config.h"
#include "shm/heritage.h"

#define SOCKETS_TEXT_MAX 128
#define SOCKETS_FIRST_PASSED 3 /* SD_LISTEN_FDS_START */
#define SOCKETS_PASSED_MAX 64

struct listener {
	int fd;
	bool is_admin;
	bool is_passed; /* came from systemd */
	bool is_stored; /* opened by an earlier supervisor, and systemd has it still */
	bool is_loopback;
	char text[SOCKETS_TEXT_MAX]; /* real address: 127.0.0.1:8765, [::1]:8765, unix:/path */
	char path[SOCKETS_TEXT_MAX]; /* a unix socket we made and remove at the end; else "" */
};

/* MCP listeners first, then admin listeners: the order of the heritage. */
struct listeners {
	struct listener items[HERITAGE_LISTENERS_MAX];
	size_t n_mcp;
	size_t n_admin;
};

void listeners_init(struct listeners *l);
void listeners_close(struct listeners *l); /* and removes the unix sockets that were made here */

/*
 * What LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES say; NULL for what is not set.  Gives the number of passed sockets, 0
 * when they are meant for another process.  ERR_INVALID when a value is no number, ERR_LIMIT above
 * SOCKETS_PASSED_MAX.
 */
int sockets_passed_count(const char *listen_pid, const char *listen_fds, pid_t self, struct err *err) MUST_CHECK;

/* Name number `i` of LISTEN_FDNAMES; empty when there is none. */
struct slice sockets_passed_name(const char *names, size_t i);

/*
 * Takes those of `n` descriptors from `first_fd` on that are no matter of the store.  Each must be a listening stream
 * socket, else ERR_INVALID.
 */
int listeners_take(struct listeners *l, int first_fd, size_t n, const char *names, struct err *err) MUST_CHECK;

/* Takes a socket of the program before an upgrade; `made`: it is a Unix socket that we remove at the end. */
int listeners_adopt(struct listeners *l, const struct listener *item, bool made, struct err *err) MUST_CHECK;

/*
 * Opens one.  ERR_EXISTS: the address is in use, the text names it and the cure (exit 1); ERR_DENIED, ERR_INVALID: it
 * can never be bound (exit 2); ERR_IO.
 */
int listeners_open(struct listeners *l, const struct config_address *address, bool is_admin,
		   struct err *err) MUST_CHECK;

/*
 * Makes a listening Unix stream socket with mode 0600.  A socket file that nobody answers is replaced.  ERR_EXISTS: a
 * process answers there.  Gives the descriptor.
 */
int sockets_open_unix(const char *path, struct err *err) MUST_CHECK;

#endif
