/*
 * database.c - the file opened with care
 */
#include "database.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "failure.h"
#include "instances.h"

#define WAL_KEEP_BYTES "67108864" /* a larger PATH-wal is cut back after a checkpoint */
#define WAL_WAIT_MS 5

/* ---- Opening ---- */

static int
run(struct database *database, const char *sql)
{
	return sqlite3_exec(database->db, sql, NULL, NULL, NULL);
}

/* First column of the first row; "" when there is none. */
static int
ask(struct database *database, const char *sql, char *dst, size_t cap)
{
	sqlite3_stmt *statement = NULL;
	int r = sqlite3_prepare_v2(database->db, sql, -1, &statement, NULL);

	dst[0] = '\0';
	if (r == SQLITE_OK) {
		r = sqlite3_step(statement);
		if (r == SQLITE_ROW)
			snprintf(dst, cap, "%s",
				 sqlite3_column_text(statement, 0) != NULL
				     ? (const char *)sqlite3_column_text(statement, 0)
				     : "");
		r = r == SQLITE_ROW || r == SQLITE_DONE ? SQLITE_OK : r;
	}
	sqlite3_finalize(statement);
	return r;
}

static int
ask_number(struct database *database, const char *sql, long *value_r)
{
	char text[64];
	int r = ask(database, sql, text, sizeof(text));

	*value_r = strtol(text, NULL, 10);
	return r;
}

/* One transaction: another keeper may be making the same new file, and half of each answer is a stranger's. */
static int
read_identity(struct database *database, long *id_r, long *version_r, long *tables_r)
{
	int r = run(database, "BEGIN");

	if (r == SQLITE_OK)
		r = ask_number(database, "PRAGMA application_id", id_r);
	if (r == SQLITE_OK)
		r = ask_number(database, "PRAGMA user_version", version_r);
	if (r == SQLITE_OK)
		r = ask_number(database, "SELECT count(*) FROM sqlite_master", tables_r);
	if (r == SQLITE_OK)
		r = run(database, "COMMIT");
	return r;
}

/* The file is ours, of a version we know, or empty. */
static int
check_identity(struct database *database, long *version_r, struct err *err)
{
	const char *path = database->path;
	long id = 0, tables = 0;
	int r = read_identity(database, &id, version_r, &tables);

	if (r != SQLITE_OK) {
		failure_of_open(database, r, err);
		database_rollback(database);
		return err->code;
	}
	if (id != DATABASE_APPLICATION_ID && (id != 0 || tables != 0 || *version_r != 0))
		return err_set(err, ERR_CORRUPT, "%s is a database, but another program's: " CURE_FOREIGN ".", path);
	if (*version_r > n_migrations)
		return err_set(err, ERR_UNSUPPORTED,
			       "%s was written by a newer magento-mcp (layout %ld, this one knows %d): install "
			       "that version again, or " CURE_FOREIGN ".",
			       path, *version_r, n_migrations);
	return 0;
}

static int
check_health(struct database *database, struct err *err)
{
	char answer[128];
	int r = ask(database, "PRAGMA quick_check(1)", answer, sizeof(answer));

	if (r != SQLITE_OK)
		return failure_of_open(database, r, err);
	if (strcmp(answer, "ok") == 0)
		return 0;
	return err_set(err, ERR_CORRUPT, "%s is damaged (%.60s): " CURE_DAMAGE ".", database->path, answer);
}

static int
migrate(struct database *database, struct err *err)
{
	char sql[96];
	long version = 0;
	int r = run(database, "BEGIN IMMEDIATE");

	/* Asked again under the lock: two keepers may have found the same new file. */
	if (r == SQLITE_OK)
		r = ask_number(database, "PRAGMA user_version", &version);
	for (long i = version; r == SQLITE_OK && i < n_migrations; i++)
		r = run(database, migrations[i]);
	if (r == SQLITE_OK && version < n_migrations) {
		snprintf(sql, sizeof(sql), "PRAGMA application_id = %d; PRAGMA user_version = %d",
			 DATABASE_APPLICATION_ID, n_migrations);
		r = run(database, sql);
	}
	if (r == SQLITE_OK)
		r = run(database, "COMMIT");
	if (r == SQLITE_OK)
		return 0;
	failure_of_open(database, r, err);
	database_rollback(database);
	return err->code;
}

