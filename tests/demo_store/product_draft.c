#include "product_draft.h"

#include "errors.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

#define IN_CUSTOM "Error occurred during \"custom_attributes\" processing. "

/* Top-level names beside those of attributes. */
static const char *const structures[] = {
    "id",	   "extension_attributes", "product_links", "options", "media_gallery_entries",
    "tier_prices", "custom_attributes"};

static const char *const extensions[] = {"website_ids",
					 "category_links",
					 "stock_item",
					 "configurable_product_options",
					 "configurable_product_links",
					 "source_items",
					 "bundle_product_options",
					 "downloadable_product_links",
					 "downloadable_product_samples",
					 "discounts"};

static bool
is_one_of(const char *name, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(names[i], name) == 0)
			return true;
	}
	return false;
}

static void
draft_put(struct draft *draft, int attribute, json_t *value)
{
	json_decref(draft->values[attribute]);
	draft->values[attribute] = value;
	draft->sent[attribute] = true;
}

/* A number for a top-level field; numeric strings will do. */
static int
read_number(struct draft *draft, int attribute, const json_t *value, struct reply *reply)
{
	bool integer = attributes[attribute].kind == KIND_INT;
	char buf[TEXT_NUMBER_MAX];
	const char *text = text_from_json(value, buf);
	double number = 0;

	if (text == NULL || !text_parse_number(text, &number) || number > 1e15 || number < -1e15 ||
	    (integer && number != (double)(long long)number)) {
		error_set_type(reply, attributes[attribute].code, text != NULL ? text : "array",
			       integer ? "int" : "float");
		return -1;
	}
	draft_put(draft, attribute, text_number_json(number));
	return 0;
}

static int
read_core(struct draft *draft, int attribute, const json_t *value, struct reply *reply)
{
	char buf[TEXT_NUMBER_MAX];
	const char *text;

	if (json_is_null(value)) {
		draft_put(draft, attribute, NULL);
		return 0;
	}
	if (attributes[attribute].kind != KIND_TEXT)
		return read_number(draft, attribute, value, reply);
	text = text_from_json(value, buf);
	if (text == NULL) {
		error_set_type(reply, attributes[attribute].code, "array", "string");
		return -1;
	}
	draft_put(draft, attribute, json_string(text));
	return 0;
}

static int
refuse_custom(struct reply *reply, const char *code, const char *value, const char *expected)
{
	reply_set_json(
	    reply, 400,
	    json_pack("{s:o}", "message",
		      json_sprintf(IN_CUSTOM "Attribute \"%s\" has invalid value. The \"%s\" value's type is invalid. "
					     "The \"%s\" type was expected. Verify and try again.",
				   code, value, expected)));
	return -1;
}

/* ISO dates and bare days become "YYYY-MM-DD HH:MM:SS"; what is no date at all stays as it is. */
static json_t *
make_date(const char *text)
{
	char date[20] = "0000-00-00 00:00:00";
	size_t len = strlen(text);

	if (len < 10 || text[4] != '-' || text[7] != '-')
		return json_string(text);
	memcpy(date, text, 10);
	if (len >= 19)
		memcpy(date + 11, text + 11, 8);
	return json_string(date);
}

static json_t *
make_url_key(const char *text)
{
	char *slug = text_make_slug(text);
	json_t *value = json_string(slug);

	free(slug);
	return value;
}

static json_t *
make_decimal(const char *text)
{
	double number = 0;

	/* An empty string is stored as nothing at all, which for a price means zero. */
	if (*text != '\0' && !text_parse_number(text, &number))
		return NULL;
	return json_sprintf("%.6f", number);
}

static int
read_custom_scalar(struct draft *draft, int attribute, const char *text, struct reply *reply)
{
	const struct attribute *a = &attributes[attribute];
	long long option;
	json_t *value;

	if (a->kind == KIND_OPTION && !text_parse_integer(text, &option))
		return refuse_custom(reply, a->code, text, "int");
	if (a->kind == KIND_DECIMAL && (value = make_decimal(text)) == NULL)
		return refuse_custom(reply, a->code, text, "float");
	if (a->kind == KIND_DATE)
		value = *text != '\0' ? make_date(text) : NULL;
	else if (a->kind != KIND_DECIMAL)
		value = attribute == ATTR_URL_KEY ? make_url_key(text) : json_string(text);
	draft_put(draft, attribute, value);
	return 0;
}

