#include "match.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "action/env.h"
#include "filters.h"
#include "guard.h"
#include "json/get.h"
#include "page_limit.h"
#include "magento/criteria.h"
#include "results.h"
#include "shapes.h"

#define PAGE_MAX 100
#define CATEGORIES_MAX 500
#define QUERY_BUDGET 4500 /* bytes of a `list in (...)`; the rest of the address is for what stands beside it */

void
match_products_fini(struct match_products *products)
{
	json_decref(products->items);
	json_decref(products->not_found);
	*products = (struct match_products){NULL, NULL};
}

/* One way of selecting: what stands in every request, and a list of which each request takes a piece. */
struct selector {
	json_t *match;
	const struct match_query *query;
	const char *category_list; /* comma list of categories with their subcategories, or NULL */
	const char *list_field;	   /* "sku" or "entity_id", NULL: no list */
	const char **list;
	size_t n_list;
	uint32_t page_max; /* products of one request: ours, or what the shop's administrator allows */
};

/* ---- one request ---- */

static int
add_common(const struct selector *s, struct criteria *criteria, struct fault *fault)
{
	const char *prefix = json_get_str(s->match, "sku_prefix", NULL);
	int64_t category = json_get_int(s->match, "category_id", 0);

	if (prefix != NULL)
		criteria_where(criteria, "sku", "like", criteria_like_prefix(criteria->pool, prefix));
	if (s->category_list != NULL)
		criteria_where(criteria, "category_id", "in", s->category_list);
	else if (category != 0)
		criteria_where(criteria, "category_id", "eq", pool_printf(criteria->pool, "%lld", (long long)category));
	return filters_add(criteria, json_get_object(s->match, "attribute_filters"), "params.match.attribute_filters",
			   fault);
}

static int
build(struct store_client *sc, const struct selector *s, const char *const *piece, size_t n_piece, uint32_t page,
      uint32_t page_size, struct magento_request *request_r, struct fault *fault)
{
	struct pool *pool = sc->call->pool;
	struct criteria criteria;

	*request_r = (struct magento_request){.method = FETCH_GET, .scope = s->query->scope, .path = "/products"};
	criteria_init(&criteria, pool);
	if (add_common(s, &criteria, fault) < 0)
		return -1;
	/* A value with a comma cannot stand in a list: it comes alone. */
	if (n_piece > 0) {
		criteria_where(&criteria, s->list_field, n_piece == 1 ? "eq" : "in",
			       n_piece == 1 ? piece[0] : criteria_join(pool, piece, n_piece));
	}
	criteria_sort(&criteria, "entity_id", "ASC");
	criteria_page(&criteria, page_size, page);
	criteria_param(&criteria, "fields", pool_printf(pool, "items[%s],total_count", s->query->projection));
	if (criteria_finish(&criteria, &request_r->query, &request_r->n_query) < 0)
		return fault_set(fault, FAULT_VALIDATION_ERROR, NULL,
				 "The match cannot be put into one request. Make it simpler.");
	return 0;
}

/* ---- many requests ---- */

struct batch {
	struct magento_request *requests;
	struct magento_reply *replies;
	struct fault *faults;
	size_t n;
};

static int
batch_init(struct batch *batch, struct pool *pool, size_t n)
{
	batch->n = n;
	batch->requests = pool_alloc(pool, (n + 1) * sizeof(*batch->requests));
	batch->replies = pool_alloc(pool, (n + 1) * sizeof(*batch->replies));
	batch->faults = pool_alloc(pool, (n + 1) * sizeof(*batch->faults));
	if (batch->requests == NULL || batch->replies == NULL || batch->faults == NULL)
		return -1;
	for (size_t i = 0; i < n; i++) {
		magento_reply_init(&batch->replies[i]);
		fault_init(&batch->faults[i]);
	}
	return 0;
}

static void
explain(struct fault *fault)
{
	if (fault->code == FAULT_MAGENTO_API_ERROR && strstr(fault->message, "attribute name is invalid") != NULL)
		fault->code = FAULT_VALIDATION_ERROR;
}

static int
take_items(json_t *items, const json_t *body)
{
	json_t *found = json_get_array(body, "items");

	for (size_t i = 0; i < json_array_size(found); i++) {
		if (json_array_append(items, json_array_get(found, i)) < 0)
			return -1;
	}
	return 0;
}

