#include "inventory.h"

#include "text.h"

#include <string.h>

int
inventory_init(struct inventory *inventory)
{
	inventory->sources = json_array();
	inventory->links = json_array();
	inventory->items = json_array();
	if (table_init(&inventory->stocks, "stock_id") < 0 || inventory->sources == NULL || inventory->links == NULL ||
	    inventory->items == NULL)
		return -1;
	inventory_put_source(inventory, json_pack("{s:s, s:s, s:b, s:s, s:i, s:i, s:s, s:s}", "source_code",
						  INVENTORY_DEFAULT_SOURCE, "name", "Default Source", "enabled", 1,
						  "description", "Default Source", "latitude", 0, "longitude", 0,
						  "country_id", "US", "postcode", "00000"));
	table_add(&inventory->stocks, json_pack("{s:i, s:s}", "stock_id", 1, "name", "Default Stock"));
	json_array_append_new(inventory->links, json_pack("{s:i, s:s, s:i}", "stock_id", 1, "source_code",
							  INVENTORY_DEFAULT_SOURCE, "priority", 1));
	for (int i = 0; i <= WEBSITE_EU; i++)
		inventory->website_stock[i] = 1;
	return 0;
}

void
inventory_fini(struct inventory *inventory)
{
	json_decref(inventory->sources);
	json_decref(inventory->links);
	json_decref(inventory->items);
	table_fini(&inventory->stocks);
	memset(inventory, 0, sizeof(*inventory));
}

const char *
inventory_website_code(int website_id)
{
	return website_id == WEBSITE_EU ? "eu" : "base";
}

static bool
has_text(const json_t *row, const char *name, const char *text)
{
	const char *own = json_string_value(json_object_get(row, name));

	return own != NULL && strcmp(own, text) == 0;
}

json_t *
inventory_find_source(const struct inventory *inventory, const char *code)
{
	json_t *source;
	size_t i;

	json_array_foreach(inventory->sources, i, source)
	{
		if (has_text(source, "source_code", code))
			return source;
	}
	return NULL;
}

void
inventory_put_source(struct inventory *inventory, json_t *row)
{
	json_t *source = inventory_find_source(inventory, json_string_value(json_object_get(row, "source_code")));

	if (source == NULL) {
		source = json_object();
		json_array_append_new(inventory->sources, source);
	}
	json_object_update(source, row);
	json_object_update_missing_new(source, json_pack("{s:b, s:b, s:[], s:{s:b, s:s}}", "enabled", 1,
							 "use_default_carrier_config", 1, "carrier_links",
							 "extension_attributes", "is_pickup_location_active", 0,
							 "frontend_name", ""));
	json_decref(row);
}

json_t *
inventory_render_stock(const struct inventory *inventory, const json_t *stock, int website_id)
{
	json_int_t id = json_integer_value(json_object_get(stock, "stock_id"));
	json_t *channels = json_array();

	for (int i = WEBSITE_BASE; i <= WEBSITE_EU; i++) {
		if (inventory->website_stock[i] == id && (website_id == 0 || website_id == i))
			json_array_append_new(
			    channels, json_pack("{s:s, s:s}", "type", "website", "code", inventory_website_code(i)));
	}
	return json_pack("{s:I, s:O, s:{s:o}}", "stock_id", id, "name", json_object_get(stock, "name"),
			 "extension_attributes", "sales_channels", channels);
}

bool
inventory_assign_website(struct inventory *inventory, const char *code, json_int_t stock_id)
{
	for (int i = WEBSITE_BASE; i <= WEBSITE_EU; i++) {
		if (strcmp(inventory_website_code(i), code) == 0) {
			inventory->website_stock[i] = (int)stock_id;
			return true;
		}
	}
	return false;
}

static json_int_t
priority_of(const json_t *link)
{
	return json_integer_value(json_object_get(link, "priority"));
}

json_t *
inventory_list_sources(const struct inventory *inventory, json_int_t stock_id)
{
	json_t *links = json_array(), *sources = json_array(), *link;
	size_t i;

	json_array_foreach(inventory->links, i, link)
	{
		size_t place = 0;

		if (json_integer_value(json_object_get(link, "stock_id")) != stock_id)
			continue;
		while (place < json_array_size(links) && priority_of(json_array_get(links, place)) <= priority_of(link))
			place++;
		json_array_insert(links, place, link);
	}
	json_array_foreach(links, i, link)
	{
		const char *code = json_string_value(json_object_get(link, "source_code"));

		json_array_append(sources, inventory_find_source(inventory, code));
	}
	json_decref(links);
	return sources;
}

bool
inventory_has_items(const struct product *product)
{
	return product->children == NULL;
}

