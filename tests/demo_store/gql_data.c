/* What GraphQL has to say about the shop: addresses, pages, prices, the store's settings. */

#include "demo.h"
#include "gql.h"
#include "text.h"
#include "urls.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

static json_t *
make_uid(int id)
{
	unsigned char encoded[32];
	char text[16];
	int len = snprintf(text, sizeof(text), "%d", id);

	EVP_EncodeBlock(encoded, (const unsigned char *)text, len);
	return json_string((const char *)encoded);
}

static json_t *
make_price(double regular, double final)
{
	return json_pack("{s:{s:o, s:s}, s:{s:o, s:s}}", "regular_price", "value", text_number_json(regular),
			 "currency", "USD", "final_price", "value", text_number_json(final), "currency", "USD");
}

/* Dates are compared as text; a special price counts between its two. */
static double
find_final_price(const struct demo *demo, const struct product *product, int store, double regular)
{
	const char *special = json_string_value(product_get(product, ATTR_SPECIAL_PRICE, store));
	const char *from = json_string_value(product_get(product, ATTR_SPECIAL_FROM, store));
	const char *to = json_string_value(product_get(product, ATTR_SPECIAL_TO, store));
	char now[20];
	double price;

	text_put_time(demo_now_s(demo), now);
	if (special == NULL || !text_parse_number(special, &price) || price >= regular ||
	    (from != NULL && strcmp(from, now) > 0) || (to != NULL && strcmp(to, now) < 0))
		return regular;
	return price;
}

static json_t *
make_product(struct demo *demo, const struct product *product, int store)
{
	static const char *const names[][2] = {
	    {"simple", "SimpleProduct"}, {"virtual", "VirtualProduct"}, {"configurable", "ConfigurableProduct"}};
	double regular = json_number_value(product_get(product, ATTR_PRICE, store));
	double final = find_final_price(demo, product, store, regular);
	json_t *special = product_get(product, ATTR_SPECIAL_PRICE, store);
	int stock = demo->inventory.website_stock[scope_views[store].website_id];
	const char *sku = json_string_value(product_get(product, ATTR_SKU, SCOPE_ALL)), *type = "SimpleProduct";

	for (size_t i = 0; i < 3; i++) {
		if (product_has_type(product, names[i][0]))
			type = names[i][1];
	}
	return json_pack(
	    "{s:s, s:i, s:o, s:s, s:O?, s:O?, s:s, s:s, s:o, s:n, s:{s:o, s:o}, s:s}", "__typename", type, "id",
	    product->id, "uid", make_uid(product->id), "sku", sku, "name", product_get(product, ATTR_NAME, store),
	    "url_key", product_get(product, ATTR_URL_KEY, store), "url_suffix", URLS_SUFFIX, "stock_status",
	    inventory_is_salable(&demo->inventory, demo->catalog, sku, stock) ? "IN_STOCK" : "OUT_OF_STOCK",
	    "special_price", special != NULL ? text_number_json(strtod(json_string_value(special), NULL)) : json_null(),
	    "canonical_url", "price_range", "minimum_price", make_price(regular, final), "maximum_price",
	    make_price(regular, final), "type", "PRODUCT");
}

static json_t *
make_category(const struct category *category, int store)
{
	return json_pack(
	    "{s:s, s:i, s:o, s:O?, s:O?, s:O?, s:s, s:s}", "__typename", "CategoryTree", "id", category->id, "uid",
	    make_uid(category->id), "name", scoped_get(&category->values[CAT_NAME], store), "url_key",
	    scoped_get(&category->values[CAT_URL_KEY], store), "url_path",
	    scoped_get(&category->values[CAT_URL_PATH], store), "url_suffix", URLS_SUFFIX, "type", "CATEGORY");
}

static json_t *
make_page(json_t *page)
{
	json_t *object = json_copy(page);

	json_object_set_new(object, "__typename", json_string("CmsPage"));
	json_object_set(object, "url_key", json_object_get(page, "identifier"));
	json_object_set_new(object, "type", json_string("CMS_PAGE"));
	return object;
}

static json_t *
make_entity(struct demo *demo, const struct url_hit *hit, int store)
{
	switch (hit->kind) {
	case URL_PRODUCT:
		return make_product(demo, hit->product, store);
	case URL_CATEGORY:
		return make_category(hit->category, store);
	case URL_PAGE:
		return make_page(hit->page);
	default:
		return json_pack("{s:s, s:n}", "__typename", "RoutableUrl", "type");
	}
}

