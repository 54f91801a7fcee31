#include "commit.h"

#include <stdlib.h>
#include <string.h>

#include "action/env.h"
#include "base/clock.h"
#include "base/fiber.h"
#include "commit_private.h"
#include "json/get.h"
#include "json/parse.h"
#include "json/write.h"
#include "magento/error.h"
#include "plan_question.h"
#include "results.h"
#include "verdict.h"

#define CHUNK_DEFAULT 100
#define CHUNK_MAX 500
#define SETTLE_PAUSE_MS 500
#define WINDOW_PER_CONNECTION 4

/* ---- whether to go on ---- */

static int
stop(struct commit *commit, struct fault *why)
{
	fault_move(&commit->stopped, why);
	return -1;
}

/* A running call ends at a logout, and when its client went away: between two writes, never within one. */
static int
check_alive(struct commit *commit)
{
	struct action_call *call = commit->call;
	struct fault why;

	fault_init(&why);
	if (fiber_is_cancelled(fiber_current()))
		fault_set(&why, FAULT_CANCELLED, NULL, "The call was cancelled.");
	else if (!login_is_live(call->env->sessions, slice_from_str(call->principal->name), call->login_ref,
				action_now()))
		fault_set(&why, FAULT_NOT_AUTHENTICATED, NULL, "The session has ended. Call auth_login.");
	else if (clock_mono_ms() >= call->deadline_mono_ms)
		fault_set(&why, FAULT_MAGENTO_API_ERROR, NULL, "The time of one call is over.");
	return why.code == FAULT_NONE ? 0 : stop(commit, &why);
}

static bool
is_about_the_call(enum fault_code code)
{
	return code == FAULT_NOT_AUTHENTICATED || code == FAULT_CANCELLED || code == FAULT_RATE_LIMITED;
}

/* A transport's failure without doubt: the request is still here. */
static bool
has_never_left(const struct commit_step *step)
{
	const char *kind = json_get_str(step->fault.details, "kind", "");

	return !step->in_doubt && step->fault.code == FAULT_MAGENTO_API_ERROR &&
	       (strcmp(kind, MAGENTO_KIND_NETWORK) == 0 || strcmp(kind, MAGENTO_KIND_TIMEOUT) == 0);
}

/* ---- reading ---- */

static void
forget_present(struct commit_step *const *steps, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		json_decref(steps[i]->present);
		steps[i]->present = NULL;
		steps[i]->gone = false;
	}
}

static int
read_steps(struct commit *commit, struct commit_step *const *steps, size_t n)
{
	struct fault fault;

	fault_init(&fault);
	forget_present(steps, n);
	if (commit->ops->read(&commit->sc, steps, n, &fault) < 0)
		return stop(commit, &fault);
	return 0;
}

static int
journal(struct commit *commit, struct commit_step *const *steps, size_t n)
{
	struct fault fault;

	fault_init(&fault);
	return commit_journal(commit, steps, n, &fault) < 0 ? stop(commit, &fault) : 0;
}

/* ---- settling what is in doubt ---- */

/* A request that left may still arrive until its own deadline has passed. */
static bool
may_be_under_way(const struct commit *commit, const struct commit_step *step)
{
	uint64_t limit_ms = commit->call->env->config->magento.write_timeout_ms;

	return clock_wall_ms() < commit->sent_wall_ms[commit_index(commit, step)] + limit_ms;
}

/* Is there something to say about why it was not carried out, and no sense in one more try? */
static bool
has_failed(const struct commit_step *step)
{
	return step->fault.code != FAULT_NONE && (step->answered || step->tries > 1);
}

/* What a sent write came to; false: not known yet. */
static bool
settle(struct commit *commit, struct commit_step *step)
{
	enum commit_finding finding;

	if (step->gone) {
		commit_judge(commit, step);
		return true;
	}
	finding = commit_find(commit, step);
	if (finding == COMMIT_IS_TARGET) {
		step->status = KEEPER_UPDATED;
		return true;
	}
	if (!step->answered && may_be_under_way(commit, step))
		return false;
	if (finding == COMMIT_IS_OTHER && !commit->force)
		commit_set_conflict(commit, step);
	else if (has_failed(step))
		commit_set_error(commit, step);
	else
		step->status = KEEPER_PENDING; /* it never arrived: written again in its turn */
	return true;
}

