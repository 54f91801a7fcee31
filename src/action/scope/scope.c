/*
 * scope.c - the scope domain: which websites, stores and store views there are, and the session's default
 */
#include <string.h>

#include "action/action.h"
#include "action/env.h"
#include "json/get.h"
#include "magento/scope.h"
#include "results.h"
#include "shapes.h"
#include "store.h"

/* ---- scope.list_websites_stores ---- */

/* Rows with id 0 are Magento's own `admin`, which no path takes. */
static int
drop_admin_rows(json_t *list)
{
	for (size_t i = json_array_size(list); i > 0; i--) {
		if (json_get_int(json_array_get(list, i - 1), "id", -1) == 0 && json_array_remove(list, i - 1) < 0)
			return -1;
	}
	return 0;
}

static int
render_lists(const struct action_call *call, struct scope_lists *lists, bool include_admin, json_t **result_r)
{
	json_t *const parts[] = {lists->websites, lists->groups, lists->views, lists->configs};

	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		if ((!include_admin && drop_admin_rows(parts[i]) < 0) || result_clean(parts[i]) < 0)
			return -1;
	}
	*result_r = json_pack("{s:O, s:O, s:O, s:O, s:o}", "websites", lists->websites, "store_groups", lists->groups,
			      "store_views", lists->views, "store_configs", lists->configs, "default_scope",
			      result_default_scope(&call->login.scope));
	return *result_r != NULL ? 0 : -1;
}

static int
list(struct store_client *sc, json_t *params, json_t **result_r, struct fault *fault)
{
	struct scope_lists lists;
	int r;

	scope_lists_init(&lists);
	r = scope_lists_read(&sc->magento, sc->call->env->scopes, &lists, fault);
	if (r == 0 && render_lists(sc->call, &lists, json_get_bool(params, "include_admin", false), result_r) < 0)
		r = result_out_of_memory(fault);
	scope_lists_fini(&lists);
	return r;
}

static int
run_list(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	return store_run(call, params, result_r, fault, list);
}

static const struct json_schema include_admin = {
    .type = JSON_T_BOOLEAN, .default_json = "false", .description = "Keep the internal rows with id 0"};
static const struct json_prop list_props[] = {{"include_admin", &include_admin, false, NULL}, {0}};
static const struct json_schema list_params = {.type = JSON_T_OBJECT, .props = list_props};

static const struct json_prop list_result_props[] = {
    {"websites", &shape_objects, true, NULL},
    {"store_groups", &shape_objects, true, "Stores; each belongs to a website and holds store views"},
    {"store_views", &shape_objects, true, "Their codes are what other tools take as store_view_code"},
    {"store_configs", &shape_objects, true, "Locale, currency and addresses of each store view"},
    {"default_scope", &shape_scope_or_null, true, NULL},
    {0},
};
static const struct json_schema list_result = {.type = JSON_T_OBJECT, .props = list_result_props};

/* ---- scope.set_default ---- */

static int
copy_scope(const struct scope_target *target, struct login_scope *scope_r)
{
	memset(scope_r, 0, sizeof(*scope_r));
	if (slice_to_str(slice_from_str(target->prefix), scope_r->store_view, sizeof(scope_r->store_view)) < 0 ||
	    slice_to_str(slice_from_str(target->website_code), scope_r->website, sizeof(scope_r->website)) < 0)
		return -1;
	return slice_to_str(slice_from_str(target->store_code), scope_r->store_group, sizeof(scope_r->store_group));
}

static int
find_view(struct action_call *call, const char *code, struct login_scope *scope_r, struct fault *fault)
{
	struct scope_target target;
	struct store_client sc;
	int r = -1;

	if (store_open(&sc, call, fault) < 0)
		goto out;
	if (scope_resolve_view(&sc.magento, call->env->scopes, code, "params", &target, fault) < 0)
		goto out;
	r = copy_scope(&target, scope_r);
	if (r < 0)
		fault_set(fault, FAULT_VALIDATION_ERROR, NULL, "params.store_view_code: is too long.");
out:
	store_close(&sc);
	return r;
}

static int
keep_scope(struct action_call *call, const struct login_scope *scope, struct fault *fault)
{
	if (login_set_scope(call->env->sessions, slice_from_str(call->principal->name), call->login_ref, action_now(),
			    scope) < 0)
		return fault_set(fault, FAULT_NOT_AUTHENTICATED, NULL,
				 "The session has ended meanwhile. Call auth_login again.");
	return 0;
}

static json_t *
render_scope(const struct login_scope *scope)
{
	json_t *result;
	int r = 0;

	if (scope->store_view[0] == '\0')
		return json_pack("{s:s, s:s}", "message", "Default scope cleared", "store_view_code", "");
	result = json_pack("{s:s+, s:s}", "message", "Default scope set to store view: ", scope->store_view,
			   "store_view_code", scope->store_view);
	if (scope->website[0] != '\0')
		r |= json_object_set_new(result, "website_code", json_string(scope->website));
	if (scope->store_group[0] != '\0')
		r |= json_object_set_new(result, "store_code", json_string(scope->store_group));
	if (r != 0) {
		json_decref(result);
		return NULL;
	}
	return result;
}

static int
run_set_default(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	const char *code = json_get_str(params, "store_view_code", "");
	struct login_scope scope;

	memset(&scope, 0, sizeof(scope));
	if (code[0] != '\0' && find_view(call, code, &scope, fault) < 0)
		return -1;
	if (keep_scope(call, &scope, fault) < 0)
		return -1;
	*result_r = render_scope(&scope);
	return *result_r != NULL ? 0 : result_out_of_memory(fault);
}

static const struct json_prop set_props[] = {
    {"store_view_code", &shape_store_view_code, true,
     "Code of the store view, see scope_list_websites_stores; empty text clears the default"},
    {0},
};
static const struct json_schema set_params = {.type = JSON_T_OBJECT, .props = set_props};

static const struct json_prop set_result_props[] = {
    {"message", &shape_text, true, NULL},
    {"store_view_code", &shape_text, true, "The default from now on; empty when cleared"},
    {"website_code", &shape_text, false, NULL},
    {"store_code", &shape_text, false, NULL},
    {0},
};
static const struct json_schema set_result = {.type = JSON_T_OBJECT, .props = set_result_props};

/* ---- the rows ---- */

static const struct action rows[] = {
    {
	.name = "scope.list_websites_stores",
	.title = "List websites, stores and store views",
	.description = "List the websites, stores and store views of this Magento with their codes, which other tools "
		       "take as scope.",
	.tier = ACTION_SAFE,
	.flags = ACTION_NEEDS_LOGIN | ACTION_READ_ONLY | ACTION_IDEMPOTENT | ACTION_OPEN_WORLD,
	.scope = "scope:read",
	.params = &list_params,
	.result = &list_result,
	.run = run_list,
    },
    {
	.name = "scope.set_default",
	.title = "Set the default store view",
	.description =
	    "Set the store view used when a later call in this session gives no scope, for reads and for writes.",
	.tier = ACTION_SAFE,
	.flags = ACTION_NEEDS_LOGIN | ACTION_IDEMPOTENT | ACTION_OPEN_WORLD,
	.scope = "scope:read",
	.params = &set_params,
	.result = &set_result,
	.run = run_set_default,
    },
};

const struct action_table action_scope_table = {rows, ARRAY_LEN(rows)};
