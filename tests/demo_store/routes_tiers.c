/* Tier prices and cost, the two bulk price routes that differ from the others in about everything. */

#include "demo.h"
#include "entity.h"
#include "errors.h"
#include "routes.h"
#include "text.h"

#include <string.h>
#include <strings.h>

#define TIER_TYPE "\\Magento\\Catalog\\Api\\Data\\TierPriceInterface"
#define COST_TYPE "\\Magento\\Catalog\\Api\\Data\\CostInterface"
#define ROW_ID "Row ID: SKU = %SKU, Website ID: %websiteId, Customer Group: %customerGroup, Quantity: %qty."

static json_t *
text_of(const json_t *value)
{
	char buf[TEXT_NUMBER_MAX];
	const char *text = value != NULL ? text_from_json(value, buf) : NULL;

	return text != NULL ? json_string(text) : json_null();
}

/* The parameters name no row but repeat what stood in it; culprit, if any, comes first. */
static void
append_error(json_t *errors, const char *message, const json_t *culprit, const json_t *row)
{
	json_t *parameters = json_array();

	if (culprit != NULL)
		json_array_append_new(parameters, text_of(culprit));
	json_array_append_new(parameters, text_of(json_object_get(row, "sku")));
	json_array_append_new(parameters, text_of(json_object_get(row, "website_id")));
	json_array_append_new(parameters, text_of(json_object_get(row, "customer_group")));
	json_array_append_new(parameters, text_of(json_object_get(row, "quantity")));
	json_array_append_new(errors, error_make_row(message, parameters));
}

static const char *
get_text(const json_t *row, const char *name)
{
	const char *text = json_string_value(json_object_get(row, name));

	return text != NULL ? text : "";
}

/* One tier per sku, website, group and quantity. */
static bool
is_same_tier(const json_t *a, const json_t *b)
{
	return text_compare_collated(get_text(a, "sku"), get_text(b, "sku")) == 0 &&
	       strcasecmp(get_text(a, "customer_group"), get_text(b, "customer_group")) == 0 &&
	       json_integer_value(json_object_get(a, "website_id")) ==
		   json_integer_value(json_object_get(b, "website_id")) &&
	       json_number_value(json_object_get(a, "quantity")) == json_number_value(json_object_get(b, "quantity"));
}

static bool
has_twin(const json_t *list, const json_t *row)
{
	json_t *other;
	size_t i;

	json_array_foreach(list, i, other)
	{
		if (other != row && is_same_tier(other, row))
			return true;
	}
	return false;
}

static bool
check_row(const json_t *list, const json_t *row, const struct product *product, json_t *errors)
{
	const char *type = get_text(row, "price_type");
	bool discount = strcmp(type, "discount") == 0;
	double price = json_number_value(json_object_get(row, "price"));
	size_t before = json_array_size(errors);

	if (product->children != NULL)
		append_error(errors, "Invalid attribute SKU = %SKU. " ROW_ID, NULL, row);
	if (!json_is_number(json_object_get(row, "price")) || price < 0 || (discount && price > 100))
		append_error(errors, "Invalid attribute Price = %price. " ROW_ID, json_object_get(row, "price"), row);
	if (!discount && strcmp(type, "fixed") != 0)
		append_error(errors, "Invalid attribute Price Type = %priceType. " ROW_ID,
			     json_object_get(row, "price_type"), row);
	if (json_number_value(json_object_get(row, "quantity")) <= 0)
		append_error(errors, "Invalid attribute Quantity = %qty. " ROW_ID, NULL, row);
	if (!scope_has_website(json_integer_value(json_object_get(row, "website_id"))))
		append_error(errors, "Invalid attribute Website ID = %websiteId. " ROW_ID, NULL, row);
	if (product_find_group(get_text(row, "customer_group")) < 0)
		append_error(errors, "No such entity with Customer Group = %customerGroup. " ROW_ID, NULL, row);
	if (has_twin(list, row))
		append_error(errors,
			     "We found a duplicate website, tier price, customer group and quantity: Customer Group = "
			     "%customerGroup, Website ID = %websiteId, Quantity = %qty. " ROW_ID,
			     NULL, row);
	return json_array_size(errors) == before;
}

static size_t
find_tier(const struct product *product, const json_t *row)
{
	size_t i = 0;

	while (i < json_array_size(product->tiers) && !is_same_tier(json_array_get(product->tiers, i), row))
		i++;
	return i;
}

static void
note(struct request *req, struct product *product, json_t *row)
{
	catalog_touch(req->demo->catalog, product);
	writes_note(&req->demo->writes, req, "products", json_string_value(product_get(product, ATTR_SKU, SCOPE_ALL)),
		    row);
}

static void
save_tier(struct request *req, struct product *product, json_t *row)
{
	bool all = product_find_group(get_text(row, "customer_group")) == PRODUCT_ALL_GROUPS;
	size_t place = find_tier(product, row);
	json_t *tier = json_pack(
	    "{s:O, s:O, s:I, s:O, s:s, s:O}", "price", json_object_get(row, "price"), "price_type",
	    json_object_get(row, "price_type"), "website_id", json_integer_value(json_object_get(row, "website_id")),
	    "sku", product_get(product, ATTR_SKU, SCOPE_ALL), "customer_group",
	    all ? "all groups" : get_text(row, "customer_group"), "quantity", json_object_get(row, "quantity"));

	if (place < json_array_size(product->tiers))
		json_array_set_new(product->tiers, place, tier);
	else
		json_array_append_new(product->tiers, tier);
	note(req, product, row);
}

