/*
 * salable.c - diagnostics.inventory_salable_report: reading the facts
 */
#include "salable.h"

#include <string.h>

#include "action/env.h"
#include "batch.h"
#include "json/get.h"
#include "magento/error.h"
#include "magento/scope.h"
#include "results.h"
#include "shapes.h"
#include "stock.h"
#include "store.h"

struct report {
	struct store_client *sc;
	const char *sku; /* as stored */
	bool is_counted;
	struct stock_site *sites;
	size_t n_sites;
	struct salable_facts facts;
	/* Owned. */
	json_t *product, *resolved, *levels, *source_items, *children, *legacy;
};

static void
report_fini(struct report *report)
{
	json_decref(report->product);
	json_decref(report->resolved);
	json_decref(report->levels);
	json_decref(report->source_items);
	json_decref(report->children);
	json_decref(report->legacy);
	json_decref(report->facts.unavailable);
}

static int
lacking(struct report *report, const char *part, const char *reason, struct fault *fault)
{
	if (json_array_append_new(report->facts.unavailable, json_pack("{s:s, s:s}", "part", part, "reason", reason)) <
	    0)
		return result_out_of_memory(fault);
	return 0;
}

/* ---- the product ---- */

static int
read_product(struct report *report, const char *sku, struct fault *fault)
{
	struct magento_param fields = {
	    "fields", "sku,type_id,extension_attributes[stock_item,website_ids,configurable_product_links]"};
	struct magento_request request = {.method = FETCH_GET,
					  .scope = MAGENTO_SCOPE_ALL,
					  .path = batch_path(report->sc->call->pool, "/products/", sku, ""),
					  .query = &fields,
					  .n_query = 1};
	struct magento_reply reply;
	int r;

	if (request.path == NULL)
		return result_out_of_memory(fault);
	magento_reply_init(&reply);
	r = magento_call(&report->sc->magento, &request, &reply, fault);
	if (r < 0 && fault->code == FAULT_NOT_FOUND) {
		fault_set(fault, FAULT_NOT_FOUND, NULL,
			  "No product with SKU %s. Try catalog_search_products with a like filter.", sku);
	} else if (r == 0 && json_get_str(reply.body, "sku", NULL) == NULL) {
		r = fault_set(
		    fault, FAULT_MAGENTO_API_ERROR, json_pack("{s:s}", "kind", MAGENTO_KIND_NOT_JSON),
		    "Magento answered something that is no product. Is there a proxy or a module in between?");
	} else if (r == 0) {
		report->product = json_incref(reply.body);
		report->facts.product = report->product;
		report->sku = json_get_str(report->product, "sku", "");
		report->is_counted = stock_is_counted(json_get_str(report->product, "type_id", ""));
	}
	magento_reply_fini(&reply);
	return r;
}

/* ---- websites ---- */

static json_t *
website_codes(const struct scope_tree *tree)
{
	json_t *codes = json_array();

	for (size_t i = 0; i < tree->n_websites; i++)
		json_array_append_new(codes, json_string(tree->websites[i].code));
	return codes;
}

static int
pick_website(struct report *report, const struct scope_tree *tree, bool was_kept, const char *code, struct fault *fault)
{
	const struct scope_website *website = scope_website_find(tree, code);

	if (website == NULL && was_kept) { /* it may be new */
		if (scope_tree_get(&report->sc->magento, report->sc->call->env->scopes, true, &tree, NULL, fault) < 0)
			return -1;
		website = scope_website_find(tree, code);
	}
	if (website == NULL) {
		return fault_set(fault, FAULT_VALIDATION_ERROR,
				 json_pack("[{s:s, s:s, s:o}]", "path", "params.website_code", "message",
					   "no website has this code", "allowed", website_codes(tree)),
				 "params.website_code: no website has this code. See scope_list_websites_stores.");
	}
	report->sites[0] = (struct stock_site){.website_code = website->code, .website_id = website->id};
	report->n_sites = 1;
	return 0;
}

