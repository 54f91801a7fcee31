/*
 * plan.h - the first phase of a change: what would change, item by item, kept durably (private to action/)
 *
 * A prepare tool resolves what it would touch, adds every item that differs from its target, and finishes: the plan is
 * then stored by the keeper and can be committed by another call, in another session, after a restart.  Nothing changes
 * in the shop.
 *
 * An item is a JSON object, kept as it is for the commit:
 *
 *	{"key":{"sku":"A-1"}, "title":"Blue Widget",
 *	 "writes":[{"scope":"all","from":{"price":10.0},"to":{"price":12.0}}], ...what the domain needs}
 *
 * `key` names the item in results; each element of `writes` is one request (a step) of the commit.  An object
 *`shown_diff`
 * ({field:{from,to}}) is shown in sample_diffs instead of values that are too long to show.
 */
#ifndef ACTION_PLAN_H
#define ACTION_PLAN_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "action/action.h"
#include "json/schema.h"
#include "reach.h"

struct plan;

/*
 * `pair` names prepare and commit together, such as "catalog.bulk_update"; `commit_tool` is said to the caller; `noun`
 * is what the items are ("products": without its s when there is one).  NULL without memory.
 */
struct plan *plan_new(struct action_call *call, const char *pair, const char *commit_tool, const char *noun);
void plan_free(struct plan **plan);

/* Takes the item.  -1 without memory. */
int plan_add(struct plan *plan, json_t *item) MUST_CHECK;
void plan_add_unchanged(struct plan *plan); /* one that is already as wanted */

/* Left out, with the reason.  `key` is taken. */
int plan_skip(struct plan *plan, json_t *key, const char *reason) MUST_CHECK;

/* A sentence for the caller; at most 50 are kept. */
void plan_warn(struct plan *plan, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* What many plans have to say: listed SKUs that the shop does not have (when there are any); very many items. */
void plan_warn_missing(struct plan *plan, const json_t *not_found);
void plan_warn_many(struct plan *plan);

json_t *plan_warnings(const struct plan *plan); /* borrowed: an array of texts */

/* A field, where it is written, and which views see it: for effective_scopes.  Fields of the same prefix and views
 * share a row. */
int plan_effective(struct plan *plan, const struct reach_write *write, const char *field) MUST_CHECK;

/* A value as results show it: long text is cut.  A new reference. */
json_t *plan_shown(json_t *value);

size_t plan_count(const struct plan *plan);		  /* items to be changed */
json_t *plan_item(const struct plan *plan, size_t index); /* borrowed */

/*
 * Guardrail (writes at most four times guardrails.max_skus_per_bulk), stores the plan, gives the PlanResult.  `params`
 * and `scope` (may be NULL) are borrowed; members of `extra` (may be NULL) are added to the result.  A plan without
 * items is not stored and says so.  When `id_r` is not NULL it gets the plan's id ("" when there is none).
 */
int plan_finish(struct plan *plan, json_t *params, json_t *scope, json_t *extra, char *id_r, json_t **result_r,
		struct fault *fault) MUST_CHECK;

/* The members of PlanResult, for a tool's own list of result properties. */
extern const struct json_schema plan_diffs_shape, plan_effective_shape, plan_skipped_shape;
extern const struct json_schema plan_result; /* a PlanResult without more */
extern const struct json_schema plan_sample_size_shape;
#define PLAN_RESULT_PROPS                                                                                              \
	{"plan_id", &shape_text, false, "Pass it to commit_tool; absent when there is nothing to change"},             \
	    {"expires_at", &shape_text, false, NULL},                                                                  \
	    {"affected_count", &shape_count, true, "Items that would change"},                                         \
	    {"write_count", &shape_count, true, NULL}, {"unchanged_count", &shape_count, true, NULL},                  \
	    {"sample_diffs", &plan_diffs_shape, true, "The first items, with old and new values"},                     \
	    {"effective_scopes", &plan_effective_shape, true, "Where it is written and which store views see it"},     \
	    {"not_found_skus", &shape_texts, false, NULL}, {"skipped", &plan_skipped_shape, false, NULL},              \
	    {"skipped_count", &shape_count, false, NULL}, {"warnings", &shape_texts, true, NULL},                      \
	    {"commit_tool", &shape_text, true, NULL},                                                                  \
	{                                                                                                              \
		"message", &shape_text, true, NULL                                                                     \
	}

#define PLAN_ID_CAP 37 /* a UUID and a NUL */

#endif
