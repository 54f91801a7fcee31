/*
 * catalog_update.c - catalog.prepare_bulk_update: which products would get which values, and what to think about first
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "action/env.h"
#include "arguments.h"
#include "base/clock.h"
#include "json/get.h"
#include "magento/criteria.h"
#include "pricing/price_survey.h"
#include "pricing/price_targets.h"
#include "product_plan.h"
#include "results.h"
#include "shapes.h"

#define DISABLED_SHARE 10 /* percent of the live products */

struct preparing {
	struct product_plan pp;
	struct price_survey prices;
	size_t live, disabled, ends_before, no_own_price; /* of the products */
};

/* ---- rules ---- */

static int
refuse_fields(json_t *updates, const struct config_list *allowed, struct fault *fault)
{
	json_t *violations = json_array(), *names = json_array();
	const char *name;
	char path[96];
	json_t *unused;

	for (size_t i = 0; i < allowed->n; i++)
		json_array_append_new(names, json_string(allowed->items[i]));
	json_object_foreach(updates, name, unused)
	{
		bool is_allowed = false;

		for (size_t i = 0; i < allowed->n; i++)
			is_allowed = is_allowed || strcmp(allowed->items[i], name) == 0;
		if (is_allowed)
			continue;
		snprintf(path, sizeof(path), "params.updates.%s", name);
		arguments_violation(violations, path, "may not be changed by this server's configuration");
		json_object_set(json_array_get(violations, json_array_size(violations) - 1), "allowed", names);
	}
	json_decref(names);
	if (json_array_size(violations) > 0)
		return arguments_refuse(violations, fault);
	json_decref(violations);
	return 0;
}

static int
check_dates(json_t *updates, struct fault *fault)
{
	const char *from = json_get_str(updates, "special_from_date", NULL);
	const char *to = json_get_str(updates, "special_to_date", NULL);
	json_t *violations;

	/* A day without a time begins at midnight, so the shorter text compares right. */
	if (from == NULL || to == NULL || strcmp(from, to) <= 0)
		return 0;
	violations = json_array();
	arguments_violation(violations, "params.updates.special_to_date", "must not be before special_from_date");
	return arguments_refuse(violations, fault);
}

/* Magento drops unknown ids in silence. */
static int
check_categories(struct store_client *sc, json_t *updates, struct fault *fault)
{
	json_t *ids = json_get_array(updates, "category_ids");
	struct magento_request request = {.method = FETCH_GET, .scope = MAGENTO_SCOPE_ALL, .path = "/categories/list"};
	struct magento_reply reply;
	struct criteria criteria;
	const char *why = NULL;
	json_t *violations;
	int r;

	if (json_array_size(ids) == 0)
		return 0;
	criteria_init(&criteria, sc->call->pool);
	criteria_where(&criteria, "entity_id", "in", criteria_value(sc->call->pool, ids, &why));
	criteria_param(&criteria, "fields", "items[id]");
	if (criteria_finish(&criteria, &request.query, &request.n_query) < 0)
		return result_out_of_memory(fault);
	magento_reply_init(&reply);
	r = magento_call(&sc->magento, &request, &reply, fault);
	violations = json_array();
	for (size_t i = 0; r == 0 && i < json_array_size(ids); i++) {
		json_t *found = json_get_array(reply.body, "items");
		json_int_t id = json_integer_value(json_array_get(ids, i));
		bool known = false;
		char path[64];

		for (size_t k = 0; k < json_array_size(found) && !known; k++)
			known = json_get_int(json_array_get(found, k), "id", 0) == id;
		snprintf(path, sizeof(path), "params.updates.category_ids[%zu]", i);
		if (!known)
			arguments_violation(violations, path, "there is no category %lld", (long long)id);
	}
	magento_reply_fini(&reply);
	if (r == 0 && json_array_size(violations) > 0)
		return arguments_refuse(violations, fault);
	json_decref(violations);
	return r;
}

