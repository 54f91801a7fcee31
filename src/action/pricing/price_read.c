/*
 * price_read.c - the prices that products have now
 *
 * Two POSTs tell the prices of hundreds of products.  What they do not tell, because the caller's role may not ask, the
 * product is of a type that they pass over, or it has dates of a special price but no such price, is read from the
 * product list.
 */
#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "action/env.h"
#include "catalog/fields.h"
#include "json/get.h"
#include "catalog/match.h"
#include "price_rows.h"
#include "price_targets.h"
#include "pricing_private.h"
#include "results.h"

#define KEY_MAX 320
#define DATES_READ "dates" /* in `present`: they were looked for in the product itself */

const char *
price_sku(const struct commit_step *step)
{
	return json_get_str(json_object_get(step->plan_item, "key"), "sku", "");
}

int64_t
price_store_id(struct store_client *sc, const char *scope)
{
	const struct scope_tree *tree = NULL;
	const struct scope_view *view = NULL;
	struct fault fault;

	if (strcmp(scope, MAGENTO_SCOPE_ALL) == 0)
		return 0;
	fault_init(&fault);
	if (scope_tree_get(&sc->magento, sc->call->env->scopes, false, &tree, NULL, &fault) == 0)
		view = scope_view_find(tree, scope);
	fault_fini(&fault);
	return view != NULL ? view->id : -1;
}

/* ---- answers by sku and store ---- */

static void
put_key(char key[static KEY_MAX], const char *sku, int64_t store_id)
{
	snprintf(key, KEY_MAX, "%.256s\n%lld", sku, (long long)store_id);
	for (char *p = key; *p != '\0'; p++)
		*p = (char)tolower((unsigned char)*p);
}

/* Adds rows of an information route to an object by key. */
static int
index_rows(void *ctx, size_t from, size_t n, const json_t *answer, struct fault *fault)
{
	char key[KEY_MAX];

	(void)from;
	(void)n;
	for (size_t i = 0; i < json_array_size(answer); i++) {
		json_t *row = json_array_get(answer, i);

		put_key(key, json_get_str(row, "sku", ""), json_get_int(row, "store_id", 0));
		if (json_object_set(ctx, key, row) < 0)
			return result_out_of_memory(fault);
	}
	return 0;
}

/* A store without a row of its own has the values of all stores. */
static json_t *
find_row(const json_t *index, const char *sku, int64_t store_id)
{
	char key[KEY_MAX];
	json_t *row;

	put_key(key, sku, store_id);
	row = json_object_get(index, key);
	if (row == NULL && store_id != 0) {
		put_key(key, sku, 0);
		row = json_object_get(index, key);
	}
	return row;
}

/* ---- the bulk routes ---- */

static bool
any_special(struct commit_step *const *steps, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		for (size_t f = PRICE_SPECIAL; f < PRICE_N_FIELDS; f++) {
			if (json_object_get(steps[i]->to, price_field_names[f]) != NULL)
				return true;
		}
	}
	return false;
}

