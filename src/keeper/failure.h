/*
 * failure.h - what SQLite says, as our codes and texts
 *
 * Runs in: keeper.
 */
#ifndef KEEPER_FAILURE_H
#define KEEPER_FAILURE_H

#include "base/err.h"

struct database;

#define CURE_DAMAGE "stop the server, put a backup in its place or move it away together with its -wal and -shm files"
#define CURE_FOREIGN "set keeper.path to a file that does not exist yet"

/* While it serves: a plain text for clients, path and details to the log.  Damage is remembered in the database. */
int failure_of(struct database *database, int sqlite_code, struct err *err);

/* At the start, for the operator: the path, what is wrong, the cure. */
int failure_of_open(struct database *database, int sqlite_code, struct err *err);

#endif
