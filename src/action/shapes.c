#include "shapes.h"

#include <string.h>

#include "magento/criteria.h"
#include "magento/scope.h"

/* ---- plain pieces ---- */

const struct json_schema shape_nothing = {.type = JSON_T_OBJECT};
const struct json_schema shape_text = {.type = JSON_T_STRING};
const struct json_schema shape_flag = {.type = JSON_T_BOOLEAN};
const struct json_schema shape_count = {.type = JSON_T_INTEGER, .minimum = JSON_BOUND(0)};
const struct json_schema shape_texts = {.type = JSON_T_ARRAY, .items = &shape_text};

static const struct json_schema any_object = {.type = JSON_T_OBJECT, .extra = JSON_EXTRA_ALLOWED};
const struct json_schema shape_objects = {.type = JSON_T_ARRAY, .items = &any_object};

/* ---- scope ---- */

static bool
match_code(const char *text, size_t len)
{
	return strlen(text) == len && scope_is_code(text);
}

#define CODE_PATTERN "^[A-Za-z][A-Za-z0-9_]*$"
#define CODE_HINT "a code: a letter, then letters, digits and _"

static const char *const global_only[] = {"global", NULL};

const struct json_schema shape_code = {.type = JSON_T_STRING,
				       .max_length = SCOPE_CODE_MAX,
				       .match = match_code,
				       .pattern = CODE_PATTERN,
				       .hint = CODE_HINT};

static const struct json_schema global_word = {
    .type = JSON_T_STRING, .enumeration = global_only, .description = "All store views"};

static const struct json_prop scope_props[] = {
    {"website_code", &shape_code, false, "Code of a website; store-view fields are written to all its store views"},
    {"store_code", &shape_code, false, "Code of a store (store group)"},
    {"store_view_code", &shape_code, false, "Code of one store view"},
    {"scope", &global_word, false, NULL},
    {0},
};

const struct json_schema shape_scope = {
    .type = JSON_T_OBJECT,
    .description = "Which store view's values: one of the codes, or {\"scope\":\"global\"}",
    .props = scope_props,
    .min_properties = 1,
};

const struct json_schema shape_scope_or_null = {.type = JSON_T_OBJECT, .nullable = true, .props = scope_props};

static bool
match_code_or_empty(const char *text, size_t len)
{
	return len == 0 || match_code(text, len);
}

const struct json_schema shape_store_view_code = {
    .type = JSON_T_STRING,
    .max_length = SCOPE_CODE_MAX,
    .match = match_code_or_empty,
    .pattern = "^([A-Za-z][A-Za-z0-9_]*)?$",
    .hint = CODE_HINT,
    .description = "Code of the store view, see scope_list_websites_stores",
};

/* ---- catalog ---- */

/* "." and ".." would be taken for path segments on their way to the store. */
static bool
match_sku(const char *text, size_t len)
{
	return len > 0 && strcmp(text, ".") != 0 && strcmp(text, "..") != 0;
}

const struct json_schema shape_sku = {
    .type = JSON_T_STRING,
    .min_length = 1,
    .max_length = SHAPE_SKU_MAX,
    .match = match_sku,
    .pattern = "^(?!\\.{1,2}$)",
    .hint = "an SKU, not . or ..",
    .description = "Exact SKU",
};

const struct json_schema shape_page_size = {
    .type = JSON_T_INTEGER,
    .minimum = JSON_BOUND(1),
    .maximum = JSON_BOUND(SHAPE_PAGE_SIZE_MAX),
    .default_json = "20",
    .description = "Items per page",
};

const struct json_schema shape_current_page = {
    .type = JSON_T_INTEGER,
    .minimum = JSON_BOUND(1),
    .maximum = JSON_BOUND(1000000),
    .default_json = "1",
    .description = "Page number, from 1",
};

static bool
match_field(const char *text, size_t len)
{
	return (len == 1 && text[0] == '*') || (strlen(text) == len && criteria_is_field(text));
}

