/*
 * commit_chunks.c - the steps of a commit, chunk by chunk: read, judged, written a few at a time, settled
 *
 * While a chunk is written the next one is read, with one of the call's connections.
 */
#include <string.h>

#include "action/env.h"
#include "aside.h"
#include "base/clock.h"
#include "base/fiber.h"
#include "base/secret.h"
#include "commit_private.h"
#include "json/get.h"
#include "magento/error.h"

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

/* ---- reading ahead ---- */

/* The next chunk, read with a client of its own while the present one is written. */
struct ahead {
	struct commit *commit;
	struct store_client sc;
	struct commit_step *steps[CHUNK_MAX];
	size_t n;
	struct aside aside;
	bool was_read;
	struct fault fault; /* of the reading */
};

static void
read_ahead(void *ctx)
{
	struct ahead *ahead = ctx;

	ahead->was_read = ahead->commit->ops->read(&ahead->sc, ahead->steps, ahead->n, &ahead->fault) == 0;
}

/* Where there is one connection only, or no fiber, the chunk is read in its turn. */
static void
begin_ahead(struct ahead *ahead)
{
	struct commit *commit = ahead->commit;

	ahead->was_read = false;
	if (ahead->n == 0 || commit->parallel < 2)
		return;
	forget_present(ahead->steps, ahead->n);
	ahead->sc = commit->sc; /* its client goes on using the credentials of the first */
	secret_wipe_bytes(&ahead->sc.credentials, sizeof(ahead->sc.credentials));
	ahead->sc.magento.limits.parallel = 1;
	if (!aside_start(&ahead->aside, commit->call->env->fibers, read_ahead, ahead))
		ahead->was_read = false;
}

static void
end_ahead(struct ahead *ahead)
{
	aside_join(&ahead->aside);
	if (ahead->sc.magento.dead)
		ahead->commit->sc.magento.dead = true;
	ahead->sc.magento.dead = false;
}

/* ---- one chunk ---- */

/* A connection is lent to the reading of the next chunk. */
static uint32_t
connections(const struct commit *commit, const struct ahead *next)
{
	return commit->parallel - (aside_is_running(&next->aside) ? 1 : 0);
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
write_chunk(struct commit *commit, struct commit_step **steps, size_t n, const struct ahead *next)
{
	struct commit_step *to_write[CHUNK_MAX];
	size_t n_write = judge_chunk(commit, steps, n, to_write), at = 0, part;

	do {
		commit->sc.magento.limits.parallel = connections(commit, next);
		part = n_write - at < window(commit) ? n_write - at : window(commit);
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
		commit_tell(commit);
		at += part;
	} while (at < n_write);
	return 0;
}

/* ---- all chunks ---- */

/*
 * As many steps as fill whole windows: the first while the next chunk is being read, the others with every connection.
 */
static size_t
chunk_size(const struct commit *commit)
{
	size_t all = commit->parallel, first = (all - 1) * WINDOW_PER_CONNECTION;

	if (commit->ops->chunk > 0)
		return commit->ops->chunk;
	return first < CHUNK_DEFAULT ? first + (CHUNK_DEFAULT - first) / all * all : CHUNK_DEFAULT;
}

static size_t
gather(struct commit *commit, enum keeper_status status, size_t *at, struct commit_step **steps)
{
	size_t max = chunk_size(commit), n = 0;

	must(max > 0 && max <= CHUNK_MAX);
	for (; *at < commit->n_steps && n < max; (*at)++) {
		if (commit->steps[*at].status == status)
			steps[n++] = &commit->steps[*at];
	}
	return n;
}

/* An interrupted commit left writes whose outcome nobody saw. */
static int
settle_sent(struct commit *commit)
{
	struct commit_step *steps[CHUNK_MAX];
	size_t at = 0, n;

	for (n = gather(commit, KEEPER_SENT, &at, steps); n > 0; n = gather(commit, KEEPER_SENT, &at, steps)) {
		if (settle_all(commit, steps, n) < 0)
			return -1;
		commit_tell(commit);
	}
	return 0;
}

/* The chunk as the reading ahead has left it: read in its turn if it was not. */
static int
take_ahead(struct commit *commit, struct ahead *ahead)
{
	if (check_alive(commit) < 0)
		return -1;
	if (ahead->fault.code != FAULT_NONE)
		return stop(commit, &ahead->fault);
	return ahead->was_read ? 0 : read_steps(commit, ahead->steps, ahead->n);
}

static int
run_pending(struct commit *commit, struct ahead *ahead)
{
	struct commit_step *steps[CHUNK_MAX];
	size_t at = 0, n;
	int r = 0;

	ahead->was_read = false;
	ahead->n = gather(commit, KEEPER_PENDING, &at, ahead->steps);
	while (r == 0 && ahead->n > 0) {
		if (take_ahead(commit, ahead) < 0)
			return -1;
		n = ahead->n;
		memcpy(steps, ahead->steps, n * sizeof(struct commit_step *));
		ahead->n = gather(commit, KEEPER_PENDING, &at, ahead->steps);
		begin_ahead(ahead);
		r = write_chunk(commit, steps, n, ahead);
		end_ahead(ahead);
		commit->sc.magento.limits.parallel = commit->parallel;
	}
	return r;
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

void
commit_write(struct commit *commit)
{
	struct ahead ahead = {.commit = commit};
	int r;

	fault_init(&ahead.fault);
	commit->parallel = commit->sc.magento.limits.parallel > 0 ? commit->sc.magento.limits.parallel : 1;
	r = settle_sent(commit);
	/* What was in doubt and had not arrived is pending again: a second round takes it. */
	for (int round = 0; r == 0 && round < 2; round++)
		r = run_pending(commit, &ahead);
	fault_fini(&ahead.fault);
	if (r == 0)
		say_why(commit);
}
