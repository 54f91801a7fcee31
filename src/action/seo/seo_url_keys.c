/*
 * seo_url_keys.c - seo.prepare_bulk_update_url_keys: new addresses for products, without collisions
 */
#include <stdio.h>
#include <string.h>

#include "action/env.h"
#include "batch.h"
#include "json/clone.h"
#include "json/get.h"
#include "magento/graphql.h"
#include "magento/product.h"
#include "results.h"
#include "seo_private.h"
#include "shapes.h"

#define MANY_ITEMS 50
#define SAMPLE_DEFAULT 10
#define DETAILS_MAX 50
#define SUFFIX_DEFAULT ".html"

struct planning {
	struct product_plan pp;
	json_t *transform;
	bool redirects;
	struct seo_suffixes *suffixes; /* of each place */
	struct seo_change *changes;    /* one product after the other */
	size_t n_changes;
	json_t *collisions, *shown, *redirect_plan; /* owned */
	size_t n_already;
	size_t sample_size;
};

/* ---- suffixes ---- */

static int
read_suffix(struct planning *p, size_t place, struct fault *fault)
{
	const char *prefix = p->pp.update.places[place].write->prefix;
	const char *view = strcmp(prefix, MAGENTO_SCOPE_ALL) != 0 ? prefix : NULL;
	struct seo_suffixes *suffixes = &p->suffixes[place];
	const json_t *config;
	json_t *data = NULL;
	const char *category;
	int r = graphql_query(&p->pp.sc.magento, view, "{storeConfig{product_url_suffix category_url_suffix}}", NULL,
			      &data, fault);

	*suffixes = (struct seo_suffixes){SUFFIX_DEFAULT, true, true};
	config = r == 0 ? json_get_object(data, "storeConfig") : NULL;
	if (r < 0 && (fault->code == FAULT_CANCELLED || fault->code == FAULT_RATE_LIMITED))
		return -1;
	if (config != NULL) {
		suffixes->product = pool_strdup(p->pp.sc.call->pool, json_get_str(config, "product_url_suffix", ""));
		category = json_get_str(config, "category_url_suffix", "");
		suffixes->same_for_categories = suffixes->product != NULL && strcmp(suffixes->product, category) == 0;
		suffixes->is_assumed = false;
	}
	json_decref(data);
	fault_fini(fault);
	fault_init(fault);
	return suffixes->product != NULL ? 0 : result_out_of_memory(fault);
}

static int
read_suffixes(struct planning *p, struct fault *fault)
{
	size_t n = p->pp.update.n_places;

	p->suffixes = pool_alloc(p->pp.sc.call->pool, n * sizeof(*p->suffixes));
	if (p->suffixes == NULL)
		return result_out_of_memory(fault);
	for (size_t i = 0; i < n; i++) {
		/* A shop that does not answer for one view does not answer for the others. */
		if (i > 0 && p->suffixes[i - 1].is_assumed)
			p->suffixes[i] = p->suffixes[i - 1];
		else if (read_suffix(p, i, fault) < 0)
			return -1;
	}
	return 0;
}

/* ---- changes ---- */

static const char *
key_of(const json_t *product)
{
	const char *key = json_string_value(product_attribute(product, "url_key"));

	return key != NULL ? key : "";
}

/* Why the product is left out, or NULL; its changes are appended. */
static const char *
add_changes(struct planning *p, const json_t *product, struct fault *fault)
{
	size_t before = p->n_changes;
	int64_t id = json_get_int(product, "id", 0);

	for (size_t place = 0; place < p->pp.update.n_places; place++) {
		const json_t *seen = product_plan_seen(&p->pp, place, id);
		const char *old_key = seen != NULL ? key_of(seen) : "";
		char new_key[SEO_URL_KEY_CAP];
		enum seo_url_key_verdict verdict;

		if (old_key[0] == '\0') {
			p->n_changes = before;
			return "it has no URL key";
		}
		verdict = seo_url_key_transform(old_key, p->transform, new_key);
		if (verdict != SEO_URL_KEY_OK) {
			p->n_changes = before;
			return seo_url_key_reason(verdict);
		}
		if (strcmp(old_key, new_key) == 0)
			continue;
		p->n_already += seo_url_key_has(old_key, p->transform);
		p->changes[p->n_changes] = (struct seo_change){.product = seen,
							       .sku = json_get_str(product, "sku", ""),
							       .id = id,
							       .place = place,
							       .old_key = old_key,
							       .new_key = pool_strdup(p->pp.sc.call->pool, new_key)};
		if (p->changes[p->n_changes++].new_key == NULL)
			result_out_of_memory(fault);
	}
	return NULL;
}

