/*
 * catalog.c - the catalog domain: finding and reading products
 */
#include <stdio.h>
#include <string.h>

#include "action/action.h"
#include "action/env.h"
#include "arguments.h"
#include "batch.h"
#include "catalog_private.h"
#include "filters.h"
#include "json/get.h"
#include "magento/error.h"
#include "magento/product.h"
#include "magento/scope.h"
#include "plan.h"
#include "relay.h"
#include "results.h"
#include "shapes.h"
#include "store.h"
#include "window.h"

/* ---- shared ---- */

/* What the caller wants to see of a product. */
struct selection {
	const char *const *names; /* NULL: everything */
	size_t n;
};

static int
select_fields(struct pool *pool, const json_t *params, bool summary, struct selection *selection_r, struct fault *fault)
{
	json_t *fields = json_get_array(params, "fields");
	size_t n = json_array_size(fields);
	const char **names;

	*selection_r = (struct selection){.names = NULL, .n = 0};
	if (fields == NULL) {
		if (summary)
			*selection_r =
			    (struct selection){.names = product_summary_fields, .n = product_n_summary_fields};
		return 0;
	}
	names = pool_alloc(pool, n * sizeof(*names));
	if (names == NULL)
		return result_out_of_memory(fault);
	for (size_t i = 0; i < n; i++) {
		names[i] = json_string_value(json_array_get(fields, i));
		if (strcmp(names[i], "*") == 0)
			return 0;
	}
	*selection_r = (struct selection){.names = names, .n = n};
	return 0;
}

static int
resolve_scope(struct store_client *sc, const json_t *params, struct scope_target *target_r, struct fault *fault)
{
	struct scope given;

	if (scope_from_json(json_object_get(params, "scope"), "params.scope", &given, fault) < 0)
		return -1;
	return scope_resolve_read(&sc->magento, sc->call->env->scopes, &given, sc->call->login.scope.store_view,
				  target_r, fault);
}

/* A product as the caller wants it; takes nothing, gives a new reference. */
static json_t *
shape_product(json_t *product, const struct selection *selection)
{
	json_relay_drop_from(product, &product_media_content);
	if (result_clean(product) < 0)
		return NULL;
	return selection->names == NULL ? json_incref(product) : product_pick(product, selection->names, selection->n);
}

/* ---- catalog.search_products ---- */

struct search {
	json_t *params;
	const char *projection; /* NULL: everything */
};

static int
add_search(void *ctx, struct criteria *criteria, struct fault *fault)
{
	struct search *search = ctx;
	json_t *sort = json_get_array(search->params, "sort");

	if (filters_add(criteria, json_get_object(search->params, "filters"), "params.filters", fault) < 0)
		return -1;
	for (size_t i = 0; i < json_array_size(sort); i++) {
		const json_t *key = json_array_get(sort, i);

		criteria_sort(criteria, json_get_str(key, "field", ""), json_get_str(key, "direction", "ASC"));
	}
	if (json_array_size(sort) == 0)
		criteria_sort(criteria, "entity_id", "ASC");
	if (search->projection != NULL)
		criteria_param(criteria, "fields", search->projection);
	return 0;
}

static int
refuse_sort(size_t index, const char *name, struct fault *fault)
{
	json_t *violations = json_array();
	char path[64];

	snprintf(path, sizeof(path), "params.sort[%zu].field", index);
	arguments_violation(violations, path, "%s is no attribute of products in this shop, so Magento would ignore it",
			    name);
	return arguments_refuse(violations, fault);
}

