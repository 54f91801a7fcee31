/* Products: list, read, write. */

#include "criteria.h"
#include "demo.h"
#include "errors.h"
#include "product_write.h"
#include "projection.h"
#include "routes.h"
#include "text.h"
#include "urls.h"

#include <stdlib.h>
#include <string.h>

/* Fields one can filter by beside the attributes. */
enum { FIELD_CATEGORY = ATTR_COUNT, FIELD_WEBSITE, FIELD_STOCK };

static int
find_field(const struct criteria_source *source, const char *name)
{
	(void)source;
	if (strcmp(name, "category_id") == 0)
		return FIELD_CATEGORY;
	if (strcmp(name, "website_id") == 0)
		return FIELD_WEBSITE;
	if (strcmp(name, "store_id") == 0 || strcmp(name, "store") == 0)
		return CRITERIA_FIELD_STORE;
	if (strcmp(name, "quantity_and_stock_status") == 0)
		return FIELD_STOCK;
	return attribute_find(name);
}

static json_t *
get_value(const struct criteria_source *source, size_t row, int field)
{
	const struct catalog *catalog = source->rows;
	const struct product *product = catalog->rows[row];

	switch (field) {
	case FIELD_CATEGORY:
		return product_get(product, ATTR_CATEGORY_IDS, SCOPE_ALL);
	case FIELD_WEBSITE:
		return product->website_ids;
	case FIELD_STOCK:
		return product->in_stock ? json_true() : json_false();
	default:
		return product_get(product, field, source->store);
	}
}

static json_t *
render_row(const struct criteria_source *source, size_t row)
{
	const struct catalog *catalog = source->rows;

	return json_incref(product_render_item(catalog->rows[row], source->store));
}

static bool
look_up(const struct criteria_source *source, int field, const char *value, size_t *row_r)
{
	const struct catalog *catalog = source->rows;
	const struct product *product;

	if (field == ATTR_SKU)
		product = catalog_find(catalog, value);
	else if (field == ATTR_ID)
		product = catalog_find_id(catalog, atoi(value));
	else
		return false;
	if (product != NULL)
		*row_r = catalog_find_place(catalog, product->id);
	return true;
}

void
routes_products_list(struct request *req, struct reply *reply)
{
	const struct criteria_source source = {.rows = req->demo->catalog,
					       .count = req->demo->catalog->count,
					       .store = req->store,
					       .field = find_field,
					       .value = get_value,
					       .render = render_row,
					       .lookup = look_up};

	criteria_answer(req, reply, &source);
}

/* The product of the first path parameter; NULL and 404 if there is none. */
static struct product *
find_product(const struct request *req, struct reply *reply)
{
	struct product *product = catalog_find(req->demo->catalog, req->args[0]);

	if (product == NULL)
		error_set(reply, 404, ERROR_NO_PRODUCT);
	return product;
}

/* storeId= looks at another store than the path says. */
static int
find_store(const struct request *req)
{
	const char *text = request_find_query(req, "storeId");
	long long store;

	if (text != NULL && text_parse_integer(text, &store) && store >= 0 && store < SCOPE_COUNT)
		return (int)store;
	return req->store;
}

void
routes_products_get(struct request *req, struct reply *reply)
{
	struct product *product = find_product(req, reply);
	int store = find_store(req);

	if (product == NULL)
		return;
	if (request_find_query(req, "fields") != NULL || !acl_allows(req->role, ACL_INVENTORY)) {
		reply_set_json(reply, 200, projection_apply_query(req, product_answer(req, product, store)));
		return;
	}
	reply->status = 200;
	reply->text = product_render_body(product, store, &reply->text_len);
	if (reply->text == NULL)
		error_set_internal(reply);
}

void
routes_products_types(struct request *req, struct reply *reply)
{
	static const char *const types[][2] = {
	    {"simple", "Simple Product"}, {"virtual", "Virtual Product"}, {"downloadable", "Downloadable Product"},
	    {"bundle", "Bundle Product"}, {"grouped", "Grouped Product"}, {"configurable", "Configurable Product"}};
	json_t *list = json_array();

	(void)req;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		json_array_append_new(list, json_pack("{s:s, s:s}", "name", types[i][0], "label", types[i][1]));
	reply_set_json(reply, 200, list);
}

/* No product of the demo shop is linked to another. */
void
routes_products_links(struct request *req, struct reply *reply)
{
	if (find_product(req, reply) != NULL)
		reply_set_json(reply, 200, json_array());
}

static struct product *
find_stocked(const struct request *req, struct reply *reply)
{
	struct product *product = catalog_find(req->demo->catalog, req->args[0]);

	if (product == NULL)
		error_set_listed(reply, 404, "The Product with the \"%1\" SKU doesn't exist.",
				 json_pack("[s]", req->args[0]));
	return product;
}

