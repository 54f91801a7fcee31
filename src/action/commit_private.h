/*
 * commit_private.h - one commit under way (private to the commit_*.c files)
 */
#ifndef ACTION_COMMIT_PRIVATE_H
#define ACTION_COMMIT_PRIVATE_H

#include "commit.h"
#include "json/parse.h"

#define COMMIT_CHUNK_MAX 500

struct commit {
	struct action_call *call;
	const struct commit_ops *ops;
	struct store_client sc;
	struct keeper_claim *claim;
	struct keeper_verdict verdict;
	bool force;
	json_t *items;		   /* as prepared, in their order */
	struct commit_step *steps; /* all writes of all items */
	json_t **details;	   /* of each step: why, for errors and conflicts */
	uint64_t *sent_wall_ms;	   /* of each step: when its request went out */
	size_t n_steps;
	uint32_t parallel;     /* requests side by side, of the whole call */
	size_t told_conflicts; /* of the last action_log() about them */
	struct fault stopped;  /* why the commit stopped before its end */
};

extern const struct json_limits commit_limits; /* of what the keeper gives back */

/* commit_steps.c: items and journal, to and from the keeper. */
int commit_load(struct commit *commit, struct fault *fault) MUST_CHECK;
void commit_unload(struct commit *commit);
size_t commit_index(const struct commit *commit, const struct commit_step *step);

/* VALIDATION_ERROR when a store view that is still to be written is there no more. */
int commit_check_scopes(struct commit *commit, struct fault *fault) MUST_CHECK;

/* Journals these steps as they are now.  -1: the keeper cannot, or the plan is no longer ours; nothing more may be
 * written. */
int commit_journal(struct commit *commit, struct commit_step *const *steps, size_t n, struct fault *fault) MUST_CHECK;

/* commit_judge.c: what a step's present values mean. */
enum commit_finding { COMMIT_IS_TARGET, COMMIT_IS_BEFORE, COMMIT_IS_OTHER };
enum commit_finding commit_find(const struct commit *commit, const struct commit_step *step);

/* Sets UNCHANGED, CONFLICT or ERROR where nothing is to be written; true when the step is to be written. */
bool commit_judge(struct commit *commit, struct commit_step *step);
void commit_set_conflict(struct commit *commit, struct commit_step *step);
void commit_set_error(struct commit *commit, struct commit_step *step);

/*
 * commit_settle.c.  What gives an int gives -1 when the commit has stopped: `stopped` says why, and nothing more may be
 * written.
 */
int commit_stop(struct commit *commit, struct fault *why); /* -1; takes the fault over */

/* A running call ends at a logout, and when its client went away: between two writes, never within one. */
int commit_check_alive(struct commit *commit) MUST_CHECK;
bool commit_is_about_the_call(enum fault_code code);

void commit_forget_present(struct commit_step *const *steps, size_t n);
int commit_read(struct commit *commit, struct commit_step *const *steps, size_t n) MUST_CHECK;
int commit_note(struct commit *commit, struct commit_step *const *steps, size_t n) MUST_CHECK; /* journals */

void commit_mark_sent(struct commit *commit, struct commit_step *const *steps, size_t n);

/*
 * After a write: what its answer, or none, means for the step.  True: only reading can tell (commit_settle()).  A fault
 * of the whole call goes into *why, which keeps the first.
 */
bool commit_conclude(struct commit *commit, struct commit_step *step, struct fault *why);

/* Reads steps whose request was sent and whose answer is unknown, until each is known.  `steps` is used up. */
int commit_settle(struct commit *commit, struct commit_step **steps, size_t n) MUST_CHECK;

/*
 * commit_chunks.c: settles and writes all that is left to do.  `stopped` says why when something is left after all.
 */
void commit_write(struct commit *commit);

/* The next steps with this status from *at on, as many as a chunk may have. */
size_t commit_gather(struct commit *commit, enum keeper_status status, size_t *at, struct commit_step **steps);

/* commit_flow.c: writes all steps that are pending, one request each, with every connection busy. */
int commit_flow(struct commit *commit) MUST_CHECK;

/* commit_result.c */

/* Tells the caller's side how far it is, and what has been left alone. */
void commit_tell(struct commit *commit);

json_t *commit_render(const struct commit *commit, const char *plan_id) MUST_CHECK;

#endif
