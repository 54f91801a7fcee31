/*
 * price_prepare.c - pricing.prepare_bulk_price_update: which products, and what their prices become
 */
#include <ctype.h>
#include <string.h>

#include "action/env.h"
#include "arguments.h"
#include "base/clock.h"
#include "guard.h"
#include "json/get.h"
#include "magento/criteria.h"
#include "catalog/match.h"
#include "plan.h"
#include "price_survey.h"
#include "price_targets.h"
#include "pricing_private.h"
#include "reach.h"
#include "results.h"

#define CAP_SETTING "guardrails.max_skus_per_bulk"
#define PROJECTION "id,sku,name,type_id,price,custom_attributes"
#define PAIR "pricing.bulk_price_update"
#define COMMIT_TOOL "pricing_commit_bulk_price_update"

/* One prepare under way. */
struct pricing {
	struct store_client *sc;
	json_t *params;
	json_t *own; /* owned; lower-case sku -> element of `items`, when the products have values of their own */
	struct reach reach;
	enum reach_field scope; /* of prices in this shop */
	bool scope_is_unknown;
	struct reach_writes writes;
	struct match_products products; /* as the first prefix sees them */
	json_t **seen;			/* owned; for each prefix the products as it sees them, by id */
	struct plan *plan;
	struct price_survey survey;
};

/* ---- what needs no shop ---- */

static int
check_params(const struct action_call *call, json_t *params, struct fault *fault)
{
	size_t cap = call->env->config->guardrails.max_skus_per_bulk;
	json_t *match = json_object_get(params, "match");
	json_t *violations = json_array();

	if (violations == NULL || price_check(params, violations) < 0) {
		json_decref(violations);
		return result_out_of_memory(fault);
	}
	if (json_array_size(violations) > 0)
		return arguments_refuse(violations, fault);
	json_decref(violations);
	if (match != NULL && match_check(match, cap, fault) < 0)
		return -1;
	return guard_cap(json_get_array_len(params, "items"), cap, CAP_SETTING, fault);
}

static char *
lower_sku(struct pool *pool, const char *sku)
{
	char *copy = pool_strdup(pool, sku);
	size_t len = copy != NULL ? strlen(copy) : 0;

	while (len > 0 && copy[len - 1] == ' ')
		copy[--len] = '\0';
	for (size_t i = 0; i < len; i++)
		copy[i] = (char)tolower((unsigned char)copy[i]);
	return copy;
}

/* The match that selects the products, as a new reference. */
static json_t *
build_match(struct pricing *p)
{
	json_t *items = json_get_array(p->params, "items");
	json_t *skus;

	if (items == NULL)
		return json_incref(json_get_object(p->params, "match"));
	skus = json_array();
	p->own = json_object();
	for (size_t i = 0; i < json_array_size(items); i++) {
		json_t *item = json_array_get(items, i);
		const char *sku = json_get_str(item, "sku", ""), *key = lower_sku(p->sc->call->pool, sku);

		if (key == NULL || json_object_set(p->own, key, item) < 0 ||
		    json_array_append_new(skus, json_string(sku)) < 0) {
			json_decref(skus);
			return NULL;
		}
	}
	return json_pack("{s:o}", "sku_list", skus);
}

/* What a product is to become; NULL when nothing is said about it. */
static const json_t *
update_of(const struct pricing *p, const char *sku)
{
	const char *key;

	if (p->own == NULL)
		return json_get_object(p->params, "price_updates");
	key = lower_sku(p->sc->call->pool, sku);
	return key != NULL ? json_object_get(p->own, key) : NULL;
}

/* ---- where prices are written ---- */

static enum reach_field
scope_of_prices(const json_t *body)
{
	json_t *items = json_get_array(body, "items");

	for (size_t i = 0; i < json_array_size(items); i++) {
		const json_t *row = json_array_get(items, i);

		if (strcmp(json_get_str(row, "attribute_code", ""), "price") == 0 &&
		    strcmp(json_get_str(row, "scope", "global"), "global") != 0)
			return REACH_WEBSITE;
	}
	return REACH_GLOBAL;
}

static int
read_scope(struct pricing *p, struct fault *fault)
{
	struct magento_request request = {
	    .method = FETCH_GET, .scope = MAGENTO_SCOPE_ALL, .path = "/products/attributes"};
	struct magento_reply reply;
	struct criteria criteria;
	int r;

	criteria_init(&criteria, p->sc->call->pool);
	criteria_where(&criteria, "attribute_code", "eq", "price");
	criteria_param(&criteria, "fields", "items[attribute_code,scope]");
	if (criteria_finish(&criteria, &request.query, &request.n_query) < 0)
		return result_out_of_memory(fault);
	magento_reply_init(&reply);
	r = magento_call(&p->sc->magento, &request, &reply, fault);
	p->scope = REACH_GLOBAL;
	if (r == 0) {
		p->scope = scope_of_prices(reply.body);
	} else if (fault->code == FAULT_FORBIDDEN) {
		p->scope_is_unknown = true;
		fault_fini(fault);
		fault_init(fault);
		r = 0;
	}
	magento_reply_fini(&reply);
	return r;
}