static int
check_decimals(json_t *updates, struct fault *fault)
{
	static const char *const prices[] = {"price", "special_price"};
	json_t *violations = json_array();
	char path[64];

	for (size_t i = 0; i < ARRAY_LEN(prices); i++) {
		double scaled = json_get_num(updates, prices[i], 0) * 10000.0;

		snprintf(path, sizeof(path), "params.updates.%s", prices[i]);
		if (fabs(scaled - round(scaled)) > 0.001)
			arguments_violation(violations, path, "has more than four decimals");
	}
	if (json_array_size(violations) > 0)
		return arguments_refuse(violations, fault);
	json_decref(violations);
	return 0;
}

/* All that can be said before the shop is asked anything. */
static int
check_rules(struct action_call *call, json_t *params, struct fault *fault)
{
	const struct config *config = call->env->config;
	json_t *updates = json_object_get(params, "updates");

	if (refuse_fields(updates, &config->guardrails.catalog_update_fields, fault) < 0 ||
	    check_dates(updates, fault) < 0 || check_decimals(updates, fault) < 0)
		return -1;
	return product_plan_check(call, params, fault);
}

/* ---- one product ---- */

static bool
lacks_price(const struct product_field *field, const json_t *product)
{
	return strcmp(field->name, "price") == 0 && price_obstacle(product) != NULL;
}

/* The values before and after of all that is written of a product, wherever it is written. */
static int
gather(const json_t *item, json_t *present, json_t *to)
{
	json_t *writes = json_get_array(item, "writes");
	int r = 0;

	for (size_t i = 0; i < json_array_size(writes); i++) {
		const json_t *write = json_array_get(writes, i);

		r |= json_object_update(present, json_get_object(write, "from"));
		r |= json_object_update(to, json_get_object(write, "to"));
	}
	return r;
}

static const char *
later_date(const json_t *present, const json_t *to, const char *name)
{
	const json_t *value = json_object_get(to, name);

	return json_string_value(value != NULL ? value : json_object_get(present, name));
}

/* A date that is changed alone is held against the other one as it is; Magento would take any order. */
static bool
would_end_before(const json_t *present, const json_t *to)
{
	const char *from = later_date(present, to, "special_from_date");
	const char *until = later_date(present, to, "special_to_date");

	if (json_object_get(to, "special_from_date") == NULL && json_object_get(to, "special_to_date") == NULL)
		return false;
	return from != NULL && until != NULL && strcmp(from, until) > 0;
}

static int
look_at(struct preparing *p, const json_t *product, const json_t *item)
{
	json_t *present = price_values(product), *to = json_object();
	int r = present != NULL && to != NULL ? gather(item, present, to) : -1;

	if (r == 0) {
		price_survey_note(&p->prices, json_get_str(product, "sku", ""), present, to);
		p->ends_before += would_end_before(present, to);
		p->disabled += json_get_int(present, "status", 0) == 1 && json_get_int(to, "status", 0) == 2;
	}
	json_decref(present);
	json_decref(to);
	return r;
}

static bool
only_price_is_asked(const struct catalog_update *update)
{
	return update->n_fields == 1 && strcmp(update->fields[0].field->name, "price") == 0;
}

static int
add_product(struct preparing *p, const json_t *product)
{
	const char *obstacle = price_obstacle(product);
	json_t *item;

	p->live += json_get_int(product, "status", 1) == 1;
	if (obstacle != NULL && json_object_get(json_object_get(p->pp.params, "updates"), "price") != NULL) {
		p->no_own_price++;
		if (only_price_is_asked(&p->pp.update))
			return plan_skip(p->pp.plan, json_pack("{s:O}", "sku", json_object_get(product, "sku")),
					 obstacle);
	}
	if (product_plan_add(&p->pp, product, lacks_price, &item) < 0)
		return -1;
	return item != NULL ? look_at(p, product, item) : 0;
}

/* ---- warnings ---- */

