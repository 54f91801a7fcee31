/*
 * commit_flow.c - one request per step, with every connection busy all the time
 *
 * The call's own fiber is the clerk: it has chunks read, judges them, and journals.  Lanes write what the clerk has
 * released, a fiber for each connection: one step after the other, without waiting for each other or for the journal.
 *
 *	judged -> released (journalled as sent) -> taken by a lane -> answered -> recorded (journalled with its end)
 *
 * Released and not recorded are at most WINDOW_PER_LANE for each lane: so many are in doubt together when this process
 * dies, and a time of sending in the journal is true within what two requests take.
 */
#include <stdlib.h>
#include <string.h>

#include "action/env.h"
#include "base/clock.h"
#include "commit_ahead.h"
#include "results.h"

#define LANES_MAX 64
#define WINDOW_PER_LANE 3

struct flow {
	struct commit *commit;
	struct ahead ahead;
	struct aside lanes[LANES_MAX];
	size_t n_lanes;
	struct commit_step **queue;	      /* to be written, in the order in which they are sent */
	size_t n_judged, n_released, n_taken; /* each <= the one before */
	struct commit_step **answered;	      /* in the order of their answers */
	size_t n_answered, n_recorded;
	struct commit_step **entries; /* to be journalled next */
	size_t n_entries;
	struct commit_step **doubtful; /* only reading can tell */
	size_t n_doubtful;
	bool is_doubted;	 /* an answer is in doubt: nothing is released before that is settled */
	bool is_stopping;	 /* no lane takes another step */
	struct fault why;	 /* of the whole call, from an answer */
	struct fiber_wait *wait; /* of the clerk */
};

static size_t
in_flight(const struct flow *flow)
{
	return flow->n_taken - flow->n_answered;
}

/* A connection is kept for the reading of the next chunk, from when it is wanted. */
static size_t
connections(const struct flow *flow)
{
	bool is_lent = flow->ahead.n > 0 && !flow->ahead.is_read && flow->n_lanes > 1;

	return flow->n_lanes - (is_lent ? 1 : 0);
}

static bool
can_take(const struct flow *flow)
{
	return !flow->is_stopping && flow->n_taken < flow->n_released && in_flight(flow) < connections(flow);
}

/* Nothing is under way, and nothing waits for a lane. */
static bool
is_idle(const struct flow *flow)
{
	return in_flight(flow) == 0 && (flow->is_stopping || flow->n_taken == flow->n_released);
}

/* ---- the clerk waits ---- */

static bool
needs_chunk(const struct flow *flow)
{
	return flow->ahead.n > 0 && flow->n_judged - flow->n_released < flow->n_lanes &&
	       (flow->ahead.is_read || is_idle(flow));
}

static bool
can_read(const struct flow *flow)
{
	return flow->ahead.n > 0 && !flow->ahead.is_reading && !flow->ahead.is_read && flow->n_lanes > 1 &&
	       in_flight(flow) < flow->n_lanes;
}

static bool
has_work(const struct flow *flow)
{
	return is_idle(flow) || flow->n_answered - flow->n_recorded >= flow->n_lanes || needs_chunk(flow) ||
	       can_read(flow);
}

static void
wake(struct flow *flow)
{
	struct fiber_wait *wait = flow->wait;

	if (wait == NULL || !has_work(flow))
		return;
	flow->wait = NULL;
	fiber_wait_done(wait);
}

static void
on_cancel(void *ctx)
{
	struct flow *flow = ctx;

	flow->wait = NULL;
}

static int
wait_for_work(struct flow *flow)
{
	struct fiber_wait wait;

	if (has_work(flow))
		return 0;
	fiber_wait_init(&wait, on_cancel, flow);
	flow->wait = &wait;
	return fiber_wait_for(&wait) == 0 ? 0 : commit_check_alive(flow->commit);
}

/* ---- lanes ---- */

static void
write_next(struct flow *flow)
{
	struct commit *commit = flow->commit;
	struct commit_step *step = flow->queue[flow->n_taken++];

	commit->sent_wall_ms[commit_index(commit, step)] = clock_wall_ms();
	commit->ops->write(&commit->sc, &step, 1);
	flow->answered[flow->n_answered++] = step;
	flow->is_doubted |= step->status == KEEPER_ERROR && step->in_doubt;
	flow->is_stopping |= step->status == KEEPER_ERROR && commit_is_about_the_call(step->fault.code);
}

static void
run_lane(void *ctx)
{
	struct flow *flow = ctx;

	while (can_take(flow)) {
		write_next(flow);
		wake(flow);
	}
}

static void
start_lanes(struct flow *flow)
{
	for (size_t i = 0; i < flow->n_lanes && can_take(flow); i++) {
		struct aside *lane = &flow->lanes[i];

		if (!aside_is_running(lane) && !aside_start(lane, flow->commit->call->env->fibers, run_lane, flow))
			break;
	}
}

/* No memory for a single fiber: the clerk does it. */
static void
stand_in(struct flow *flow)
{
	for (size_t i = 0; i < flow->n_lanes; i++) {
		if (aside_is_running(&flow->lanes[i]))
			return;
	}
	if (can_take(flow))
		write_next(flow);
}

/* ---- chunks ---- */

/* On the fiber that has read. */
static void
on_read(void *ctx)
{
	struct flow *flow = ctx;

	start_lanes(flow);
	wake(flow);
}