static bool
is_disabled(const struct product *product, int store)
{
	return json_integer_value(product_get(product, ATTR_STATUS, store)) == 2;
}

static bool
is_active(const struct category *category, int store)
{
	return json_is_true(scoped_get(&category->values[CAT_ACTIVE], store));
}

/* What an url argument leads to; false if that is nothing to be seen. */
static bool
find_url(struct demo *demo, int store, const json_t *args, struct url_hit *hit, const char **error_r)
{
	const char *url = json_string_value(json_object_get(args, "url"));

	if (url == NULL)
		return false;
	url += strspn(url, "/");
	if (!urls_find(demo, store, *url != '\0' ? url : CMS_HOME_PAGE, hit))
		return false;
	if (hit->kind == URL_PRODUCT && is_disabled(hit->product, store)) {
		*error_r = "This product is disabled.";
		return false;
	}
	return hit->kind != URL_CATEGORY || is_active(hit->category, store);
}

static json_t *
resolve_route(struct demo *demo, int store, const json_t *args, const char **error_r)
{
	struct url_hit hit;
	json_t *entity;

	if (!find_url(demo, store, args, &hit, error_r))
		return NULL;
	entity = make_entity(demo, &hit, store);
	json_object_set_new(entity, "relative_url", json_string(hit.path));
	json_object_set_new(entity, "redirect_code", json_integer(hit.redirect_type));
	return entity;
}

/* The deprecated form of the same. */
static json_t *
resolve_url(struct demo *demo, int store, const json_t *args, const char **error_r)
{
	struct url_hit hit;
	json_t *entity, *id, *object;

	if (!find_url(demo, store, args, &hit, error_r))
		return NULL;
	entity = make_entity(demo, &hit, store);
	id = json_object_get(entity, "id");
	object = json_pack("{s:O?, s:o, s:s, s:i, s:O?, s:s}", "id", id, "entity_uid",
			   make_uid((int)json_integer_value(id)), "relative_url", hit.path, "redirectCode",
			   hit.redirect_type, "type", json_object_get(entity, "type"), "canonical_url", hit.path);
	json_decref(entity);
	return object;
}

static json_t *
resolve_config(const struct demo *demo, int store)
{
	const struct scope_view *view = &scope_views[store];
	json_t *config =
	    json_pack("{s:i, s:s, s:s, s:s, s:s, s:i, s:s, s:s, s:s, s:s, s:s, s:s}", "id", view->id, "code",
		      view->code, "store_code", view->code, "store_name", view->name, "store_group_code",
		      view->group_id == 1 ? "main_website_store" : "eu_group", "website_id", view->website_id,
		      "website_code", inventory_website_code(view->website_id), "locale", "en_US", "base_currency_code",
		      "USD", "default_display_currency_code", "USD", "timezone", "UTC", "weight_unit", "lbs");
	static const char *const addresses[] = {"base_url", "base_link_url", "secure_base_url", "secure_base_link_url"};

	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++)
		json_object_set_new(config, addresses[i], json_string(demo->base_url));
	json_object_update_new(config,
			       json_pack("{s:s, s:s, s:s, s:s, s:s, s:n, s:n, s:s}", "product_url_suffix", URLS_SUFFIX,
					 "category_url_suffix", URLS_SUFFIX, "cms_home_page", CMS_HOME_PAGE,
					 "cms_no_route", "no-route", "default_title", "Magento Commerce",
					 "title_prefix", "title_suffix", "root_category_uid", "Mg=="));
	return config;
}

json_t *
gql_resolve(struct demo *demo, int store, const char *field, const json_t *args, const char **error_r)
{
	if (strcmp(field, "route") == 0)
		return resolve_route(demo, store, args, error_r);
	if (strcmp(field, "urlResolver") == 0)
		return resolve_url(demo, store, args, error_r);
	if (strcmp(field, "storeConfig") == 0)
		return resolve_config(demo, store);
	/* There is no search engine behind it. */
	if (strcmp(field, "products") == 0)
		return json_pack("{s:i, s:[]}", "total_count", 0, "items");
	return NULL;
}
