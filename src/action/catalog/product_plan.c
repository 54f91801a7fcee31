#include "product_plan.h"

#include <string.h>

#include "action/env.h"
#include "json/clone.h"
#include "json/get.h"
#include "results.h"

#define OVERRIDE_VIEWS_MAX 10

/* ---- reading ---- */

int
product_plan_check(const struct action_call *call, json_t *params, struct fault *fault)
{
	return match_check(json_object_get(params, "match"), call->env->config->guardrails.max_skus_per_bulk, fault);
}

int
product_plan_place(struct product_plan *pp, json_t *updates, struct fault *fault)
{
	if (reach_resolve(&pp->sc, pp->params, &pp->update.reach, fault) < 0)
		return -1;
	return catalog_update_init(&pp->sc, &pp->update, updates, fault);
}

static int
read_views(struct product_plan *pp, struct fault *fault)
{
	struct match_query query = {.projection = pp->projection,
				    .cap = pp->sc.call->env->config->guardrails.max_skus_per_bulk};

	pp->views = pool_alloc(pp->sc.call->pool, (pp->update.n_places + 1) * sizeof(json_t *));
	if (pp->views == NULL)
		return result_out_of_memory(fault);
	memset(pp->views, 0, (pp->update.n_places + 1) * sizeof(json_t *));
	query.scope = pp->update.places[0].write->prefix;
	if (match_resolve(&pp->sc, json_object_get(pp->params, "match"), &query, &pp->products, fault) < 0)
		return -1;
	pp->views[0] = json_incref(pp->products.items);
	for (size_t i = 1; i < pp->update.n_places; i++) {
		query.scope = pp->update.places[i].write->prefix;
		if (match_read_ids(&pp->sc, pp->products.items, &query, &pp->views[i], fault) < 0)
			return -1;
	}
	return 0;
}

static int
note_places(struct product_plan *pp, struct fault *fault)
{
	for (size_t i = 0; i < pp->update.n_places; i++) {
		const struct catalog_place *place = &pp->update.places[i];

		for (size_t k = 0; k < place->n_fields; k++) {
			const struct catalog_field *f = &pp->update.fields[place->fields[k]];

			if (plan_effective(pp->plan, place->writes[k], f->field->name) < 0)
				return result_out_of_memory(fault);
		}
	}
	return 0;
}

int
product_plan_read(struct product_plan *pp, const char *pair, const char *commit_tool, struct fault *fault)
{
	if (read_views(pp, fault) < 0)
		return -1;
	pp->plan = plan_new(pp->sc.call, pair, commit_tool, "products");
	if (pp->plan == NULL)
		return result_out_of_memory(fault);
	return note_places(pp, fault);
}

void
product_plan_fini(struct product_plan *pp)
{
	for (size_t i = 0; pp->views != NULL && i < pp->update.n_places; i++)
		json_decref(pp->views[i]);
	pp->views = NULL;
	match_products_fini(&pp->products);
	catalog_update_fini(&pp->update);
	plan_free(&pp->plan);
}

