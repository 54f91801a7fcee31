/* Sources, stocks and what is in them. */

#include "demo.h"
#include "entity.h"
#include "errors.h"
#include "inventory.h"
#include "projection.h"
#include "routes.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

#define ITEM_TYPE "\\Magento\\InventoryApi\\Api\\Data\\SourceItemInterface"

static const struct column source_columns[] = {
    {"source_code", "source_code"}, {"name", "name"},	      {"enabled", "enabled"},
    {"country_id", "country_id"},   {"postcode", "postcode"}, {NULL, NULL},
};

static const struct column stock_columns[] = {{"stock_id", "stock_id"}, {"name", "name"}, {NULL, NULL}};

static const struct column link_columns[] = {
    {"stock_id", "stock_id"}, {"source_code", "source_code"}, {"priority", "priority"}, {NULL, NULL}};

static const struct column item_columns[] = {
    {"sku", "sku"}, {"source_code", "source_code"}, {"quantity", "quantity"}, {"status", "status"}, {NULL, NULL}};

/* Criteria may be left out where they are optional: the whole list is answered then. */
static void
answer_optional(struct request *req, struct reply *reply, const json_t *rows, const struct column *columns)
{
	static struct query_pair all = {"searchCriteria", ""};
	struct request own = *req;
	bool sent = false;

	for (size_t i = 0; i < req->pair_count; i++)
		sent = sent || strncmp(req->pairs[i].name, "search", 6) == 0;
	if (!sent) {
		own.pairs = &all;
		own.pair_count = 1;
	}
	table_answer(&own, reply, rows, columns, NULL);
}

void
routes_inventory_sources(struct request *req, struct reply *reply)
{
	answer_optional(req, reply, req->demo->inventory.sources, source_columns);
}

void
routes_inventory_source(struct request *req, struct reply *reply)
{
	json_t *source = inventory_find_source(&req->demo->inventory, req->args[0]);

	if (source == NULL)
		error_set_named(reply, 404, "Source with code \"%value\" does not exist.", "value", req->args[0]);
	else
		reply_set_json(reply, 200, projection_apply_query(req, json_copy(source)));
}

static void
refuse_field(struct reply *reply, const char *message, const char *template, const char *field)
{
	reply_set_json(reply, 400,
		       json_pack("{s:s, s:[{s:s, s:{s:s}}]}", "message", message, "errors", "message", template,
				 "parameters", "field", field));
}

/* POST and PUT alike want the whole source and replace one of the same code. */
void
routes_inventory_save_source(struct request *req, struct reply *reply)
{
	static const char *const required[] = {"source_code", "name", "postcode", "country_id"};
	json_t *body = entity_find_wrapped(req, "source", reply);

	if (body == NULL)
		return;
	if (req->args[0] != NULL)
		json_object_set_new(body, "source_code", json_string(req->args[0]));
	for (size_t i = 0; i < sizeof(required) / sizeof(required[0]); i++) {
		if (json_string_length(json_object_get(body, required[i])) == 0) {
			refuse_field(reply, "Validation Failed", "\"%field\" can not be empty.", required[i]);
			return;
		}
	}
	inventory_put_source(&req->demo->inventory, json_copy(body));
	reply_set_json(reply, 200, json_array());
}

void
routes_inventory_stocks(struct request *req, struct reply *reply)
{
	json_t *rows = json_array(), *stock;
	size_t i;

	json_array_foreach(req->demo->inventory.stocks.rows, i, stock)
	    json_array_append_new(rows, inventory_render_stock(&req->demo->inventory, stock, 0));
	answer_optional(req, reply, rows, stock_columns);
	json_decref(rows);
}

/* The stock of the path; NULL and an error if there is none. */
static json_t *
find_stock(const struct request *req, struct reply *reply)
{
	json_t *stock;
	json_int_t id;

	if (entity_read_id(req->args[0], &id, reply) < 0)
		return NULL;
	stock = table_find(&req->demo->inventory.stocks, id);
	if (stock == NULL)
		error_set_named(reply, 404, "Stock with id \"%value\" does not exist.", "value", req->args[0]);
	return stock;
}

