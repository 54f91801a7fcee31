/*
 * test_arguments.c - the forms in which parameters come, and what is refused
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "action/arguments.h"
#include "base/err.h"
#include "json/get.h"
#include "json/parse.h"

static const struct json_schema text = {.type = JSON_T_STRING, .max_length = 5};
static const struct json_schema count = {.type = JSON_T_INTEGER};
static const struct json_prop props[] = {{"sku", &text, true, NULL}, {"page_size", &count, false, NULL}, {0}};
static const struct json_schema schema = {.type = JSON_T_OBJECT, .props = props};
static const struct json_schema lenient = {.type = JSON_T_OBJECT, .extra = JSON_EXTRA_ALLOWED};

static json_t *
json_of(const char *json)
{
	json_t *root = NULL;

	assert_int_equal(json_parse(slice_from_str(json), NULL, &root, NULL), 0);
	return root;
}

/* Arguments that were read into an outline mean what a tree of them does. */
static void
outline_means(const struct json_schema *rules, const char *arguments, const json_t *expected, const struct fault *told)
{
	struct json_outline outline;
	struct fault fault;
	json_t *params;

	if (arguments == NULL || json_outline_read(&outline, slice_from_str(arguments), NULL) < 0)
		return;
	fault_init(&fault);
	assert_int_equal(arguments_params(json_view_root(&outline), rules, &params, &fault), expected != NULL ? 0 : -1);
	assert_int_equal(fault.code, told->code);
	assert_string_equal(fault.message, told->message);
	assert_true(expected == NULL ? params == NULL : json_equal(params, expected));
	json_decref(params);
	fault_fini(&fault);
}