static int
take_chunk(struct flow *flow)
{
	struct commit_step *steps[COMMIT_CHUNK_MAX];
	size_t n;

	if (ahead_take(&flow->ahead, steps, &n) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (commit_judge(flow->commit, steps[i]))
			flow->queue[flow->n_judged++] = steps[i];
		else
			flow->entries[flow->n_entries++] = steps[i];
	}
	return 0;
}

static int
read_chunks(struct flow *flow)
{
	if (!flow->is_stopping && needs_chunk(flow) && take_chunk(flow) < 0)
		return -1;
	if (can_read(flow))
		ahead_begin(&flow->ahead);
	return 0;
}

/* ---- the journal ---- */

static void
conclude_answers(struct flow *flow)
{
	for (; flow->n_recorded < flow->n_answered; flow->n_recorded++) {
		struct commit_step *step = flow->answered[flow->n_recorded];

		if (commit_conclude(flow->commit, step, &flow->why))
			flow->doubtful[flow->n_doubtful++] = step;
		flow->entries[flow->n_entries++] = step;
	}
}

static size_t
next_released(const struct flow *flow)
{
	size_t end = flow->n_recorded + WINDOW_PER_LANE * flow->n_lanes;

	if (flow->is_stopping || flow->is_doubted)
		return flow->n_released;
	return end < flow->n_judged ? end : flow->n_judged;
}

/* Answers and verdicts, and what is sent next: in one transaction, so that a wave of answers costs one sync. */
static int
keep_journal(struct flow *flow)
{
	struct commit *commit = flow->commit;
	size_t released, n_entries;

	conclude_answers(flow);
	released = next_released(flow);
	if (released > flow->n_released) {
		struct commit_step **next = &flow->queue[flow->n_released];
		size_t n = released - flow->n_released;

		if (commit_check_alive(commit) < 0)
			return -1;
		commit_mark_sent(commit, next, n);
		memcpy(&flow->entries[flow->n_entries], next, n * sizeof(struct commit_step *));
		flow->n_entries += n;
	}
	n_entries = flow->n_entries;
	flow->n_entries = 0;
	if (n_entries == 0)
		return 0;
	if (commit_note(commit, flow->entries, n_entries) < 0)
		return -1;
	flow->n_released = released;
	commit_tell(commit);
	return 0;
}

static int
settle_doubts(struct flow *flow)
{
	size_t n = flow->n_doubtful;

	if (!flow->is_doubted || !is_idle(flow) || flow->n_recorded < flow->n_answered)
		return 0;
	flow->n_doubtful = 0;
	flow->is_doubted = false;
	return commit_settle(flow->commit, flow->doubtful, n);
}

/* ---- from beginning to end ---- */

static int
flow_init(struct flow *flow, struct commit *commit)
{
	size_t cap = commit->n_steps + 1;

	memset(flow, 0, sizeof(*flow));
	flow->commit = commit;
	flow->n_lanes = commit->parallel < LANES_MAX ? commit->parallel : LANES_MAX;
	fault_init(&flow->why);
	ahead_init(&flow->ahead, commit);
	flow->ahead.on_read = on_read;
	flow->ahead.ctx = flow;
	flow->queue = calloc(4 * cap, sizeof(struct commit_step *));
	if (flow->queue == NULL) {
		result_out_of_memory(&flow->why);
		return commit_stop(commit, &flow->why);
	}
	flow->answered = flow->queue + cap;
	flow->entries = flow->answered + cap;
	flow->doubtful = flow->entries + cap;
	return 0;
}

static bool
is_over(const struct flow *flow)
{
	return flow->ahead.n == 0 && flow->n_recorded == flow->n_judged && flow->n_entries == 0 && !flow->is_doubted;
}

static int
go_on(struct flow *flow)
{
	if (read_chunks(flow) < 0 || keep_journal(flow) < 0)
		return -1;
	if (flow->why.code != FAULT_NONE && is_idle(flow) && flow->n_recorded == flow->n_answered)
		return commit_stop(flow->commit, &flow->why);
	if (settle_doubts(flow) < 0)
		return -1;
	start_lanes(flow);
	stand_in(flow);
	return is_over(flow) ? 0 : wait_for_work(flow);
}

/*
 * Lanes end after the request that they have under way; those of a cancelled call at once.  What they did not get to
 * can be sent another time.
 */
static void
flow_fini(struct flow *flow)
{
	struct commit *commit = flow->commit;
	struct fault ignored;
	int r = 0;

	flow->is_stopping = true;
	for (size_t i = 0; i < flow->n_lanes; i++)
		aside_join(&flow->lanes[i]);
	ahead_fini(&flow->ahead);
	conclude_answers(flow);
	for (size_t i = flow->n_taken; i < flow->n_judged; i++) {
		if (flow->queue[i]->status == KEEPER_SENT) {
			flow->queue[i]->status = KEEPER_PENDING;
			flow->entries[flow->n_entries++] = flow->queue[i];
		}
	}
	fault_init(&ignored);
	if (flow->n_entries > 0)
		r = commit_journal(commit, flow->entries, flow->n_entries, &ignored);
	(void)r; /* then they are in doubt when the plan is resumed */
	fault_fini(&ignored);
	fault_fini(&flow->why);
	free(flow->queue);
}

int
commit_flow(struct commit *commit)
{
	struct flow flow;
	int r = flow_init(&flow, commit);

	while (r == 0 && !is_over(&flow))
		r = go_on(&flow);
	flow_fini(&flow);
	return r;
}