/*
 * Nobody knows whether a website has prices of its own, and less than all was asked for: a PUT through a view is as
 * narrow as the shop allows in either case.  The bulk routes want to be told, and could not be.
 */
static bool
is_left_to_the_shop(const struct pricing *p)
{
	return p->scope_is_unknown && p->reach.target.level != SCOPE_GLOBAL;
}

static int
find_places(struct pricing *p, struct fault *fault)
{
	if (reach_resolve(p->sc, p->params, &p->reach, fault) < 0 || read_scope(p, fault) < 0)
		return -1;
	if (is_left_to_the_shop(p))
		p->scope = REACH_WEBSITE;
	if (reach_writes_of(p->sc, &p->reach, p->scope, &p->writes, fault) < 0)
		return -1;
	if (is_left_to_the_shop(p))
		plan_warn(p->plan, "Whether prices are global in this shop may not be read with these credentials. If "
				   "they are, this changes the price in every store.");
	else if (p->scope_is_unknown)
		plan_warn(
		    p->plan,
		    "Whether prices are global in this shop may not be read with these credentials; taken as global.");
	if (p->writes.is_wider && p->scope == REACH_GLOBAL)
		plan_warn(p->plan, "price is global: this changes the price in every store.");
	else if (p->writes.is_wider)
		plan_warn(p->plan,
			  "price has one value per website: this changes it in all store views of the website.");
	return 0;
}

/* ---- which products ---- */

static int
find_products(struct pricing *p, struct fault *fault)
{
	struct match_query query = {.projection = PROJECTION,
				    .cap = p->sc->call->env->config->guardrails.max_skus_per_bulk};
	json_t *match = build_match(p);
	int r;

	p->seen = pool_alloc(p->sc->call->pool, (p->writes.n + 1) * sizeof(json_t *));
	if (match == NULL || p->seen == NULL) {
		json_decref(match);
		return result_out_of_memory(fault);
	}
	must(p->writes.n > 0);
	query.scope = p->writes.items[0].prefix;
	r = match_resolve(p->sc, match, &query, &p->products, fault);
	json_decref(match);
	if (r < 0)
		return -1;
	p->seen[0] = json_incref(p->products.items);
	for (size_t i = 1; i < p->writes.n; i++) {
		query.scope = p->writes.items[i].prefix;
		if (match_read_ids(p->sc, p->products.items, &query, &p->seen[i], fault) < 0)
			return -1;
	}
	return 0;
}

/* ---- what would change ---- */

static const json_t *
seen_product(const json_t *items, int64_t id)
{
	for (size_t i = 0; i < json_array_size(items); i++) {
		if (json_get_int(json_array_get(items, i), "id", 0) == id)
			return json_array_get(items, i);
	}
	return NULL;
}

/* The present values of the fields that change, in their order. */
static json_t *
values_before(const json_t *present, const json_t *to)
{
	json_t *from = json_object();

	for (size_t i = 0; from != NULL && i < PRICE_N_FIELDS; i++) {
		if (json_object_get(to, price_field_names[i]) != NULL &&
		    json_object_set(from, price_field_names[i], json_object_get(present, price_field_names[i])) < 0) {
			json_decref(from);
			return NULL;
		}
	}
	return from;
}

/* Adds the write of one prefix, if anything changes there.  -1 without memory. */
static int
add_write(struct pricing *p, json_t *writes, size_t place, const json_t *product, const json_t *update,
	  const char **skip_r)
{
	json_t *present = price_values(product);
	json_t *to = present != NULL ? price_decide(present, update, skip_r) : NULL;
	int r = to != NULL ? 0 : -1;

	if (r == 0 && *skip_r == NULL && json_object_size(to) > 0) {
		r = json_array_append_new(writes,
					  json_pack("{s:s, s:o, s:O, s:O}", "scope", p->writes.items[place].prefix,
						    "from", values_before(present, to), "to", to, "present", present));
	}
	json_decref(present);
	json_decref(to);
	return r;
}

static int
skip(struct pricing *p, const char *sku, const char *reason, struct fault *fault)
{
	json_t *key = json_pack("{s:s}", "sku", sku);

	if (key == NULL || plan_skip(p->plan, key, reason) < 0)
		return result_out_of_memory(fault);
	return 0;
}

/* Takes what the plan does not keep out of the writes, and looks at it. */
static void
survey_writes(struct pricing *p, const char *sku, json_t *writes)
{
	for (size_t i = 0; i < json_array_size(writes); i++) {
		json_t *write = json_array_get(writes, i);

		price_survey_note(&p->survey, sku, json_object_get(write, "present"), json_object_get(write, "to"));
		json_object_del(write, "present");
	}
}

