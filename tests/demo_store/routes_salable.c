/* What can be bought: stocks of websites, salable quantities, the sources behind them. */

#include "demo.h"
#include "entity.h"
#include "errors.h"
#include "inventory.h"
#include "projection.h"
#include "routes.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

void
routes_salable_resolve(struct request *req, struct reply *reply)
{
	const struct inventory *inventory = &req->demo->inventory;

	for (int i = WEBSITE_BASE; i <= WEBSITE_EU; i++) {
		const json_t *stock = table_find(&inventory->stocks, inventory->website_stock[i]);

		if (stock == NULL || strcmp(req->args[0], "website") != 0 ||
		    strcmp(req->args[1], inventory_website_code(i)) != 0)
			continue;
		reply_set_json(reply, 200, projection_apply_query(req, inventory_render_stock(inventory, stock, i)));
		return;
	}
	error_set(reply, 404, "No linked stock found");
}

void
routes_salable_sources(struct request *req, struct reply *reply)
{
	json_int_t id;

	if (entity_read_id(req->args[0], &id, reply) == 0)
		reply_set_json(reply, 200,
			       projection_apply_query(req, inventory_list_sources(&req->demo->inventory, id)));
}

/* Spelled exactly: here another letter case is as bad as an unknown sku. */
static struct product *
find_exact(const struct demo *demo, const char *sku)
{
	struct product *product = catalog_find(demo->catalog, sku);

	if (product != NULL && strcmp(json_string_value(product_get(product, ATTR_SKU, SCOPE_ALL)), sku) == 0)
		return product;
	return NULL;
}

void
routes_salable_quantity(struct request *req, struct reply *reply)
{
	struct product *product = find_exact(req->demo, req->args[0]);
	json_int_t stock_id;

	if (entity_read_id(req->args[1], &stock_id, reply) < 0)
		return;
	if (product == NULL)
		error_set_fatal(reply);
	else if (!inventory_has_items(product))
		error_set(reply, 400, "Can't check requested quantity for products without Source Items support.");
	else if (table_find(&req->demo->inventory.stocks, stock_id) == NULL)
		error_set(reply, 400, "Could not receive Stock Item data");
	else
		reply_set_json(reply, 200,
			       text_number_json(inventory_count_salable(&req->demo->inventory, product, stock_id)));
}

void
routes_salable_is(struct request *req, struct reply *reply)
{
	json_int_t id;

	if (entity_read_id(req->args[1], &id, reply) == 0)
		reply_set_json(
		    reply, 200,
		    json_boolean(inventory_is_salable(&req->demo->inventory, req->demo->catalog, req->args[0], id)));
}

/* The stockId of the query; -1 and 400 if it is missing or no number. */
static int
read_stock_id(const struct request *req, json_int_t *id_r, struct reply *reply)
{
	const char *text = request_find_query(req, "stockId");

	if (text != NULL)
		return entity_read_id(text, id_r, reply);
	error_set_required_one(reply, "stockId");
	return -1;
}

void
routes_salable_are(struct request *req, struct reply *reply)
{
	json_int_t stock_id;
	json_t *list;

	if (read_stock_id(req, &stock_id, reply) < 0)
		return;
	list = json_array();
	for (size_t i = 0; i < req->pair_count; i++) {
		const char *sku = req->pairs[i].value;

		if (strncmp(req->pairs[i].name, "skus[", 5) == 0)
			json_array_append_new(
			    list,
			    json_pack("{s:s, s:I, s:b}", "sku", sku, "stock_id", stock_id, "salable",
				      inventory_is_salable(&req->demo->inventory, req->demo->catalog, sku, stock_id)));
	}
	reply_set_json(reply, 200, projection_apply_query(req, list));
}

