/*
 * test_relay.c - text handed on in one pass is what a tree of it would have given
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "grammar.h"
#include "json/parse.h"
#include "json/relay.h"
#include "json/write.h"

#define OUT_MAX (1 << 20)

static const struct json_relay_drop no_b_in_a = {.list = "a", .member = "b"};

static struct json_limits
limits_of_replies(void)
{
	struct json_limits limits = json_limits_default;

	limits.big_int_as_real = true;
	return limits;
}

static void
expect(const char *text, const struct json_relay_drop *drop, const char *expected)
{
	struct json_limits limits = limits_of_replies();
	struct buf out;

	buf_init(&out, OUT_MAX);
	buf_put_str(&out, "before ");
	assert_int_equal(json_relay(slice_from_str(text), &limits, drop, &out), 0);
	assert_string_equal(buf_cstr(&out) + strlen("before "), expected);
	buf_fini(&out);
}

/* Has a string with what would be taken out? */
static bool
has_control(const struct buf *dumped)
{
	return strstr(buf_cstr(dumped), "\\u00") != NULL || strstr(buf_cstr(dumped), "\\b") != NULL ||
	       strstr(buf_cstr(dumped), "\\f") != NULL || strstr(buf_cstr(dumped), "\\r") != NULL ||
	       strstr(buf_cstr(dumped), "\xC2\x80") != NULL;
}

/* What is no JSON for the parser is none for the relay, and what it is comes out the same.  Gives whether it did. */
static bool
compare(struct slice text)
{
	struct json_limits limits = limits_of_replies();
	struct buf told, dumped;
	bool is_same = false;
	json_t *tree;
	int parsed, relayed;

	buf_init(&told, OUT_MAX);
	buf_init(&dumped, OUT_MAX);
	parsed = json_parse(text, &limits, &tree, NULL);
	relayed = json_relay(text, &limits, NULL, &told);
	if (relayed != ERR_UNSUPPORTED)
		assert_true((relayed == 0) == (parsed == 0));
	if (relayed == 0) {
		assert_int_equal(json_dump_to(&dumped, tree), 0);
		is_same = !has_control(&dumped);
		if (is_same)
			assert_string_equal(buf_cstr(&told), buf_cstr(&dumped));
	} else {
		assert_int_equal(told.len, 0);
	}
	json_decref(tree);
	buf_fini(&dumped);
	buf_fini(&told);
	return is_same;
}

static void
the_grammar_is_the_parsers(void **state)
{
	size_t same = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(grammar_cases); i++)
		same += compare(grammar_cases[i].text);
	assert_true(same > 40);
}

