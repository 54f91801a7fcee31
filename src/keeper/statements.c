/*
 * statements.c - the schema and the SQL
 *
 * plan.state: 0 draft, 1 prepared, 2 claimed, 3 done, 4 expired (enum plan_state in desk.h).  holder and conn say which
 * keeper and which connection to it hold a row; NULL is nobody.  ended_ms is when a plan was done or ran out.  Long
 * texts stand last, so that the short columns are read without them.
 */
#include "statements.h"

const char *const migrations[] = {
    "CREATE TABLE fence (only_one INTEGER PRIMARY KEY CHECK (only_one = 1), last INTEGER NOT NULL);"
    "INSERT INTO fence VALUES (1, 0);"
    "CREATE TABLE plan ("
    " no INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, state INTEGER NOT NULL,"
    " tool TEXT NOT NULL, owner TEXT NOT NULL, store TEXT NOT NULL,"
    " created_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL, n_items INTEGER NOT NULL DEFAULT 0,"
    " bytes INTEGER NOT NULL DEFAULT 0, holder INTEGER, conn INTEGER, fence INTEGER NOT NULL DEFAULT 0,"
    " attempt INTEGER, claims INTEGER NOT NULL DEFAULT 0, claimed_ms INTEGER, ended_ms INTEGER, outcome INTEGER,"
    " scope TEXT, arguments TEXT, summary TEXT, result TEXT);"
    "CREATE INDEX plan_by_state ON plan (state);"
    "CREATE INDEX plan_by_holder ON plan (holder) WHERE holder IS NOT NULL;"
    "CREATE INDEX plan_by_owner ON plan (owner, created_ms);"
    "CREATE TABLE item ("
    " plan INTEGER NOT NULL REFERENCES plan ON DELETE CASCADE, idx INTEGER NOT NULL, body TEXT NOT NULL,"
    " UNIQUE (plan, idx));"
    "CREATE TABLE journal ("
    " plan INTEGER NOT NULL REFERENCES plan ON DELETE CASCADE, item INTEGER NOT NULL, step INTEGER NOT NULL,"
    " status INTEGER NOT NULL, at_ms INTEGER NOT NULL, detail TEXT, PRIMARY KEY (plan, item, step)) WITHOUT ROWID;"
    "CREATE TABLE idempotency ("
    " no INTEGER PRIMARY KEY, owner TEXT NOT NULL, store TEXT NOT NULL, tool TEXT NOT NULL, name TEXT NOT NULL,"
    " digest BLOB, plan TEXT, holder INTEGER, conn INTEGER, fence INTEGER NOT NULL DEFAULT 0, attempt INTEGER,"
    " takes INTEGER NOT NULL DEFAULT 0, created_ms INTEGER NOT NULL, ended_ms INTEGER, result TEXT,"
    " UNIQUE (owner, store, tool, name));"
    "CREATE INDEX idempotency_by_age ON idempotency (created_ms);"
    "CREATE INDEX idempotency_by_fence ON idempotency (fence) WHERE fence > 0;"
    "CREATE INDEX idempotency_by_holder ON idempotency (holder) WHERE holder IS NOT NULL;"};

const int n_migrations = sizeof(migrations) / sizeof(migrations[0]);

#define PLAN_COLUMNS                                                                                                   \
	"no, state, n_items, bytes, holder, conn, fence, attempt, claims, claimed_ms, ended_ms, outcome, created_ms, " \
	"expires_ms, tool, owner, store"

