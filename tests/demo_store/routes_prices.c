/*
 * The bulk price routes. They answer 200 whatever happens; the body lists the rows that went wrong, and the others
 * are saved.
 */

#include "demo.h"
#include "entity.h"
#include "errors.h"
#include "routes.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

/* One row of special-price as it was sent; missing members are NULL. */
struct special_row {
	json_t *row; /* the whole of it */
	const char *sku;
	json_t *price;
	const json_t *store_id;
	const char *from;
	const char *to;
};

/* The store that a row is about: while prices are global, all of them. */
static int
place_of(const json_t *store_id)
{
	json_int_t id = json_integer_value(store_id);

	return attributes_have_website_prices() && id > 0 && id < SCOPE_COUNT ? (int)id : SCOPE_ALL;
}

/* The value that a store has itself; NULL if it inherits. */
static json_t *
own(const struct product *product, int attribute, int store)
{
	return product->values[attribute].of[store];
}

/* Products whose price is their own: a configurable takes its children's. */
static struct product *
find_priced(const struct request *req, const char *sku)
{
	struct product *product = sku != NULL ? catalog_find(req->demo->catalog, sku) : NULL;

	return product != NULL && product->children == NULL ? product : NULL;
}

static void
append_base_error(json_t *errors, const char *field, json_t *value)
{
	json_array_append_new(
	    errors, error_make_row("Invalid attribute %fieldName = %fieldValue.", json_pack("[s, o]", field, value)));
}

/* After a row took effect. */
static void
save_row(struct request *req, struct product *product, json_t *row)
{
	catalog_touch(req->demo->catalog, product);
	writes_note(&req->demo->writes, req, "products", json_string_value(product_get(product, ATTR_SKU, SCOPE_ALL)),
		    row);
}

static json_t *
scalar_text(const json_t *value)
{
	char buf[TEXT_NUMBER_MAX];
	const char *text = value != NULL ? text_from_json(value, buf) : NULL;

	return text != NULL ? json_string(text) : json_null();
}

static void
save_base_row(struct request *req, json_t *row, json_t *errors)
{
	const char *sku = json_string_value(json_object_get(row, "sku"));
	const json_t *price = json_object_get(row, "price"), *store_id = json_object_get(row, "store_id");
	struct product *product = find_priced(req, sku);
	double number = json_number_value(price);

	if (product == NULL) {
		append_base_error(errors, "SKU", sku != NULL ? json_string(sku) : json_null());
	} else if (!json_is_number(price) || number < 0) {
		append_base_error(errors, "Price", scalar_text(price));
	} else if (json_integer_value(store_id) < 0 || json_integer_value(store_id) >= SCOPE_COUNT) {
		json_array_append_new(
		    errors, json_pack("{s:o, s:[s, o]}", "message",
				      json_sprintf("Requested store is not found. Row ID: SKU = %s, Store ID: %lld.",
						   sku, (long long)json_integer_value(store_id)),
				      "parameters", sku, scalar_text(store_id)));
	} else {
		product_set(product, ATTR_PRICE, place_of(store_id), text_number_json(number));
		save_row(req, product, row);
	}
}

void
routes_prices_base(struct request *req, struct reply *reply)
{
	const json_t *list =
	    entity_find_list(req, "prices", "\\Magento\\Catalog\\Api\\Data\\BasePriceInterface", reply);
	json_t *errors, *row;
	size_t i;

	if (list == NULL)
		return;
	errors = json_array();
	json_array_foreach(list, i, row) save_base_row(req, row, errors);
	reply_set_json(reply, 200, errors);
}

void
routes_prices_base_information(struct request *req, struct reply *reply)
{
	const json_t *list = entity_find_list(req, "skus", "string", reply), *sku;
	json_t *found;
	size_t i;

	if (list == NULL)
		return;
	found = json_array();
	json_array_foreach(list, i, sku)
	{
		const struct product *product = find_priced(req, json_string_value(sku));

		for (int store = 0; product != NULL && store < SCOPE_COUNT; store++) {
			json_t *price = own(product, ATTR_PRICE, store);

			if (price != NULL)
				json_array_append_new(found,
						      json_pack("{s:O, s:i, s:O}", "price", price, "store_id", store,
								"sku", product_get(product, ATTR_SKU, SCOPE_ALL)));
		}
	}
	reply_set_json(reply, 200, found);
}

