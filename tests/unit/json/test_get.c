/*
 * test_get.c - typed getters give the member or the fallback, never something else
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "json/get.h"
#include "json/parse.h"

static json_t *obj;

static int
setup(void **state)
{
	static const char text[] =
	    "{\"s\":\"text\",\"nul\":\"a\\u0000b\",\"i\":5,\"whole\":6.0,\"r\":2.5,\"t\":true,\"f\":false,"
	    "\"n\":null,\"a\":[1,2,3],\"o\":{\"k\":1},\"num\":\"7\",\"huge\":1e300}";

	(void)state;
	return json_parse(slice_from_str(text), NULL, &obj, NULL);
}

static int
teardown(void **state)
{
	(void)state;
	json_decref(obj);
	return 0;
}

static void
strings(void **state)
{
	(void)state;
	assert_string_equal(json_get_str(obj, "s", "x"), "text");
	assert_string_equal(json_get_str(obj, "num", "x"), "7");
	assert_string_equal(json_get_str(obj, "i", "x"), "x");
	assert_string_equal(json_get_str(obj, "n", "x"), "x");
	assert_string_equal(json_get_str(obj, "absent", "x"), "x");
	assert_null(json_get_str(obj, "absent", NULL));
	assert_string_equal(json_get_str(obj, "nul", "x"), "x");
	assert_true(slice_eq(json_get_slice(obj, "nul"), slice_of("a\0b", 3)));
	assert_null(json_get_slice(obj, "i").ptr);
}

static void
numbers(void **state)
{
	(void)state;
	assert_int_equal(json_get_int(obj, "i", -1), 5);
	assert_int_equal(json_get_int(obj, "whole", -1), 6);
	assert_int_equal(json_get_int(obj, "r", -1), -1);
	assert_int_equal(json_get_int(obj, "num", -1), -1);
	assert_int_equal(json_get_int(obj, "huge", -1), -1);
	assert_int_equal(json_get_int(obj, "t", -1), -1);
	assert_true(json_get_num(obj, "i", -1) == 5.0);
	assert_true(json_get_num(obj, "r", -1) == 2.5);
	assert_true(json_get_num(obj, "s", -1) == -1.0);
}

static void
booleans(void **state)
{
	(void)state;
	assert_true(json_get_bool(obj, "t", false));
	assert_false(json_get_bool(obj, "f", true));
	assert_true(json_get_bool(obj, "i", true));
	assert_false(json_get_bool(obj, "n", false));
}

static void
containers(void **state)
{
	(void)state;
	assert_int_equal(json_get_array_len(obj, "a"), 3);
	assert_int_equal(json_get_array_len(obj, "o"), 0);
	assert_int_equal(json_get_array_len(obj, "absent"), 0);
	assert_int_equal(json_array_size(json_get_array(obj, "a")), 3);
	assert_null(json_get_array(obj, "o"));
	assert_non_null(json_get_object(obj, "o"));
	assert_null(json_get_object(obj, "a"));
	assert_null(json_get(obj, "n"));
	assert_non_null(json_get(obj, "f"));
}

static void
what_is_no_object_has_no_members(void **state)
{
	json_t *list = json_object_get(obj, "a");

	(void)state;
	assert_null(json_get(NULL, "a"));
	assert_int_equal(json_get_int(NULL, "a", 3), 3);
	assert_int_equal(json_get_int(list, "a", 3), 3);
	assert_string_equal(json_get_str(NULL, "a", "x"), "x");
	assert_int_equal(json_get_array_len(NULL, "a"), 0);
}

static void
integral_means_within_int64(void **state)
{
	static const struct {
		double value;
		bool integral;
	} cases[] = {
	    {0.0, true},
	    {-0.0, true},
	    {-9223372036854775808.0, true},
	    {9223372036854774784.0, true},
	    {9223372036854775808.0, false},
	    {-9223372036854777856.0, false},
	    {0.5, false},
	    {1e300, false},
	    {2251799813685248.5, false},
	};
	int64_t value;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		json_t *real = json_real(cases[i].value);

		assert_int_equal(json_is_integral(real, &value), cases[i].integral);
		if (cases[i].integral)
			assert_true((double)value == cases[i].value);
		json_decref(real);
	}
	assert_false(json_is_integral(NULL, &value));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(strings),
	    cmocka_unit_test(numbers),
	    cmocka_unit_test(booleans),
	    cmocka_unit_test(containers),
	    cmocka_unit_test(what_is_no_object_has_no_members),
	    cmocka_unit_test(integral_means_within_int64),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
