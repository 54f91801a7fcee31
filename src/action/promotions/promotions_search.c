/*
 * promotions_search.c - promotions.search_rules
 *
 * Magento filters rules by name, state and the number of their coupon type; a filter on websites is a 500 there, and it
 * does not tell generated coupons from single ones.  Where such a filter is asked for, all other matching rules are
 * read, sorted out and paged here.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "action/env.h"
#include "arguments.h"
#include "json/get.h"
#include "magento/scope.h"
#include "promotions.h"
#include "results.h"
#include "rule_fields.h"
#include "shapes.h"
#include "store.h"
#include "window.h"

#define RULES_MAX 5000
#define PROBE_SIZE 100

struct search {
	json_t *params;
	const char *query;	 /* NULL: any name */
	const char *coupon_type; /* NULL: any */
	int64_t website_id;	 /* 0: any */
};

static int
add_filters(void *ctx, struct criteria *criteria, struct fault *fault)
{
	const struct search *search = ctx;
	json_t *enabled = json_get(search->params, "enabled");

	(void)fault;
	if (search->query != NULL)
		criteria_where(criteria, "name", "like", criteria_like_contains(criteria->pool, search->query));
	if (enabled != NULL)
		criteria_where(criteria, "is_active", "eq", json_is_true(enabled) ? "1" : "0");
	if (search->coupon_type != NULL && strcmp(search->coupon_type, "auto") == 0)
		criteria_where(criteria, "coupon_type", "in", "2,3"); /* the stored numbers: words match broken rules */
	else if (search->coupon_type != NULL)
		criteria_where(criteria, "coupon_type", "eq",
			       strcmp(search->coupon_type, "no_coupon") == 0 ? "1" : "2");
	criteria_sort(criteria, "rule_id", "ASC");
	return 0;
}

/* ---- sorting out ---- */

/* Wildcards of the name were escaped for Magento; its answer is held against the text itself. */
static bool
has_wildcard(const char *query)
{
	return query != NULL && strpbrk(query, "%_\\") != NULL;
}

static bool
needs_sorting_out(const struct search *search)
{
	return search->website_id != 0 || has_wildcard(search->query) ||
	       (search->coupon_type != NULL && strcmp(search->coupon_type, "no_coupon") != 0);
}

static bool
is_on_website(const json_t *rule, int64_t website_id)
{
	json_t *ids = json_get_array(rule, "website_ids");
	int64_t id;

	for (size_t i = 0; i < json_array_size(ids); i++) {
		if (json_is_integral(json_array_get(ids, i), &id) && id == website_id)
			return true;
	}
	return false;
}

static bool
is_wanted(const struct search *search, const json_t *rule)
{
	bool is_auto = rule_takes_generated_coupons(rule) || strcmp(json_get_str(rule, "coupon_type", ""), "AUTO") == 0;

	if (search->website_id != 0 && !is_on_website(rule, search->website_id))
		return false;
	if (has_wildcard(search->query) && strcasestr(json_get_str(rule, "name", ""), search->query) == NULL)
		return false;
	if (search->coupon_type == NULL || strcmp(search->coupon_type, "no_coupon") == 0)
		return true;
	return is_auto == (strcmp(search->coupon_type, "auto") == 0);
}

/* Keeps the wanted ones, each once.  Sorted by id, so that doubles are neighbours.  Gives how many there were. */
static int
sort_out(const struct search *search, const json_t *rules, json_t *wanted, size_t *n_distinct_r)
{
	int64_t before = -1;

	*n_distinct_r = 0;
	for (size_t i = 0; i < json_array_size(rules); i++) {
		json_t *rule = json_array_get(rules, i);
		int64_t id = json_get_int(rule, "rule_id", 0);

		if (id <= before)
			continue;
		before = id;
		(*n_distinct_r)++;
		if (is_wanted(search, rule) && json_array_append(wanted, rule) < 0)
			return -1;
	}
	return 0;
}

