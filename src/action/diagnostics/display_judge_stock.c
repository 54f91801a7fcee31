/*
 * display_judge_stock.c - can the product, or one of its children, be bought?
 */
#include <string.h>

#include "display_findings.h"
#include "json/get.h"
#include "stock.h"

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
		display_record(place, VERDICT_BAD, STOCK_ACTION, "Website %s has no stock linked", website);
	else if (salable == NULL)
		display_record(place, VERDICT_UNKNOWN, NULL, "Website %s: %s", website,
			       json_get_str(site, "error",
					    json_get_str(json_get_object(level, "errors"), "salable", "not known")));
	else if (json_is_false(salable) && quantity != NULL)
		display_record(place, VERDICT_BAD, STOCK_ACTION, "Not salable in website %s (salable quantity %g)",
			       website, json_number_value(quantity));
	else if (json_is_false(salable))
		display_record(place, VERDICT_BAD, STOCK_ACTION, "Not salable in website %s", website);
	else if (quantity != NULL)
		display_record(place, VERDICT_OK, NULL, "Salable in website %s, quantity %g", website,
			       json_number_value(quantity));
	else
		display_record(place, VERDICT_OK, NULL, "Salable in website %s", website);
}

/* A shop without multi-source inventory: the one flag of the product. */
static void
judge_legacy_stock(struct place *place)
{
	const json_t *item = display_extension(place->findings->product, "stock_item");

	if (!json_is_object(item))
		display_record(place, VERDICT_UNKNOWN, NULL, "The stock is not readable with these credentials.");
	else if (json_get_bool(item, "is_in_stock", false))
		display_record(place, VERDICT_OK, NULL, "In stock");
	else
		display_record(place, VERDICT_BAD, STOCK_ACTION, "Out of stock");
}

void
display_judge_stocks(struct findings *findings)
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
	"Enable its children with catalog_prepare_bulk_update (status 1); see their stock with "                       \
	"diagnostics_inventory_salable_report."

void
display_judge_children(struct place *place)
{
	const json_t *children = json_get_array(place->view, "children");
	struct child_counts counts = count_children(place->findings, place->view, children);

	place->check = "children";
	if (children == NULL)
		display_record(place, VERDICT_UNKNOWN, NULL, "%s",
			       json_get_str(place->view, "children_error", "Not read."));
	else if (counts.all == 0)
		display_record(place, VERDICT_BAD, "Give it children in the admin panel; no tool here does that.",
			       "It has no children");
	else if (counts.enabled == 0)
		display_record(place, VERDICT_BAD, CHILDREN_ACTION, "None of its %zu children is enabled", counts.all);
	else if (counts.salable == 0 && counts.unknown > 0)
		display_record(place, VERDICT_UNKNOWN, NULL,
			       "%zu of %zu children enabled; whether they are salable is not known", counts.enabled,
			       counts.all);
	else if (counts.salable == 0)
		display_record(place, VERDICT_BAD, CHILDREN_ACTION, "None of its %zu enabled children is salable",
			       counts.enabled);
	else
		display_record(place, VERDICT_OK, NULL, "%zu of %zu children enabled, %zu salable", counts.enabled,
			       counts.all, counts.salable);
}