/* Runs the batch, puts the items of all replies behind `items`. */
static int
batch_run(struct store_client *sc, struct batch *batch, json_t *items, struct fault *fault)
{
	int failed = magento_call_many(&sc->magento, batch->requests, batch->n, batch->replies, batch->faults);

	for (size_t i = 0; i < batch->n; i++) {
		if (fault->code == FAULT_NONE && batch->faults[i].code != FAULT_NONE)
			fault_move(fault, &batch->faults[i]);
		if (failed == 0 && fault->code == FAULT_NONE && take_items(items, batch->replies[i].body) < 0)
			result_out_of_memory(fault);
		magento_reply_fini(&batch->replies[i]);
		fault_fini(&batch->faults[i]);
	}
	store_tell_reading(sc, 0, 0, 0, NULL);
	explain(fault);
	return fault->code == FAULT_NONE ? 0 : -1;
}

/* A list is cut into pieces; each piece is one page of at most as many products. */
static size_t
piece_at(const struct selector *s, size_t at)
{
	size_t n = criteria_in_piece(&s->list[at], s->n_list - at, QUERY_BUDGET);

	return n < s->page_max ? n : s->page_max;
}

static int
read_list(struct store_client *sc, const struct selector *s, json_t *items, struct fault *fault)
{
	struct batch batch;
	size_t n_pieces = 0;

	for (size_t at = 0; at < s->n_list; n_pieces++)
		at += piece_at(s, at);
	if (batch_init(&batch, sc->call->pool, n_pieces) < 0)
		return result_out_of_memory(fault);
	for (size_t at = 0, i = 0; i < n_pieces; i++) {
		size_t n = piece_at(s, at);

		if (build(sc, s, &s->list[at], n, 1, s->page_max, &batch.requests[i], fault) < 0)
			return -1;
		at += n;
	}
	store_tell_reading(sc, n_pieces > 1 ? n_pieces : 0, 0, s->n_list, "products");
	return batch_run(sc, &batch, items, fault);
}

static int
first_page(struct store_client *sc, const struct selector *s, json_t *items, size_t *total_r, struct fault *fault)
{
	struct magento_request request;
	struct magento_reply reply;
	int r;

	if (build(sc, s, NULL, 0, 1, s->page_max, &request, fault) < 0)
		return -1;
	magento_reply_init(&reply);
	r = magento_call(&sc->magento, &request, &reply, fault);
	explain(fault);
	if (r == 0) {
		*total_r = (size_t)json_get_int(reply.body, "total_count", 0);
		r = guard_cap(*total_r, s->query->cap, "guardrails.max_skus_per_bulk", fault);
	}
	if (r == 0 && take_items(items, reply.body) < 0)
		r = result_out_of_memory(fault);
	magento_reply_fini(&reply);
	return r;
}

static int
read_pages(struct store_client *sc, const struct selector *s, json_t *items, size_t *total_r, struct fault *fault)
{
	struct batch batch;
	size_t first, n_more;

	if (first_page(sc, s, items, total_r, fault) < 0)
		return -1;
	first = json_array_size(items);
	if (*total_r <= first || first == 0)
		return 0;
	n_more = (*total_r + first - 1) / first - 1;
	if (batch_init(&batch, sc->call->pool, n_more) < 0)
		return result_out_of_memory(fault);
	for (size_t i = 0; i < n_more; i++) {
		if (build(sc, s, NULL, 0, (uint32_t)i + 2, (uint32_t)first, &batch.requests[i], fault) < 0)
			return -1;
	}
	store_tell_reading(sc, n_more, first, *total_r, "products");
	return batch_run(sc, &batch, items, fault);
}

/* ---- each product once ---- */

static int
compare_ids(const void *a, const void *b)
{
	int64_t x = json_get_int(*(json_t *const *)a, "id", 0), y = json_get_int(*(json_t *const *)b, "id", 0);

	return (x > y) - (x < y);
}

