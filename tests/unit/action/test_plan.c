/*
 * test_plan.c - what a plan tells of itself; keeping it is for the end-to-end tests
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "action/env.h"
#include "action/plan.h"
#include "json/get.h"
#include "keeper/keeper.h"

static struct config config;
static struct action_env env = {.config = &config};
static struct action_call call = {.env = &env};

static struct plan *
new_plan(void)
{
	struct plan *plan = plan_new(&call, "catalog.bulk_update", "catalog_commit_bulk_update", "products");

	config.guardrails.max_skus_per_bulk = 2;
	config.guardrails.plan_expiry_min = 30;
	assert_non_null(plan);
	return plan;
}

/* The result of a plan without items, which is not kept. */
static json_t *
finish(struct plan *plan, json_t *extra)
{
	json_t *params = json_object(), *result = NULL, *violations = json_array();
	char id[PLAN_ID_CAP] = "x";
	struct fault fault;

	fault_init(&fault);
	assert_int_equal(plan_finish(plan, params, NULL, extra, id, &result, &fault), 0);
	assert_string_equal(id, "");
	if (json_schema_check(&plan_result, result, "result", violations) != 0)
		fail_msg("%s", json_dumps(violations, 0));
	json_decref(violations);
	json_decref(params);
	json_decref(extra);
	return result;
}

static void
nothing_to_change(void **state)
{
	struct plan *plan = new_plan();
	json_t *result;

	(void)state;
	plan_add_unchanged(plan);
	plan_add_unchanged(plan);
	result = finish(plan, json_pack("{s:[s]}", "not_found_skus", "GONE"));
	assert_int_equal(json_get_int(result, "affected_count", -1), 0);
	assert_int_equal(json_get_int(result, "write_count", -1), 0);
	assert_int_equal(json_get_int(result, "unchanged_count", -1), 2);
	assert_null(json_object_get(result, "plan_id"));
	assert_null(json_object_get(result, "expires_at"));
	assert_null(json_object_get(result, "skipped"));
	assert_int_equal(json_get_array_len(result, "sample_diffs"), 0);
	assert_int_equal(json_get_array_len(result, "not_found_skus"), 1);
	assert_string_equal(json_get_str(result, "commit_tool", ""), "catalog_commit_bulk_update");
	json_decref(result);
	plan_free(&plan);
	assert_null(plan);
}

static void
items_are_counted(void **state)
{
	struct plan *plan = new_plan();

	(void)state;
	assert_int_equal(plan_add(plan, json_pack("{s:{s:s}, s:[{}, {}]}", "key", "sku", "A", "writes")), 0);
	assert_int_equal(plan_add(plan, json_pack("{s:{s:s}, s:[{}]}", "key", "sku", "B", "writes")), 0);
	assert_int_equal(plan_count(plan), 2);
	assert_string_equal(json_get_str(json_get_object(plan_item(plan, 1), "key"), "sku", ""), "B");
	assert_null(plan_item(plan, 2));
	plan_free(&plan);
}

/* Four writes for each item that a plan may have. */
static void
too_many_writes(void **state)
{
	struct plan *plan = new_plan();
	json_t *result = NULL, *params = json_object();
	struct fault fault;

	(void)state;
	fault_init(&fault);
	for (int i = 0; i < 3; i++)
		assert_int_equal(plan_add(plan, json_pack("{s:{}, s:[{}, {}, {}]}", "key", "writes")), 0);
	assert_int_equal(plan_finish(plan, params, NULL, NULL, NULL, &result, &fault), -1);
	assert_int_equal(fault.code, FAULT_BULK_CAP_EXCEEDED);
	assert_int_equal(json_get_int(fault.details, "count", 0), 9);
	assert_int_equal(json_get_int(fault.details, "cap", 0), 8);
	assert_null(result);
	fault_fini(&fault);
	json_decref(params);
	plan_free(&plan);
}