/* The parameters that these arguments mean, as JSON text; NULL with *fault set. */
static char *
params_of(const struct json_schema *rules, const char *arguments, struct fault *fault)
{
	json_t *tree = arguments != NULL ? json_of(arguments) : NULL;
	json_t *params = (json_t *)(uintptr_t)&schema; /* must be overwritten */
	char *out = NULL;
	int r;

	fault_init(fault);
	r = arguments_params(json_view_of(tree), rules, &params, fault);
	assert_true((r == 0) == (fault->code == FAULT_NONE) && (r == 0) == (params != NULL));
	json_decref(tree); /* what was given is a reference of its own */
	outline_means(rules, arguments, params, fault);
	if (r == 0)
		out = json_dumps(params, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
	json_decref(params);
	return out;
}

static void
assert_means(const char *arguments, const char *params)
{
	struct fault fault;
	char *out = params_of(&lenient, arguments, &fault);

	if (out == NULL)
		fail_msg("%s: %s", arguments, fault.message);
	assert_string_equal(out, params);
	free(out);
}

static void
all_forms_mean_the_same(void **state)
{
	(void)state;
	assert_means("{\"params\":{\"sku\":\"A\"}}", "{\"sku\":\"A\"}");
	assert_means("{\"params\":{\"sku\":\"A\"},\"session\":\"h\"}", "{\"sku\":\"A\"}");
	assert_means("{\"sku\":\"A\"}", "{\"sku\":\"A\"}");
	assert_means("{\"sku\":\"A\",\"session\":\"h\"}", "{\"sku\":\"A\"}");
	assert_means("{\"params\":\"{\\\"sku\\\":\\\"A\\\"}\"}", "{\"sku\":\"A\"}");
	assert_means("{\"params\":\" {\\\"sku\\\":\\\"A\\\"} \",\"session\":\"h\"}", "{\"sku\":\"A\"}");
	assert_means("{\"params\":{\"params\":{\"x\":1}}}", "{\"params\":{\"x\":1}}"); /* one level only */
	assert_means("{\"params\":\"{}\"}", "{}");
}

static void
nothing_means_no_parameters(void **state)
{
	(void)state;
	assert_means(NULL, "{}");
	assert_means("{}", "{}");
	assert_means("{\"params\":null}", "{}");
	assert_means("{\"params\":{}}", "{}");
	assert_means("{\"session\":\"h\"}", "{}");
	assert_means("{\"params\":null,\"session\":\"h\"}", "{}");
}

/* The caller's own tree is not changed. */
static void
what_was_sent_stays_as_it_is(void **state)
{
	json_t *tree = json_of("{\"sku\":\"A\",\"session\":\"h\"}"), *params = NULL;
	struct fault fault;

	(void)state;
	fault_init(&fault);
	assert_int_equal(arguments_params(json_view_of(tree), &schema, &params, &fault), 0);
	assert_string_equal(json_get_str(tree, "session", ""), "h");
	assert_null(json_object_get(params, "session"));
	json_decref(params);
	json_decref(tree);
}

static void
assert_refused(const char *arguments, const char *const *paths, size_t n)
{
	struct fault fault;
	char *out = params_of(&schema, arguments, &fault);

	assert_null(out);
	assert_int_equal(fault.code, FAULT_VALIDATION_ERROR);
	assert_int_equal(json_array_size(fault.details), n);
	for (size_t i = 0; i < n; i++) {
		const json_t *violation = json_array_get(fault.details, i);

		assert_string_equal(json_get_str(violation, "path", ""), paths[i]);
		assert_true(strlen(json_get_str(violation, "message", "")) > 0);
	}
	assert_memory_equal(fault.message, paths[0], strlen(paths[0]));
	fault_fini(&fault);
}

#define REFUSED(arguments, ...)                                                                                        \
	do {                                                                                                           \
		const char *const its_paths[] = {__VA_ARGS__};                                                         \
		assert_refused(arguments, its_paths, ARRAY_LEN(its_paths));                                            \
	} while (0)

static void
every_offending_path_is_named(void **state)
{
	(void)state;
	REFUSED("{}", "params.sku");
	REFUSED("{\"params\":{\"sku\":\"A\",\"page_size\":\"5\"}}", "params.page_size");
	REFUSED("{\"sku\":7,\"page_size\":1.5,\"more\":1}", "params.sku", "params.page_size", "params.more");
	REFUSED("{\"sku\":\"toolong\"}", "params.sku");
	REFUSED("{\"params\":\"{}\"}", "params.sku");
}

static void
the_outer_form_must_be_right(void **state)
{
	(void)state;
	REFUSED("{\"params\":5}", "params");
	REFUSED("{\"params\":[]}", "params");
	REFUSED("{\"params\":true}", "params");
	REFUSED("{\"params\":\"\"}", "params");
	REFUSED("{\"params\":\"{\"}", "params");
	REFUSED("{\"params\":\"[]\"}", "params");
	REFUSED("{\"params\":\"null\"}", "params");
	REFUSED("{\"params\":\"{\\\"sku\\\":1,\\\"sku\\\":2}\"}", "params");
	REFUSED("{\"params\":{\"sku\":\"A\"},\"sku\":\"B\"}", "sku");
	REFUSED("{\"params\":null,\"a\":1,\"b\":2,\"session\":\"h\"}", "a", "b");
	REFUSED("{\"params\":\"{}\",\"sku\":\"B\"}", "sku");
}

/* An integral float counts as integer. */
static void
integral_floats_are_integers(void **state)
{
	struct fault fault;
	char *out = params_of(&schema, "{\"sku\":\"A\",\"page_size\":5.0}", &fault);

	(void)state;
	assert_non_null(out);
	free(out);
}

/* What strangers send is shown in a short and whole form. */
static void
long_names_are_shown_short(void **state)
{
	json_t *tree = json_object();
	json_t *params = NULL;
	struct fault fault;
	char name[300];

	(void)state;
	json_object_set_new(tree, "params", json_object());
	for (int i = 0; i < 200; i++) {
		size_t at = 0;

		snprintf(name, sizeof(name), "%03d", i);
		for (at = 3 + (size_t)i % 3; at + 2 < 200; at += 2)
			memcpy(name + at, "\xc3\xa4", 3);
		memset(name + 3, 'x', (size_t)i % 3);
		json_object_set_new(tree, name, json_true());
	}
	fault_init(&fault);
	assert_int_equal(arguments_params(json_view_of(tree), &schema, &params, &fault), -1);
	assert_int_equal(json_array_size(fault.details), JSON_VIOLATIONS_MAX);
	for (size_t i = 0; i < json_array_size(fault.details); i++)
		assert_true(strlen(json_get_str(json_array_get(fault.details, i), "path", "")) <= 67);
	fault_fini(&fault);
	json_decref(tree);
}

/* ---- the handle ---- */

static void
the_session_is_text_or_absent(void **state)
{
	static const char *const wrong[] = {"{\"session\":5}", "{\"session\":{}}", "{\"session\":[\"h\"]}",
					    "{\"session\":false}", "{\"session\":\"a\\u0000b\"}"};
	static const char *const absent[] = {"{}", "{\"session\":null}", "{\"params\":{\"session\":\"h\"}}"};
	struct fault fault;
	struct slice handle = SLICE_LIT("?");
	json_t *tree;

	(void)state;
	fault_init(&fault);
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		tree = json_of(wrong[i]);
		assert_int_equal(arguments_session(json_view_of(tree), &handle, &fault), -1);
		assert_int_equal(fault.code, FAULT_VALIDATION_ERROR);
		assert_null(handle.ptr);
		fault_fini(&fault);
		json_decref(tree);
	}
	for (size_t i = 0; i < ARRAY_LEN(absent); i++) {
		tree = json_of(absent[i]);
		assert_int_equal(arguments_session(json_view_of(tree), &handle, &fault), 0);
		assert_null(handle.ptr);
		json_decref(tree);
	}
	assert_int_equal(arguments_session(JSON_VIEW_NONE, &handle, &fault), 0);
	assert_null(handle.ptr);
	tree = json_of("{\"session\":\"h\"}");
	assert_int_equal(arguments_session(json_view_of(tree), &handle, &fault), 0);
	assert_true(slice_is(handle, "h"));
	json_decref(tree);
}

