/*
 * commit_settle.c - what both ways of writing share: whether to go on, reading, journalling, and what is in doubt
 */
#include <string.h>

#include "action/env.h"
#include "base/clock.h"
#include "base/fiber.h"
#include "commit_private.h"
#include "json/get.h"
#include "magento/error.h"

#define SETTLE_PAUSE_MS 500

/* ---- whether to go on ---- */

int
commit_stop(struct commit *commit, struct fault *why)
{
	fault_move(&commit->stopped, why);
	return -1;
}

/* A running call ends at a logout, and when its client went away: between two writes, never within one. */
int
commit_check_alive(struct commit *commit)
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
	return why.code == FAULT_NONE ? 0 : commit_stop(commit, &why);
}

bool
commit_is_about_the_call(enum fault_code code)
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

void
commit_forget_present(struct commit_step *const *steps, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		json_decref(steps[i]->present);
		steps[i]->present = NULL;
		steps[i]->gone = false;
	}
}

int
commit_read(struct commit *commit, struct commit_step *const *steps, size_t n)
{
	struct fault fault;

	fault_init(&fault);
	commit_forget_present(steps, n);
	if (commit->ops->read(&commit->sc, steps, n, &fault) < 0)
		return commit_stop(commit, &fault);
	return 0;
}

int
commit_note(struct commit *commit, struct commit_step *const *steps, size_t n)
{
	struct fault fault;

	fault_init(&fault);
	return commit_journal(commit, steps, n, &fault) < 0 ? commit_stop(commit, &fault) : 0;
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

	if (commit_check_alive(commit) < 0)
		return -1;
	if (env->wait_ms == NULL || env->wait_ms(env->waiter, SETTLE_PAUSE_MS) < 0)
		return commit_check_alive(commit);
	return 0;
}

/* Reads steps whose request was sent and whose answer is unknown, until each is known.  `steps` is used up. */
int
commit_settle(struct commit *commit, struct commit_step **steps, size_t n)
{
	struct commit_step *all[COMMIT_CHUNK_MAX];
	size_t n_all = n, left = n;

	must(n <= COMMIT_CHUNK_MAX);
	memcpy(all, steps, n * sizeof(struct commit_step *));
	while (left > 0) {
		if (commit_read(commit, steps, left) < 0)
			return -1;
		left = keep_unsettled(commit, steps, left);
		if (left > 0 && pause_before_reading(commit) < 0)
			return -1;
	}
	return commit_note(commit, all, n_all);
}

/* ---- sending ---- */

void
commit_mark_sent(struct commit *commit, struct commit_step *const *steps, size_t n)
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

bool
commit_conclude(struct commit *commit, struct commit_step *step, struct fault *why)
{
	if (step->status != KEEPER_ERROR)
		return false;
	if (commit_is_about_the_call(step->fault.code) && why->code == FAULT_NONE)
		fault_set(why, step->fault.code, NULL, "%s", step->fault.message);
	if (step->in_doubt)
		step->status = KEEPER_SENT;
	else if (commit_is_about_the_call(step->fault.code) || has_never_left(step))
		step->status = KEEPER_PENDING; /* refused unread: it can be sent again */
	else
		commit_set_error(commit, step);
	return step->in_doubt;
}
