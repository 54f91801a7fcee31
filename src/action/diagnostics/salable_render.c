/*
 * salable_render.c - from facts about stock to a report: what each website can sell, and what looks odd
 */
#include <math.h>
#include <string.h>

#include "json/clone.h"
#include "json/get.h"
#include "salable.h"
#include "stock.h"

/* ---- pieces ---- */

static const json_t *
source_item_of(const json_t *items, const char *source_code)
{
	for (size_t i = 0; i < json_array_size(items); i++) {
		const json_t *item = json_array_get(items, i);

		if (strcmp(json_get_str(item, "source_code", ""), source_code) == 0)
			return item;
	}
	return NULL;
}

static int
set_copy(json_t *object, const char *key, const json_t *value)
{
	return value != NULL ? json_object_set_new(object, key, json_clone(value)) : 0;
}

/* The sources of a stock, with what they hold of this product. */
static json_t *
render_sources(const json_t *level, const json_t *items)
{
	const json_t *sources = json_get_array(level, "sources");
	json_t *list = json_array();

	for (size_t i = 0; i < json_array_size(sources); i++) {
		const json_t *source = json_array_get(sources, i);
		const char *code = json_get_str(source, "source_code", "");
		const json_t *item = source_item_of(items, code);
		json_t *entry =
		    json_pack("{s:s, s:b}", "source_code", code, "enabled", json_get_bool(source, "enabled", true));

		int r = set_copy(entry, "quantity", json_get(item, "quantity"));

		r |= set_copy(entry, "status", json_get(item, "status"));
		r |= json_array_append_new(list, entry);
		if (r < 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

static bool
is_assigned(const json_t *product, int64_t website_id)
{
	const json_t *ids = json_get_array(json_get_object(product, "extension_attributes"), "website_ids");

	for (size_t i = 0; i < json_array_size(ids); i++) {
		int64_t id = 0;

		if (json_is_integral(json_array_get(ids, i), &id) && id == website_id)
			return true;
	}
	return false;
}

/* The first thing that went wrong in a stock, in the order it was asked. */
static const char *
first_error(const json_t *site, const json_t *level)
{
	json_t *errors = json_get_object(level, "errors");
	void *iter = json_object_iter(errors);

	if (json_get(site, "error") != NULL)
		return json_get_str(site, "error", "");
	return iter != NULL ? json_string_value(json_object_iter_value(iter)) : NULL;
}

static json_t *
render_site(const struct salable_facts *facts, const json_t *site)
{
	const char *sku = json_get_str(facts->product, "sku", "");
	const json_t *level = stock_level_of(facts->levels, site);
	const char *error = first_error(site, level);
	json_t *sources = render_sources(level, facts->source_items);
	json_t *entry = json_pack("{s:s}", "website_code", json_get_str(site, "website_code", ""));
	int r = entry != NULL && sources != NULL ? 0 : -1;

	if (r == 0) {
		r |= set_copy(entry, "stock_id", json_get(site, "stock_id"));
		r |= set_copy(entry, "stock_name", json_get(site, "stock_name"));
		r |= set_copy(entry, "salable", json_get(json_get_object(level, "salable"), sku));
		r |= set_copy(entry, "salable_quantity", json_get(json_get_object(level, "quantity"), sku));
		r |= json_object_set(entry, "sources", sources);
		r |= json_object_set_new(
		    entry, "assigned", json_boolean(is_assigned(facts->product, json_get_int(site, "website_id", 0))));
		if (error != NULL)
			r |= json_object_set_new(entry, "error", json_string(error));
	}
	json_decref(sources);
	if (r < 0) {
		json_decref(entry);
		return NULL;
	}
	return entry;
}

/* Sum over distinct stocks; null when one of them is not known, or when there is nothing to count. */
static json_t *
total_quantity(const struct salable_facts *facts)
{
	const char *sku = json_get_str(facts->product, "sku", "");
	const char *stock;
	json_t *level;
	double sum = 0;

	if (json_object_size(facts->levels) == 0)
		return json_null();
	for (size_t i = 0; i < json_array_size(facts->sites); i++) {
		if (json_is_null(json_object_get(json_array_get(facts->sites, i), "linked")))
			return json_null();
	}
	json_object_foreach(facts->levels, stock, level)
	{
		const json_t *quantity = json_get(json_get_object(level, "quantity"), sku);

		if (quantity == NULL)
			return json_null();
		sum += json_number_value(quantity);
	}
	return sum == floor(sum) ? json_integer((json_int_t)sum) : json_real(sum);
}

/* ---- children ---- */

static json_t *
render_child(const struct salable_facts *facts, const json_t *child)
{
	const char *sku = json_get_str(child, "sku", "");
	json_t *stocks = json_array();
	json_t *entry = json_pack("{s:s, s:o}", "sku", sku, "stocks", stocks);
	int r = entry == NULL ? -1 : set_copy(entry, "status", json_get(child, "status"));

	for (size_t i = 0; r == 0 && i < json_array_size(facts->sites); i++) {
		const json_t *site = json_array_get(facts->sites, i);
		const json_t *level = stock_level_of(facts->levels, site);
		json_t *stock = json_pack("{s:s}", "website_code", json_get_str(site, "website_code", ""));

		if (level == NULL) {
			json_decref(stock);
			continue;
		}
		r |= set_copy(stock, "stock_id", json_get(site, "stock_id"));
		r |= set_copy(stock, "salable", json_get(json_get_object(level, "salable"), sku));
		r |= set_copy(stock, "salable_quantity", json_get(json_get_object(level, "quantity"), sku));
		r |= json_array_append_new(stocks, stock);
	}
	if (r < 0) {
		json_decref(entry);
		return NULL;
	}
	return entry;
}

static int
set_children(const struct salable_facts *facts, json_t *result)
{
	json_t *list;

	if (facts->children == NULL)
		return 0;
	list = json_array();
	for (size_t i = 0; i < json_array_size(facts->children); i++) {
		if (json_array_append_new(list, render_child(facts, json_array_get(facts->children, i))) < 0) {
			json_decref(list);
			return -1;
		}
	}
	return json_object_set_new(result, "children", list);
}

/* ---- what looks odd ---- */

static int
note(json_t *notes, json_t *text)
{
	for (size_t i = 0; i < json_array_size(notes); i++) {
		if (json_equal(json_array_get(notes, i), text)) {
			json_decref(text);
			return 0;
		}
	}
	return json_array_append_new(notes, text);
}

static int
note_disabled_sources(json_t *notes, const json_t *website)
{
	const json_t *sources = json_get_array(website, "sources");
	int r = 0;

	for (size_t i = 0; r == 0 && i < json_array_size(sources); i++) {
		const json_t *source = json_array_get(sources, i);

		if (!json_get_bool(source, "enabled", true) && json_get(source, "quantity") != NULL) {
			r = note(notes, json_sprintf("The source %s is disabled: what it holds is not sold.",
						     json_get_str(source, "source_code", "")));
		}
	}
	return r;
}

static int
note_unsold(json_t *notes, const json_t *website)
{
	const json_t *sources = json_get_array(website, "sources");
	const json_t *salable = json_get(website, "salable_quantity");
	double held = 0;

	for (size_t i = 0; i < json_array_size(sources); i++) {
		const json_t *source = json_array_get(sources, i);

		if (json_get_bool(source, "enabled", true) && json_get_int(source, "status", 0) == 1)
			held += json_get_num(source, "quantity", 0);
	}
	if (held <= 0 || salable == NULL || json_number_value(salable) > 0)
		return 0;
	return note(
	    notes,
	    json_sprintf("The sources of stock %lld hold %g, but nothing is salable: reservations of open orders, a "
			 "threshold for out of stock, or an index that is not up to date.",
			 (long long)json_get_int(website, "stock_id", 0), held));
}

static bool
is_in_a_stock(json_t *levels, const char *source_code)
{
	bool found = false;
	const char *stock;
	json_t *level;

	json_object_foreach(levels, stock, level)
	{
		found = found || source_item_of(json_get_array(level, "sources"), source_code) != NULL;
	}
	return found;
}

static bool
knows_all_sources(const struct salable_facts *facts)
{
	for (size_t i = 0; i < json_array_size(facts->sites); i++) {
		const json_t *site = json_array_get(facts->sites, i);
		const json_t *level = stock_level_of(facts->levels, site);

		if (json_is_null(json_object_get(site, "linked")) ||
		    (level != NULL && json_get_array(level, "sources") == NULL))
			return false;
	}
	return facts->all_sites;
}

static int
note_orphans(json_t *notes, const struct salable_facts *facts)
{
	int r = 0;

	if (!knows_all_sources(facts))
		return 0;
	for (size_t i = 0; r == 0 && i < json_array_size(facts->source_items); i++) {
		const char *code = json_get_str(json_array_get(facts->source_items, i), "source_code", "");

		if (!is_in_a_stock(facts->levels, code))
			r = note(notes,
				 json_sprintf("The source %s belongs to no website's stock: what it holds is not sold.",
					      code));
	}
	return r;
}

static json_t *
render_notes(const struct salable_facts *facts, const json_t *websites)
{
	json_t *notes = json_array();
	int r = notes != NULL ? 0 : -1;

	for (size_t i = 0; r == 0 && i < json_array_size(websites); i++) {
		const json_t *website = json_array_get(websites, i);

		if (note_disabled_sources(notes, website) < 0 || note_unsold(notes, website) < 0)
			r = -1;
	}
	if (r == 0)
		r = note_orphans(notes, facts);
	if (r == 0 && facts->n_children > json_array_size(facts->children)) {
		r = note(notes, json_sprintf("The product has %zu children; the first %zu are shown.",
					     facts->n_children, json_array_size(facts->children)));
	}
	if (r < 0) {
		json_decref(notes);
		return NULL;
	}
	return notes;
}

/* ---- the whole ---- */

static json_t *
render_websites(const struct salable_facts *facts)
{
	json_t *websites = json_array();

	for (size_t i = 0; i < json_array_size(facts->sites); i++) {
		if (json_array_append_new(websites, render_site(facts, json_array_get(facts->sites, i))) < 0) {
			json_decref(websites);
			return NULL;
		}
	}
	return websites;
}

static json_t *
copy_or(const json_t *value, json_t *otherwise)
{
	if (value == NULL)
		return otherwise;
	json_decref(otherwise);
	return json_clone(value);
}

json_t *
salable_render(const struct salable_facts *facts)
{
	json_t *websites = render_websites(facts);
	json_t *notes = websites != NULL ? render_notes(facts, websites) : NULL;
	json_t *result = NULL;
	int r = -1;

	if (notes != NULL) {
		result = json_pack("{s:s, s:s, s:o, s:o, s:o, s:b, s:O, s:O}", "sku",
				   json_get_str(facts->product, "sku", ""), "type_id",
				   json_get_str(facts->product, "type_id", ""), "stock_item",
				   copy_or(facts->stock_item, json_null()), "salable_quantity", total_quantity(facts),
				   "source_items", copy_or(facts->source_items, json_array()), "msi", facts->has_msi,
				   "websites", websites, "notes", notes);
	}
	if (result != NULL) {
		r = set_children(facts, result);
		if (json_array_size(facts->unavailable) > 0)
			r |= json_object_set(result, "unavailable", facts->unavailable);
	}
	json_decref(websites);
	json_decref(notes);
	if (r < 0) {
		json_decref(result);
		return NULL;
	}
	return result;
}
