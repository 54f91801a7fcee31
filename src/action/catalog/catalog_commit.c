/*
 * catalog_commit.c - catalog.commit_bulk_update: one PUT per product and scope
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "action/env.h"
#include "batch.h"
#include "catalog_private.h"
#include "guard.h"
#include "json/get.h"
#include "match.h"
#include "pricing/price_targets.h"
#include "pricing/pricing_private.h"
#include "results.h"

/* ---- reading ---- */

static const json_t *
find_product(const json_t *items, int64_t id)
{
	for (size_t i = 0; i < json_array_size(items); i++) {
		if (json_get_int(json_array_get(items, i), "id", 0) == id)
			return json_array_get(items, i);
	}
	return NULL;
}

static const char *
sku_of(const struct commit_step *step)
{
	return json_get_str(json_object_get(step->plan_item, "key"), "sku", "");
}

static int
take_present(struct commit_step *step, const json_t *product)
{
	const char *name;
	json_t *unused;

	/* A PUT names the sku: under another one it would make a new product. */
	step->gone = product == NULL || strcasecmp(json_get_str(product, "sku", ""), sku_of(step)) != 0;
	if (step->gone)
		return 0;
	step->present = json_object();
	json_object_foreach(step->to, name, unused)
	{
		const struct product_field *field = fields_find(name);

		if (field != NULL && json_object_set_new(step->present, name, fields_of_product(field, product)) < 0)
			return -1;
	}
	return step->present != NULL ? 0 : -1;
}

/* Steps of one scope: their products in as few list requests as fit. */
static int
read_scope(struct store_client *sc, struct commit_step *const *steps, size_t n, const char *scope, struct fault *fault)
{
	const struct match_query query = {.scope = scope, .projection = CATALOG_PROJECTION};
	json_t *wanted = json_array(), *items = NULL;
	int r = wanted != NULL ? 0 : -1;

	for (size_t i = 0; r == 0 && i < n; i++) {
		if (strcmp(steps[i]->scope, scope) == 0)
			r = json_array_append(wanted, steps[i]->plan_item);
	}
	if (r < 0)
		result_out_of_memory(fault);
	else
		r = match_read_ids(sc, wanted, &query, &items, fault);
	for (size_t i = 0; r == 0 && i < n; i++) {
		if (strcmp(steps[i]->scope, scope) == 0)
			r = take_present(steps[i], find_product(items, json_get_int(steps[i]->plan_item, "id", 0)));
	}
	if (r < 0 && fault->code == FAULT_NONE)
		result_out_of_memory(fault);
	json_decref(items);
	json_decref(wanted);
	return r;
}

static bool
is_first_of_scope(struct commit_step *const *steps, size_t at)
{
	for (size_t i = 0; i < at; i++) {
		if (strcmp(steps[i]->scope, steps[at]->scope) == 0)
			return false;
	}
	return true;
}

static int
read_steps(struct store_client *sc, struct commit_step *const *steps, size_t n, struct fault *fault)
{
	for (size_t i = 0; i < n; i++) {
		if (is_first_of_scope(steps, i) && read_scope(sc, steps, n, steps[i]->scope, fault) < 0)
			return -1;
	}
	return 0;
}

/* ---- writing ---- */

static json_t *
build_body(const struct commit_step *step)
{
	json_t *product = json_pack("{s:O}", "sku", json_object_get(json_object_get(step->plan_item, "key"), "sku"));
	json_t *extra = json_object_get(step->plan_item, "extra_attributes");
	const char *name;
	json_t *target;

	json_object_foreach(step->to, name, target)
	{
		const struct product_field *field = fields_find(name);

		if (field == NULL || fields_put(field, product, target) < 0) {
			json_decref(product);
			return NULL;
		}
	}
	/* What travels with a change but is no value to compare, such as the wish for a redirect. */
	if (extra != NULL && json_array_extend(json_object_get(product, "custom_attributes"), extra) < 0) {
		json_decref(product);
		return NULL;
	}
	return json_pack("{s:o}", "product", product);
}

/* Magento ignores what it does not like and says 200: so its answer is compared with what was sent. */
static int
check_answer(struct commit_step *step, const json_t *reply, struct fault *fault)
{
	const char *name;
	json_t *target;

	json_object_foreach(step->to, name, target)
	{
		const struct product_field *field = fields_find(name);
		json_t *stored = field != NULL ? fields_of_product(field, reply) : NULL;
		bool same = stored != NULL && fields_same(field, stored, target);

		json_decref(stored);
		if (!same)
			return fault_set(fault, FAULT_MAGENTO_API_ERROR, NULL,
					 "Magento accepted the request but did not store %s.", name);
	}
	return 0;
}

static void
write_steps(struct store_client *sc, struct commit_step *const *steps, size_t n)
{
	struct magento_request *requests = calloc(n + 1, sizeof(*requests));
	bool is_short = requests == NULL;

	for (size_t i = 0; requests != NULL && i < n; i++) {
		requests[i] =
		    (struct magento_request){.method = FETCH_PUT,
					     .scope = steps[i]->scope,
					     .path = batch_path(sc->call->pool, "/products/", sku_of(steps[i]), ""),
					     .body = build_body(steps[i])};
		is_short = is_short || requests[i].path == NULL || requests[i].body == NULL;
	}
	for (size_t i = 0; is_short && i < n; i++) {
		result_out_of_memory(&steps[i]->fault);
		steps[i]->status = KEEPER_ERROR;
	}
	if (!is_short)
		commit_send(sc, steps, requests, n, check_answer);
	for (size_t i = 0; requests != NULL && i < n; i++)
		json_decref(requests[i].body);
	free(requests);
}

static bool
same_value(const char *name, const json_t *a, const json_t *b)
{
	const struct product_field *field = fields_find(name);

	return field != NULL && fields_same(field, a, b);
}

static int
recheck(struct action_call *call, json_t *arguments, uint32_t n_items, struct fault *fault)
{
	(void)arguments;
	return guard_cap(n_items, call->env->config->guardrails.max_skus_per_bulk, "guardrails.max_skus_per_bulk",
			 fault);
}

/*
 * Can the price routes carry it?  Regular prices, and special prices that there are and stay: of a product without one
 * these routes do not tell the dates, and removing one takes the dates with it.
 */
static bool
is_for_price_routes(const struct commit_step *step)
{
	const char *name;
	json_t *to;

	if (strcmp(step->scope, MAGENTO_SCOPE_ALL) != 0)
		return false;
	json_object_foreach(step->to, name, to)
	{
		if (!price_is_field(name))
			return false;
		if (strcmp(name, "price") != 0 &&
		    (json_get(step->to, "special_price") == NULL || json_get(step->from, "special_price") == NULL))
			return false;
	}
	return true;
}

/* A plan of nothing but such prices goes by the hundred. */
static const struct commit_ops *
choose_prices(const struct commit_step *steps, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!is_for_price_routes(&steps[i]))
			return NULL;
	}
	return &price_commit_ops;
}

const struct commit_ops catalog_commit_ops = {
    .pair = "catalog.bulk_update",
    .noun = "products",
    .read = read_steps,
    .write = write_steps,
    .same = same_value,
    .recheck = recheck,
    .choose = choose_prices,
};

int
catalog_commit_update(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	return commit_run(call, params, &catalog_commit_ops, result_r, fault);
}

int
catalog_ask_update(struct action_call *call, const json_t *params, struct buf *text, struct fault *fault)
{
	return commit_question(call, params, &catalog_commit_ops, text, fault);
}
