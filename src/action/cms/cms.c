/*
 * cms.c - the cms domain: finding and reading pages and blocks, and the table of its tools
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "action/action.h"
#include "action/env.h"
#include "cms_private.h"
#include "cms_read.h"
#include "commit.h"
#include "json/get.h"
#include "magento/error.h"
#include "results.h"
#include "shapes.h"
#include "window.h"

const struct cms_kind *
cms_kind_of(const struct action_call *call)
{
	return strstr(call->action->name, "block") != NULL ? &cms_blocks : &cms_pages;
}

/* ---- search ---- */

struct view_choice {
	bool is_any;
	int64_t store_id;
};

static int
refuse_unknown_ids(struct fault *fault)
{
	return fault_set(fault, FAULT_FORBIDDEN, NULL,
			 "To look for one store view needs the Magento permission %s. Leave scope out, or use "
			 "{\"scope\":\"global\"}.",
			 MAGENTO_RESOURCE_STORE);
}

/* The id of the view whose rows are wanted. */
static int
choose_view(struct store_client *sc, const json_t *params, struct view_choice *choice_r, struct fault *fault)
{
	struct scope_cache *cache = sc->call->env->scopes;
	const struct scope_tree *tree = NULL;
	const struct scope_view *view;
	struct scope_target target;
	struct scope given;

	if (scope_from_json(json_object_get(params, "scope"), "params.scope", &given, fault) < 0 ||
	    scope_resolve_read(&sc->magento, cache, &given, sc->call->login.scope.store_view, &target, fault) < 0)
		return -1;
	*choice_r =
	    (struct view_choice){.is_any = strcmp(target.prefix, MAGENTO_SCOPE_ALL) == 0, .store_id = target.view_id};
	if (choice_r->is_any || choice_r->store_id > 0)
		return 0;
	if (scope_tree_get(&sc->magento, cache, false, &tree, NULL, fault) < 0)
		return fault->code == FAULT_FORBIDDEN ? refuse_unknown_ids(fault) : -1;
	view = scope_view_find(tree, target.prefix);
	if (view == NULL)
		return refuse_unknown_ids(fault);
	choice_r->store_id = view->id;
	return 0;
}