static int
find_changes(struct planning *p, struct fault *fault)
{
	size_t n = json_array_size(p->pp.products.items);

	p->changes = pool_alloc(p->pp.sc.call->pool, (n * p->pp.update.n_places + 1) * sizeof(*p->changes));
	if (p->changes == NULL)
		return result_out_of_memory(fault);
	for (size_t i = 0; i < n && fault->code == FAULT_NONE; i++) {
		json_t *product = json_array_get(p->pp.products.items, i);
		size_t before = p->n_changes;
		const char *reason = add_changes(p, product, fault);

		if (reason != NULL &&
		    plan_skip(p->pp.plan, json_pack("{s:O}", "sku", json_object_get(product, "sku")), reason) < 0)
			return result_out_of_memory(fault);
		if (reason == NULL && p->n_changes == before)
			plan_add_unchanged(p->pp.plan);
	}
	return fault->code == FAULT_NONE ? 0 : -1;
}

/* ---- items ---- */

static json_t *
writes_of(struct planning *p, const struct seo_change *changes, size_t n)
{
	json_t *writes = json_array();

	for (size_t i = 0; writes != NULL && i < n; i++) {
		const struct seo_change *change = &changes[i];

		if (json_array_append_new(writes,
					  json_pack("{s:s, s:{s:s}, s:{s:s}}", "scope",
						    p->pp.update.places[change->place].write->prefix, "from", "url_key",
						    change->old_key, "to", "url_key", change->new_key)) < 0) {
			json_decref(writes);
			return NULL;
		}
	}
	return writes;
}

/* What the commit looks at afterwards: is there an address to redirect, and how do addresses end? */
static json_t *
suffixes_of(struct planning *p, const struct seo_change *changes, size_t n)
{
	json_t *suffixes = json_object();

	for (size_t i = 0; i < n; i++) {
		size_t place = changes[i].place;

		if (json_object_set_new(suffixes, p->pp.update.places[place].write->prefix,
					json_string(p->suffixes[place].product)) < 0) {
			json_decref(suffixes);
			return NULL;
		}
	}
	return suffixes;
}

static bool
has_address(const json_t *product)
{
	return json_get_int(product, "status", 1) == 1 && json_get_int(product, "visibility", 4) != 1;
}

static int
show(struct planning *p, const struct seo_change *change)
{
	const char *scope = p->pp.update.places[change->place].write->prefix;
	const char *suffix = p->suffixes[change->place].product;

	if (json_array_append_new(p->shown, json_pack("{s:s, s:s, s:s, s:s}", "sku", change->sku, "scope", scope,
						      "old_url_key", change->old_key, "new_url_key", change->new_key)) <
	    0)
		return -1;
	if (!p->redirects || !has_address(change->product))
		return 0;
	return json_array_append_new(p->redirect_plan, json_pack("{s:s+, s:s+, s:s}", "from", change->old_key, suffix,
								 "to", change->new_key, suffix, "scope", scope));
}

static int
add_item(struct planning *p, const struct seo_change *changes, size_t n)
{
	const json_t *product = changes[0].product;
	json_t *item = json_pack("{s:{s:s}, s:s, s:I, s:o, s:o, s:b}", "key", "sku", changes[0].sku, "title",
				 json_get_str(product, "name", ""), "id", (json_int_t)changes[0].id, "writes",
				 writes_of(p, changes, n), "suffixes", suffixes_of(p, changes, n), "has_redirect",
				 p->redirects && has_address(product));

	if (item == NULL)
		return -1;
	/* Magento makes a redirect only when this travels with the new key; it is not stored. */
	if (p->redirects && json_object_set_new(item, "extra_attributes",
						json_pack("[{s:s, s:s}]", "attribute_code", "save_rewrites_history",
							  "value", "1")) < 0) {
		json_decref(item);
		return -1;
	}
	if (plan_count(p->pp.plan) < p->sample_size) {
		for (size_t i = 0; i < n; i++) {
			if (show(p, &changes[i]) < 0) {
				json_decref(item);
				return -1;
			}
		}
	}
	return plan_add(p->pp.plan, item);
}

/* The same in several views is said once. */
static int
note_collision(struct planning *p, const struct seo_change *change)
{
	json_t *row =
	    json_pack("{s:s, s:s, s:s}", "sku", change->sku, "new_url_key", change->new_key, "with", change->taken_by);
	size_t n = json_array_size(p->collisions);

	if (row != NULL && n > 0 && json_equal(row, json_array_get(p->collisions, n - 1))) {
		json_decref(row);
		return 0;
	}
	return json_array_append_new(p->collisions, row);
}