static json_t *
sort_unique(json_t *items)
{
	size_t n = json_array_size(items);
	json_t **rows = calloc(n + 1, sizeof(json_t *));
	json_t *sorted = json_array();
	int r = rows != NULL && sorted != NULL ? 0 : -1;

	for (size_t i = 0; r == 0 && i < n; i++)
		rows[i] = json_array_get(items, i);
	if (r == 0)
		qsort(rows, n, sizeof(json_t *), compare_ids);
	for (size_t i = 0; r == 0 && i < n; i++) {
		if (i == 0 || compare_ids(&rows[i - 1], &rows[i]) != 0)
			r = json_array_append(sorted, rows[i]);
	}
	free(rows);
	if (r < 0) {
		json_decref(sorted);
		return NULL;
	}
	return sorted;
}

/* ---- the list of skus ---- */

/* Magento compares without trailing spaces and letter case. */
static size_t
significant_len(const char *sku)
{
	size_t n = strlen(sku);

	while (n > 0 && sku[n - 1] == ' ')
		n--;
	return n;
}

static int
compare_skus(const void *a, const void *b)
{
	const char *x = *(const char *const *)a, *y = *(const char *const *)b;
	size_t n = significant_len(x), m = significant_len(y);
	int r = strncasecmp(x, y, n < m ? n : m);

	return r != 0 ? r : (n > m) - (n < m);
}

/* Sorted and without doubles. */
static int
list_skus(struct store_client *sc, struct selector *s, struct fault *fault)
{
	json_t *given = json_get_array(s->match, "sku_list");
	size_t n = json_array_size(given), kept = 0;

	if (given == NULL)
		return 0;
	s->list_field = "sku";
	s->list = pool_alloc(sc->call->pool, (n + 1) * sizeof(*s->list));
	if (s->list == NULL)
		return result_out_of_memory(fault);
	for (size_t i = 0; i < n; i++)
		s->list[i] = json_string_value(json_array_get(given, i));
	qsort(s->list, n, sizeof(*s->list), compare_skus);
	for (size_t i = 0; i < n; i++) {
		if (i == 0 || compare_skus(&s->list[i], &s->list[kept - 1]) != 0)
			s->list[kept++] = s->list[i];
	}
	s->n_list = kept;
	return guard_cap(kept, s->query->cap, "guardrails.max_skus_per_bulk", fault);
}

/* Where in the list a product of the shop stands; n_list when nowhere. */
static size_t
place_in_list(const struct selector *s, const char *sku)
{
	const char **found = bsearch(&sku, s->list, s->n_list, sizeof(*s->list), compare_skus);

	return found != NULL ? (size_t)(found - s->list) : s->n_list;
}

static bool
has_prefix(const json_t *match, const char *sku)
{
	const char *prefix = json_get_str(match, "sku_prefix", "");

	return strncasecmp(sku, prefix, strlen(prefix)) == 0;
}

/*
 * Leaves what was really asked for: the shop's collation also takes letters with and without accents for the same, and
 * a wildcard may have slipped through.  Tells which of the list are missing.
 */
static int
sift(struct store_client *sc, const struct selector *s, json_t *items, json_t *missing)
{
	bool *seen = pool_alloc(sc->call->pool, (s->n_list + 1) * sizeof(*seen));

	if (seen == NULL)
		return -1;
	memset(seen, 0, (s->n_list + 1) * sizeof(*seen));
	for (size_t i = json_array_size(items); i-- > 0;) {
		const char *sku = json_get_str(json_array_get(items, i), "sku", "");
		size_t place = s->list_field != NULL ? place_in_list(s, sku) : 0;

		if ((s->list_field != NULL && place == s->n_list) || !has_prefix(s->match, sku))
			json_array_remove(items, i);
		else
			seen[place] = true;
	}
	for (size_t i = 0; i < s->n_list; i++) {
		if (!seen[i] && json_array_append_new(missing, json_string(s->list[i])) < 0)
			return -1;
	}
	return 0;
}

/* ---- categories with what lies below them ---- */

/* The tree is walked with a list of its own, since shops nest categories as they like.  NULL: too many, or no memory.
 */
static const char *
collect_categories(struct pool *pool, json_t *tree)
{
	json_t *queue[CATEGORIES_MAX];
	const char *ids[CATEGORIES_MAX];
	size_t n = 0;

	queue[n++] = tree;
	for (size_t i = 0; i < n; i++) {
		json_t *children = json_get_array(queue[i], "children_data");

		ids[i] = pool_printf(pool, "%lld", (long long)json_get_int(queue[i], "id", 0));
		if (n + json_array_size(children) > CATEGORIES_MAX)
			return NULL;
		for (size_t k = 0; k < json_array_size(children); k++)
			queue[n++] = json_array_get(children, k);
	}
	return criteria_join(pool, ids, n);
}