static size_t
keep_unsettled(struct commit *commit, struct commit_step **steps, size_t n)
{
	size_t left = 0;

	for (size_t i = 0; i < n; i++) {
		if (!settle(commit, steps[i]))
			steps[left++] = steps[i];
	}
	return left;
}

static int
pause_before_reading(struct commit *commit)
{
	struct action_env *env = commit->call->env;

	if (check_alive(commit) < 0)
		return -1;
	if (env->wait_ms == NULL || env->wait_ms(env->waiter, SETTLE_PAUSE_MS) < 0)
		return check_alive(commit);
	return 0;
}

/* Reads steps whose request was sent and whose answer is unknown, until each is known.  `steps` is used up. */
static int
settle_all(struct commit *commit, struct commit_step **steps, size_t n)
{
	struct commit_step *all[CHUNK_MAX];
	size_t n_all = n, left = n;

	memcpy(all, steps, n * sizeof(struct commit_step *));
	while (left > 0) {
		if (read_steps(commit, steps, left) < 0)
			return -1;
		left = keep_unsettled(commit, steps, left);
		if (left > 0 && pause_before_reading(commit) < 0)
			return -1;
	}
	return journal(commit, all, n_all);
}

/* ---- one chunk ---- */

/* Those of a chunk that are to be written; the others have their verdict. */
static size_t
judge_chunk(struct commit *commit, struct commit_step *const *steps, size_t n, struct commit_step **to_write)
{
	size_t n_write = 0;

	for (size_t i = 0; i < n; i++) {
		if (commit_judge(commit, steps[i]))
			to_write[n_write++] = steps[i];
	}
	return n_write;
}

static void
mark_sent(struct commit *commit, struct commit_step *const *steps, size_t n)
{
	uint64_t now_ms = clock_wall_ms();

	for (size_t i = 0; i < n; i++) {
		struct commit_step *step = steps[i];

		fault_fini(&step->fault);
		step->in_doubt = step->answered = false;
		step->tries++;
		step->status = KEEPER_SENT;
		commit->sent_wall_ms[commit_index(commit, step)] = now_ms;
	}
}

/* After the answers: what failed for good gets its error, what is in doubt is read, a dead login stops everything. */
static int
collect(struct commit *commit, struct commit_step **steps, size_t n)
{
	struct commit_step *doubtful[CHUNK_MAX];
	size_t n_doubtful = 0;
	struct fault why;

	fault_init(&why);
	for (size_t i = 0; i < n; i++) {
		struct commit_step *step = steps[i];

		if (step->status != KEEPER_ERROR)
			continue;
		if (is_about_the_call(step->fault.code) && why.code == FAULT_NONE)
			fault_set(&why, step->fault.code, NULL, "%s", step->fault.message);
		if (step->in_doubt) {
			step->status = KEEPER_SENT;
			doubtful[n_doubtful++] = step;
		} else if (is_about_the_call(step->fault.code) || has_never_left(step)) {
			step->status = KEEPER_PENDING; /* refused unread: it can be sent again */
		} else {
			commit_set_error(commit, step);
		}
	}
	if (journal(commit, steps, n) < 0)
		return -1;
	if (why.code != FAULT_NONE)
		return stop(commit, &why);
	return n_doubtful > 0 ? settle_all(commit, doubtful, n_doubtful) : 0;
}

/*
 * Steps that are in doubt together when this process dies, or the call is cut off.  A few for each connection: so all
 * are busy, and a time that says when they were sent is true of each.
 */
static size_t
window(const struct commit *commit)
{
	return commit->ops->chunk > 0 ? commit->ops->chunk : commit->sc.magento.limits.parallel * WINDOW_PER_CONNECTION;
}

static int
run_chunk(struct commit *commit, struct commit_step **steps, size_t n)
{
	struct commit_step *to_write[CHUNK_MAX];
	size_t n_write, at = 0;

	if (check_alive(commit) < 0 || read_steps(commit, steps, n) < 0)
		return -1;
	n_write = judge_chunk(commit, steps, n, to_write);
	do {
		size_t part = n_write - at < window(commit) ? n_write - at : window(commit);

		if (at > 0 && check_alive(commit) < 0)
			return -1;
		mark_sent(commit, &to_write[at], part);
		/* The first time with the verdicts of all. */
		if ((at == 0 ? journal(commit, steps, n) : journal(commit, &to_write[at], part)) < 0)
			return -1;
		if (part > 0)
			commit->ops->write(&commit->sc, &to_write[at], part);
		if (part > 0 && collect(commit, &to_write[at], part) < 0)
			return -1;
		at += part;
	} while (at < n_write);
	return 0;
}

