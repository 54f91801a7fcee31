/*
 * cache.c - the cache domain: purging the pages of products and categories; cache_by_url.c purges single addresses
 */
#include <stdio.h>
#include <string.h>

#include "action/action.h"
#include "action/env.h"
#include "batch.h"
#include "cache_tools.h"
#include "json/get.h"
#include "magento/error.h"
#include "magento/scope.h"
#include "plan_question.h"
#include "results.h"
#include "session/quota.h"

#define RATE_WINDOW_MS 60000

/* ---- shared ---- */

/* Counted once the call is known to be valid, over all workers. */
int
cache_take_rate(const struct action_call *call, struct fault *fault)
{
	uint32_t limit = call->env->config->guardrails.cache_rate_limit;
	const char *store = call->login.store[0] != '\0' ? call->login.store : call->login.base_url;
	const char *name = pool_printf(call->pool, "purge:%s", store);
	uint64_t wait_ms = 0;
	long long wait_s;
	int r;

	if (name == NULL)
		return result_out_of_memory(fault);
	r = quota_take(call->env->sessions, slice_from_str(name), limit, RATE_WINDOW_MS, action_now().mono_ms,
		       &wait_ms);
	if (r == 0)
		return 0;
	if (r != ERR_LIMIT)
		return fault_set(fault, FAULT_INTERNAL_ERROR, NULL, "The session table is full. Try again later.");
	wait_s = (long long)(wait_ms + 999) / 1000;
	return fault_set(
	    fault, FAULT_RATE_LIMITED, json_pack("{s:I}", "retry_after_s", (json_int_t)wait_s),
	    "This store allows %u purge calls per minute (guardrails.cache_rate_limit). Try again in %lld s.",
	    (unsigned)limit, wait_s);
}

static int
check_view(struct store_client *sc, const json_t *params, const char **view_r, struct fault *fault)
{
	struct scope_target target;

	*view_r = json_get_str(params, "store_view_code", "");
	if ((*view_r)[0] == '\0')
		return 0;
	return scope_resolve_view(&sc->magento, sc->call->env->scopes, *view_r, "params", &target, fault);
}

/* One entity, projected. */
static int
read_entity(struct store_client *sc, const char *path, const char *fields, struct magento_reply *reply,
	    struct fault *fault)
{
	struct magento_param projection = {"fields", fields};
	struct magento_request request = {
	    .method = FETCH_GET, .scope = MAGENTO_SCOPE_ALL, .path = path, .query = &projection, .n_query = 1};

	if (path == NULL)
		return result_out_of_memory(fault);
	if (magento_call(&sc->magento, &request, reply, fault) < 0)
		return -1;
	if (json_get_int(reply->body, "id", 0) > 0)
		return 0;
	return fault_set(
	    fault, FAULT_MAGENTO_API_ERROR, json_pack("{s:s}", "kind", MAGENTO_KIND_NOT_JSON),
	    "Magento answered something that is not what was asked for. Is there a proxy or a module in between?");
}

/* message, purged, backends, tags; takes nothing. */
json_t *
cache_common_result(const struct cache_backends *b, const struct cache_purge *purge, const char *done)
{
	json_t *result = json_pack("{s:s, s:b, s:O}", "message", cache_purge_message(b, purge, done), "purged",
				   cache_purge_is_complete(b, purge), "backends", purge->backends);

	if (result != NULL && json_array_size(purge->tags) > 0 && json_object_set(result, "tags", purge->tags) < 0) {
		json_decref(result);
		return NULL;
	}
	return result;
}

static int
purge_entity(struct store_client *sc, const char *const *tags, size_t n, const char *done, json_t **result_r,
	     struct fault *fault)
{
	struct cache_backends backends;
	struct cache_purge purge;
	int r = cache_purge_init(&purge, fault);

	cache_backends_find(&backends, sc->call);
	if (r == 0)
		r = cache_purge_tags(&backends, tags, n, &purge, fault);
	if (r == 0)
		r = cache_purge_judge(&backends, &purge, fault);
	if (r == 0) {
		json_t *result = cache_common_result(&backends, &purge, done);

		r = result != NULL ? json_object_set_new(result, "success",
							 json_boolean(cache_purge_is_complete(&backends, &purge)))
				   : -1;
		if (r == 0 && purge.purge_id[0] != '\0')
			r = json_object_set_new(result, "purge_id", json_string(purge.purge_id));
		if (r == 0)
			*result_r = json_incref(result);
		else
			result_out_of_memory(fault);
		json_decref(result);
	}
	cache_purge_fini(&purge);
	return r;
}

