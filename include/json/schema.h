/*
 * schema.h - what a value must look like: as C data, published as JSON Schema 2020-12, checked by our own code
 *
 * Tools describe their parameters and results with constant tables of these nodes.  The same table is published in
 * tools/list and held against the arguments, so the two cannot drift apart.  Nothing is ever read from
 * schema text, so there is no $ref to fetch and no keyword that is published but not checked - except `format`,
 * `title`, `description` and `default`, which are notes for the reader.
 *
 *   static const struct json_prop login_props[] = {
 *       JSON_OPTIONAL("store", .type = JSON_T_STRING, .description = "...", .min_length = 1),
 *       JSON_REQUIRED("otp", .type = JSON_T_STRING, .match = is_otp, .pattern = "^[0-9]{6,8}$"),
 *       {.name = "scope", .schema = &scope_schema, .description = "..."},
 *       {0},
 *   };
 *   static const struct json_schema login_params = {.type = JSON_T_OBJECT, .props = login_props};
 */
#ifndef JSON_SCHEMA_H
#define JSON_SCHEMA_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

enum json_schema_type {
	JSON_T_ANY = 0, /* no "type" is published */
	JSON_T_OBJECT,
	JSON_T_ARRAY,
	JSON_T_STRING,	/* never holds a NUL: what passed the check is safe as a C string */
	JSON_T_INTEGER, /* 5 and 5.0, not 5.5, not "5"; read it with json_get_int() */
	JSON_T_NUMBER,
	JSON_T_BOOLEAN
};

/* Members that no json_prop names. */
enum json_extra {
	JSON_EXTRA_REFUSED = 0, /* "additionalProperties": false */
	JSON_EXTRA_ALLOWED	/* "additionalProperties": true, anything goes */
};

/* An optional number: .minimum = JSON_BOUND(1) */
struct json_bound {
	bool set;
	double value;
};
#define JSON_BOUND(number)                                                                                             \
	{                                                                                                              \
		true, (number)                                                                                         \
	}

/* A character class or shape, checked by code; `text` is `len` bytes of UTF-8 and NUL-terminated. */
typedef bool (*json_match_fn)(const char *text, size_t len);

struct json_schema {
	enum json_schema_type type;
	bool nullable; /* null is allowed too */
	const char *title;
	const char *description;
	const char *default_json; /* JSON text, published as it is: "20", "\"EQUALS\"", "false" */

	/* strings */
	const char *const *enumeration; /* NULL-terminated */
	size_t min_length;		/* in code points; 0 = none */
	size_t max_length;
	json_match_fn match; /* both or neither: the check ... */
	const char *pattern; /* ... and the regular expression that tells a reader the same */
	const char *hint;    /* "must be ..." said when match refuses; default: the pattern is quoted */
	const char *format;  /* published only: "uri", "date-time" */

	bool const_true; /* booleans: only true */

	/* numbers */
	struct json_bound minimum, maximum, exclusive_minimum, exclusive_maximum;

	/* arrays */
	const struct json_schema *items; /* NULL: any */
	size_t min_items;		 /* 0 = none */
	size_t max_items;
	bool unique_items; /* only with `items` of a scalar type */

	/* objects */
	const struct json_prop *props; /* ends with {0} */
	enum json_extra extra;
	const struct json_schema *extra_schema; /* what other members must look like; wins over `extra` */
	json_match_fn key_match;		/* other members' names, "propertyNames"; only without props */
	const char *key_pattern;
	const char *key_hint;
	size_t min_properties; /* 0 = none */
	size_t max_properties;

	/* The value passes if it passes one of these (few, NULL-terminated); published as "anyOf" beside the rest. */
	const struct json_schema *const *any_of;
};

struct json_prop {
	const char *name;
	const struct json_schema *schema;
	bool required;
	const char *description; /* takes the place of the schema's own, for shapes used twice */
};

/* Constant only at file scope, where such literals live for ever. */
#define JSON_SCHEMA(...) (&(const struct json_schema){__VA_ARGS__})
#define JSON_OPTIONAL(prop_name, ...)                                                                                  \
	{                                                                                                              \
		.name = (prop_name), .schema = JSON_SCHEMA(__VA_ARGS__)                                                \
	}
#define JSON_REQUIRED(prop_name, ...)                                                                                  \
	{                                                                                                              \
		.name = (prop_name), .schema = JSON_SCHEMA(__VA_ARGS__), .required = true                              \
	}

/* Schema nodes nested deeper than this are a bug. */
#define JSON_SCHEMA_DEPTH_MAX 24

/*
 * JSON Schema 2020-12; a new reference.  The order of members is fixed, so that equal tables give equal bytes.
 * ERR_NOMEM; a `default_json` that is not JSON is a bug.
 */
int json_schema_to_json(const struct json_schema *schema, json_t **out_r) MUST_CHECK;

#define JSON_VIOLATIONS_MAX 50

/*
 * Holds `value` against the schema and appends {"path", "message", "allowed"?} to the array `violations` for every
 * place that is wrong, up to 50.  Paths begin with root_path: params.match.sku_list[3].  Messages continue the path as
 * a sentence ("must be an integer, not a string") and are written for a model to act on; an unknown name is told the
 * nearest known one, and "allowed" lists names or enum values.  Gives the number of violations, or ERR_NOMEM.
 * `violations` NULL: they are only counted.
 */
int json_schema_check(const struct json_schema *schema, const json_t *value, const char *root_path,
		      json_t *violations) MUST_CHECK;

#endif
