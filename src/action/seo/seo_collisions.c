/*
 * seo_collisions.c - two pages cannot have one address: who has a new URL key already
 *
 * A filter on url_key sees the value that its scope sees, so a scope's own keys and those for all views are both asked
 * for; a change for all views is held against every view.  A key that another product of the plan gives up counts as
 * taken: until its own write it is.
 */
#include <stdlib.h>
#include <string.h>

#include "batch.h"
#include "json/get.h"
#include "magento/product.h"
#include "results.h"
#include "seo_private.h"

#define VIEWS_MAX 10

/* ---- within the plan ---- */

static int
compare_changes(const void *a, const void *b)
{
	const struct seo_change *x = *(const struct seo_change *const *)a, *y = *(const struct seo_change *const *)b;

	if (x->place != y->place)
		return x->place < y->place ? -1 : 1;
	return strcmp(x->new_key, y->new_key);
}

static int
take(struct pool *pool, struct seo_change *change, const char *what, const char *who)
{
	if (change->taken_by != NULL)
		return 0;
	change->taken_by = pool_printf(pool, "%s %s", what, who);
	return change->taken_by != NULL ? 0 : -1;
}

int
seo_collisions_within(struct pool *pool, struct seo_change *changes, size_t n)
{
	struct seo_change **sorted = pool_alloc(pool, (n + 1) * sizeof(*sorted));

	if (sorted == NULL)
		return -1;
	for (size_t i = 0; i < n; i++)
		sorted[i] = &changes[i];
	qsort(sorted, n, sizeof(*sorted), compare_changes);
	for (size_t i = 1; i < n; i++) {
		struct seo_change *a = sorted[i - 1], *b = sorted[i];

		if (compare_changes(&sorted[i - 1], &sorted[i]) != 0 || a->id == b->id)
			continue;
		if (take(pool, a, "the planned key of product", b->sku) < 0 ||
		    take(pool, b, "the planned key of product", a->sku) < 0)
			return -1;
	}
	return 0;
}

/* ---- in the shop ---- */

struct search {
	struct product_plan *pp;
	struct seo_change *changes;
	size_t n;
	size_t place;
	const char **keys; /* of this place, each once */
	size_t n_keys;
	uint32_t page; /* keys in one request: each is one product's or category's, so they fit one page */
};

static bool
has_key(const struct search *search, const char *key)
{
	for (size_t i = 0; i < search->n_keys; i++) {
		if (strcmp(search->keys[i], key) == 0)
			return true;
	}
	return false;
}

static int
list_keys(struct search *search, struct fault *fault)
{
	search->keys = pool_alloc(search->pp->sc.call->pool, (search->n + 1) * sizeof(*search->keys));
	search->n_keys = 0;
	if (search->keys == NULL)
		return result_out_of_memory(fault);
	for (size_t i = 0; i < search->n; i++) {
		const struct seo_change *change = &search->changes[i];

		if (change->place == search->place && !has_key(search, change->new_key))
			search->keys[search->n_keys++] = change->new_key;
	}
	return 0;
}

/* One request per piece of the keys. */
static void
ask(struct search *search, struct batch *batch, const char *scope, const char *path, const char *fields)
{
	struct pool *pool = search->pp->sc.call->pool;
	size_t piece;

	for (size_t at = 0; at < search->n_keys; at += piece) {
		struct criteria criteria;

		piece = criteria_in_piece(search->keys + at, search->n_keys - at, CRITERIA_QUERY_MAX / 2);
		if (piece > search->page)
			piece = search->page;
		criteria_init(&criteria, pool);
		criteria_where(&criteria, "url_key", "in", criteria_join(pool, search->keys + at, piece));
		criteria_page(&criteria, search->page, 1);
		criteria_param(&criteria, "fields", fields);
		batch_get_criteria(batch, scope, path, &criteria);
	}
}

static const char *
key_of(const json_t *entity)
{
	const char *key = json_string_value(product_attribute(entity, "url_key"));

	return key != NULL ? key : "";
}

static int
take_product(struct search *search, const json_t *product)
{
	const char *key = key_of(product);

	for (size_t i = 0; i < search->n; i++) {
		struct seo_change *change = &search->changes[i];

		if (change->place != search->place || change->id == json_get_int(product, "id", 0) ||
		    strcmp(change->new_key, key) != 0)
			continue;
		if (take(search->pp->sc.call->pool, change, "product", json_get_str(product, "sku", "")) < 0)
			return -1;
	}
	return 0;
}

