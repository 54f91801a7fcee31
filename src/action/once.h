/*
 * once.h - one-step tools that change the shop: the same idempotency_key gives the same result, not a second change
 * (private to action/)
 *
 *	r = once_begin(&once, call, params, result_r, fault);     1: replayed, *result_r is set; 0: go on; -1: refused
 *	... work ...
 *	once_finish(&once, *result_r) or once_abandon(&once, changed_nothing)
 *
 * Without a key all of it does nothing.
 */
#ifndef ACTION_ONCE_H
#define ACTION_ONCE_H

#include <jansson.h>
#include <stdbool.h>

#include "action/action.h"
#include "keeper/keeper.h"

struct once {
	struct action_call *call;
	struct keeper_claim *claim;	 /* NULL without a key */
	bool is_repeat;			 /* an earlier call with this key was interrupted: find out what it has done */
	char plan_id[KEEPER_ID_LEN + 1]; /* INTERRUPTED with a plan: resume it by commit_run_plan(); else "" */
};

/* IDEMPOTENCY_CONFLICT: the key was used with other arguments, or a call with it still runs. */
int once_begin(struct once *once, struct action_call *call, json_t *params, json_t **result_r,
	       struct fault *fault) MUST_CHECK;

/* Stores the result under the key, and adds "replayed": false to it.  A failure is logged: the change has been made. */
void once_finish(struct once *once, json_t *result);

/* Ends without a result.  `changed_nothing`: the key may be used afresh; else the next call with it is a repeat. */
void once_abandon(struct once *once, bool changed_nothing);

#endif
