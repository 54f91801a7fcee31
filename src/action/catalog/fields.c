#include "fields.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dates.h"
#include "json/clone.h"
#include "json/get.h"
#include "magento/product.h"

/* ---- the table ---- */

static const char *const status_words[] = {"enabled", "disabled", NULL};
static const char *const visibility_words[] = {"not_visible", "catalog", "search", "both", NULL};

const struct product_field product_fields[] = {
    {"name", FIELD_TOP, FIELD_TEXT, REACH_STORE_VIEW, false, NULL},
    {"status", FIELD_TOP, FIELD_WORD, REACH_WEBSITE, false, status_words},
    {"visibility", FIELD_TOP, FIELD_WORD, REACH_STORE_VIEW, false, visibility_words},
    {"price", FIELD_TOP, FIELD_NUMBER, REACH_GLOBAL, false, NULL},
    {"weight", FIELD_TOP, FIELD_NUMBER, REACH_GLOBAL, true, NULL},
    {"description", FIELD_ATTRIBUTE, FIELD_TEXT, REACH_STORE_VIEW, true, NULL},
    {"short_description", FIELD_ATTRIBUTE, FIELD_TEXT, REACH_STORE_VIEW, true, NULL},
    {"meta_title", FIELD_ATTRIBUTE, FIELD_TEXT, REACH_STORE_VIEW, true, NULL},
    {"meta_description", FIELD_ATTRIBUTE, FIELD_TEXT, REACH_STORE_VIEW, true, NULL},
    {"meta_keyword", FIELD_ATTRIBUTE, FIELD_TEXT, REACH_STORE_VIEW, true, NULL},
    {"url_key", FIELD_ATTRIBUTE, FIELD_TEXT, REACH_STORE_VIEW, false, NULL},
    {"special_price", FIELD_ATTRIBUTE, FIELD_NUMBER, REACH_GLOBAL, false, NULL},
    {"special_from_date", FIELD_ATTRIBUTE, FIELD_DATE, REACH_WEBSITE, true, NULL},
    {"special_to_date", FIELD_ATTRIBUTE, FIELD_DATE, REACH_WEBSITE, true, NULL},
    {"category_ids", FIELD_CATEGORIES, FIELD_IDS, REACH_GLOBAL, false, NULL},
};
const size_t product_n_fields = ARRAY_LEN(product_fields);

const struct product_field *
fields_find(const char *name)
{
	for (size_t i = 0; i < product_n_fields; i++) {
		if (strcmp(product_fields[i].name, name) == 0)
			return &product_fields[i];
	}
	return NULL;
}

/* ---- what the parameter takes ---- */

static bool
match_url_key(const char *text, size_t len)
{
	return len > 0 && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == len;
}

#define MONEY_MAX 99999999.9999

static const struct json_schema name_shape = {.type = JSON_T_STRING, .min_length = 1, .max_length = 255};
static const struct json_schema text_shape = {.type = JSON_T_STRING, .max_length = 1000000, .nullable = true};
static const struct json_schema meta_shape = {
    .type = JSON_T_STRING, .max_length = 65535, .nullable = true, .description = "null removes the value"};
static const struct json_schema money_shape = {
    .type = JSON_T_NUMBER, .minimum = JSON_BOUND(0), .maximum = JSON_BOUND(MONEY_MAX)};
static const struct json_schema special_price_shape = {.type = JSON_T_NUMBER,
						       .nullable = true,
						       .minimum = JSON_BOUND(0),
						       .maximum = JSON_BOUND(MONEY_MAX),
						       .description =
							   "null removes the special price; 0 sells for nothing"};
static const struct json_schema weight_shape = {.type = JSON_T_NUMBER, .nullable = true, .minimum = JSON_BOUND(0)};
static const struct json_schema url_key_shape = {
    .type = JSON_T_STRING,
    .min_length = 1,
    .max_length = 255,
    .match = match_url_key,
    .pattern = "^[a-z0-9-]+$",
    .hint = "lower-case letters, digits and -",
    .description = "One product per plan; for more use seo_prepare_bulk_update_url_keys"};
static const struct json_schema date_shape = {.type = JSON_T_STRING,
					      .nullable = true,
					      .match = date_is_moment,
					      .pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}( [0-9]{2}:[0-9]{2}:[0-9]{2})?$",
					      .hint = "YYYY-MM-DD or YYYY-MM-DD HH:MM:SS",
					      .description = "null removes the date"};
static const struct json_schema id_shape = {.type = JSON_T_INTEGER, .minimum = JSON_BOUND(1)};
static const struct json_schema ids_shape = {.type = JSON_T_ARRAY,
					     .items = &id_shape,
					     .max_items = 100,
					     .unique_items = true,
					     .description =
						 "Replaces the product's categories; [] takes it out of all"};

