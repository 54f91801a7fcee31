/*
 * display_judge.c - why a product does not show: one small judge per check, over facts that have been read
 */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "display_check.h"
#include "json/get.h"
#include "magento/product.h"
#include "stock.h"

#define DETAIL_MAX 400
#define ISSUE_MAX 2000

enum verdict { VERDICT_BAD, VERDICT_OK, VERDICT_UNKNOWN };

/* What has been found so far. */
struct findings {
	json_t *facts, *product;
	json_t *checks;  /* result */
	json_t *groups;  /* [{detail, views, action}]: equal issues of several views are one issue */
	json_t *actions; /* result */
	bool failed;
};

/* One check of one view (NULL: of the product as a whole). */
struct place {
	struct findings *findings;
	json_t *view;
	const char *check;
};

/* ---- recording ---- */

static json_t *
verdict_to_json(enum verdict verdict)
{
	if (verdict == VERDICT_UNKNOWN)
		return json_null();
	return json_boolean(verdict == VERDICT_OK);
}

/* The code of a view, NULL for what is no view. */
static const char *
view_code(const json_t *view)
{
	const char *code = json_get_str(view, "code", "all");

	return strcmp(code, "all") != 0 ? code : NULL;
}

static json_t *
group_of(json_t *groups, const char *detail)
{
	json_t *group;

	for (size_t i = 0; i < json_array_size(groups); i++) {
		group = json_array_get(groups, i);
		if (strcmp(json_get_str(group, "detail", ""), detail) == 0)
			return group;
	}
	group = json_pack("{s:s, s:[]}", "detail", detail, "views");
	return json_array_append_new(groups, group) < 0 ? NULL : group;
}

static int
recommend(struct findings *findings, const char *action)
{
	for (size_t i = 0; i < json_array_size(findings->actions); i++) {
		if (strcmp(json_string_value(json_array_get(findings->actions, i)), action) == 0)
			return 0;
	}
	return json_array_append_new(findings->actions, json_string(action));
}

static int
record_issue(struct place *place, const char *detail, const char *action)
{
	json_t *group = group_of(place->findings->groups, detail);
	const char *code = view_code(place->view);

	if (group == NULL)
		return -1;
	if (code != NULL && json_array_append_new(json_object_get(group, "views"), json_string(code)) < 0)
		return -1;
	return action != NULL ? recommend(place->findings, action) : 0;
}

/* `action` is what the caller can do about a VERDICT_BAD. */
static void PRINTF_LIKE(4, 5)
record(struct place *place, enum verdict verdict, const char *action, const char *fmt, ...)
{
	const char *code = view_code(place->view);
	char detail[DETAIL_MAX];
	json_t *check;
	va_list ap;
	int r;

	va_start(ap, fmt);
	vsnprintf(detail, sizeof(detail), fmt, ap);
	va_end(ap);
	if (!slice_is_utf8(slice_from_str(detail))) /* a name that was cut in the middle of a character */
		snprintf(detail, sizeof(detail), "The text of this check is too long.");
	check = json_pack("{s:s, s:o, s:s}", "check", place->check, "ok", verdict_to_json(verdict), "detail", detail);
	r = check == NULL ? -1 : 0;
	if (r == 0 && code != NULL)
		r = json_object_set_new(check, "view", json_string(code));
	if (r == 0)
		r = json_array_append(place->findings->checks, check);
	if (r == 0 && verdict == VERDICT_BAD)
		r = record_issue(place, detail, action);
	json_decref(check);
	place->findings->failed = place->findings->failed || r < 0;
}

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

static const char *
attribute_text(const json_t *product, const char *code)
{
	const char *text = json_string_value(product_attribute(product, code));

	return text != NULL ? text : "";
}

static const json_t *
extension(const json_t *product, const char *name)
{
	return json_get(json_get_object(product, "extension_attributes"), name);
}

bool
display_is_assigned(const json_t *product, const json_t *view)
{
	const json_t *ids = extension(product, "website_ids");
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
		record(place, VERDICT_UNKNOWN, NULL, "%s", json_get_str(place->findings->facts, "views_error", "Not known."));
		return true;
	}
	if (display_is_assigned(place->findings->product, place->view)) {
		record(place, VERDICT_OK, NULL, "Assigned to website %s", website);
		return true;
	}
	record(place, VERDICT_BAD, "Assign the product to the website in the admin panel (Product in Websites), if it is to be "
				   "sold there; no tool here does that.",
	    "Not assigned to website %s", website);
	return false;
}

