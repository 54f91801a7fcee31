/*
 * test_view.c - plain texts in outline, and values seen the same in an outline and in a tree
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "json/parse.h"
#include "json/view.h"

#define TIMES_64(x)                                                                                                    \
	x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x  \
	    x x x x x x x x x

static int
outline(const char *text)
{
	struct json_outline o;

	return json_outline_read(&o, slice_from_str(text), NULL);
}

static void
plain_texts_are_taken(void **state)
{
	static const char *const plain[] = {
	    "{}",
	    "[]",
	    " { } ",
	    "1",
	    "-0",
	    "\"a\"",
	    "true",
	    "[true,false,null]",
	    "{\"a\":{},\"b\":[[],{}],\"c\":\"d\"}",
	    "\t{\r\n\"a\" : 1 , \"b\" : [ 1 , 2 ] }\n",
	    "{\"a\":{\"a\":{\"a\":1}},\"aa\":1}",
	    "999999999999999999",
	    "[[[[[[[[[[[[]]]]]]]]]]]]",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(plain); i++)
		assert_int_equal(outline(plain[i]), 0);
}

/* Some of it is good JSON, which is for others to tell. */
static void
anything_else_is_left_to_others(void **state)
{
	static const char *const odd[] = {
	    "",
	    " ",
	    "{",
	    "}",
	    "[1,]",
	    "[,1]",
	    "[1 2]",
	    "[1}",
	    "{\"a\"}",
	    "{\"a\":}",
	    "{\"a\":1,}",
	    "{\"a\":1 \"b\":2}",
	    "{a:1}",
	    "{1:1}",
	    "{} {}",
	    "{}x",
	    "[]]",
	    "\"a",
	    "\"a\n\"",
	    "\"\\n\"",
	    "{\"\\u0061\":1}",
	    "\"\xc3\xa4\"",
	    "\"\x01\"",
	    "1.5",
	    "1e5",
	    "01",
	    "-",
	    "+1",
	    "-01",
	    "1000000000000000000",
	    "truex",
	    "tru",
	    "nul",
	    "NaN",
	    "\xef\xbb\xbf{}",
	    "{\"a\":1,\"a\":2}",
	    "{\"b\":{\"a\":1,\"c\":[],\"a\":2}}",
	    "[[[[[[[[[[[[[]]]]]]]]]]]]]",
	    "[" TIMES_64("1,") "1]",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(odd); i++)
		assert_int_equal(outline(odd[i]), ERR_UNSUPPORTED);
	assert_int_equal(json_outline_read(&(struct json_outline){.n = 0}, SLICE_LIT("{\"a\0\":1}"), NULL),
			 ERR_UNSUPPORTED);
}

/* One less of each limit than the text needs. */
static void
limits_are_kept(void **state)
{
	static const char text[] = "{\"abc\":[\"defg\",1]}";
	struct json_limits fits = {
	    .max_bytes = sizeof(text) - 1, .max_string_bytes = 4, .max_depth = 2, .max_values = 4};
	struct json_limits tight;
	struct json_outline o;

	(void)state;
	assert_int_equal(json_outline_read(&o, slice_from_str(text), &fits), 0);
	assert_int_equal(json_scan_value(slice_from_str(text), &fits, NULL, NULL), 0);
	for (int i = 0; i < 4; i++) {
		tight = fits;
		tight.max_bytes -= i == 0;
		tight.max_string_bytes -= i == 1;
		tight.max_depth -= i == 2;
		tight.max_values -= i == 3;
		assert_int_equal(json_outline_read(&o, slice_from_str(text), &tight), ERR_UNSUPPORTED);
		assert_int_equal(json_scan_value(slice_from_str(text), &tight, NULL, NULL), ERR_LIMIT);
	}
}

/* Strings of every length, so that each way of stopping is gone. */
static void
strings_end_where_they_end(void **state)
{
	char text[64];

	(void)state;
	for (size_t len = 0; len < 40; len++) {
		struct json_outline o;

		text[0] = '"';
		memset(text + 1, 'x', len);
		memcpy(text + 1 + len, "\"", 2);
		assert_int_equal(json_outline_read(&o, slice_from_str(text), NULL), 0);
		assert_int_equal(json_view_text(json_view_root(&o)).len, len);
		for (size_t i = 0; i < len; i++) {
			text[1 + i] = (char)(i % 3 == 0 ? 0x1F : i % 3 == 1 ? 0x7F : 0x80);
			assert_int_equal(outline(text), ERR_UNSUPPORTED);
			text[1 + i] = i % 2 == 0 ? ' ' : '~';
			assert_int_equal(outline(text), 0);
		}
	}
}