static const struct json_schema status_number = {
    .type = JSON_T_INTEGER, .minimum = JSON_BOUND(1), .maximum = JSON_BOUND(2)};
static const struct json_schema status_word = {.type = JSON_T_STRING, .enumeration = status_words};
static const struct json_schema *const status_forms[] = {&status_number, &status_word, NULL};
static const struct json_schema status_shape = {.any_of = status_forms, .description = "1 or enabled, 2 or disabled"};
static const struct json_schema visibility_number = {
    .type = JSON_T_INTEGER, .minimum = JSON_BOUND(1), .maximum = JSON_BOUND(4)};
static const struct json_schema visibility_word = {.type = JSON_T_STRING, .enumeration = visibility_words};
static const struct json_schema *const visibility_forms[] = {&visibility_number, &visibility_word, NULL};
static const struct json_schema visibility_shape = {.any_of = visibility_forms,
						    .description = "1 not_visible, 2 catalog, 3 search, 4 both"};

static const struct json_prop updates_props[] = {
    {"name", &name_shape, false, NULL},
    {"status", &status_shape, false, NULL},
    {"visibility", &visibility_shape, false, NULL},
    {"price", &money_shape, false, NULL},
    {"weight", &weight_shape, false, NULL},
    {"description", &text_shape, false, NULL},
    {"short_description", &text_shape, false, NULL},
    {"meta_title", &meta_shape, false, NULL},
    {"meta_description", &meta_shape, false, NULL},
    {"meta_keyword", &meta_shape, false, NULL},
    {"url_key", &url_key_shape, false, NULL},
    {"special_price", &special_price_shape, false, NULL},
    {"special_from_date", &date_shape, false, NULL},
    {"special_to_date", &date_shape, false, NULL},
    {"category_ids", &ids_shape, false, NULL},
    {0},
};

const struct json_schema fields_updates_shape = {.type = JSON_T_OBJECT,
						 .props = updates_props,
						 .min_properties = 1,
						 .description = "Field -> new value; null clears where it is allowed"};

/* ---- normal forms ---- */

static json_t *
normal_number(double value)
{
	return json_real(round(value * 10000.0) / 10000.0); /* four places, as the shop keeps */
}

/* Magento gives decimals as text ("5.500000") among the attributes. */
static json_t *
number_of(const json_t *value)
{
	char *end;
	double number;

	if (json_is_number(value))
		return normal_number(json_number_value(value));
	if (!json_is_string(value) || json_string_length(value) == 0)
		return json_null();
	number = strtod(json_string_value(value), &end);
	return *end == '\0' ? normal_number(number) : json_null();
}

/* Some modules give numbers where Magento gives text. */
static json_t *
text_of(const struct product_field *field, const json_t *value)
{
	char *text;
	json_t *string;

	if (json_is_string(value))
		return field->empty_is_null && json_string_length(value) == 0 ? json_null()
									      : json_string(json_string_value(value));
	if (!json_is_number(value))
		return json_null();
	text = json_dumps(value, JSON_ENCODE_ANY);
	string = text != NULL ? json_string(text) : NULL;
	free(text);
	return string;
}

static json_t *
date_of(const json_t *value)
{
	const char *text = json_string_value(value);
	char whole[32];

	if (text == NULL || text[0] == '\0')
		return json_null();
	snprintf(whole, sizeof(whole), "%.19s%s", text, strlen(text) == 10 ? " 00:00:00" : "");
	return json_string(whole);
}

static json_t *
word_of(const struct product_field *field, const json_t *value)
{
	int64_t number;

	for (int i = 0; json_is_string(value) && field->words[i] != NULL; i++) {
		if (strcmp(field->words[i], json_string_value(value)) == 0)
			return json_integer(i + 1);
	}
	if (json_is_string(value))
		return json_integer(strtoll(json_string_value(value), NULL, 10));
	return json_is_integral(value, &number) ? json_integer(number) : json_null();
}

static int
compare_ids(const void *a, const void *b)
{
	json_int_t x = *(const json_int_t *)a, y = *(const json_int_t *)b;

	return (x > y) - (x < y);
}

static json_int_t
id_of(const json_t *value)
{
	int64_t number = 0;

	if (json_is_string(value))
		return strtoll(json_string_value(value), NULL, 10);
	return json_is_integral(value, &number) ? number : 0;
}

