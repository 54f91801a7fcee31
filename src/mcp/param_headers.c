#include "param_headers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "action/registry.h"
#include "base/err.h"
#include "header_value.h"
#include "json/get.h"

#define FIELD_NAME_MAX 80
#define NUMBER_TEXT_MAX 32
#define NESTING_MAX 8 /* of properties in a schema of ours */

/* 42 and 42.0 are the same number. */
static bool
is_number(struct slice text, double wanted)
{
	char copy[NUMBER_TEXT_MAX];
	char *end = NULL;
	double value;

	if (text.len == 0 || slice_to_str(text, copy, sizeof(copy)) < 0 ||
	    strspn(copy, "0123456789+-.eE") != strlen(copy))
		return false;
	value = strtod(copy, &end);
	return *end == '\0' && value >= wanted && value <= wanted;
}

static bool
is_value(struct slice text, const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_STRING:
		return slice_eq(text, slice_of(json_string_value(value), json_string_length(value)));
	case JSON_TRUE:
		return slice_is(text, "true");
	case JSON_FALSE:
		return slice_is(text, "false");
	case JSON_INTEGER:
	case JSON_REAL:
		return is_number(text, json_number_value(value));
	default:
		return false;
	}
}

static int
mismatch(struct rpc_fault *fault, const char *field, const char *what)
{
	return rpc_fault_set(fault, RPC_HEADER_MISMATCH, NULL, "%s %s.", field, what);
}

static int
compare(const char *field, struct slice header, const json_t *value, struct rpc_fault *fault)
{
	struct slice text;
	struct buf room;
	bool equal;
	int r;

	buf_init(&room, header.len);
	r = header_value_decode(header, &room, &text);
	equal = r == 0 && is_value(text, value);
	buf_fini(&room);
	if (r == ERR_NOMEM)
		return rpc_fault_set(fault, RPC_INTERNAL_ERROR, NULL, "The server is out of memory; try again later.");
	return equal ? 0 : mismatch(fault, field, "does not match the argument");
}

static int
check_one(const struct mcp_headers *headers, const char *name, const json_t *value, struct rpc_fault *fault)
{
	struct slice header = SLICE_NONE;
	char field[FIELD_NAME_MAX];
	size_t n = 0;

	must(snprintf(field, sizeof(field), "Mcp-Param-%s", name) < (int)sizeof(field));
	if (headers->find != NULL)
		header = headers->find(headers->ctx, field, &n);
	if (value == NULL || json_is_null(value)) /* */
		return n == 0 ? 0 : mismatch(fault, field, "is there, but the argument is not");
	if (n == 0)
		return mismatch(fault, field, "is missing");
	if (n > 1)
		return mismatch(fault, field, "is there more than once");
	if (!header_value_is_plain(header))
		return mismatch(fault, field, "holds characters that a header cannot carry");
	return compare(field, header, value, fault);
}

/* The nesting is that of a schema in the program, not of what a client sent. */
static int
check_properties(const struct mcp_headers *headers, const json_t *schema, const json_t *value, unsigned depth,
		 struct rpc_fault *fault)
{
	json_t *properties = json_get_object(schema, "properties");
	const char *name;
	json_t *property;

	must(depth < NESTING_MAX);
	json_object_foreach(properties, name, property)
	{
		const json_t *member = json_object_get(value, name);
		const char *header = json_get_str(property, "x-mcp-header", NULL);

		if (header != NULL && check_one(headers, header, member, fault) < 0)
			return -1;
		if (check_properties(headers, property, member, depth + 1, fault) < 0)
			return -1;
	}
	return 0;
}

int
param_headers_check(const struct mcp_headers *headers, const struct action *action, struct json_view arguments,
		    struct rpc_fault *fault)
{
	json_t *schema, *tree = NULL;
	int r;

	if (action->input_schema == NULL || strstr(action->input_schema, "x-mcp-header") == NULL)
		return 0;
	schema = action_input_schema(action);
	if (schema != NULL && json_view_tree(arguments, &tree) == 0)
		r = check_properties(headers, schema, tree, 0, fault);
	else
		r = rpc_fault_set(fault, RPC_INTERNAL_ERROR, NULL, "The server is out of memory; try again later.");
	json_decref(tree);
	json_decref(schema);
	return r;
}
