/*
 * test_parse.c - bytes to trees
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "grammar.h"
#include "json/parse.h"

static int
wanted(enum grammar_verdict verdict)
{
	switch (verdict) {
	case GOOD:
		return 0;
	case TWICE:
		return ERR_EXISTS;
	case TOO_BIG:
		return ERR_LIMIT;
	default:
		return ERR_INVALID;
	}
}

static void
parser_keeps_the_grammar(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(grammar_cases); i++) {
		const struct grammar_case *c = &grammar_cases[i];
		struct err err = {.code = 0};
		json_t *tree = NULL;
		int r = json_parse(c->text, NULL, &tree, &err);

		if (r != wanted(c->verdict))
			fail_msg("case %zu \"%.*s\": %d instead of %d (%s)", i, SLICE_FMT(c->text), r,
				 wanted(c->verdict), err.text);
		assert_true((tree != NULL) == (r == 0));
		assert_int_equal(err.code, r);
		json_decref(tree);
	}
}

static json_t *
parse(const char *text, const struct json_limits *limits)
{
	json_t *tree = NULL;
	struct err err;

	if (json_parse(slice_from_str(text), limits, &tree, &err) != 0)
		fail_msg("%s: %s", text, err.text);
	return tree;
}

/* */
static void
escaped_nul_does_not_truncate(void **state)
{
	json_t *tree = parse("\"a\\u0000b\"", NULL);

	(void)state;
	assert_int_equal(json_string_length(tree), 3);
	assert_memory_equal(json_string_value(tree), "a\0b", 3);
	json_decref(tree);
}

static void
big_integers_become_reals_one_by_one(void **state)
{
	struct json_limits limits = json_limits_default;
	json_t *tree, *list;

	(void)state;
	limits.big_int_as_real = true;
	tree = parse(
	    "{\"x 9223372036854775808 \\\" 99999999999999999999\":[ 9223372036854775808 ,7,-99999999999999999999, "
	    "\"99999999999999999999\",9223372036854775807,99999999999999999999.5]}",
	    &limits);
	list = json_object_get(tree, "x 9223372036854775808 \" 99999999999999999999");
	assert_int_equal(json_array_size(list), 6);
	assert_true(json_is_real(json_array_get(list, 0)));
	assert_true(json_real_value(json_array_get(list, 0)) == 9223372036854775808.0);
	assert_int_equal(json_integer_value(json_array_get(list, 1)), 7);
	assert_true(json_real_value(json_array_get(list, 2)) == -99999999999999999999.0);
	assert_string_equal(json_string_value(json_array_get(list, 3)), "99999999999999999999");
	assert_true(json_integer_value(json_array_get(list, 4)) == INT64_MAX);
	assert_true(json_is_real(json_array_get(list, 5)));
	json_decref(tree);
}

static void
a_lone_big_integer_too(void **state)
{
	struct json_limits limits = json_limits_default;
	json_t *tree;

	(void)state;
	limits.big_int_as_real = true;
	tree = parse(" -9223372036854775809 ", &limits);
	assert_true(json_is_real(tree));
	json_decref(tree);
}

static void
numbers_beyond_double_are_refused_always(void **state)
{
	struct json_limits limits = json_limits_default;
	char digits[402];
	json_t *tree;
	struct err err;

	(void)state;
	limits.big_int_as_real = true;
	memset(digits, '9', 401);
	assert_int_equal(json_parse(slice_of(digits, 401), &limits, &tree, &err), ERR_LIMIT);
	assert_non_null(strstr(err.text, "number"));
	assert_null(tree);
}

/* */
static void
bombs_and_floods_are_refused(void **state)
{
	size_t len = 100000;
	char *bomb = malloc(len);
	json_t *tree;

	(void)state;
	assert_non_null(bomb);
	memset(bomb, '[', len);
	assert_int_equal(json_parse(slice_of(bomb, len), NULL, &tree, NULL), ERR_LIMIT);
	assert_null(tree);
	free(bomb);
}

static void
texts_say_the_cure(void **state)
{
	struct err err;
	json_t *tree;

	(void)state;
	assert_int_equal(json_parse(SLICE_LIT("{\"a\":9223372036854775808}"), NULL, &tree, &err), ERR_LIMIT);
	assert_non_null(strstr(err.text, "write it as a string"));
	assert_int_equal(json_parse(SLICE_LIT("{\"a\":1,\"a\":2}"), NULL, &tree, &err), ERR_EXISTS);
	assert_non_null(strstr(err.text, "twice"));
}

/* Text that is no JSON is told so first, whatever else is wrong with it. */
static void
the_grammar_comes_first(void **state)
{
	static const char *const texts[] = {"{\"a\":1,\"a\":[2}", "[1e999,", "[99999999999999999999,]",
					    "{\"a\":{},\"a\":{\"b\":[1,}}"};
	json_t *tree;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		assert_int_equal(json_parse(slice_from_str(texts[i]), NULL, &tree, NULL), ERR_INVALID);
		assert_null(tree);
	}
}

/* Our reader and jansson's make equal trees of the texts that both take. */
static void
trees_are_jansson_trees(void **state)
{
	size_t compared = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(grammar_cases); i++) {
		struct slice text = grammar_cases[i].text;
		json_t *ours, *theirs;

		if (grammar_cases[i].verdict != GOOD)
			continue;
		assert_int_equal(json_parse(text, NULL, &ours, NULL), 0);
		theirs = json_loadb(text.ptr, text.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
		assert_true(json_equal(ours, theirs));
		json_decref(ours);
		json_decref(theirs);
		compared++;
	}
	assert_true(compared > 50);
}

/* The deepest text that any limit lets through can be built and freed. */
static void
the_deepest_tree_can_be_held(void **state)
{
	struct json_limits limits = json_limits_default;
	char text[2 * JSON_DEPTH_MAX];
	json_t *tree;

	(void)state;
	limits.max_depth = JSON_DEPTH_MAX;
	memset(text, '[', JSON_DEPTH_MAX);
	memset(text + JSON_DEPTH_MAX, ']', JSON_DEPTH_MAX);
	assert_int_equal(json_parse(slice_of(text, sizeof(text)), &limits, &tree, NULL), 0);
	json_decref(tree);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(parser_keeps_the_grammar),
	    cmocka_unit_test(escaped_nul_does_not_truncate),
	    cmocka_unit_test(big_integers_become_reals_one_by_one),
	    cmocka_unit_test(a_lone_big_integer_too),
	    cmocka_unit_test(numbers_beyond_double_are_refused_always),
	    cmocka_unit_test(bombs_and_floods_are_refused),
	    cmocka_unit_test(texts_say_the_cure),
	    cmocka_unit_test(the_grammar_comes_first),
	    cmocka_unit_test(trees_are_jansson_trees),
	    cmocka_unit_test(the_deepest_tree_can_be_held),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
