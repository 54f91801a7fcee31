#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "action/promotions/rule_conditions.h"
#include "action/promotions/rule_fields.h"

static json_t *
parse(const char *text)
{
	json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);

	if (value == NULL)
		fail_msg("no JSON: %s", text);
	return value;
}

static json_t *
build(const char *text, json_t *violations)
{
	json_t *given = parse(text), *body = NULL;

	assert_int_equal(rule_fields_build(given, NULL, "params", violations, &body), 0);
	json_decref(given);
	return body;
}

static void
expect_body(const char *text, const char *wanted)
{
	json_t *violations = json_array(), *body = build(text, violations), *expected = parse(wanted);

	assert_int_equal(json_array_size(violations), 0);
	if (!json_equal(body, expected))
		fail_msg("%s gave %s", text, json_dumps(body, 0));
	json_decref(violations);
	json_decref(body);
	json_decref(expected);
}

/* Exactly one violation, at this path. */
static void
expect_one(json_t *violations, const char *path, const char *part)
{
	const json_t *first = json_array_get(violations, 0);

	if (json_array_size(violations) != 1)
		fail_msg("%s", json_dumps(violations, 0));
	assert_string_equal(json_string_value(json_object_get(first, "path")), path);
	assert_non_null(strstr(json_string_value(json_object_get(first, "message")), part));
	json_array_clear(violations);
}

static void
coupon_types_become_words(void **state)
{
	(void)state;
	expect_body("{\"coupon_type\":\"no_coupon\"}", "{\"coupon_type\":\"NO_COUPON\"}");
	expect_body("{\"coupon_type\":\"specific_coupon\"}",
		    "{\"coupon_type\":\"SPECIFIC_COUPON\",\"use_auto_generation\":false}");
	expect_body("{\"coupon_type\":\"auto\"}", "{\"coupon_type\":\"SPECIFIC_COUPON\",\"use_auto_generation\":true}");
	expect_body("{\"coupon_type\":\"auto\",\"use_auto_generation\":true}",
		    "{\"coupon_type\":\"SPECIFIC_COUPON\",\"use_auto_generation\":true}");
	expect_body("{\"use_auto_generation\":false}", "{\"use_auto_generation\":false}");
}

static void
contradictions_are_refused(void **state)
{
	json_t *violations = json_array();

	(void)state;
	json_decref(build("{\"coupon_type\":\"auto\",\"use_auto_generation\":false}", violations));
	expect_one(violations, "params.use_auto_generation", "contradicts");
	json_decref(build("{\"coupon_type\":\"specific_coupon\",\"use_auto_generation\":true}", violations));
	expect_one(violations, "params.use_auto_generation", "contradicts");
	json_decref(build("{\"coupon_type\":\"no_coupon\",\"use_auto_generation\":true}", violations));
	expect_one(violations, "params.use_auto_generation", "does not go");
	json_decref(build("{\"conditions\":[{\"condition_type\":\"nope\"}]}", violations));
	expect_one(violations, "params.conditions[0].condition_type", "not known");
	json_decref(build("{\"action_conditions\":[{\"condition_type\":\"address\"}]}", violations));
	expect_one(violations, "params.action_conditions[0].condition_type", "cart");
	json_decref(violations);
}

static void
values_are_sent_as_whole_numbers(void **state)
{
	(void)state;
	expect_body("{\"website_ids\":[1.0,2],\"discount_amount\":10.0,\"discount_qty\":2.5,"
		    "\"store_labels\":[{\"store_id\":0.0,\"store_label\":\"L\"}],\"coupon_code\":\"X\",\"rule_id\":3}",
		    "{\"website_ids\":[1,2],\"discount_amount\":10,\"discount_qty\":2.5,"
		    "\"store_labels\":[{\"store_id\":0,\"store_label\":\"L\"}]}");
}