/* A list of ids: numbers, text, or category links. */
static json_t *
ids_of(const json_t *list)
{
	size_t n = json_array_size(list);
	json_int_t *ids = calloc(n + 1, sizeof(*ids));
	json_t *sorted = json_array();

	for (size_t i = 0; ids != NULL && i < n; i++) {
		const json_t *item = json_array_get(list, i);

		ids[i] = id_of(json_is_object(item) ? json_object_get(item, "category_id") : item);
	}
	if (ids != NULL)
		qsort(ids, n, sizeof(*ids), compare_ids);
	for (size_t i = 0; ids != NULL && i < n; i++) {
		if (json_array_append_new(sorted, json_integer(ids[i])) < 0) {
			json_decref(sorted);
			sorted = NULL;
			break;
		}
	}
	if (ids == NULL) {
		json_decref(sorted);
		sorted = NULL;
	}
	free(ids);
	return sorted;
}

json_t *
fields_of_param(const struct product_field *field, const json_t *value)
{
	if (value == NULL || json_is_null(value))
		return json_null();
	switch (field->kind) {
	case FIELD_TEXT:
		return text_of(field, value);
	case FIELD_WORD:
		return word_of(field, value);
	case FIELD_NUMBER:
		return number_of(value);
	case FIELD_DATE:
		return date_of(value);
	case FIELD_IDS:
		break;
	}
	return ids_of(value);
}

json_t *
fields_of_product(const struct product_field *field, const json_t *product)
{
	const json_t *extension = json_get_object(product, "extension_attributes");

	switch (field->place) {
	case FIELD_TOP:
		return fields_of_param(field, json_get(product, field->name));
	case FIELD_ATTRIBUTE:
		return fields_of_param(field, product_attribute(product, field->name));
	case FIELD_CATEGORIES:
		break;
	}
	if (json_get_array(extension, "category_links") != NULL)
		return ids_of(json_get_array(extension, "category_links"));
	return ids_of(product_attribute(product, field->name));
}

bool
fields_same(const struct product_field *field, const json_t *a, const json_t *b)
{
	if (json_is_null(a) || json_is_null(b))
		return json_is_null(a) && json_is_null(b);
	if (field->kind == FIELD_NUMBER)
		return fabs(json_number_value(a) - json_number_value(b)) < 0.00005;
	return json_equal(a, b);
}

/* ---- bodies ---- */

/* The list of custom attributes of a body, made when it is not there; NULL without memory. */
static json_t *
attributes_of(json_t *body)
{
	if (json_object_get(body, "custom_attributes") == NULL &&
	    json_object_set_new(body, "custom_attributes", json_array()) < 0)
		return NULL;
	return json_object_get(body, "custom_attributes");
}

static int
put_attribute(const struct product_field *field, json_t *body, const json_t *target)
{
	json_t *list = attributes_of(body);
	json_t *value;
	char text[64];

	/* Only null removes a special price: empty text would store 0.00. */
	if (json_is_null(target)) {
		value = json_null();
	} else if (field->kind == FIELD_NUMBER) {
		snprintf(text, sizeof(text), "%.4f", json_number_value(target));
		value = json_string(text);
	} else {
		value = json_string(json_string_value(target));
	}
	return json_array_append_new(list, json_pack("{s:s, s:o}", "attribute_code", field->name, "value", value));
}

/*
 * Two ways, for two cases: the attribute `category_ids` replaces the set but ignores an empty list; `category_links`
 * merges, and only an empty list of them takes the product out of all.
 */
static int
put_categories(json_t *body, const json_t *target)
{
	json_t *ids, *list;

	if (json_array_size(target) == 0)
		return json_object_set_new(body, "extension_attributes", json_pack("{s:[]}", "category_links"));
	list = attributes_of(body);
	ids = json_array();
	for (size_t i = 0; i < json_array_size(target); i++) {
		char id[24];

		snprintf(id, sizeof(id), "%lld", (long long)json_integer_value(json_array_get(target, i)));
		if (json_array_append_new(ids, json_string(id)) < 0) {
			json_decref(ids);
			return -1;
		}
	}
	return json_array_append_new(list, json_pack("{s:s, s:o}", "attribute_code", "category_ids", "value", ids));
}

int
fields_put(const struct product_field *field, json_t *body, const json_t *target)
{
	switch (field->place) {
	case FIELD_TOP:
		return json_object_set_new(body, field->name, json_clone(target));
	case FIELD_ATTRIBUTE:
		return put_attribute(field, body, target);
	case FIELD_CATEGORIES:
		break;
	}
	return put_categories(body, target);
}

/* ---- long texts ---- */

#define META_PREFIX "meta_"
#define META_ADVISED 255

size_t
fields_characters(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

bool
fields_is_long(const char *name, const json_t *value)
{
	return strncmp(name, META_PREFIX, strlen(META_PREFIX)) == 0 && json_is_string(value) &&
	       fields_characters(json_string_value(value)) > META_ADVISED;
}