static void
read_special_row(json_t *row, struct special_row *special)
{
	special->row = row;
	special->sku = json_string_value(json_object_get(row, "sku"));
	special->price = json_object_get(row, "price");
	special->store_id = json_object_get(row, "store_id");
	special->from = json_string_value(json_object_get(row, "price_from"));
	special->to = json_string_value(json_object_get(row, "price_to"));
}

static json_t *
optional_text(const char *text)
{
	return text != NULL ? json_string(text) : json_null();
}

/* Row errors of this route name the row in their text, and in their parameters after what was wrong (stolen). */
static void
append_special_error(json_t *errors, const char *problem, json_t *culprit, const struct special_row *row)
{
	json_t *parameters = json_array(), *store = scalar_text(row->store_id);
	const char *store_text = json_string_value(store);

	if (culprit != NULL)
		json_array_append_new(parameters, culprit);
	json_array_append_new(parameters, optional_text(row->sku));
	json_array_append(parameters, store);
	json_array_append_new(parameters, optional_text(row->from));
	json_array_append_new(parameters, optional_text(row->to));
	json_array_append_new(
	    errors, json_pack("{s:o, s:o}", "message",
			      json_sprintf("%s Row ID: SKU = %s, Store ID: %s, Price From: %s, Price To: %s.", problem,
					   row->sku != NULL ? row->sku : "", store_text != NULL ? store_text : "",
					   row->from != NULL ? row->from : "", row->to != NULL ? row->to : ""),
			      "parameters", parameters));
	json_decref(store);
}

/* "YYYY-MM-DD HH:MM:SS" and nothing else. */
static bool
is_date(const char *text)
{
	static const char form[] = "0000-00-00 00:00:00";

	if (text == NULL || *text == '\0')
		return true;
	for (size_t i = 0; i < sizeof(form); i++) {
		if (form[i] == '0' ? text[i] < '0' || text[i] > '9' : text[i] != form[i])
			return false;
	}
	return true;
}

static void
append_date_error(json_t *errors, const char *field, const struct special_row *row)
{
	char problem[128];

	/* Magento names the end date in both texts. */
	snprintf(problem, sizeof(problem), "Invalid attribute %s = %.40s.", field, row->to != NULL ? row->to : "");
	append_special_error(errors, problem, json_string(field), row);
}

static bool
check_special_row(const struct special_row *row, const struct product *product, json_t *errors)
{
	size_t before = json_array_size(errors);
	char problem[96];

	if (product == NULL)
		append_special_error(errors, ERROR_NO_PRODUCT, NULL, row);
	if (!json_is_number(row->price) || json_number_value(row->price) < 0) {
		json_t *text = scalar_text(row->price);

		snprintf(problem, sizeof(problem), "Invalid attribute Price = %.40s.",
			 json_is_string(text) ? json_string_value(text) : "");
		append_special_error(errors, problem, text, row);
	}
	if (!json_is_integer(row->store_id) ||
	    (json_integer_value(row->store_id) != 0 && !attributes_have_website_prices()))
		append_special_error(errors, "Could not change non global Price when price scope is global.", NULL,
				     row);
	if (!json_is_integer(row->store_id) || json_integer_value(row->store_id) >= SCOPE_COUNT)
		append_special_error(errors, "Requested store is not found.", NULL, row);
	if (!is_date(row->from))
		append_date_error(errors, "Price From", row);
	if (!is_date(row->to))
		append_date_error(errors, "Price To", row);
	return json_array_size(errors) == before;
}

static void
set_date(struct product *product, int attribute, int store, const char *text)
{
	bool is_none = text == NULL || *text == '\0';

	if (!attributes_have_website_prices())
		scoped_fini(&product->values[attribute]);
	product_set(product, attribute, store, is_none ? NULL : json_string(text));
}

