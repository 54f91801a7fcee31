/*
 * display_judge.c - why a product does not show: one small judge per check, over facts that have been read
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "display_check.h"
#include "display_findings.h"
#include "json/get.h"
#include "magento/product.h"
#include "stock.h"

/* ---- reading values ---- */

/* Top level values are numbers, those of attributes are text. */
static double
attribute_number(const json_t *product, const char *code, double missing)
{
	const json_t *value = product_attribute(product, code);
	const char *text = json_string_value(value);
	char *end;
	double number;

	if (json_is_number(value))
		return json_number_value(value);
	if (text == NULL || text[0] == '\0')
		return missing;
	number = strtod(text, &end);
	return *end == '\0' ? number : missing;
}

bool
display_is_assigned(const json_t *product, const json_t *view)
{
	const json_t *ids = display_extension(product, "website_ids");
	int64_t website = json_get_int(view, "website_id", 0);
	int64_t id;

	for (size_t i = 0; i < json_array_size(ids); i++) {
		if (json_is_integral(json_array_get(ids, i), &id) && id == website)
			return true;
	}
	return website == 0;
}

/* ---- status, visibility, website ---- */

static bool
judge_website(struct place *place)
{
	const char *website = json_get_str(place->view, "website_code", NULL);

	place->check = "website";
	if (website == NULL) {
		display_record(place, VERDICT_UNKNOWN, NULL, "%s",
			       json_get_str(place->findings->facts, "views_error", "Not known."));
		return true;
	}
	if (display_is_assigned(place->findings->product, place->view)) {
		display_record(place, VERDICT_OK, NULL, "Assigned to website %s", website);
		return true;
	}
	display_record(place, VERDICT_BAD,
		       "Assign the product to the website in the admin panel (Product in Websites), if it is to be "
		       "sold there; no tool here does that.",
		       "Not assigned to website %s", website);
	return false;
}

static bool
judge_status(struct place *place, const json_t *product)
{
	place->check = "status";
	if (json_get_int(product, "status", 0) == 1) {
		display_record(place, VERDICT_OK, NULL, "Enabled");
		return true;
	}
	display_record(place, VERDICT_BAD, "Enable it: catalog_prepare_bulk_update with status 1.",
		       "Disabled (status %lld)", (long long)json_get_int(product, "status", 0));
	return false;
}

static bool
judge_visibility(struct place *place, const json_t *product)
{
	int64_t visibility = json_get_int(product, "visibility", 0);

	place->check = "visibility";
	switch (visibility) {
	case 2:
		display_record(place, VERDICT_OK, NULL,
			       "Note: in categories only, search does not find it (visibility 2)");
		return true;
	case 3:
		display_record(place, VERDICT_OK, NULL,
			       "Note: in search results only, no category lists it (visibility 3)");
		return true;
	case 4:
		display_record(place, VERDICT_OK, NULL, "In categories and search results");
		return true;
	default:
		display_record(place, VERDICT_BAD,
			       "Make it visible: catalog_prepare_bulk_update with visibility 4. A child of a "
			       "configurable product is "
			       "meant to be visible through its parent only.",
			       "Not visible individually (visibility %lld)", (long long)visibility);
		return false;
	}
}

/* ---- price ---- */

static bool
has_own_price(const json_t *product)
{
	const char *type = json_get_str(product, "type_id", "");

	return stock_is_counted(type) ||
	       (strcmp(type, "bundle") == 0 && strcmp(display_attribute(product, "price_type"), "1") == 0);
}

#define PRICE_ACTION "Correct it: pricing_prepare_bulk_price_update."

static void
judge_special_price(struct place *place, const json_t *product, double price)
{
	double special = attribute_number(product, "special_price", NAN);
	const char *until = display_attribute(product, "special_to_date");
	const char *today = json_get_str(place->findings->facts, "today", "");

	if (isnan(special) || (until[0] != '\0' && strncmp(until, today, 10) < 0))
		display_record(place, VERDICT_OK, NULL, "%g", price);
	else if (special <= 0)
		display_record(place, VERDICT_BAD, PRICE_ACTION, "The special price is %g: it sells for nothing",
			       special);
	else if (special >= price)
		display_record(place, VERDICT_BAD, PRICE_ACTION, "The special price %g is not below the price %g",
			       special, price);
	else
		display_record(place, VERDICT_OK, NULL, "%g, special price %g", price, special);
}

static void
judge_price(struct place *place, const json_t *product)
{
	double price = json_get_num(product, "price", 0);

	place->check = "price";
	if (!has_own_price(place->findings->product))
		display_record(place, VERDICT_OK, NULL, "Products of this type have no price of their own");
	else if (price <= 0)
		display_record(place, VERDICT_BAD, PRICE_ACTION, "The price is %g", price);
	else
		judge_special_price(place, product, price);
}

/* ---- address ---- */