static int
list_categories(struct store_client *sc, struct selector *s, struct fault *fault)
{
	int64_t root = json_get_int(s->match, "category_id", 0);
	struct magento_param query = {"rootCategoryId", pool_printf(sc->call->pool, "%lld", (long long)root)};
	struct magento_request request = {
	    .method = FETCH_GET, .scope = MAGENTO_SCOPE_ALL, .path = "/categories", .query = &query, .n_query = 1};
	struct magento_reply reply;
	int r;

	if (root == 0 || !json_get_bool(s->match, "include_subcategories", false))
		return 0;
	magento_reply_init(&reply);
	r = magento_call(&sc->magento, &request, &reply, fault);
	if (r == 0) {
		s->category_list = collect_categories(sc->call->pool, reply.body);
		if (s->category_list == NULL) {
			r = fault_set(fault, FAULT_VALIDATION_ERROR, NULL,
				      "params.match.category_id: it has more than %d subcategories. Name smaller ones.",
				      CATEGORIES_MAX - 1);
		}
	}
	magento_reply_fini(&reply);
	return r;
}

/* ---- all of it ---- */

static int
check_not_empty(json_t *match, struct fault *fault)
{
	static const char *const members[] = {"sku_list", "sku_prefix", "attribute_filters", "category_id"};

	for (size_t i = 0; i < ARRAY_LEN(members); i++) {
		json_t *member = json_object_get(match, members[i]);

		if (member != NULL && !(json_is_object(member) && json_object_size(member) == 0))
			return 0;
	}
	return fault_set(fault, FAULT_VALIDATION_ERROR,
			 json_pack("[{s:s, s:s}]", "path", "params.match", "message", "selects nothing by itself"),
			 "params.match: give at least one of sku_list, sku_prefix, attribute_filters, category_id.");
}

static int
read_any(struct store_client *sc, const struct selector *s, json_t *all, size_t *total_r, struct fault *fault)
{
	return s->list_field != NULL ? read_list(sc, s, all, fault) : read_pages(sc, s, all, total_r, fault);
}

static int
read_fitting(struct store_client *sc, struct selector *s, json_t *all, size_t *total_r, struct fault *fault)
{
	uint32_t allowed;

	if (read_any(sc, s, all, total_r, fault) == 0)
		return 0;
	allowed = page_limit(fault, s->page_max);
	if (allowed == 0)
		return -1;
	fault_fini(fault);
	fault_init(fault);
	json_array_clear(all);
	s->page_max = allowed;
	return read_any(sc, s, all, total_r, fault);
}

static int
read_once(struct store_client *sc, struct selector *s, json_t **items_r, bool *complete_r, struct fault *fault)
{
	json_t *all = json_array();
	size_t total = 0;
	int r;

	if (all == NULL)
		return result_out_of_memory(fault);
	r = read_fitting(sc, s, all, &total, fault);
	*items_r = r == 0 ? sort_unique(all) : NULL;
	json_decref(all);
	if (r < 0)
		return -1;
	if (*items_r == NULL)
		return result_out_of_memory(fault);
	*complete_r = s->list_field != NULL || json_array_size(*items_r) == total;
	return 0;
}

static int
read_all(struct store_client *sc, struct selector *s, json_t **items_r, struct fault *fault)
{
	bool complete = false;

	*items_r = NULL;
	for (int tries = 0; tries < 2 && !complete; tries++) {
		json_decref(*items_r);
		*items_r = NULL;
		if (read_once(sc, s, items_r, &complete, fault) < 0)
			return -1;
	}
	if (complete)
		return 0;
	json_decref(*items_r);
	*items_r = NULL;
	return fault_set(fault, FAULT_MAGENTO_API_ERROR, json_pack("{s:s}", "kind", "rejected"),
			 "The catalogue changed while it was being read. Try again.");
}

static int
compare_json_skus(const void *a, const void *b)
{
	const char *x = json_string_value(*(json_t *const *)a), *y = json_string_value(*(json_t *const *)b);

	return compare_skus(&x, &y);
}