static int
pick_websites(struct report *report, const char *code, struct fault *fault)
{
	struct store_client *sc = report->sc;
	const struct scope_tree *tree = NULL;
	bool was_kept = false;

	report->facts.all_sites = code == NULL;
	if (scope_tree_get(&sc->magento, sc->call->env->scopes, false, &tree, &was_kept, fault) < 0) {
		if (fault->code != FAULT_FORBIDDEN || code != NULL)
			return -1;
		if (lacking(report, "websites", fault->message, fault) < 0)
			return -1;
		fault_fini(fault);
		fault_init(fault);
		return 0;
	}
	report->sites = pool_alloc(sc->call->pool, (tree->n_websites + 1) * sizeof(*report->sites));
	if (report->sites == NULL)
		return result_out_of_memory(fault);
	if (code != NULL)
		return pick_website(report, tree, was_kept, code, fault);
	for (size_t i = 0; i < tree->n_websites; i++) {
		report->sites[i] =
		    (struct stock_site){.website_code = tree->websites[i].code, .website_id = tree->websites[i].id};
	}
	report->n_sites = tree->n_websites;
	return 0;
}

/* ---- source items: as many as the shop has sources ---- */

#define ITEMS_PAGE 100
#define ITEMS_PAGES_MAX 50

static void
ask_items(struct report *report, struct batch *batch, uint32_t size, uint32_t number)
{
	struct criteria criteria;

	criteria_init(&criteria, report->sc->call->pool);
	criteria_where(&criteria, "sku", "eq", report->sku);
	criteria_page(&criteria, size, number);
	criteria_param(&criteria, "fields", "items[sku,source_code,quantity,status],total_count");
	batch_get_criteria(batch, MAGENTO_SCOPE_ALL, "/inventory/source-items", &criteria);
}

static int
take_items(struct report *report, const struct batch *batch, struct fault *fault)
{
	for (size_t i = 0; i < batch->n; i++) {
		const struct fault *why = batch_fault(batch, i);
		json_t *items = json_get_array(batch_body(batch, i), "items");

		if (why != NULL && !batch_is_no_route(why))
			return lacking(report, "source_items", why->message, fault);
		if (items != NULL && json_array_extend(report->source_items, items) < 0)
			return result_out_of_memory(fault);
	}
	return 0;
}

/* Pages first ... last; *total_r is what the last of them says.  1: *size is smaller now. */
static int
read_pages(struct report *report, uint32_t *size, uint32_t first, uint32_t last, int64_t *total_r, struct fault *fault)
{
	struct batch batch;
	uint32_t smaller;
	int r;

	batch_init(&batch, report->sc, last - first + 1);
	for (uint32_t number = first; number <= last; number++)
		ask_items(report, &batch, *size, number);
	r = batch_run(&batch, fault);
	smaller = r == 0 ? batch_smaller_page(&batch, *size) : 0;
	if (smaller > 0) {
		*size = smaller;
		r = 1;
	} else if (r == 0) {
		*total_r = json_get_int(batch_body(&batch, batch.n - 1), "total_count", 0);
		r = take_items(report, &batch, fault);
	}
	batch_fini(&batch);
	return r;
}

static int
read_source_items(struct report *report, struct fault *fault)
{
	uint32_t size = ITEMS_PAGE, pages;
	int64_t total = 0;
	int r;

	report->source_items = json_array();
	if (report->source_items == NULL)
		return result_out_of_memory(fault);
	report->facts.source_items = report->source_items;
	r = read_pages(report, &size, 1, 1, &total, fault);
	if (r == 1)
		r = read_pages(report, &size, 1, 1, &total, fault);
	pages = total > 0 ? (uint32_t)((total + size - 1) / size) : 1;
	if (pages > ITEMS_PAGES_MAX)
		pages = ITEMS_PAGES_MAX;
	return r == 0 && pages > 1 ? read_pages(report, &size, 2, pages, &total, fault) : r;
}

/* ---- children ---- */

static int
take_children(struct report *report, json_t *rows, struct fault *fault)
{
	report->children = json_array();
	report->facts.n_children = json_array_size(rows);
	for (size_t i = 0; i < json_array_size(rows) && i < STOCK_CHILDREN_MAX; i++) {
		if (json_array_append(report->children, json_array_get(rows, i)) < 0)
			return result_out_of_memory(fault);
	}
	report->facts.children = report->children;
	return 0;
}

