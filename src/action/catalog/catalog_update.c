/*
 * catalog_update.c - catalog.prepare_bulk_update: which products would get which values, and what to think about first
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "action/env.h"
#include "arguments.h"
#include "catalog_private.h"
#include "json/clone.h"
#include "json/get.h"
#include "magento/criteria.h"
#include "match.h"
#include "plan.h"
#include "results.h"
#include "shapes.h"

#define MANY_ITEMS 100
#define DISABLED_SHARE 10 /* percent of the live products */
#define OVERRIDE_VIEWS_MAX 10

/* What the warnings are made of, gathered over all items. */
struct impressions {
	size_t big_price, from_zero, special_not_lower, special_zero, ends_before, live, disabled, no_own_price;
	double worst_pct, worst_from, worst_to;
	char worst_sku[SHAPE_SKU_MAX * 4 + 1];
};

/* A product counts once in each, however many scopes are written. */
enum noted {
	NOTED_BIG_PRICE = 1 << 0,
	NOTED_FROM_ZERO = 1 << 1,
	NOTED_NOT_LOWER = 1 << 2,
	NOTED_ZERO = 1 << 3,
	NOTED_ENDS_BEFORE = 1 << 4,
	NOTED_DISABLED = 1 << 5
};

struct preparing {
	struct store_client sc;
	json_t *params;
	struct catalog_update update;
	struct match_products products;
	json_t **views; /* the products as each place sees them, in the order of the places; owned */
	struct plan *plan;
	struct impressions seen;
	unsigned noted; /* of the product that is looked at */
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
	return match_check(json_object_get(params, "match"), config->guardrails.max_skus_per_bulk, fault);
}

/* ---- products ---- */

static int
read_products(struct preparing *p, struct fault *fault)
{
	struct match_query query = {.projection = CATALOG_PROJECTION,
				    .cap = p->sc.call->env->config->guardrails.max_skus_per_bulk};

	p->views = pool_alloc(p->sc.call->pool, (p->update.n_places + 1) * sizeof(json_t *));
	if (p->views == NULL)
		return result_out_of_memory(fault);
	memset(p->views, 0, (p->update.n_places + 1) * sizeof(json_t *));
	query.scope = p->update.places[0].write->prefix;
	if (match_resolve(&p->sc, json_object_get(p->params, "match"), &query, &p->products, fault) < 0)
		return -1;
	p->views[0] = json_incref(p->products.items);
	for (size_t i = 1; i < p->update.n_places; i++) {
		query.scope = p->update.places[i].write->prefix;
		if (match_read_ids(&p->sc, p->products.items, &query, &p->views[i], fault) < 0)
			return -1;
	}
	if (json_array_size(p->products.items) > 1 &&
	    json_object_get(json_object_get(p->params, "updates"), "url_key") != NULL) {
		return fault_set(fault, FAULT_VALIDATION_ERROR, NULL,
				 "params.updates.url_key: one address cannot be given to several products. Use "
				 "seo_prepare_bulk_update_url_keys.");
	}
	return 0;
}