/* Sets one more member, or gives the result up. */
static int
add_member(json_t **result, const char *key, json_t *value, struct fault *fault)
{
	if (json_object_set_new(*result, key, value) == 0)
		return 0;
	json_decref(*result);
	*result = NULL;
	return result_out_of_memory(fault);
}

static const char *
done_text(struct pool *pool, const char *what, const char *view)
{
	const char *only =
	    view[0] != '\0' ? " Tags are the same in all store views, so it is not limited to the one you named." : "";

	return pool_printf(pool, "Purged all cached pages of %s, in every store view.%s", what, only);
}

int
cache_run(struct action_call *call, json_t *params, cache_work_fn work, json_t **result_r, struct fault *fault)
{
	return store_run(call, params, result_r, fault, work);
}

static const struct json_schema backend_name = {.type = JSON_T_STRING, .description = "fastly or varnish"};
static const struct json_prop backend_props[] = {
    {"backend", &backend_name, true, NULL},
    {"host", &shape_text, false, "Of Varnish, as configured"},
    {"ok", &shape_flag, true, "Whether it accepted everything"},
    {"status", &shape_count, false, "HTTP status"},
    {"purge_id", &shape_text, false, NULL},
    {"error", &shape_text, false, NULL},
    {0},
};
static const struct json_schema backend = {.type = JSON_T_OBJECT, .props = backend_props};
const struct json_schema cache_backends_shape = {.type = JSON_T_ARRAY, .items = &backend};

/* ---- cache.purge_product ---- */

static int
purge_product_tags(struct store_client *sc, const json_t *product, const char *view, json_t **result_r,
		   struct fault *fault)
{
	struct pool *pool = sc->call->pool;
	json_int_t id = json_get_int(product, "id", 0);
	const char *what = pool_printf(pool, "product %s", json_get_str(product, "sku", ""));
	const char *done = what != NULL ? done_text(pool, what, view) : NULL;
	const char *tag = pool_printf(pool, "cat_p_%lld", (long long)id);

	if (done == NULL || tag == NULL)
		return result_out_of_memory(fault);
	if (purge_entity(sc, &tag, 1, done, result_r, fault) < 0 ||
	    add_member(result_r, "sku", json_string(json_get_str(product, "sku", "")), fault) < 0)
		return -1;
	return add_member(result_r, "product_id", json_integer(id), fault);
}

static int
purge_product(struct store_client *sc, json_t *params, json_t **result_r, struct fault *fault)
{
	struct slice sku = json_get_slice(params, "sku");
	struct magento_reply reply;
	const char *view;
	int r;

	if (check_view(sc, params, &view, fault) < 0 || cache_take_rate(sc->call, fault) < 0)
		return -1;
	magento_reply_init(&reply);
	r = read_entity(sc, batch_path(sc->call->pool, "/products/", json_get_str(params, "sku", ""), ""),
			"id,sku,type_id", &reply, fault);
	if (r == 0) {
		r = result_clean(reply.body) == 0 ? purge_product_tags(sc, reply.body, view, result_r, fault)
						  : result_out_of_memory(fault);
	} else if (fault->code == FAULT_NOT_FOUND) {
		fault_set(fault, FAULT_NOT_FOUND, NULL,
			  "No product with SKU %.*s. Try catalog_search_products with a like filter.", SLICE_FMT(sku));
	}
	magento_reply_fini(&reply);
	return r;
}

static int
run_purge_product(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	return cache_run(call, params, purge_product, result_r, fault);
}

static int
ask_purge_product(struct action_call *call, const json_t *params, struct buf *text, struct fault *fault)
{
	(void)call, (void)fault;
	buf_put_str(text, "Purge all cached pages of the product ");
	plan_question_value(text, json_object_get(params, "sku"));
	buf_put_str(text, ", in every store view?");
	return 0;
}

#define VIEW_TEXT "Checked only: cache tags are the same in all store views, so the pages of every view are purged"

static const struct json_prop product_props[] = {
    {"sku", &shape_sku, true, NULL},
    {"store_view_code", &shape_store_view_code, false, VIEW_TEXT},
    SHAPE_CONFIRM_PROPS,
    {0},
};
static const struct json_schema product_params = {.type = JSON_T_OBJECT, .props = product_props};

static const struct json_prop product_result_props[] = {
    CACHE_COMMON_RESULT_PROPS,
    {"success", &shape_flag, true, "The same as purged"},
    {"purge_id", &shape_text, false, "Fastly's"},
    {"sku", &shape_text, true, "As the shop spells it"},
    {"product_id", &shape_count, true, NULL},
    {0},
};
static const struct json_schema product_result = {.type = JSON_T_OBJECT, .props = product_result_props};