const char *const statements[STATEMENT_COUNT] = {
    [STATEMENT_FENCE_NEXT] = "UPDATE fence SET last = last + 1 RETURNING last",

    [STATEMENT_PLAN_INSERT] =
	"INSERT INTO plan (id, state, tool, owner, store, created_ms, expires_ms, holder, conn, scope,"
	" arguments, summary) VALUES (?, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [STATEMENT_PLAN_FIND] = "SELECT " PLAN_COLUMNS " FROM plan WHERE id = ?",
    [STATEMENT_PLAN_GROW] = "UPDATE plan SET n_items = ?2, bytes = ?3 WHERE no = ?1",
    [STATEMENT_PLAN_STORE] = "UPDATE plan SET state = 1, holder = NULL, conn = NULL WHERE no = ?",
    [STATEMENT_PLAN_DROP] = "DELETE FROM plan WHERE id = ? AND state = 0",
    [STATEMENT_PLAN_TEXTS] = "SELECT scope, arguments, summary, result FROM plan WHERE no = ?",
    [STATEMENT_PLAN_CLAIM] =
	"UPDATE plan SET state = 2, holder = ?2, conn = ?3, fence = ?4, attempt = ?5, claims = claims + 1,"
	" claimed_ms = coalesce(claimed_ms, ?6) WHERE no = ?1",
    [STATEMENT_PLAN_ADOPT] = "UPDATE plan SET holder = ?2, conn = ?3 WHERE no = ?1",
    [STATEMENT_PLAN_FINISH] =
	"UPDATE plan SET state = 3, holder = NULL, conn = NULL, outcome = ?2, ended_ms = ?3, result = ?4"
	" WHERE no = ?1",
    [STATEMENT_PLAN_RELEASE] = "UPDATE plan SET holder = NULL, conn = NULL WHERE id = ? AND fence = ? AND state = 2",
    [STATEMENT_PLAN_LIST] = "SELECT " PLAN_COLUMNS ", id, scope, summary FROM plan WHERE owner = ?1 AND state > 0"
			    " AND (?2 IS NULL OR store = ?2) AND (?3 IS NULL OR tool = ?3)"
			    " ORDER BY created_ms DESC, no DESC LIMIT ?4",
    [STATEMENT_ITEM_INSERT] = "INSERT INTO item (plan, idx, body) VALUES (?, ?, ?)",
    [STATEMENT_ITEM_PAGE] = "SELECT idx, body FROM item WHERE plan = ? AND idx >= ? ORDER BY idx LIMIT ?",
    [STATEMENT_JOURNAL_PUT] = "INSERT INTO journal (plan, item, step, status, at_ms, detail) VALUES (?, ?, ?, ?, ?, ?)"
			      " ON CONFLICT (plan, item, step) DO UPDATE SET status = excluded.status,"
			      " at_ms = excluded.at_ms, detail = excluded.detail",
    [STATEMENT_JOURNAL_OF_ITEM] =
	"SELECT step, status, at_ms, detail FROM journal WHERE plan = ? AND item = ? ORDER BY step",

    [STATEMENT_KEY_FIND] = "SELECT no, digest, plan, holder, conn, fence, attempt, takes, created_ms, ended_ms, result"
			   " FROM idempotency WHERE owner = ? AND store = ? AND tool = ? AND name = ?",
    [STATEMENT_KEY_INSERT] = "INSERT INTO idempotency (owner, store, tool, name, digest, created_ms, plan)"
			     " VALUES (?, ?, ?, ?, ?, ?, ?)",
    [STATEMENT_KEY_TAKE] = "UPDATE idempotency SET holder = ?2, conn = ?3, fence = ?4, attempt = ?5, takes = takes + 1,"
			   " plan = NULL WHERE no = ?1",
    [STATEMENT_KEY_BIND] = "UPDATE idempotency SET plan = ?2, holder = NULL, conn = NULL WHERE no = ?1",
    [STATEMENT_KEY_BY_FENCE] = "SELECT no, ended_ms, plan FROM idempotency WHERE fence = ?",
    [STATEMENT_KEY_ADOPT] = "UPDATE idempotency SET holder = ?2, conn = ?3 WHERE no = ?1",
    [STATEMENT_KEY_FINISH] =
	"UPDATE idempotency SET holder = NULL, conn = NULL, ended_ms = ?2, result = ?3 WHERE no = ?1",
    [STATEMENT_KEY_RELEASE] = "UPDATE idempotency SET holder = NULL, conn = NULL WHERE fence = ? AND fence > 0",
    [STATEMENT_KEY_FORGET] = "DELETE FROM idempotency WHERE no = ?",

    [STATEMENT_ADOPT_PLAN_BY_FENCE] = "UPDATE plan SET holder = ?2, conn = ?3 WHERE state = 2 AND fence = ?1",
    [STATEMENT_ADOPT_KEY_BY_FENCE] = "UPDATE idempotency SET holder = ?2, conn = ?3 WHERE fence = ?1 AND fence > 0"
				     " AND ended_ms IS NULL AND plan IS NULL",
    [STATEMENT_LEAVE_DRAFTS] = "DELETE FROM plan WHERE holder = ? AND conn = ? AND state = 0",
    [STATEMENT_LEAVE_PLANS] = "UPDATE plan SET holder = NULL, conn = NULL WHERE holder = ? AND conn = ?",
    [STATEMENT_LEAVE_KEYS] = "UPDATE idempotency SET holder = NULL, conn = NULL WHERE holder = ? AND conn = ?",

    [STATEMENT_SWEEP_HOLDERS] = "SELECT DISTINCT holder, conn FROM plan WHERE holder IS NOT NULL UNION"
				" SELECT DISTINCT holder, conn FROM idempotency WHERE holder IS NOT NULL",
    [STATEMENT_SWEEP_LEAVE_DRAFTS] = "DELETE FROM plan WHERE state = 0 AND holder IS NULL",
    [STATEMENT_SWEEP_LEAVE_PLANS] = "UPDATE plan SET holder = NULL, conn = NULL WHERE holder = ? AND conn = ?",
    [STATEMENT_SWEEP_LEAVE_KEYS] = "UPDATE idempotency SET holder = NULL, conn = NULL WHERE holder = ? AND conn = ?",
    [STATEMENT_SWEEP_DUE] = "SELECT no, state FROM plan WHERE (state = 1 AND expires_ms <= ?1)"
			    " OR (state = 2 AND holder IS NULL AND claimed_ms <= ?2) OR (state = 3 AND n_items > 0 AND"
			    " bytes > 0 AND ended_ms <= ?2) LIMIT ?3",
    [STATEMENT_SWEEP_EXPIRE] = "UPDATE plan SET state = 4, ended_ms = ?2, bytes = 0 WHERE no = ?1",
    [STATEMENT_SWEEP_ITEMS] = "DELETE FROM item WHERE plan = ?",
    [STATEMENT_SWEEP_JOURNAL] = "DELETE FROM journal WHERE plan = ?",
    [STATEMENT_SWEEP_LIGHTEN] = "UPDATE plan SET bytes = 0 WHERE no = ?",
    [STATEMENT_SWEEP_PLANS] = "DELETE FROM plan WHERE no IN (SELECT no FROM plan WHERE (state = 4 AND ended_ms <= ?1)"
			      " OR (state = 3 AND ended_ms <= ?2) LIMIT ?3)",
    [STATEMENT_SWEEP_KEYS] =
	"DELETE FROM idempotency WHERE no IN (SELECT no FROM idempotency WHERE created_ms <= ?1 AND"
	" holder IS NULL LIMIT ?2)",
};
