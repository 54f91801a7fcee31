/*
 * seo_private.h - the seo domain's parts (private to the seo*.c files)
 */
#ifndef ACTION_SEO_PRIVATE_H
#define ACTION_SEO_PRIVATE_H

#include "action/action.h"
#include "catalog/catalog_private.h"
#include "commit.h"
#include "catalog/match.h"
#include "plan.h"
#include "seo_url_key.h"

#define SEO_PROJECTION "id,sku,name,type_id,updated_at,status,visibility,custom_attributes"

/* ---- seo_products.c: the matching products, as each place of the change sees them ---- */

struct seo_products {
	struct store_client sc;
	json_t *params;
	struct catalog_update update;
	struct match_products products;
	json_t **views; /* in the order of update.places; owned */
	struct plan *plan;
	json_t *warnings; /* those of the plan once more; owned */
};

/* What can be said of the match before the shop is asked anything. */
int seo_products_check(const struct action_call *call, json_t *params, struct fault *fault) MUST_CHECK;

/* Resolves scope and match and begins the plan.  `updates` are {field: value} of product fields. */
int seo_products_read(struct seo_products *seo, json_t *updates, const char *pair, const char *commit_tool,
		      struct fault *fault) MUST_CHECK;
void seo_products_fini(struct seo_products *seo); /* not the client */

/* The product of this id as place i sees it, or NULL. */
const json_t *seo_product_at(const struct seo_products *seo, size_t place, int64_t id);

/* A warning of the plan. */
void seo_warn(struct seo_products *seo, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Warnings that all changes of products share: scopes that are wider than asked, values that hide a global change. */
void seo_warn_scope(struct seo_products *seo);
int seo_warn_overrides(struct seo_products *seo, size_t n_shown, struct fault *fault) MUST_CHECK;

/* Stores the plan.  `extra` is taken. */
int seo_finish(struct seo_products *seo, json_t *extra, char *id_r, json_t **result_r, struct fault *fault) MUST_CHECK;

/* ---- seo_collisions.c: who has a key already ---- */

struct seo_change {
	const json_t *product; /* as the place sees it */
	const char *sku;
	int64_t id;
	size_t place;
	const char *old_key, *new_key;
	const char *taken_by; /* NULL: free */
};

struct seo_suffixes {
	const char *product;
	bool same_for_categories;
	bool is_assumed;
};

/* Fills taken_by of changes.  `suffixes` are those of each place. */
int seo_collisions_find(struct seo_products *seo, struct seo_change *changes, size_t n,
			const struct seo_suffixes *suffixes, struct fault *fault) MUST_CHECK;

/* Two changes of one place that want the same key; pure.  Texts are in the pool.  -1 without memory. */
int seo_collisions_within(struct pool *pool, struct seo_change *changes, size_t n) MUST_CHECK;

/* ---- the tools ---- */

int seo_prepare_url_keys(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault);
extern const struct json_schema seo_url_keys_params, seo_url_keys_result;

int seo_commit_url_keys(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault);

int seo_ask_url_keys(struct action_call *call, const json_t *params, struct buf *text, struct fault *fault);

int seo_update_meta(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault);
extern const struct json_schema seo_meta_params;

#endif