/* Takes `writes`. */
static int
keep(struct pricing *p, const char *sku, const json_t *product, json_t *writes, struct fault *fault)
{
	json_t *title = json_string(json_get_str(product, "name", ""));
	json_t *item;

	survey_writes(p, sku, writes);
	if (title != NULL && result_clean(title) < 0) {
		json_decref(title);
		title = NULL;
	}
	item = json_pack("{s:{s:s}, s:o, s:o}", "key", "sku", sku, "title", title, "writes", writes);
	if (item != NULL && is_left_to_the_shop(p) && json_object_set_new(item, PRICE_BY_PUT, json_true()) < 0) {
		json_decref(item);
		item = NULL;
	}
	if (item == NULL || plan_add(p->plan, item) < 0)
		return result_out_of_memory(fault);
	return 0;
}

static int
plan_product(struct pricing *p, size_t index, struct fault *fault)
{
	const json_t *product = json_array_get(p->products.items, index);
	const char *sku = json_get_str(product, "sku", ""), *reason = price_obstacle(product);
	const json_t *update = update_of(p, sku);
	json_t *writes;
	int r = 0;

	if (update == NULL)
		reason = "The shop spells its SKU in another way than it was given.";
	if (reason != NULL)
		return skip(p, sku, reason, fault);
	writes = json_array();
	for (size_t i = 0; r == 0 && reason == NULL && i < p->writes.n; i++) {
		const json_t *seen = i == 0 ? product : seen_product(p->seen[i], json_get_int(product, "id", 0));

		if (seen != NULL)
			r = add_write(p, writes, i, seen, update, &reason);
	}
	if (r == 0 && reason == NULL && json_array_size(writes) > 0)
		return keep(p, sku, product, writes, fault);
	json_decref(writes);
	if (r < 0)
		return result_out_of_memory(fault);
	if (reason != NULL)
		return skip(p, sku, reason, fault);
	plan_add_unchanged(p->plan);
	return 0;
}

static bool
any_writes(const struct pricing *p, const char *field)
{
	for (size_t i = 0; i < plan_count(p->plan); i++) {
		json_t *writes = json_get_array(plan_item(p->plan, i), "writes");

		for (size_t w = 0; w < json_array_size(writes); w++) {
			if (json_object_get(json_get_object(json_array_get(writes, w), "to"), field) != NULL)
				return true;
		}
	}
	return false;
}

static int
note_effective(struct pricing *p, struct fault *fault)
{
	for (size_t f = 0; f < PRICE_N_FIELDS; f++) {
		if (!any_writes(p, price_field_names[f]))
			continue;
		for (size_t i = 0; i < p->writes.n; i++) {
			if (plan_effective(p->plan, &p->writes.items[i], price_field_names[f]) < 0)
				return result_out_of_memory(fault);
		}
	}
	return 0;
}

/* ---- all of it ---- */

static int
finish(struct pricing *p, json_t **result_r, struct fault *fault)
{
	json_t *extra = json_object(), *scope = reach_to_json(&p->reach);
	int r = extra != NULL && scope != NULL ? 0 : -1;

	price_survey_warn(&p->survey, p->plan);
	plan_warn_many(p->plan);
	plan_warn_missing(p->plan, p->products.not_found);
	if (json_array_size(p->products.not_found) > 0)
		r |= json_object_set(extra, "not_found_skus", p->products.not_found);
	if (plan_count(p->plan) > 0)
		r |= json_object_set_new(extra, "summary", price_survey_summary(&p->survey));
	if (r != 0)
		r = result_out_of_memory(fault);
	else
		r = plan_finish(p->plan, p->params, scope, extra, NULL, result_r, fault);
	json_decref(extra);
	json_decref(scope);
	return r;
}

static int
prepare(struct pricing *p, json_t **result_r, struct fault *fault)
{
	p->plan = plan_new(p->sc->call, PAIR, COMMIT_TOOL, "products");
	if (p->plan == NULL)
		return result_out_of_memory(fault);
	price_survey_init(&p->survey, p->sc->call->env->config->guardrails.price_threshold_pct, clock_wall_ms());
	if (find_places(p, fault) < 0 || find_products(p, fault) < 0)
		return -1;
	for (size_t i = 0; i < json_array_size(p->products.items); i++) {
		if (plan_product(p, i, fault) < 0)
			return -1;
	}
	if (note_effective(p, fault) < 0)
		return -1;
	return finish(p, result_r, fault);
}

static int
plan_prices(struct store_client *sc, json_t *params, json_t **result_r, struct fault *fault)
{
	struct pricing p = {.sc = sc, .params = params};
	int r = prepare(&p, result_r, fault);

	for (size_t i = 0; p.seen != NULL && i < p.writes.n; i++)
		json_decref(p.seen[i]);
	match_products_fini(&p.products);
	plan_free(&p.plan);
	json_decref(p.own);
	return r;
}

/* What can be said without the shop is said before it is asked anything. */
int
price_prepare(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	if (check_params(call, params, fault) < 0)
		return -1;
	return store_run(call, params, result_r, fault, plan_prices);
}
