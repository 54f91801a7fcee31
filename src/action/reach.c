#include "reach.h"

#include <string.h>

#include "action/env.h"
#include "results.h"

int
reach_resolve(struct store_client *sc, const json_t *params, struct reach *reach_r, struct fault *fault)
{
	const char *default_view = sc->call->login.scope.store_view;
	struct fault denied;
	struct scope given;

	memset(reach_r, 0, sizeof(*reach_r));
	if (scope_from_json(json_object_get(params, "scope"), "params.scope", &given, fault) < 0)
		return -1;
	if (scope_is_empty(&given) && default_view[0] == '\0') {
		return fault_set(fault, FAULT_VALIDATION_ERROR,
				 json_pack("[{s:s, s:s}]", "path", "params.scope", "message",
					   "is needed: a change never guesses where"),
				 "Say where to write: scope {\"scope\":\"global\"}, a store_view_code, store_code or "
				 "website_code, or call "
				 "scope_set_default.");
	}
	reach_r->from_default = scope_is_empty(&given);
	if (scope_resolve_read(&sc->magento, sc->call->env->scopes, &given, default_view, &reach_r->target, fault) < 0)
		return -1;
	/* Without the permission to read the tree one view, or everything, can still be written. */
	fault_init(&denied);
	if (scope_tree_get(&sc->magento, sc->call->env->scopes, false, &reach_r->tree, NULL, &denied) < 0) {
		reach_r->tree = NULL;
		if (denied.code != FAULT_FORBIDDEN) {
			fault_move(fault, &denied);
			return -1;
		}
	}
	fault_fini(&denied);
	return 0;
}

/* ---- which views ---- */

static bool
is_asked_for(const struct reach *reach, const struct scope_view *view)
{
	switch (reach->target.level) {
	case SCOPE_GLOBAL:
		return true;
	case SCOPE_WEBSITE:
		return view->website_id == reach->target.website_id;
	case SCOPE_GROUP:
		return view->group_id == reach->target.group_id;
	case SCOPE_VIEW:
		break;
	}
	return view->id == reach->target.view_id;
}

static size_t
collect_views(struct pool *pool, const struct scope_tree *tree,
	      bool (*wanted)(const void *ctx, const struct scope_view *), const void *ctx, const char ***codes_r)
{
	const char **codes = pool_alloc(pool, (tree->n_views + 1) * sizeof(*codes));
	size_t n = 0;

	*codes_r = codes;
	if (codes == NULL)
		return 0;
	for (size_t i = 0; i < tree->n_views; i++) {
		if (tree->views[i].active && wanted(ctx, &tree->views[i]))
			codes[n++] = pool_strdup(pool, tree->views[i].code);
	}
	return n;
}

static bool
is_any(const void *ctx, const struct scope_view *view)
{
	(void)ctx;
	(void)view;
	return true;
}

static bool
is_in_reach(const void *ctx, const struct scope_view *view)
{
	return is_asked_for(ctx, view);
}

static bool
is_in_website(const void *ctx, const struct scope_view *view)
{
	return view->website_id == *(const int64_t *)ctx;
}

size_t
reach_all_views(struct store_client *sc, const struct reach *reach, const char ***codes_r)
{
	*codes_r = NULL;
	return reach->tree != NULL ? collect_views(sc->call->pool, reach->tree, is_any, NULL, codes_r) : 0;
}

/* ---- which writes ---- */

static int
write_everywhere(struct store_client *sc, struct reach_writes *writes_r, struct fault *fault)
{
	writes_r->items = pool_alloc(sc->call->pool, sizeof(*writes_r->items));
	if (writes_r->items == NULL)
		return result_out_of_memory(fault);
	writes_r->items[0] = (struct reach_write){.prefix = MAGENTO_SCOPE_ALL};
	writes_r->n = 1;
	return 0;
}