/* Each sku once: the steps of one product stand behind each other. */
static json_t *
list_skus(struct commit_step *const *steps, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; list != NULL && i < n; i++) {
		if (i > 0 && strcmp(price_sku(steps[i]), price_sku(steps[i - 1])) == 0)
			continue;
		if (json_array_append_new(list, json_string(price_sku(steps[i]))) < 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

/* 0 with what it told; a route that may not be used tells nothing. */
static int
read_index(struct store_client *sc, const char *path, json_t *skus, json_t *index, struct fault *fault)
{
	struct price_post post = {
	    .path = path, .name = "skus", .list = skus, .is_read = true, .take = index_rows, .ctx = index};

	if (price_post(sc, &post, fault) == 0)
		return 0;
	if (fault->code != FAULT_FORBIDDEN)
		return -1;
	fault_fini(fault);
	fault_init(fault);
	json_object_clear(index);
	return 0;
}

static int
set_field(json_t *present, int which, const json_t *value)
{
	return json_object_set_new(present, price_field_names[which],
				   fields_of_param(fields_find(price_field_names[which]), value));
}

static json_t *
present_of_rows(const json_t *base, json_t *special)
{
	json_t *present = json_object();
	int r = 0;

	r |= set_field(present, PRICE_REGULAR, json_object_get(base, "price"));
	r |= set_field(present, PRICE_SPECIAL, json_object_get(special, "price"));
	r |= set_field(present, PRICE_FROM, json_object_get(special, "price_from"));
	r |= set_field(present, PRICE_TO, json_object_get(special, "price_to"));
	if (special != NULL)
		r |= json_object_set(present, PRICE_SPECIAL_ROW, special);
	if (r != 0) {
		json_decref(present);
		return NULL;
	}
	return present;
}

static int
read_bulk(struct store_client *sc, struct commit_step *const *steps, size_t n, struct fault *fault)
{
	json_t *skus = list_skus(steps, n), *base = json_object(), *special = json_object();
	int r = skus != NULL && base != NULL && special != NULL ? 0 : result_out_of_memory(fault);

	if (r == 0)
		r = read_index(sc, "/products/base-prices-information", skus, base, fault);
	if (r == 0 && json_object_size(base) > 0 && any_special(steps, n))
		r = read_index(sc, "/products/special-price-information", skus, special, fault);
	for (size_t i = 0; r == 0 && i < n; i++) {
		int64_t store_id = price_store_id(sc, steps[i]->scope);
		const json_t *row = store_id >= 0 ? find_row(base, price_sku(steps[i]), store_id) : NULL;

		if (row == NULL)
			continue;
		steps[i]->present = present_of_rows(row, find_row(special, price_sku(steps[i]), store_id));
		if (steps[i]->present == NULL)
			r = result_out_of_memory(fault);
	}
	json_decref(skus);
	json_decref(base);
	json_decref(special);
	return r;
}

/* ---- the product list ---- */

typedef bool (*lacks_fn)(const struct commit_step *step);

static bool
lacks_all(const struct commit_step *step)
{
	return step->present == NULL && !step->gone;
}

/*
 * Dates may be left of a special price that was taken away.  The price routes do not tell them, and a new price sent
 * without them would clear them.
 */
static bool
lacks_dates(const struct commit_step *step)
{
	return step->present != NULL && json_get(step->to, "special_price") != NULL &&
	       json_object_get(step->present, PRICE_SPECIAL_ROW) == NULL &&
	       json_object_get(step->present, DATES_READ) == NULL;
}

static size_t
pick(struct commit_step *const *steps, size_t n, const char *scope, lacks_fn lacks, struct commit_step **picked)
{
	size_t n_picked = 0;

	for (size_t i = 0; i < n; i++) {
		if (lacks(steps[i]) && strcmp(steps[i]->scope, scope) == 0)
			picked[n_picked++] = steps[i];
	}
	return n_picked;
}

static const json_t *
find_product(const json_t *items, const char *sku)
{
	for (size_t i = 0; i < json_array_size(items); i++) {
		if (price_rows_same_sku(json_get_str(json_array_get(items, i), "sku", ""), sku))
			return json_array_get(items, i);
	}
	return NULL;
}

static int
take_all(struct commit_step *step, const json_t *product)
{
	step->gone = product == NULL;
	if (product == NULL)
		return 0;
	step->present = price_values(product);
	return step->present != NULL ? json_object_set_new(step->present, PRICE_BY_PUT, json_true()) : -1;
}

static int
take_dates(struct commit_step *step, const json_t *product)
{
	json_t *values = product != NULL ? price_values(product) : json_object();
	int r = values != NULL ? json_object_set_new(step->present, DATES_READ, json_true()) : -1;

	for (int which = PRICE_FROM; r == 0 && which <= PRICE_TO; which++) {
		json_t *date = json_object_get(values, price_field_names[which]);

		if (date != NULL)
			r = json_object_set(step->present, price_field_names[which], date);
	}
	json_decref(values);
	return r;
}

/* What steps of one scope lack, out of the product list. */
static int
read_products(struct store_client *sc, struct commit_step *const *steps, size_t n, const char *scope,
	      int (*take)(struct commit_step *step, const json_t *product), struct fault *fault)
{
	const struct match_query query = {
	    .scope = scope, .projection = "id,sku,price,custom_attributes", .cap = SIZE_MAX};
	json_t *skus = list_skus(steps, n);
	json_t *match = skus != NULL ? json_pack("{s:o}", "sku_list", skus) : NULL;
	struct match_products products = {NULL, NULL};
	int r;

	if (match == NULL)
		return result_out_of_memory(fault);
	r = match_resolve(sc, match, &query, &products, fault);
	if (r < 0 && fault->code == FAULT_NOT_FOUND) { /* none of them is left */
		fault_fini(fault);
		fault_init(fault);
		r = 0;
	}
	for (size_t i = 0; r == 0 && i < n; i++) {
		if (take(steps[i], find_product(products.items, price_sku(steps[i]))) < 0)
			r = result_out_of_memory(fault);
	}
	match_products_fini(&products);
	json_decref(match);
	return r;
}

/* Scope by scope, until no step lacks anything. */
static int
complete(struct store_client *sc, struct commit_step *const *steps, size_t n, lacks_fn lacks,
	 int (*take)(struct commit_step *step, const json_t *product), struct fault *fault)
{
	struct commit_step **picked = pool_alloc(sc->call->pool, (n + 1) * sizeof(*picked));

	if (picked == NULL)
		return result_out_of_memory(fault);
	for (size_t i = 0; i < n; i++) {
		size_t n_picked;

		if (!lacks(steps[i]))
			continue;
		n_picked = pick(steps, n, steps[i]->scope, lacks, picked);
		if (read_products(sc, picked, n_picked, steps[i]->scope, take, fault) < 0)
			return -1;
	}
	return 0;
}

int
price_read(struct store_client *sc, struct commit_step *const *steps, size_t n, struct fault *fault)
{
	if (read_bulk(sc, steps, n, fault) < 0 || complete(sc, steps, n, lacks_dates, take_dates, fault) < 0)
		return -1;
	return complete(sc, steps, n, lacks_all, take_all, fault);
}
