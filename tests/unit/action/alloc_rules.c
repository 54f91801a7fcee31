/*
 * alloc_rules.c - cart price rules without memory: a rule is whole, or it is not sent
 *
 * A condition that is lost on the way would give the discount to everyone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "action/promotions/rule_conditions.h"
#include "action/promotions/rule_fields.h"
#include "base/err.h"
#include "torture.h"

static json_t *given;
static json_t *whole; /* the body as it is with enough memory */

/* A body, completed; NULL without memory. */
static json_t *
build(void)
{
	static const char *const more[] = {"Vendor\\Module\\Condition"};
	const struct config_list classes = {more, 1};
	json_t *violations = json_array(), *body = NULL;
	int r = violations != NULL ? rule_fields_build(given, &classes, "params", violations, &body) : ERR_NOMEM;

	if (r == 0 && json_array_size(violations) > 0)
		fail_msg("%s", json_dumps(violations, 0));
	if (r == 0)
		r = rule_fields_complete(body);
	if (r < 0) {
		json_decref(body);
		body = NULL;
	}
	json_decref(violations);
	return body;
}

static int
built(void *ctx)
{
	json_t *body = build();

	(void)ctx;
	if (body == NULL)
		return ERR_NOMEM;
	assert_true(json_equal(body, whole));
	json_decref(body);
	return 0;
}

static int
merged(void *ctx)
{
	json_t *merged = rule_fields_merge(whole, ctx);

	if (merged == NULL)
		return ERR_NOMEM;
	assert_int_equal(json_object_size(merged), json_object_size(whole));
	assert_true(json_equal(json_object_get(merged, "condition"), json_object_get(whole, "condition")));
	assert_true(json_equal(json_object_get(merged, "name"), json_object_get(ctx, "name")));
	json_decref(merged);
	return 0;
}

/* A refusal that is not written down would be a rule that is sent. */
static int
checked(void *ctx)
{
	json_t *violations = json_array();
	int r = violations != NULL ? rule_fields_check(whole, 5, "params", violations) : ERR_NOMEM;

	if (r == 0)
		assert_int_equal(json_array_size(violations), *(size_t *)ctx); /* 10 % where 5 are allowed, ... */
	json_decref(violations);
	return r < 0 ? ERR_NOMEM : 0;
}

/* What cannot be compared counts as missing: never the other way. */
static int
missing(void *ctx)
{
	json_t *names = rule_fields_missing(whole, json_array_get(ctx, 0));

	if (names == NULL)
		return ERR_NOMEM;
	assert_true(json_array_size(names) >= json_array_size(json_array_get(ctx, 1)));
	json_decref(names);
	return 0;
}

static void
a_rule_is_whole(void **state)
{
	(void)state;
	torture("build", built, NULL);
	assert_true(torture_failures() > 20);
}

static void
a_change_keeps_the_rest(void **state)
{
	json_t *patch = json_pack("{s:s}", "name", "Winter");

	(void)state;
	torture("merge", merged, patch);
	assert_true(torture_failures() > 1);
	json_decref(patch);
}

static void
what_is_wrong_is_said(void **state)
{
	json_t *stored = json_deep_copy(whole), *all = json_array(), *pair;
	size_t n;

	(void)state;
	assert_int_equal(rule_fields_check(whole, 5, "params", all), 0);
	n = json_array_size(all);
	assert_true(n > 0);
	torture("check", checked, &n);
	assert_true(torture_failures() > 1);
	json_object_set_new(stored, "name", json_string("Winter"));
	pair = json_pack("[O, o]", stored, rule_fields_missing(whole, stored));
	assert_true(json_array_size(json_array_get(pair, 1)) > 0);
	torture("missing", missing, pair);
	assert_true(torture_failures() > 0);
	json_decref(stored);
	json_decref(pair);
	json_decref(all);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_rule_is_whole),
	    cmocka_unit_test(a_change_keeps_the_rest),
	    cmocka_unit_test(what_is_wrong_is_said),
	};
	int r;

	json_set_alloc_funcs(torture_malloc, torture_free);
	given = json_pack("{s:s, s:[i], s:[i, i], s:s, s:i, s:s, s:[{s:s, s:s, s:s, s:i}, {s:s, s:s}]}", "name",
			  "Summer", "website_ids", 1, "customer_group_ids", 0, 1, "simple_action", "by_percent",
			  "discount_amount", 10, "coupon_type", "auto", "conditions", "condition_type", "address",
			  "attribute_name", "base_subtotal", "operator", ">=", "value", 100, "condition_type",
			  "Vendor\\Module\\Condition", "value", "x");
	whole = build();
	must(whole != NULL);
	r = cmocka_run_group_tests(tests, NULL, NULL);
	json_decref(given);
	json_decref(whole);
	return r;
}