void
routes_inventory_stock(struct request *req, struct reply *reply)
{
	const json_t *stock = find_stock(req, reply);

	if (stock != NULL)
		reply_set_json(reply, 200,
			       projection_apply_query(req, inventory_render_stock(&req->demo->inventory, stock, 0)));
}

static void
assign_channels(struct inventory *inventory, const json_t *body, json_int_t stock_id)
{
	json_t *channel;
	size_t i;

	json_array_foreach(json_object_get(json_object_get(body, "extension_attributes"), "sales_channels"), i, channel)
	{
		const char *code = json_string_value(json_object_get(channel, "code"));

		if (code != NULL)
			inventory_assign_website(inventory, code, stock_id);
	}
}

/* Both want the name; the answer is the id. */
void
routes_inventory_save_stock(struct request *req, struct reply *reply)
{
	bool put = req->args[0] != NULL;
	json_t *stock = put ? find_stock(req, reply) : NULL, *body;
	json_int_t id;

	if (put && stock == NULL)
		return;
	body = entity_find_wrapped(req, "stock", reply);
	if (body == NULL)
		return;
	if (json_string_length(json_object_get(body, "name")) == 0) {
		refuse_field(reply, "Validation Failed", "\"%field\" can not be empty.", "name");
		return;
	}
	if (stock == NULL)
		stock = table_add(&req->demo->inventory.stocks, json_object());
	json_object_set(stock, "name", json_object_get(body, "name"));
	id = json_integer_value(json_object_get(stock, "stock_id"));
	assign_channels(&req->demo->inventory, body, id);
	reply_set_json(reply, 200, json_integer(id));
}

/* Its websites are left without a stock. */
void
routes_inventory_delete_stock(struct request *req, struct reply *reply)
{
	const json_t *stock = find_stock(req, reply);
	json_int_t id = json_integer_value(json_object_get(stock, "stock_id"));

	if (stock == NULL)
		return;
	if (id == 1) {
		error_set(reply, 400, "Could not delete Default Stock.");
		return;
	}
	table_remove(&req->demo->inventory.stocks, id);
	reply_set_json(reply, 200, json_array());
}

void
routes_inventory_links(struct request *req, struct reply *reply)
{
	table_answer(req, reply, req->demo->inventory.links, link_columns, NULL);
}

void
routes_inventory_post_links(struct request *req, struct reply *reply)
{
	const json_t *list =
	    entity_find_list(req, "links", "\\Magento\\InventoryApi\\Api\\Data\\StockSourceLinkInterface", reply);
	json_t *link;
	size_t i;

	if (list == NULL)
		return;
	json_array_foreach(list, i, link)
	{
		const char *code = json_string_value(json_object_get(link, "source_code"));

		if (code == NULL || inventory_find_source(&req->demo->inventory, code) == NULL) {
			error_set(reply, 400, "Could not save StockSourceLinks");
			return;
		}
	}
	json_array_foreach(list, i, link) json_array_append(req->demo->inventory.links, link);
	reply_set_json(reply, 200, json_array());
}

/* Every item there is: products' own in the default source, then the others. */
static json_t *
collect_items(struct demo *demo)
{
	json_t *rows = json_array();

	for (size_t i = 0; i < demo->catalog->count; i++) {
		struct product *product = demo->catalog->rows[i];

		if (inventory_has_items(product) && product->has_item)
			json_array_append(rows, inventory_get_default_item(product));
	}
	json_array_extend(rows, demo->inventory.items);
	return rows;
}

void
routes_inventory_items(struct request *req, struct reply *reply)
{
	json_t *rows = collect_items(req->demo);

	table_answer(req, reply, rows, item_columns, NULL);
	json_decref(rows);
}

