/*
 * The product attributes of the demo shop: which exist, how far a write to each reaches, and how their values look in
 * JSON. The table is fixed; an attribute's place in it is its index in struct product.
 */
#ifndef DEMO_ATTRIBUTES_H
#define DEMO_ATTRIBUTES_H

#include "scope.h"

#include <jansson.h>
#include <stdbool.h>

/* Attributes the code names itself come first, in the order of the table; the others are found by code. */
enum attribute_index {
	ATTR_ID,
	ATTR_SKU,
	ATTR_NAME,
	ATTR_SET,
	ATTR_PRICE,
	ATTR_STATUS,
	ATTR_VISIBILITY,
	ATTR_TYPE,
	ATTR_CREATED,
	ATTR_UPDATED,
	ATTR_WEIGHT,
	ATTR_CUSTOM_FIRST, /* from here on they stand in custom_attributes */
	ATTR_SPECIAL_PRICE = ATTR_CUSTOM_FIRST,
	ATTR_SPECIAL_FROM,
	ATTR_SPECIAL_TO,
	ATTR_URL_KEY,
	ATTR_CATEGORY_IDS,
	ATTR_SHORT_DESCRIPTION,
	ATTR_DESCRIPTION,
	ATTR_TAX_CLASS,
	ATTR_COST,
	ATTR_OPTIONS_CONTAINER,
	ATTR_MSRP_DISPLAY,
	ATTR_REQUIRED_OPTIONS,
	ATTR_HAS_OPTIONS,
	ATTR_MCP_SIZE,
	ATTR_NAMED_COUNT,
	ATTR_COUNT = 34
};

enum attribute_kind {
	KIND_TEXT,
	KIND_INT,     /* a number in JSON */
	KIND_FLOAT,   /* a number in JSON */
	KIND_DECIMAL, /* a string with six decimals */
	KIND_DATE,    /* a string, midnight implied */
	KIND_OPTION,  /* the option id as a string */
	KIND_LIST     /* strings */
};

struct attribute {
	const char *code;
	int id;
	enum scope_reach reach;
	enum attribute_kind kind;
	const char *input;   /* frontend_input */
	const char *backend; /* backend_type */
	const char *label;
	bool required;
	bool user_defined;
};

extern const struct attribute attributes[ATTR_COUNT];

/* Whether prices have a value per website, as the shop's catalog/price/scope says; global at the start. */
void attributes_set_website_prices(bool on);
bool attributes_have_website_prices(void);

/* How far a write reaches: that of the table, or the website for prices that are the websites' own. */
enum scope_reach attribute_reach(int index);

/* Index of a code, -1 if there is none. */
int attribute_find(const char *code);

/* The object GET /V1/products/attributes/{code} answers, options included. New reference. */
json_t *attribute_render(int index);

/* Selectable options with the empty first one, as …/{code}/options lists them; NULL if the attribute has none. */
json_t *attribute_render_options(int index);

#endif