/* Unlike elsewhere one unknown sku fails them all. -1 and 404 then. */
static int
check_skus(const struct request *req, const json_t *list, struct reply *reply)
{
	json_t *row;
	size_t i;

	json_array_foreach(list, i, row)
	{
		if (catalog_find(req->demo->catalog, get_text(row, "sku")) == NULL) {
			error_set(reply, 404, ERROR_NO_PRODUCT);
			return -1;
		}
	}
	return 0;
}

static void
save_all(struct request *req, struct reply *reply, bool replace)
{
	const json_t *list = entity_find_list(req, "prices", TIER_TYPE, reply);
	json_t *errors, *row;
	size_t i;

	if (list == NULL || check_skus(req, list, reply) < 0)
		return;
	errors = json_array();
	json_array_foreach(list, i, row)
	{
		if (replace)
			json_array_clear(catalog_find(req->demo->catalog, get_text(row, "sku"))->tiers);
	}
	json_array_foreach(list, i, row)
	{
		struct product *product = catalog_find(req->demo->catalog, get_text(row, "sku"));

		if (check_row(list, row, product, errors))
			save_tier(req, product, row);
	}
	reply_set_json(reply, 200, errors);
}

void
routes_tiers_add(struct request *req, struct reply *reply)
{
	save_all(req, reply, false);
}

void
routes_tiers_replace(struct request *req, struct reply *reply)
{
	save_all(req, reply, true);
}

/* The price must match too; a row that does not is no error and stays. */
void
routes_tiers_delete(struct request *req, struct reply *reply)
{
	const json_t *list = entity_find_list(req, "prices", TIER_TYPE, reply);
	json_t *row;
	size_t i;

	if (list == NULL || check_skus(req, list, reply) < 0)
		return;
	json_array_foreach(list, i, row)
	{
		struct product *product = catalog_find(req->demo->catalog, get_text(row, "sku"));
		size_t place = find_tier(product, row);
		const json_t *tier = json_array_get(product->tiers, place);

		if (tier != NULL && json_number_value(json_object_get(tier, "price")) ==
					json_number_value(json_object_get(row, "price"))) {
			json_array_remove(product->tiers, place);
			note(req, product, row);
		}
	}
	reply_set_json(reply, 200, json_array());
}

void
routes_tiers_information(struct request *req, struct reply *reply)
{
	const json_t *list = entity_find_list(req, "skus", "string", reply);
	json_t *found, *sku;
	size_t i;

	if (list == NULL)
		return;
	found = json_array();
	json_array_foreach(list, i, sku)
	{
		const struct product *product =
		    json_is_string(sku) ? catalog_find(req->demo->catalog, json_string_value(sku)) : NULL;

		if (product != NULL)
			json_array_extend(found, product->tiers);
	}
	reply_set_json(reply, 200, found);
}

static void
append_cost_error(json_t *errors, const char *field, const json_t *value)
{
	json_array_append_new(errors, error_make_row("Invalid attribute %fieldName = %fieldValue.",
						     json_pack("[s, o]", field, text_of(value))));
}

/* Cost is global: whatever store is named, it is the one value that is written. */
void
routes_tiers_cost(struct request *req, struct reply *reply)
{
	const json_t *list = entity_find_list(req, "prices", COST_TYPE, reply);
	json_t *errors, *row;
	size_t i;

	if (list == NULL)
		return;
	errors = json_array();
	json_array_foreach(list, i, row)
	{
		struct product *product = catalog_find(req->demo->catalog, get_text(row, "sku"));
		const json_t *cost = json_object_get(row, "cost");

		if (product == NULL || product->children != NULL) {
			append_cost_error(errors, "SKU", json_object_get(row, "sku"));
		} else if (!json_is_number(cost) || json_number_value(cost) < 0) {
			append_cost_error(errors, "Cost", cost);
		} else {
			product_set(product, ATTR_COST, SCOPE_ALL, json_sprintf("%.6f", json_number_value(cost)));
			note(req, product, row);
		}
	}
	reply_set_json(reply, 200, errors);
}

void
routes_tiers_cost_information(struct request *req, struct reply *reply)
{
	const json_t *list = entity_find_list(req, "skus", "string", reply);
	json_t *found, *sku;
	size_t i;

	if (list == NULL)
		return;
	found = json_array();
	json_array_foreach(list, i, sku)
	{
		const struct product *product =
		    json_is_string(sku) ? catalog_find(req->demo->catalog, json_string_value(sku)) : NULL;
		const char *cost =
		    product != NULL ? json_string_value(product_get(product, ATTR_COST, SCOPE_ALL)) : NULL;
		double number;

		if (cost != NULL && text_parse_number(cost, &number))
			json_array_append_new(found,
					      json_pack("{s:o, s:i, s:O}", "cost", text_number_json(number), "store_id",
							0, "sku", product_get(product, ATTR_SKU, SCOPE_ALL)));
	}
	reply_set_json(reply, 200, found);
}

void
routes_tiers_cost_delete(struct request *req, struct reply *reply)
{
	const json_t *list = entity_find_list(req, "skus", "string", reply);
	json_t *sku;
	size_t i;

	if (list == NULL)
		return;
	json_array_foreach(list, i, sku)
	{
		struct product *product =
		    json_is_string(sku) ? catalog_find(req->demo->catalog, json_string_value(sku)) : NULL;

		if (product != NULL) {
			product_set(product, ATTR_COST, SCOPE_ALL, NULL);
			note(req, product, NULL);
		}
	}
	reply_set_json(reply, 200, json_true());
}
