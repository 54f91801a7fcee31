/*
 * alloc_json.c - parsing, dumping, publishing and checking without memory: a code, no crash, no leak
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/err.h"
#include "json/fault.h"
#include "json/parse.h"
#include "json/relay.h"
#include "json/write.h"
#include "sample_schema.h"
#include "torture.h"

static const char text[] =
    "{\"match\":{\"sku_list\":[\"a\",\"toolong\",\"a\",5]},\"page_size\":0,\"nam\":[1.5,{\"x\":null}],"
    "\"mode\":\"\\u0061\\ud83d\\ude00\",\"values\":{\"k\":\"v\"}}";

static int
parse_scenario(void *ctx)
{
	json_t *tree = NULL;
	struct err err = {.code = 0};
	int r;

	(void)ctx;
	r = json_parse(slice_from_str(text), NULL, &tree, &err);
	assert_true(r == (torture_has_failed() ? ERR_NOMEM : 0));
	assert_int_equal(err.code, r);
	assert_true((tree == NULL) == (r < 0));
	json_decref(tree);
	return r;
}

static int
big_scenario(void *ctx)
{
	struct json_limits limits = json_limits_default;
	json_t *tree = NULL;
	int r;

	(void)ctx;
	limits.big_int_as_real = true;
	r = json_parse(SLICE_LIT("[99999999999999999999,{\"a\":-99999999999999999999}]"), &limits, &tree, NULL);
	assert_true(r == (torture_has_failed() ? ERR_NOMEM : 0));
	assert_true(r < 0 || json_real_value(json_array_get(tree, 0)) == 99999999999999999999.0);
	json_decref(tree);
	return r;
}

static int
relay_scenario(void *ctx)
{
	struct json_limits limits = json_limits_default;
	struct buf out;
	int r;

	(void)ctx;
	limits.big_int_as_real = true;
	buf_init(&out, 1 << 16);
	r = json_relay(slice_from_str(text), &limits, NULL, &out);
	assert_true(r == (torture_has_failed() ? ERR_NOMEM : 0));
	assert_true((out.len == 0) == (r < 0));
	buf_fini(&out);
	return r;
}

/* `ctx` is a tree made beforehand. */
static int
dump_scenario(void *ctx)
{
	struct buf out;
	int r;

	buf_init(&out, 1 << 16);
	r = json_dump_to(&out, ctx);
	assert_true(r == 0 || (r == ERR_NOMEM && out.len == 0));
	buf_fini(&out);
	return r;
}

static int
publish_scenario(void *ctx)
{
	json_t *tree = NULL;
	int r;

	(void)ctx;
	r = json_schema_to_json(&sample_schema, &tree);
	assert_true((tree == NULL) == (r < 0));
	json_decref(tree);
	return r;
}

/* A list of allowed names that could not be made may be missing; a violation may not. */
static int
check_scenario(void *ctx)
{
	json_t *found = json_array();
	int r;

	if (found == NULL)
		return ERR_NOMEM;
	r = json_schema_check(&sample_schema, ctx, "params", found);
	assert_true(r == ERR_NOMEM || (r == 6 && json_array_size(found) == 6));
	json_decref(found);
	return r < 0 ? r : 0;
}

static int
fault_scenario(void *ctx)
{
	struct fault f;
	json_t *tree;

	(void)ctx;
	fault_init(&f);
	fault_set(&f, FAULT_VALIDATION_ERROR, json_array(), "message");
	tree = fault_to_json(&f);
	json_decref(tree);
	fault_fini(&f);
	return tree == NULL ? ERR_NOMEM : 0;
}

static void
parsing(void **state)
{
	(void)state;
	torture("relay", relay_scenario, NULL);
	assert_true(torture_failures() > 0);
	torture("parse", parse_scenario, NULL);
	assert_true(torture_failures() > 20);
	torture("parse big integers", big_scenario, NULL);
	assert_true(torture_failures() > 5);
}

static void
dumping_and_checking(void **state)
{
	json_t *tree = NULL;

	(void)state;
	assert_int_equal(json_parse(slice_from_str(text), NULL, &tree, NULL), 0);
	torture("dump", dump_scenario, tree);
	assert_true(torture_failures() > 1);
	torture("check", check_scenario, tree);
	assert_true(torture_failures() > 20);
	json_decref(tree);
}

static void
publishing(void **state)
{
	(void)state;
	torture("publish", publish_scenario, NULL);
	assert_true(torture_failures() > 100);
	torture("fault", fault_scenario, NULL);
	assert_true(torture_failures() > 5);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(parsing),
	    cmocka_unit_test(dumping_and_checking),
	    cmocka_unit_test(publishing),
	};

	json_set_alloc_funcs(torture_malloc, torture_free);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
