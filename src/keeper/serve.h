/*
 * serve.h - the keeper's loop: connections, requests in batches, the sweep
 *
 * Runs in: keeper.
 */
#ifndef KEEPER_SERVE_H
#define KEEPER_SERVE_H

#include <stdbool.h>

#include "base/compiler.h"
#include "base/err.h"

struct database;
struct event_base;
struct server;

/*
 * `fd` is a listening stream socket, or a connected one: then serve_loop() returns when that ends.  Taken, also on
 * failure.  The database is borrowed.
 */
int serve_new(struct database *database, int fd, struct server **server_r, struct err *err) MUST_CHECK;
void serve_free(struct server **server);

struct event_base *serve_base(struct server *server); /* for events of the caller's */

/* Until serve_stop(), or the end of the only connection: 0; ERR_CORRUPT when the database turned out to be damaged. */
int serve_loop(struct server *server) MUST_CHECK;
void serve_stop(struct server *server); /* after the batch at hand */

#endif