/* Texts cut off everywhere, at the end of the memory there is. */
static void
nothing_is_read_behind_the_end(void **state)
{
	static const char text[] = "{\"a\":[true,false,null,-12,\"0123456789abcdef0123\"],\"b\":{\"c\":\"\"}}";
	struct json_outline o;

	(void)state;
	for (size_t len = 1; len < sizeof(text); len++) {
		for (size_t before = 0; before < 8; before++) {
			char *memory = malloc(before + len);

			assert_non_null(memory);
			memcpy(memory + before, text, len);
			assert_int_equal(json_outline_read(&o, slice_of(memory + before, len), NULL),
					 len == sizeof(text) - 1 ? 0 : ERR_UNSUPPORTED);
			free(memory);
		}
	}
}

static void
check_views(struct json_view root)
{
	json_t *tree;

	assert_true(json_view_is(root, JSON_KIND_OBJECT));
	assert_int_equal(json_view_members(root), 5);
	assert_true(slice_is(json_view_text(json_view_get(root, "text")), "abc"));
	assert_true(slice_is(json_view_text(json_view_get(root, "empty")), ""));
	assert_non_null(json_view_text(json_view_get(root, "empty")).ptr);
	assert_true(json_view_is(json_view_get(root, "n"), JSON_KIND_INTEGER));
	assert_null(json_view_text(json_view_get(root, "n")).ptr);
	assert_true(json_view_is(json_view_get(root, "no"), JSON_KIND_NULL));
	assert_true(json_view_is(json_view_get(json_view_get(root, "o"), "a"), JSON_KIND_ARRAY));
	assert_true(json_view_is(json_view_get(json_view_get(root, "o"), "yes"), JSON_KIND_TRUE));
	assert_true(json_view_is(json_view_get(json_view_get(root, "o"), "not"), JSON_KIND_FALSE));
	assert_false(json_view_is_there(json_view_get(root, "a")));
	assert_false(json_view_is_there(json_view_get(root, "tex")));
	assert_false(json_view_is_there(json_view_get(json_view_get(root, "text"), "a")));
	assert_false(json_view_is_there(json_view_get(json_view_get(root, "none"), "a")));
	assert_int_equal(json_view_members(json_view_get(json_view_get(root, "o"), "a")), 0);
	assert_int_equal(json_view_tree(json_view_get(root, "o"), &tree), 0);
	assert_int_equal(json_array_size(json_object_get(tree, "a")), 2);
	json_decref(tree);
}

static void
both_kinds_are_seen_alike(void **state)
{
	static const char text[] = "{\"text\":\"abc\",\"empty\":\"\",\"n\":-5,\"no\":null,"
				   "\"o\":{\"a\":[1,{\"b\":2}],\"yes\":true,\"not\":false}}";
	struct json_outline o;
	json_t *tree;

	(void)state;
	assert_int_equal(json_outline_read(&o, slice_from_str(text), NULL), 0);
	check_views(json_view_root(&o));
	assert_int_equal(json_parse(slice_from_str(text), NULL, &tree, NULL), 0);
	check_views(json_view_of(tree));
	json_decref(tree);
}

static void
nothing_has_nothing(void **state)
{
	json_t *tree = json_true(), *real = json_real(1.5);

	(void)state;
	assert_false(json_view_is_there(JSON_VIEW_NONE));
	assert_false(json_view_is(JSON_VIEW_NONE, JSON_KIND_NULL));
	assert_false(json_view_is_there(json_view_get(JSON_VIEW_NONE, "a")));
	assert_null(json_view_text(JSON_VIEW_NONE).ptr);
	assert_int_equal(json_view_members(JSON_VIEW_NONE), 0);
	assert_int_equal(json_view_tree(JSON_VIEW_NONE, &tree), 0);
	assert_null(tree);
	assert_true(json_view_is(json_view_of(real), JSON_KIND_REAL));
	json_decref(real);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(plain_texts_are_taken),
	    cmocka_unit_test(anything_else_is_left_to_others),
	    cmocka_unit_test(limits_are_kept),
	    cmocka_unit_test(strings_end_where_they_end),
	    cmocka_unit_test(both_kinds_are_seen_alike),
	    cmocka_unit_test(nothing_has_nothing),
	    cmocka_unit_test(nothing_is_read_behind_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
