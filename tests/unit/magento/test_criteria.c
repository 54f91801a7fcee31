#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/err.h"
#include "magento/criteria.h"

struct setup {
	struct pool *pool;
	struct criteria c;
};

static int
open_pool(void **state)
{
	static struct setup setup;

	setup.pool = pool_new(1024 * 1024);
	criteria_init(&setup.c, setup.pool);
	*state = &setup;
	return setup.pool == NULL;
}

static int
close_pool(void **state)
{
	struct setup *setup = *state;

	pool_free(&setup->pool);
	return 0;
}

static void
assert_query(struct criteria *c, const char *expected)
{
	const struct magento_param *params;
	struct buf text;
	size_t n;

	assert_int_equal(criteria_finish(c, &params, &n), 0);
	buf_init(&text, 65536);
	assert_int_equal(param_query_put(&text, params, n), 0);
	assert_string_equal(buf_cstr(&text), expected);
	assert_int_equal(criteria_encoded_len(params, n), text.len);
	buf_fini(&text);
}

#define F "searchCriteria%5Bfilter_groups%5D%5B"

static void
everything_needs_a_named_criteria(void **state)
{
	struct setup *s = *state;

	criteria_param(&s->c, "fields", "total_count");
	assert_query(&s->c, "?fields=total_count&searchCriteria=");
	assert_query(&s->c, "?fields=total_count&searchCriteria=");
}

static void
groups_filters_sorts_and_page(void **state)
{
	struct setup *s = *state;

	criteria_group(&s->c);
	criteria_filter(&s->c, "sku", "in", "a,b");
	criteria_filter(&s->c, "name", NULL, "x y+z=&");
	criteria_group(&s->c);
	criteria_group(&s->c); /* an empty one leaves no gap */
	criteria_filter(&s->c, "status", "eq", "1");
	criteria_sort(&s->c, "entity_id", "asc");
	criteria_sort(&s->c, "name", "DESC");
	criteria_page(&s->c, 100, 2);
	assert_query(&s->c,
		     "?" F "0%5D%5Bfilters%5D%5B0%5D%5Bfield%5D=sku&" F "0%5D%5Bfilters%5D%5B0%5D%5Bvalue%5D=a%2Cb&" F
		     "0%5D%5Bfilters%5D%5B0%5D%5Bcondition_type%5D=in&" F "0%5D%5Bfilters%5D%5B1%5D%5Bfield%5D=name&" F
		     "0%5D%5Bfilters%5D%5B1%5D%5Bvalue%5D=x%20y%2Bz%3D%26&" F
		     "0%5D%5Bfilters%5D%5B1%5D%5Bcondition_type%5D=eq&" F
		     "1%5D%5Bfilters%5D%5B0%5D%5Bfield%5D=status&" F "1%5D%5Bfilters%5D%5B0%5D%5Bvalue%5D=1&" F
		     "1%5D%5Bfilters%5D%5B0%5D%5Bcondition_type%5D=eq&searchCriteria%5BsortOrders%5D%5B0%5D%5Bfield%5D="
		     "entity_id&"
		     "searchCriteria%5BsortOrders%5D%5B0%5D%5Bdirection%5D=ASC&searchCriteria%5BsortOrders%5D%5B1%5D%"
		     "5Bfield%5D=name&"
		     "searchCriteria%5BsortOrders%5D%5B1%5D%5Bdirection%5D=DESC&searchCriteria%5BpageSize%5D=100&"
		     "searchCriteria%5BcurrentPage%5D=2");
}

static void
each_where_is_a_group(void **state)
{
	struct setup *s = *state;
	const struct magento_param *params;
	size_t n, i;

	for (i = 0; i < 12; i++)
		criteria_where(&s->c, "sku", "neq", "x");
	assert_int_equal(criteria_finish(&s->c, &params, &n), 0);
	assert_int_equal(n, 36);
	assert_string_equal(params[33].name, "searchCriteria[filter_groups][11][filters][0][field]");
}

static void
refuses_bad_steps(void **state)
{
	struct setup *s = *state;
	const struct magento_param *params;
	size_t n, i;
	int step;

	for (step = 0; step < 9; step++) {
		criteria_init(&s->c, s->pool);
		switch (step) {
		case 0:
			criteria_filter(&s->c, "sku", "equals", "x");
			break;
		case 1:
			criteria_filter(&s->c, "SKU", "eq", "x");
			break;
		case 2:
			criteria_filter(&s->c, "sku][x", "eq", "x");
			break;
		case 3:
			criteria_sort(&s->c, "name", "sideways");
			break;
		case 4:
			criteria_sort(&s->c, "", "ASC");
			break;
		case 5:
			criteria_page(&s->c, 0, 1);
			break;
		case 6:
			criteria_page(&s->c, 1, 0);
			break;
		case 7:
			criteria_page(&s->c, 1, 1);
			criteria_page(&s->c, 2, 1);
			break;
		case 8:
			criteria_filter(&s->c, "", NULL, "x");
			break;
		}
		assert_int_equal(criteria_finish(&s->c, &params, &n), ERR_INVALID);
		assert_null(params);
		assert_int_equal(n, 0);
	}
	criteria_init(&s->c, s->pool);
	for (i = 0; i < CRITERIA_PARAMS_MAX; i++)
		criteria_where(&s->c, "sku", "eq", "x");
	assert_int_equal(criteria_finish(&s->c, &params, &n), ERR_LIMIT);
}

