/*
 * guide_complete.c - suggestions for arguments: store views, SKUs, rules, categories, as the login may see them
 *
 * The caller's rights are those of the tool that would show the same.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "action/env.h"
#include "action/prompt.h"
#include "guide.h"
#include "json/get.h"
#include "magento/criteria.h"
#include "magento/scope.h"
#include "results.h"
#include "store.h"

#define PAGE 50	     /* values asked of the shop at once */
#define TEXT_MAX 255 /* of a prefix that the shop is asked with */

static bool
may_suggest(const struct action_call *call, const char *scope, const char *prefix)
{
	return call->has_login && principal_has_scope(call->principal, scope, call->login.store) &&
	       strlen(prefix) <= TEXT_MAX;
}

static int
put_value(struct action_completions *out, json_t *value, struct fault *fault)
{
	if (json_array_size(out->values) == ACTION_COMPLETIONS_MAX) {
		json_decref(value);
		out->has_more = true;
		return 0;
	}
	return json_array_append_new(out->values, value) == 0 ? 0 : result_out_of_memory(fault);
}

/* ---- store views ---- */

int
guide_complete_views(struct action_call *call, const char *prefix, const json_t *chosen, struct action_completions *out,
		     struct fault *fault)
{
	const struct scope_tree *tree;
	struct store_client sc;
	int r;

	(void)chosen;
	if (!may_suggest(call, "scope:read", prefix))
		return 0;
	r = store_open(&sc, call, fault);
	if (r == 0)
		r = scope_tree_get(&sc.magento, call->env->scopes, false, &tree, NULL, fault);
	for (size_t i = 0; r == 0 && i < tree->n_views; i++) {
		if (tree->views[i].active && strncasecmp(tree->views[i].code, prefix, strlen(prefix)) == 0)
			r = put_value(out, json_string(tree->views[i].code), fault);
	}
	store_close(&sc);
	return r;
}

/* ---- what a search finds ---- */

struct search {
	const char *path;
	const char *fields;
	const char *id_field; /* filtered and ordered by */
	const char *member;   /* of an item: the value */
	const char *text_field;
	const char *text; /* for `like` */
	bool is_id;	  /* the prefix may also be the id itself */
};

static int
ask(struct store_client *sc, const struct search *search, const char *prefix, struct magento_reply *reply,
    struct fault *fault)
{
	struct criteria criteria;
	struct magento_request request = {.method = FETCH_GET, .scope = MAGENTO_SCOPE_ALL, .path = search->path};

	criteria_init(&criteria, sc->magento.pool);
	if (search->is_id && prefix[0] != '\0' && prefix[strspn(prefix, "0123456789")] == '\0')
		criteria_where(&criteria, search->id_field, "eq", prefix);
	else if (prefix[0] != '\0')
		criteria_where(&criteria, search->text_field, "like", search->text);
	criteria_sort(&criteria, search->id_field, "ASC");
	criteria_page(&criteria, PAGE, 1);
	criteria_param(&criteria, "fields", search->fields);
	if (criteria_finish(&criteria, &request.query, &request.n_query) < 0)
		return result_out_of_memory(fault);
	return magento_call(&sc->magento, &request, reply, fault);
}

static json_t *
value_of(const struct search *search, const json_t *item)
{
	const json_t *id = json_get(item, search->member);

	return json_is_string(id) ? json_string(json_string_value(id))
				  : json_sprintf("%lld", (long long)json_get_int(item, search->member, 0));
}

static int
run_search(struct action_call *call, const struct search *search, const char *prefix, struct action_completions *out,
	   struct fault *fault)
{
	struct store_client sc;
	struct magento_reply reply;
	json_t *items;
	int r = store_open(&sc, call, fault);

	magento_reply_init(&reply);
	if (r == 0)
		r = ask(&sc, search, prefix, &reply, fault);
	items = json_get_array(reply.body, "items");
	for (size_t i = 0; r == 0 && i < json_array_size(items); i++)
		r = put_value(out, value_of(search, json_array_get(items, i)), fault);
	if (r == 0) {
		out->total = (size_t)json_get_int(reply.body, "total_count", 0);
		out->has_total = json_get(reply.body, "total_count") != NULL && out->total >= json_array_size(items);
		out->has_more = out->has_total && out->total > json_array_size(items);
		r = result_clean(out->values) < 0 ? result_out_of_memory(fault) : 0;
	}
	magento_reply_fini(&reply);
	store_close(&sc);
	return r;
}

int
guide_complete_skus(struct action_call *call, const char *prefix, const json_t *chosen, struct action_completions *out,
		    struct fault *fault)
{
	const struct search search = {.path = "/products",
				      .fields = "items[sku],total_count",
				      .id_field = "sku",
				      .member = "sku",
				      .text_field = "sku",
				      .text = criteria_like_prefix(call->pool, prefix)};

	(void)chosen;
	return may_suggest(call, "catalog:read", prefix) ? run_search(call, &search, prefix, out, fault) : 0;
}

int
guide_complete_rules(struct action_call *call, const char *prefix, const json_t *chosen, struct action_completions *out,
		     struct fault *fault)
{
	const struct search search = {.path = "/salesRules/search",
				      .fields = "items[rule_id],total_count",
				      .id_field = "rule_id",
				      .member = "rule_id",
				      .text_field = "name",
				      .text = criteria_like_contains(call->pool, prefix),
				      .is_id = true};

	(void)chosen;
	return may_suggest(call, "promotions:read", prefix) ? run_search(call, &search, prefix, out, fault) : 0;
}

int
guide_complete_categories(struct action_call *call, const char *prefix, const json_t *chosen,
			  struct action_completions *out, struct fault *fault)
{
	const struct search search = {.path = "/categories/list",
				      .fields = "items[id],total_count",
				      .id_field = "entity_id",
				      .member = "id",
				      .text_field = "name",
				      .text = criteria_like_contains(call->pool, prefix),
				      .is_id = true};

	(void)chosen;
	return may_suggest(call, "catalog:read", prefix) ? run_search(call, &search, prefix, out, fault) : 0;
}
