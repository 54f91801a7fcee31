#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "magento/param.h"

static void
writes_queries(void **state)
{
	static const struct magento_param params[] = {
	    {"searchCriteria", ""}, {"a[0]", "x y+z"}, {"b", NULL}, {"c", "\xc3\xa9=&#"}};
	struct buf out;

	(void)state;
	buf_init(&out, 1024);
	assert_int_equal(param_query_put(&out, NULL, 0), 0);
	assert_int_equal(out.len, 0);
	assert_int_equal(param_query_put(&out, params, ARRAY_LEN(params)), 0);
	assert_string_equal(buf_cstr(&out), "?searchCriteria=&a%5B0%5D=x%20y%2Bz&b=&c=%C3%A9%3D%26%23");
	buf_fini(&out);
}

static void
splits_queries(void **state)
{
	char query[] = "a[x]=1&b&c=d=e";
	char empty[] = "";
	struct magento_param params[3];

	(void)state;
	assert_int_equal(param_query_split(query, params, 3), 3);
	assert_string_equal(params[0].name, "a[x]");
	assert_string_equal(params[0].value, "1");
	assert_string_equal(params[1].name, "b");
	assert_string_equal(params[1].value, "");
	assert_string_equal(params[2].name, "c");
	assert_string_equal(params[2].value, "d=e");
	assert_int_equal(param_query_split(empty, params, 3), 0);
}

static void
sees_repeated_names(void **state)
{
	static const struct magento_param params[] = {{"a", "1"}, {"b", "1"}, {"A", "1"}, {"b", "2"}};

	(void)state;
	assert_false(param_has_repeated(params, 0));
	assert_false(param_has_repeated(params, 3));
	assert_true(param_has_repeated(params, 4));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(writes_queries),
	    cmocka_unit_test(splits_queries),
	    cmocka_unit_test(sees_repeated_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
