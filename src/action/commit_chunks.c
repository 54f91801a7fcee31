/*
 * commit_chunks.c - all that a commit has left to do; and the kinds that write a chunk by few requests
 */
#include <string.h>

#include "commit_ahead.h"

#define CHUNK_DEFAULT 100

size_t
commit_gather(struct commit *commit, enum keeper_status status, size_t *at, struct commit_step **steps)
{
	size_t max = commit->ops->chunk > 0 ? commit->ops->chunk : CHUNK_DEFAULT, n = 0;

	must(max <= COMMIT_CHUNK_MAX);
	for (; *at < commit->n_steps && n < max; (*at)++) {
		if (commit->steps[*at].status == status)
			steps[n++] = &commit->steps[*at];
	}
	return n;
}

/* ---- by chunks ---- */

/* After the answers: what failed for good gets its error, what is in doubt is read, a dead login stops everything. */
static int
collect(struct commit *commit, struct commit_step **steps, size_t n)
{
	struct commit_step *doubtful[COMMIT_CHUNK_MAX];
	size_t n_doubtful = 0;
	struct fault why;

	fault_init(&why);
	for (size_t i = 0; i < n; i++) {
		if (commit_conclude(commit, steps[i], &why))
			doubtful[n_doubtful++] = steps[i];
	}
	if (commit_note(commit, steps, n) < 0) {
		fault_fini(&why);
		return -1;
	}
	if (why.code != FAULT_NONE)
		return commit_stop(commit, &why);
	return n_doubtful > 0 ? commit_settle(commit, doubtful, n_doubtful) : 0;
}

static int
write_chunk(struct commit *commit, struct commit_step **steps, size_t n)
{
	struct commit_step *to_write[COMMIT_CHUNK_MAX];
	size_t n_write = 0;

	for (size_t i = 0; i < n; i++) {
		if (commit_judge(commit, steps[i]))
			to_write[n_write++] = steps[i];
	}
	commit_mark_sent(commit, to_write, n_write);
	if (commit_note(commit, steps, n) < 0)
		return -1;
	if (n_write > 0) {
		commit->ops->write(&commit->sc, to_write, n_write);
		if (collect(commit, to_write, n_write) < 0)
			return -1;
	}
	commit_tell(commit);
	return 0;
}

static int
write_chunks(struct commit *commit)
{
	struct commit_step *steps[COMMIT_CHUNK_MAX];
	struct ahead ahead;
	size_t n;
	int r = 0;

	ahead_init(&ahead, commit);
	while (r == 0 && ahead.n > 0) {
		r = ahead_take(&ahead, steps, &n);
		if (r < 0)
			break;
		ahead_begin(&ahead);
		/* A connection is lent to the reading of the next chunk. */
		commit->sc.magento.limits.parallel = commit->parallel - (ahead.is_reading ? 1 : 0);
		r = write_chunk(commit, steps, n);
		commit->sc.magento.limits.parallel = commit->parallel;
	}
	ahead_fini(&ahead);
	return r;
}

/* ---- all of it ---- */

/* An interrupted commit left writes whose outcome nobody saw. */
static int
settle_sent(struct commit *commit)
{
	struct commit_step *steps[COMMIT_CHUNK_MAX];
	size_t at = 0, n = commit_gather(commit, KEEPER_SENT, &at, steps);

	for (; n > 0; n = commit_gather(commit, KEEPER_SENT, &at, steps)) {
		if (commit_settle(commit, steps, n) < 0)
			return -1;
		commit_tell(commit);
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

void
commit_write(struct commit *commit)
{
	int r;

	commit->parallel = commit->sc.magento.limits.parallel > 0 ? commit->sc.magento.limits.parallel : 1;
	r = settle_sent(commit);
	/* What was in doubt and had not arrived is pending again: a second round takes it. */
	for (int round = 0; r == 0 && round < 2; round++)
		r = commit->ops->chunk > 0 ? write_chunks(commit) : commit_flow(commit);
	if (r == 0)
		say_why(commit);
}