/* ---- cache.purge_category ---- */

static int
purge_category_tags(struct store_client *sc, long long id, const char *view, json_t **result_r, struct fault *fault)
{
	struct pool *pool = sc->call->pool;
	const char *what = pool_printf(pool, "category %lld", id);
	const char *done = what != NULL ? done_text(pool, what, view) : NULL;
	const char *tags[] = {pool_printf(pool, "cat_c_%lld", id), pool_printf(pool, "cat_c_p_%lld", id)};

	if (done == NULL || tags[0] == NULL || tags[1] == NULL)
		return result_out_of_memory(fault);
	if (purge_entity(sc, tags, ARRAY_LEN(tags), done, result_r, fault) < 0)
		return -1;
	return add_member(result_r, "category_id", json_integer(id), fault);
}

static int
purge_category(struct store_client *sc, json_t *params, json_t **result_r, struct fault *fault)
{
	long long id = (long long)json_get_int(params, "category_id", 0);
	struct magento_reply reply;
	const char *view;
	int r;

	if (check_view(sc, params, &view, fault) < 0 || cache_take_rate(sc->call, fault) < 0)
		return -1;
	magento_reply_init(&reply);
	r = read_entity(sc, pool_printf(sc->call->pool, "/categories/%lld", id), "id,name", &reply, fault);
	if (r == 0)
		r = purge_category_tags(sc, id, view, result_r, fault);
	else if (fault->code == FAULT_NOT_FOUND)
		fault_set(fault, FAULT_NOT_FOUND, NULL, "There is no category with the id %lld in this store.", id);
	magento_reply_fini(&reply);
	return r;
}

static int
run_purge_category(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	return cache_run(call, params, purge_category, result_r, fault);
}

static int
ask_purge_category(struct action_call *call, const json_t *params, struct buf *text, struct fault *fault)
{
	(void)call, (void)fault;
	buf_printf(text, "Purge all cached pages of the category %lld and of its products, in every store view?",
		   (long long)json_get_int(params, "category_id", 0));
	return 0;
}

static const struct json_schema category_id = {
    .type = JSON_T_INTEGER, .minimum = JSON_BOUND(1), .description = "Id of the category"};
static const struct json_prop category_props[] = {
    {"category_id", &category_id, true, NULL},
    {"store_view_code", &shape_store_view_code, false, VIEW_TEXT},
    SHAPE_CONFIRM_PROPS,
    {0},
};
static const struct json_schema category_params = {.type = JSON_T_OBJECT, .props = category_props};

static const struct json_prop category_result_props[] = {
    CACHE_COMMON_RESULT_PROPS,
    {"success", &shape_flag, true, "The same as purged"},
    {"purge_id", &shape_text, false, "Fastly's"},
    {"category_id", &shape_count, true, NULL},
    {0},
};
static const struct json_schema category_result = {.type = JSON_T_OBJECT, .props = category_result_props};

/* ---- the rows ---- */

#define FLAGS (ACTION_NEEDS_LOGIN | ACTION_DESTRUCTIVE | ACTION_IDEMPOTENT | ACTION_OPEN_WORLD | ACTION_CONFIRM)

static const struct action rows[] = {
    {
	.name = "cache.purge_by_url",
	.title = "Purge pages by address",
	.description = "Remove given storefront pages from the CDN or Varnish cache.",
	.tier = ACTION_RISK,
	.flags = FLAGS,
	.scope = "cache:write",
	.params = &cache_by_url_params,
	.result = &cache_by_url_result,
	.run = cache_by_url_run,
	.question = cache_by_url_ask,
    },
    {
	.name = "cache.purge_product",
	.title = "Purge a product's pages",
	.description = "Remove all cached pages that show a product.",
	.tier = ACTION_RISK,
	.flags = FLAGS,
	.scope = "cache:write",
	.params = &product_params,
	.result = &product_result,
	.run = run_purge_product,
	.question = ask_purge_product,
    },
    {
	.name = "cache.purge_category",
	.title = "Purge a category's pages",
	.description = "Remove all cached pages of a category.",
	.tier = ACTION_RISK,
	.flags = FLAGS,
	.scope = "cache:write",
	.params = &category_params,
	.result = &category_result,
	.run = run_purge_category,
	.question = ask_purge_category,
    },
};

const struct action_table action_cache_table = {rows, ARRAY_LEN(rows)};
