/*
 * database.h - the file: opened, checked, migrated; statements; who holds what
 *
 * WAL, synchronous=FULL: what is committed is on the disk.  Several keepers may have the file open (one for a server,
 * one for each stdio process, two while one replaces the other); writers wait for each other.  Each keeper is an
 * instance with a random number and holds a lock on the byte of that number in PATH-keepers, so that the others see
 * whether it is alive: the kernel drops the lock with the process.
 *
 * Failures: ERR_CORRUPT for a file that is damaged or not ours, ERR_FULL for a disk without room, ERR_AGAIN when
 * another keeper kept the file busy for too long, ERR_IO, ERR_NOMEM.  The texts of database_open() name the path; those
 * of the other functions do not, because they are shown to clients: they go to the log with the path.
 *
 * Runs in: keeper.
 */
#ifndef KEEPER_DATABASE_H
#define KEEPER_DATABASE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"
#include "base/slice.h"
#include "statements.h"

#define DATABASE_APPLICATION_ID 0x4D4D4B50 /* "MMKP" */
#define DATABASE_BUSY_MS 5000

struct database {
	sqlite3 *db;
	char *path;
	sqlite3_stmt *statements[STATEMENT_COUNT];
	uint64_t instance; /* of this keeper; fits in 62 bits */
	int keepers_fd;
	bool is_damaged;					    /* SQLite met damage: stop */
	bool (*connection_is_live)(void *ctx, uint64_t connection); /* NULL: all are */
	void *ctx;
};

int database_open(const char *path, struct database **database_r, struct err *err) MUST_CHECK;
void database_close(struct database **database);

/* A transaction around a batch, savepoints around its parts. */
int database_begin(struct database *database, bool writes, struct err *err) MUST_CHECK;
int database_commit(struct database *database, struct err *err) MUST_CHECK; /* on failure nothing is left open */
void database_rollback(struct database *database);
int database_mark(struct database *database, struct err *err) MUST_CHECK;
void database_keep_mark(struct database *database);
void database_undo_mark(struct database *database);
bool database_is_in_transaction(const struct database *database); /* a grave error ends it behind our back */

/* True while the one that holds something may still come back to it: `holder` an instance (0: nobody), its connection.
 */
bool database_holder_is_live(const struct database *database, uint64_t holder, uint64_t connection);

/* ---- One statement under way ---- */

struct query {
	struct database *database;
	sqlite3_stmt *statement;
	int bound; /* parameters so far */
	int r;	   /* first SQLite error, or SQLITE_OK */
};

void query_open(struct query *query, struct database *database, enum statement which);
void query_u64(struct query *query, uint64_t value);	 /* binds the next parameter */
void query_text(struct query *query, struct slice text); /* borrowed until query_close(); SLICE_NONE is NULL */
void query_blob(struct query *query, struct slice bytes);

/* 1: a row, 0: no more, or a code. */
int query_step(struct query *query, struct err *err) MUST_CHECK;
uint64_t query_get_u64(struct query *query, int column);      /* NULL gives 0 */
struct slice query_get_text(struct query *query, int column); /* until the next step; NULL gives SLICE_NONE */
void query_close(struct query *query);

/* For statements that give no rows: steps to the end and closes.  Gives the number of changed rows. */
int query_run(struct query *query, struct err *err) MUST_CHECK;

/* The next of the numbers that only grow. */
int database_next_fence(struct database *database, uint64_t *fence_r, struct err *err) MUST_CHECK;

#endif
