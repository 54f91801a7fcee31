/*
 * display_check.c - diagnostics.product_display_check: gathering the facts
 */
#include "display_check.h"

#include <stdlib.h>
#include <string.h>

#include "action/env.h"
#include "base/clock.h"
#include "batch.h"
#include "json/get.h"
#include "magento/error.h"
#include "magento/graphql.h"
#include "magento/product.h"
#include "magento/scope.h"
#include "results.h"
#include "shapes.h"
#include "stock.h"
#include "store.h"

#define CATEGORIES_MAX 1000
#define PRODUCT_FIELDS                                                                                                 \
	"id,sku,name,type_id,status,visibility,price,extension_attributes,media_gallery_entries,custom_attributes"

struct check {
	struct store_client *sc;
	const char *sku; /* as stored, once the product has been read */
	json_t *facts;   /* owned */
	json_t *product, *views; /* in `facts` */
	char suffix[64]; /* of product addresses, as the last view said */
};

static int
set_text(json_t *object, const char *key, const char *text, struct fault *fault)
{
	return json_object_set_new(object, key, json_string(text)) < 0 ? result_out_of_memory(fault) : 0;
}

static int
set_value(json_t *object, const char *key, json_t *value, struct fault *fault)
{
	return json_object_set(object, key, value) < 0 ? result_out_of_memory(fault) : 0;
}

/* ---- the product ---- */

/* 0, 1 when there is none, -1. */
static int
read_product(struct check *check, struct fault *fault)
{
	struct magento_param fields = {"fields", PRODUCT_FIELDS};
	struct magento_request request = {.method = FETCH_GET,
	    .scope = MAGENTO_SCOPE_ALL,
	    .path = batch_path(check->sc->call->pool, "/products/", check->sku, ""),
	    .query = &fields,
	    .n_query = 1};
	struct magento_reply reply;
	int r;

	if (request.path == NULL)
		return result_out_of_memory(fault);
	magento_reply_init(&reply);
	r = magento_call(&check->sc->magento, &request, &reply, fault);
	if (r < 0 && fault->code == FAULT_NOT_FOUND) {
		fault_fini(fault);
		fault_init(fault);
		r = 1;
	} else if (r == 0 && json_get_str(reply.body, "sku", NULL) == NULL) {
		r = fault_set(fault, FAULT_MAGENTO_API_ERROR, json_pack("{s:s}", "kind", MAGENTO_KIND_NOT_JSON),
		    "Magento answered something that is no product. Is there a proxy or a module in between?");
	} else if (r == 0) {
		product_drop_media_content(reply.body);
		check->product = reply.body;
		check->sku = json_get_str(reply.body, "sku", "");
		r = set_value(check->facts, "product", reply.body, fault);
	}
	magento_reply_fini(&reply);
	return r;
}

static bool
is_configurable(const struct check *check)
{
	return strcmp(json_get_str(check->product, "type_id", ""), "configurable") == 0;
}

/* ---- views ---- */

static int64_t
root_category(const struct scope_lists *lists, int64_t group_id)
{
	for (size_t i = 0; i < json_array_size(lists->groups); i++) {
		const json_t *group = json_array_get(lists->groups, i);

		if (json_get_int(group, "id", 0) == group_id)
			return json_get_int(group, "root_category_id", 0);
	}
	return 0;
}

static int
add_views(struct check *check, const struct scope_lists *lists, const struct scope_tree *tree, const char *only,
    struct fault *fault)
{
	for (size_t i = 0; i < tree->n_views; i++) {
		const struct scope_view *view = &tree->views[i];
		const struct scope_website *website = scope_website_by_id(tree, view->website_id);

		if (!view->active || website == NULL || (only != NULL && strcmp(view->code, only) != 0))
			continue;
		if (json_array_append_new(check->views,
			json_pack("{s:s, s:s, s:I, s:I}", "code", view->code, "website_code", website->code, "website_id",
			    (json_int_t)website->id, "root_category_id", (json_int_t)root_category(lists, view->group_id))) < 0)
			return result_out_of_memory(fault);
	}
	return 0;
}

/* Without the permission to read the tree: the one view that was named, or the product's values for all views. */
static int
add_blind_view(struct check *check, const char *only, struct fault *fault)
{
	struct fault why;
	int r;

	fault_init(&why);
	fault_move(&why, fault);
	r = set_text(check->facts, "views_error", why.message, fault);
	if (r == 0 && json_array_append_new(check->views, json_pack("{s:s}", "code", only != NULL ? only : MAGENTO_SCOPE_ALL)) < 0)
		r = result_out_of_memory(fault);
	fault_fini(&why);
	return r;
}