/* -1 and 400 unless every row can be stored: one bad row and nothing is. */
static int
check_items(const struct request *req, const json_t *list, struct reply *reply)
{
	json_t *row;
	size_t i;

	if (json_array_size(list) == 0) {
		error_set(reply, 400, "Input data is empty");
		return -1;
	}
	json_array_foreach(list, i, row)
	{
		const char *code = json_string_value(json_object_get(row, "source_code"));
		const json_t *status = json_object_get(row, "status");

		if (status == NULL || json_is_null(status)) {
			refuse_field(reply, "Validation Failed: \"status\" should be numeric.",
				     "\"%field\" should be numeric.", "status");
			return -1;
		}
		if (code == NULL || json_string_value(json_object_get(row, "sku")) == NULL ||
		    inventory_find_source(&req->demo->inventory, code) == NULL) {
			error_set(reply, 400, "Could not save Source Item");
			return -1;
		}
	}
	return 0;
}

static void
note_item(struct request *req, const char *sku, const char *code, json_t *row)
{
	char key[256];

	snprintf(key, sizeof(key), "%.100s:%.100s", sku, code);
	writes_note(&req->demo->writes, req, "source_items", key, row);
}

void
routes_inventory_save_items(struct request *req, struct reply *reply)
{
	const json_t *list = entity_find_list(req, "sourceItems", ITEM_TYPE, reply);
	json_t *row;
	size_t i;

	if (list == NULL || check_items(req, list, reply) < 0)
		return;
	json_array_foreach(list, i, row)
	{
		const char *sku = json_string_value(json_object_get(row, "sku"));
		const char *code = json_string_value(json_object_get(row, "source_code"));
		char buf[TEXT_NUMBER_MAX];
		const char *quantity = text_from_json(json_object_get(row, "quantity"), buf);

		/* Neither the sku nor the sign of the quantity is checked. */
		inventory_put_item(&req->demo->inventory, req->demo->catalog, sku, code,
				   quantity != NULL ? strtod(quantity, NULL) : 0,
				   json_integer_value(json_object_get(row, "status")) == 1);
		note_item(req, sku, code, row);
	}
	reply_set_json(reply, 200, json_array());
}

void
routes_inventory_delete_items(struct request *req, struct reply *reply)
{
	const json_t *list = entity_find_list(req, "sourceItems", ITEM_TYPE, reply);
	json_t *row;
	size_t i;

	json_array_foreach(list, i, row)
	{
		const char *sku = json_string_value(json_object_get(row, "sku"));
		const char *code = json_string_value(json_object_get(row, "source_code"));

		if (sku != NULL && code != NULL &&
		    inventory_remove_item(&req->demo->inventory, req->demo->catalog, sku, code))
			note_item(req, sku, code, NULL);
	}
	if (list != NULL)
		reply_set_json(reply, 200, json_array());
}

static json_int_t
assign_one(struct demo *demo, const json_t *sku, const json_t *code, bool unassign)
{
	if (!json_is_string(sku) || !json_is_string(code))
		return 0;
	if (unassign)
		return inventory_remove_item(&demo->inventory, demo->catalog, json_string_value(sku),
					     json_string_value(code));
	inventory_put_item(&demo->inventory, demo->catalog, json_string_value(sku), json_string_value(code), 0, true);
	return 1;
}

/* For every sku and source sent; the answer counts what changed. */
static void
assign(struct request *req, struct reply *reply, bool unassign)
{
	const json_t *skus = entity_find_list(req, "skus", "string", reply), *codes;
	json_t *sku, *code;
	json_int_t count = 0;
	size_t i, k;

	if (skus == NULL)
		return;
	codes = entity_find_list(req, "sourceCodes", "string", reply);
	if (codes == NULL)
		return;
	json_array_foreach(skus, i, sku)
	{
		json_array_foreach(codes, k, code) count += assign_one(req->demo, sku, code, unassign);
	}
	reply_set_json(reply, 200, json_integer(count));
}

void
routes_inventory_assign(struct request *req, struct reply *reply)
{
	assign(req, reply, false);
}

void
routes_inventory_unassign(struct request *req, struct reply *reply)
{
	assign(req, reply, true);
}