static const struct json_schema field_name = {
    .type = JSON_T_STRING,
    .max_length = 60,
    .match = match_field,
    .pattern = "^(\\*|[a-z][a-z0-9_]*)$",
    .hint = "a field name or attribute code in lower case, or *",
};

const struct json_schema shape_fields = {
    .type = JSON_T_ARRAY,
    .items = &field_name,
    .min_items = 1,
    .max_items = 60,
    .description = "Fields to return, core fields or attribute codes; * means everything",
};

/* ---- filters: attribute code -> value | list | {value, condition} | list of those ---- */

static const char *const conditions[] = {"eq", "neq", "gt",   "gteq",	 "lt",	 "lteq", "moreq",  "like", "nlike",
					 "in", "nin", "null", "notnull", "from", "to",	 "finset", NULL};

static const struct json_schema scalar_text = {.type = JSON_T_STRING, .max_length = 1000};
static const struct json_schema scalar_number = {.type = JSON_T_NUMBER};
static const struct json_schema scalar_boolean = {.type = JSON_T_BOOLEAN};
static const struct json_schema *const scalars[] = {&scalar_text, &scalar_number, &scalar_boolean, NULL};
static const struct json_schema scalar = {.any_of = scalars};
static const struct json_schema scalar_list = {
    .type = JSON_T_ARRAY, .items = &scalar, .min_items = 1, .max_items = 1000};

static const struct json_schema *const values[] = {&scalar_text, &scalar_number, &scalar_boolean, &scalar_list, NULL};
static const struct json_schema condition_value = {
    .any_of = values, .description = "Value to compare with; a list for in and nin; left out for null and notnull"};
static const struct json_schema condition_name = {
    .type = JSON_T_STRING, .enumeration = conditions, .default_json = "\"eq\""};

static const struct json_prop condition_props[] = {
    {"value", &condition_value, false, NULL},
    {"condition", &condition_name, false, NULL},
    {0},
};
static const struct json_schema condition = {.type = JSON_T_OBJECT, .props = condition_props, .min_properties = 1};
static const struct json_schema condition_list = {
    .type = JSON_T_ARRAY, .items = &condition, .min_items = 1, .max_items = 10};

static const struct json_schema *const filters[] = {
    &scalar_text, &scalar_number, &scalar_boolean, &scalar_list, &condition, &condition_list, NULL};
static const struct json_schema filter = {.any_of = filters};

static bool
match_attribute(const char *text, size_t len)
{
	return strlen(text) == len && criteria_is_field(text);
}

const struct json_schema shape_filters = {
    .type = JSON_T_OBJECT,
    .description =
	"Attribute code -> value (equals), list (any of), or {value, condition}, or a list of those (all must "
	"hold). Conditions: eq neq gt gteq lt lteq like nlike in nin null notnull from to finset moreq. With "
	"like, % is the wildcard",
    .extra_schema = &filter,
    .key_match = match_attribute,
    .key_pattern = "^[a-z][a-z0-9_]*$",
    .key_hint = "an attribute code in lower case",
    .max_properties = 20,
};

/* ---- confirmation ---- */

/* A missing or false `confirm` is no fault of shape: CONFIRMATION_REQUIRED says what is needed. */
const struct json_schema shape_confirm = {
    .type = JSON_T_BOOLEAN,
    .description = "Must be true: you have shown the change to the user. Needed while the server asks for confirmation",
};

const struct json_schema shape_reason = {
    .type = JSON_T_STRING,
    .max_length = 500,
    .description = "Why; goes to the audit log. Needed together with confirm",
};

static bool
match_key(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] < 0x21 || text[i] > 0x7e)
			return false;
	}
	return len > 0;
}

const struct json_schema shape_idempotency_key = {
    .type = JSON_T_STRING,
    .min_length = 1,
    .max_length = 128,
    .match = match_key,
    .pattern = "^[!-~]+$",
    .hint = "printable ASCII without spaces",
    .description = "Repeat the call with the same key to get the same result instead of a second change",
};
