/*
 * test_dump.c - trees as text, and reals as short as they can be
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
#include "json/real.h"
#include "json/write.h"

static void
texts_come_back_as_they_were(void **state)
{
	static const char *const texts[] = {
	    "{}",
	    "[]",
	    "null",
	    "\"\"",
	    "-9223372036854775808",
	    "[[],[[]],{}]",
	    "{\"z\":1,\"a\":2,\"m\":{\"b\":[],\"a\":{}}}",
	    "[true,false,null,\"x\",1,1.5]",
	    "\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80/\"",
	    "\"a\\u0000b\\n\\\"\\\\\"",
	    "{\"a b\\n\":[{\"c\":[1,{\"d\":null}]},2]}",
	};
	struct buf out;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		json_t *tree;

		buf_init(&out, 4096);
		assert_int_equal(json_parse(slice_from_str(texts[i]), NULL, &tree, NULL), 0);
		assert_int_equal(json_dump_to(&out, tree), 0);
		assert_string_equal(buf_cstr(&out), texts[i]);
		json_decref(tree);
		buf_fini(&out);
	}
}

static void
reals_are_short(void **state)
{
	static const struct {
		double value;
		const char *text;
	} cases[] = {
	    {0.1, "0.1"},
	    {5.5, "5.5"},
	    {10.1, "10.1"},
	    {19.99, "19.99"},
	    {1234567.89, "1234567.89"},
	    {0.3, "0.3"},
	    {0.1 + 0.2, "0.30000000000000004"},
	    {5.0, "5.0"},
	    {-0.0, "-0.0"},
	    {0.0, "0.0"},
	    {100000.0, "100000.0"},
	    {1e20, "1e+20"},
	    {1.7976931348623157e308, "1.7976931348623157e+308"},
	    {5e-324, "4.94065645841247e-324"},
	    {-2.2250738585072014e-308, "-2.2250738585072014e-308"},
	};
	struct buf out;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		buf_init(&out, 64);
		assert_int_equal(json_real_put(&out, cases[i].value), 0);
		assert_string_equal(buf_cstr(&out), cases[i].text);
		buf_fini(&out);
	}
}

static void
every_real_comes_back(void **state)
{
	uint64_t bits = 88172645463325252u; /* xorshift: the same doubles in every run */
	struct buf out;

	(void)state;
	buf_init(&out, 64);
	for (int i = 0; i < 100000; i++) {
		double value;
		json_t *tree;

		bits ^= bits << 13;
		bits ^= bits >> 7;
		bits ^= bits << 17;
		memcpy(&value, &bits, sizeof(value));
		buf_clear(&out);
		assert_int_equal(json_real_put(&out, value), 0);
		assert_int_equal(json_parse(buf_slice(&out), NULL, &tree, NULL), 0);
		if (!json_is_null(tree)) {
			assert_true(json_is_real(tree));
			assert_true(json_real_value(tree) == value);
		}
		json_decref(tree);
	}
	buf_fini(&out);
}

static void
too_large_is_a_limit_and_leaves_no_trace(void **state)
{
	json_t *tree = json_pack("[sss]", "aaaaaaaaaa", "bbbbbbbbbb", "cccccccccc");
	struct buf out;

	(void)state;
	buf_init(&out, 30);
	assert_int_equal(buf_put_str(&out, "x"), 0);
	assert_int_equal(json_dump_to(&out, tree), ERR_LIMIT);
	assert_string_equal(buf_cstr(&out), "x");
	assert_int_equal(out.failed, ERR_LIMIT);
	buf_fini(&out);
	json_decref(tree);
}

static json_t *
nest(size_t depth)
{
	json_t *tree = json_array();

	for (size_t i = 1; i < depth; i++)
		tree = json_pack("[o]", tree);
	return tree;
}

static void
depth_is_bounded(void **state)
{
	json_t *deepest = nest(128), *deeper = nest(129);
	struct buf out;

	(void)state;
	buf_init(&out, 4096);
	assert_int_equal(json_dump_to(&out, deepest), 0);
	assert_int_equal(out.len, 256);
	assert_int_equal(json_dump_to(&out, deeper), ERR_LIMIT);
	assert_int_equal(out.len, 256);
	buf_fini(&out);
	json_decref(deepest);
	json_decref(deeper);
}

static void
a_failed_buffer_stays_failed(void **state)
{
	json_t *tree = json_object();
	struct buf out;

	(void)state;
	buf_init(&out, 2);
	assert_int_equal(buf_put_str(&out, "abc"), ERR_LIMIT);
	assert_int_equal(json_dump_to(&out, tree), ERR_LIMIT);
	assert_int_equal(out.len, 0);
	buf_fini(&out);
	json_decref(tree);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(texts_come_back_as_they_were),
	    cmocka_unit_test(reals_are_short),
	    cmocka_unit_test(every_real_comes_back),
	    cmocka_unit_test(too_large_is_a_limit_and_leaves_no_trace),
	    cmocka_unit_test(depth_is_bounded),
	    cmocka_unit_test(a_failed_buffer_stays_failed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
