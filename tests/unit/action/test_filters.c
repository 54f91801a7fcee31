/*
 * test_filters.c - the filter language, turned into searchCriteria
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "action/filters.h"
#include "action/shapes.h"
#include "base/err.h"
#include "base/pool.h"
#include "json/get.h"
#include "json/parse.h"

static json_t *
json_of(const char *text)
{
	json_t *root = NULL;

	assert_int_equal(json_parse(slice_from_str(text), NULL, &root, NULL), 0);
	return root;
}

/* Groups as "field condition value" joined by " | " within a group and " & " between groups. */
static void
describe(const struct magento_param *params, size_t n, char *out, size_t cap)
{
	unsigned group, filter, last_group = 0;
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; i + 2 < n; i += 3) {
		assert_int_equal(
		    sscanf(params[i].name, "searchCriteria[filter_groups][%u][filters][%u][field]", &group, &filter),
		    2);
		used += (size_t)snprintf(out + used, cap - used, "%s%s %s %s",
					 i == 0		       ? ""
					 : group == last_group ? " | "
							       : " & ",
					 params[i].value, params[i + 2].value, params[i + 1].value);
		assert_true(used < cap);
		last_group = group;
	}
}

static int
add(struct criteria *criteria, const char *filters, struct fault *fault)
{
	json_t *tree = filters != NULL ? json_of(filters) : NULL;
	json_t *violations = json_array();
	int r;

	if (tree != NULL)
		assert_int_equal(json_schema_check(&shape_filters, tree, "params.filters", violations), 0);
	json_decref(violations);
	fault_init(fault);
	r = filters_add(criteria, tree, "params.filters", fault);
	json_decref(tree); /* the criteria keep nothing of it */
	return r;
}

static void
assert_criteria(const char *filters, const char *wanted)
{
	struct pool *pool = pool_new(1024 * 1024);
	const struct magento_param *params;
	struct criteria criteria;
	struct fault fault;
	char got[4096];
	size_t n;

	criteria_init(&criteria, pool);
	if (add(&criteria, filters, &fault) != 0)
		fail_msg("%s: %s", filters, fault.message);
	assert_int_equal(criteria_finish(&criteria, &params, &n), 0);
	describe(params, n, got, sizeof(got));
	assert_string_equal(got, wanted);
	pool_free(&pool);
}

static void
assert_refused(const char *filters, const char *path)
{
	struct pool *pool = pool_new(1024 * 1024);
	struct criteria criteria;
	struct fault fault;

	criteria_init(&criteria, pool);
	assert_int_equal(add(&criteria, filters, &fault), -1);
	assert_int_equal(fault.code, FAULT_VALIDATION_ERROR);
	assert_string_equal(json_get_str(json_array_get(fault.details, 0), "path", ""), path);
	fault_fini(&fault);
	pool_free(&pool);
}

static void
a_value_means_equals(void **state)
{
	(void)state;
	assert_criteria("{\"sku\":\"24-MB01\"}", "sku eq 24-MB01");
	assert_criteria("{\"status\":1}", "status eq 1");
	assert_criteria("{\"price\":10.50}", "price eq 10.5");
	assert_criteria("{\"sku\":\"a,b\"}", "sku eq a,b");
	assert_criteria("{\"name\":\"\xc3\xa4 & = %\"}", "name eq \xc3\xa4 & = %");
}

/* Not the same as no filter. */
static void
nothings_are_values(void **state)
{
	(void)state;
	assert_criteria("{\"a\":0,\"b\":false,\"c\":\"\",\"d\":true}", "a eq 0 & b eq 0 & c eq  & d eq 1");
}

static void
a_list_means_any_of(void **state)
{
	(void)state;
	assert_criteria("{\"sku\":[\"a\",\"b\",\"c\"]}", "sku in a,b,c");
	assert_criteria("{\"id\":[1,2.0,true]}", "id in 1,2,1");
	assert_criteria("{\"sku\":[\"a\"]}", "sku in a");
}

static void
a_condition_is_named(void **state)
{
	(void)state;
	assert_criteria("{\"price\":{\"value\":5,\"condition\":\"gteq\"}}", "price gteq 5");
	assert_criteria("{\"price\":{\"value\":5}}", "price eq 5");
	assert_criteria("{\"name\":{\"value\":\"%a_b%\",\"condition\":\"like\"}}", "name like %a_b%");
	assert_criteria("{\"sku\":{\"value\":[\"a\",\"b\"],\"condition\":\"nin\"}}", "sku nin a,b");
	assert_criteria("{\"sku\":{\"value\":\"a\",\"condition\":\"in\"}}", "sku in a");
	assert_criteria("{\"sku\":{\"condition\":\"null\"}}", "sku null 1");
	assert_criteria("{\"sku\":{\"condition\":\"notnull\",\"value\":\"x\"}}", "sku notnull 1");
	assert_criteria("{\"a\":{\"value\":\"2\",\"condition\":\"finset\"}}", "a finset 2");
}

