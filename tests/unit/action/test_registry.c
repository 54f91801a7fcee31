/*
 * test_registry.c - names of tools, finding them, and the schemas they publish
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../base/expect_abort.h"
#include "action/registry.h"
#include "base/err.h"
#include "json/get.h"
#include "json/parse.h"

static const struct json_schema text = {.type = JSON_T_STRING};
static const struct json_prop needed[] = {{"sku", &text, true, NULL}, {0}};
static const struct json_prop wanted[] = {{"sku", &text, false, NULL}, {0}};
static const struct json_schema with_required = {.type = JSON_T_OBJECT, .props = needed};
static const struct json_schema without_required = {.type = JSON_T_OBJECT, .props = wanted};
static const struct json_schema nothing = {.type = JSON_T_OBJECT};

#define ROW(action_name, its_params, its_result)                                                                       \
	{                                                                                                              \
		.name = action_name, .params = its_params, .result = its_result                                        \
	}

static const struct action first_rows[] = {ROW("b.two", &with_required, &with_required),
					   ROW("b.one", &without_required, &nothing)};
static const struct action second_rows[] = {ROW("a.zero_1", &nothing, &without_required)};
static const struct action_table first = {first_rows, 2}, second = {second_rows, 1}, none = {NULL, 0};
static const struct action_table *const tables[] = {&first, &none, &second, NULL};
static const struct action_table *const no_tables[] = {NULL};
static const struct action_product three = {.tools = tables}, empty = {.tools = no_tables};

/* The order is that of tables and rows, whatever the names. */
static void
order_is_that_of_the_rows(void **state)
{
	struct action_registry *registry = action_registry_new(&three);

	(void)state;
	assert_int_equal(action_registry_count(registry), 3);
	assert_string_equal(action_registry_tool_name(registry, 0), "b_two");
	assert_string_equal(action_registry_tool_name(registry, 1), "b_one");
	assert_string_equal(action_registry_tool_name(registry, 2), "a_zero_1");
	assert_ptr_equal(action_registry_at(registry, 2), &second_rows[0]);
	assert_int_equal(action_registry_index(registry, &first_rows[1]), 1);
	action_registry_free(&registry);
	assert_null(registry);
	action_registry_free(&registry);
}

static void
tools_are_found_by_their_whole_name(void **state)
{
	static const char *const unknown[] = {"",      "b",	"b_",	     "b_on", "b_onee",
					      "b.one", "B_one", "a_zero_1x", "zzz",  "A"};
	struct action_registry *registry = action_registry_new(&three);

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_ptr_equal(action_registry_find(registry, slice_from_str(action_registry_tool_name(registry, i))),
				 action_registry_at(registry, i));
	}
	for (size_t i = 0; i < ARRAY_LEN(unknown); i++)
		assert_null(action_registry_find(registry, slice_from_str(unknown[i])));
	assert_null(action_registry_find(registry, slice_of("b_one\0", 6)));
	action_registry_free(&registry);
	registry = action_registry_new(&empty);
	assert_int_equal(action_registry_count(registry), 0);
	assert_null(action_registry_find(registry, SLICE_LIT("b_one")));
	action_registry_free(&registry);
}

static void
make_with(void *row)
{
	const struct action rows[] = {ROW("a.b", &nothing, &nothing), ROW(row, &nothing, &nothing)};
	const struct action_table table = {rows, 2};
	const struct action_table *const one[] = {&table, NULL};
	const struct action_product product = {.tools = one};
	struct action_registry *registry = action_registry_new(&product);

	action_registry_free(&registry);
}

static void
make_with_secret(void *flags)
{
	static const struct json_prop props[] = {{.name = "api_token", .schema = &text}, {.name = NULL}};
	static const struct json_schema params = {.type = JSON_T_OBJECT, .props = props};
	struct action row = ROW("a.b", &params, &nothing);
	const struct action_table table = {&row, 1};
	const struct action_table *const one[] = {&table, NULL};
	const struct action_product product = {.tools = one};
	struct action_registry *registry;

	row.flags |= *(const unsigned *)flags;
	registry = action_registry_new(&product);
	action_registry_free(&registry);
}

/* Else the audit log would tell what is misspelt beside them. */
static void
who_takes_secrets_says_so(void **state)
{
	(void)state;
	expect_abort(make_with_secret, &(unsigned){0});
	make_with_secret(&(unsigned){ACTION_TAKES_SECRETS});
}

