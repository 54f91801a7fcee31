/*
 * seo_private.h - the seo domain's parts (private to the seo*.c files)
 */
#ifndef ACTION_SEO_PRIVATE_H
#define ACTION_SEO_PRIVATE_H

#include "action/action.h"
#include "catalog/product_plan.h"
#include "seo_url_key.h"

#define SEO_PROJECTION "id,sku,name,type_id,updated_at,status,visibility,custom_attributes"

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
int seo_collisions_find(struct product_plan *pp, struct seo_change *changes, size_t n,
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
