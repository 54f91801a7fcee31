/*
 * match.h - from a Match object to the products it selects (private to action/)
 *
 * Given members are ANDed; an empty match is refused, so that no call ever means "all products" by accident.  The cap
 * is judged from the first page's count, before anything else is fetched.  Products come in the spelling and order (by
 * id) of the shop, each once.  What the shop's own comparison takes for the same sku or prefix is looked at again here:
 * only letter case (of ASCII) and trailing spaces may differ.
 */
#ifndef ACTION_MATCH_H
#define ACTION_MATCH_H

#include <jansson.h>
#include <stddef.h>

#include "json/schema.h"
#include "store.h"

extern const struct json_schema match_shape;

struct match_query {
	const char *scope;	/* prefix whose values are read: "all" or a view code */
	const char *projection; /* the inside of items[...]; must name id and sku */
	size_t cap;
};

struct match_products {
	json_t *items;	   /* owned; as Magento gives them */
	json_t *not_found; /* owned; skus of the list that the shop does not have */
};

void match_products_fini(struct match_products *products);

/* What can be said without asking the shop: VALIDATION_ERROR for an empty match, BULK_CAP_EXCEEDED for a list that is
 * too long. */
int match_check(json_t *match, size_t cap, struct fault *fault) MUST_CHECK;

/*
 * BULK_CAP_EXCEEDED, VALIDATION_ERROR (nothing selected, unknown attribute), NOT_FOUND (none of the listed skus),
 * MAGENTO_API_ERROR.
 */
int match_resolve(struct store_client *sc, json_t *match, const struct match_query *query,
		  struct match_products *products_r, struct fault *fault) MUST_CHECK;

/* The same products as another scope sees them, by id: for values that differ from view to view. */
int match_read_ids(struct store_client *sc, json_t *items, const struct match_query *query, json_t **items_r,
		   struct fault *fault) MUST_CHECK;

#endif