static const json_t *
by_id(const json_t *items, int64_t id)
{
	size_t low = 0, high = json_array_size(items);

	while (low < high) { /* sorted by id */
		size_t mid = low + (high - low) / 2;
		const json_t *item = json_array_get(items, mid);
		int64_t found = json_get_int(item, "id", 0);

		if (found == id)
			return item;
		if (found < id)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

/* ---- impressions ---- */

static bool
has_own_price(const json_t *product)
{
	const char *type = json_get_str(product, "type_id", "");

	return strcmp(type, "configurable") != 0 && strcmp(type, "grouped") != 0;
}

static void
note(struct preparing *p, enum noted what, size_t *counter)
{
	*counter += (p->noted & what) == 0;
	p->noted |= what;
}

static void
judge_price(struct preparing *p, const char *sku, const json_t *from, const json_t *to)
{
	double before = json_number_value(from), after = json_number_value(to);
	double pct;

	if (json_is_null(from) || json_is_null(to))
		return;
	if (before == 0.0) {
		note(p, NOTED_FROM_ZERO, &p->seen.from_zero);
		return;
	}
	pct = fabs(after - before) / before * 100.0;
	if (pct <= p->sc.call->env->config->guardrails.price_threshold_pct)
		return;
	note(p, NOTED_BIG_PRICE, &p->seen.big_price);
	if (pct > p->seen.worst_pct) {
		p->seen.worst_pct = pct;
		p->seen.worst_from = before;
		p->seen.worst_to = after;
		snprintf(p->seen.worst_sku, sizeof(p->seen.worst_sku), "%s", sku);
	}
}

static void
judge_special(struct preparing *p, const json_t *product, const json_t *to)
{
	const json_t *updates = json_object_get(p->params, "updates");
	double regular = json_get_num(updates, "price", json_get_num(product, "price", 0));

	if (json_is_null(to))
		return;
	if (json_number_value(to) == 0.0)
		note(p, NOTED_ZERO, &p->seen.special_zero);
	else if (json_number_value(to) >= regular)
		note(p, NOTED_NOT_LOWER, &p->seen.special_not_lower);
}

/* A date that is changed alone is held against the other one as it is; Magento would take any order. */
static void
judge_period(struct preparing *p, const json_t *product)
{
	const json_t *updates = json_object_get(p->params, "updates");
	const struct product_field *fields[] = {fields_find("special_from_date"), fields_find("special_to_date")};
	json_t *dates[2];

	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		const json_t *given = json_object_get(updates, fields[i]->name);

		dates[i] = given != NULL ? fields_of_param(fields[i], given) : fields_of_product(fields[i], product);
	}
	if (json_is_string(dates[0]) && json_is_string(dates[1]) &&
	    strcmp(json_string_value(dates[0]), json_string_value(dates[1])) > 0)
		note(p, NOTED_ENDS_BEFORE, &p->seen.ends_before);
	json_decref(dates[0]);
	json_decref(dates[1]);
}

static void
look_at(struct preparing *p, const json_t *product, const struct product_field *field, const json_t *from,
	const json_t *to)
{
	const char *sku = json_get_str(product, "sku", "");

	if (strcmp(field->name, "price") == 0) {
		judge_price(p, sku, from, to);
	} else if (strcmp(field->name, "special_price") == 0) {
		judge_price(p, sku, from, to);
		judge_special(p, product, to);
	} else if (field->kind == FIELD_DATE) {
		judge_period(p, product);
	} else if (strcmp(field->name, "status") == 0 && json_integer_value(from) == 1 && json_integer_value(to) == 2) {
		note(p, NOTED_DISABLED, &p->seen.disabled);
	}
}

/* ---- one product ---- */

/* What of one place differs for this product; gives NULL for nothing, or without memory (then *failed_r). */
static json_t *
write_of(struct preparing *p, const json_t *product, const struct catalog_place *place, bool *failed_r)
{
	json_t *from = json_object(), *to = json_object();

	for (size_t i = 0; i < place->n_fields; i++) {
		const struct catalog_field *f = &p->update.fields[place->fields[i]];
		json_t *present;

		if (strcmp(f->field->name, "price") == 0 && !has_own_price(product))
			continue;
		present = fields_of_product(f->field, product);
		if (present == NULL) {
			*failed_r = true;
			continue;
		}
		if (!fields_same(f->field, present, f->target)) {
			look_at(p, product, f->field, present, f->target);
			if (json_object_set(from, f->field->name, present) < 0 ||
			    json_object_set(to, f->field->name, f->target) < 0)
				*failed_r = true;
		}
		json_decref(present);
	}
	if (json_object_size(to) == 0 || *failed_r) {
		json_decref(from);
		json_decref(to);
		return NULL;
	}
	return json_pack("{s:s, s:o, s:o}", "scope", place->write->prefix, "from", from, "to", to);
}

static json_t *
writes_of(struct preparing *p, int64_t id, bool *failed_r)
{
	json_t *writes = json_array();

	for (size_t i = 0; i < p->update.n_places; i++) {
		const json_t *seen = by_id(p->views[i], id);
		json_t *write = seen != NULL ? write_of(p, seen, &p->update.places[i], failed_r) : NULL;

		if (write != NULL && json_array_append_new(writes, write) < 0)
			*failed_r = true;
	}
	return writes;
}

static bool
only_price_is_asked(const struct catalog_update *update)
{
	return update->n_fields == 1 && strcmp(update->fields[0].field->name, "price") == 0;
}

static int
add_product(struct preparing *p, const json_t *product)
{
	bool failed = false;
	json_t *writes, *item;

	p->noted = 0;
	if (json_get_int(product, "status", 1) == 1)
		p->seen.live++;
	if (!has_own_price(product) && json_object_get(json_object_get(p->params, "updates"), "price") != NULL) {
		p->seen.no_own_price++;
		if (only_price_is_asked(&p->update)) {
			return plan_skip(p->plan, json_pack("{s:O}", "sku", json_object_get(product, "sku")),
					 "its price comes from its children");
		}
	}
	writes = writes_of(p, json_get_int(product, "id", 0), &failed);
	if (failed || json_array_size(writes) == 0) {
		json_decref(writes);
		if (!failed)
			plan_add_unchanged(p->plan);
		return failed ? -1 : 0;
	}
	item = json_pack("{s:{s:O}, s:O*, s:O, s:o}", "key", "sku", json_object_get(product, "sku"), "title",
			 json_object_get(product, "name"), "id", json_object_get(product, "id"), "writes", writes);
	return item != NULL ? plan_add(p->plan, item) : -1;
}

static int
add_products(struct preparing *p, struct fault *fault)
{
	for (size_t i = 0; i < json_array_size(p->products.items); i++) {
		if (add_product(p, json_array_get(p->products.items, i)) < 0)
			return result_out_of_memory(fault);
	}
	return 0;
}

/* ---- warnings ---- */

static void
warn_prices(struct preparing *p)
{
	const struct impressions *seen = &p->seen;
	double threshold = p->sc.call->env->config->guardrails.price_threshold_pct;

	if (seen->big_price > 0) {
		plan_warn(p->plan, "%zu products: price change over %g %%; largest: %s %.2f -> %.2f", seen->big_price,
			  threshold, seen->worst_sku, seen->worst_from, seen->worst_to);
	}
	if (seen->from_zero > 0)
		plan_warn(p->plan, "%zu products: the price is 0 now, so the size of the change cannot be judged",
			  seen->from_zero);
	if (seen->special_not_lower > 0)
		plan_warn(p->plan, "%zu products: the special price is not below the regular price",
			  seen->special_not_lower);
	if (seen->special_zero > 0)
		plan_warn(p->plan, "%zu products: a special price of 0 sells for nothing", seen->special_zero);
	if (seen->ends_before > 0)
		plan_warn(p->plan, "%zu products: the special price would end before it begins", seen->ends_before);
	if (seen->no_own_price > 0)
		plan_warn(p->plan, "%zu products: configurable or grouped; their price comes from their children",
			  seen->no_own_price);
}

static const char *
level_of(enum reach_field scope)
{
	return scope == REACH_GLOBAL ? "global" : "per website";
}

static void
warn_fields(struct preparing *p)
{
	for (size_t i = 0; i < p->update.n_fields; i++) {
		const struct catalog_field *f = &p->update.fields[i];

		if (f->is_wider)
			plan_warn(p->plan, "%s is %s in this shop: more store views are changed than you asked for",
				  f->field->name, level_of(f->scope));
		if (f->may_be_global)
			plan_warn(p->plan,
				  "Whether %s is global in this shop may not be read: if it is, this changes "
				  "it in every store",
				  f->field->name);
		if (fields_is_long(f->field->name, f->target))
			plan_warn(p->plan, FIELDS_LONG_WARNING, f->field->name);
	}
	if (p->update.scopes_are_assumed)
		plan_warn(p->plan, "The scopes of the attributes may not be read with these credentials: those of a "
				   "stock shop are assumed");
	if (p->update.reach.from_default)
		plan_warn(p->plan, "No scope was given: the session's default store view %s is used",
			  p->update.reach.target.prefix);
}

static void
warn_extent(struct preparing *p)
{
	if (plan_count(p->plan) > MANY_ITEMS)
		plan_warn(p->plan, "%zu products would change", plan_count(p->plan));
	if (p->seen.disabled * 100 > p->seen.live * DISABLED_SHARE)
		plan_warn(p->plan, "%zu of %zu live products would be disabled", p->seen.disabled, p->seen.live);
	if (json_object_get(json_object_get(p->params, "updates"), "url_key") != NULL)
		plan_warn(p->plan, "The old address will answer 404: no redirect is made here. "
				   "seo_prepare_bulk_update_url_keys makes one");
	if (json_array_size(p->products.not_found) > 0)
		plan_warn(p->plan, "%zu of the listed SKUs do not exist", json_array_size(p->products.not_found));
}

/* Values of a view's own hide a global change there.  Looked at for the products that are shown as examples. */
static size_t
count_overrides(const json_t *shown, const json_t *seen, const struct catalog_field *f)
{
	size_t n = 0;

	for (size_t i = 0; i < json_array_size(shown); i++) {
		const json_t *global = json_array_get(shown, i);
		const json_t *local = by_id(seen, json_get_int(global, "id", 0));
		json_t *a = fields_of_product(f->field, global);
		json_t *b = local != NULL ? fields_of_product(f->field, local) : NULL;

		if (a != NULL && b != NULL && !fields_same(f->field, a, b))
			n++;
		json_decref(a);
		json_decref(b);
	}
	return n;
}

static int
warn_overrides_in(struct preparing *p, json_t *shown, const char *view, struct fault *fault)
{
	const struct match_query query = {.scope = view, .projection = CATALOG_PROJECTION};
	json_t *seen = NULL;

	if (match_read_ids(&p->sc, shown, &query, &seen, fault) < 0)
		return -1;
	for (size_t i = 0; i < p->update.n_fields; i++) {
		const struct catalog_field *f = &p->update.fields[i];
		size_t n = f->scope != REACH_GLOBAL ? count_overrides(shown, seen, f) : 0;

		if (n > 0)
			plan_warn(
			    p->plan,
			    "Store view %s has %s of its own for %zu of the products shown: the change is hidden there",
			    view, f->field->name, n);
	}
	json_decref(seen);
	return 0;
}

static int
warn_overrides(struct preparing *p, struct fault *fault)
{
	size_t n = (size_t)json_get_int(p->params, "sample_size", 5);
	const char **views = NULL;
	size_t n_views;
	json_t *shown;
	int r = 0;

	if (p->update.reach.target.level != SCOPE_GLOBAL || plan_count(p->plan) == 0)
		return 0;
	n_views = reach_all_views(&p->sc, &p->update.reach, &views);
	shown = json_array();
	for (size_t i = 0; i < n && i < plan_count(p->plan); i++) {
		int64_t id = json_get_int(plan_item(p->plan, i), "id", 0);

		json_array_append_new(shown, json_clone(by_id(p->products.items, id)));
	}
	for (size_t i = 0; r == 0 && i < n_views && i < OVERRIDE_VIEWS_MAX; i++)
		r = warn_overrides_in(p, shown, views[i], fault);
	json_decref(shown);
	return r;
}

/* ---- all of it ---- */

static int
note_places(struct preparing *p, struct fault *fault)
{
	for (size_t i = 0; i < p->update.n_places; i++) {
		const struct catalog_place *place = &p->update.places[i];

		for (size_t k = 0; k < place->n_fields; k++) {
			if (plan_effective(p->plan, place->writes[k], p->update.fields[place->fields[k]].field->name) <
			    0)
				return result_out_of_memory(fault);
		}
	}
	return 0;
}

static int
finish(struct preparing *p, json_t **result_r, struct fault *fault)
{
	json_t *scope = reach_to_json(&p->update.reach);
	json_t *extra = json_object();
	int r;

	if (json_array_size(p->products.not_found) > 0)
		json_object_set(extra, "not_found_skus", p->products.not_found);
	r = plan_finish(p->plan, p->params, scope, extra, NULL, result_r, fault);
	json_decref(extra);
	json_decref(scope);
	return r;
}

static int
prepare(struct preparing *p, json_t **result_r, struct fault *fault)
{
	json_t *updates = json_object_get(p->params, "updates");

	if (reach_resolve(&p->sc, p->params, &p->update.reach, fault) < 0 ||
	    catalog_update_init(&p->sc, &p->update, updates, fault) < 0 ||
	    check_categories(&p->sc, updates, fault) < 0 || read_products(p, fault) < 0)
		return -1;
	p->plan = plan_new(p->sc.call, catalog_commit_ops.pair, "catalog_commit_bulk_update", catalog_commit_ops.noun);
	if (p->plan == NULL)
		return result_out_of_memory(fault);
	if (note_places(p, fault) < 0 || add_products(p, fault) < 0 || warn_overrides(p, fault) < 0)
		return -1;
	warn_prices(p);
	warn_fields(p);
	warn_extent(p);
	return finish(p, result_r, fault);
}

int
catalog_prepare_update(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	struct preparing p = {.params = params};
	int r = check_rules(call, params, fault);

	if (r < 0)
		return r;
	r = store_open(&p.sc, call, fault);
	if (r == 0)
		r = prepare(&p, result_r, fault);
	for (size_t i = 0; p.views != NULL && i < p.update.n_places; i++)
		json_decref(p.views[i]);
	match_products_fini(&p.products);
	catalog_update_fini(&p.update);
	plan_free(&p.plan);
	store_close(&p.sc);
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
