/*
 * fields.h - the product fields that bulk updates may change: what they take, where Magento wants them, how two values
 * are compared (private to action/)
 *
 * Values are kept in a normal form: numbers as reals with four places, dates as "YYYY-MM-DD HH:MM:SS", status and
 * visibility as integers, lists of ids as sorted integers, absence as null.  Plans, drift detection and the check of
 * Magento's answers all compare normal forms.
 */
#ifndef ACTION_FIELDS_H
#define ACTION_FIELDS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/pool.h"
#include "json/schema.h"
#include "reach.h"

enum field_place {
	FIELD_TOP,	 /* a member of the product; ignored among the custom attributes */
	FIELD_ATTRIBUTE, /* only among the custom attributes; refused as a member */
	FIELD_CATEGORIES /* the attribute category_ids, or empty extension_attributes.category_links */
};

enum field_kind { FIELD_TEXT, FIELD_WORD, FIELD_NUMBER, FIELD_DATE, FIELD_IDS };

struct product_field {
	const char *name;
	enum field_place place;
	enum field_kind kind;
	enum reach_field usual;	  /* scope in a stock shop; the attribute list says the real one */
	bool empty_is_null;	  /* "" and null both clear it */
	const char *const *words; /* FIELD_WORD: names of 1, 2, ... */
};

extern const struct product_field product_fields[];
extern const size_t product_n_fields;
extern const struct json_schema fields_updates_shape; /* the `updates` parameter */

const struct product_field *fields_find(const char *name); /* or NULL */

/* The normal form of a parameter, or of a value in a product as Magento gives it.  New references; NULL without memory.
 */
json_t *fields_of_param(const struct product_field *field, const json_t *value) MUST_CHECK;
json_t *fields_of_product(const struct product_field *field, const json_t *product) MUST_CHECK;

bool fields_same(const struct product_field *field, const json_t *a, const json_t *b); /* normal forms */

/* Puts a target into the body of a product PUT.  0, or -1 without memory. */
int fields_put(const struct product_field *field, json_t *body, const json_t *target) MUST_CHECK;

size_t fields_characters(const char *text); /* letters, not bytes */

/* A meta text of more than 255 characters: it is stored, but what shows it may not. */
bool fields_is_long(const char *name, const json_t *value);
#define FIELDS_LONG_WARNING "%s is longer than 255 characters: themes and exports may cut it"

#endif
