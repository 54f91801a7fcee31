/*
 * audit.h - who did what to which shop: one JSON object per line
 *
 * All workers append to the same file.  Records are written whole, one or several by one write on an O_APPEND
 * descriptor, so that those of several processes never mix; nothing is synced to the disk.  A line that was cut short
 * (a full disk, a killed writer) is ended with a newline before the next record: one line may be lost, never two.
 *
 * Members of a record, absent when not given: time phase request_id principal session username environment store tool
 * scope params plan_id reason outcome counts duration_ms.  params and scope are redacted here (audit/redact.h), other
 * texts are cut.  A line has at most AUDIT_LINE_MAX bytes and is always valid JSON.
 *
 * Runs in: worker, stdio.
 */
#ifndef AUDIT_AUDIT_H
#define AUDIT_AUDIT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"

#define AUDIT_LINE_MAX (64 * 1024) /* with the newline */

struct audit;

enum audit_phase {
	AUDIT_BEGIN,   /* written before a change; when that fails the change must not be made */
	AUDIT_END,     /* what came of it */
	AUDIT_REFUSED, /* the call was refused before it began */
	AUDIT_ASKED    /* the call ended with a question to the user; it is made again with the answer */
};

/* All borrowed; NULL, "" and json null mean not given. */
struct audit_record {
	uint64_t wall_ms;
	enum audit_phase phase;
	const char *request_id;
	const char *principal;
	const char *session; /* a short digest: the handle itself must not come here */
	const char *username;
	const char *environment;
	const char *store; /* its address; of a refused auth_login that of the store the caller may not use */
	const char *tool;  /* the action's name, "catalog.get_product" */
	const json_t *scope;
	const json_t *params; /* as the caller sent them */
	const char *plan_id;
	const char *reason;
	const char *outcome;  /* "ok", "input_required" or a fault code */
	const json_t *counts; /* a small object, such as {"updated":3,"failed":0} */
	int64_t duration_ms;  /* -1: not given */
};

/*
 * Opens the file for appending, mode 0600 when it is made.  Path "" gives a log that is off: writes succeed and do
 * nothing. NULL with *err set: ERR_IO, ERR_NOMEM.
 */
struct audit *audit_open(const char *path, struct err *err);
void audit_free(struct audit **audit);

/* A log that somebody else has opened: takes fd, also on failure.  -1 gives one that is off.  NULL without memory. */
struct audit *audit_adopt(int fd);

/* After a rotation: the file to go on with.  Takes fd. */
void audit_replace(struct audit *audit, int fd);

/*
 * Before it writes, each writer sees that the file ends with a whole line; it need not look into it where the file is
 * as long as one of them left it.  Writers that share the word in which that stands spare each other the look.  It says
 * only that a file of this length ends with a newline, which stays true whoever dies or writes without knowing of it.
 * Zero at first; must outlive the log.
 */
void audit_share_end(struct audit *audit, _Atomic uint64_t *end);

/* Whether there is a file: then a change that cannot be recorded must not be made.  NULL is off. */
bool audit_is_required(const struct audit *audit);

/*
 * Appends one record, behind those that wait.  When it returns, the record is in the file.  ERR_FULL: no room, also
 * when only part of it could be written; ERR_IO; ERR_NOMEM.
 */
int audit_write(struct audit *audit, const struct audit_record *record) MUST_CHECK;

/*
 * A log that is told to hold lets audit_add() wait for audit_flush(), which its owner calls before anybody learns of
 * what is recorded; otherwise audit_add() is audit_write().  The order is kept.  audit_flush() gives the code of what
 * went wrong and, in *lost_r, how many records may have been lost since the last time; it costs nothing when nothing
 * waits.
 */
void audit_hold(struct audit *audit);
int audit_add(struct audit *audit, const struct audit_record *record) MUST_CHECK;
int audit_flush(struct audit *audit, uint64_t *lost_r) MUST_CHECK;

struct audit_stats {
	uint64_t lost;	 /* records that may not be in the file, since the beginning */
	bool is_failing; /* the last write failed */
};
void audit_stats(const struct audit *audit, struct audit_stats *stats_r);

#endif