static void
warn_prices(struct preparing *p)
{
	price_survey_warn(&p->prices, p->pp.plan);
	if (p->ends_before > 0)
		plan_warn(p->pp.plan, "%zu product%s: the special price would end before it begins", p->ends_before,
			  p->ends_before == 1 ? "" : "s");
	if (p->no_own_price > 0)
		plan_warn(p->pp.plan,
			  "%zu product%s without a price of %s own: it comes from children, or from what "
			  "is chosen",
			  p->no_own_price, p->no_own_price == 1 ? "" : "s", p->no_own_price == 1 ? "its" : "their");
}

static void
warn_texts(struct preparing *p)
{
	for (size_t i = 0; i < p->pp.update.n_fields; i++) {
		const struct catalog_field *f = &p->pp.update.fields[i];

		if (fields_is_long(f->field->name, f->target))
			plan_warn(p->pp.plan, FIELDS_LONG_WARNING, f->field->name);
	}
	if (json_object_get(json_object_get(p->pp.params, "updates"), "url_key") != NULL)
		plan_warn(p->pp.plan, "The old address will answer 404: no redirect is made here. "
				      "seo_prepare_bulk_update_url_keys makes one");
}

static void
warn(struct preparing *p)
{
	warn_prices(p);
	product_plan_warn_scope(&p->pp);
	warn_texts(p);
	plan_warn_many(p->pp.plan);
	if (p->disabled * 100 > p->live * DISABLED_SHARE)
		plan_warn(p->pp.plan, "%zu of %zu live products would be disabled", p->disabled, p->live);
}

/* ---- all of it ---- */

/* One address for several products is refused by the shop, product after product. */
static int
check_address(const struct preparing *p, struct fault *fault)
{
	if (json_array_size(p->pp.products.items) < 2 ||
	    json_object_get(json_object_get(p->pp.params, "updates"), "url_key") == NULL)
		return 0;
	return fault_set(fault, FAULT_VALIDATION_ERROR, NULL,
			 "params.updates.url_key: one address cannot be given to several products. Use "
			 "seo_prepare_bulk_update_url_keys.");
}

static int
prepare(struct preparing *p, json_t **result_r, struct fault *fault)
{
	struct product_plan *pp = &p->pp;
	json_t *updates = json_object_get(pp->params, "updates");

	price_survey_init(&p->prices, pp->sc.call->env->config->guardrails.price_threshold_pct, clock_wall_ms());
	if (product_plan_place(pp, updates, fault) < 0 || check_categories(&pp->sc, updates, fault) < 0 ||
	    product_plan_read(pp, catalog_commit_ops.pair, "catalog_commit_bulk_update", fault) < 0 ||
	    check_address(p, fault) < 0)
		return -1;
	for (size_t i = 0; i < json_array_size(pp->products.items); i++) {
		if (add_product(p, json_array_get(pp->products.items, i)) < 0)
			return result_out_of_memory(fault);
	}
	if (product_plan_warn_overrides(pp, (size_t)json_get_int(pp->params, "sample_size", 5), fault) < 0)
		return -1;
	warn(p);
	return product_plan_finish(pp, json_object(), NULL, result_r, fault);
}

int
catalog_prepare_update(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	struct preparing p = {.pp = {.params = params, .projection = CATALOG_PROJECTION}};
	int r = check_rules(call, params, fault);

	if (r < 0)
		return r;
	r = store_open(&p.pp.sc, call, fault);
	if (r == 0)
		r = prepare(&p, result_r, fault);
	product_plan_fini(&p.pp);
	store_close(&p.pp.sc);
	return r;
}

static const struct json_prop prepare_props[] = {
    {"match", &match_shape, true, NULL},
    {"updates", &fields_updates_shape, true, NULL},
    {"scope", &shape_scope, false, "Where to write; needed unless scope_set_default was called"},
    {"sample_size", &plan_sample_size_shape, false, NULL},
    {0},
};
const struct json_schema catalog_prepare_params = {.type = JSON_T_OBJECT, .props = prepare_props};
