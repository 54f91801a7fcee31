/*
 * keys.c - idempotency keys: of one-step tools, and bound to plans
 */
#include <string.h>

#include "desk.h"

struct key_row {
	uint64_t no;
	bool has_digest;
	bool same_digest;
	char plan[KEEPER_ID_LEN + 1]; /* "": none */
	uint64_t holder;
	uint64_t conn;
	uint64_t fence;
	uint64_t attempt;
	uint64_t takes;
	uint64_t created_ms;
	uint64_t ended_ms;
};

static int
open_find(struct desk *desk, const struct message *in, struct query *query, struct err *err)
{
	query_open(query, desk->database, STATEMENT_KEY_FIND);
	query_text(query, in->text[TEXT_OWNER]);
	query_text(query, in->text[TEXT_STORE]);
	query_text(query, in->text[TEXT_TOOL]);
	query_text(query, in->text[TEXT_KEY]);
	return query_step(query, err);
}

static int
read_row(struct query *query, const struct message *in, struct key_row *row, struct err *err)
{
	struct slice digest = query_get_text(query, 1);
	struct slice plan = query_get_text(query, 2);

	*row = (struct key_row){
	    .no = query_get_u64(query, 0),
	    .has_digest = digest.ptr != NULL,
	    .same_digest = digest.ptr != NULL && slice_eq(digest, in->text[TEXT_DIGEST]),
	    .holder = query_get_u64(query, 3),
	    .conn = query_get_u64(query, 4),
	    .fence = query_get_u64(query, 5),
	    .attempt = query_get_u64(query, 6),
	    .takes = query_get_u64(query, 7),
	    .created_ms = query_get_u64(query, 8),
	    .ended_ms = query_get_u64(query, 9),
	};
	if (plan.ptr != NULL && slice_to_str(plan, row->plan, sizeof(row->plan)) < 0)
		return err_set(err, ERR_CORRUPT, "The server's database holds a plan's name that is none.");
	return 1;
}

static bool
is_held(const struct desk *desk, const struct key_row *row)
{
	return database_holder_is_live(desk->database, row->holder, row->conn);
}

/* 1: there is one, 0: none; one that has run out is removed. */
static int
find(struct desk *desk, const struct message *in, struct key_row *row, struct err *err)
{
	struct query query;
	int r = open_find(desk, in, &query, err);

	if (r == 1)
		r = read_row(&query, in, row, err);
	query_close(&query);
	if (r != 1 || row->created_ms + KEEPER_KEY_MS > in->number[NUMBER_NOW] || is_held(desk, row))
		return r;
	r = DESK_RUN(desk, err, STATEMENT_KEY_FORGET, row->no);
	return r < 0 ? r : 0;
}

static int
insert(struct desk *desk, const struct message *in, struct slice plan, struct err *err)
{
	struct query query;

	query_open(&query, desk->database, STATEMENT_KEY_INSERT);
	query_text(&query, in->text[TEXT_OWNER]);
	query_text(&query, in->text[TEXT_STORE]);
	query_text(&query, in->text[TEXT_TOOL]);
	query_text(&query, in->text[TEXT_KEY]);
	query_blob(&query, in->text[TEXT_DIGEST]);
	query_u64(&query, in->number[NUMBER_NOW]);
	query_text(&query, plan);
	return query_run(&query, err);
}

/* ---- Bound to plans ---- */

static bool
is_ours(const struct desk *desk, const struct key_row *row)
{
	return row->ended_ms == 0 && row->holder == desk->database->instance && row->conn == desk->connection;
}

int
keys_check(struct desk *desk, const struct message *in, struct err *err)
{
	struct key_row row;
	int r;

	if (in->text[TEXT_KEY].ptr == NULL)
		return 0;
	r = find(desk, in, &row, err);
	if (r != 1)
		return r;
	if (row.plan[0] != '\0')
		return slice_eq(slice_from_str(row.plan), in->text[TEXT_ID]) ? 1 : ERR_EXISTS;
	return is_ours(desk, &row) ? 0 : ERR_EXISTS;
}

int
keys_bind(struct desk *desk, const struct message *in, struct err *err)
{
	struct key_row row;
	struct query query;
	int r;

	if (in->text[TEXT_KEY].ptr == NULL)
		return 0;
	r = find(desk, in, &row, err);
	if (r < 0)
		return r;
	if (r == 0)
		return insert(desk, in, in->text[TEXT_ID], err);
	if (row.plan[0] != '\0')
		return 0;
	query_open(&query, desk->database, STATEMENT_KEY_BIND);
	query_u64(&query, row.no);
	query_text(&query, in->text[TEXT_ID]);
	return query_run(&query, err);
}

/* ---- Of one-step tools ---- */

static int
answer(struct desk *desk, enum keeper_key_verdict verdict)
{
	message_put_number(desk->reply, NUMBER_VERDICT, verdict);
	return 0;
}

static int
answer_ours(struct desk *desk, bool is_new, uint64_t fence)
{
	message_put_number(desk->reply, NUMBER_FENCE, fence);
	return answer(desk, is_new ? KEEPER_KEY_NEW : KEEPER_KEY_INTERRUPTED);
}

static int
take(struct desk *desk, const struct message *in, uint64_t no, bool is_new, struct err *err)
{
	uint64_t fence;
	int r = database_next_fence(desk->database, &fence, err);

	if (r < 0)
		return r;
	r = DESK_RUN(desk, err, STATEMENT_KEY_TAKE, no, desk->database->instance, desk->connection, fence,
		     in->number[NUMBER_ATTEMPT]);
	return r < 0 ? r : answer_ours(desk, is_new, fence);
}