static int
take_category(struct search *search, const json_t *category)
{
	const char *key = key_of(category);

	for (size_t i = 0; i < search->n; i++) {
		struct seo_change *change = &search->changes[i];

		if (change->place != search->place || strcmp(change->new_key, key) != 0)
			continue;
		if (take(search->pp->sc.call->pool, change, "category", json_get_str(category, "name", "")) < 0)
			return -1;
	}
	return 0;
}

/* All answers of a batch; the first that failed ends it.  1: the pages were too large, they are smaller now. */
static int
run(struct search *search, struct batch *batch, int (*take_one)(struct search *, const json_t *), struct fault *fault)
{
	int r = batch_run(batch, fault);
	uint32_t page = r == 0 ? batch_smaller_page(batch, search->page) : 0;

	if (page > 0) {
		search->page = page;
		return 1;
	}
	for (size_t i = 0; r == 0 && i < batch->n; i++) {
		json_t *items = json_get_array(batch_body(batch, i), "items");

		if (batch_fault(batch, i) != NULL) {
			fault_move(fault, &batch->faults[i]);
			r = -1;
		}
		for (size_t k = 0; r == 0 && k < json_array_size(items); k++) {
			if (take_one(search, json_array_get(items, k)) < 0)
				r = result_out_of_memory(fault);
		}
	}
	return r;
}

static int
search_products(struct search *search, struct fault *fault)
{
	const char *prefix = search->pp->update.places[search->place].write->prefix;
	bool everywhere = strcmp(prefix, MAGENTO_SCOPE_ALL) == 0;
	const char **views = NULL;
	size_t n_views = everywhere ? reach_all_views(&search->pp->sc, &search->pp->update.reach, &views) : 0;
	struct batch batch;
	int r;

	batch_init(&batch, &search->pp->sc, (VIEWS_MAX + 2) * (search->n_keys + 1));
	ask(search, &batch, MAGENTO_SCOPE_ALL, "/products", "items[id,sku,custom_attributes],total_count");
	if (!everywhere)
		ask(search, &batch, prefix, "/products", "items[id,sku,custom_attributes],total_count");
	for (size_t i = 0; i < n_views && i < VIEWS_MAX; i++)
		ask(search, &batch, views[i], "/products", "items[id,sku,custom_attributes],total_count");
	r = run(search, &batch, take_product, fault);
	batch_fini(&batch);
	if (r == 0 && n_views > VIEWS_MAX)
		plan_warn(search->pp->plan, "Collisions were looked for in the first %d store views only", VIEWS_MAX);
	return r == 1 ? search_products(search, fault) : r;
}

/* Without the permission to read categories the plan says that nobody looked there. */
static int
search_categories(struct search *search, struct fault *fault)
{
	const char *prefix = search->pp->update.places[search->place].write->prefix;
	struct batch batch;
	int r;

	batch_init(&batch, &search->pp->sc, search->n_keys + 1);
	ask(search, &batch, prefix, "/categories/list", "items[id,name,custom_attributes],total_count");
	r = run(search, &batch, take_category, fault);
	batch_fini(&batch);
	if (r == 1)
		return search_categories(search, fault);
	if (r < 0 && fault->code == FAULT_FORBIDDEN) {
		fault_fini(fault);
		fault_init(fault);
		plan_warn(search->pp->plan,
			  "Collisions with categories could not be looked for: the role may not read them");
		return 0;
	}
	return r;
}

int
seo_collisions_find(struct product_plan *pp, struct seo_change *changes, size_t n, const struct seo_suffixes *suffixes,
		    struct fault *fault)
{
	struct search search = {.pp = pp, .changes = changes, .n = n, .page = CRITERIA_IN_MAX};

	if (seo_collisions_within(pp->sc.call->pool, changes, n) < 0)
		return result_out_of_memory(fault);
	for (search.place = 0; search.place < pp->update.n_places; search.place++) {
		if (list_keys(&search, fault) < 0)
			return -1;
		if (search.n_keys == 0)
			continue;
		if (search_products(&search, fault) < 0)
			return -1;
		if (suffixes[search.place].same_for_categories && search_categories(&search, fault) < 0)
			return -1;
	}
	return 0;
}
