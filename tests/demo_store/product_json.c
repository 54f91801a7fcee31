/* The JSON forms of a product. */

#include "catalog.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

int
product_find_group(const char *name)
{
	static const char *const groups[] = {"NOT LOGGED IN", "General", "Wholesale", "Retailer"};

	for (int i = 0; i < 4; i++) {
		if (strcmp(groups[i], name) == 0)
			return i;
	}
	return strcasecmp(name, "ALL GROUPS") == 0 ? PRODUCT_ALL_GROUPS : -1;
}

static json_t *
render_custom(const struct product *product, int store)
{
	json_t *list = json_array();

	for (int i = ATTR_CUSTOM_FIRST; i < ATTR_COUNT; i++) {
		json_t *value = product_get(product, i, store);

		if (value != NULL)
			json_array_append_new(
			    list, json_pack("{s:s, s:O}", "attribute_code", attributes[i].code, "value", value));
	}
	return list;
}

static json_t *
render_extension(const struct product *product)
{
	json_t *extension = json_object();

	json_object_set(extension, "website_ids", product->website_ids);
	if (json_array_size(product->links) > 0)
		json_object_set(extension, "category_links", product->links);
	if (product->children != NULL) {
		json_object_set(extension, "configurable_product_options", product->configurable_options);
		json_object_set(extension, "configurable_product_links", product->children);
	}
	return extension;
}

json_t *
product_render_media(const struct product *product, bool content)
{
	json_t *list = json_array(), *entry;
	size_t i;

	json_array_foreach(product->media, i, entry)
	{
		json_t *copy = json_copy(entry);

		if (!content)
			json_object_del(copy, "content");
		json_array_append_new(list, copy);
	}
	return list;
}

/* Products show their tier prices in another form than the price routes do. */
static json_t *
render_tiers(const struct product *product)
{
	json_t *list = json_array(), *tier;
	size_t i;

	json_array_foreach(product->tiers, i, tier)
	{
		const char *type = json_string_value(json_object_get(tier, "price_type"));
		json_t *shown =
		    json_pack("{s:i, s:O, s:O, s:{s:O}}", "customer_group_id",
			      product_find_group(json_string_value(json_object_get(tier, "customer_group"))), "qty",
			      json_object_get(tier, "quantity"), "value", json_object_get(tier, "price"),
			      "extension_attributes", "website_id", json_object_get(tier, "website_id"));

		if (strcmp(type, "discount") == 0)
			json_object_set(json_object_get(shown, "extension_attributes"), "percentage_value",
					json_object_get(tier, "price"));
		json_array_append_new(list, shown);
	}
	return list;
}

static json_t *
render_item(const struct product *product, int store)
{
	json_t *item = json_object();

	for (int i = 0; i < ATTR_CUSTOM_FIRST; i++) {
		const char *name = i == ATTR_ID ? "id" : attributes[i].code;
		json_t *value = product_get(product, i, store);

		if (value != NULL)
			json_object_set(item, name, value);
	}
	json_object_set_new(item, "extension_attributes", render_extension(product));
	json_object_set_new(item, "product_links", json_array());
	json_object_set_new(item, "options", json_array());
	json_object_set_new(item, "media_gallery_entries", product_render_media(product, false));
	json_object_set_new(item, "tier_prices", render_tiers(product));
	json_object_set_new(item, "custom_attributes", render_custom(product, store));
	return item;
}

json_t *
product_render_item(struct product *product, int store)
{
	if (product->item[store] == NULL)
		product->item[store] = render_item(product, store);
	return product->item[store];
}

json_t *
product_render_qty(const struct product *product)
{
	return product->has_qty ? text_number_json(product->qty) : json_null();
}

json_t *
product_render_stock(const struct product *product)
{
	/* Apart from the first five members every product of the demo has the same settings. */
	return json_pack(
	    "{s:i, s:i, s:i, s:o, s:b, s:b, s:b, s:b, s:i, s:i, s:i, s:b, s:i, s:b, s:i, s:b, s:i, s:b, s:i,"
	    " s:b, s:b, s:b, s:b, s:n, s:b, s:i}",
	    "item_id", product->id, "product_id", product->id, "stock_id", 1, "qty", product_render_qty(product),
	    "is_in_stock", product->in_stock, "is_qty_decimal", 0, "show_default_notification_message", 0,
	    "use_config_min_qty", 1, "min_qty", 0, "use_config_min_sale_qty", 1, "min_sale_qty", 1,
	    "use_config_max_sale_qty", 1, "max_sale_qty", 10000, "use_config_backorders", 1, "backorders", 0,
	    "use_config_notify_stock_qty", 1, "notify_stock_qty", 1, "use_config_qty_increments", 1, "qty_increments",
	    0, "use_config_enable_qty_inc", 1, "enable_qty_increments", 0, "use_config_manage_stock", 1, "manage_stock",
	    1, "low_stock_date", "is_decimal_divided", 0, "stock_status_changed_auto", 0);
}

json_t *
product_render_full(struct product *product, int store)
{
	json_t *full = json_copy(product_render_item(product, store));
	json_t *extension = json_copy(json_object_get(full, "extension_attributes"));

	json_object_set_new(extension, "stock_item", product_render_stock(product));
	json_object_set_new(full, "extension_attributes", extension);
	return full;
}

const char *
product_render_body(struct product *product, int store, size_t *len_r)
{
	if (product->body[store] == NULL) {
		json_t *full = product_render_full(product, store);

		product->body[store] =
		    json_dumps(full, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_ESCAPE_SLASH | JSON_REAL_PRECISION(15));
		json_decref(full);
		if (product->body[store] == NULL)
			return NULL;
		product->body_len[store] = strlen(product->body[store]);
	}
	*len_r = product->body_len[store];
	return product->body[store];
}
