/*
 * commit_ahead.h - the next chunk of a commit, read while the present one is written (private to the commit_*.c files)
 *
 *	ahead_init(&ahead, commit)              the first chunk is chosen
 *	while (ahead.n > 0)
 *		ahead_take(&ahead, steps, &n)   it is read, and the next one chosen
 *		ahead_begin(&ahead)             which is read aside from now on, with one of the call's connections
 *		... steps are written ...
 *	ahead_fini(&ahead)                      waits for what still runs
 */
#ifndef ACTION_COMMIT_AHEAD_H
#define ACTION_COMMIT_AHEAD_H

#include "aside.h"
#include "commit_private.h"

struct ahead {
	struct commit *commit;
	void (*on_read)(void *ctx); /* may be NULL: on the reading fiber, at its end */
	void *ctx;
	size_t n;	 /* steps of the chunk; 0: there is none any more */
	bool is_reading; /* aside: it uses a connection */
	bool is_read;	 /* aside, well or with a fault */
	struct commit_step *steps[COMMIT_CHUNK_MAX];
	size_t at; /* all steps before it have been chosen */
	struct store_client sc;
	struct aside aside;
	struct fault fault; /* of the reading */
};

void ahead_init(struct ahead *ahead, struct commit *commit);

/* Where there is one connection only, or no fiber, the chunk is read in its turn. */
void ahead_begin(struct ahead *ahead);

/* Waits for the reading, or reads now.  `steps_r` has room for COMMIT_CHUNK_MAX.  -1: the commit has stopped. */
int ahead_take(struct ahead *ahead, struct commit_step **steps_r, size_t *n_r) MUST_CHECK;
void ahead_fini(struct ahead *ahead);

#endif