void
routes_products_stock_item(struct request *req, struct reply *reply)
{
	const struct product *product = find_stocked(req, reply);

	if (product != NULL)
		reply_set_json(reply, 200, projection_apply_query(req, product_render_stock(product)));
}

void
routes_products_stock_status(struct request *req, struct reply *reply)
{
	const struct product *product = find_stocked(req, reply);

	if (product != NULL)
		reply_set_json(reply, 200,
			       json_pack("{s:i, s:i, s:o, s:i, s:o}", "product_id", product->id, "stock_id", 1, "qty",
					 product_render_qty(product), "stock_status", product->in_stock, "stock_item",
					 product_render_stock(product)));
}

void
routes_products_put_stock(struct request *req, struct reply *reply)
{
	struct product *product = find_stocked(req, reply);
	const json_t *item = json_object_get(req->body, "stockItem"), *qty = json_object_get(item, "qty");
	const json_t *in_stock = json_object_get(item, "is_in_stock");

	if (product == NULL)
		return;
	if (!json_is_object(item)) {
		error_set_required_one(reply, "stockItem");
		return;
	}
	/* The item id in the path is not looked at. */
	if (json_is_number(qty)) {
		product->qty = json_number_value(qty);
		product->has_qty = true;
	}
	if (json_is_boolean(in_stock))
		product->in_stock = json_is_true(in_stock);
	writes_note(&req->demo->writes, req, "products", json_string_value(product_get(product, ATTR_SKU, SCOPE_ALL)),
		    req->body);
	catalog_touch(req->demo->catalog, product);
	reply_set_json(reply, 200, json_integer(product->id));
}

void
routes_products_children(struct request *req, struct reply *reply)
{
	const struct product *product = find_product(req, reply);
	json_t *list, *id;
	size_t i;

	if (product == NULL)
		return;
	list = json_array();
	json_array_foreach(product->children, i, id)
	{
		struct product *child = catalog_find_id(req->demo->catalog, (int)json_integer_value(id));

		if (child != NULL)
			json_array_append(list, product_render_item(child, req->store));
	}
	reply_set_json(reply, 200, projection_apply_query(req, list));
}

void
routes_products_delete(struct request *req, struct reply *reply)
{
	struct product *product = find_product(req, reply);

	if (product == NULL)
		return;
	/* What is in the sources stays there until somebody cleans up. */
	inventory_orphan(&req->demo->inventory, product);
	urls_forget(req->demo, URL_PRODUCT, product->id);
	writes_note(&req->demo->writes, req, "products", json_string_value(product_get(product, ATTR_SKU, SCOPE_ALL)),
		    NULL);
	catalog_remove(req->demo->catalog, product);
	reply_set_json(reply, 200, json_true());
}

/* The object under "product"; NULL and 400 if the body is not wrapped like that. */
static json_t *
find_wrapped(const struct request *req, struct reply *reply)
{
	json_t *body = json_object_get(req->body, "product");

	if (!json_is_object(body)) {
		error_set_required_one(reply, "product");
		return NULL;
	}
	return body;
}

/* An entity that was not looked up by the sku of the path never read these, so its answer has not got them. */
static void
drop_unread(struct reply *reply)
{
	json_object_del(reply->json, "product_links");
	json_object_del(reply->json, "tier_prices");
}

void
routes_products_post(struct request *req, struct reply *reply)
{
	json_t *body = find_wrapped(req, reply);
	const char *sku = json_string_value(json_object_get(body, "sku"));
	struct product *product;

	if (body == NULL)
		return;
	if (sku == NULL || *sku == '\0') {
		error_set_fatal(reply);
		return;
	}
	product_write(req, reply, sku, body);
	/* A POST to an existing sku takes over its spelling. */
	product = reply->status == 200 ? catalog_find(req->demo->catalog, sku) : NULL;
	if (product == NULL)
		return;
	product_set_sku(product, sku);
	catalog_touch(req->demo->catalog, product);
	reply_set_json(reply, 200, product_answer(req, product, req->store));
	drop_unread(reply);
}

void
routes_products_put(struct request *req, struct reply *reply)
{
	json_t *body = find_wrapped(req, reply);

	if (body == NULL)
		return;
	/* Magento puts the sku of the path into the entity only if the body has no other argument. */
	if (json_object_size(req->body) > 1 && json_object_get(body, "sku") == NULL) {
		error_set_fatal(reply);
		return;
	}
	product_write(req, reply, req->args[0], body);
	if (reply->status == 200 && json_object_size(req->body) > 1)
		drop_unread(reply);
}