/* at most 64 of the known characters, none twice; a wrong row is a bug. */
static void
a_wrong_name_is_a_bug(void **state)
{
	char longest[ACTION_TOOL_NAME_MAX + 2];

	(void)state;
	memset(longest, 'a', sizeof(longest));
	longest[ACTION_TOOL_NAME_MAX + 1] = '\0';
	expect_abort(make_with, longest);
	longest[ACTION_TOOL_NAME_MAX] = '\0';
	make_with(longest);
	expect_abort(make_with, (char[]){""});
	expect_abort(make_with, (char[]){"a.b"});
	expect_abort(make_with, (char[]){"a_b"}); /* the same tool name */
	expect_abort(make_with, (char[]){"a b"});
	expect_abort(make_with, (char[]){"a/b"});
	expect_abort(make_with, (char[]){"A.b"});
	make_with((char[]){"a.b2"});
}

/* {"params":{typed object},"session":{...}}; params is required exactly when one of its members is. */
static void
input_schema_wraps_the_parameters(void **state)
{
	json_t *schema = action_input_schema(&first_rows[0]);
	json_t *properties = json_get_object(schema, "properties");
	json_t *params = json_get_object(properties, "params");

	(void)state;
	assert_string_equal(json_get_str(schema, "type", ""), "object");
	assert_int_equal(json_object_size(properties), 2);
	assert_string_equal(json_get_str(params, "description", ""), "Action parameters as a JSON object");
	assert_string_equal(json_get_str(params, "type", ""), "object");
	assert_false(json_get_bool(params, "additionalProperties", true));
	assert_string_equal(json_get_str(json_get_object(properties, "session"), "type", ""), "string");
	assert_int_equal(json_get_array_len(schema, "required"), 1);
	assert_string_equal(json_string_value(json_array_get(json_get_array(schema, "required"), 0)), "params");
	json_decref(schema);
	schema = action_input_schema(&first_rows[1]);
	assert_null(json_object_get(schema, "required"));
	json_decref(schema);
	schema = action_input_schema(&second_rows[0]);
	assert_null(json_object_get(schema, "required"));
	json_decref(schema);
}

/* A refusal is structured content too: the schema admits it, whatever a success needs. */
static void
output_schema_admits_refusals(void **state)
{
	const struct action *rows[] = {&first_rows[0], &first_rows[1], &second_rows[0]};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		json_t *schema = action_output_schema(rows[i]);

		assert_string_equal(json_get_str(schema, "type", ""), "object");
		assert_null(json_object_get(schema, "required"));
		assert_non_null(json_get_object(json_get_object(schema, "properties"), "error"));
		assert_int_equal(json_get_array_len(schema, "anyOf"), i == 0 ? 2 : 0);
		json_decref(schema);
	}
}

static bool
all_described(const json_t *props)
{
	const char *name;
	json_t *prop;

	json_object_foreach((json_t *)(uintptr_t)props, name, prop)
	{
		if (json_get_str(prop, "description", "")[0] == '\0')
			return false;
	}
	return true;
}

/* What every row of the Magento server must have. */
static void
the_magento_rows_are_complete(void **state)
{
	struct action_registry *registry = action_registry_new(&action_product_magento);

	(void)state;
	assert_non_null(registry);
	assert_true(action_registry_count(registry) >= 7);
	for (size_t i = 0; i < action_registry_count(registry); i++) {
		const struct action *action = action_registry_at(registry, i);
		json_t *input = action_input_schema(action), *output = action_output_schema(action);
		json_t *params = json_get_object(json_get_object(input, "properties"), "params");

		assert_non_null(output);
		assert_true(strlen(action->title) > 0 && strlen(action->description) > 0);
		assert_true(action->tier >= ACTION_SAFE && action->tier <= ACTION_CRITICAL);
		assert_non_null(action->run);
		assert_false(json_get_bool(params, "additionalProperties", true));
		if (!all_described(json_get_object(params, "properties")))
			fail_msg("%s: a parameter without description", action->name);
		assert_ptr_equal(action_registry_find(registry, slice_from_str(action_registry_tool_name(registry, i))),
				 action);
		json_decref(input);
		json_decref(output);
	}
	action_registry_free(&registry);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(order_is_that_of_the_rows),
	    cmocka_unit_test(tools_are_found_by_their_whole_name),
	    cmocka_unit_test(a_wrong_name_is_a_bug),
	    cmocka_unit_test(who_takes_secrets_says_so),
	    cmocka_unit_test(input_schema_wraps_the_parameters),
	    cmocka_unit_test(output_schema_admits_refusals),
	    cmocka_unit_test(the_magento_rows_are_complete),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
