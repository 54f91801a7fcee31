/*
 * query.c - transactions, and one prepared statement at a time
 */
#include "base/err.h"
#include "database.h"
#include "failure.h"

static int
run(struct database *database, const char *sql)
{
	return sqlite3_exec(database->db, sql, NULL, NULL, NULL);
}

/* ---- Transactions ---- */

int
database_begin(struct database *database, bool writes, struct err *err)
{
	int r = run(database, writes ? "BEGIN IMMEDIATE" : "BEGIN");

	return r == SQLITE_OK ? 0 : failure_of(database, r, err);
}

int
database_commit(struct database *database, struct err *err)
{
	int r = run(database, "COMMIT");

	if (r == SQLITE_OK)
		return 0;
	r = failure_of(database, r, err);
	database_rollback(database);
	return r;
}

void
database_rollback(struct database *database)
{
	if (database_is_in_transaction(database))
		(void)run(database, "ROLLBACK");
}

int
database_mark(struct database *database, struct err *err)
{
	int r = run(database, "SAVEPOINT part");

	return r == SQLITE_OK ? 0 : failure_of(database, r, err);
}

void
database_keep_mark(struct database *database)
{
	(void)run(database, "RELEASE part");
}

void
database_undo_mark(struct database *database)
{
	if (database_is_in_transaction(database))
		(void)run(database, "ROLLBACK TO part; RELEASE part");
}

bool
database_is_in_transaction(const struct database *database)
{
	return sqlite3_get_autocommit(database->db) == 0;
}

/* ---- Queries ---- */

void
query_open(struct query *query, struct database *database, enum statement which)
{
	sqlite3_stmt **statement = &database->statements[which];

	*query = (struct query){.database = database, .r = SQLITE_OK};
	if (*statement == NULL)
		query->r =
		    sqlite3_prepare_v3(database->db, statements[which], -1, SQLITE_PREPARE_PERSISTENT, statement, NULL);
	query->statement = *statement;
}

void
query_u64(struct query *query, uint64_t value)
{
	if (query->r == SQLITE_OK)
		query->r = sqlite3_bind_int64(query->statement, ++query->bound, (sqlite3_int64)value);
}

void
query_text(struct query *query, struct slice text)
{
	if (query->r == SQLITE_OK)
		query->r = sqlite3_bind_text64(query->statement, ++query->bound, text.ptr, text.len, SQLITE_STATIC,
					       SQLITE_UTF8);
}

void
query_blob(struct query *query, struct slice bytes)
{
	if (query->r == SQLITE_OK)
		query->r = sqlite3_bind_blob64(query->statement, ++query->bound, bytes.ptr, bytes.len, SQLITE_STATIC);
}

int
query_step(struct query *query, struct err *err)
{
	if (query->r == SQLITE_OK)
		query->r = sqlite3_step(query->statement);
	if (query->r == SQLITE_ROW) {
		query->r = SQLITE_OK;
		return 1;
	}
	return query->r == SQLITE_DONE ? 0 : failure_of(query->database, query->r, err);
}

uint64_t
query_get_u64(struct query *query, int column)
{
	return (uint64_t)sqlite3_column_int64(query->statement, column);
}

struct slice
query_get_text(struct query *query, int column)
{
	const char *text;

	if (sqlite3_column_type(query->statement, column) == SQLITE_NULL)
		return SLICE_NONE;
	text = sqlite3_column_blob(query->statement, column);
	return slice_of(text != NULL ? text : "", (size_t)sqlite3_column_bytes(query->statement, column));
}

void
query_close(struct query *query)
{
	if (query->statement == NULL)
		return;
	sqlite3_reset(query->statement);
	sqlite3_clear_bindings(query->statement);
}

int
query_run(struct query *query, struct err *err)
{
	int r;

	do
		r = query_step(query, err);
	while (r == 1);
	if (r == 0)
		r = sqlite3_changes(query->database->db);
	query_close(query);
	return r;
}

int
database_next_fence(struct database *database, uint64_t *fence_r, struct err *err)
{
	struct query query;
	int r;

	query_open(&query, database, STATEMENT_FENCE_NEXT);
	r = query_step(&query, err);
	if (r == 1)
		*fence_r = query_get_u64(&query, 0);
	if (r == 1)
		r = query_step(&query, err);
	query_close(&query);
	return r;
}
