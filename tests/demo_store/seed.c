/* The products the demo shop starts with. */

#include "catalog.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

enum {
	PLAIN_UNTIL = 30,   /* the first numbered products are plain, whatever their number */
	NUMBERED_AGAIN = 48 /* id of the first numbered product after the fixed ones */
};

static const long long seed_time = 1795335566; /* 2026-11-22 08:19:26 */

static const struct fixed_product {
	int id;
	const char *sku, *name, *type, *url_key;
	double price;
	int visibility;
	const char *size; /* option id of mcp_size */
} fixed_products[] = {
    {31, "WS/12-SLASH", "Slash product", "simple", "p-100", 5, 4, NULL},
    {32, "SP ACE 01", "Space product", "simple", "p-101", 5, 4, NULL},
    {33, "PCT-50%", "Percent product", "simple", "p-102", 5, 4, NULL},
    {34, "CAF\xc3\x89-\xc3\xbcn\xc3\xaf", "Unicode product", "simple", "p-103", 5, 4, NULL},
    {35, "PLUS+1", "Plus product", "simple", "p-104", 5, 4, NULL},
    {36, "A&B#1?x", "Amp hash product", "simple", "p-105", 5, 4, NULL},
    {37, "COMMA,1", "Comma product", "simple", "p-106", 5, 4, NULL},
    {38, "quo\"te'1", "Quote product", "simple", "p-107", 5, 4, NULL},
    {39, "MixedCase-1", "Mixed product", "simple", "p-108", 5, 4, NULL},
    {40, "VIRT-1", "Virtual product", "virtual", "p-200", 50, 4, NULL},
    {45, "CONF-1-S", "Conf child S", "simple", "conf-child-s", 20, 1, "4"},
    {46, "CONF-1-M", "Conf child M", "simple", "conf-child-m", 20, 1, "5"},
    {47, "CONF-1", "Configurable product", "configurable", "p-301", 0, 4, NULL},
};

static void
set_common(struct product *product, const char *name, const char *url_key, double price)
{
	product_set(product, ATTR_NAME, SCOPE_ALL, json_string(name));
	product_set(product, ATTR_SET, SCOPE_ALL, json_integer(4));
	product_set(product, ATTR_PRICE, SCOPE_ALL, text_number_json(price));
	product_set(product, ATTR_STATUS, SCOPE_ALL, json_integer(1));
	product_set(product, ATTR_VISIBILITY, SCOPE_ALL, json_integer(4));
	product_set(product, ATTR_OPTIONS_CONTAINER, SCOPE_ALL, json_string("container2"));
	product_set(product, ATTR_MSRP_DISPLAY, SCOPE_ALL, json_string("0"));
	product_set(product, ATTR_URL_KEY, SCOPE_ALL, json_string(url_key));
	product_set(product, ATTR_REQUIRED_OPTIONS, SCOPE_ALL, json_string("0"));
	product_set(product, ATTR_HAS_OPTIONS, SCOPE_ALL, json_string("0"));
	product_set(product, ATTR_TAX_CLASS, SCOPE_ALL, json_string("2"));
	product_set(product, ATTR_SHORT_DESCRIPTION, SCOPE_ALL, json_sprintf("%s short", name));
	product_set(product, ATTR_DESCRIPTION, SCOPE_ALL, json_sprintf("<p>%s description</p>", name));
	json_array_append_new(product->website_ids, json_integer(WEBSITE_BASE));
	product->qty = 100;
	product->has_qty = true;
	product->in_stock = true;
}

static void
assign_category(struct product *product, const char *category_id)
{
	product_set_links(product, json_pack("[{s:i, s:s}]", "position", 0, "category_id", category_id));
}

static void
make_configurable(struct product *product, int first_child, int second_child)
{
	product->children = json_pack("[i, i]", first_child, second_child);
	product->configurable_options = json_pack(
	    "[{s:i, s:s, s:s, s:i, s:[{s:i}, {s:i}], s:i}]", "id", product->id - 46, "attribute_id", "137", "label",
	    "MCP size", "position", 0, "values", "value_index", 4, "value_index", 5, "product_id", product->id);
	product_set(product, ATTR_PRICE, SCOPE_ALL, json_integer(0));
	product->qty = 0;
}