/* ---- all chunks ---- */

static size_t
gather(struct commit *commit, enum keeper_status status, size_t *at, struct commit_step **steps)
{
	size_t max = commit->ops->chunk > 0 ? commit->ops->chunk : CHUNK_DEFAULT;
	size_t n = 0;

	must(max <= CHUNK_MAX);
	for (; *at < commit->n_steps && n < max; (*at)++) {
		if (commit->steps[*at].status == status)
			steps[n++] = &commit->steps[*at];
	}
	return n;
}

static int
run_all(struct commit *commit, enum keeper_status status, int (*run)(struct commit *, struct commit_step **, size_t))
{
	struct commit_step *steps[CHUNK_MAX];
	size_t at = 0, n;

	for (n = gather(commit, status, &at, steps); n > 0; n = gather(commit, status, &at, steps)) {
		if (run(commit, steps, n) < 0)
			return -1;
	}
	return 0;
}

/* What is still to do after the last round could not be sent. */
static void
say_why(struct commit *commit)
{
	for (size_t i = 0; i < commit->n_steps; i++) {
		struct commit_step *step = &commit->steps[i];

		if (step->status != KEEPER_PENDING)
			continue;
		fault_set(&commit->stopped, FAULT_MAGENTO_API_ERROR, NULL, "%s",
			  step->fault.code != FAULT_NONE ? step->fault.message : "The shop could not be reached.");
		return;
	}
}

/* An interrupted commit left writes whose outcome nobody saw: first those. */
static void
run_steps(struct commit *commit)
{
	if (run_all(commit, KEEPER_SENT, settle_all) < 0)
		return;
	/* What was in doubt and had not arrived is pending again: a second round takes it. */
	for (int round = 0; round < 2; round++) {
		if (run_all(commit, KEEPER_PENDING, run_chunk) < 0)
			return;
	}
	say_why(commit);
}

/* ---- claim and end ---- */

static int
recheck(struct commit *commit, struct fault *fault)
{
	json_t *arguments = NULL;
	int r;

	if (commit->ops->recheck == NULL)
		return 0;
	if (json_parse(commit->verdict.arguments, &commit_limits, &arguments, NULL) < 0)
		return fault_set(fault, FAULT_INTERNAL_ERROR, NULL, "The plan's arguments cannot be read.");
	r = commit->ops->recheck(commit->call, arguments, commit->verdict.n_items, fault);
	json_decref(arguments);
	return r;
}

static bool
is_finished(const struct commit *commit)
{
	for (size_t i = 0; i < commit->n_steps; i++) {
		if (commit->steps[i].status == KEEPER_PENDING || commit->steps[i].status == KEEPER_SENT)
			return false;
	}
	return true;
}

static void
run_after(struct commit *commit, json_t *result)
{
	struct commit_step **steps = pool_alloc(commit->call->pool, (commit->n_steps + 1) * sizeof(*steps));

	if (commit->ops->after == NULL || steps == NULL)
		return;
	for (size_t i = 0; i < commit->n_steps; i++)
		steps[i] = &commit->steps[i];
	commit->ops->after(&commit->sc, steps, commit->n_steps, result);
}

/* The shop has what it has: a keeper that cannot note the end leaves a plan that is found finished when it is resumed.
 */
static void
finish(struct commit *commit, json_t *result)
{
	bool is_clean = strcmp(json_get_str(result, "status", ""), "completed") == 0;
	struct err err = {.code = ERR_OK};
	struct buf text;

	buf_init(&text, KEEPER_TEXT_BYTES_MAX);
	if (json_dump_to(&text, result) < 0 ||
	    keeper_plan_finish(commit->claim, is_clean ? KEEPER_COMPLETED : KEEPER_COMPLETED_WITH_ERRORS,
			       buf_slice(&text), clock_wall_ms(), &err) < 0) {
		json_object_set_new(
		    result, "note",
		    json_string(
			"The end of this plan could not be noted; asking again with the same plan_id is harmless."));
	}
	buf_fini(&text);
}

