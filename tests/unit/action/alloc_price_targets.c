/*
 * alloc_price_targets.c - prices decided without memory: never a target that is short of a field
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "action/pricing/price_rows.h"
#include "action/pricing/price_targets.h"
#include "base/err.h"
#include "torture.h"

struct stage {
	json_t *product, *update, *params;
};

static int
decide(void *ctx)
{
	struct stage *stage = ctx;
	const char *skip = NULL;
	json_t *present = price_values(stage->product);
	json_t *to = present != NULL ? price_decide(present, stage->update, &skip) : NULL;
	json_t *row = to != NULL ? price_rows_special("A", 0, present) : NULL;
	int r = row != NULL ? 0 : ERR_NOMEM;

	assert_null(skip);
	if (to != NULL)
		assert_int_equal(json_object_size(to), 3);
	if (row != NULL)
		assert_int_equal(json_object_size(row), 5);
	json_decref(present);
	json_decref(to);
	json_decref(row);
	return r;
}

static int
check(void *ctx)
{
	struct stage *stage = ctx;
	json_t *violations = json_array();
	int r = violations != NULL ? price_check(stage->params, violations) : -1;

	if (r == 0)
		assert_int_equal(json_array_size(violations), 2);
	json_decref(violations);
	return r == 0 ? 0 : ERR_NOMEM;
}

static void
without_memory(void **state)
{
	struct stage stage = {
	    .product = json_loads("{\"price\":10,\"custom_attributes\":["
				  "{\"attribute_code\":\"special_price\",\"value\":\"8.000000\"},"
				  "{\"attribute_code\":\"special_to_date\",\"value\":\"2030-01-01 00:00:00\"}]}",
				  0, NULL),
	    .update = json_loads("{\"special_price\":null,\"adjust\":{\"target\":\"price\",\"percent\":10}}", 0, NULL),
	    .params =
		json_loads("{\"items\":[{\"sku\":\"A\",\"price\":1.00001},{\"sku\":\"a\",\"price\":1}]}", 0, NULL),
	};

	(void)state;
	torture("price_decide", decide, &stage);
	assert_true(torture_failures() > 3);
	torture("price_check", check, &stage);
	assert_true(torture_failures() > 3);
	json_decref(stage.product);
	json_decref(stage.update);
	json_decref(stage.params);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(without_memory)};

	json_set_alloc_funcs(torture_malloc, torture_free);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