static void
a_list_of_conditions_means_all_of_them(void **state)
{
	(void)state;
	assert_criteria("{\"price\":[{\"value\":5,\"condition\":\"gteq\"},{\"value\":9,\"condition\":\"lt\"}]}",
			"price gteq 5 & price lt 9");
	assert_criteria("{\"a\":1,\"b\":[{\"value\":2}],\"c\":[3]}", "a eq 1 & b eq 2 & c in 3");
}

/* Magento would split them at the comma. */
static void
commas_are_kept_out_of_lists(void **state)
{
	(void)state;
	assert_criteria("{\"sku\":[\"a,b\",\"c\"]}", "sku eq a,b | sku in c");
	assert_criteria("{\"sku\":[\"c\",\"a,b\",\"d\",\"e,f\"]}", "sku eq a,b | sku eq e,f | sku in c,d");
	assert_criteria("{\"sku\":[\"a,b\"]}", "sku eq a,b");
	assert_criteria("{\"sku\":[\"a,b\",\"c,d\"]}", "sku eq a,b | sku eq c,d");
	assert_criteria("{\"sku\":{\"value\":\"a,b\",\"condition\":\"in\"}}", "sku eq a,b");
	assert_criteria("{\"sku\":{\"value\":\"a,b\",\"condition\":\"nin\"}}", "sku neq a,b");
	assert_criteria("{\"sku\":{\"value\":\"a,b\",\"condition\":\"like\"}}", "sku like a,b");
	assert_criteria("{\"x\":1,\"sku\":[\"a,b\",\"c\"],\"y\":2}", "x eq 1 & sku eq a,b | sku in c & y eq 2");
	assert_criteria("{\"s\":[\"1,\",\"2,\",\"3,\",\"4,\",\"5,\",\"6,\",\"7,\",\"8,\",\"9,\"]}",
			"s eq 1, | s eq 2, | s eq 3, | s eq 4, | s eq 5, | s eq 6, | s eq 7, | s eq 8, | s eq 9,");
}

static void
what_magento_cannot_tell_apart_is_refused(void **state)
{
	(void)state;
	assert_refused("{\"s\":[\"1,\",\"2,\",\"3,\",\"4,\",\"5,\",\"6,\",\"7,\",\"8,\",\"9,\",\"10,\"]}",
		       "params.filters.s");
	assert_refused("{\"s\":[\"1,\",\"2,\",\"3,\",\"4,\",\"5,\",\"6,\",\"7,\",\"8,\",\"9,\",\"x\"]}",
		       "params.filters.s");
	assert_refused("{\"sku\":{\"value\":[\"a,b\",\"c\"],\"condition\":\"nin\"}}", "params.filters.sku");
	assert_refused("{\"sku\":{\"value\":[\"a\"],\"condition\":\"eq\"}}", "params.filters.sku");
	assert_refused("{\"sku\":{\"value\":[\"a\"],\"condition\":\"like\"}}", "params.filters.sku");
	assert_refused("{\"sku\":{\"condition\":\"eq\"}}", "params.filters.sku");
	assert_refused("{\"a\":1,\"sku\":[{\"value\":1},{\"condition\":\"gt\"}]}", "params.filters.sku");
}

static void
no_filters_add_nothing(void **state)
{
	struct pool *pool = pool_new(4096);
	struct criteria criteria;
	struct fault fault;

	(void)state;
	criteria_init(&criteria, pool);
	assert_int_equal(add(&criteria, NULL, &fault), 0);
	assert_int_equal(add(&criteria, "{}", &fault), 0);
	assert_int_equal(criteria.n, 0);
	pool_free(&pool);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_value_means_equals),
	    cmocka_unit_test(nothings_are_values),
	    cmocka_unit_test(a_list_means_any_of),
	    cmocka_unit_test(a_condition_is_named),
	    cmocka_unit_test(a_list_of_conditions_means_all_of_them),
	    cmocka_unit_test(commas_are_kept_out_of_lists),
	    cmocka_unit_test(what_magento_cannot_tell_apart_is_refused),
	    cmocka_unit_test(no_filters_add_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