/* Nothing is left to Magento's defaults: stop_rules_processing would be true. */
static void
new_rule_is_explicit(void **state)
{
	static const char *const names[] = {"is_active",
					    "stop_rules_processing",
					    "coupon_type",
					    "use_auto_generation",
					    "uses_per_customer",
					    "uses_per_coupon",
					    "sort_order",
					    "discount_step",
					    "discount_qty",
					    "apply_to_shipping",
					    "is_rss",
					    "simple_free_shipping",
					    "description",
					    "condition",
					    "action_condition"};
	json_t *violations = json_array();
	json_t *body = build("{\"name\":\"N\",\"sort_order\":7,\"stop_rules_processing\":true}", violations);

	(void)state;
	assert_int_equal(rule_fields_complete(body), 0);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (json_object_get(body, names[i]) == NULL)
			fail_msg("%s is missing", names[i]);
	}
	assert_true(json_is_false(json_object_get(body, "is_active")));
	assert_true(json_is_true(json_object_get(body, "stop_rules_processing")));
	assert_int_equal(json_integer_value(json_object_get(body, "sort_order")), 7);
	assert_string_equal(json_string_value(json_object_get(body, "coupon_type")), "NO_COUPON");
	assert_null(json_object_get(body, "rule_id"));
	assert_null(json_object_get(body, "to_date"));
	assert_true(rule_conditions_is_empty(json_object_get(body, "condition")));
	json_decref(body);
	json_decref(violations);
}

static void
expect_rule(const char *rule, const char *path, const char *part)
{
	json_t *violations = json_array(), *tree = parse(rule);

	assert_int_equal(rule_fields_check(tree, 50, "params", violations), 0);
	if (path == NULL)
		assert_int_equal(json_array_size(violations), 0);
	else
		expect_one(violations, path, part);
	json_decref(tree);
	json_decref(violations);
}

static void
checks(void **state)
{
	(void)state;
	expect_rule("{\"simple_action\":\"by_percent\",\"discount_amount\":50}", NULL, NULL);
	expect_rule("{\"simple_action\":\"by_percent\",\"discount_amount\":50.01}", "params.discount_amount",
		    "guardrails.max_discount_pct");
	expect_rule("{\"simple_action\":\"by_percent\",\"discount_amount\":\"80.0000\"}", "params.discount_amount",
		    "80 percent");
	expect_rule("{\"simple_action\":\"by_fixed\",\"discount_amount\":500}", NULL, NULL);
	expect_rule("{\"from_date\":\"2026-05-01\",\"to_date\":\"2026-05-01\"}", NULL, NULL);
	expect_rule("{\"from_date\":\"2026-05-02\",\"to_date\":\"2026-05-01\"}", "params.to_date", "before");
	expect_rule("{\"from_date\":\"2026-05-02\",\"to_date\":\"\"}", NULL, NULL);
	expect_rule("{\"from_date\":\"2026-05-02\",\"to_date\":null}", NULL, NULL);
	expect_rule("{\"simple_action\":\"buy_x_get_y\",\"discount_step\":0}", "params.discount_step", "1 or more");
	expect_rule("{\"simple_action\":\"buy_x_get_y\",\"discount_step\":1}", NULL, NULL);
}

static void
live_rules_need_more(void **state)
{
	json_t *violations = json_array();
	json_t *rule = parse("{\"website_ids\":[1],\"customer_group_ids\":[0],\"coupon_type\":\"SPECIFIC_COUPON\"}");

	(void)state;
	assert_int_equal(rule_fields_check_live(rule, "rule", violations), 0);
	assert_int_equal(json_array_size(violations), 0);
	json_object_set_new(rule, "coupon_type", json_string("0"));
	assert_int_equal(rule_fields_check_live(rule, "rule", violations), 0);
	expect_one(violations, "rule.coupon_type", "promotions_update_rule");
	json_object_set_new(rule, "coupon_type", json_string("AUTO"));
	json_object_set_new(rule, "website_ids", json_array());
	assert_int_equal(rule_fields_check_live(rule, "rule", violations), 0);
	expect_one(violations, "rule.website_ids", "never applies");
	json_object_set_new(rule, "website_ids", parse("[1]"));
	json_object_del(rule, "customer_group_ids");
	assert_int_equal(rule_fields_check_live(rule, "rule", violations), 0);
	expect_one(violations, "rule.customer_group_ids", "never applies");
	json_decref(rule);
	json_decref(violations);
}

static void
expect_same(const char *field, const char *sent, const char *stored, bool wanted)
{
	json_t *a = parse(sent), *b = parse(stored);

	if (rule_fields_same(field, a, json_is_null(b) ? NULL : b) != wanted)
		fail_msg("%s: %s and %s", field, sent, stored);
	json_decref(a);
	json_decref(b);
}

