/*
 * desk.h - where requests are answered: one function per message, inside a transaction that the batch has begun
 *
 * Each function reads the decoded message, works on the database and puts the fields of the answer.  A negative code
 * undoes what it has done.  It may be called again for the same message (when the batch failed as a whole, or when the
 * worker sent it again after a broken connection), so it keeps nothing in memory.
 *
 * Runs in: keeper.
 */
#ifndef KEEPER_DESK_H
#define KEEPER_DESK_H

#include "base/buf.h"
#include "base/err.h"
#include "database.h"
#include "message.h"

enum plan_state { PLAN_DRAFT, PLAN_PREPARED, PLAN_CLAIMED, PLAN_DONE, PLAN_EXPIRED };

struct desk {
	struct database *database;
	uint64_t connection; /* whose message it is */
	struct buf *reply;
};

/* A plan without its texts. */
struct plan_row {
	uint64_t no;
	enum plan_state state;
	uint32_t n_items;
	uint64_t bytes;
	uint64_t holder;
	uint64_t conn;
	uint64_t fence;
	uint64_t attempt;
	uint64_t claims;
	uint64_t claimed_ms;
	uint64_t ended_ms;
	uint64_t outcome;
	uint64_t created_ms;
	uint64_t expires_ms;
};

/*
 * 1: found, 0: there is none, or a text of `party` (tool, owner, store; those that are set) is another's.  party NULL:
 * of anybody.
 */
int plan_find(struct desk *desk, struct slice id, const struct message *party, struct plan_row *row_r,
	      struct err *err) MUST_CHECK;
int plan_must_find(struct desk *desk, struct slice id, struct plan_row *row_r,
		   struct err *err) MUST_CHECK; /* else ERR_NOT_FOUND */
bool plan_is_held(const struct desk *desk, const struct plan_row *row);

/* Puts those of scope, arguments, summary and result that are wanted. */
int plan_put_texts(struct desk *desk, uint64_t no, unsigned wanted, struct err *err) MUST_CHECK;
#define WANT(tag) (1u << (tag))

/* Runs a statement whose parameters are numbers. */
int desk_run(struct desk *desk, enum statement which, const uint64_t *values, size_t n, struct err *err) MUST_CHECK;
#define DESK_RUN(desk, err, which, ...)                                                                                \
	desk_run(desk, which, (const uint64_t[]){__VA_ARGS__},                                                         \
		 sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t), err)

/* plans.c */
int plans_begin(struct desk *desk, const struct message *in, struct err *err);
int plans_add(struct desk *desk, const struct message *in, struct err *err);
int plans_store(struct desk *desk, const struct message *in, struct err *err);
int plans_drop(struct desk *desk, const struct message *in, struct err *err);
int plans_read(struct desk *desk, const struct message *in, struct err *err);
int plans_list(struct desk *desk, const struct message *in, struct err *err);

/* claims.c */
int claims_take(struct desk *desk, const struct message *in, struct err *err);
int claims_finish(struct desk *desk, const struct message *in, struct err *err);
int claims_release(struct desk *desk, const struct message *in, struct err *err);
int claims_hello(struct desk *desk, const struct message *in, struct err *err);
int claims_leave(struct desk *desk, struct err *err); /* the connection has ended */

/* 0 when the message's fence is the plan's present one: then the connection holds it.  Else ERR_DENIED. */
int claims_hold(struct desk *desk, const struct message *in, struct plan_row *row_r, struct err *err) MUST_CHECK;

/* journal.c */
int journal_put(struct desk *desk, const struct message *in, struct err *err);
int journal_items(struct desk *desk, const struct message *in, struct err *err);

/* keys.c */
int keys_take(struct desk *desk, const struct message *in, struct err *err);
int keys_finish(struct desk *desk, const struct message *in, struct err *err);
int keys_forget(struct desk *desk, const struct message *in, struct err *err);
int keys_release(struct desk *desk, const struct message *in, struct err *err);

/* May the message's key stand for its plan?  1: it does already, 0: it may, and keys_bind() will do; ERR_EXISTS: no. */
int keys_check(struct desk *desk, const struct message *in, struct err *err) MUST_CHECK;
int keys_bind(struct desk *desk, const struct message *in, struct err *err) MUST_CHECK;

/* sweep.c: removes what has run out, a bounded amount.  1: there is more, 0: done. */
int sweep_run(struct desk *desk, uint64_t now_ms, struct err *err) MUST_CHECK;

/* desk.c: finds and calls the function.  Puts the whole payload of a reply; gives its code. */
bool desk_writes(uint16_t type);
int desk_serve(struct desk *desk, uint16_t type, struct slice payload);
void desk_put_failure(struct buf *reply, const struct err *err);

#endif
