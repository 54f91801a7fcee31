/*
 * failure.c - SQLite's codes in our words
 */
#include "failure.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "database.h"

static bool
is_out_of_room(const struct database *database, int r)
{
	int os = database->db != NULL ? sqlite3_system_errno(database->db) : 0;

	return (r & 0xFF) == SQLITE_FULL || ((r & 0xFF) == SQLITE_IOERR && (os == ENOSPC || os == EDQUOT));
}

static int
code_of(const struct database *database, int r)
{
	if (is_out_of_room(database, r))
		return ERR_FULL;
	switch (r & 0xFF) {
	case SQLITE_NOMEM:
		return ERR_NOMEM;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return ERR_AGAIN;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return ERR_CORRUPT;
	case SQLITE_TOOBIG:
		return ERR_LIMIT;
	default:
		return ERR_IO;
	}
}

static const char *
text_of(int code)
{
	switch (code) {
	case ERR_FULL:
		return "The disk with the server's database is full and nothing was changed: ask the operator to free "
		       "space, "
		       "then try again.";
	case ERR_NOMEM:
		return "The server is short of memory and nothing was changed: try again later.";
	case ERR_AGAIN:
		return "The server's database is busy and nothing was changed: try again.";
	case ERR_CORRUPT:
		return "The server's database is damaged: ask the operator to look into the server's log.";
	case ERR_LIMIT:
		return "A text is too long for the server's database.";
	default:
		return "The server's database cannot be read or written: ask the operator to look into the server's "
		       "log.";
	}
}

int
failure_of(struct database *database, int r, struct err *err)
{
	int code = code_of(database, r);

	if (code == ERR_CORRUPT)
		database->is_damaged = true;
	log_write(LOG_ERROR, "database_failed", LOG_STR("path", database->path),
		  LOG_STR("error", sqlite3_errmsg(database->db)), LOG_I64("sqlite", r),
		  LOG_I64("errno", sqlite3_system_errno(database->db)), LOG_END);
	return err_set(err, (enum err_code)code, "%s", text_of(code));
}

int
failure_of_open(struct database *database, int r, struct err *err)
{
	const char *path = database->path;
	int code = code_of(database, r);
	int os = sqlite3_system_errno(database->db);

	switch (code) {
	case ERR_CORRUPT:
		if ((r & 0xFF) == SQLITE_NOTADB)
			return err_set(err, ERR_CORRUPT,
				       "%s is not (or no longer) a database: " CURE_FOREIGN
				       ", or stop the server and put a backup in its place.",
				       path);
		return err_set(err, ERR_CORRUPT, "%s is damaged: " CURE_DAMAGE ".", path);
	case ERR_FULL:
		return err_set(err, ERR_FULL, "%s: no room on the disk: free some space.", path);
	case ERR_NOMEM:
		return err_set(err, ERR_NOMEM, "%s: no memory to open it.", path);
	case ERR_AGAIN:
		return err_set(err, ERR_AGAIN, "%s is kept busy by another process: find out which has it open.", path);
	default:
		if ((r & 0xFF) == SQLITE_CANTOPEN || (r & 0xFF) == SQLITE_READONLY || (r & 0xFF) == SQLITE_PERM)
			return err_set(err, ERR_IO,
				       "%s cannot be opened for writing (%s): its folder must exist, and file and "
				       "folder must be writable for the server's user.",
				       path, os != 0 ? strerror(os) : sqlite3_errstr(r));
		return err_set(err, ERR_IO, "%s cannot be used: %s%s%s.", path, sqlite3_errmsg(database->db),
			       os != 0 ? ": " : "", os != 0 ? strerror(os) : "");
	}
}
