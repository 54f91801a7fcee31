/*
 * plan_question.h - what the user is asked before a plan is carried out (private to action/)
 *
 * One sentence with the plan's numbers, its warnings and a few of its changes, all from the summary that the prepare
 * tool gave.
 */
#ifndef ACTION_PLAN_QUESTION_H
#define ACTION_PLAN_QUESTION_H

#include <jansson.h>

#include "action/action.h"
#include "keeper/keeper.h"

struct plan_words {
	const char *noun; /* "products" */
	bool creates;	  /* its items are new */
};

/*
 * [fiber] For an action's `question`: the plan named by params.plan_id, which must be one of this pair, owner and
 * store.  PLAN_NOT_FOUND, PLAN_EXPIRED, IDEMPOTENCY_CONFLICT (it is being committed now) as a commit would say it.
 */
int plan_question(struct action_call *call, const json_t *params, const char *pair, const struct plan_words *words,
		  struct buf *text, struct fault *fault) MUST_CHECK;

/* Pure: the text, out of a plan's summary. */
void plan_question_put(const struct plan_words *words, enum keeper_plan_state state, json_t *summary, bool force,
		       struct buf *text);

/* Appends a value as JSON, cut to what fits a sentence; "-" for NULL. */
void plan_question_value(struct buf *text, const json_t *value);

#endif
