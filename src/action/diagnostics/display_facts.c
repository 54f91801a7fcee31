/*
 * display_facts.c - what is known about one product: per view, in its categories, in stock, on the storefront
 */
#include "display_facts.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "batch.h"
#include "display_check.h"
#include "json/get.h"
#include "magento/graphql.h"
#include "magento/product.h"
#include "results.h"
#include "stock.h"

#define CATEGORIES_MAX 1000

int
display_facts_set_text(json_t *object, const char *key, const char *text, struct fault *fault)
{
	return json_object_set_new(object, key, json_string(text)) < 0 ? result_out_of_memory(fault) : 0;
}

int
display_facts_set(json_t *object, const char *key, json_t *value, struct fault *fault)
{
	return json_object_set(object, key, value) < 0 ? result_out_of_memory(fault) : 0;
}

static bool
is_configurable(const struct display_facts *check)
{
	return strcmp(json_get_str(check->product, "type_id", ""), "configurable") == 0;
}

/* ---- values per view ---- */

/* `key` gets the answer, `key_error` the reason why there is none. */
static int
take(const struct batch *batch, size_t index, json_t *object, const char *key, const char *error_key,
     struct fault *fault)
{
	const struct fault *why = batch_fault(batch, index);

	if (why != NULL)
		return display_facts_set_text(object, error_key, why->message, fault);
	return display_facts_set(object, key, batch_body(batch, index), fault);
}

static int
read_views(struct display_facts *check, struct fault *fault)
{
	struct pool *pool = check->sc->call->pool;
	const char *product = batch_path(pool, "/products/", check->sku, "");
	const char *children = batch_path(pool, "/configurable-products/", check->sku, "/children");
	size_t n = json_array_size(check->views), step = is_configurable(check) ? 2 : 1;
	struct batch batch;
	int r;

	batch_init(&batch, check->sc, n * step);
	for (size_t i = 0; i < n; i++) {
		const char *code = json_get_str(json_array_get(check->views, i), "code", MAGENTO_SCOPE_ALL);

		batch_get_fields(&batch, code, product, "status,visibility,price,custom_attributes");
		if (step == 2)
			batch_get_fields(&batch, code, children, "sku,status,price");
	}
	r = batch_run(&batch, fault);
	for (size_t i = 0; r == 0 && i < n; i++) {
		json_t *view = json_array_get(check->views, i);

		r = take(&batch, i * step, view, "product", "error", fault);
		if (r == 0 && step == 2)
			r = take(&batch, i * step + 1, view, "children", "children_error", fault);
	}
	batch_fini(&batch);
	return r;
}

/* Ids as text, each once. */
struct ids {
	const char **items;
	size_t n;
};

static int
ids_add(struct display_facts *check, struct ids *ids, const char *id, struct fault *fault)
{
	for (size_t i = 0; i < ids->n; i++) {
		if (strcmp(ids->items[i], id) == 0)
			return 0;
	}
	if (ids->n >= CATEGORIES_MAX)
		return 0;
	ids->items[ids->n] = pool_strdup(check->sc->call->pool, id);
	return ids->items[ids->n++] == NULL ? result_out_of_memory(fault) : 0;
}

static bool
is_known(const json_t *categories, const char *id)
{
	for (size_t i = 0; i < json_array_size(categories); i++) {
		if (json_get_int(json_array_get(categories, i), "id", 0) == strtoll(id, NULL, 10))
			return true;
	}
	return false;
}

/* Asks for the categories with these ids, a page's worth at a time. */
static void
ask_categories(struct batch *batch, const struct ids *ids, uint32_t page)
{
	struct pool *pool = batch->sc->call->pool;
	size_t piece;

	for (size_t at = 0; at < ids->n; at += piece) {
		struct criteria criteria;

		piece = ids->n - at < page ? ids->n - at : page;
		criteria_init(&criteria, pool);
		criteria_where(&criteria, "entity_id", "in", criteria_join(pool, ids->items + at, piece));
		criteria_page(&criteria, page, 1);
		criteria_param(&criteria, "fields", "items[id,name,is_active,path],total_count");
		batch_get_criteria(batch, MAGENTO_SCOPE_ALL, "/categories/list", &criteria);
	}
}

static int
take_categories(struct display_facts *check, const struct batch *batch, json_t *categories, struct fault *fault)
{
	for (size_t i = 0; i < batch->n; i++) {
		const struct fault *why = batch_fault(batch, i);
		json_t *items = json_get_array(batch_body(batch, i), "items");

		if (why != NULL && display_facts_set_text(check->facts, "categories_error", why->message, fault) < 0)
			return -1;
		if (items != NULL && json_array_extend(categories, items) < 0)
			return result_out_of_memory(fault);
	}
	return 0;
}

