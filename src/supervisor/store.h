/*
 * store.h - what systemd keeps for the next supervisor: its descriptor store (FileDescriptorStoreMax=)
 *
 * Table, keys and the TCP sockets that were opened here are handed to systemd at the start.  When the supervisor is
 * killed, or the service is restarted, the next one gets them back among LISTEN_FDS: logins and MCP sessions go on, and
 * connections wait in the backlog meanwhile.  systemd lets go of them when the service is stopped for good; so do we,
 * when a stop finds nothing in the table that were worth keeping.
 *
 * Without systemd nothing of this happens.
 */
#ifndef SUPERVISOR_STORE_H
#define SUPERVISOR_STORE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"
#include "base/err.h"
#include "base/slice.h"
#include "config/config.h"
#include "shm/heritage.h"

struct house;

/* Got back, not yet used. */
struct store {
	int table_fd; /* -1: none */
	int keys_fd;
	struct {
		int fd;
		bool is_admin;
	} listeners[HERITAGE_LISTENERS_MAX];
	size_t n_listeners;
	bool is_refused; /* the table was of no use */
};

void store_init(struct store *s);

/* Whether a passed descriptor of this name is one that we gave to the store. */
bool store_is_name(struct slice name);

/* Takes those of `n` passed descriptors that have such a name. */
void store_take(struct store *s, int first_fd, size_t n, const char *names);

/* The socket that was kept for this address, or -1.  The caller's to close. */
int store_claim(struct store *s, const struct config_address *address, bool is_admin);

/*
 * Table and keys out of the store.  ERR_NOT_FOUND: there are none.  Otherwise the text says why they are of no use: a
 * new table is needed.  Rows of workers that are gone are marked so.
 */
int store_adopt_memory(struct house *h, const struct config *cfg, struct err *err) MUST_CHECK;

void store_fini(struct store *s); /* closes what nobody claimed */

/* Gives systemd what it does not have yet; `anew`: all, in place of what it has. */
void store_push(struct house *h, bool anew);

/* At the end of the start: what nobody wanted back is let go, what is new is given. */
void store_settle(struct house *h);

/* At the end of the service.  False when systemd keeps table and keys: then they must not be wiped. */
bool store_release(struct house *h);

#endif