static bool
judge_status(struct place *place, const json_t *product)
{
	place->check = "status";
	if (json_get_int(product, "status", 0) == 1) {
		record(place, VERDICT_OK, NULL, "Enabled");
		return true;
	}
	record(place, VERDICT_BAD, "Enable it: catalog_prepare_bulk_update with status 1.", "Disabled (status %lld)",
	    (long long)json_get_int(product, "status", 0));
	return false;
}

static bool
judge_visibility(struct place *place, const json_t *product)
{
	int64_t visibility = json_get_int(product, "visibility", 0);

	place->check = "visibility";
	switch (visibility) {
	case 2:
		record(place, VERDICT_OK, NULL, "Note: in categories only, search does not find it (visibility 2)");
		return true;
	case 3:
		record(place, VERDICT_OK, NULL, "Note: in search results only, no category lists it (visibility 3)");
		return true;
	case 4:
		record(place, VERDICT_OK, NULL, "In categories and search results");
		return true;
	default:
		record(place, VERDICT_BAD,
		    "Make it visible: catalog_prepare_bulk_update with visibility 4. A child of a configurable product is "
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

	return stock_is_counted(type) || (strcmp(type, "bundle") == 0 && strcmp(attribute_text(product, "price_type"), "1") == 0);
}

#define PRICE_ACTION "Correct it: pricing_prepare_bulk_price_update."

static void
judge_special_price(struct place *place, const json_t *product, double price)
{
	double special = attribute_number(product, "special_price", NAN);
	const char *until = attribute_text(product, "special_to_date");
	const char *today = json_get_str(place->findings->facts, "today", "");

	if (isnan(special) || (until[0] != '\0' && strncmp(until, today, 10) < 0))
		record(place, VERDICT_OK, NULL, "%g", price);
	else if (special <= 0)
		record(place, VERDICT_BAD, PRICE_ACTION, "The special price is %g: it sells for nothing", special);
	else if (special >= price)
		record(place, VERDICT_BAD, PRICE_ACTION, "The special price %g is not below the price %g", special, price);
	else
		record(place, VERDICT_OK, NULL, "%g, special price %g", price, special);
}

static void
judge_price(struct place *place, const json_t *product)
{
	double price = json_get_num(product, "price", 0);

	place->check = "price";
	if (!has_own_price(place->findings->product))
		record(place, VERDICT_OK, NULL, "Products of this type have no price of their own");
	else if (price <= 0)
		record(place, VERDICT_BAD, PRICE_ACTION, "The price is %g", price);
	else
		judge_special_price(place, product, price);
}

/* ---- categories ---- */

static const json_t *
category_of(const json_t *facts, int64_t id)
{
	const json_t *list = json_get_array(facts, "categories");

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *category = json_array_get(list, i);

		if (json_get_int(category, "id", 0) == id)
			return category;
	}
	return NULL;
}

/* The next id of a path such as "1/2/3"; 0 at its end. */
static int64_t
next_id(const char **path)
{
	char *end;
	int64_t id = strtoll(*path, &end, 10);

	*path = *end == '/' ? end + 1 : end;
	return id;
}

static bool
lies_below(const json_t *category, int64_t root)
{
	const char *path = json_get_str(category, "path", "");
	int64_t id = next_id(&path);

	while (id != 0) {
		if (id == root)
			return true;
		id = next_id(&path);
	}
	return root == 0;
}

/* The first inactive one from the top down, itself included; NULL when all are active.  Root 1 says nothing. */
static const json_t *
inactive_in_path(const json_t *facts, const json_t *category)
{
	const char *path = json_get_str(category, "path", "");
	int64_t id = next_id(&path);

	while (id != 0) {
		const json_t *step = category_of(facts, id);

		if (step != NULL && !json_get_bool(step, "is_active", true))
			return step;
		id = next_id(&path);
	}
	return NULL;
}

#define CATEGORY_ACTION                                                                                                \
	"Put it into an active category: catalog_prepare_bulk_update with category_ids; or activate the category in the "  \
	"admin panel."

static int64_t
link_id(const json_t *link)
{
	const json_t *id = json_object_get(link, "category_id");

	return json_is_string(id) ? strtoll(json_string_value(id), NULL, 10) : json_get_int(link, "category_id", 0);
}

static void
judge_categories(struct place *place)
{
	json_t *facts = place->findings->facts;
	const json_t *links = extension(place->findings->product, "category_links");
	const json_t *blocked_by = NULL, *blocked = NULL;
	size_t below = 0;

	for (size_t i = 0; i < json_array_size(links); i++) {
		const json_t *category = category_of(facts, link_id(json_array_get(links, i)));

		if (category == NULL || !lies_below(category, json_get_int(place->view, "root_category_id", 0)))
			continue;
		below++;
		blocked = category;
		blocked_by = inactive_in_path(facts, category);
		if (blocked_by == NULL) {
			record(place, VERDICT_OK, NULL, "In the category %s", json_get_str(category, "name", ""));
			return;
		}
	}
	if (below == 0)
		record(place, VERDICT_BAD, CATEGORY_ACTION, "In no category below this store's root category");
	else if (blocked == blocked_by)
		record(place, VERDICT_BAD, CATEGORY_ACTION, "Its category %s is inactive", json_get_str(blocked, "name", ""));
	else
		record(place, VERDICT_BAD, CATEGORY_ACTION, "Its category %s lies below the inactive category %s",
		    json_get_str(blocked, "name", ""), json_get_str(blocked_by, "name", ""));
}

static void
judge_category(struct place *place)
{
	const char *error = json_get_str(place->findings->facts, "categories_error", NULL);

	place->check = "category";
	if (json_array_size(extension(place->findings->product, "category_links")) == 0)
		record(place, VERDICT_BAD, CATEGORY_ACTION, "In no category");
	else if (error != NULL)
		record(place, VERDICT_UNKNOWN, NULL, "%s", error);
	else
		judge_categories(place);
}

/* ---- address ---- */

static void
judge_route(struct place *place, bool should_be_there)
{
	const char *url = json_get_str(place->view, "url", "");
	const json_t *route = json_object_get(place->view, "route");
	const char *error = json_get_str(place->view, "route_error", NULL);

	if (error != NULL || route == NULL) {
		record(place, VERDICT_UNKNOWN, NULL, "%s", error != NULL ? error : "Not asked.");
	} else if (json_is_null(route) && should_be_there) {
		record(place, VERDICT_BAD,
		    "See diagnostics_indexer_status_report, and have the indexers run; if the address stays unknown, give the "
		    "product a new one with seo_prepare_bulk_update_url_keys.",
		    "The storefront does not know %s: reindex needed, or the URL rewrite is missing", url);
	} else if (json_is_null(route)) {
		record(place, VERDICT_UNKNOWN, NULL, "The storefront does not know %s, which the other issues explain", url);
	} else if (strcmp(json_get_str(route, "type", "PRODUCT"), "PRODUCT") != 0) {
		record(place, VERDICT_BAD, "Give the product an address of its own: seo_prepare_bulk_update_url_keys.",
		    "%s leads to something else (%s)", url, json_get_str(route, "type", ""));
	} else if (json_get_int(route, "redirect_code", 0) != 0) {
		record(place, VERDICT_OK, NULL, "Note: %s redirects to %s", url, json_get_str(route, "relative_url", ""));
	} else {
		record(place, VERDICT_OK, NULL, "%s", url);
	}
}

static void
judge_url(struct place *place, const json_t *product, bool should_be_there)
{
	place->check = "url";
	if (attribute_text(product, "url_key")[0] == '\0')
		record(place, VERDICT_BAD, "Give it a URL key: catalog_prepare_bulk_update with url_key.", "It has no URL key");
	else
		judge_route(place, should_be_there);
}

/* ---- stock ---- */

#define STOCK_ACTION                                                                                                   \
	"See diagnostics_inventory_salable_report for sources and quantities; stock is changed in the admin panel."

static void
judge_stock(struct place *place, json_t *site)
{
	struct findings *findings = place->findings;
	const json_t *level = stock_level_of(json_object_get(findings->facts, "levels"), site);
	const char *sku = json_get_str(findings->product, "sku", "");
	const char *website = json_get_str(site, "website_code", "");
	const json_t *salable = json_get(json_get_object(level, "salable"), sku);
	const json_t *quantity = json_get(json_get_object(level, "quantity"), sku);

	if (json_is_false(json_object_get(site, "linked")))
		record(place, VERDICT_BAD, STOCK_ACTION, "Website %s has no stock linked", website);
	else if (salable == NULL)
		record(place, VERDICT_UNKNOWN, NULL, "Website %s: %s", website,
		    json_get_str(site, "error", json_get_str(json_get_object(level, "errors"), "salable", "not known")));
	else if (json_is_false(salable) && quantity != NULL)
		record(place, VERDICT_BAD, STOCK_ACTION, "Not salable in website %s (salable quantity %g)", website,
		    json_number_value(quantity));
	else if (json_is_false(salable))
		record(place, VERDICT_BAD, STOCK_ACTION, "Not salable in website %s", website);
	else if (quantity != NULL)
		record(place, VERDICT_OK, NULL, "Salable in website %s, quantity %g", website, json_number_value(quantity));
	else
		record(place, VERDICT_OK, NULL, "Salable in website %s", website);
}

/* A shop without multi-source inventory: the one flag of the product. */
static void
judge_legacy_stock(struct place *place)
{
	const json_t *item = extension(place->findings->product, "stock_item");

	if (!json_is_object(item))
		record(place, VERDICT_UNKNOWN, NULL, "The stock is not readable with these credentials.");
	else if (json_get_bool(item, "is_in_stock", false))
		record(place, VERDICT_OK, NULL, "In stock");
	else
		record(place, VERDICT_BAD, STOCK_ACTION, "Out of stock");
}

static void
judge_stocks(struct findings *findings)
{
	struct place place = {findings, NULL, "stock"};
	json_t *sites = json_get_array(findings->facts, "sites");

	if (!json_get_bool(findings->facts, "has_msi", true)) {
		judge_legacy_stock(&place);
		return;
	}
	for (size_t i = 0; i < json_array_size(sites); i++)
		judge_stock(&place, json_array_get(sites, i));
}

/* ---- children ---- */

static json_t *
site_of(const struct findings *findings, const json_t *view)
{
	json_t *sites = json_get_array(findings->facts, "sites");
	int64_t website = json_get_int(view, "website_id", 0);

	for (size_t i = 0; i < json_array_size(sites); i++) {
		if (json_get_int(json_array_get(sites, i), "website_id", 0) == website)
			return json_array_get(sites, i);
	}
	return NULL;
}

struct child_counts {
	size_t all, enabled, salable, unknown; /* the last two of the enabled ones */
};

static struct child_counts
count_children(const struct findings *findings, const json_t *view, const json_t *children)
{
	const json_t *level = stock_level_of(json_object_get(findings->facts, "levels"), site_of(findings, view));
	struct child_counts counts = {.all = json_array_size(children)};

	for (size_t i = 0; i < counts.all; i++) {
		const json_t *child = json_array_get(children, i);
		const json_t *salable = json_get(json_get_object(level, "salable"), json_get_str(child, "sku", ""));

		if (json_get_int(child, "status", 0) != 1)
			continue;
		counts.enabled++;
		counts.salable += json_is_true(salable);
		counts.unknown += salable == NULL;
	}
	return counts;
}

#define CHILDREN_ACTION                                                                                                \
	"Enable its children with catalog_prepare_bulk_update (status 1); see their stock with "                           \
	"diagnostics_inventory_salable_report."

static void
judge_children(struct place *place)
{
	const json_t *children = json_get_array(place->view, "children");
	struct child_counts counts = count_children(place->findings, place->view, children);

	place->check = "children";
	if (children == NULL)
		record(place, VERDICT_UNKNOWN, NULL, "%s", json_get_str(place->view, "children_error", "Not read."));
	else if (counts.all == 0)
		record(place, VERDICT_BAD, "Give it children in the admin panel; no tool here does that.", "It has no children");
	else if (counts.enabled == 0)
		record(place, VERDICT_BAD, CHILDREN_ACTION, "None of its %zu children is enabled", counts.all);
	else if (counts.salable == 0 && counts.unknown > 0)
		record(place, VERDICT_UNKNOWN, NULL, "%zu of %zu children enabled; whether they are salable is not known",
		    counts.enabled, counts.all);
	else if (counts.salable == 0)
		record(place, VERDICT_BAD, CHILDREN_ACTION, "None of its %zu enabled children is salable", counts.enabled);
	else
		record(place, VERDICT_OK, NULL, "%zu of %zu children enabled, %zu salable", counts.enabled, counts.all,
		    counts.salable);
}

/* ---- image ---- */

static bool
has_role(const json_t *product, const char *role)
{
	const json_t *entries = json_get_array(product, "media_gallery_entries");
	const char *file = attribute_text(product, role);

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
		record(&place, VERDICT_BAD, IMAGE_ACTION, "It has no image");
	else if (!has_role(findings->product, "image") || !has_role(findings->product, "small_image"))
		record(&place, VERDICT_BAD, IMAGE_ACTION, "No image has the role %s",
		    has_role(findings->product, "image") ? "small_image" : "image");
	else
		record(&place, VERDICT_OK, NULL, "It has images");
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
		record(&place, VERDICT_UNKNOWN, NULL, "%s", json_get_str(view, "error", "Not read."));
		return;
	}
	enabled = judge_status(&place, product);
	visible = judge_visibility(&place, product);
	judge_price(&place, product);
	judge_category(&place);
	judge_url(&place, product, enabled && visible);
	if (strcmp(json_get_str(findings->product, "type_id", ""), "configurable") == 0)
		judge_children(&place);
}