int
match_check(json_t *match, size_t cap, struct fault *fault)
{
	json_t *given = json_get_array(match, "sku_list");
	size_t n = json_array_size(given), distinct = 0;
	json_t **skus;

	if (check_not_empty(match, fault) < 0)
		return -1;
	if (n <= cap)
		return 0;
	skus = calloc(n, sizeof(json_t *));
	if (skus == NULL)
		return result_out_of_memory(fault);
	for (size_t i = 0; i < n; i++)
		skus[i] = json_array_get(given, i);
	qsort(skus, n, sizeof(json_t *), compare_json_skus);
	for (size_t i = 0; i < n; i++)
		distinct += i == 0 || compare_json_skus(&skus[i - 1], &skus[i]) != 0;
	free(skus);
	return guard_cap(distinct, cap, "guardrails.max_skus_per_bulk", fault);
}

static int
refuse_nothing(const struct selector *s, struct fault *fault)
{
	if (s->list_field != NULL)
		return fault_set(fault, FAULT_NOT_FOUND, NULL,
				 "None of the listed SKUs was found. Try catalog_search_products.");
	return fault_set(fault, FAULT_VALIDATION_ERROR, NULL, "The match selects no product.");
}

int
match_resolve(struct store_client *sc, json_t *match, const struct match_query *query,
	      struct match_products *products_r, struct fault *fault)
{
	struct selector s = {.match = match, .query = query, .page_max = PAGE_MAX};

	*products_r = (struct match_products){NULL, NULL};
	if (check_not_empty(match, fault) < 0 || list_skus(sc, &s, fault) < 0 || list_categories(sc, &s, fault) < 0 ||
	    read_all(sc, &s, &products_r->items, fault) < 0)
		return -1;
	products_r->not_found = json_array();
	if (products_r->not_found == NULL || sift(sc, &s, products_r->items, products_r->not_found) < 0)
		result_out_of_memory(fault);
	else if (json_array_size(products_r->items) == 0)
		refuse_nothing(&s, fault);
	if (fault->code == FAULT_NONE)
		return 0;
	match_products_fini(products_r);
	return -1;
}

int
match_read_ids(struct store_client *sc, json_t *items, const struct match_query *query, json_t **items_r,
	       struct fault *fault)
{
	size_t n = json_array_size(items);
	struct selector s = {
	    .match = NULL, .query = query, .list_field = "entity_id", .n_list = n, .page_max = PAGE_MAX};

	s.list = pool_alloc(sc->call->pool, (n + 1) * sizeof(*s.list));
	if (s.list == NULL)
		return result_out_of_memory(fault);
	for (size_t i = 0; i < n; i++) {
		s.list[i] =
		    pool_printf(sc->call->pool, "%lld", (long long)json_get_int(json_array_get(items, i), "id", 0));
		if (s.list[i] == NULL)
			return result_out_of_memory(fault);
	}
	return read_all(sc, &s, items_r, fault);
}

/* ---- shape ---- */

static const struct json_schema sku_list = {
    .type = JSON_T_ARRAY, .items = &shape_sku, .min_items = 1, .unique_items = true, .description = "Exact SKUs"};
static const struct json_schema sku_prefix = {
    .type = JSON_T_STRING, .min_length = 1, .max_length = 64, .description = "SKUs that begin with this text"};
static const struct json_schema category_id = {
    .type = JSON_T_INTEGER, .minimum = JSON_BOUND(1), .description = "Products assigned directly to this category"};
static const struct json_schema include_subcategories = {
    .type = JSON_T_BOOLEAN, .default_json = "false", .description = "Also products of its subcategories"};
static const struct json_prop match_props[] = {
    {"sku_list", &sku_list, false, NULL},
    {"sku_prefix", &sku_prefix, false, NULL},
    {"attribute_filters", &shape_filters, false, NULL},
    {"category_id", &category_id, false, NULL},
    {"include_subcategories", &include_subcategories, false, NULL},
    {0},
};
const struct json_schema match_shape = {
    .type = JSON_T_OBJECT,
    .props = match_props,
    .min_properties = 1,
    .description = "Which products: all given members must hold; at least one of the first four"};