static int
list_views(struct check *check, const char *code, struct fault *fault)
{
	struct store_client *sc = check->sc;
	const struct scope_tree *tree = NULL;
	struct scope_target target;
	struct scope_lists lists;
	const char *only = NULL;
	int r;

	if (code != NULL) {
		if (scope_resolve_view(&sc->magento, sc->call->env->scopes, code, "params", &target, fault) < 0)
			return -1;
		only = target.prefix;
	}
	scope_lists_init(&lists);
	r = scope_lists_read(&sc->magento, sc->call->env->scopes, &lists, fault);
	if (r == 0)
		r = scope_tree_get(&sc->magento, sc->call->env->scopes, false, &tree, NULL, fault);
	if (r == 0)
		r = add_views(check, &lists, tree, only, fault);
	else if (fault->code == FAULT_FORBIDDEN)
		r = add_blind_view(check, only, fault);
	scope_lists_fini(&lists);
	return r;
}

/* ---- values per view, children, categories ---- */

/* `key` gets the answer, `key_error` the reason why there is none. */
static int
take(const struct batch *batch, size_t index, json_t *object, const char *key, const char *error_key, struct fault *fault)
{
	const struct fault *why = batch_fault(batch, index);

	if (why != NULL)
		return set_text(object, error_key, why->message, fault);
	return set_value(object, key, batch_body(batch, index), fault);
}

static int
read_views(struct check *check, struct fault *fault)
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
ids_add(struct check *check, struct ids *ids, const char *id, struct fault *fault)
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

static int
read_categories(struct check *check, const struct ids *ids, json_t *categories, struct fault *fault)
{
	struct pool *pool = check->sc->call->pool;
	struct batch batch;
	size_t piece;
	int r;

	batch_init(&batch, check->sc, ids->n / CRITERIA_IN_MAX + 2);
	for (size_t at = 0; at < ids->n; at += piece) {
		struct criteria criteria;

		piece = ids->n - at < CRITERIA_IN_MAX ? ids->n - at : CRITERIA_IN_MAX;
		criteria_init(&criteria, pool);
		criteria_where(&criteria, "entity_id", "in", criteria_join(pool, ids->items + at, piece));
		criteria_page(&criteria, CRITERIA_IN_MAX, 1);
		criteria_param(&criteria, "fields", "items[id,name,is_active,path],total_count");
		batch_get_criteria(&batch, MAGENTO_SCOPE_ALL, "/categories/list", &criteria);
	}
	r = batch_run(&batch, fault);
	for (size_t i = 0; r == 0 && i < batch.n; i++) {
		const struct fault *why = batch_fault(&batch, i);
		json_t *items = json_get_array(batch_body(&batch, i), "items");

		if (why != NULL)
			r = set_text(check->facts, "categories_error", why->message, fault);
		else if (items != NULL && json_array_extend(categories, items) < 0)
			r = result_out_of_memory(fault);
	}
	batch_fini(&batch);
	return r;
}