static int
take_new(struct desk *desk, const struct message *in, struct err *err)
{
	struct key_row row;
	int r = insert(desk, in, SLICE_NONE, err);

	if (r < 0)
		return r;
	r = find(desk, in, &row, err);
	if (r == 0)
		return err_set(err, ERR_INVALID, "The time of the call lies before all others.");
	return r < 0 ? r : take(desk, in, row.no, true, err);
}

static int
answer_done(struct desk *desk, const struct message *in, const struct key_row *row, struct err *err)
{
	struct query query;
	int r = open_find(desk, in, &query, err);

	message_put_number(desk->reply, NUMBER_FINISHED, row->ended_ms);
	answer(desk, KEEPER_KEY_DONE);
	if (r == 1)
		message_put_text(desk->reply, TEXT_RESULT, query_get_text(&query, 10));
	query_close(&query);
	return r < 0 ? r : 0;
}

/* The earlier call had made a plan of it: that one knows. */
static int
take_bound(struct desk *desk, const struct message *in, const struct key_row *row, struct err *err)
{
	struct plan_row plan;
	int r = plan_find(desk, slice_from_str(row->plan), NULL, &plan, err);

	if (r < 0)
		return r;
	if (r == 1 && plan.state == PLAN_DONE) {
		message_put_number(desk->reply, NUMBER_FINISHED, plan.ended_ms);
		answer(desk, KEEPER_KEY_DONE);
		return plan_put_texts(desk, plan.no, WANT(TEXT_RESULT), err);
	}
	if (r == 1 && plan_is_held(desk, &plan))
		return answer(desk, KEEPER_KEY_RUNNING);
	if (r == 1 && plan.state == PLAN_CLAIMED && plan.claimed_ms + KEEPER_RESUME_MS > in->number[NUMBER_NOW]) {
		message_put_text(desk->reply, TEXT_ID, slice_from_str(row->plan));
		return answer(desk, KEEPER_KEY_INTERRUPTED);
	}
	return take(desk, in, row->no, false, err); /* the plan ran out half done */
}

int
keys_take(struct desk *desk, const struct message *in, struct err *err)
{
	struct key_row row;
	int r = find(desk, in, &row, err);

	if (r < 0)
		return r;
	if (r == 0)
		return take_new(desk, in, err);
	if (!row.same_digest)
		return answer(desk, KEEPER_KEY_USED);
	if (row.plan[0] != '\0')
		return take_bound(desk, in, &row, err);
	if (row.ended_ms != 0)
		return answer_done(desk, in, &row, err);
	if (row.attempt != 0 && row.attempt == in->number[NUMBER_ATTEMPT]) {
		/* Sent again: the first time was a success whose answer was lost. */
		r = DESK_RUN(desk, err, STATEMENT_KEY_ADOPT, row.no, desk->database->instance, desk->connection);
		return r < 0 ? r : answer_ours(desk, row.takes == 1, row.fence);
	}
	if (is_held(desk, &row))
		return answer(desk, KEEPER_KEY_RUNNING);
	return take(desk, in, row.no, false, err);
}

/* 1: found, 0: the fence is no longer, or never was, that of a key. */
static int
find_fence(struct desk *desk, const struct message *in, uint64_t *no_r, bool *ended_r, bool *bound_r, struct err *err)
{
	struct query query;
	int r;

	if (in->number[NUMBER_FENCE] == 0)
		return 0;
	query_open(&query, desk->database, STATEMENT_KEY_BY_FENCE);
	query_u64(&query, in->number[NUMBER_FENCE]);
	r = query_step(&query, err);
	if (r == 1) {
		*no_r = query_get_u64(&query, 0);
		*ended_r = query_get_u64(&query, 1) != 0;
		*bound_r = query_get_text(&query, 2).ptr != NULL;
	}
	query_close(&query);
	return r;
}

int
keys_finish(struct desk *desk, const struct message *in, struct err *err)
{
	bool ended = false, bound = false;
	struct query query;
	uint64_t no = 0;
	int r = find_fence(desk, in, &no, &ended, &bound, err);

	if (r < 0)
		return r;
	if (r == 0)
		return err_set(err, ERR_DENIED, "This call no longer holds the key: another one has taken it over.");
	if (bound)
		return err_set(err, ERR_INVALID, "The key is bound to a plan and ends with it.");
	if (ended)
		return 0; /* sent again */
	query_open(&query, desk->database, STATEMENT_KEY_FINISH);
	query_u64(&query, no);
	query_u64(&query, in->number[NUMBER_NOW]);
	query_text(&query, in->text[TEXT_RESULT]);
	return query_run(&query, err);
}

int
keys_forget(struct desk *desk, const struct message *in, struct err *err)
{
	bool ended = false, bound = false;
	uint64_t no = 0;
	int r = find_fence(desk, in, &no, &ended, &bound, err);

	if (r < 0)
		return r;
	if (r == 0)
		return 0; /* sent again, or taken over: not ours to forget */
	if (ended || bound)
		return err_set(err, ERR_INVALID, "The key has a result or a plan and is not forgotten.");
	return DESK_RUN(desk, err, STATEMENT_KEY_FORGET, no);
}

int
keys_release(struct desk *desk, const struct message *in, struct err *err)
{
	return DESK_RUN(desk, err, STATEMENT_KEY_RELEASE, in->number[NUMBER_FENCE]);
}