static int
compare_ids(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* The ids of rows assigned to a view or to all views, in order, each once. */
static int
find_assigned(struct store_client *sc, const struct cms_kind *kind, struct cms_search *search, int64_t store_id,
	      int64_t **ids_r, size_t *n_r, struct fault *fault)
{
	const int64_t stores[] = {0, store_id};
	int64_t *ids = pool_alloc(sc->call->pool, (2 * CMS_ROWS_MAX + 1) * sizeof(*ids));
	size_t n = 0, kept = 0;

	if (ids == NULL)
		return result_out_of_memory(fault);
	for (size_t s = 0; s < ARRAY_LEN(stores); s++) {
		json_t *rows = NULL;
		int64_t total = 0;

		search->store_id = stores[s];
		if (cms_read_all(sc, kind, search, "items[id],total_count", CMS_ROWS_MAX, &rows, &total, fault) < 0)
			return -1;
		for (size_t i = 0; total <= CMS_ROWS_MAX && i < json_array_size(rows); i++)
			ids[n++] = cms_id(json_array_get(rows, i));
		json_decref(rows);
		if (total > CMS_ROWS_MAX) {
			return fault_set(fault, FAULT_VALIDATION_ERROR, NULL,
					 "More than %d %s match. Narrow the search, or ask without scope.",
					 CMS_ROWS_MAX, kind->nouns);
		}
	}
	qsort(ids, n, sizeof(*ids), compare_ids);
	for (size_t i = 0; i < n; i++) {
		if (kept == 0 || ids[kept - 1] != ids[i])
			ids[kept++] = ids[i];
	}
	*ids_r = ids;
	*n_r = kept;
	return 0;
}

/* Rows of one view: two questions, put together and cut into pages by us. */
static int
search_view(struct store_client *sc, const struct cms_kind *kind, struct cms_search *search, int64_t store_id,
	    const char *fields, uint32_t page_size, uint32_t current_page, struct window_page *page_r,
	    struct fault *fault)
{
	uint64_t from = (uint64_t)(current_page - 1) * page_size;
	int64_t *ids = NULL;
	size_t n = 0;

	if (find_assigned(sc, kind, search, store_id, &ids, &n, fault) < 0)
		return -1;
	page_r->total_count = (int64_t)n;
	if (from > n)
		from = n;
	return cms_read_ids(sc, kind, ids + from, n - from < page_size ? n - (size_t)from : page_size, fields,
			    &page_r->items, fault);
}

static int
render_search(const struct window_page *page, uint32_t page_size, uint32_t current_page, json_t **result_r,
	      struct fault *fault)
{
	int64_t seen = (int64_t)page_size * current_page;

	if (result_clean(page->items) < 0)
		return result_out_of_memory(fault);
	*result_r = json_pack("{s:O, s:I, s:{s:i, s:i}, s:b}", "items", page->items, "total_count",
			      (json_int_t)page->total_count, "search_criteria", "page_size", (int)page_size,
			      "current_page", (int)current_page, "has_more", seen < page->total_count);
	return *result_r != NULL ? 0 : result_out_of_memory(fault);
}

static int
search(struct store_client *sc, json_t *params, json_t **result_r, struct fault *fault)
{
	const struct cms_kind *kind = cms_kind_of(sc->call);
	uint32_t page_size = (uint32_t)json_get_int(params, "page_size", SHAPE_PAGE_SIZE);
	uint32_t current_page = (uint32_t)json_get_int(params, "current_page", 1);
	const char *fields = json_get_bool(params, "include_content", false) ? NULL : kind->summary;
	struct cms_search wanted = {
	    .query = json_get_str(params, "query", NULL),
	    .is_active = json_get(params, "is_active") != NULL ? json_get_bool(params, "is_active", true) : -1,
	    .store_id = -1,
	};
	struct window_page page = {NULL, 0};
	struct view_choice choice;
	int r;

	if (choose_view(sc, params, &choice, fault) < 0)
		return -1;
	if (choice.is_any)
		r = cms_read_page(sc, kind, &wanted, fields, page_size, current_page, &page, fault);
	else
		r = search_view(sc, kind, &wanted, choice.store_id, fields, page_size, current_page, &page, fault);
	if (r == 0)
		r = render_search(&page, page_size, current_page, result_r, fault);
	window_page_fini(&page);
	return r;
}

static int
run_search(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	return store_run(call, params, result_r, fault, search);
}

/* ---- get ---- */

/* Ids of the views a row is assigned to, 0 meaning all; NULL with no fault when the views may not be listed. */
static json_t *
assigned_views(struct store_client *sc, const struct cms_kind *kind, int64_t id, struct fault *fault)
{
	const struct scope_tree *tree = NULL;
	struct cms_assignment assignment;
	json_t *list;

	if (scope_tree_get(&sc->magento, sc->call->env->scopes, false, &tree, NULL, fault) < 0) {
		if (fault->code == FAULT_FORBIDDEN) {
			fault_fini(fault);
			fault_init(fault);
		}
		return NULL;
	}
	if (cms_read_assignment(sc, kind, tree, &id, 1, &assignment, fault) < 0)
		return NULL;
	list = json_array();
	for (size_t i = 0; list != NULL && i < assignment.n_stores; i++) {
		if (assignment.is_assigned[i])
			json_array_append_new(list, json_integer(assignment.store_ids[i]));
	}
	if (list == NULL)
		result_out_of_memory(fault);
	return list;
}

static int
render_row(struct store_client *sc, const struct cms_kind *kind, int64_t id, json_t *row, json_t **result_r,
	   struct fault *fault)
{
	json_t *store_ids;

	if (!json_is_object(row)) {
		return fault_set(
		    fault, FAULT_MAGENTO_API_ERROR, json_pack("{s:s}", "kind", MAGENTO_KIND_NOT_JSON),
		    "Magento answered something that is no CMS %s. Is there a proxy or a module in between?",
		    kind->noun);
	}
	store_ids = assigned_views(sc, kind, id, fault);
	if (fault->code != FAULT_NONE)
		return -1;
	if (result_clean(row) < 0 || (store_ids != NULL && json_object_set_new(row, "store_ids", store_ids) < 0))
		return result_out_of_memory(fault);
	*result_r = json_incref(row);
	return 0;
}

static int
get(struct store_client *sc, json_t *params, json_t **result_r, struct fault *fault)
{
	const struct cms_kind *kind = cms_kind_of(sc->call);
	int64_t id = json_get_int(params, kind->id_name, 0);
	struct magento_request request = {.method = FETCH_GET,
					  .scope = MAGENTO_SCOPE_ALL,
					  .path = pool_printf(sc->call->pool, "%s/%lld", kind->path, (long long)id)};
	struct magento_reply reply;
	int r;

	if (request.path == NULL)
		return result_out_of_memory(fault);
	magento_reply_init(&reply);
	r = magento_call(&sc->magento, &request, &reply, fault);
	if (r == 0) {
		r = render_row(sc, kind, id, reply.body, result_r, fault);
	} else if (fault->code == FAULT_NOT_FOUND) {
		fault_set(fault, FAULT_NOT_FOUND, NULL, "There is no CMS %s with %s %lld. Try %s.", kind->noun,
			  kind->id_name, (long long)id, kind->search_tool);
	}
	magento_reply_fini(&reply);
	return r;
}

static int
run_get(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	return store_run(call, params, result_r, fault, get);
}

/* ---- shapes ---- */

static const struct json_schema query_shape = {
    .type = JSON_T_STRING, .min_length = 1, .max_length = 255, .description = "Text in the title or the identifier"};
static const struct json_schema active_shape = {.type = JSON_T_BOOLEAN,
						.description = "Only active, or only inactive ones"};
static const struct json_schema include_shape = {
    .type = JSON_T_BOOLEAN, .default_json = "false", .description = "Also return the HTML"};
static const struct json_schema id_shape = {.type = JSON_T_INTEGER, .minimum = JSON_BOUND(1)};

static const struct json_prop search_props[] = {
    {"query", &query_shape, false, NULL},
    {"is_active", &active_shape, false, NULL},
    {"scope", &shape_scope, false, "Those assigned to this store view or to all"},
    {"include_content", &include_shape, false, NULL},
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
    {"total_count", &shape_count, true, "How many match, on all pages"},
    {"search_criteria", &echo, true, NULL},
    {"has_more", &shape_flag, true, "Whether there is a next page"},
    {0},
};
static const struct json_schema search_result = {.type = JSON_T_OBJECT, .props = search_result_props};

static const struct json_prop get_page_props[] = {{"page_id", &id_shape, true, "From cms_search_pages"}, {0}};
static const struct json_prop get_block_props[] = {{"block_id", &id_shape, true, "From cms_search_blocks"}, {0}};
static const struct json_schema get_page_params = {.type = JSON_T_OBJECT, .props = get_page_props};
static const struct json_schema get_block_params = {.type = JSON_T_OBJECT, .props = get_block_props};

/* The row is Magento's, member by member. */
static const struct json_schema store_ids_shape = {.type = JSON_T_ARRAY, .items = &shape_count};
static const struct json_prop get_result_props[] = {
    {"store_ids", &store_ids_shape, false,
     "Store views it is assigned to, 0 = all; absent when they may not be listed"},
    {0}};
static const struct json_schema get_result = {
    .type = JSON_T_OBJECT, .props = get_result_props, .extra = JSON_EXTRA_ALLOWED};

/* ---- the rows ---- */

#define READS (ACTION_NEEDS_LOGIN | ACTION_READ_ONLY | ACTION_IDEMPOTENT | ACTION_OPEN_WORLD)
#define PREPARES (ACTION_NEEDS_LOGIN | ACTION_READ_ONLY | ACTION_OPEN_WORLD)
#define COMMITS (ACTION_NEEDS_LOGIN | ACTION_DESTRUCTIVE | ACTION_IDEMPOTENT | ACTION_OPEN_WORLD | ACTION_CONFIRM)

static const struct action rows[] = {
    {
	.name = "cms.search_pages",
	.title = "Search CMS pages",
	.description = "Search CMS pages by title or URL identifier.",
	.tier = ACTION_SAFE,
	.flags = READS,
	.scope = "cms:read",
	.params = &search_params,
	.result = &search_result,
	.run = run_search,
    },
    {
	.name = "cms.get_page",
	.title = "Get a CMS page",
	.description = "Get one CMS page with its content.",
	.tier = ACTION_SAFE,
	.flags = READS,
	.scope = "cms:read",
	.params = &get_page_params,
	.result = &get_result,
	.run = run_get,
    },
    {
	.name = "cms.prepare_bulk_update_pages",
	.title = "Plan an update of CMS pages",
	.description =
	    "Plan a change of fields for CMS pages; shows what would change and changes nothing. Commit with "
	    "cms_commit_bulk_update_pages.",
	.tier = ACTION_RISK,
	.flags = PREPARES,
	.scope = "cms:write",
	.params = &cms_prepare_pages_params,
	.result = &cms_prepare_result,
	.run = cms_prepare,
    },
    {
	.name = "cms.commit_bulk_update_pages",
	.title = "Carry out an update of CMS pages",
	.description = "Carry out a plan of cms_prepare_bulk_update_pages.",
	.tier = ACTION_RISK,
	.flags = COMMITS,
	.scope = "cms:write",
	.params = &commit_params,
	.result = &commit_result,
	.run = cms_commit,
	.question = cms_ask_commit,
    },
    {
	.name = "cms.search_blocks",
	.title = "Search CMS blocks",
	.description = "Search CMS blocks by title or identifier.",
	.tier = ACTION_SAFE,
	.flags = READS,
	.scope = "cms:read",
	.params = &search_params,
	.result = &search_result,
	.run = run_search,
    },
    {
	.name = "cms.get_block",
	.title = "Get a CMS block",
	.description = "Get one CMS block with its content.",
	.tier = ACTION_SAFE,
	.flags = READS,
	.scope = "cms:read",
	.params = &get_block_params,
	.result = &get_result,
	.run = run_get,
    },
    {
	.name = "cms.prepare_bulk_update_blocks",
	.title = "Plan an update of CMS blocks",
	.description =
	    "Plan a change of fields for CMS blocks; shows what would change and changes nothing. Commit with "
	    "cms_commit_bulk_update_blocks.",
	.tier = ACTION_RISK,
	.flags = PREPARES,
	.scope = "cms:write",
	.params = &cms_prepare_blocks_params,
	.result = &cms_prepare_result,
	.run = cms_prepare,
    },
    {
	.name = "cms.commit_bulk_update_blocks",
	.title = "Carry out an update of CMS blocks",
	.description = "Carry out a plan of cms_prepare_bulk_update_blocks.",
	.tier = ACTION_RISK,
	.flags = COMMITS,
	.scope = "cms:write",
	.params = &commit_params,
	.result = &commit_result,
	.run = cms_commit,
	.question = cms_ask_commit,
    },
};

const struct action_table action_cms_table = {rows, ARRAY_LEN(rows)};
