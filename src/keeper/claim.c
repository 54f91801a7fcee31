/*
 * claim.c - plans and keys taken, written to and ended
 */
#include <stdlib.h>
#include <string.h>

#include "base/rand.h"
#include "link.h"

struct keeper_claim {
	struct handle handle;
	char plan[KEEPER_ID_LEN + 1]; /* "": of a key */
	bool is_ended;		      /* nothing to release */
};

/* Before the call, so that an answer that takes something always finds its handle. */
static struct keeper_claim *
claim_new(struct keeper *keeper, const char *plan, struct err *err)
{
	struct keeper_claim *claim = calloc(1, sizeof(*claim));

	if (claim == NULL) {
		err_set(err, ERR_NOMEM, "No memory for the plan.");
		return NULL;
	}
	if (slice_to_str(slice_from_str(plan), claim->plan, sizeof(claim->plan)) < 0)
		claim->plan[0] = '\0';
	handle_init(&claim->handle, keeper);
	return claim;
}

static uint64_t
new_attempt(void)
{
	return (rand_u64() >> 2) | 1;
}

/* ---- Plans ---- */

static int
read_verdict(const struct message *answer, struct pool *pool, struct keeper_verdict *verdict_r, struct err *err)
{
	int r;

	verdict_r->kind = (enum keeper_claim_verdict)answer->number[NUMBER_VERDICT];
	verdict_r->same_key = answer->number[NUMBER_SAME_KEY] != 0;
	verdict_r->finished_wall_ms = answer->number[NUMBER_FINISHED];
	verdict_r->outcome = (enum keeper_outcome)answer->number[NUMBER_OUTCOME];
	verdict_r->n_items = (uint32_t)answer->number[NUMBER_N_ITEMS];
	verdict_r->created_wall_ms = answer->number[NUMBER_CREATED];
	verdict_r->expires_wall_ms = answer->number[NUMBER_EXPIRES];
	r = link_text(pool, answer->text[TEXT_RESULT], &verdict_r->result, err);
	if (r == 0)
		r = link_text(pool, answer->text[TEXT_SCOPE], &verdict_r->scope, err);
	if (r == 0)
		r = link_text(pool, answer->text[TEXT_ARGUMENTS], &verdict_r->arguments, err);
	return r;
}

static int
ask_claim(struct keeper_claim *claim, struct buf *payload, struct pool *pool, struct keeper_verdict *verdict_r,
	  struct err *err)
{
	struct message answer;
	struct buf bytes;
	int r = link_call(claim->handle.keeper, MESSAGE_PLAN_CLAIM, payload, false, &bytes, &answer, err);

	if (r < 0)
		return r;
	claim->handle.fence = answer.number[NUMBER_FENCE];
	r = read_verdict(&answer, pool, verdict_r, err);
	buf_fini(&bytes);
	return r;
}

static int
put_claim(struct buf *payload, const char *id, const struct keeper_party *party, const char *key, uint64_t now_wall_ms,
	  struct err *err)
{
	int r = link_put_party(payload, party, PARTY_TOOL | PARTY_OWNER | PARTY_STORE, err);

	if (r == 0 && key != NULL)
		r = link_put_name(payload, TEXT_KEY, key, "idempotency key", err);
	message_put_text(payload, TEXT_ID, slice_from_str(id));
	message_put_number(payload, NUMBER_NOW, now_wall_ms);
	message_put_number(payload, NUMBER_ATTEMPT, new_attempt());
	return r;
}

int
keeper_plan_claim(struct keeper *keeper, const char *id, const struct keeper_party *party, const char *key,
		  uint64_t now_wall_ms, struct pool *pool, struct keeper_claim **claim_r,
		  struct keeper_verdict *verdict_r, struct err *err)
{
	struct keeper_claim *claim = NULL;
	struct buf payload;
	int r;

	*claim_r = NULL;
	*verdict_r = (struct keeper_verdict){.kind = KEEPER_NOT_FOUND};
	if (id[0] == '\0' || strlen(id) > KEEPER_ID_LEN)
		return 0; /* cannot be one of ours */
	buf_init(&payload, MESSAGE_MAX);
	r = put_claim(&payload, id, party, key, now_wall_ms, err);
	if (r < 0)
		goto out;
	claim = claim_new(keeper, id, err);
	r = claim != NULL ? ask_claim(claim, &payload, pool, verdict_r, err) : ERR_NOMEM;
	if (r == 0 && claim->handle.fence != 0) {
		*claim_r = claim;
		claim = NULL;
	}
out:
	keeper_claim_free(&claim);
	buf_fini(&payload);
	return r;
}

int
keeper_journal(struct keeper_claim *claim, const struct keeper_entry *entries, size_t n, struct err *err)
{
	struct buf payload;
	size_t mark;

	if (n == 0)
		return 0;
	if (n > KEEPER_ENTRIES_MAX)
		return err_set(err, ERR_LIMIT, "More than %d entries for the journal at once.", KEEPER_ENTRIES_MAX);
	buf_init(&payload, MESSAGE_MAX);
	message_put_text(&payload, TEXT_ID, slice_from_str(claim->plan));
	message_put_number(&payload, NUMBER_FENCE, claim->handle.fence);
	mark = message_begin_text(&payload, TEXT_LIST);
	for (size_t i = 0; i < n; i++)
		message_put_entry(&payload, &entries[i]);
	message_end_text(&payload, mark);
	return link_tell(claim->handle.keeper, MESSAGE_JOURNAL, &payload, err);
}

