/*
 * pricing_private.h - the pricing domain's parts (private to the pricing and price_*.c files)
 */
#ifndef ACTION_PRICING_PRIVATE_H
#define ACTION_PRICING_PRIVATE_H

#include "action/action.h"
#include "commit.h"

/* price_prepare.c: pricing.prepare_bulk_price_update */
int price_prepare(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault) MUST_CHECK;

/* price_commit.c: carries out a plan whose items have a `sku` as key and price, special_price and its dates as fields.
 */
extern const struct commit_ops price_commit_ops;

/* price_read.c: present values. */

/* Names in `present` beside the fields. */
#define PRICE_SPECIAL_ROW "row" /* the present row of the special price, as Magento gave it */
#define PRICE_BY_PUT                                                                                                   \
	"put" /* the bulk routes do not serve this product: it is written by a PUT.  Also in a plan's item */

const char *price_sku(const struct commit_step *step);

/* The store id of a step's scope, 0 for "all", -1 when it cannot be found out. */
int64_t price_store_id(struct store_client *sc, const char *scope);

/* As commit_ops.read. */
int price_read(struct store_client *sc, struct commit_step *const *steps, size_t n, struct fault *fault);

/*
 * A POST of a bulk price route with a list, in pieces as large as the shop allows.  `take` is given the answer to the
 * elements from ... from + n - 1; a refusal of it ends the sending.  When a piece fails, `done` elements were answered
 * before it.
 */
struct price_post {
	const char *path; /* "/products/base-prices" */
	const char *name; /* of the list in the body: "prices" or "skus" */
	json_t *list;	  /* borrowed */
	bool is_read;	  /* changes nothing: may be repeated */
	int (*take)(void *ctx, size_t from, size_t n, const json_t *answer, struct fault *fault);
	void *ctx;
	size_t done;   /* elements answered so far */
	size_t piece;  /* elements of the last piece sent */
	bool in_doubt; /* the last piece may have been carried out though it failed */
};
int price_post(struct store_client *sc, struct price_post *post, struct fault *fault) MUST_CHECK;

#endif