static int
read_custom_value(struct draft *draft, int attribute, const json_t *value, struct reply *reply)
{
	char buf[TEXT_NUMBER_MAX];
	const char *text = text_from_json(value, buf);

	if (json_is_null(value)) {
		draft_put(draft, attribute, NULL);
		return 0;
	}
	if (attributes[attribute].kind == KIND_LIST) {
		if (!json_is_array(value))
			return refuse_custom(reply, attributes[attribute].code, "string", "int[]");
		/* An empty list is no change. */
		if (json_array_size(value) > 0)
			draft_put(draft, attribute, json_deep_copy(value));
		return 0;
	}
	if (text == NULL)
		return refuse_custom(reply, attributes[attribute].code, "array", "string");
	return read_custom_scalar(draft, attribute, text, reply);
}

static bool
is_on(const json_t *value)
{
	char buf[TEXT_NUMBER_MAX];
	const char *text = text_from_json(value, buf);

	return text != NULL && strcmp(text, "1") == 0;
}

static int
read_custom_entry(struct draft *draft, const json_t *entry, struct reply *reply)
{
	const char *code = json_string_value(json_object_get(entry, "attribute_code"));
	const json_t *value = json_object_get(entry, "value");
	int attribute;

	if (code == NULL) {
		error_set(
		    reply, 400,
		    IN_CUSTOM
		    "A custom attribute is specified with a missing attribute code. Verify the code and try again.");
		return -1;
	}
	if (value == NULL) {
		reply_set_json(
		    reply, 400,
		    json_pack(
			"{s:o}", "message",
			json_sprintf(IN_CUSTOM
				     "The \"%s\" attribute code doesn't have a value set. Enter the value and try "
				     "again.",
				     code)));
		return -1;
	}
	if (strcmp(code, "save_rewrites_history") == 0)
		draft->keep_history = is_on(value);
	attribute = attribute_find(code);
	/* Unknown codes are dropped, and so are those that belong to the top level. */
	return attribute < ATTR_CUSTOM_FIRST ? 0 : read_custom_value(draft, attribute, value, reply);
}

static int
read_custom(struct draft *draft, const json_t *list, struct reply *reply)
{
	if (json_is_null(list))
		return 0;
	if (!json_is_array(list)) {
		error_set_fatal(reply);
		return -1;
	}
	for (size_t i = 0; i < json_array_size(list); i++) {
		if (read_custom_entry(draft, json_array_get(list, i), reply) < 0)
			return -1;
	}
	return 0;
}

static void
read_stock(struct draft *draft, const json_t *stock)
{
	const json_t *qty = json_object_get(stock, "qty"), *in_stock = json_object_get(stock, "is_in_stock");
	char buf[TEXT_NUMBER_MAX];
	const char *text = qty != NULL ? text_from_json(qty, buf) : NULL;

	draft->has_qty = text != NULL && text_parse_number(text, &draft->qty);
	draft->has_stock = in_stock != NULL;
	draft->in_stock = json_is_true(in_stock) || json_integer_value(in_stock) == 1;
}

static int
read_extension(struct draft *draft, json_t *object, struct reply *reply)
{
	const char *name;
	json_t *value;

	json_object_foreach(object, name, value)
	{
		if (!is_one_of(name, extensions, sizeof(extensions) / sizeof(extensions[0]))) {
			error_set_unsupported(reply, name);
			return -1;
		}
	}
	value = json_object_get(object, "website_ids");
	if (json_is_array(value))
		draft->website_ids = json_deep_copy(value);
	value = json_object_get(object, "category_links");
	if (json_is_array(value))
		draft->links = json_deep_copy(value);
	read_stock(draft, json_object_get(object, "stock_item"));
	return 0;
}

static int
read_member(struct draft *draft, const char *name, json_t *value, struct reply *reply)
{
	char snake[TEXT_NAME_MAX];
	int attribute;

	if (text_make_snake_case(name, snake)) {
		if (strcmp(snake, "custom_attributes") == 0)
			return read_custom(draft, value, reply);
		if (strcmp(snake, "extension_attributes") == 0)
			return read_extension(draft, value, reply);
		if (is_one_of(snake, structures, sizeof(structures) / sizeof(structures[0])))
			return 0;
		attribute = attribute_find(snake);
		if (attribute > ATTR_ID && attribute < ATTR_CUSTOM_FIRST)
			return read_core(draft, attribute, value, reply);
	}
	error_set_unsupported(reply, name);
	return -1;
}

int
draft_init(struct draft *draft, json_t *body, struct reply *reply)
{
	const char *name;
	json_t *value;

	*draft = (struct draft){0};
	json_object_foreach(body, name, value)
	{
		if (read_member(draft, name, value, reply) < 0)
			return -1;
	}
	return 0;
}

void
draft_fini(struct draft *draft)
{
	for (int i = 0; i < ATTR_COUNT; i++)
		json_decref(draft->values[i]);
	json_decref(draft->website_ids);
	json_decref(draft->links);
}