static void
left_out(void **state)
{
	struct plan *plan = new_plan();
	json_t *result;

	(void)state;
	for (int i = 0; i < 60; i++)
		assert_int_equal(plan_skip(plan, json_pack("{s:i}", "page_id", i), "because"), 0);
	result = finish(plan, NULL);
	assert_int_equal(json_get_int(result, "skipped_count", 0), 60);
	assert_int_equal(json_get_array_len(result, "skipped"), 50);
	assert_string_equal(json_get_str(json_array_get(json_object_get(result, "skipped"), 7), "reason", ""),
			    "because");
	assert_int_equal(json_get_int(json_array_get(json_object_get(result, "skipped"), 7), "page_id", 0), 7);
	json_decref(result);
	plan_free(&plan);
}

static void
warnings(void **state)
{
	struct plan *plan = new_plan();
	json_t *result;

	(void)state;
	for (int i = 0; i < 60; i++)
		plan_warn(plan, "number %d", i);
	result = finish(plan, NULL);
	assert_int_equal(json_get_array_len(result, "warnings"), 50);
	assert_string_equal(json_string_value(json_array_get(json_object_get(result, "warnings"), 49)), "number 49");
	json_decref(result);
	plan_free(&plan);
}

/* Fields of one prefix share a row when the same views see them. */
static void
where_it_is_written(void **state)
{
	static const char *const one[] = {"default"}, *const two[] = {"default", "de"};
	const struct reach_write all = {.prefix = "all"};
	const struct reach_write narrow = {.prefix = "default", .views = one, .n_views = 1};
	const struct reach_write wide = {.prefix = "default", .views = two, .n_views = 2};
	struct plan *plan = new_plan();
	json_t *result, *wanted;

	(void)state;
	assert_int_equal(plan_effective(plan, &narrow, "name"), 0);
	assert_int_equal(plan_effective(plan, &wide, "status"), 0);
	assert_int_equal(plan_effective(plan, &narrow, "meta_title"), 0);
	assert_int_equal(plan_effective(plan, &all, "price"), 0);
	result = finish(plan, NULL);
	wanted = json_pack("[{s:s, s:[s,s], s:[s]}, {s:s, s:[s], s:[s,s]}, {s:s, s:[s], s:[]}]", "scope", "default",
			   "fields", "name", "meta_title", "store_views", "default", "scope", "default", "fields",
			   "status", "store_views", "default", "de", "scope", "all", "fields", "price", "store_views");
	if (!json_equal(json_object_get(result, "effective_scopes"), wanted))
		fail_msg("%s", json_dumps(result, 0));
	json_decref(wanted);
	json_decref(result);
	plan_free(&plan);
}

static void
shown(void **state)
{
	char text[4096];
	json_t *value, *seen;

	(void)state;
	value = json_string("short");
	seen = plan_shown(value);
	assert_ptr_equal(seen, value);
	json_decref(seen);
	json_decref(value);

	value = json_real(1.5);
	seen = plan_shown(value);
	assert_ptr_equal(seen, value);
	json_decref(seen);
	json_decref(value);

	/* Cut between characters, at whatever byte that falls. */
	for (size_t shift = 0; shift < 3; shift++) {
		memset(text, 'x', shift);
		for (size_t at = shift; at < 3000; at += 3)
			memcpy(&text[at], "\xe2\x82\xac", 4); /* the euro sign */
		value = json_string(text);
		assert_non_null(value);
		seen = plan_shown(value);
		assert_non_null(seen);
		assert_true(json_string_length(seen) < 450);
		assert_non_null(strstr(json_string_value(seen), "bytes in all"));
		json_decref(seen);
		json_decref(value);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nothing_to_change),
	    cmocka_unit_test(items_are_counted),
	    cmocka_unit_test(too_many_writes),
	    cmocka_unit_test(left_out),
	    cmocka_unit_test(warnings),
	    cmocka_unit_test(where_it_is_written),
	    cmocka_unit_test(shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
