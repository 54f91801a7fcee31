/*
 * product_plan.h - a plan of new values for product fields: which products, where each field is written, what differs,
 * and the warnings that every such plan needs (private to action/)
 *
 *	store_open(&pp.sc); product_plan_place(); product_plan_read(); product_plan_add() for each of pp.products.items,
 *	or plan_add() of items of the caller's own; product_plan_warn_*(); product_plan_finish(); product_plan_fini()
 */
#ifndef ACTION_PRODUCT_PLAN_H
#define ACTION_PRODUCT_PLAN_H

#include "action/action.h"
#include "catalog_private.h"
#include "match.h"
#include "plan.h"

struct product_plan {
	struct store_client sc;		/* the caller opens and closes it */
	json_t *params;			/* borrowed; `match` and `scope` are read */
	const char *projection;		/* as match_query's; names what the fields and the warnings need */
	struct catalog_update update;	/* fields, targets, places */
	struct match_products products; /* as the first place sees them, by id */
	json_t **views;			/* owned; for each place the products as it sees them, by id */
	struct plan *plan;		/* owned */
};

/* What can be said of the match before the shop is asked anything. */
int product_plan_check(const struct action_call *call, json_t *params, struct fault *fault) MUST_CHECK;

/* Resolves the scope, and finds the places where `updates` ({field: value}) are written. */
int product_plan_place(struct product_plan *pp, json_t *updates, struct fault *fault) MUST_CHECK;

/* Reads the products in every place, and begins the plan.  Pair and commit tool as plan_new(). */
int product_plan_read(struct product_plan *pp, const char *pair, const char *commit_tool,
		      struct fault *fault) MUST_CHECK;
void product_plan_fini(struct product_plan *pp);

/* The product of this id as place i sees it, or NULL. */
const json_t *product_plan_seen(const struct product_plan *pp, size_t place, int64_t id);

/* Is this a field that the product cannot have a value of its own for? */
typedef bool (*product_plan_lacks_fn)(const struct product_field *field, const json_t *product);

/*
 * Plans what differs from the targets in any place, or counts the product as unchanged.  `lacks` may be NULL.  *item_r
 * is the plan's item (borrowed), NULL when nothing differs.  -1 without memory.
 */
int product_plan_add(struct product_plan *pp, const json_t *product, product_plan_lacks_fn lacks,
		     json_t **item_r) MUST_CHECK;

/* Scopes wider than asked or assumed, the session's default, listed SKUs that there are not. */
void product_plan_warn_scope(struct product_plan *pp);

/* Views whose own values hide a global change, looked for among the first n_shown items. */
int product_plan_warn_overrides(struct product_plan *pp, size_t n_shown, struct fault *fault) MUST_CHECK;

/* Stores the plan, as plan_finish().  `extra` is taken; NULL is "no memory". */
int product_plan_finish(struct product_plan *pp, json_t *extra, char *id_r, json_t **result_r,
			struct fault *fault) MUST_CHECK;

#endif
