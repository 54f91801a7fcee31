/*
 * salable.h - diagnostics.inventory_salable_report: what was read, and what it comes to (private to action/)
 */
#ifndef ACTION_SALABLE_H
#define ACTION_SALABLE_H

#include "action/action.h"

/*
 * What was read.  `levels` as from stock_read(); lists that could not be read are NULL and `unavailable` says why.
 */
struct salable_facts {
	const json_t *product;	  /* sku, type_id, extension_attributes */
	const json_t *stock_item; /* or NULL */
	const json_t *sites;	  /* as from stock_resolve() */
	json_t *levels;
	const json_t *source_items; /* or NULL */
	const json_t *children;	    /* [{sku, status}], or NULL: not a configurable product */
	size_t n_children;	    /* in all; `children` holds at most STOCK_CHILDREN_MAX */
	json_t *unavailable;	    /* [{part, reason}] */
	bool has_msi;
	bool all_sites; /* every website was looked at */
};

/* The result of the tool; pure.  A new reference, or NULL without memory. */
json_t *salable_render(const struct salable_facts *facts) MUST_CHECK;

int salable_run(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault);
extern const struct json_schema salable_params, salable_result;

#endif