static int
refuse_too_many(int64_t count, struct fault *fault)
{
	return fault_set(fault, FAULT_BULK_CAP_EXCEEDED,
			 json_pack("{s:I, s:i}", "count", (json_int_t)count, "cap", RULES_MAX),
			 "%lld rules would have to be looked through, at most %d can be. Narrow the search with query, "
			 "enabled or coupon_type.",
			 (long long)count, RULES_MAX);
}

static int
read_window(struct store_client *sc, struct search *search, uint32_t size, uint32_t number, struct window_page *page_r,
	    struct fault *fault)
{
	const struct window window = {
	    .scope = MAGENTO_SCOPE_ALL, .path = "/salesRules/search", .page_size = size, .current_page = number};

	return window_read(&sc->magento, &window, add_filters, search, page_r, fault);
}

/* All rules that Magento finds: a first page tells how many there are. */
static int
read_all(struct store_client *sc, struct search *search, struct window_page *page_r, struct fault *fault)
{
	int64_t total;

	if (read_window(sc, search, PROBE_SIZE, 1, page_r, fault) < 0)
		return -1;
	total = page_r->total_count;
	if (total > RULES_MAX)
		return refuse_too_many(total, fault);
	if (total <= PROBE_SIZE)
		return 0;
	window_page_fini(page_r);
	return read_window(sc, search, (uint32_t)total, 1, page_r, fault);
}

/* *wanted_r: all wanted rules.  Read once more when the rules changed meanwhile. */
static int
find_wanted(struct store_client *sc, struct search *search, json_t **wanted_r, struct fault *fault)
{
	for (int round = 0; round < 2; round++) {
		struct window_page page = {NULL, 0};
		json_t *wanted = json_array();
		size_t n_distinct = 0;
		int r = read_all(sc, search, &page, fault);

		if (r == 0 && (wanted == NULL || sort_out(search, page.items, wanted, &n_distinct) < 0))
			r = result_out_of_memory(fault);
		window_page_fini(&page);
		if (r == 0 && (int64_t)n_distinct == page.total_count) {
			*wanted_r = wanted;
			return 0;
		}
		json_decref(wanted);
		if (r < 0)
			return -1;
	}
	return fault_set(fault, FAULT_MAGENTO_API_ERROR, NULL,
			 "The rules changed while they were being read. Try again.");
}

/* ---- ---- */

static int
render(json_t *items, int64_t total, uint32_t size, uint32_t number, json_t **result_r, struct fault *fault)
{
	if (result_clean(items) < 0)
		return result_out_of_memory(fault);
	*result_r = json_pack("{s:O, s:I, s:{s:i, s:i}, s:b}", "items", items, "total_count", (json_int_t)total,
			      "search_criteria", "page_size", (int)size, "current_page", (int)number, "has_more",
			      (int64_t)size * number < total);
	return *result_r != NULL ? 0 : result_out_of_memory(fault);
}

static int
search_here(struct store_client *sc, struct search *search, uint32_t size, uint32_t number, json_t **result_r,
	    struct fault *fault)
{
	size_t from = (size_t)(number - 1) * size;
	json_t *wanted = NULL, *items = json_array();
	int r = items != NULL ? find_wanted(sc, search, &wanted, fault) : result_out_of_memory(fault);

	for (size_t i = from; r == 0 && i < json_array_size(wanted) && i < from + size; i++) {
		if (json_array_append(items, json_array_get(wanted, i)) < 0)
			r = result_out_of_memory(fault);
	}
	if (r == 0)
		r = render(items, (int64_t)json_array_size(wanted), size, number, result_r, fault);
	json_decref(wanted);
	json_decref(items);
	return r;
}

static int
search_there(struct store_client *sc, struct search *search, uint32_t size, uint32_t number, json_t **result_r,
	     struct fault *fault)
{
	struct window_page page = {NULL, 0};
	int r = read_window(sc, search, size, number, &page, fault);

	if (r == 0)
		r = render(page.items, page.total_count, size, number, result_r, fault);
	window_page_fini(&page);
	return r;
}

