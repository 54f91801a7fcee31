#include "commit.h"

#include <string.h>

#include "action/env.h"
#include "base/clock.h"
#include "commit_private.h"
#include "json/get.h"
#include "json/parse.h"
#include "json/write.h"
#include "notice.h"
#include "plan_question.h"
#include "results.h"
#include "verdict.h"

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

static void
choose_ops(struct commit *commit)
{
	const struct commit_ops *better =
	    commit->ops->choose != NULL ? commit->ops->choose(commit->steps, commit->n_steps) : NULL;

	if (better != NULL)
		commit->ops = better;
}

static int
carry_out(struct commit *commit, json_t **result_r, struct fault *fault)
{
	if (store_open(&commit->sc, commit->call, fault) < 0 || recheck(commit, fault) < 0 ||
	    commit_load(commit, fault) < 0 || commit_check_scopes(commit, fault) < 0)
		return -1;
	choose_ops(commit);
	commit_write(commit);
	if (commit->stopped.code == FAULT_CANCELLED) {
		fault_move(fault, &commit->stopped);
		return -1;
	}
	if (commit->stopped.code != FAULT_NONE)
		action_log(commit->call, ACTION_LOG_WARNING, "Interrupted: %s", commit->stopped.message);
	*result_r = commit_render(commit, keeper_claim_plan(commit->claim));
	if (*result_r == NULL)
		return result_out_of_memory(fault);
	if (is_finished(commit)) {
		run_after(commit, *result_r);
		finish(commit, *result_r);
	}
	return 0;
}

/* Who watches the plan is told when it begins, and when it has ended or was interrupted. */
static int
carry_out_claimed(struct commit *commit, const char *plan_id, json_t **result_r, struct fault *fault)
{
	int r;

	notice_plan(commit->call, plan_id);
	r = carry_out(commit, result_r, fault);
	keeper_claim_free(&commit->claim);
	notice_plan(commit->call, plan_id);
	notice_plans(commit->call);
	return r;
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
		r = carry_out_claimed(&commit, plan_id, result_r, fault);
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