/* The steps of all paths that have not been read yet. */
static int
missing_ancestors(struct check *check, const json_t *categories, struct ids *ids, struct fault *fault)
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
find_categories(struct check *check, struct fault *fault)
{
	const json_t *links = json_get_array(json_get_object(check->product, "extension_attributes"), "category_links");
	struct ids ids = {pool_alloc(check->sc->call->pool, CATEGORIES_MAX * sizeof(*ids.items)), 0};
	struct ids above = {pool_alloc(check->sc->call->pool, CATEGORIES_MAX * sizeof(*above.items)), 0};
	json_t *categories = json_array();

	if (ids.items == NULL || above.items == NULL ||
	    json_object_set_new(check->facts, "categories", categories) < 0)
		return result_out_of_memory(fault);
	for (size_t i = 0; i < json_array_size(links); i++) {
		const char *id = json_get_str(json_array_get(links, i), "category_id", "");

		if (id[0] != '\0' && ids_add(check, &ids, id, fault) < 0)
			return -1;
	}
	if (read_categories(check, &ids, categories, fault) < 0 || missing_ancestors(check, categories, &above, fault) < 0)
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
list_sites(struct check *check, struct stock_site *sites)
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
list_skus(struct check *check, const char **skus, size_t max)
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
read_stock(struct check *check, struct fault *fault)
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
	if (r == 0 && (json_object_set(check->facts, "sites", resolved) < 0 || json_object_set(check->facts, "levels", levels) < 0 ||
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
ask_route(struct check *check, json_t *view, const char *key, json_t **data_r, struct fault *fault)
{
	const char *code = json_get_str(view, "code", MAGENTO_SCOPE_ALL);
	const char *url = pool_printf(check->sc->call->pool, "%s%s", key, check->suffix);
	json_t *variables;
	int r;

	if (url == NULL || set_text(view, "url", url, fault) < 0)
		return result_out_of_memory(fault);
	variables = json_pack("{s:s}", "u", url);
	if (variables == NULL)
		return result_out_of_memory(fault);
	r = graphql_query(&check->sc->magento, strcmp(code, MAGENTO_SCOPE_ALL) != 0 ? code : NULL, ROUTE_QUERY, variables, data_r,
	    fault);
	json_decref(variables);
	return r;
}

/*
 * The suffix is a setting of each view; the same question gives it and, when the guess was right, the answer.
 */
static int
find_route(struct check *check, json_t *view, const char *key, struct fault *fault)
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
read_routes(struct check *check, struct fault *fault)
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
		if (no_use != NULL && set_text(view, "route_error", no_use, fault) < 0)
			return -1;
	}
	return 0;
}

/* ---- the whole ---- */

static int
set_today(struct check *check, struct fault *fault)
{
	char now[CLOCK_ISO_CAP];

	clock_format_iso(clock_wall_ms(), now);
	now[sizeof("2026-11-22") - 1] = '\0';
	return set_text(check->facts, "today", now, fault);
}

static int
gather(struct check *check, struct fault *fault)
{
	if (set_today(check, fault) < 0 || read_views(check, fault) < 0 || find_categories(check, fault) < 0 ||
	    read_stock(check, fault) < 0)
		return -1;
	return read_routes(check, fault);
}

static int
check_product(struct check *check, const json_t *params, json_t **result_r, struct fault *fault)
{
	int r;

	check->sku = json_get_str(params, "sku", "");
	check->facts = json_object();
	check->views = json_array();
	if (check->facts == NULL || json_object_set_new(check->facts, "views", check->views) < 0)
		return result_out_of_memory(fault);
	r = list_views(check, json_get_str(params, "store_view_code", NULL), fault);
	if (r == 0)
		r = read_product(check, fault);
	if (r < 0)
		return -1;
	if (r == 1) {
		*result_r = display_not_found(check->sku);
	} else {
		if (gather(check, fault) < 0)
			return -1;
		*result_r = display_judge(check->facts);
	}
	if (*result_r != NULL && result_clean(*result_r) == 0)
		return 0;
	json_decref(*result_r);
	*result_r = NULL;
	return result_out_of_memory(fault);
}

int
display_check_run(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	struct store_client sc;
	struct check check = {.sc = &sc};
	int r = store_open(&sc, call, fault);

	if (r == 0)
		r = check_product(&check, params, result_r, fault);
	json_decref(check.facts);
	store_close(&sc);
	return r;
}

/* ---- shapes ---- */

static bool
match_code(const char *text, size_t len)
{
	return strlen(text) == len && scope_is_code(text);
}

static const struct json_schema view_code = {.type = JSON_T_STRING,
    .max_length = SCOPE_CODE_MAX,
    .match = match_code,
    .pattern = "^[A-Za-z][A-Za-z0-9_]*$",
    .hint = "must be a code: a letter, then letters, digits and _",
    .description = "Check this store view only; default: every active one"};

static const struct json_prop params_props[] = {
    {"sku", &shape_sku, true, NULL},
    {"store_view_code", &view_code, false, NULL},
    {0},
};
const struct json_schema display_check_params = {.type = JSON_T_OBJECT, .props = params_props};

static const char *const check_names[] = {
    "status", "visibility", "website", "category", "price", "stock", "children", "image", "url", NULL};
static const struct json_schema check_name = {.type = JSON_T_STRING, .enumeration = check_names};
static const struct json_schema flag_or_null = {.type = JSON_T_BOOLEAN, .nullable = true};
static const struct json_schema number = {.type = JSON_T_NUMBER};
static const struct json_schema integer = {.type = JSON_T_INTEGER};

static const struct json_prop one_check_props[] = {
    {"check", &check_name, true, NULL},
    {"view", &shape_text, false, "Store view; absent: the product as a whole"},
    {"ok", &flag_or_null, true, "null: could not be checked"},
    {"detail", &shape_text, true, NULL},
    {0},
};
static const struct json_schema one_check = {.type = JSON_T_OBJECT, .props = one_check_props};
static const struct json_schema checks = {.type = JSON_T_ARRAY, .items = &one_check};

static const struct json_prop result_props[] = {
    {"sku", &shape_text, true, "As the shop spells it"},
    {"found", &shape_flag, true, NULL},
    {"product_name", &shape_text, false, NULL},
    {"type_id", &shape_text, false, NULL},
    {"status", &integer, false, "1 enabled, 2 disabled; the value for all store views"},
    {"visibility", &integer, false, "1 not visible, 2 catalog, 3 search, 4 both"},
    {"price", &number, false, NULL},
    {"issues", &shape_texts, true, NULL},
    {"issue_count", &shape_count, true, NULL},
    {"recommended_actions", &shape_texts, true, NULL},
    {"checks", &checks, true, "All that was checked, in order"},
    {0},
};
const struct json_schema display_check_result = {.type = JSON_T_OBJECT, .props = result_props};