static int
read_children(struct report *report, struct fault *fault)
{
	struct batch batch;
	int r;

	if (strcmp(json_get_str(report->product, "type_id", ""), "configurable") != 0)
		return 0;
	batch_init(&batch, report->sc, 1);
	batch_get_fields(&batch, MAGENTO_SCOPE_ALL,
			 batch_path(report->sc->call->pool, "/configurable-products/", report->sku, "/children"),
			 "sku,status");
	r = batch_run(&batch, fault);
	if (r == 0 && batch_fault(&batch, 0) != NULL)
		r = lacking(report, "children", batch_fault(&batch, 0)->message, fault);
	else if (r == 0)
		r = take_children(report, batch_body(&batch, 0), fault);
	batch_fini(&batch);
	return r;
}

/* ---- stock ---- */

static int
read_stocks(struct report *report, struct fault *fault)
{
	size_t n = json_array_size(report->children);
	const char **skus = pool_alloc(report->sc->call->pool, (n + 1) * sizeof(*skus));
	struct stock_wanted wanted = {.skus = skus, .n_skus = n + 1, .counted = skus, .n_counted = 1, .sources = true};

	if (skus == NULL)
		return result_out_of_memory(fault);
	skus[0] = report->sku;
	for (size_t i = 0; i < n; i++)
		skus[i + 1] = json_get_str(json_array_get(report->children, i), "sku", "");
	if (!report->is_counted) {
		wanted.counted = skus + 1;
		wanted.n_counted = n;
	}
	return stock_read(report->sc, report->resolved, &wanted, &report->levels, fault);
}

/* A shop without multi-source inventory has one number per product. */
static int
read_legacy(struct report *report, struct fault *fault)
{
	struct batch batch;
	size_t item;
	int r;

	batch_init(&batch, report->sc, 1);
	item = batch_get(&batch, MAGENTO_SCOPE_ALL, batch_path(report->sc->call->pool, "/stockItems/", report->sku, ""),
			 NULL, 0);
	r = batch_run(&batch, fault);
	if (r == 0 && batch_fault(&batch, item) != NULL) {
		r = lacking(report, "stock_item", batch_fault(&batch, item)->message, fault);
	} else if (r == 0 && json_is_object(batch_body(&batch, item))) {
		report->legacy = json_incref(batch_body(&batch, item));
		report->facts.stock_item = report->legacy;
	}
	batch_fini(&batch);
	return r;
}

static int
note_errors(struct report *report, struct fault *fault)
{
	const char *stock, *part;
	json_t *level, *text;

	json_object_foreach(report->levels, stock, level)
	{
		json_object_foreach(json_object_get(level, "errors"), part, text)
		{
			const char *name = pool_printf(report->sc->call->pool, "stock %s: %s", stock, part);

			if (lacking(report, name != NULL ? name : part, json_string_value(text), fault) < 0)
				return -1;
		}
	}
	return 0;
}

static int
gather(struct report *report, const json_t *params, struct fault *fault)
{
	struct salable_facts *facts = &report->facts;

	facts->unavailable = json_array();
	if (facts->unavailable == NULL)
		return result_out_of_memory(fault);
	if (read_product(report, json_get_str(params, "sku", ""), fault) < 0 ||
	    pick_websites(report, json_get_str(params, "website_code", NULL), fault) < 0)
		return -1;
	facts->stock_item = json_get_object(json_get_object(report->product, "extension_attributes"), "stock_item");
	if (read_source_items(report, fault) < 0 || read_children(report, fault) < 0 ||
	    stock_resolve(report->sc, report->sites, report->n_sites, &report->resolved, &facts->has_msi, fault) < 0)
		return -1;
	facts->sites = report->resolved;
	if (!facts->has_msi)
		return read_legacy(report, fault);
	if (read_stocks(report, fault) < 0)
		return -1;
	facts->levels = report->levels;
	return note_errors(report, fault);
}

static int
report_salable(struct store_client *sc, json_t *params, json_t **result_r, struct fault *fault)
{
	struct report report = {.sc = sc};
	int r = gather(&report, params, fault);

	if (r == 0) {
		*result_r = salable_render(&report.facts);
		if (*result_r == NULL || result_clean(*result_r) < 0) {
			json_decref(*result_r);
			*result_r = NULL;
			r = result_out_of_memory(fault);
		}
	}
	report_fini(&report);
	return r;
}