static int
add_fixed(struct catalog *catalog, const struct fixed_product *fixed, const char *time)
{
	struct product *product = catalog_add(catalog, fixed->id, fixed->sku, fixed->type, time);

	if (product == NULL)
		return -1;
	set_common(product, fixed->name, fixed->url_key, fixed->price);
	if (fixed->size == NULL)
		assign_category(product, "3");
	else
		product_set_links(product, json_array());
	product_set(product, ATTR_VISIBILITY, SCOPE_ALL, json_integer(fixed->visibility));
	if (!product_has_type(product, "virtual"))
		product_set(product, ATTR_WEIGHT, SCOPE_ALL, json_real(1.5));
	if (fixed->size != NULL)
		product_set(product, ATTR_MCP_SIZE, SCOPE_ALL, json_string(fixed->size));
	if (product_has_type(product, "configurable"))
		make_configurable(product, 45, 46);
	return 0;
}

/* Every 25th product past the plain ones is configurable; the two before it are its children. */
static const char *
pick_type(int number)
{
	if (number <= PLAIN_UNTIL)
		return "simple";
	if (number % 25 == 0)
		return "configurable";
	return number % 17 == 0 && number % 25 < 23 ? "virtual" : "simple";
}

/* Most of the numbered products past the plain ones have a picture. */
static void
add_picture(struct product *product, int number)
{
	static const char *const roles[] = {"image", "small_image", "thumbnail"};
	char file[64];

	snprintf(file, sizeof(file), "/m/c/mcp-%03d.png", number);
	json_array_append_new(
	    product->media,
	    json_pack(
		"{s:i, s:s, s:s, s:i, s:b, s:[s, s, s], s:s, s:{s:s, s:s, s:s}}", "id", number, "media_type", "image",
		"label", "Picture", "position", 1, "disabled", 0, "types", roles[0], roles[1], roles[2], "file", file,
		"content", "base64_encoded_data",
		"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
		"type", "image/png", "name", file + 5));
	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
		product_set(product, attribute_find(roles[i]), SCOPE_ALL, json_string(file));
}

static void
vary(struct product *product, int number, int count)
{
	int place = number % 25;
	bool child = place >= 23 && number + 25 - place <= count;

	if (number % 5 == 0)
		product_set(product, ATTR_NAME, SCOPE_DE,
			    json_sprintf("%s Ger\xc3\xa4t %d", number % 2 == 1 ? "Blaues" : "Rotes", number));
	if (number <= PLAIN_UNTIL)
		return;
	if (place == 0) {
		make_configurable(product, product->id - 2, product->id - 1);
	} else if (child) {
		product_set(product, ATTR_VISIBILITY, SCOPE_ALL, json_integer(1));
		product_set(product, ATTR_MCP_SIZE, SCOPE_ALL, json_string(place == 23 ? "4" : "5"));
	} else if (number % 11 == 0) {
		product_set(product, ATTR_SPECIAL_PRICE, SCOPE_ALL, json_sprintf("%d.500000", 5 + number % 5));
		product_set(product, ATTR_SPECIAL_FROM, SCOPE_ALL, json_string("2026-01-01 00:00:00"));
	}
	if (number % 9 != 0)
		add_picture(product, number);
	if (number % 13 == 0)
		product_set(product, ATTR_STATUS, SCOPE_ALL, json_integer(2));
	if (number % 7 == 0)
		json_array_append_new(product->website_ids, json_integer(WEBSITE_EU));
}

static int
add_numbered(struct catalog *catalog, int number, int count, const char *time)
{
	int id = number <= PLAIN_UNTIL ? number : NUMBERED_AGAIN + number - PLAIN_UNTIL - 1;
	const char *type = pick_type(number);
	char sku[32], name[48], url_key[32];
	struct product *product;

	snprintf(sku, sizeof(sku), "MCP-%03d", number);
	snprintf(name, sizeof(name), "%s Widget %d", number % 2 == 1 ? "Blue" : "Red", number);
	/* "p-100" and on belong to the fixed products. */
	snprintf(url_key, sizeof(url_key), number <= PLAIN_UNTIL ? "p-%d" : "widget-%d", number);
	product = catalog_add(catalog, id, sku, type, time);
	if (product == NULL)
		return -1;
	set_common(product, name, url_key, 10 + (number - 1) % 490 + 1);
	assign_category(product, number % 2 == 1 ? "3" : "4");
	if (strcmp(type, "virtual") != 0)
		product_set(product, ATTR_WEIGHT, SCOPE_ALL, json_real(1.5));
	vary(product, number, count);
	return 0;
}

int
seed_fill(struct catalog *catalog, int count)
{
	char time[20];

	text_put_time(seed_time, time);
	for (int i = 1; i <= count; i++) {
		if (add_numbered(catalog, i, count, time) < 0)
			return -1;
	}
	for (size_t i = 0; i < sizeof(fixed_products) / sizeof(fixed_products[0]); i++) {
		if (add_fixed(catalog, &fixed_products[i], time) < 0)
			return -1;
	}
	return 0;
}