/* Magento sorts by what it knows and silently ignores the rest: attributes are looked up first. */
static int
check_sort_attribute(struct store_client *sc, size_t index, const char *name, struct fault *fault)
{
	struct magento_request request = {
	    .method = FETCH_GET, .scope = MAGENTO_SCOPE_ALL, .path = "/products/attributes"};
	struct magento_reply reply;
	struct criteria criteria;
	int r;

	criteria_init(&criteria, sc->call->pool);
	criteria_where(&criteria, "attribute_code", "eq", name);
	criteria_page(&criteria, 1, 1);
	criteria_param(&criteria, "fields", "items[attribute_code],total_count");
	if (criteria_finish(&criteria, &request.query, &request.n_query) < 0)
		return result_out_of_memory(fault);
	magento_reply_init(&reply);
	r = magento_call(&sc->magento, &request, &reply, fault);
	if (r == 0 && json_get_array_len(reply.body, "items") == 0) {
		r = refuse_sort(index, name, fault);
	} else if (r < 0 && fault->code == FAULT_FORBIDDEN) { /* the attribute list may not be read: take it as it is */
		fault_fini(fault);
		fault_init(fault);
		r = 0;
	}
	magento_reply_fini(&reply);
	return r;
}

static int
check_sort(struct store_client *sc, const json_t *params, struct fault *fault)
{
	json_t *sort = json_get_array(params, "sort");

	for (size_t i = 0; i < json_array_size(sort); i++) {
		const char *name = json_get_str(json_array_get(sort, i), "field", "");

		if (!product_is_core_sort(name) && check_sort_attribute(sc, i, name, fault) < 0)
			return -1;
	}
	return 0;
}

/* Magento's 400 for an unknown attribute is the caller's mistake, not a failure. */
static void
explain_filter_fault(struct fault *fault)
{
	char text[FAULT_MESSAGE_MAX];

	if (fault->code != FAULT_MAGENTO_API_ERROR || strstr(fault->message, "attribute name is invalid") == NULL)
		return;
	snprintf(text, sizeof(text), "%s", fault->message);
	fault_set(fault, FAULT_VALIDATION_ERROR, json_pack("[{s:s, s:s}]", "path", "params.filters", "message", text),
		  "params.filters: %s", text);
}

static json_t *
scope_read(const struct scope_target *target)
{
	if (strcmp(target->prefix, MAGENTO_SCOPE_ALL) == 0)
		return json_pack("{s:s}", "scope", "global");
	return json_pack("{s:s}", "store_view_code", target->prefix);
}

static int
render_search(const struct window *window, const struct window_page *page, const struct selection *selection,
	      const struct scope_target *target, json_t **result_r, struct fault *fault)
{
	json_t *items = json_array();
	int64_t seen = (int64_t)window->page_size * window->current_page;
	int r = items != NULL ? 0 : -1;

	for (size_t i = 0; r == 0 && i < json_array_size(page->items); i++)
		r = json_array_append_new(items, shape_product(json_array_get(page->items, i), selection));
	if (r == 0) {
		*result_r = json_pack("{s:O, s:I, s:{s:i, s:i}, s:b, s:o}", "items", items, "total_count",
				      (json_int_t)page->total_count, "search_criteria", "page_size",
				      (int)window->page_size, "current_page", (int)window->current_page, "has_more",
				      seen < page->total_count, "scope", scope_read(target));
	}
	json_decref(items);
	return *result_r != NULL ? 0 : result_out_of_memory(fault);
}

static int
search(struct store_client *sc, json_t *params, json_t **result_r, struct fault *fault)
{
	struct search search = {.params = params};
	struct selection selection;
	struct scope_target target;
	struct window_page page = {NULL, 0};
	struct window window = {
	    .path = "/products",
	    .page_size = (uint32_t)json_get_int(params, "page_size", SHAPE_PAGE_SIZE),
	    .current_page = (uint32_t)json_get_int(params, "current_page", 1),
	};
	int r = -1;

	if (select_fields(sc->call->pool, params, true, &selection, fault) < 0 || check_sort(sc, params, fault) < 0 ||
	    resolve_scope(sc, params, &target, fault) < 0)
		return -1;
	if (selection.names != NULL) {
		search.projection = product_projection(sc->call->pool, selection.names, selection.n, false);
		if (search.projection == NULL)
			return result_out_of_memory(fault);
	}
	window.scope = target.prefix;
	if (window_read(&sc->magento, &window, add_search, &search, &page, fault) == 0)
		r = render_search(&window, &page, &selection, &target, result_r, fault);
	else
		explain_filter_fault(fault);
	window_page_fini(&page);
	return r;
}