/* The lists are sorted by id. */
static const json_t *
by_id(const json_t *items, int64_t id)
{
	size_t low = 0, high = json_array_size(items);

	while (low < high) {
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

const json_t *
product_plan_seen(const struct product_plan *pp, size_t place, int64_t id)
{
	return by_id(pp->views[place], id);
}

/* ---- one product ---- */

/* What of one place differs; *write_r stays NULL when nothing does. */
static int
write_of(const struct product_plan *pp, const json_t *product, const struct catalog_place *place,
	 product_plan_lacks_fn lacks, json_t **write_r)
{
	json_t *from = json_object(), *to = json_object();
	int r = from != NULL && to != NULL ? 0 : -1;

	for (size_t i = 0; r == 0 && i < place->n_fields; i++) {
		const struct catalog_field *f = &pp->update.fields[place->fields[i]];
		json_t *present;

		if (lacks != NULL && lacks(f->field, product))
			continue;
		present = fields_of_product(f->field, product);
		if (present == NULL)
			r = -1;
		else if (!fields_same(f->field, present, f->target))
			r = json_object_set(from, f->field->name, present) |
			    json_object_set(to, f->field->name, f->target);
		json_decref(present);
	}
	if (r == 0 && json_object_size(to) > 0) {
		*write_r = json_pack("{s:s, s:O, s:O}", "scope", place->write->prefix, "from", from, "to", to);
		r = *write_r != NULL ? 0 : -1;
	}
	json_decref(from);
	json_decref(to);
	return r;
}

static json_t *
writes_of(const struct product_plan *pp, int64_t id, product_plan_lacks_fn lacks)
{
	json_t *writes = json_array();

	for (size_t i = 0; writes != NULL && i < pp->update.n_places; i++) {
		const json_t *seen = by_id(pp->views[i], id);
		json_t *write = NULL;

		if (seen == NULL)
			continue;
		if (write_of(pp, seen, &pp->update.places[i], lacks, &write) < 0 ||
		    (write != NULL && json_array_append_new(writes, write) < 0)) {
			json_decref(writes);
			return NULL;
		}
	}
	return writes;
}

int
product_plan_add(struct product_plan *pp, const json_t *product, product_plan_lacks_fn lacks, json_t **item_r)
{
	json_t *writes = writes_of(pp, json_get_int(product, "id", 0), lacks);
	json_t *item;

	*item_r = NULL;
	if (writes == NULL)
		return -1;
	if (json_array_size(writes) == 0) {
		json_decref(writes);
		plan_add_unchanged(pp->plan);
		return 0;
	}
	item = json_pack("{s:{s:O}, s:O*, s:O, s:o}", "key", "sku", json_object_get(product, "sku"), "title",
			 json_object_get(product, "name"), "id", json_object_get(product, "id"), "writes", writes);
	if (item == NULL || plan_add(pp->plan, item) < 0)
		return -1;
	*item_r = plan_item(pp->plan, plan_count(pp->plan) - 1);
	return 0;
}

/* ---- warnings ---- */

void
product_plan_warn_scope(struct product_plan *pp)
{
	for (size_t i = 0; i < pp->update.n_fields; i++) {
		const struct catalog_field *f = &pp->update.fields[i];

		if (f->is_wider)
			plan_warn(pp->plan, "%s is %s in this shop: more store views are changed than you asked for",
				  f->field->name, f->scope == REACH_GLOBAL ? "global" : "per website");
		if (f->may_be_global)
			plan_warn(pp->plan,
				  "Whether %s is global in this shop may not be read: if it is, this changes it in "
				  "every store",
				  f->field->name);
	}
	if (pp->update.scopes_are_assumed)
		plan_warn(pp->plan, "The scopes of the attributes may not be read with these credentials: those of a "
				    "stock shop are assumed");
	if (pp->update.reach.from_default)
		plan_warn(pp->plan, "No scope was given: the session's default store view %s is used",
			  pp->update.reach.target.prefix);
	plan_warn_missing(pp->plan, pp->products.not_found);
}

static size_t
count_overrides(const json_t *shown, const json_t *seen, const struct product_field *field)
{
	size_t n = 0;

	for (size_t i = 0; i < json_array_size(shown); i++) {
		const json_t *global = json_array_get(shown, i);
		const json_t *local = by_id(seen, json_get_int(global, "id", 0));
		json_t *a = fields_of_product(field, global);
		json_t *b = local != NULL ? fields_of_product(field, local) : NULL;

		if (a != NULL && b != NULL && !fields_same(field, a, b))
			n++;
		json_decref(a);
		json_decref(b);
	}
	return n;
}

static int
warn_overrides_in(struct product_plan *pp, json_t *shown, const char *view, struct fault *fault)
{
	const struct match_query query = {.scope = view, .projection = pp->projection};
	json_t *seen = NULL;

	if (match_read_ids(&pp->sc, shown, &query, &seen, fault) < 0)
		return -1;
	for (size_t i = 0; i < pp->update.n_fields; i++) {
		const struct catalog_field *f = &pp->update.fields[i];
		size_t n = f->scope != REACH_GLOBAL ? count_overrides(shown, seen, f->field) : 0;

		if (n > 0)
			plan_warn(
			    pp->plan,
			    "Store view %s has %s of its own for %zu of the products shown: the change is hidden there",
			    view, f->field->name, n);
	}
	json_decref(seen);
	return 0;
}

int
product_plan_warn_overrides(struct product_plan *pp, size_t n_shown, struct fault *fault)
{
	const char **views = NULL;
	size_t n_views;
	json_t *shown;
	int r = 0;

	if (pp->update.reach.target.level != SCOPE_GLOBAL || plan_count(pp->plan) == 0)
		return 0;
	n_views = reach_all_views(&pp->sc, &pp->update.reach, &views);
	shown = json_array();
	for (size_t i = 0; i < n_shown && i < plan_count(pp->plan); i++) {
		int64_t id = json_get_int(plan_item(pp->plan, i), "id", 0);

		json_array_append_new(shown, json_clone(by_id(pp->products.items, id)));
	}
	for (size_t i = 0; r == 0 && i < n_views && i < OVERRIDE_VIEWS_MAX; i++)
		r = warn_overrides_in(pp, shown, views[i], fault);
	json_decref(shown);
	return r;
}

/* ---- the end ---- */

int
product_plan_finish(struct product_plan *pp, json_t *extra, char *id_r, json_t **result_r, struct fault *fault)
{
	json_t *scope = reach_to_json(&pp->update.reach);
	int r = extra != NULL && scope != NULL ? 0 : -1;

	if (r == 0 && json_array_size(pp->products.not_found) > 0)
		r = json_object_set(extra, "not_found_skus", pp->products.not_found);
	r = r < 0 ? result_out_of_memory(fault)
		  : plan_finish(pp->plan, pp->params, scope, extra, id_r, result_r, fault);
	json_decref(extra);
	json_decref(scope);
	return r;
}