json_t *
inventory_get_default_item(struct product *product)
{
	if (product->source_item == NULL)
		product->source_item = json_pack(
		    "{s:O, s:s, s:o, s:i}", "sku", product_get(product, ATTR_SKU, SCOPE_ALL), "source_code",
		    INVENTORY_DEFAULT_SOURCE, "quantity", text_number_json(product->qty), "status", product->in_stock);
	return product->source_item;
}

/* Place of an item of another source, or the end of the list. */
static size_t
find_item(const struct inventory *inventory, const char *sku, const char *source_code)
{
	size_t i = 0;

	while (i < json_array_size(inventory->items)) {
		const json_t *item = json_array_get(inventory->items, i);

		if (has_text(item, "source_code", source_code) &&
		    text_compare_collated(json_string_value(json_object_get(item, "sku")), sku) == 0)
			break;
		i++;
	}
	return i;
}

/* The product whose own quantity an item is; NULL if it is none's. */
static struct product *
find_owner(struct catalog *catalog, const char *sku, const char *source_code)
{
	struct product *product =
	    strcmp(source_code, INVENTORY_DEFAULT_SOURCE) == 0 ? catalog_find(catalog, sku) : NULL;

	return product != NULL && inventory_has_items(product) ? product : NULL;
}

void
inventory_put_item(struct inventory *inventory, struct catalog *catalog, const char *sku, const char *source_code,
		   double quantity, bool in_stock)
{
	struct product *product = find_owner(catalog, sku, source_code);
	size_t place = find_item(inventory, sku, source_code);
	json_t *item;

	if (product != NULL) {
		product->qty = quantity;
		product->has_qty = true;
		product->in_stock = in_stock;
		product->has_item = true;
		catalog_touch(catalog, product);
		return;
	}
	item = json_pack("{s:s, s:s, s:o, s:i}", "sku", sku, "source_code", source_code, "quantity",
			 text_number_json(quantity), "status", in_stock);
	if (place < json_array_size(inventory->items))
		json_array_set_new(inventory->items, place, item);
	else
		json_array_append_new(inventory->items, item);
}

bool
inventory_remove_item(struct inventory *inventory, struct catalog *catalog, const char *sku, const char *source_code)
{
	struct product *product = find_owner(catalog, sku, source_code);
	size_t place = find_item(inventory, sku, source_code);

	if (product != NULL) {
		bool had = product->has_item;

		product->has_item = false;
		product->qty = 0;
		product->in_stock = false;
		catalog_touch(catalog, product);
		return had;
	}
	return json_array_remove(inventory->items, place) == 0;
}

void
inventory_orphan(struct inventory *inventory, struct product *product)
{
	if (inventory_has_items(product) && product->has_item)
		json_array_append_new(inventory->items, json_copy(inventory_get_default_item(product)));
}

static double
count_item(const json_t *item)
{
	return json_integer_value(json_object_get(item, "status")) == 1
		   ? json_number_value(json_object_get(item, "quantity"))
		   : 0;
}

double
inventory_count_salable(const struct inventory *inventory, struct product *product, json_int_t stock_id)
{
	json_t *sources = inventory_list_sources(inventory, stock_id), *source;
	const char *sku = json_string_value(product_get(product, ATTR_SKU, SCOPE_ALL));
	double sum = 0;
	size_t i;

	json_array_foreach(sources, i, source)
	{
		const char *code = json_string_value(json_object_get(source, "source_code"));

		if (!json_is_true(json_object_get(source, "enabled")))
			continue;
		if (strcmp(code, INVENTORY_DEFAULT_SOURCE) == 0 && product->has_item)
			sum += count_item(inventory_get_default_item(product));
		else
			sum += count_item(json_array_get(inventory->items, find_item(inventory, sku, code)));
	}
	json_decref(sources);
	return sum;
}

bool
inventory_is_salable(const struct inventory *inventory, const struct catalog *catalog, const char *sku,
		     json_int_t stock_id)
{
	struct product *product = catalog_find(catalog, sku);
	json_t *id;
	size_t i;

	if (product == NULL || strcmp(json_string_value(product_get(product, ATTR_SKU, SCOPE_ALL)), sku) != 0)
		return false;
	if (inventory_has_items(product))
		return inventory_count_salable(inventory, product, stock_id) > 0;
	json_array_foreach(product->children, i, id)
	{
		struct product *child = catalog_find_id(catalog, (int)json_integer_value(id));

		if (child != NULL && json_integer_value(product_get(child, ATTR_STATUS, SCOPE_ALL)) == 1 &&
		    inventory_count_salable(inventory, child, stock_id) > 0)
			return true;
	}
	return false;
}
