/*
 * guide_stores.c - magento://stores: where the caller may log in, and the tree of scopes of his login
 */
#include "action/env.h"
#include "guide.h"
#include "json/get.h"
#include "magento/scope.h"
#include "results.h"
#include "store.h"

static json_t *
allowed_stores(const struct action_call *call)
{
	const struct config *config = call->env->config;
	const struct config_store *usual = config_store_default(config);
	json_t *list = json_array();

	for (size_t i = 0; i < config->n_stores; i++) {
		const struct config_store *store = &config->stores[i];

		if (principal_may_use_store(call->principal, store->name) &&
		    json_array_append_new(list, json_pack("{s:s, s:s, s:b, s:b}", "store", store->name, "base_url",
							  store->base_url, "default", store == usual, "read_only",
							  store->read_only)) < 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

/* ---- the tree ---- */

static json_t *
find_config(json_t *configs, const char *code)
{
	for (size_t i = 0; i < json_array_size(configs); i++) {
		if (slice_is(json_get_slice(json_array_get(configs, i), "code"), code))
			return json_array_get(configs, i);
	}
	return NULL;
}

/* By hand: the "s*" of json_pack() takes a shortage of memory for a value that is not there. */
static int
put_if_known(json_t *row, const char *name, const json_t *config, const char *member)
{
	const char *value = json_get_str(config, member, NULL);

	return value != NULL ? json_object_set_new(row, name, json_string(value)) : 0;
}

static json_t *
render_view(const struct scope_lists *lists, const json_t *view)
{
	const char *code = json_get_str(view, "code", "");
	const json_t *config = find_config(lists->configs, code);

	json_t *row = json_pack("{s:I, s:s, s:s, s:b}", "id", (json_int_t)json_get_int(view, "id", 0), "code", code,
				"name", json_get_str(view, "name", ""), "active",
				json_get_int(view, "is_active", 0) == 1 || json_get_bool(view, "is_active", false));

	if (row != NULL && (put_if_known(row, "locale", config, "locale") < 0 ||
			    put_if_known(row, "currency", config, "default_display_currency_code") < 0 ||
			    put_if_known(row, "base_url", config, "base_url") < 0)) {
		json_decref(row);
		row = NULL;
	}
	return row;
}

/* The elements of `all` whose `parent` is `id`, rendered. */
typedef json_t *(*render_fn)(const struct scope_lists *lists, const json_t *row);

static json_t *
children(const struct scope_lists *lists, json_t *all, const char *parent, int64_t id, render_fn render)
{
	json_t *list = json_array();

	for (size_t i = 0; i < json_array_size(all); i++) {
		const json_t *row = json_array_get(all, i);

		if (json_get_int(row, "id", 0) == 0 || (parent != NULL && json_get_int(row, parent, 0) != id))
			continue;
		if (json_array_append_new(list, render(lists, row)) < 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

static json_t *
render_group(const struct scope_lists *lists, const json_t *group)
{
	int64_t id = json_get_int(group, "id", 0);

	return json_pack("{s:I, s:s, s:s, s:I, s:o}", "id", (json_int_t)id, "code", json_get_str(group, "code", ""),
			 "name", json_get_str(group, "name", ""), "root_category_id",
			 (json_int_t)json_get_int(group, "root_category_id", 0), "store_views",
			 children(lists, lists->views, "store_group_id", id, render_view));
}

static json_t *
render_website(const struct scope_lists *lists, const json_t *website)
{
	int64_t id = json_get_int(website, "id", 0);

	return json_pack("{s:I, s:s, s:s, s:o}", "id", (json_int_t)id, "code", json_get_str(website, "code", ""),
			 "name", json_get_str(website, "name", ""), "stores",
			 children(lists, lists->groups, "website_id", id, render_group));
}

static int
put_tree(struct action_call *call, json_t *tree, struct fault *fault)
{
	struct store_client sc;
	struct scope_lists lists;
	int r;

	scope_lists_init(&lists);
	r = store_open(&sc, call, fault);
	if (r == 0)
		r = scope_lists_read(&sc.magento, call->env->scopes, &lists, fault);
	if (r == 0 &&
	    json_object_set_new(tree, "websites", children(&lists, lists.websites, NULL, 0, render_website)) < 0)
		r = result_out_of_memory(fault);
	scope_lists_fini(&lists);
	store_close(&sc);
	return r;
}

static json_t *
render_login(const struct action_call *call)
{
	const struct login *login = &call->login;

	return json_pack("{s:s, s:s, s:s, s:o}", "store", login->store, "base_url", login->base_url, "username",
			 login->username, "default_scope", result_default_scope(&login->scope));
}

int
guide_read_stores(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	json_t *tree = json_pack("{s:o}", "stores", allowed_stores(call));
	int r = tree != NULL ? 0 : result_out_of_memory(fault);

	if (r == 0 && !call->has_login)
		r = json_object_set_new(
		    tree, "message",
		    json_string("Not logged in. Call auth_login with one of these stores; then this "
				"resource also holds its websites, stores and store views."));
	else if (r == 0 && json_object_set_new(tree, "login", render_login(call)) == 0)
		r = put_tree(call, tree, fault);
	if (r == 0)
		return guide_give_json(params, tree, result_r, fault);
	json_decref(tree);
	return fault->code == FAULT_NONE ? result_out_of_memory(fault) : -1;
}