/* 1 when one of the changes collides: then the product is left out as a whole. */
static int
note_collisions(struct planning *p, const struct seo_change *changes, size_t n)
{
	int r = 0;

	for (size_t i = 0; i < n; i++) {
		if (changes[i].taken_by == NULL)
			continue;
		if (note_collision(p, &changes[i]) < 0)
			return -1;
		r = 1;
	}
	return r;
}

static int
add_items(struct planning *p, struct fault *fault)
{
	size_t n;

	for (size_t at = 0; at < p->n_changes; at += n) {
		const struct seo_change *first = &p->changes[at];
		int r;

		for (n = 1; at + n < p->n_changes && first[n].id == first->id; n++)
			;
		r = note_collisions(p, first, n);
		if (r == 0)
			r = add_item(p, first, n);
		if (r < 0)
			return result_out_of_memory(fault);
	}
	return 0;
}

/* ---- what to think about ---- */

static int
refuse_collisions(struct planning *p, struct fault *fault)
{
	json_t *details = json_array();

	for (size_t i = 0; i < json_array_size(p->collisions) && i < DETAILS_MAX; i++) {
		const json_t *row = json_array_get(p->collisions, i);
		json_t *message = json_sprintf("%s: the key %s is taken by %s", json_get_str(row, "sku", ""),
					       json_get_str(row, "new_url_key", ""), json_get_str(row, "with", ""));

		json_array_append_new(details,
				      json_pack("{s:s, s:o}", "path", "params.url_key_transform", "message", message));
	}
	return fault_set(
	    fault, FAULT_VALIDATION_ERROR, details,
	    "Every new URL key is already taken (%zu collisions). Choose another prefix, suffix or replacement.",
	    json_array_size(p->collisions));
}

static void
warn(struct planning *p)
{
	struct plan *plan = p->pp.plan;

	product_plan_warn_scope(&p->pp);
	if (plan_count(plan) > MANY_ITEMS)
		plan_warn(p->pp.plan, "%zu products would get new addresses", plan_count(plan));
	if (!p->redirects && plan_count(plan) > 0)
		plan_warn(p->pp.plan, "Redirects are off: old addresses will answer 404");
	if (p->redirects && plan_count(plan) > 0)
		plan_warn(p->pp.plan,
			  "Earlier redirects to these addresses become chains; they cannot be seen over REST");
	if (p->n_already > 0)
		plan_warn(p->pp.plan, "%zu URL keys have the prefix or suffix already", p->n_already);
	if (json_array_size(p->collisions) > 0)
		plan_warn(p->pp.plan, "%zu new URL keys are taken: those products are left out, see collisions",
			  json_array_size(p->collisions));
	if (p->suffixes[0].is_assumed)
		plan_warn(p->pp.plan, "The suffix of addresses could not be read over GraphQL: %s is assumed",
			  SUFFIX_DEFAULT);
}

/* ---- all of it ---- */

static int
finish(struct planning *p, json_t **result_r, struct fault *fault)
{
	json_t *extra = json_pack("{s:O, s:O, s:O}", "url_key_changes", p->shown, "collisions", p->collisions,
				  "redirect_plan", p->redirect_plan);

	return product_plan_finish(&p->pp, extra, NULL, result_r, fault);
}

static int
prepare(struct planning *p, json_t **result_r, struct fault *fault)
{
	json_t *updates = json_pack("{s:s}", "url_key", "placeholder"); /* the value differs by product */
	int r = updates != NULL ? product_plan_place(&p->pp, updates, fault) : result_out_of_memory(fault);

	json_decref(updates);
	if (r < 0 || product_plan_read(&p->pp, "seo.update_url_keys", "seo_commit_bulk_update_url_keys", fault) < 0 ||
	    read_suffixes(p, fault) < 0 || find_changes(p, fault) < 0 ||
	    seo_collisions_find(&p->pp, p->changes, p->n_changes, p->suffixes, fault) < 0 || add_items(p, fault) < 0)
		return -1;
	if (plan_count(p->pp.plan) == 0 && json_array_size(p->collisions) > 0)
		return refuse_collisions(p, fault);
	if (product_plan_warn_overrides(&p->pp, p->sample_size, fault) < 0)
		return -1;
	warn(p);
	return finish(p, result_r, fault);
}

