#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "action/promotions/rule_shapes.h"

/* How many violations a value has. */
static int
check(const struct json_schema *schema, const char *text)
{
	json_t *value = json_loads(text, JSON_DECODE_ANY, NULL), *violations = json_array();
	int n;

	assert_non_null(value);
	n = json_schema_check(schema, value, "params", violations);
	json_decref(value);
	json_decref(violations);
	return n;
}

#define NEEDED                                                                                                         \
	"\"name\":\"N\",\"website_ids\":[1],\"customer_group_ids\":[0],\"simple_action\":\"by_fixed\",\"discount_"     \
	"amount\":5"

static void
new_rules(void **state)
{
	(void)state;
	assert_int_equal(check(&rule_create_shape, "{" NEEDED "}"), 0);
	assert_int_equal(check(&rule_create_shape, "{}"), 5);
	assert_int_equal(check(&rule_create_shape, "{" NEEDED ",\"to_date\":\"\"}"), 1);
	assert_int_equal(check(&rule_create_shape, "{" NEEDED ",\"to_date\":\"1970-01-01\"}"), 0);
	assert_int_equal(check(&rule_create_shape, "{" NEEDED ",\"to_date\":\"1969-12-31\"}"), 1);
	assert_int_equal(check(&rule_create_shape, "{" NEEDED ",\"to_date\":\"2026-02-29\"}"), 1);
	assert_int_equal(check(&rule_create_shape, "{" NEEDED ",\"use_auto_generation\":true}"), 1);
	assert_int_equal(check(&rule_create_shape, "{" NEEDED ",\"coupon_type\":\"SPECIFIC_COUPON\"}"), 1);
	assert_int_equal(check(&rule_create_shape, "{" NEEDED ",\"conditions\":[]}"), 0);
	assert_int_equal(check(&rule_create_shape, "{" NEEDED ",\"conditions\":\"x\"}"), 1);
	assert_int_equal(check(&rule_create_shape, "{\"name\":\" \",\"website_ids\":[],\"customer_group_ids\":[0,0],"
						   "\"simple_action\":\"percent\",\"discount_amount\":-1}"),
			 5);
}

static void
patches(void **state)
{
	(void)state;
	assert_int_equal(check(&rule_patch_shape, "{}"), 1);
	assert_int_equal(check(&rule_patch_shape, "{\"to_date\":\"\",\"description\":\"\",\"is_rss\":true}"), 0);
	assert_int_equal(check(&rule_patch_shape, "{\"to_date\":null}"), 1);
	assert_int_equal(check(&rule_patch_shape, "{\"coupon_code\":\"X\"}"), 1);
	assert_int_equal(check(&rule_patch_shape, "{\"store_labels\":[]}"), 1);
	assert_int_equal(check(&rule_patch_shape, "{\"simple_free_shipping\":\"1\",\"use_auto_generation\":true}"), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(new_rules),
	    cmocka_unit_test(patches),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