static int
carry_out(struct commit *commit, json_t **result_r, struct fault *fault)
{
	if (store_open(&commit->sc, commit->call, fault) < 0 || recheck(commit, fault) < 0 ||
	    commit_load(commit, fault) < 0 || commit_check_scopes(commit, fault) < 0)
		return -1;
	run_steps(commit);
	if (commit->stopped.code == FAULT_CANCELLED) {
		fault_move(fault, &commit->stopped);
		return -1;
	}
	*result_r = commit_render(commit, keeper_claim_plan(commit->claim));
	if (*result_r == NULL)
		return result_out_of_memory(fault);
	if (is_finished(commit)) {
		run_after(commit, *result_r);
		finish(commit, *result_r);
	}
	return 0;
}

int
commit_run_plan(struct action_call *call, const char *plan_id, const char *key, bool force,
		const struct commit_ops *ops, json_t **result_r, struct fault *fault)
{
	const struct keeper_party party = {
	    .tool = ops->pair, .owner = call->principal->name, .store = call->login.base_url};
	struct commit commit = {.call = call, .ops = ops, .force = force};
	struct err err = {.code = ERR_OK};
	int r;

	fault_init(&commit.stopped);
	store_prepare(&commit.sc, call, call->login.base_url);
	r = keeper_plan_claim(call->env->keeper, plan_id, &party, key, clock_wall_ms(), call->pool, &commit.claim,
			      &commit.verdict, &err);
	if (r < 0)
		r = fault_set(fault, FAULT_INTERNAL_ERROR, NULL,
			      "The plan could not be claimed, nothing was changed: %s", err.text);
	else if (commit.claim == NULL)
		r = verdict_answer(&commit.verdict, result_r, fault) > 0 ? 0 : -1;
	else
		r = carry_out(&commit, result_r, fault);
	keeper_claim_free(&commit.claim);
	commit_unload(&commit);
	store_close(&commit.sc);
	fault_fini(&commit.stopped);
	return r;
}

int
commit_run(struct action_call *call, json_t *params, const struct commit_ops *ops, json_t **result_r,
	   struct fault *fault)
{
	return commit_run_plan(call, json_get_str(params, "plan_id", ""), json_get_str(params, "idempotency_key", NULL),
			       json_get_bool(params, "force", false), ops, result_r, fault);
}

int
commit_question(struct action_call *call, const json_t *params, const struct commit_ops *ops, struct buf *text,
		struct fault *fault)
{
	return plan_question(call, params, ops->pair, &(struct plan_words){.noun = ops->noun}, text, fault);
}

/* ---- one request per step ---- */

static void
take_answer(struct commit_step *step, struct magento_reply *reply, struct fault *fault, commit_check_fn check)
{
	step->in_doubt = reply->in_doubt;
	/* What a proxy says of a request it has passed on does not end it. */
	step->answered = reply->status != 0 && reply->status != 502 && reply->status != 503 && reply->status != 504;
	step->status = KEEPER_UPDATED;
	if (fault->code != FAULT_NONE) {
		fault_move(&step->fault, fault);
		step->status = KEEPER_ERROR;
	} else if (check != NULL && check(step, reply->body, &step->fault) < 0) {
		step->status = KEEPER_ERROR;
		step->in_doubt = false;
	}
}

void
commit_send(struct store_client *sc, struct commit_step *const *steps, const struct magento_request *requests, size_t n,
	    commit_check_fn check)
{
	struct magento_reply *replies = calloc(n + 1, sizeof(*replies));
	struct fault *faults = calloc(n + 1, sizeof(*faults));

	for (size_t i = 0; replies != NULL && faults != NULL && i < n; i++) {
		magento_reply_init(&replies[i]);
		fault_init(&faults[i]);
	}
	if (replies == NULL || faults == NULL) {
		for (size_t i = 0; i < n; i++) {
			fault_set(&steps[i]->fault, FAULT_INTERNAL_ERROR, NULL, "Out of memory. Try again later.");
			steps[i]->status = KEEPER_ERROR;
		}
	} else if (magento_call_many(&sc->magento, requests, n, replies, faults) < 0) {
		for (size_t i = 0; i < n; i++) /* cut off: any of them may have arrived */
			replies[i].in_doubt = true;
	}
	for (size_t i = 0; replies != NULL && faults != NULL && i < n; i++) {
		take_answer(steps[i], &replies[i], &faults[i], check);
		magento_reply_fini(&replies[i]);
		fault_fini(&faults[i]);
	}
	free(replies);
	free(faults);
}