static void
save_special_row(struct request *req, const struct special_row *row, json_t *errors)
{
	struct product *product = find_priced(req, row->sku);
	int store = place_of(row->store_id);
	char today[20];

	if (!check_special_row(row, product, errors))
		return;
	text_put_time(demo_now_s(req->demo) / 86400 * 86400, today);
	product_set(product, ATTR_SPECIAL_PRICE, store, json_sprintf("%.6f", json_number_value(row->price)));
	set_date(product, ATTR_SPECIAL_FROM, store, row->from != NULL && *row->from != '\0' ? row->from : today);
	set_date(product, ATTR_SPECIAL_TO, store, row->to);
	save_row(req, product, row->row);
}

static bool
same_text(const json_t *stored, const char *sent)
{
	const char *text = json_string_value(stored);

	return strcmp(text != NULL ? text : "", sent != NULL ? sent : "") == 0;
}

/* Only a row that is the present one exactly is deleted; any other is no error and does nothing. */
static void
delete_special_row(struct request *req, const struct special_row *row, json_t *errors)
{
	struct product *product = find_priced(req, row->sku);
	int store = place_of(row->store_id);
	const json_t *price;
	double number;

	if (product == NULL) {
		append_special_error(errors, ERROR_NO_PRODUCT, NULL, row);
		return;
	}
	price = own(product, ATTR_SPECIAL_PRICE, store);
	if (price == NULL || !text_parse_number(json_string_value(price), &number) ||
	    number != json_number_value(row->price) || !same_text(own(product, ATTR_SPECIAL_FROM, store), row->from) ||
	    !same_text(own(product, ATTR_SPECIAL_TO, store), row->to))
		return;
	product_set(product, ATTR_SPECIAL_PRICE, store, NULL);
	set_date(product, ATTR_SPECIAL_FROM, store, NULL);
	set_date(product, ATTR_SPECIAL_TO, store, NULL);
	save_row(req, product, row->row);
}

static void
for_each_special(struct request *req, struct reply *reply,
		 void (*act)(struct request *, const struct special_row *, json_t *))
{
	const json_t *list =
	    entity_find_list(req, "prices", "\\Magento\\Catalog\\Api\\Data\\SpecialPriceInterface", reply);
	struct special_row special;
	json_t *errors, *row;
	size_t i;

	if (list == NULL)
		return;
	errors = json_array();
	json_array_foreach(list, i, row)
	{
		read_special_row(row, &special);
		act(req, &special, errors);
	}
	reply_set_json(reply, 200, errors);
}

void
routes_prices_special(struct request *req, struct reply *reply)
{
	for_each_special(req, reply, save_special_row);
}

void
routes_prices_special_delete(struct request *req, struct reply *reply)
{
	for_each_special(req, reply, delete_special_row);
}

static void
append_special(json_t *found, const struct product *product, int store)
{
	const json_t *price = own(product, ATTR_SPECIAL_PRICE, store);
	json_t *from = own(product, ATTR_SPECIAL_FROM, store);
	json_t *to = own(product, ATTR_SPECIAL_TO, store);
	double number;

	if (price == NULL || !text_parse_number(json_string_value(price), &number))
		return;
	json_array_append_new(found,
			      json_pack("{s:o, s:i, s:O, s:O, s:O}", "price", text_number_json(number), "store_id",
					store, "sku", product_get(product, ATTR_SKU, SCOPE_ALL), "price_from",
					from != NULL ? from : json_null(), "price_to", to != NULL ? to : json_null()));
}

void
routes_prices_special_information(struct request *req, struct reply *reply)
{
	const json_t *list = entity_find_list(req, "skus", "string", reply), *sku;
	json_t *found;
	size_t i;

	if (list == NULL)
		return;
	found = json_array();
	json_array_foreach(list, i, sku)
	{
		const struct product *product = find_priced(req, json_string_value(sku));

		for (int store = 0; product != NULL && store < SCOPE_COUNT; store++)
			append_special(found, product, store);
	}
	reply_set_json(reply, 200, found);
}