static void
normal_forms(void **state)
{
	(void)state;
	expect_same("discount_amount", "10", "\"10.0000\"", true);
	expect_same("discount_amount", "10", "10.001", false);
	expect_same("discount_qty", "0", "null", true);
	expect_same("discount_qty", "1", "null", false);
	expect_same("is_active", "true", "1", true);
	expect_same("is_active", "false", "true", false);
	expect_same("description", "\"\"", "null", true);
	expect_same("description", "\"a\"", "\"b\"", false);
	expect_same("from_date", "\"2026-05-01\"", "\"2026-05-01 00:00:00\"", true);
	expect_same("to_date", "\"\"", "null", true);
	expect_same("to_date", "\"\"", "\"2026-05-01\"", false);
	expect_same("website_ids", "[2,1]", "[1,2]", true);
	expect_same("website_ids", "[1]", "[1,2]", false);
	expect_same("website_ids", "[1,2]", "[\"1\",\"2\"]", true);
	expect_same("simple_free_shipping", "\"0\"", "null", true);
	expect_same("simple_free_shipping", "\"1\"", "\"0\"", false);
	expect_same("coupon_type", "\"SPECIFIC_COUPON\"", "\"0\"", false);
	/* labels of other stores stay, and a label is emptied by "" */
	expect_same("store_labels", "[{\"store_id\":1,\"store_label\":\"A\"}]",
		    "[{\"store_id\":0,\"store_label\":\"B\"},{\"store_id\":1,\"store_label\":\"A\"}]", true);
	expect_same("store_labels", "[{\"store_id\":1,\"store_label\":\"A\"}]", "[]", false);
	expect_same("store_labels", "[{\"store_id\":1,\"store_label\":\"\"}]", "[]", true);
	expect_same("condition",
		    "{\"condition_type\":\"Magento\\\\SalesRule\\\\Model\\\\Rule\\\\Condition\\\\Combine\"}", "null",
		    true);
}

static void
missing_members_are_named(void **state)
{
	json_t *body = parse("{\"name\":\"N\",\"is_active\":false,\"uses_per_coupon\":3}");
	json_t *stored = parse("{\"name\":\"N\",\"is_active\":true,\"uses_per_coupon\":4,\"sort_order\":9}");
	json_t *missing = rule_fields_missing(body, stored), *wanted = parse("[\"is_active\",\"uses_per_coupon\"]");

	(void)state;
	assert_true(json_equal(missing, wanted));
	json_decref(body);
	json_decref(stored);
	json_decref(missing);
	json_decref(wanted);
}

static void
expect_warnings(const char *text, size_t n, const char *part)
{
	json_t *rule = parse(text), *warnings = json_array();

	assert_int_equal(rule_fields_warn(rule, "2026-11-22", warnings), 0);
	if (json_array_size(warnings) != n)
		fail_msg("%s: %s", text, json_dumps(warnings, 0));
	if (n > 0)
		assert_non_null(strstr(json_string_value(json_array_get(warnings, n - 1)), part));
	json_decref(rule);
	json_decref(warnings);
}

static void
warnings(void **state)
{
#define DATED "\"to_date\":\"2026-11-22\","
	(void)state;
	expect_warnings("{" DATED "\"is_active\":false}", 0, NULL);
	expect_warnings("{\"is_active\":false}", 1, "no end date");
	expect_warnings("{\"to_date\":\"2026-11-21\"}", 1, "over");
	expect_warnings("{" DATED "\"is_active\":true,\"coupon_type\":\"NO_COUPON\"}", 1, "every cart");
	expect_warnings("{" DATED "\"is_active\":true,\"coupon_type\":\"SPECIFIC_COUPON\"}", 0, NULL);
	expect_warnings("{" DATED "\"is_active\":true,\"coupon_type\":\"NO_COUPON\",\"condition\":{\"conditions\":["
			"{\"condition_type\":\"address\"}],\"condition_type\":\"combine\"}}",
			0, NULL);
	expect_warnings("{" DATED "\"uses_per_customer\":1,\"customer_group_ids\":[1,0]}", 1, "guests");
	expect_warnings("{" DATED "\"uses_per_customer\":1,\"customer_group_ids\":[1]}", 0, NULL);
}

static void
today(void **state)
{
	char text[RULE_DATE_CAP];

	(void)state;
	rule_today(1795341417000, text);
	assert_string_equal(text, "2026-11-22");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(coupon_types_become_words),
	    cmocka_unit_test(contradictions_are_refused),
	    cmocka_unit_test(values_are_sent_as_whole_numbers),
	    cmocka_unit_test(new_rule_is_explicit),
	    cmocka_unit_test(checks),
	    cmocka_unit_test(live_rules_need_more),
	    cmocka_unit_test(normal_forms),
	    cmocka_unit_test(missing_members_are_named),
	    cmocka_unit_test(warnings),
	    cmocka_unit_test(today),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
