/*
 * claims.c - who may carry out a plan: compare-and-set, leases, fences
 */
#include "desk.h"

static int
answer(struct desk *desk, enum keeper_claim_verdict verdict)
{
	message_put_number(desk->reply, NUMBER_VERDICT, verdict);
	return 0;
}

static int
answer_done(struct desk *desk, const struct plan_row *row, bool same_key, struct err *err)
{
	message_put_number(desk->reply, NUMBER_SAME_KEY, same_key);
	message_put_number(desk->reply, NUMBER_FINISHED, row->ended_ms);
	message_put_number(desk->reply, NUMBER_OUTCOME, row->outcome);
	answer(desk, KEEPER_DONE);
	return plan_put_texts(desk, row->no, WANT(TEXT_RESULT), err);
}

static int
answer_ours(struct desk *desk, const struct plan_row *row, enum keeper_claim_verdict verdict, uint64_t fence,
	    struct err *err)
{
	message_put_number(desk->reply, NUMBER_FENCE, fence);
	message_put_number(desk->reply, NUMBER_N_ITEMS, row->n_items);
	message_put_number(desk->reply, NUMBER_CREATED, row->created_ms);
	message_put_number(desk->reply, NUMBER_EXPIRES, row->expires_ms);
	answer(desk, verdict);
	return plan_put_texts(desk, row->no, WANT(TEXT_SCOPE) | WANT(TEXT_ARGUMENTS), err);
}

static int
adopt(struct desk *desk, const struct plan_row *row, struct err *err)
{
	if (row->holder == desk->database->instance && row->conn == desk->connection)
		return 0;
	return DESK_RUN(desk, err, STATEMENT_PLAN_ADOPT, row->no, desk->database->instance, desk->connection);
}

static int
take(struct desk *desk, const struct message *in, const struct plan_row *row, enum keeper_claim_verdict verdict,
     struct err *err)
{
	uint64_t fence;
	int r = database_next_fence(desk->database, &fence, err);

	if (r < 0)
		return r;
	r = DESK_RUN(desk, err, STATEMENT_PLAN_CLAIM, row->no, desk->database->instance, desk->connection, fence,
		     in->number[NUMBER_ATTEMPT], in->number[NUMBER_NOW]);
	if (r < 0)
		return r;
	r = keys_bind(desk, in, err);
	if (r < 0)
		return r;
	return answer_ours(desk, row, verdict, fence, err);
}

/* The plan is claimed: by whom, and does he live? */
static int
take_claimed(struct desk *desk, const struct message *in, const struct plan_row *row, struct err *err)
{
	int r;

	if (row->attempt != 0 && row->attempt == in->number[NUMBER_ATTEMPT]) {
		/* Sent again: the first time was a success whose answer was lost. */
		r = adopt(desk, row, err);
		return r < 0 ? r
			     : answer_ours(desk, row, row->claims == 1 ? KEEPER_CLAIMED : KEEPER_RESUMED, row->fence,
					   err);
	}
	if (plan_is_held(desk, row))
		return answer(desk, KEEPER_BUSY);
	if (row->claimed_ms + KEEPER_RESUME_MS <= in->number[NUMBER_NOW])
		return answer(desk, KEEPER_EXPIRED);
	return take(desk, in, row, KEEPER_RESUMED, err);
}

int
claims_take(struct desk *desk, const struct message *in, struct err *err)
{
	struct plan_row row;
	bool same_key;
	int r = keys_check(desk, in, err);

	if (r == ERR_EXISTS)
		return answer(desk, KEEPER_KEY_CONFLICT);
	if (r < 0)
		return r;
	same_key = r == 1;
	r = plan_find(desk, in->text[TEXT_ID], in, &row, err);
	if (r < 0)
		return r;
	if (r == 0 || row.state == PLAN_DRAFT)
		return answer(desk, KEEPER_NOT_FOUND);
	if (row.state == PLAN_DONE)
		return answer_done(desk, &row, same_key, err);
	if (row.state == PLAN_CLAIMED)
		return take_claimed(desk, in, &row, err);
	if (row.state == PLAN_EXPIRED || row.expires_ms <= in->number[NUMBER_NOW])
		return answer(desk, KEEPER_EXPIRED);
	return take(desk, in, &row, KEEPER_CLAIMED, err);
}

static int
lost(struct err *err)
{
	return err_set(err, ERR_DENIED, "This call no longer holds the plan: another one has taken it over.");
}

int
claims_hold(struct desk *desk, const struct message *in, struct plan_row *row_r, struct err *err)
{
	int r = plan_find(desk, in->text[TEXT_ID], NULL, row_r, err);

	if (r < 0)
		return r;
	if (r == 0 || row_r->state != PLAN_CLAIMED || row_r->fence != in->number[NUMBER_FENCE])
		return lost(err);
	return adopt(desk, row_r, err);
}

int
claims_finish(struct desk *desk, const struct message *in, struct err *err)
{
	struct plan_row row;
	struct query query;
	int r = plan_find(desk, in->text[TEXT_ID], NULL, &row, err);

	if (r < 0)
		return r;
	if (r == 1 && row.state == PLAN_DONE && row.fence == in->number[NUMBER_FENCE])
		return 0; /* sent again */
	r = claims_hold(desk, in, &row, err);
	if (r < 0)
		return r;
	query_open(&query, desk->database, STATEMENT_PLAN_FINISH);
	query_u64(&query, row.no);
	query_u64(&query, in->number[NUMBER_OUTCOME]);
	query_u64(&query, in->number[NUMBER_NOW]);
	query_text(&query, in->text[TEXT_RESULT]);
	return query_run(&query, err);
}

int
claims_release(struct desk *desk, const struct message *in, struct err *err)
{
	struct query query;

	query_open(&query, desk->database, STATEMENT_PLAN_RELEASE);
	query_text(&query, in->text[TEXT_ID]);
	query_u64(&query, in->number[NUMBER_FENCE]);
	return query_run(&query, err);
}

int
claims_hello(struct desk *desk, const struct message *in, struct err *err)
{
	static const enum statement adoptions[] = {STATEMENT_ADOPT_PLAN_BY_FENCE, STATEMENT_ADOPT_KEY_BY_FENCE};
	struct slice list = in->text[TEXT_LIST];
	uint64_t fence;
	int r;

	while (message_next_fence(&list, &fence)) {
		for (size_t i = 0; i < ARRAY_LEN(adoptions); i++) {
			r = DESK_RUN(desk, err, adoptions[i], fence, desk->database->instance, desk->connection);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

int
claims_leave(struct desk *desk, struct err *err)
{
	static const enum statement leavings[] = {STATEMENT_LEAVE_DRAFTS, STATEMENT_LEAVE_PLANS, STATEMENT_LEAVE_KEYS};
	int r;

	for (size_t i = 0; i < ARRAY_LEN(leavings); i++) {
		r = DESK_RUN(desk, err, leavings[i], desk->database->instance, desk->connection);
		if (r < 0)
			return r;
	}
	return 0;
}
