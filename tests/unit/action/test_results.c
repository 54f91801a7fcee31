/*
 * test_results.c - times, scopes, and text from the shop made safe
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "action/results.h"
#include "base/err.h"
#include "json/get.h"
#include "json/parse.h"

static json_t *
json_of(const char *text)
{
	json_t *root = NULL;

	assert_int_equal(json_parse(slice_from_str(text), NULL, &root, NULL), 0);
	return root;
}

static void
assert_cleaned(const char *before, const char *after)
{
	json_t *tree = json_of(before), *wanted = json_of(after);

	assert_int_equal(result_clean(tree), 0);
	assert_true(json_equal(tree, wanted));
	json_decref(tree);
	json_decref(wanted);
}

/* C0 but newline and tab, DEL, C1; wherever the text stands. */
static void
control_characters_are_taken_out(void **state)
{
	(void)state;
	assert_cleaned("\"a\\u0000b\\u0001c\\u001fd\\u007fe\"", "\"abcde\"");
	assert_cleaned("\"a\\nb\\tc\\rd\"", "\"a\\nb\\tcd\"");
	assert_cleaned("\"a\\u0080b\\u009fc\\u00a0d\\u00c2e\"", "\"abc\\u00a0d\\u00c2e\"");
	assert_cleaned("\"\\u0000\"", "\"\"");
	assert_cleaned("\"\\u001b[31mred\"", "\"[31mred\"");
	assert_cleaned("{\"a\":[\"x\\u0001\",{\"b\":\"y\\u0002\"},[[\"z\\u0003\"]]],\"c\":\"d\\u0004\"}",
		       "{\"a\":[\"x\",{\"b\":\"y\"},[[\"z\"]]],\"c\":\"d\"}");
}

static void
everything_else_stays(void **state)
{
	static const char *const texts[] = {"null",
					    "5",
					    "1.5",
					    "true",
					    "[]",
					    "{}",
					    "[[],{}]",
					    "\"\"",
					    "\"\\u00e4\\u20ac\\ud83d\\ude00\"",
					    "{\"a\":[1,null,true,\"b\",{\"c\":[]}]}"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		assert_cleaned(texts[i], texts[i]);
	assert_int_equal(result_clean(NULL), 0);
}

/* As deep as the reader lets anything be. */
static void
depth_is_no_matter(void **state)
{
	json_t *tree = json_string("\x01"), *at;

	(void)state;
	for (int i = 62; i >= 0; i--)
		tree = i % 2 == 0 ? json_pack("[o]", tree) : json_pack("{s:o}", "a", tree);
	at = tree;
	assert_int_equal(result_clean(tree), 0);
	for (int i = 0; i < 63; i++)
		at = json_is_array(at) ? json_array_get(at, 0) : json_object_get(at, "a");
	assert_true(json_is_string(at) && json_string_length(at) == 0);
	json_decref(tree);
}

static void
times_are_iso(void **state)
{
	json_t *object = json_object();

	(void)state;
	assert_int_equal(result_set_time(object, "at", 0), 0);
	assert_string_equal(json_get_str(object, "at", ""), "1970-01-01T00:00:00Z");
	assert_int_equal(result_set_time(object, "at", 1795342617000ull), 0);
	assert_int_equal(strlen(json_get_str(object, "at", "")), strlen("2026-11-22T10:16:57Z"));
	json_decref(object);
}

static void
a_default_scope_is_an_object_or_null(void **state)
{
	struct login_scope scope = {.store_view = ""};
	json_t *json;

	(void)state;
	json = result_default_scope(&scope);
	assert_true(json_is_null(json));
	json_decref(json);
	scope = (struct login_scope){.store_view = "de", .website = "base"};
	json = result_default_scope(&scope);
	assert_int_equal(json_object_size(json), 1);
	assert_string_equal(json_get_str(json, "store_view_code", ""), "de");
	json_decref(json);
}

static void
no_memory_is_our_own_fault(void **state)
{
	struct fault fault;

	(void)state;
	fault_init(&fault);
	assert_int_equal(result_out_of_memory(&fault), -1);
	assert_int_equal(fault.code, FAULT_INTERNAL_ERROR);
	fault_fini(&fault);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(control_characters_are_taken_out),
	    cmocka_unit_test(everything_else_stays),
	    cmocka_unit_test(depth_is_no_matter),
	    cmocka_unit_test(times_are_iso),
	    cmocka_unit_test(a_default_scope_is_an_object_or_null),
	    cmocka_unit_test(no_memory_is_our_own_fault),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