static int
run_search(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	return store_run(call, params, result_r, fault, search);
}

static bool
match_sort_field(const char *text, size_t len)
{
	return strlen(text) == len && criteria_is_field(text);
}

static const struct json_schema sort_field = {.type = JSON_T_STRING,
					      .match = match_sort_field,
					      .pattern = "^[a-z][a-z0-9_]*$",
					      .hint = "a field name or attribute code in lower case"};
static const char *const directions[] = {"ASC", "DESC", NULL};
static const struct json_schema sort_direction = {
    .type = JSON_T_STRING, .enumeration = directions, .default_json = "\"ASC\""};
static const struct json_prop sort_props[] = {
    {"field", &sort_field, true, NULL}, {"direction", &sort_direction, false, NULL}, {0}};
static const struct json_schema sort_key = {.type = JSON_T_OBJECT, .props = sort_props};
static const struct json_schema sort_keys = {
    .type = JSON_T_ARRAY, .items = &sort_key, .max_items = 3, .description = "Order; default: id ascending"};

static const struct json_prop search_props[] = {
    {"filters", &shape_filters, false, NULL},
    {"fields", &shape_fields, false,
     "Fields to return, core fields or attribute codes; * means everything; default: a summary"},
    {"sort", &sort_keys, false, NULL},
    {"scope", &shape_scope, false, "Store view whose values are returned"},
    {"page_size", &shape_page_size, false, NULL},
    {"current_page", &shape_current_page, false, NULL},
    {0},
};
static const struct json_schema search_params = {.type = JSON_T_OBJECT, .props = search_props};

static const struct json_prop echo_props[] = {
    {"page_size", &shape_count, true, NULL}, {"current_page", &shape_count, true, NULL}, {0}};
static const struct json_schema echo = {.type = JSON_T_OBJECT, .props = echo_props};

static const struct json_prop search_result_props[] = {
    {"items", &shape_objects, true, NULL},
    {"total_count", &shape_count, true, "Products that match, on all pages"},
    {"search_criteria", &echo, true, NULL},
    {"has_more", &shape_flag, true, "Whether there is a next page"},
    {"scope", &shape_scope, true, "Whose values these are"},
    {0},
};
static const struct json_schema search_result = {.type = JSON_T_OBJECT, .props = search_result_props};

/* ---- catalog.get_product ---- */

static int
refuse_no_product(struct fault *fault)
{
	return fault_set(fault, FAULT_MAGENTO_API_ERROR, json_pack("{s:s}", "kind", MAGENTO_KIND_NOT_JSON),
			 "Magento answered something that is no product. Is there a proxy or a module in between?");
}

/* The product as it came, or what was selected of it, becomes the result; `whole` is for the way there. */
static int
relay_product(struct store_client *sc, struct magento_request *request, const struct selection *selection,
	      struct buf *whole, struct fault *fault)
{
	struct buf *out = selection->names == NULL ? &sc->call->text : whole;
	struct relay relay = {.out = out, .drop = &product_media_content};
	struct magento_reply reply;
	int r;

	request->read = relay_read;
	request->ctx = &relay;
	magento_reply_init(&reply);
	r = magento_call(&sc->magento, request, &reply, fault);
	magento_reply_fini(&reply);
	if (r < 0)
		return -1;
	if (out->failed == 0 && out->ptr[0] != '{')
		return refuse_no_product(fault);
	if (selection->names == NULL)
		return 0;
	r = out->failed != 0
		? out->failed
		: product_pick_text(buf_slice(out), selection->names, selection->n, sc->call->pool, &sc->call->text);
	return r == 0 || sc->call->text.failed == ERR_LIMIT ? 0 : result_out_of_memory(fault);
}

