/*
 * sample_schema.h - one schema that uses every keyword, shaped like the tools' own
 *
 * Shared by the tests of publishing and checking and by the fuzzer.
 */
#ifndef SAMPLE_SCHEMA_H
#define SAMPLE_SCHEMA_H

#include <string.h>

#include "base/compiler.h"
#include "json/schema.h"

static bool
sample_is_code(const char *text, size_t len)
{
	return len > 0 && strspn(text, "abcdefghijklmnopqrstuvwxyz_") == len;
}

static const char *const sample_conditions[] = {"eq", "like", NULL};
static const char *const sample_levels[] = {"low", NULL};
static const char *const sample_modes[] = {"append", "replace", "remove", NULL};

static const struct json_schema sample_sku = {.type = JSON_T_STRING, .min_length = 1, .max_length = 5};

static const struct json_prop sample_condition_props[] = {
    JSON_REQUIRED("value", .type = JSON_T_STRING),
    JSON_OPTIONAL("condition", .type = JSON_T_STRING, .enumeration = sample_conditions),
    {0},
};

static const struct json_schema *const sample_filter_forms[] = {
    JSON_SCHEMA(.type = JSON_T_STRING, .min_length = 1),
    JSON_SCHEMA(.type = JSON_T_NUMBER),
    JSON_SCHEMA(.type = JSON_T_OBJECT, .props = sample_condition_props),
    NULL,
};

static const struct json_schema sample_filter = {.any_of = sample_filter_forms};

static const struct json_prop sample_match_props[] = {
    JSON_OPTIONAL("sku_list", .type = JSON_T_ARRAY, .description = "Exact SKUs", .items = &sample_sku, .min_items = 1,
		  .max_items = 4, .unique_items = true),
    JSON_OPTIONAL("attribute_filters", .type = JSON_T_OBJECT, .extra_schema = &sample_filter,
		  .key_match = sample_is_code, .key_pattern = "^[a-z_]+$", .key_hint = "an attribute code",
		  .max_properties = 3),
    JSON_OPTIONAL("ids", .type = JSON_T_ARRAY, .unique_items = true, .min_items = 2,
		  .items = JSON_SCHEMA(.type = JSON_T_INTEGER, .minimum = JSON_BOUND(1))),
    {0},
};

static const struct json_schema sample_match = {
    .type = JSON_T_OBJECT, .props = sample_match_props, .min_properties = 1};

static const struct json_prop sample_props[] = {
    {.name = "match", .schema = &sample_match, .required = true, .description = "Which products"},
    JSON_OPTIONAL("mode", .type = JSON_T_STRING, .enumeration = sample_modes, .default_json = "\"append\""),
    JSON_OPTIONAL("page_size", .type = JSON_T_INTEGER, .title = "Page size", .minimum = JSON_BOUND(1),
		  .maximum = JSON_BOUND(200), .default_json = "20"),
    JSON_OPTIONAL("percent", .type = JSON_T_NUMBER, .exclusive_minimum = JSON_BOUND(0),
		  .exclusive_maximum = JSON_BOUND(99.5)),
    JSON_OPTIONAL("code", .type = JSON_T_STRING, .match = sample_is_code, .pattern = "^[a-z_]+$"),
    JSON_OPTIONAL("date", .type = JSON_T_STRING, .nullable = true, .format = "date"),
    JSON_OPTIONAL("level", .type = JSON_T_STRING, .nullable = true, .enumeration = sample_levels),
    JSON_OPTIONAL("confirm", .type = JSON_T_BOOLEAN, .const_true = true),
    JSON_OPTIONAL("force", .type = JSON_T_BOOLEAN, .default_json = "false"),
    JSON_OPTIONAL("values", .type = JSON_T_OBJECT, .extra = JSON_EXTRA_ALLOWED),
    JSON_OPTIONAL("anything", .type = JSON_T_ANY),
    JSON_OPTIONAL("list", .type = JSON_T_ARRAY),
    {0},
};

static const struct json_schema sample_schema = {
    .type = JSON_T_OBJECT, .description = "Every keyword", .props = sample_props};

#endif