static void
what_is_written_otherwise_comes_out_as_a_tree_would(void **state)
{
	static const char *const texts[] = {
	    "{\"a\":1,\"b\":[1,2,{\"c\":null}],\"d\":\"x\"}",
	    " { \"a\" : 1 , \"b\" : [ 1 , 2 ,{ \"c\" : null } ] } ",
	    "{\"a\" :{},\"b\": [],\"c\" : {} }",
	    "[ {} , [] , \"\" ]",
	    "{\"a\":\"\\u00e9\\/\",\"b\":\"\\ud83d\\ude00\",\"c\":\"\\n\\t\\\"\\\\\"}",
	    "{\"\xC3\xA9\":\"\xC3\xA9\xE2\x82\xAC\"}",
	    "[1.0,1.5,1.50,1.5000,0.0,-0.0,-0,0,5e2,1E-3,12345678901.123,123456789012.1234,99.99999,1.23456]",
	    "[0.1,29.95,34.000000,1e300,2.5e-300,100000000000000.5,9007199254740993.0]",
	    "[9223372036854775807,-9223372036854775808,9223372036854775808,-9223372036854775809,1234567890123456789]",
	    "[123456789012345678,99999999999999999999999]",
	    "{\"a\":[{\"b\":1},{\"b\":2}],\"b\":3}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		assert_true(compare(slice_from_str(texts[i])));
}

static void
control_characters_are_taken_out_of_values(void **state)
{
	(void)state;
	expect("[\"a\\u0000b\\u001bc\\r\\n\\td\"]", NULL, "[\"abc\\n\\td\"]");
	expect("[\"a\x7f"
	       "b\",\"\xC2\x80\xC2\x9F\xC2\xA0\",\"\\u0080x\\u009f\"]",
	       NULL, "[\"ab\",\"\xC2\xA0\",\"x\"]");
	expect("[\"\\u0001\",1]", NULL, "[\"\",1]");
	/* Names are told as they are. */
	expect("{\"a\x7f\":1}", NULL, "{\"a\\u007f\":1}");
	expect(" { \"a\x7f\" : 1 , \"\x7f\" :2 } ", NULL, "{\"a\\u007f\":1,\"\\u007f\":2}");
}

static void
a_member_is_left_out_of_the_objects_of_a_list(void **state)
{
	static const char *const same[] = {
	    "{\"a\":{\"b\":1}}",     "{\"a\":[[{\"b\":1}]]}",	    "{\"b\":1,\"c\":[{\"b\":1}]}",
	    "[{\"a\":[{\"b\":1}]}]", "{\"x\":{\"a\":[{\"b\":1}]}}", "{\"a\":[1,\"b\",{\"c\":{\"b\":1}}]}",
	};

	(void)state;
	expect("{\"a\":[{\"b\":1}]}", &no_b_in_a, "{\"a\":[{}]}");
	expect("{\"a\":[{\"b\":1,\"c\":2},{\"c\":2,\"b\":[{\"d\":{\"b\":7}}]},{\"c\":1,\"b\":{},\"d\":3}],\"b\":4}",
	       &no_b_in_a, "{\"a\":[{\"c\":2},{\"c\":2},{\"c\":1,\"d\":3}],\"b\":4}");
	expect("{ \"a\" : [ { \"b\" : \"x\" , \"c\" : \"\\u0001y\" } ] }", &no_b_in_a, "{\"a\":[{\"c\":\"y\"}]}");
	expect("{ \"a\" : [ { \"c\" : 1 , \"b\" : [ { } , 1 ] } , { \"b\" : { \"c\" : [ ] } , \"d\" : 1.50 , \"e\" : 2 "
	       "} ] }",
	       &no_b_in_a, "{\"a\":[{\"c\":1},{\"d\":1.5,\"e\":2}]}");
	expect("{\"a\":[{\"b\":1,\"c\x7f\":-0},{\"b\":\"\\u0001\"}, {\"\":1.0,\"b\":-0}]}", &no_b_in_a,
	       "{\"a\":[{\"c\\u007f\":0},{},{\"\":1.0}]}");
	expect("{\"a\":[{\"c\":1,\"b\":{\"\x7f\":[\"\x7f\",-0]}}]}", &no_b_in_a, "{\"a\":[{\"c\":1}]}");
	for (size_t i = 0; i < ARRAY_LEN(same); i++)
		expect(same[i], &no_b_in_a, same[i]);
}

static void
the_same_is_left_out_of_a_tree(void **state)
{
	json_t *tree = json_loads("{\"a\":[{\"b\":1,\"c\":2},5],\"b\":4}", 0, NULL);
	json_t *expected = json_loads("{\"a\":[{\"c\":2},5],\"b\":4}", 0, NULL);

	(void)state;
	json_relay_drop_from(tree, &no_b_in_a);
	assert_true(json_equal(tree, expected));
	json_decref(expected);
	json_decref(tree);
}

static void
fails(const char *text, int expected)
{
	struct json_limits limits = limits_of_replies();
	struct buf out;

	buf_init(&out, OUT_MAX);
	assert_int_equal(json_relay(slice_from_str(text), &limits, &no_b_in_a, &out), expected);
	assert_int_equal(out.len, 0);
	buf_fini(&out);
}

static void
a_number_beyond_double_is_refused(void **state)
{
	(void)state;
	fails("[1e400]", ERR_LIMIT);
	fails("{\"a\":[{\"b\":-1e400}]}", ERR_LIMIT); /* also in what is left out */
	fails("{\"a\":[{\"b\":[{\"c\":1e400}]}]}", ERR_LIMIT);
	expect("{\"a\":[{\"b\":1e300},{\"b\":[12345678901234567890]}]}", &no_b_in_a, "{\"a\":[{},{}]}");
}

static void
a_name_that_stands_twice_is_refused(void **state)
{
	(void)state;
	fails("{\"a\":1,\"b\":2,\"a\":3}", ERR_EXISTS);
	fails("{\"x\":[{\"c\":{},\"b\":2,\"c\":3}]}", ERR_EXISTS);
	fails("{\"a\":[{\"b\":{\"c\":1,\"c\":2}}]}", ERR_EXISTS); /* also in what is left out */
	fails("{\"\":1,\"\":2}", ERR_EXISTS);
	fails("{\"a\":1,\"\\u0061\":2}", ERR_UNSUPPORTED);
	fails("{\"a\":[{\"b\":{\"\\u0061\":2}}]}", ERR_UNSUPPORTED); /* likewise */
}

/* One object with very many names is for a tree; many objects with a few are not. */
static void
names_are_counted_per_open_object(void **state)
{
	struct json_limits limits = limits_of_replies();
	struct buf text, out;

	(void)state;
	buf_init(&text, OUT_MAX);
	buf_init(&out, OUT_MAX);
	buf_put_char(&text, '[');
	for (int i = 0; i < 1000; i++)
		buf_printf(&text, "%s{\"a%d\":1,\"b\":{\"a\":1}}", i > 0 ? "," : "", i);
	buf_put_char(&text, ']');
	assert_int_equal(json_relay(buf_slice(&text), &limits, NULL, &out), 0);
	assert_string_equal(buf_cstr(&out), buf_cstr(&text));
	buf_clear(&text);
	for (int i = 0; i < 1000; i++)
		buf_printf(&text, "%s\"a%d\":1", i > 0 ? "," : "{", i);
	buf_put_char(&text, '}');
	assert_int_equal(json_relay(buf_slice(&text), &limits, NULL, &out), ERR_UNSUPPORTED);
	buf_fini(&out);
	buf_fini(&text);
}

static void
a_text_that_does_not_fit_is_not_begun(void **state)
{
	struct json_limits limits = limits_of_replies();
	struct buf out;

	(void)state;
	buf_init(&out, 10);
	assert_int_equal(buf_put_str(&out, "12345"), 0);
	assert_int_equal(json_relay(SLICE_LIT("[ 1, 2, 3, 4 ]"), &limits, NULL, &out), ERR_LIMIT);
	assert_int_equal(out.failed, ERR_LIMIT);
	assert_string_equal(buf_cstr(&out), "12345");
	buf_fini(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_grammar_is_the_parsers),
	    cmocka_unit_test(what_is_written_otherwise_comes_out_as_a_tree_would),
	    cmocka_unit_test(control_characters_are_taken_out_of_values),
	    cmocka_unit_test(a_member_is_left_out_of_the_objects_of_a_list),
	    cmocka_unit_test(the_same_is_left_out_of_a_tree),
	    cmocka_unit_test(a_number_beyond_double_is_refused),
	    cmocka_unit_test(a_name_that_stands_twice_is_refused),
	    cmocka_unit_test(names_are_counted_per_open_object),
	    cmocka_unit_test(a_text_that_does_not_fit_is_not_begun),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