int
salable_run(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	return store_run(call, params, result_r, fault, report_salable);
}

/* ---- shapes ---- */

static const struct json_prop params_props[] = {
    {"sku", &shape_sku, true, NULL},
    {"website_code", &shape_code, false, "Only this website"},
    {0},
};
const struct json_schema salable_params = {.type = JSON_T_OBJECT, .props = params_props};

static const struct json_schema object_or_null = {.type = JSON_T_OBJECT, .nullable = true, .extra = JSON_EXTRA_ALLOWED};
static const struct json_schema number = {.type = JSON_T_NUMBER};
static const struct json_schema number_or_null = {.type = JSON_T_NUMBER, .nullable = true};

static const struct json_prop source_props[] = {
    {"source_code", &shape_text, true, NULL},
    {"enabled", &shape_flag, true, NULL},
    {"quantity", &number, false, "Absent: the source does not hold the product"},
    {"status", &number, false, "1 in stock, 0 out of stock"},
    {0},
};
static const struct json_schema source = {.type = JSON_T_OBJECT, .props = source_props};
static const struct json_schema sources = {.type = JSON_T_ARRAY, .items = &source};

static const struct json_prop website_props[] = {
    {"website_code", &shape_text, true, NULL},
    {"stock_id", &shape_count, false, "Absent: the website has no stock"},
    {"stock_name", &shape_text, false, NULL},
    {"salable", &shape_flag, false, "Whether it can be bought here; absent: not known"},
    {"salable_quantity", &number, false, NULL},
    {"sources", &sources, true, "By priority"},
    {"assigned", &shape_flag, true, "Whether the product belongs to the website"},
    {"error", &shape_text, false, NULL},
    {0},
};
static const struct json_schema website = {.type = JSON_T_OBJECT, .props = website_props};
static const struct json_schema websites = {.type = JSON_T_ARRAY, .items = &website};

static const struct json_prop child_stock_props[] = {
    {"website_code", &shape_text, true, NULL},
    {"stock_id", &shape_count, true, NULL},
    {"salable", &shape_flag, false, NULL},
    {"salable_quantity", &number, false, NULL},
    {0},
};
static const struct json_schema child_stock = {.type = JSON_T_OBJECT, .props = child_stock_props};
static const struct json_schema child_stocks = {.type = JSON_T_ARRAY, .items = &child_stock};
static const struct json_prop child_props[] = {
    {"sku", &shape_text, true, NULL},
    {"status", &number, false, "1 enabled, 2 disabled"},
    {"stocks", &child_stocks, true, NULL},
    {0},
};
static const struct json_schema child = {.type = JSON_T_OBJECT, .props = child_props};
static const struct json_schema children = {.type = JSON_T_ARRAY, .items = &child};

static const struct json_prop lacking_props[] = {
    {"part", &shape_text, true, NULL}, {"reason", &shape_text, true, NULL}, {0}};
static const struct json_schema lacking_part = {.type = JSON_T_OBJECT, .props = lacking_props};
static const struct json_schema lacking_parts = {.type = JSON_T_ARRAY, .items = &lacking_part};

static const struct json_prop result_props[] = {
    {"sku", &shape_text, true, "As the shop spells it"},
    {"type_id", &shape_text, true, NULL},
    {"stock_item", &object_or_null, true, "Legacy stock of the default source; null: not readable"},
    {"salable_quantity", &number_or_null, true,
     "Over the distinct stocks; null: the product has no quantity of its own, or a stock could not be read"},
    {"source_items", &shape_objects, true, NULL},
    {"msi", &shape_flag, true, "Whether the shop has multi-source inventory"},
    {"websites", &websites, true, NULL},
    {"children", &children, false, "Of a configurable product, at most 50"},
    {"unavailable", &lacking_parts, false, "What could not be read, and why"},
    {"notes", &shape_texts, true, "What looks odd"},
    {0},
};
const struct json_schema salable_result = {.type = JSON_T_OBJECT, .props = result_props};