static void
judge_route(struct place *place, bool should_be_there)
{
	const char *url = json_get_str(place->view, "url", "");
	const json_t *route = json_object_get(place->view, "route");
	const char *error = json_get_str(place->view, "route_error", NULL);

	if (error != NULL || route == NULL) {
		display_record(place, VERDICT_UNKNOWN, NULL, "%s", error != NULL ? error : "Not asked.");
	} else if (json_is_null(route) && should_be_there) {
		display_record(place, VERDICT_BAD,
			       "See diagnostics_indexer_status_report, and have the indexers run; if the address stays "
			       "unknown, give the "
			       "product a new one with seo_prepare_bulk_update_url_keys.",
			       "The storefront does not know %s: reindex needed, or the URL rewrite is missing", url);
	} else if (json_is_null(route)) {
		display_record(place, VERDICT_UNKNOWN, NULL,
			       "The storefront does not know %s, which the other issues explain", url);
	} else if (strcmp(json_get_str(route, "type", "PRODUCT"), "PRODUCT") != 0) {
		display_record(place, VERDICT_BAD,
			       "Give the product an address of its own: seo_prepare_bulk_update_url_keys.",
			       "%s leads to something else (%s)", url, json_get_str(route, "type", ""));
	} else if (json_get_int(route, "redirect_code", 0) != 0) {
		display_record(place, VERDICT_OK, NULL, "Note: %s redirects to %s", url,
			       json_get_str(route, "relative_url", ""));
	} else {
		display_record(place, VERDICT_OK, NULL, "%s", url);
	}
}

static void
judge_url(struct place *place, const json_t *product, bool should_be_there)
{
	place->check = "url";
	if (display_attribute(product, "url_key")[0] == '\0')
		display_record(place, VERDICT_BAD, "Give it a URL key: catalog_prepare_bulk_update with url_key.",
			       "It has no URL key");
	else
		judge_route(place, should_be_there);
}

/* ---- image ---- */

static bool
has_role(const json_t *product, const char *role)
{
	const json_t *entries = json_get_array(product, "media_gallery_entries");
	const char *file = display_attribute(product, role);

	if (file[0] != '\0' && strcmp(file, "no_selection") != 0)
		return true;
	for (size_t i = 0; i < json_array_size(entries); i++) {
		const json_t *types = json_get_array(json_array_get(entries, i), "types");

		for (size_t t = 0; t < json_array_size(types); t++) {
			const char *name = json_string_value(json_array_get(types, t));

			if (name != NULL && strcmp(name, role) == 0)
				return true;
		}
	}
	return false;
}

#define IMAGE_ACTION "Add an image, or give one the roles image and small_image, in the admin panel."

static void
judge_image(struct findings *findings)
{
	struct place place = {findings, NULL, "image"};

	if (json_array_size(json_get_array(findings->product, "media_gallery_entries")) == 0)
		display_record(&place, VERDICT_BAD, IMAGE_ACTION, "It has no image");
	else if (!has_role(findings->product, "image") || !has_role(findings->product, "small_image"))
		display_record(&place, VERDICT_BAD, IMAGE_ACTION, "No image has the role %s",
			       has_role(findings->product, "image") ? "small_image" : "image");
	else
		display_record(&place, VERDICT_OK, NULL, "It has images");
}

/* ---- the whole ---- */

static void
judge_view(struct findings *findings, json_t *view)
{
	struct place place = {findings, view, NULL};
	const json_t *product = json_get_object(view, "product");
	bool enabled, visible;

	if (!judge_website(&place)) /* what else there is does not matter here */
		return;
	if (product == NULL) {
		place.check = "status";
		display_record(&place, VERDICT_UNKNOWN, NULL, "%s", json_get_str(view, "error", "Not read."));
		return;
	}
	enabled = judge_status(&place, product);
	visible = judge_visibility(&place, product);
	judge_price(&place, product);
	display_judge_category(&place);
	judge_url(&place, product, enabled && visible);
	if (strcmp(json_get_str(findings->product, "type_id", ""), "configurable") == 0)
		display_judge_children(&place);
}

json_t *
display_judge(json_t *facts)
{
	json_t *views = json_get_array(facts, "views");
	json_t *issues = NULL, *result = NULL;
	struct findings findings;

	if (display_findings_init(&findings, facts) < 0)
		findings.failed = true;
	for (size_t i = 0; i < json_array_size(views); i++)
		judge_view(&findings, json_array_get(views, i));
	display_judge_stocks(&findings);
	judge_image(&findings);
	issues = display_issues(&findings);
	if (!findings.failed && issues != NULL) {
		const json_t *product = findings.product;

		result = json_pack("{s:s, s:b, s:s, s:s, s:I, s:I, s:f, s:O, s:I, s:O, s:O}", "sku",
				   json_get_str(product, "sku", ""), "found", 1, "product_name",
				   json_get_str(product, "name", ""), "type_id", json_get_str(product, "type_id", ""),
				   "status", (json_int_t)json_get_int(product, "status", 0), "visibility",
				   (json_int_t)json_get_int(product, "visibility", 0), "price",
				   json_get_num(product, "price", 0), "issues", issues, "issue_count",
				   (json_int_t)json_array_size(findings.groups), "recommended_actions",
				   findings.actions, "checks", findings.checks);
	}
	json_decref(issues);
	display_findings_fini(&findings);
	return result;
}

json_t *
display_not_found(const char *sku)
{
	return json_pack("{s:s, s:b, s:[s], s:i, s:[s], s:[]}", "sku", sku, "found", 0, "issues", "Product not found",
			 "issue_count", 1, "recommended_actions",
			 "Look for the right SKU with catalog_search_products.", "checks");
}