int
seo_prepare_url_keys(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	struct planning p = {
	    .pp.params = json_clone_shallow(params),
	    .pp.projection = SEO_PROJECTION,
	    .transform = json_get_object(params, "url_key_transform"),
	    .redirects = json_get_bool(params, "create_redirects", true),
	    .sample_size = (size_t)json_get_int(params, "sample_size", SAMPLE_DEFAULT),
	    .collisions = json_array(),
	    .shown = json_array(),
	    .redirect_plan = json_array(),
	};
	int r = -1;

	p.pp.sc.call = call;
	if (product_plan_check(call, params, fault) == 0)
		r = p.pp.params != NULL ? store_open(&p.pp.sc, call, fault) : result_out_of_memory(fault);
	/* The engine's own default is smaller. */
	if (r == 0 && json_object_set_new(p.pp.params, "sample_size", json_integer((json_int_t)p.sample_size)) < 0)
		r = result_out_of_memory(fault);
	if (r == 0)
		r = prepare(&p, result_r, fault);
	product_plan_fini(&p.pp);
	json_decref(p.collisions);
	json_decref(p.shown);
	json_decref(p.redirect_plan);
	json_decref(p.pp.params);
	store_close(&p.pp.sc);
	return r;
}

/* ---- shapes ---- */

static bool
match_piece(const char *text, size_t len)
{
	return strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == len;
}

static const struct json_schema piece = {.type = JSON_T_STRING,
					 .min_length = 1,
					 .max_length = 64,
					 .match = match_piece,
					 .pattern = "^[a-z0-9-]*$",
					 .hint = "must be lower-case letters, digits and -"};
static const struct json_schema replacement = {.type = JSON_T_STRING,
					       .max_length = 64,
					       .match = match_piece,
					       .pattern = "^[a-z0-9-]*$",
					       .hint = "must be lower-case letters, digits and -"};
static const struct json_schema search = {
    .type = JSON_T_STRING, .min_length = 1, .max_length = 255, .description = "Literal text, not a pattern"};
static const struct json_schema all = {
    .type = JSON_T_BOOLEAN, .default_json = "true", .description = "Every occurrence, not the first only"};
static const struct json_prop replace_props[] = {
    {"search", &search, true, NULL}, {"replacement", &replacement, true, NULL}, {"all", &all, false, NULL}, {0}};
static const struct json_schema replace = {.type = JSON_T_OBJECT, .props = replace_props};
static const struct json_prop transform_props[] = {
    {"prefix", &piece, false, "Put in front of the key"},
    {"suffix", &piece, false, "Put behind it"},
    {"replace", &replace, false, NULL},
    {0},
};
static const struct json_schema transform = {.type = JSON_T_OBJECT,
					     .props = transform_props,
					     .min_properties = 1,
					     .description = "Applied in this order: prefix, suffix, replace"};
static const struct json_schema create_redirects = {
    .type = JSON_T_BOOLEAN, .default_json = "true", .description = "Keep old addresses working by 301 redirects"};
static const struct json_schema sample_size = {.type = JSON_T_INTEGER,
					       .minimum = JSON_BOUND(1),
					       .maximum = JSON_BOUND(50),
					       .default_json = "10",
					       .description = "How many example changes to show"};

static const struct json_prop params_props[] = {
    {"match", &match_shape, true, NULL},
    {"url_key_transform", &transform, true, NULL},
    {"create_redirects", &create_redirects, false, NULL},
    {"scope", &shape_scope, false, "Where to write; needed unless scope_set_default was called"},
    {"sample_size", &sample_size, false, NULL},
    {0},
};
const struct json_schema seo_url_keys_params = {.type = JSON_T_OBJECT, .props = params_props};

static const struct json_prop change_props[] = {
    {"sku", &shape_text, true, NULL},
    {"scope", &shape_text, true, NULL},
    {"old_url_key", &shape_text, true, NULL},
    {"new_url_key", &shape_text, true, NULL},
    {0},
};
static const struct json_schema change = {.type = JSON_T_OBJECT, .props = change_props};
static const struct json_schema changes = {.type = JSON_T_ARRAY, .items = &change};
static const struct json_prop collision_props[] = {
    {"sku", &shape_text, true, NULL}, {"new_url_key", &shape_text, true, NULL}, {"with", &shape_text, true, NULL}, {0}};
static const struct json_schema collision = {.type = JSON_T_OBJECT, .props = collision_props};
static const struct json_schema collisions = {.type = JSON_T_ARRAY, .items = &collision};
static const struct json_prop redirect_props[] = {
    {"from", &shape_text, true, NULL}, {"to", &shape_text, true, NULL}, {"scope", &shape_text, true, NULL}, {0}};
static const struct json_schema redirect = {.type = JSON_T_OBJECT, .props = redirect_props};
static const struct json_schema redirects = {.type = JSON_T_ARRAY, .items = &redirect};

static const struct json_prop result_props[] = {
    PLAN_RESULT_PROPS,
    {"url_key_changes", &changes, true, "The first of them"},
    {"collisions", &collisions, true, "Products left out because their new key is taken"},
    {"redirect_plan", &redirects, true, "Redirects that will be made for the first of them"},
    {0},
};
const struct json_schema seo_url_keys_result = {.type = JSON_T_OBJECT, .props = result_props};