int
keeper_plan_finish(struct keeper_claim *claim, enum keeper_outcome outcome, struct slice result_json,
		   uint64_t now_wall_ms, struct err *err)
{
	struct buf payload;
	int r;

	buf_init(&payload, MESSAGE_MAX);
	message_put_text(&payload, TEXT_ID, slice_from_str(claim->plan));
	message_put_number(&payload, NUMBER_FENCE, claim->handle.fence);
	message_put_number(&payload, NUMBER_OUTCOME, outcome);
	message_put_number(&payload, NUMBER_NOW, now_wall_ms);
	r = link_put_json(&payload, TEXT_RESULT, result_json, "result", err);
	if (r < 0) {
		buf_fini(&payload);
		return r;
	}
	r = link_tell(claim->handle.keeper, MESSAGE_PLAN_FINISH, &payload, err);
	claim->is_ended = r == 0;
	return r;
}

/* The connection goes when the keeper cannot even note that the claim ends: then it ends with the connection. */
static void
release(struct keeper_claim *claim)
{
	struct keeper *keeper = claim->handle.keeper;
	struct buf payload;
	int r;

	buf_init(&payload, MESSAGE_MAX);
	if (claim->plan[0] != '\0')
		message_put_text(&payload, TEXT_ID, slice_from_str(claim->plan));
	message_put_number(&payload, NUMBER_FENCE, claim->handle.fence);
	claim->handle.fence = 0; /* not to be taken up again */
	r = link_tell(keeper, claim->plan[0] != '\0' ? MESSAGE_PLAN_RELEASE : MESSAGE_KEY_RELEASE, &payload, NULL);
	if (r < 0 && claim->handle.keeper != NULL)
		link_drop(keeper);
}

void
keeper_claim_free(struct keeper_claim **claim)
{
	struct keeper_claim *c = *claim;

	if (c == NULL)
		return;
	*claim = NULL;
	if (!c->is_ended && c->handle.fence != 0 && c->handle.keeper != NULL)
		release(c);
	handle_fini(&c->handle);
	free(c);
}

const char *
keeper_claim_plan(const struct keeper_claim *claim)
{
	return claim->plan;
}

/* ---- Keys ---- */

static int
ask_key(struct keeper_claim *claim, struct buf *payload, struct pool *pool, struct keeper_key_answer *answer_r,
	struct err *err)
{
	struct message answer;
	struct buf bytes;
	int r = link_call(claim->handle.keeper, MESSAGE_KEY_TAKE, payload, false, &bytes, &answer, err);

	if (r < 0)
		return r;
	claim->handle.fence = answer.number[NUMBER_FENCE];
	answer_r->kind = (enum keeper_key_verdict)answer.number[NUMBER_VERDICT];
	answer_r->finished_wall_ms = answer.number[NUMBER_FINISHED];
	if (slice_to_str(answer.text[TEXT_ID], answer_r->plan_id, sizeof(answer_r->plan_id)) < 0)
		r = err_set(err, ERR_INVALID, "The keeper's answer cannot be read.");
	if (r == 0)
		r = link_text(pool, answer.text[TEXT_RESULT], &answer_r->result, err);
	buf_fini(&bytes);
	return r;
}

int
keeper_key_take(struct keeper *keeper, const struct keeper_party *party, const char *key,
		const uint8_t digest[static KEEPER_DIGEST_LEN], uint64_t now_wall_ms, struct pool *pool,
		struct keeper_claim **claim_r, struct keeper_key_answer *answer_r, struct err *err)
{
	struct keeper_claim *claim = NULL;
	struct buf payload;
	int r;

	*claim_r = NULL;
	memset(answer_r, 0, sizeof(*answer_r));
	buf_init(&payload, MESSAGE_MAX);
	r = link_put_party(&payload, party, PARTY_TOOL | PARTY_OWNER | PARTY_STORE, err);
	if (r == 0)
		r = link_put_name(&payload, TEXT_KEY, key, "idempotency key", err);
	if (r < 0)
		goto out;
	message_put_text(&payload, TEXT_DIGEST, slice_of((const char *)digest, KEEPER_DIGEST_LEN));
	message_put_number(&payload, NUMBER_NOW, now_wall_ms);
	message_put_number(&payload, NUMBER_ATTEMPT, new_attempt());
	claim = claim_new(keeper, "", err);
	r = claim != NULL ? ask_key(claim, &payload, pool, answer_r, err) : ERR_NOMEM;
	if (r == 0 && claim->handle.fence != 0) {
		*claim_r = claim;
		claim = NULL;
	}
out:
	keeper_claim_free(&claim);
	buf_fini(&payload);
	return r;
}

int
keeper_key_finish(struct keeper_claim *claim, struct slice result_json, uint64_t now_wall_ms, struct err *err)
{
	struct buf payload;
	int r;

	must(claim->plan[0] == '\0');
	buf_init(&payload, MESSAGE_MAX);
	message_put_number(&payload, NUMBER_FENCE, claim->handle.fence);
	message_put_number(&payload, NUMBER_NOW, now_wall_ms);
	r = link_put_json(&payload, TEXT_RESULT, result_json, "result", err);
	if (r < 0) {
		buf_fini(&payload);
		return r;
	}
	r = link_tell(claim->handle.keeper, MESSAGE_KEY_FINISH, &payload, err);
	claim->is_ended = r == 0;
	return r;
}

int
keeper_key_forget(struct keeper_claim *claim, struct err *err)
{
	struct buf payload;
	int r;

	must(claim->plan[0] == '\0');
	buf_init(&payload, MESSAGE_MAX);
	message_put_number(&payload, NUMBER_FENCE, claim->handle.fence);
	r = link_tell(claim->handle.keeper, MESSAGE_KEY_FORGET, &payload, err);
	claim->is_ended = r == 0;
	return r;
}