/*
 * SQLite does not wait by itself for the lock that the change of a new file to WAL needs (two that upgrade their locks
 * would wait for each other): asked again here.
 */
static int
enter_wal(struct database *database, char *mode, size_t cap)
{
	int r = ask(database, "PRAGMA journal_mode = WAL", mode, cap);

	for (int waited_ms = 0; (r & 0xff) == SQLITE_BUSY && waited_ms < DATABASE_BUSY_MS; waited_ms += WAL_WAIT_MS) {
		sqlite3_sleep(WAL_WAIT_MS);
		r = ask(database, "PRAGMA journal_mode = WAL", mode, cap);
	}
	return r;
}

static int
set_up(struct database *database, struct err *err)
{
	char mode[16];
	int r;

	r = run(database, "PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF;"
			  "PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY;"
			  "PRAGMA journal_size_limit = " WAL_KEEP_BYTES);
	if (r == SQLITE_OK)
		r = enter_wal(database, mode, sizeof(mode));
	if (r != SQLITE_OK)
		return failure_of_open(database, r, err);
	if (strcmp(mode, "wal") != 0)
		return err_set(
		    err, ERR_IO,
		    "%s: its file system has no shared memory, which the database needs: set keeper.path to a "
		    "file on a local disk.",
		    database->path);
	return 0;
}

/* ---- Opened and closed ---- */

/* Plans tell what a shop will cost tomorrow: nobody else's to read. */
static int
open_file(struct database *database, struct err *err)
{
	mode_t before = umask(077);
	int r = sqlite3_open_v2(database->path, &database->db,
				SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);

	umask(before);
	if (database->db == NULL)
		return err_set(err, ERR_NOMEM, "%s: no memory to open it.", database->path);
	if (r != SQLITE_OK)
		return failure_of_open(database, r, err);
	/* What SQLite may not write, or could not open for want of a descriptor, it opens for reading without a word.
	 */
	if (sqlite3_db_readonly(database->db, "main") != 0)
		return failure_of_open(database, SQLITE_READONLY, err);
	sqlite3_extended_result_codes(database->db, 1);
	sqlite3_busy_timeout(database->db, DATABASE_BUSY_MS);
	sqlite3_limit(database->db, SQLITE_LIMIT_ATTACHED, 0);
	return 0;
}

static int
open_checked(struct database *database, struct err *err)
{
	long version = 0;
	int r = open_file(database, err);

	if (r == 0)
		r = check_identity(database, &version, err);
	if (r == 0 && version == 0)
		(void)run(database, "PRAGMA auto_vacuum = INCREMENTAL"); /* takes effect before the first table only */
	if (r == 0 && version > 0)
		r = check_health(database, err);
	if (r == 0)
		r = set_up(database, err);
	if (r == 0)
		r = migrate(database, err);
	if (r == 0)
		r = instances_join(database, err);
	return r;
}

int
database_open(const char *path, struct database **database_r, struct err *err)
{
	struct database *database = calloc(1, sizeof(*database));
	struct err local = {.code = ERR_OK};
	mode_t before;
	int r;

	*database_r = NULL;
	if (database == NULL)
		return err_set(err, ERR_NOMEM, "No memory for the database.");
	database->keepers_fd = -1;
	database->path = strdup(path);
	if (database->path == NULL) {
		r = err_set(err, ERR_NOMEM, "No memory for the database.");
		goto out;
	}
	before = umask(077); /* for -wal and -shm, which SQLite makes later than the file */
	r = open_checked(database, &local);
	umask(before);
	if (r < 0)
		err_set(err, (enum err_code)r, "%s", local.text);
out:
	if (r < 0)
		database_close(&database);
	*database_r = database;
	return r;
}

void
database_close(struct database **database)
{
	struct database *d = *database;

	if (d == NULL)
		return;
	*database = NULL;
	for (size_t i = 0; i < STATEMENT_COUNT; i++)
		sqlite3_finalize(d->statements[i]);
	sqlite3_close(d->db);
	fd_close(&d->keepers_fd);
	free(d->path);
	free(d);
}