static int
read_categories(struct display_facts *check, const struct ids *ids, json_t *categories, struct fault *fault)
{
	uint32_t page = CRITERIA_IN_MAX;
	int r = 0;

	while (r == 0 && page > 0) {
		struct batch batch;
		uint32_t smaller;

		batch_init(&batch, check->sc, ids->n / page + 2);
		ask_categories(&batch, ids, page);
		r = batch_run(&batch, fault);
		smaller = r == 0 ? batch_smaller_page(&batch, page) : 0;
		if (r == 0 && smaller == 0)
			r = take_categories(check, &batch, categories, fault);
		batch_fini(&batch);
		page = smaller;
	}
	return r;
}

/* The steps of all paths that have not been read yet. */
static int
missing_ancestors(struct display_facts *check, const json_t *categories, struct ids *ids, struct fault *fault)
{
	for (size_t i = 0; i < json_array_size(categories); i++) {
		struct slice rest = json_get_slice(json_array_get(categories, i), "path");
		struct slice part;
		char id[24];

		while (slice_next(&rest, '/', &part)) {
			if (slice_to_str(part, id, sizeof(id)) < 0 || strcmp(id, "1") == 0 || is_known(categories, id))
				continue;
			if (ids_add(check, ids, id, fault) < 0)
				return -1;
		}
	}
	return 0;
}

static int
find_categories(struct display_facts *check, struct fault *fault)
{
	const json_t *links = json_get_array(json_get_object(check->product, "extension_attributes"), "category_links");
	struct ids ids = {pool_alloc(check->sc->call->pool, CATEGORIES_MAX * sizeof(*ids.items)), 0};
	struct ids above = {pool_alloc(check->sc->call->pool, CATEGORIES_MAX * sizeof(*above.items)), 0};
	json_t *categories = json_array();

	if (ids.items == NULL || above.items == NULL || json_object_set_new(check->facts, "categories", categories) < 0)
		return result_out_of_memory(fault);
	for (size_t i = 0; i < json_array_size(links); i++) {
		const char *id = json_get_str(json_array_get(links, i), "category_id", "");

		if (id[0] != '\0' && ids_add(check, &ids, id, fault) < 0)
			return -1;
	}
	if (read_categories(check, &ids, categories, fault) < 0 ||
	    missing_ancestors(check, categories, &above, fault) < 0)
		return -1;
	return read_categories(check, &above, categories, fault);
}

/* ---- stock ---- */

static bool
has_site(const struct stock_site *sites, size_t n, int64_t website_id)
{
	for (size_t i = 0; i < n; i++) {
		if (sites[i].website_id == website_id)
			return true;
	}
	return false;
}

/* The websites of the views, those that the product belongs to. */
static size_t
list_sites(struct display_facts *check, struct stock_site *sites)
{
	size_t n = 0;

	for (size_t i = 0; i < json_array_size(check->views); i++) {
		const json_t *view = json_array_get(check->views, i);
		int64_t id = json_get_int(view, "website_id", 0);

		if (id != 0 && display_is_assigned(check->product, view) && !has_site(sites, n, id))
			sites[n++] = (struct stock_site){json_get_str(view, "website_code", ""), id};
	}
	return n;
}

/* The product, and its children as any view knows them. */
static size_t
list_skus(struct display_facts *check, const char **skus, size_t max)
{
	json_t *children = NULL;
	size_t n = 0;

	for (size_t i = 0; i < json_array_size(check->views) && children == NULL; i++)
		children = json_get_array(json_array_get(check->views, i), "children");
	skus[n++] = check->sku;
	for (size_t i = 0; i < json_array_size(children) && n < max; i++)
		skus[n++] = json_get_str(json_array_get(children, i), "sku", "");
	return n;
}

#define SKUS_MAX 501

static int
read_stock(struct display_facts *check, struct fault *fault)
{
	struct pool *pool = check->sc->call->pool;
	struct stock_site *sites = pool_alloc(pool, (json_array_size(check->views) + 1) * sizeof(*sites));
	const char **skus = pool_alloc(pool, SKUS_MAX * sizeof(*skus));
	struct stock_wanted wanted = {.skus = skus, .counted = skus};
	json_t *resolved = NULL, *levels = NULL;
	bool has_msi = true;
	int r;

	if (sites == NULL || skus == NULL)
		return result_out_of_memory(fault);
	wanted.n_skus = list_skus(check, skus, SKUS_MAX);
	wanted.n_counted = stock_is_counted(json_get_str(check->product, "type_id", "")) ? 1 : 0;
	r = stock_resolve(check->sc, sites, list_sites(check, sites), &resolved, &has_msi, fault);
	if (r == 0)
		r = stock_read(check->sc, resolved, &wanted, &levels, fault);
	if (r == 0 && (json_object_set(check->facts, "sites", resolved) < 0 ||
		       json_object_set(check->facts, "levels", levels) < 0 ||
		       json_object_set_new(check->facts, "has_msi", json_boolean(has_msi)) < 0))
		r = result_out_of_memory(fault);
	json_decref(resolved);
	json_decref(levels);
	return r;
}

