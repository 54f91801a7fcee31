/*
 * seo_products.c - what the changing tools of the domain share: products, places, plan
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "action/env.h"
#include "json/clone.h"
#include "json/get.h"
#include "results.h"
#include "seo_private.h"

#define OVERRIDE_VIEWS_MAX 10

/* ---- reading ---- */

static int
read_products(struct seo_products *seo, struct fault *fault)
{
	struct match_query query = {.projection = SEO_PROJECTION,
				    .cap = seo->sc.call->env->config->guardrails.max_skus_per_bulk};

	seo->views = pool_alloc(seo->sc.call->pool, (seo->update.n_places + 1) * sizeof(json_t *));
	if (seo->views == NULL)
		return result_out_of_memory(fault);
	if (seo->update.n_places == 0)
		return fault_set(fault, FAULT_VALIDATION_ERROR, NULL, "There is no active store view to write to.");
	query.scope = seo->update.places[0].write->prefix;
	if (match_resolve(&seo->sc, json_object_get(seo->params, "match"), &query, &seo->products, fault) < 0)
		return -1;
	seo->views[0] = json_incref(seo->products.items);
	for (size_t i = 1; i < seo->update.n_places; i++) {
		query.scope = seo->update.places[i].write->prefix;
		if (match_read_ids(&seo->sc, seo->products.items, &query, &seo->views[i], fault) < 0)
			return -1;
	}
	return 0;
}

static int
note_places(struct seo_products *seo, struct fault *fault)
{
	for (size_t i = 0; i < seo->update.n_places; i++) {
		const struct catalog_place *place = &seo->update.places[i];

		for (size_t k = 0; k < place->n_fields; k++) {
			if (plan_effective(seo->plan, place->writes[k],
					   seo->update.fields[place->fields[k]].field->name) < 0)
				return result_out_of_memory(fault);
		}
	}
	return 0;
}

int
seo_products_check(const struct action_call *call, json_t *params, struct fault *fault)
{
	return match_check(json_object_get(params, "match"), call->env->config->guardrails.max_skus_per_bulk, fault);
}

int
seo_products_read(struct seo_products *seo, json_t *updates, const char *pair, const char *commit_tool,
		  struct fault *fault)
{
	if (reach_resolve(&seo->sc, seo->params, &seo->update.reach, fault) < 0 ||
	    catalog_update_init(&seo->sc, &seo->update, updates, fault) < 0 || read_products(seo, fault) < 0)
		return -1;
	seo->plan = plan_new(seo->sc.call, pair, commit_tool, "products");
	seo->warnings = json_array();
	if (seo->plan == NULL || seo->warnings == NULL)
		return result_out_of_memory(fault);
	return note_places(seo, fault);
}

void
seo_products_fini(struct seo_products *seo)
{
	for (size_t i = 0; seo->views != NULL && i < seo->update.n_places; i++)
		json_decref(seo->views[i]);
	match_products_fini(&seo->products);
	catalog_update_fini(&seo->update);
	plan_free(&seo->plan);
	json_decref(seo->warnings);
}

static const json_t *
by_id(const json_t *items, int64_t id)
{
	size_t low = 0, high = json_array_size(items);

	while (low < high) { /* sorted by id */
		size_t mid = low + (high - low) / 2;
		int64_t found = json_get_int(json_array_get(items, mid), "id", 0);

		if (found == id)
			return json_array_get(items, mid);
		if (found < id)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

const json_t *
seo_product_at(const struct seo_products *seo, size_t place, int64_t id)
{
	return by_id(seo->views[place], id);
}

/* ---- warnings ---- */

void
seo_warn(struct seo_products *seo, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	plan_warn(seo->plan, "%s", text);
	json_array_append_new(seo->warnings, json_string(text));
}

void
seo_warn_scope(struct seo_products *seo)
{
	for (size_t i = 0; i < seo->update.n_fields && seo->update.reach.target.level != SCOPE_GLOBAL; i++) {
		const struct catalog_field *f = &seo->update.fields[i];

		if (f->scope != REACH_STORE_VIEW) {
			seo_warn(seo, "%s is %s in this shop: more store views are changed than you asked for",
				 f->field->name, f->scope == REACH_GLOBAL ? "global" : "per website");
		}
	}
	if (seo->update.scopes_are_assumed)
		seo_warn(seo, "The scopes of the attributes may not be read with these credentials: those of a stock "
			      "shop are assumed");
	if (seo->update.reach.from_default)
		seo_warn(seo, "No scope was given: the session's default store view %s is used",
			 seo->update.reach.target.prefix);
	if (json_array_size(seo->products.not_found) > 0)
		seo_warn(seo, "%zu of the listed SKUs do not exist", json_array_size(seo->products.not_found));
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
warn_overrides_in(struct seo_products *seo, json_t *shown, const char *view, struct fault *fault)
{
	const struct match_query query = {.scope = view, .projection = SEO_PROJECTION};
	json_t *seen = NULL;

	if (match_read_ids(&seo->sc, shown, &query, &seen, fault) < 0)
		return -1;
	for (size_t i = 0; i < seo->update.n_fields; i++) {
		const struct product_field *field = seo->update.fields[i].field;
		size_t n = count_overrides(shown, seen, field);

		if (n > 0)
			seo_warn(
			    seo,
			    "Store view %s has %s of its own for %zu of the products shown: the change is hidden there",
			    view, field->name, n);
	}
	json_decref(seen);
	return 0;
}

/* Values of a view's own hide a global change there. */
int
seo_warn_overrides(struct seo_products *seo, size_t n_shown, struct fault *fault)
{
	const char **views = NULL;
	size_t n_views = reach_all_views(&seo->sc, &seo->update.reach, &views);
	json_t *shown;
	int r = 0;

	if (seo->update.reach.target.level != SCOPE_GLOBAL || plan_count(seo->plan) == 0)
		return 0;
	shown = json_array();
	for (size_t i = 0; i < n_shown && i < plan_count(seo->plan); i++) {
		int64_t id = json_get_int(plan_item(seo->plan, i), "id", 0);

		json_array_append_new(shown, json_clone(by_id(seo->products.items, id)));
	}
	for (size_t i = 0; r == 0 && i < n_views && i < OVERRIDE_VIEWS_MAX; i++)
		r = warn_overrides_in(seo, shown, views[i], fault);
	json_decref(shown);
	return r;
}

/* ---- the plan ---- */

int
seo_finish(struct seo_products *seo, json_t *extra, char *id_r, json_t **result_r, struct fault *fault)
{
	json_t *scope = reach_to_json(&seo->update.reach);
	int r = extra != NULL && scope != NULL ? 0 : -1;

	if (r == 0 && json_array_size(seo->products.not_found) > 0)
		r = json_object_set(extra, "not_found_skus", seo->products.not_found);
	r = r < 0 ? result_out_of_memory(fault)
		  : plan_finish(seo->plan, seo->params, scope, extra, id_r, result_r, fault);
	json_decref(extra);
	json_decref(scope);
	return r;
}
