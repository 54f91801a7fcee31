/*
 * commit.h - the second phase: carrying out a plan, exactly once per item, whatever dies meanwhile (private to action/)
 *
 * The engine claims the plan, reads what is there now, leaves alone what somebody changed since, writes the rest and
 * journals every step before and after its request.  A domain says how to read, how to write and how to compare.
 */
#ifndef ACTION_COMMIT_H
#define ACTION_COMMIT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "action/action.h"
#include "json/schema.h"
#include "keeper/keeper.h"
#include "store.h"

struct commit_step {
	uint32_t item;
	uint16_t step;
	json_t *plan_item; /* borrowed: the item as prepared */
	const char *scope; /* of this write */
	json_t *from, *to; /* borrowed: planned values by field */
	json_t *present;   /* owned: values read now, by field; NULL: not read, or gone */
	bool gone;	   /* set by read: the entity does not exist any more */
	enum keeper_status status;
	bool in_doubt;	    /* set by write: it may have been carried out */
	bool answered;	    /* set by write, beside in_doubt: an answer came, so nothing is under way any more */
	unsigned tries;	    /* the engine's: writes of this call */
	struct fault fault; /* of ERROR */
};

struct commit_ops {
	const char *pair; /* as given to plan_new() */
	const char *noun; /* "products" */
	size_t chunk;	  /* steps read and written together; 0: 100 are read, and each is written by itself */

	/* Fills `present` (or `gone`) of n steps.  -1: the whole chunk could not be read. */
	int (*read)(struct store_client *sc, struct commit_step *const *steps, size_t n, struct fault *fault);

	/*
	 * Writes n steps, side by side where it can; of a kind without `chunk` one, and the engine calls it for many
	 * side by side, each on a fiber of its own.  Sets status (UPDATED, ERROR with fault) of each; an ERROR with
	 * in_doubt is settled by reading.  A fault of the caller's credentials goes into the step like any other: the
	 * engine stops.  What never left for lack of a connection is tried again.
	 */
	void (*write)(struct store_client *sc, struct commit_step *const *steps, size_t n);

	/* Are two values of a field the same? */
	bool (*same)(const char *field, const json_t *a, const json_t *b);

	/*
	 * May be NULL.  Other operations for the same pair that carry these steps (all of the plan) better; NULL: none.
	 * Called again for the same steps after an interruption, it says the same.
	 */
	const struct commit_ops *(*choose)(const struct commit_step *steps, size_t n);

	/* Today's guardrails for the whole plan, before anything is written; may be NULL.  `arguments` are prepare's.
	 */
	int (*recheck)(struct action_call *call, json_t *arguments, uint32_t n_items, struct fault *fault);

	/* Adds to the result after the last item; may be NULL. */
	void (*after)(struct store_client *sc, struct commit_step *const *steps, size_t n, json_t *result);
};

/* The `run` of a commit tool: params are CommitParams. */
int commit_run(struct action_call *call, json_t *params, const struct commit_ops *ops, json_t **result_r,
	       struct fault *fault) MUST_CHECK;

/* The same for a plan that this very call has stored (one-step tools on the engine); `key` may be NULL. */
int commit_run_plan(struct action_call *call, const char *plan_id, const char *key, bool force,
		    const struct commit_ops *ops, json_t **result_r, struct fault *fault) MUST_CHECK;

/* The `question` of a commit tool. */
int commit_question(struct action_call *call, const json_t *params, const struct commit_ops *ops, struct buf *text,
		    struct fault *fault) MUST_CHECK;

/*
 * For `write` functions that send one request per step: sends them side by side, `limits.parallel` at a time.  Step i
 * is UPDATED when its request succeeded and check(steps[i], reply) finds no difference (check may be NULL), else ERROR.
 */
typedef int (*commit_check_fn)(struct commit_step *step, const json_t *reply, struct fault *fault);
void commit_send(struct store_client *sc, struct commit_step *const *steps, const struct magento_request *requests,
		 size_t n, commit_check_fn check);

extern const struct json_schema commit_params; /* CommitParams */
extern const struct json_schema commit_result; /* CommitResult */

#endif
