/*
 * deed.h - one thing done in a few steps, each noted before and after it is done (private to action/)
 *
 * For tools whose steps are not the same request for many items: creating a rule and then its coupon, making coupons
 * slice by slice.  A deed is a plan with a single item; its steps are the item's steps in the keeper's journal. Without
 * a plan (a one-step tool without idempotency_key) the notes are kept in memory only.
 *
 * Runs in: worker, on a fiber.
 */
#ifndef ACTION_DEED_H
#define ACTION_DEED_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "action/action.h"
#include "keeper/keeper.h"

struct deed_step {
	enum keeper_status status;
	uint64_t at_wall_ms; /* of SENT: when the request left */
	json_t *detail;	     /* owned; NULL: none */
};

struct deed {
	struct action_call *call;
	struct keeper_claim *claim;	 /* NULL: notes are kept in memory */
	char plan_id[KEEPER_ID_LEN + 1]; /* "": none has been claimed */
	bool is_resumed;
	json_t *arguments; /* owned: of the call that made the plan; NULL without a plan */
	json_t *item;	   /* owned: the plan's item */
	struct deed_step *steps;
	size_t n_steps;
};

/* In memory only.  `item` is taken. */
int deed_begin(struct deed *deed, struct action_call *call, json_t *item, size_t n_steps,
	       struct fault *fault) MUST_CHECK;

/*
 * Claims a plan of this pair.  0: go on; 1: it was done before under this very key, *result_r is what came of it; -1:
 * refused.  `key` may be NULL.  In any case deed_end() follows.
 */
int deed_claim(struct deed *deed, struct action_call *call, const char *pair, const char *plan_id, const char *key,
	       size_t n_steps, json_t **result_r, struct fault *fault) MUST_CHECK;

/* Notes a step, durably; `detail` is taken (NULL: none).  -1: it could not be noted, and nothing more may be written.
 */
int deed_note(struct deed *deed, size_t step, enum keeper_status status, json_t *detail,
	      struct fault *fault) MUST_CHECK;

/* The end: `result` (with "replayed": false added) is what later claims are told.  A failure is logged. */
void deed_finish(struct deed *deed, bool is_clean, json_t *result);

/* Gives everything back.  A plan that was not finished can be resumed. */
void deed_end(struct deed *deed);

#endif
