/*
 * alloc_filters.c - filters without memory: never fewer conditions than were asked for
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "action/filters.h"
#include "base/err.h"
#include "base/pool.h"
#include "json/parse.h"
#include "torture.h"

struct stage {
	json_t *filters;
	size_t n_params; /* of the undisturbed run */
};

static int
add(void *ctx)
{
	struct stage *stage = ctx;
	struct pool *pool = pool_new(1024 * 1024);
	const struct magento_param *params;
	struct criteria criteria;
	struct fault fault;
	size_t n;
	int r;

	if (pool == NULL)
		return ERR_NOMEM;
	fault_init(&fault);
	criteria_init(&criteria, pool);
	r = filters_add(&criteria, stage->filters, "params.filters", &fault);
	assert_true((r == 0) == (fault.code == FAULT_NONE));
	if (r == 0)
		r = criteria_finish(&criteria, &params, &n);
	if (r == 0 && stage->n_params == 0)
		stage->n_params = n;
	if (r == 0)
		assert_int_equal(n, stage->n_params);
	fault_fini(&fault);
	pool_free(&pool);
	return r == 0 ? 0 : ERR_NOMEM;
}

static int
refuse(void *ctx)
{
	struct stage *stage = ctx;
	struct pool *pool = pool_new(1024 * 1024);
	struct criteria criteria;
	struct fault fault;

	if (pool == NULL)
		return ERR_NOMEM;
	fault_init(&fault);
	criteria_init(&criteria, pool);
	assert_int_equal(filters_add(&criteria, stage->filters, "params.filters", &fault), -1);
	assert_int_not_equal(fault.code, FAULT_NONE);
	fault_fini(&fault);
	pool_free(&pool);
	return 0;
}

static void
run(const char *text, int (*scenario)(void *ctx))
{
	struct stage stage = {.filters = NULL};

	assert_int_equal(json_parse(slice_from_str(text), NULL, &stage.filters, NULL), 0);
	torture(text, scenario, &stage);
	assert_true(torture_failures() > 0);
	json_decref(stage.filters);
}

static void
adding(void **state)
{
	(void)state;
	run("{\"sku\":[\"a,b\",\"c\",\"d,e\",\"f\"],\"price\":[{\"value\":5,\"condition\":\"gt\"},{\"condition\":"
	    "\"notnull\"}],"
	    "\"status\":1,\"name\":{\"value\":\"%x%\",\"condition\":\"like\"},\"id\":[1,2,3]}",
	    add);
	run("{\"sku\":[\"a,b\",\"c\"]}", add);
}

static void
refusing(void **state)
{
	(void)state;
	run("{\"sku\":{\"value\":[\"a\"],\"condition\":\"eq\"}}", refuse);
	run("{\"sku\":{\"condition\":\"eq\"}}", refuse);
	run("{\"sku\":[\"1,\",\"2,\",\"3,\",\"4,\",\"5,\",\"6,\",\"7,\",\"8,\",\"9,\",\"0,\"]}", refuse);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(adding),
	    cmocka_unit_test(refusing),
	};

	json_set_alloc_funcs(torture_malloc, torture_free);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