static void
knows_the_conditions(void **state)
{
	static const char *const good[] = {"eq",    "neq", "gt",  "gteq", "lt",	     "lteq", "moreq", "like",
					   "nlike", "in",  "nin", "null", "notnull", "from", "to",    "finset"};
	static const char *const bad[] = {"", "EQ", "equals", "eq ", "between", "regexp"};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(good); i++)
		assert_true(criteria_is_condition(good[i]));
	for (i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(criteria_is_condition(bad[i]));
}

static void
converts_values(void **state)
{
	static const struct {
		const char *json;
		const char *expected; /* NULL: refused */
	} cases[] = {
	    {"\"x\"", "x"},
	    {"\"\"", ""},
	    {"\"a,b\"", "a,b"},
	    {"5", "5"},
	    {"-7", "-7"},
	    {"0", "0"},
	    {"5.5", "5.5"},
	    {"0.1", "0.1"},
	    {"19.99", "19.99"},
	    {"1e21", "1e+21"},
	    {"true", "1"},
	    {"false", "0"},
	    {"null", ""},
	    {"[1,2,3]", "1,2,3"},
	    {"[\"a\",true,2.5]", "a,1,2.5"},
	    {"[\"\"]", ""},
	    {"[\"a,b\"]", NULL},
	    {"[\"a\",\"b,c\"]", NULL},
	    {"[]", NULL},
	    {"[null]", NULL},
	    {"[[1]]", NULL},
	    {"{}", NULL},
	    {"\"a\\u0000b\"", NULL},
	};
	struct setup *s = *state;
	const char *value, *why;
	json_t *json;
	size_t i;

	for (i = 0; i < ARRAY_LEN(cases); i++) {
		json = json_loads(cases[i].json, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
		assert_non_null(json);
		value = criteria_value(s->pool, json, &why);
		if (cases[i].expected == NULL) {
			assert_null(value);
			assert_non_null(why);
		} else {
			assert_non_null(value);
			assert_null(why);
			assert_string_equal(value, cases[i].expected);
		}
		json_decref(json);
	}
}

static void
escapes_for_like(void **state)
{
	struct setup *s = *state;

	assert_string_equal(criteria_like_prefix(s->pool, "abc"), "abc%");
	assert_string_equal(criteria_like_prefix(s->pool, "50%_a\\"), "50\\%\\_a\\\\%");
	assert_string_equal(criteria_like_contains(s->pool, "a_b"), "%a\\_b%");
	assert_string_equal(criteria_like_prefix(s->pool, ""), "%");
}

static void
cuts_in_lists(void **state)
{
	static const char *const values[] = {"aaaa", "bbbb", "c c", "d,d", "eeee"};
	static const char *const comma_first[] = {"a,b", "c"};
	static const char *many[250];
	struct setup *s = *state;
	size_t i;

	assert_int_equal(criteria_in_piece(values, 5, 1000), 3); /* stops before the comma */
	assert_int_equal(criteria_in_piece(values, 5, 10), 1);
	assert_int_equal(criteria_in_piece(values, 5, 11), 2); /* aaaa%2Cbbbb */
	assert_int_equal(criteria_in_piece(values, 5, 1), 1);  /* one always goes */
	assert_int_equal(criteria_in_piece(comma_first, 2, 1000), 1);
	assert_int_equal(criteria_in_piece(values, 0, 1000), 0);
	for (i = 0; i < 250; i++)
		many[i] = "x";
	assert_int_equal(criteria_in_piece(many, 250, 100000), CRITERIA_IN_MAX);
	assert_string_equal(criteria_join(s->pool, values, 3), "aaaa,bbbb,c c");
	assert_string_equal(criteria_join(s->pool, values, 0), "");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, open_pool, close_pool)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(everything_needs_a_named_criteria),
	    TEST(groups_filters_sorts_and_page),
	    TEST(each_where_is_a_group),
	    TEST(refuses_bad_steps),
	    TEST(knows_the_conditions),
	    TEST(converts_values),
	    TEST(escapes_for_like),
	    TEST(cuts_in_lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