/* ---- addresses ---- */

#define ROUTE_QUERY                                                                                                    \
	"query($u:String!){storeConfig{product_url_suffix} route(url:$u){__typename relative_url redirect_code type}}"

/* Suffix that the view uses, NULL when it does not say. */
static const char *
suffix_of(const json_t *data)
{
	const json_t *config = json_get_object(data, "storeConfig");

	return config == NULL ? NULL : json_get_str(config, "product_url_suffix", "");
}

static int
ask_route(struct display_facts *check, json_t *view, const char *key, json_t **data_r, struct fault *fault)
{
	const char *code = json_get_str(view, "code", MAGENTO_SCOPE_ALL);
	const char *url = pool_printf(check->sc->call->pool, "%s%s", key, check->suffix);
	json_t *variables;
	int r;

	if (url == NULL || display_facts_set_text(view, "url", url, fault) < 0)
		return result_out_of_memory(fault);
	variables = json_pack("{s:s}", "u", url);
	if (variables == NULL)
		return result_out_of_memory(fault);
	r = graphql_query(&check->sc->magento, strcmp(code, MAGENTO_SCOPE_ALL) != 0 ? code : NULL, ROUTE_QUERY,
			  variables, data_r, fault);
	json_decref(variables);
	return r;
}

/*
 * The suffix is a setting of each view; the same question gives it and, when the guess was right, the answer.
 */
static int
find_route(struct display_facts *check, json_t *view, const char *key, struct fault *fault)
{
	json_t *data = NULL;
	const char *suffix;
	int r = ask_route(check, view, key, &data, fault);

	suffix = r == 0 ? suffix_of(data) : NULL;
	if (suffix != NULL && strcmp(suffix, check->suffix) != 0 && strlen(suffix) < sizeof(check->suffix)) {
		memcpy(check->suffix, suffix, strlen(suffix) + 1);
		json_decref(data);
		data = NULL;
		r = ask_route(check, view, key, &data, fault);
	}
	if (r == 0) {
		json_t *route = json_object_get(data, "route");

		r = json_object_set_new(view, "route", route != NULL ? json_incref(route) : json_null());
		r = r < 0 ? result_out_of_memory(fault) : 0;
	}
	json_decref(data);
	return r;
}

/* The storefront's answer is one check of many: without it the others still count. */
static int
read_routes(struct display_facts *check, struct fault *fault)
{
	const char *no_use = NULL; /* why GraphQL was given up */

	memcpy(check->suffix, ".html", sizeof(".html"));
	for (size_t i = 0; i < json_array_size(check->views); i++) {
		json_t *view = json_array_get(check->views, i);
		const char *key = json_string_value(product_attribute(json_get_object(view, "product"), "url_key"));

		if (key == NULL || key[0] == '\0' || !display_is_assigned(check->product, view))
			continue;
		if (no_use == NULL && find_route(check, view, key, fault) < 0) {
			if (batch_is_fatal(fault) && fault->code != FAULT_NOT_AUTHENTICATED)
				return -1;
			no_use = pool_strdup(check->sc->call->pool, fault->message);
			fault_fini(fault);
			fault_init(fault);
			if (no_use == NULL)
				return result_out_of_memory(fault);
		}
		if (no_use != NULL && display_facts_set_text(view, "route_error", no_use, fault) < 0)
			return -1;
	}
	return 0;
}

/* ---- all of it ---- */

static int
set_today(struct display_facts *check, struct fault *fault)
{
	char now[CLOCK_ISO_CAP];

	clock_format_iso(clock_wall_ms(), now);
	now[sizeof("2026-11-22") - 1] = '\0';
	return display_facts_set_text(check->facts, "today", now, fault);
}

int
display_facts_read(struct display_facts *check, struct fault *fault)
{
	if (set_today(check, fault) < 0 || read_views(check, fault) < 0 || find_categories(check, fault) < 0 ||
	    read_stock(check, fault) < 0)
		return -1;
	return read_routes(check, fault);
}
