/*
 * display_check.c - diagnostics.product_display_check: the product and its store views
 */
#include "display_check.h"

#include <string.h>

#include "action/env.h"
#include "batch.h"
#include "display_facts.h"
#include "json/get.h"
#include "magento/error.h"
#include "magento/product.h"
#include "magento/scope.h"
#include "results.h"
#include "shapes.h"
#include "store.h"

#define PRODUCT_FIELDS                                                                                                 \
	"id,sku,name,type_id,status,visibility,price,extension_attributes,media_gallery_entries,custom_attributes"

/* ---- the product ---- */

/* 0, 1 when there is none, -1. */
static int
read_product(struct display_facts *check, struct fault *fault)
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
		r = fault_set(
		    fault, FAULT_MAGENTO_API_ERROR, json_pack("{s:s}", "kind", MAGENTO_KIND_NOT_JSON),
		    "Magento answered something that is no product. Is there a proxy or a module in between?");
	} else if (r == 0) {
		json_relay_drop_from(reply.body, &product_media_content);
		check->product = reply.body;
		check->sku = json_get_str(reply.body, "sku", "");
		r = display_facts_set(check->facts, "product", reply.body, fault);
	}
	magento_reply_fini(&reply);
	return r;
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
add_views(struct display_facts *check, const struct scope_lists *lists, const struct scope_tree *tree, const char *only,
	  struct fault *fault)
{
	for (size_t i = 0; i < tree->n_views; i++) {
		const struct scope_view *view = &tree->views[i];
		const struct scope_website *website = scope_website_by_id(tree, view->website_id);

		if (!view->active || website == NULL || (only != NULL && strcmp(view->code, only) != 0))
			continue;
		if (json_array_append_new(check->views, json_pack("{s:s, s:s, s:I, s:I}", "code", view->code,
								  "website_code", website->code, "website_id",
								  (json_int_t)website->id, "root_category_id",
								  (json_int_t)root_category(lists, view->group_id))) <
		    0)
			return result_out_of_memory(fault);
	}
	return 0;
}

/* Without the permission to read the tree: the one view that was named, or the product's values for all views. */
static int
add_blind_view(struct display_facts *check, const char *only, struct fault *fault)
{
	struct fault why;
	int r;

	fault_init(&why);
	fault_move(&why, fault);
	r = display_facts_set_text(check->facts, "views_error", why.message, fault);
	if (r == 0 && json_array_append_new(check->views,
					    json_pack("{s:s}", "code", only != NULL ? only : MAGENTO_SCOPE_ALL)) < 0)
		r = result_out_of_memory(fault);
	fault_fini(&why);
	return r;
}

static int
list_views(struct display_facts *check, const char *code, struct fault *fault)
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

/* ---- the whole ---- */

static int
check_product(struct display_facts *check, const json_t *params, json_t **result_r, struct fault *fault)
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
		if (display_facts_read(check, fault) < 0)
			return -1;
		*result_r = display_judge(check->facts);
	}
	if (*result_r != NULL && result_clean(*result_r) == 0)
		return 0;
	json_decref(*result_r);
	*result_r = NULL;
	return result_out_of_memory(fault);
}

static int
check_display(struct store_client *sc, json_t *params, json_t **result_r, struct fault *fault)
{
	struct display_facts check = {.sc = sc};
	int r = check_product(&check, params, result_r, fault);

	json_decref(check.facts);
	return r;
}

int
display_check_run(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	return store_run(call, params, result_r, fault, check_display);
}

/* ---- shapes ---- */

static const struct json_prop params_props[] = {
    {"sku", &shape_sku, true, NULL},
    {"store_view_code", &shape_code, false, "Check this store view only; default: every active one"},
    {0},
};
const struct json_schema display_check_params = {.type = JSON_T_OBJECT, .props = params_props};

static const char *const check_names[] = {"status", "visibility", "website", "category", "price",
					  "stock",  "children",	  "image",   "url",	 NULL};
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