/* Resolving looks in a fresh tree before it refuses, and tells which codes there are. */
static int
resolve_website(struct store_client *sc, const char *code, int64_t *id_r, struct fault *fault)
{
	json_t *given = json_pack("{s:s}", "website_code", code);
	struct scope_target target;
	struct scope scope;
	int r = given != NULL ? scope_from_json(given, "params", &scope, fault) : result_out_of_memory(fault);

	if (r == 0)
		r = scope_resolve_read(&sc->magento, sc->call->env->scopes, &scope, NULL, &target, fault);
	if (r == 0)
		*id_r = target.website_id;
	json_decref(given);
	return r;
}

static int
find_website(struct store_client *sc, const char *code, int64_t *id_r, struct fault *fault)
{
	const struct scope_website *website;
	const struct scope_tree *tree;

	if (scope_tree_get(&sc->magento, sc->call->env->scopes, false, &tree, NULL, fault) < 0)
		return -1;
	website = scope_website_find(tree, code);
	if (website == NULL)
		return resolve_website(sc, code, id_r, fault);
	*id_r = website->id;
	return 0;
}

static int
run(struct store_client *sc, json_t *params, json_t **result_r, struct fault *fault)
{
	struct search search = {
	    .params = params,
	    .query = json_get_str(params, "query", NULL),
	    .coupon_type = json_get_str(params, "coupon_type", NULL),
	};
	uint32_t size = (uint32_t)json_get_int(params, "page_size", SHAPE_PAGE_SIZE);
	uint32_t number = (uint32_t)json_get_int(params, "current_page", 1);
	const char *website = json_get_str(params, "website_code", NULL);

	if (website != NULL && find_website(sc, website, &search.website_id, fault) < 0)
		return -1;
	if (needs_sorting_out(&search))
		return search_here(sc, &search, size, number, result_r, fault);
	return search_there(sc, &search, size, number, result_r, fault);
}

int
promotions_search(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	return store_run(call, params, result_r, fault, run);
}

/* ---- shapes ---- */

static const char *const coupon_types[] = {"no_coupon", "specific_coupon", "auto", NULL};

static bool
match_code(const char *text, size_t len)
{
	return strlen(text) == len && scope_is_code(text);
}

static const struct json_prop params_props[] = {
    JSON_OPTIONAL("query", .type = JSON_T_STRING, .min_length = 1, .max_length = 255,
		  .description = "Text in the name"),
    JSON_OPTIONAL("website_code", .type = JSON_T_STRING, .max_length = SCOPE_CODE_MAX, .match = match_code,
		  .pattern = "^[A-Za-z][A-Za-z0-9_]*$", .hint = "must be a code: a letter, then letters, digits and _",
		  .description = "Rules of this website"),
    JSON_OPTIONAL("enabled", .type = JSON_T_BOOLEAN, .description = "Only active or only inactive ones"),
    JSON_OPTIONAL("coupon_type", .type = JSON_T_STRING, .enumeration = coupon_types,
		  .description = "auto = with generated coupons"),
    {"page_size", &shape_page_size, false, NULL},
    {"current_page", &shape_current_page, false, NULL},
    {0},
};
const struct json_schema promotions_search_params = {.type = JSON_T_OBJECT, .props = params_props};

static const struct json_prop echo_props[] = {
    {"page_size", &shape_count, true, NULL}, {"current_page", &shape_count, true, NULL}, {0}};
static const struct json_schema echo = {.type = JSON_T_OBJECT, .props = echo_props};
static const struct json_prop result_props[] = {
    {"items", &shape_objects, true, "Magento's rules"},
    {"total_count", &shape_count, true, "Rules that match, on all pages"},
    {"search_criteria", &echo, true, NULL},
    {"has_more", &shape_flag, true, "Whether there is a next page"},
    {0},
};
const struct json_schema promotions_search_result = {.type = JSON_T_OBJECT, .props = result_props};