static int
get_product(struct store_client *sc, json_t *params, json_t **result_r, struct fault *fault)
{
	struct slice sku = json_get_slice(params, "sku");
	struct magento_param fields = {.name = "fields"};
	struct magento_request request = {
	    .method = FETCH_GET,
	    .path = batch_path(sc->call->pool, "/products/", json_string_value(json_object_get(params, "sku")), "")};
	struct selection selection;
	struct scope_target target;
	struct buf whole;
	int r;

	(void)result_r; /* a text */
	if (select_fields(sc->call->pool, params, false, &selection, fault) < 0 ||
	    resolve_scope(sc, params, &target, fault) < 0)
		return -1;
	request.scope = target.prefix;
	if (selection.names != NULL) {
		fields.value = product_projection(sc->call->pool, selection.names, selection.n, true);
		request.query = &fields;
		request.n_query = 1;
	}
	if (request.path == NULL || (selection.names != NULL && fields.value == NULL))
		return result_out_of_memory(fault);
	buf_init(&whole, (size_t)sc->call->env->config->magento.max_reply_bytes * 6);
	r = relay_product(sc, &request, &selection, &whole, fault);
	buf_fini(&whole);
	if (r < 0 && fault->code == FAULT_NOT_FOUND)
		fault_set(fault, FAULT_NOT_FOUND, NULL,
			  "No product with SKU %.*s. Try catalog_search_products with a like filter.", SLICE_FMT(sku));
	return r;
}

static int
run_get(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	return store_run(call, params, result_r, fault, get_product);
}

static const struct json_prop get_props[] = {
    {"sku", &shape_sku, true, NULL},
    {"fields", &shape_fields, false, "Return only these: core fields or attribute codes; * means everything"},
    {"scope", &shape_scope, false, "Store view whose values are returned"},
    {0},
};
static const struct json_schema get_params = {.type = JSON_T_OBJECT, .props = get_props};

/* The product is Magento's, member by member. */
static const struct json_prop get_result_props[] = {
    {"sku", &shape_text, false, "As the shop spells it; there unless `fields` leaves it out"}, {0}};
static const struct json_schema get_result = {
    .type = JSON_T_OBJECT, .props = get_result_props, .extra = JSON_EXTRA_ALLOWED};

/* ---- the rows ---- */

static const struct action rows[] = {
    {
	.name = "catalog.search_products",
	.title = "Search products",
	.description =
	    "Search products by attribute filters, with sorting and paging; returns a compact summary unless you "
	    "ask for other fields.",
	.tier = ACTION_SAFE,
	.flags = ACTION_NEEDS_LOGIN | ACTION_READ_ONLY | ACTION_IDEMPOTENT | ACTION_OPEN_WORLD,
	.scope = "catalog:read",
	.params = &search_params,
	.result = &search_result,
	.run = run_search,
    },
    {
	.name = "catalog.get_product",
	.title = "Get a product",
	.description = "Get all details of one product by SKU, as seen in the given scope.",
	.tier = ACTION_SAFE,
	.flags = ACTION_NEEDS_LOGIN | ACTION_READ_ONLY | ACTION_IDEMPOTENT | ACTION_OPEN_WORLD,
	.scope = "catalog:read",
	.params = &get_params,
	.result = &get_result,
	.run = run_get,
    },
    {
	.name = "catalog.prepare_bulk_update",
	.title = "Plan a bulk update of products",
	.description =
	    "Plan a change of product fields for all products that match; shows what would change and changes "
	    "nothing. Commit with catalog_commit_bulk_update.",
	.tier = ACTION_RISK,
	.flags = ACTION_NEEDS_LOGIN | ACTION_READ_ONLY | ACTION_OPEN_WORLD,
	.scope = "catalog:write",
	.params = &catalog_prepare_params,
	.result = &plan_result,
	.run = catalog_prepare_update,
    },
    {
	.name = "catalog.commit_bulk_update",
	.title = "Carry out a bulk update of products",
	.description = "Carry out a plan of catalog_prepare_bulk_update.",
	.tier = ACTION_RISK,
	.flags = ACTION_NEEDS_LOGIN | ACTION_DESTRUCTIVE | ACTION_IDEMPOTENT | ACTION_OPEN_WORLD | ACTION_CONFIRM,
	.scope = "catalog:write",
	.params = &commit_params,
	.result = &commit_result,
	.run = catalog_commit_update,
	.question = catalog_ask_update,
    },
};

const struct action_table action_catalog_table = {rows, ARRAY_LEN(rows)};