static json_t *
issue_text(const json_t *group)
{
	const json_t *views = json_get_array(group, "views");
	json_t *text = NULL;
	struct buf out;

	buf_init(&out, ISSUE_MAX);
	buf_put_str(&out, json_get_str(group, "detail", ""));
	for (size_t i = 0; i < json_array_size(views) && out.len < ISSUE_MAX - 200; i++)
		buf_printf(&out, "%s%s", i == 0 ? " (store view " : ", ", json_string_value(json_array_get(views, i)));
	buf_put_str(&out, json_array_size(views) > 0 ? ")" : "");
	if (out.failed == 0)
		text = json_string(buf_cstr(&out));
	buf_fini(&out);
	return text;
}

static json_t *
list_issues(const struct findings *findings)
{
	json_t *issues = json_array();
	int r = issues != NULL ? 0 : -1;

	for (size_t i = 0; r == 0 && i < json_array_size(findings->groups); i++)
		r = json_array_append_new(issues, issue_text(json_array_get(findings->groups, i)));
	if (r == 0 && json_array_size(findings->groups) == 0)
		r = json_array_append_new(issues, json_string("No issues detected."));
	if (r < 0) {
		json_decref(issues);
		return NULL;
	}
	return issues;
}

json_t *
display_judge(json_t *facts)
{
	struct findings findings = {.facts = facts,
	    .product = json_object_get(facts, "product"),
	    .checks = json_array(),
	    .groups = json_array(),
	    .actions = json_array()};
	json_t *views = json_get_array(facts, "views");
	json_t *issues, *result = NULL;

	for (size_t i = 0; i < json_array_size(views); i++)
		judge_view(&findings, json_array_get(views, i));
	judge_stocks(&findings);
	judge_image(&findings);
	issues = list_issues(&findings);
	if (!findings.failed && issues != NULL) {
		const json_t *product = findings.product;

		result = json_pack("{s:s, s:b, s:s, s:s, s:I, s:I, s:f, s:O, s:I, s:O, s:O}", "sku", json_get_str(product, "sku", ""),
		    "found", 1, "product_name", json_get_str(product, "name", ""), "type_id", json_get_str(product, "type_id", ""),
		    "status", (json_int_t)json_get_int(product, "status", 0), "visibility",
		    (json_int_t)json_get_int(product, "visibility", 0), "price", json_get_num(product, "price", 0), "issues", issues,
		    "issue_count", (json_int_t)json_array_size(findings.groups), "recommended_actions", findings.actions, "checks",
		    findings.checks);
	}
	json_decref(issues);
	json_decref(findings.checks);
	json_decref(findings.groups);
	json_decref(findings.actions);
	return result;
}

json_t *
display_not_found(const char *sku)
{
	return json_pack("{s:s, s:b, s:[s], s:i, s:[s], s:[]}", "sku", sku, "found", 0, "issues", "Product not found",
	    "issue_count", 1, "recommended_actions", "Look for the right SKU with catalog_search_products.", "checks");
}