static void
a_session_alone_is_no_parameter(void **state)
{
	static const char *const none[] = {"{}", "{\"session\":\"h\"}", "{\"session\":null}"};
	static const char *const some[] = {"{\"params\":{}}", "{\"params\":null,\"session\":\"h\"}", "{\"a\":1}",
					   "{\"session\":\"h\",\"b\":2}"};
	struct json_outline outline;
	json_t *tree;

	(void)state;
	assert_true(arguments_are_none(JSON_VIEW_NONE));
	for (size_t i = 0; i < ARRAY_LEN(none); i++) {
		tree = json_of(none[i]);
		assert_true(arguments_are_none(json_view_of(tree)));
		json_decref(tree);
		assert_int_equal(json_outline_read(&outline, slice_from_str(none[i]), NULL), 0);
		assert_true(arguments_are_none(json_view_root(&outline)));
	}
	for (size_t i = 0; i < ARRAY_LEN(some); i++) {
		tree = json_of(some[i]);
		assert_false(arguments_are_none(json_view_of(tree)));
		json_decref(tree);
		assert_int_equal(json_outline_read(&outline, slice_from_str(some[i]), NULL), 0);
		assert_false(arguments_are_none(json_view_root(&outline)));
	}
}

/* ---- violations ---- */

static void
a_refusal_names_the_first_and_counts_the_rest(void **state)
{
	struct fault fault;
	json_t *violations = json_array();

	(void)state;
	fault_init(&fault);
	arguments_violation(violations, "params.a", "is %s", "wrong");
	assert_int_equal(arguments_refuse(violations, &fault), -1);
	assert_string_equal(fault.message, "params.a: is wrong.");
	fault_fini(&fault);
	violations = json_array();
	for (int i = 0; i < 3; i++)
		arguments_violation(violations, "params.a", "is wrong");
	assert_int_equal(arguments_refuse(violations, &fault), -1);
	assert_string_equal(fault.message, "params.a: is wrong (and 2 more, see details).");
	fault_fini(&fault);
	assert_int_equal(arguments_refuse(NULL, &fault), -1); /* there was no memory for them */
	assert_int_equal(fault.code, FAULT_VALIDATION_ERROR);
	fault_fini(&fault);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(all_forms_mean_the_same),
	    cmocka_unit_test(nothing_means_no_parameters),
	    cmocka_unit_test(what_was_sent_stays_as_it_is),
	    cmocka_unit_test(every_offending_path_is_named),
	    cmocka_unit_test(the_outer_form_must_be_right),
	    cmocka_unit_test(integral_floats_are_integers),
	    cmocka_unit_test(long_names_are_shown_short),
	    cmocka_unit_test(the_session_is_text_or_absent),
	    cmocka_unit_test(a_session_alone_is_no_parameter),
	    cmocka_unit_test(a_refusal_names_the_first_and_counts_the_rest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
