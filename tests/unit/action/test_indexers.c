#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "action/diagnostics/indexers.h"
#include "json/get.h"

static json_t *
render(json_t *body)
{
	json_t *result = indexers_render(body);

	json_decref(body);
	assert_non_null(result);
	return result;
}

static json_t *
rows(void)
{
	return json_pack("[{s:s, s:s, s:s, s:s, s:s}, {s:s, s:s, s:s}, {s:s, s:s}]", "indexer_id",
			 "catalog_product_price", "title", "Product Price", "status", "invalid", "mode", "schedule",
			 "updated", "2026-11-22 08:00:00", "id", "cataloginventory_stock", "title", "Stock", "status",
			 "valid", "indexer_id", "catalogsearch_fulltext", "status", "working");
}

static void
check_rows(json_t *result)
{
	json_t *stale = json_get_array(result, "needs_reindex");

	assert_true(json_get_bool(result, "available", false));
	assert_int_equal(json_get_int(result, "total", 0), 3);
	assert_int_equal(json_get_int(result, "valid", 0), 1);
	assert_int_equal(json_get_int(result, "invalid", 0), 1);
	assert_int_equal(json_array_size(stale), 1);
	assert_int_equal(json_object_size(json_array_get(stale, 0)), 3);
	assert_string_equal(json_get_str(json_array_get(stale, 0), "indexer_id", ""), "catalog_product_price");
	assert_string_equal(json_get_str(json_array_get(json_get_array(result, "indexers"), 0), "mode", ""),
			    "schedule");
	assert_string_equal(json_get_str(json_array_get(json_get_array(result, "indexers"), 1), "indexer_id", ""),
			    "cataloginventory_stock");
	json_decref(result);
}

static void
test_both_forms(void **state)
{
	(void)state;
	check_rows(render(rows()));
	check_rows(render(json_pack("{s:o}", "items", rows())));
}

static void
test_something_else(void **state)
{
	json_t *const bodies[] = {json_true(), json_object(), json_pack("[s]", "x"), json_pack("[{s:s}]", "id", "x"),
				  json_pack("{s:s}", "items", "x")};

	(void)state;
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		json_t *result = render(bodies[i]);

		assert_false(json_get_bool(result, "available", true));
		assert_int_equal(json_get_array_len(result, "indexers"), 0);
		assert_non_null(strstr(json_get_str(result, "message", ""), "not_json"));
		assert_non_null(strstr(json_get_str(result, "message", ""), "optional_routes.indexer_status"));
		json_decref(result);
	}
}

static void
test_empty_list(void **state)
{
	json_t *result = render(json_array());

	(void)state;
	assert_true(json_get_bool(result, "available", false));
	assert_int_equal(json_get_int(result, "total", -1), 0);
	json_decref(result);
}

static void
test_unavailable(void **state)
{
	json_t *result = indexers_unavailable(NULL);

	(void)state;
	assert_memory_equal(json_get_str(result, "message", ""), "This Magento does not offer", 27);
	assert_int_equal(json_get_int(result, "total", -1), 0);
	json_decref(result);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_both_forms),
	    cmocka_unit_test(test_something_else),
	    cmocka_unit_test(test_empty_list),
	    cmocka_unit_test(test_unavailable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