/* { salable, errors }: whether so much of a sku can be bought. */
static json_t *
render_requested(const struct request *req, const char *sku, json_int_t stock_id, const char *quantity)
{
	struct product *product = find_exact(req->demo, sku);
	double wanted = 0, salable = 0;
	json_t *errors = json_array();

	text_parse_number(quantity, &wanted);
	if (product != NULL && inventory_has_items(product))
		salable = inventory_count_salable(&req->demo->inventory, product, stock_id);
	if (wanted <= salable)
		return json_pack("{s:b, s:o}", "salable", 1, "errors", errors);
	json_array_append_new(
	    errors, json_pack("{s:s, s:s}", "code", "back_order-disabled", "message", "Backorders are disabled"));
	json_array_append_new(
	    errors, json_pack("{s:s, s:s}", "code", "manage_stock-enabled", "message", "Manage stock is enabled"));
	json_array_append_new(errors, json_pack("{s:s, s:s}", "code", "is_salable_with_reservations-not_enough_qty",
						"message", "The requested qty is not available"));
	return json_pack("{s:b, s:o}", "salable", 0, "errors", errors);
}

void
routes_salable_requested(struct request *req, struct reply *reply)
{
	json_int_t id;

	if (entity_read_id(req->args[1], &id, reply) == 0)
		reply_set_json(reply, 200, render_requested(req, req->args[0], id, req->args[2]));
}

/* skuRequests[0][sku]=…&skuRequests[0][qty]=…: pairs of one index belong together. */
void
routes_salable_all_requested(struct request *req, struct reply *reply)
{
	json_int_t stock_id;
	json_t *list;

	if (read_stock_id(req, &stock_id, reply) < 0)
		return;
	list = json_array();
	for (size_t i = 0; i < 100; i++) {
		char name[40];
		const char *sku, *quantity;
		json_t *row;

		snprintf(name, sizeof(name), "skuRequests[%zu][sku]", i);
		sku = request_find_query(req, name);
		snprintf(name, sizeof(name), "skuRequests[%zu][qty]", i);
		quantity = request_find_query(req, name);
		if (sku == NULL || quantity == NULL)
			break;
		row = json_pack("{s:s, s:I}", "sku", sku, "stock_id", stock_id);
		json_object_update_new(row, render_requested(req, sku, stock_id, quantity));
		json_array_append_new(list, row);
	}
	reply_set_json(reply, 200, list);
}

void
routes_salable_algorithms(struct request *req, struct reply *reply)
{
	(void)req;
	reply_set_json(reply, 200,
		       json_pack("[{s:s, s:s, s:s}, {s:s, s:s, s:s}]", "code", "distance", "title", "Distance Priority",
				 "description",
				 "Algorithm which provides Source Selections based on shipping address distance from "
				 "the source",
				 "code", "priority", "title", "Source Priority", "description",
				 "Algorithm which provides Source Selections based on predefined priority of Source"));
}

/* No product has a threshold of its own, so this is the shop's. */
void
routes_salable_low_quantity(struct request *req, struct reply *reply)
{
	reply_set_json(
	    reply, 200,
	    json_pack("{s:s, s:i, s:s}", "source_code", req->args[0], "notify_stock_qty", 1, "sku", req->args[1]));
}

/* Legacy stock items at or below a quantity, in pages. */
void
routes_salable_low_stock(struct request *req, struct reply *reply)
{
	const char *limit_text = request_find_query(req, "qty"), *size_text = request_find_query(req, "pageSize");
	const struct catalog *catalog = req->demo->catalog;
	long long size = 0;
	json_t *items = json_array();
	double limit = 0;

	if (limit_text != NULL)
		text_parse_number(limit_text, &limit);
	if (size_text != NULL)
		text_parse_integer(size_text, &size);
	for (size_t i = 0; i < catalog->count; i++) {
		const struct product *product = catalog->rows[i];

		if (product->qty <= limit && (size <= 0 || json_array_size(items) < (size_t)size))
			json_array_append_new(items, product_render_stock(product));
	}
	reply_set_json(reply, 200,
		       json_pack("{s:o, s:{s:s, s:[], s:[], s:[], s:[s, s]}, s:I}", "items", items, "search_criteria",
				 "mapper_interface_name",
				 "Magento\\CatalogInventory\\Model\\ResourceModel\\Stock\\Item\\"
				 "StockItemCriteriaMapper",
				 "criteria_list", "filters", "orders", "limit", "1",
				 size_text != NULL ? size_text : "0", "total_count",
				 (json_int_t)json_array_size(items)));
}