/* Without a tree: the one view that was named. */
static int
write_one_view(struct store_client *sc, const char *code, struct reach_writes *writes_r, struct fault *fault)
{
	const char **codes = pool_alloc(sc->call->pool, sizeof(*codes));

	writes_r->items = pool_alloc(sc->call->pool, sizeof(*writes_r->items));
	if (writes_r->items == NULL || codes == NULL)
		return result_out_of_memory(fault);
	codes[0] = pool_strdup(sc->call->pool, code);
	writes_r->items[0] = (struct reach_write){.prefix = codes[0], .views = codes, .n_views = 1};
	writes_r->n = 1;
	return 0;
}

static int
write_views(struct store_client *sc, const struct reach *reach, struct reach_writes *writes_r, struct fault *fault)
{
	const char **codes;
	size_t n = collect_views(sc->call->pool, reach->tree, is_in_reach, reach, &codes);

	writes_r->items = pool_alloc(sc->call->pool, (n + 1) * sizeof(*writes_r->items));
	if (writes_r->items == NULL || codes == NULL)
		return result_out_of_memory(fault);
	for (size_t i = 0; i < n; i++)
		writes_r->items[i] = (struct reach_write){.prefix = codes[i], .views = &codes[i], .n_views = 1};
	writes_r->n = n;
	return 0;
}

static bool
website_is_concerned(const struct reach *reach, int64_t website_id)
{
	return reach->target.level == SCOPE_GLOBAL || reach->target.website_id == website_id;
}

/* Does an active view of the website see the write without having been asked for? */
static bool
reaches_others(const struct reach *reach, int64_t website_id)
{
	for (size_t i = 0; i < reach->tree->n_views; i++) {
		const struct scope_view *view = &reach->tree->views[i];

		if (view->active && view->website_id == website_id && !is_asked_for(reach, view))
			return true;
	}
	return false;
}

static int
write_websites(struct store_client *sc, const struct reach *reach, struct reach_writes *writes_r, struct fault *fault)
{
	const struct scope_tree *tree = reach->tree;
	struct pool *pool = sc->call->pool;

	writes_r->items = pool_alloc(pool, (tree->n_websites + 1) * sizeof(*writes_r->items));
	if (writes_r->items == NULL)
		return result_out_of_memory(fault);
	for (size_t i = 0; i < tree->n_websites; i++) {
		const struct scope_view *view = scope_default_view_of_website(tree, &tree->websites[i]);
		struct reach_write *write = &writes_r->items[writes_r->n];
		const char **codes;

		if (view == NULL || !website_is_concerned(reach, tree->websites[i].id))
			continue;
		write->n_views = collect_views(pool, tree, is_in_website, &tree->websites[i].id, &codes);
		write->views = codes;
		write->prefix = pool_strdup(pool, view->code);
		if (write->prefix == NULL || codes == NULL)
			return result_out_of_memory(fault);
		writes_r->is_wider = writes_r->is_wider || reaches_others(reach, tree->websites[i].id);
		writes_r->n++;
	}
	return 0;
}

int
reach_writes_of(struct store_client *sc, const struct reach *reach, enum reach_field field,
		struct reach_writes *writes_r, struct fault *fault)
{
	*writes_r = (struct reach_writes){.items = NULL};
	if (reach->target.level == SCOPE_GLOBAL || field == REACH_GLOBAL) {
		writes_r->is_wider = reach->target.level != SCOPE_GLOBAL;
		return write_everywhere(sc, writes_r, fault);
	}
	if (reach->tree == NULL)
		return write_one_view(sc, reach->target.prefix, writes_r, fault);
	if (field == REACH_WEBSITE)
		return write_websites(sc, reach, writes_r, fault);
	return write_views(sc, reach, writes_r, fault);
}

json_t *
reach_to_json(const struct reach *reach)
{
	switch (reach->target.level) {
	case SCOPE_GLOBAL:
		return json_pack("{s:s}", "scope", "global");
	case SCOPE_WEBSITE:
		return json_pack("{s:s}", "website_code", reach->target.website_code);
	case SCOPE_GROUP:
		return json_pack("{s:s}", "store_code", reach->target.store_code);
	case SCOPE_VIEW:
		break;
	}
	return json_pack("{s:s}", "store_view_code", reach->target.prefix);
}
