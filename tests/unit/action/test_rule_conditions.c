#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "action/promotions/rule_conditions.h"

#define CLS "Magento\\\\SalesRule\\\\Model\\\\Rule\\\\Condition\\\\" /* as in JSON */
#define CART_NONE                                                                                                      \
	"{\"condition_type\":\"" CLS "Combine\",\"aggregator_type\":\"all\",\"value\":\"1\",\"conditions\":[]}"

static json_t *
parse(const char *text)
{
	json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);

	assert_non_null(value);
	return value;
}

static json_t *
build_with(enum rule_side side, const char *text, const struct config_list *more, json_t *violations)
{
	json_t *given = parse(text), *tree = NULL;

	assert_int_equal(rule_conditions_build(side, given, more, "params.conditions", violations, &tree), 0);
	json_decref(given);
	return tree;
}

static void
expect_tree(enum rule_side side, const char *text, const char *wanted)
{
	json_t *violations = json_array(), *expected = parse(wanted);
	json_t *tree = build_with(side, text, NULL, violations);

	if (tree == NULL)
		fail_msg("%s: %s", text, json_dumps(violations, 0));
	if (!json_equal(tree, expected))
		fail_msg("%s gave %s", text, json_dumps(tree, 0));
	json_decref(tree);
	json_decref(expected);
	json_decref(violations);
}

/* Refused with exactly one violation, at this path, that says this. */
static void
expect_refused(enum rule_side side, const char *text, const char *path, const char *part)
{
	json_t *violations = json_array();
	json_t *tree = build_with(side, text, NULL, violations);
	const json_t *first = json_array_get(violations, 0);

	assert_null(tree);
	if (json_array_size(violations) != 1)
		fail_msg("%s: %s", text, json_dumps(violations, 0));
	assert_string_equal(json_string_value(json_object_get(first, "path")), path);
	if (strstr(json_string_value(json_object_get(first, "message")), part) == NULL)
		fail_msg("%s: %s", text, json_dumps(violations, 0));
	json_decref(violations);
}

static void
list_is_wrapped(void **state)
{
	(void)state;
	expect_tree(
	    RULE_SIDE_CART,
	    "[{\"condition_type\":\"address\",\"attribute_name\":\"base_subtotal\",\"operator\":\">=\",\"value\":50}]",
	    "{\"condition_type\":\"" CLS "Combine\",\"aggregator_type\":\"all\",\"value\":\"1\",\"conditions\":["
	    "{\"condition_type\":\"" CLS
	    "Address\",\"attribute_name\":\"base_subtotal\",\"operator\":\">=\",\"value\":\"50\"}]}");
	expect_tree(RULE_SIDE_ITEMS,
		    "[{\"condition_type\":\"product\",\"attribute_name\":\"category_ids\",\"operator\":\"()\","
		    "\"value\":[3,4]}]",
		    "{\"condition_type\":\"" CLS
		    "Product\\\\Combine\",\"aggregator_type\":\"all\",\"value\":\"1\",\"conditions\":["
		    "{\"condition_type\":\"" CLS
		    "Product\",\"attribute_name\":\"category_ids\",\"operator\":\"()\",\"value\":\"3,4\"}]}");
	expect_tree(RULE_SIDE_CART, "[]", CART_NONE);
	/* a single condition is a list of one */
	expect_tree(
	    RULE_SIDE_CART,
	    "{\"condition_type\":\"address\",\"attribute_name\":\"postcode\",\"operator\":\"{}\",\"value\":\"AB 1\"}",
	    "{\"condition_type\":\"" CLS "Combine\",\"aggregator_type\":\"all\",\"value\":\"1\",\"conditions\":["
	    "{\"condition_type\":\"" CLS
	    "Address\",\"attribute_name\":\"postcode\",\"operator\":\"{}\",\"value\":\"AB 1\"}]}");
}

static void
magentos_own_tree_passes(void **state)
{
	(void)state;
	expect_tree(RULE_SIDE_CART,
		    "{\"condition_type\":\"" CLS
		    "Combine\",\"aggregator_type\":\"all\",\"operator\":null,\"value\":true}",
		    CART_NONE);
	expect_tree(
	    RULE_SIDE_CART,
	    "{\"condition_type\":\"combine\",\"aggregator_type\":\"any\",\"value\":false,\"conditions\":[{\"condition_"
	    "type\":"
	    "\"product_subselect\",\"attribute_name\":\"qty\",\"operator\":\">\",\"value\":2.5,\"conditions\":["
	    "{\"condition_type\":\"product_combine\",\"conditions\":[{\"condition_type\":\"product\",\"attribute_"
	    "name\":\"sku\","
	    "\"operator\":\"==\",\"value\":\"A\"}]}]},{\"condition_type\":\"product_found\",\"value\":0}]}",
	    "{\"condition_type\":\"" CLS "Combine\",\"aggregator_type\":\"any\",\"value\":\"0\",\"conditions\":["
	    "{\"condition_type\":\"" CLS
	    "Product\\\\Subselect\",\"aggregator_type\":\"all\",\"attribute_name\":\"qty\","
	    "\"operator\":\">\",\"value\":\"2.5\",\"conditions\":[{\"condition_type\":\"" CLS
	    "Product\\\\Combine\",\"aggregator_type\":\"all\",\"value\":\"1\",\"conditions\":[{\"condition_type\":"
	    "\"" CLS
	    "Product\",\"attribute_name\":\"sku\",\"operator\":\"==\",\"value\":\"A\"}]}]},{\"condition_type\":\"" CLS
	    "Product\\\\Found\",\"aggregator_type\":\"all\",\"value\":\"0\",\"conditions\":[]}]}");
}

static void
unknown_classes_are_refused(void **state)
{
	(void)state;
	expect_refused(RULE_SIDE_CART, "[{\"condition_type\":\"Foo\\\\Bar\"}]", "params.conditions[0].condition_type",
		       "Foo\\Bar is not known");
	expect_refused(RULE_SIDE_CART, "[{}]", "params.conditions[0].condition_type", "required");
	expect_refused(RULE_SIDE_CART, "[7]", "params.conditions[0].condition_type", "required");
	expect_refused(RULE_SIDE_CART, "{}", "params.conditions[0].condition_type", "required");
	expect_refused(RULE_SIDE_CART, "[{\"condition_type\":\"Address\"}]", "params.conditions[0].condition_type",
		       "not known");
	expect_refused(
	    RULE_SIDE_CART,
	    "{\"condition_type\":\"combine\",\"conditions\":[{\"condition_type\":\"product_found\",\"conditions\":"
	    "[{\"condition_type\":\"nope\"}]}]}",
	    "params.conditions.conditions[0].conditions[0].condition_type", "product_combine, product");
	/* a name that a cut could break is not shown */
	expect_refused(RULE_SIDE_CART, "[{\"condition_type\":\"\\u00fc\"}]", "params.conditions[0].condition_type",
		       "this class");
}

static void
wrong_side_is_refused(void **state)
{
	(void)state;
	expect_refused(
	    RULE_SIDE_CART,
	    "[{\"condition_type\":\"product\",\"attribute_name\":\"sku\",\"operator\":\"==\",\"value\":\"A\"}]",
	    "params.conditions[0].condition_type", "inside product_found");
	expect_refused(
	    RULE_SIDE_ITEMS,
	    "[{\"condition_type\":\"address\",\"attribute_name\":\"weight\",\"operator\":\"==\",\"value\":1}]",
	    "params.conditions[0].condition_type", "on the cart");
	expect_refused(RULE_SIDE_ITEMS, "{\"condition_type\":\"combine\"}", "params.conditions[0].condition_type",
		       "on the cart");
}

static void
members_are_checked(void **state)
{
	(void)state;
#define ADDRESS(rest) "[{\"condition_type\":\"address\"," rest "}]"
	expect_refused(RULE_SIDE_CART, ADDRESS("\"attribute_name\":\"sku\",\"operator\":\"==\",\"value\":1"),
		       "params.conditions[0].attribute_name", "base_subtotal");
	expect_refused(RULE_SIDE_CART, ADDRESS("\"attribute_name\":\"weight\",\"operator\":\"=\",\"value\":1"),
		       "params.conditions[0].operator", "must be one of");
	expect_refused(RULE_SIDE_CART, ADDRESS("\"attribute_name\":\"region\",\"operator\":\"==\""),
		       "params.conditions[0].value", "must be");
	expect_refused(RULE_SIDE_CART, ADDRESS("\"attribute_name\":\"region\",\"operator\":\"==\",\"value\":{}"),
		       "params.conditions[0].value", "must be");
	expect_refused(RULE_SIDE_CART,
		       ADDRESS("\"attribute_name\":\"base_subtotal\",\"operator\":\">=\",\"value\":\"fifty\""),
		       "params.conditions[0].value", "number");
	expect_refused(RULE_SIDE_CART,
		       ADDRESS("\"attribute_name\":\"weight\",\"operator\":\">\",\"value\":1,\"valeu\":2"),
		       "params.conditions[0]", "do not have");
	expect_refused(
	    RULE_SIDE_CART,
	    ADDRESS("\"attribute_name\":\"weight\",\"operator\":\">\",\"value\":1,\"aggregator_type\":\"all\""),
	    "params.conditions[0].aggregator_type", "combinations");
	expect_refused(RULE_SIDE_CART,
		       ADDRESS("\"attribute_name\":\"weight\",\"operator\":\">\",\"value\":1,\"conditions\":[{}]"),
		       "params.conditions[0].conditions", "cannot be here");
	expect_refused(RULE_SIDE_CART, "{\"condition_type\":\"combine\",\"aggregator_type\":\"none\"}",
		       "params.conditions.aggregator_type", "all");
	expect_refused(RULE_SIDE_CART, "{\"condition_type\":\"combine\",\"value\":2}", "params.conditions.value",
		       "\"1\"");
	expect_refused(RULE_SIDE_CART, "{\"condition_type\":\"combine\",\"operator\":\"==\"}",
		       "params.conditions.operator", "does not belong");
	expect_refused(RULE_SIDE_CART, "{\"condition_type\":\"combine\",\"conditions\":{}}",
		       "params.conditions.conditions", "array");
	expect_refused(
	    RULE_SIDE_ITEMS,
	    "[{\"condition_type\":\"product\",\"attribute_name\":\"SKU\",\"operator\":\"==\",\"value\":\"A\"}]",
	    "params.conditions[0].attribute_name", "lower case");
}

/* n combines, one in the other, below the root. */
static char *
nested(size_t n)
{
	static const char open[] = "{\"condition_type\":\"combine\",\"conditions\":[";
	char *text = calloc(1, (n + 1) * (sizeof(open) + 2) + 1);
	size_t len = 0;

	for (size_t i = 0; i <= n; i++)
		len += (size_t)snprintf(text + len, sizeof(open), "%s", open);
	for (size_t i = 0; i <= n; i++)
		len += (size_t)snprintf(text + len, 3, "]}");
	return text;
}

static void
depth_is_bounded(void **state)
{
	json_t *violations = json_array(), *tree;
	char *text = nested(5);

	(void)state;
	tree = build_with(RULE_SIDE_CART, text, NULL, violations);
	assert_non_null(tree);
	assert_int_equal(rule_conditions_count(tree), 6);
	json_decref(tree);
	free(text);
	text = nested(6);
	expect_refused(
	    RULE_SIDE_CART, text,
	    "params.conditions.conditions[0].conditions[0].conditions[0].conditions[0].conditions[0].conditions",
	    "6 levels");
	free(text);
	json_decref(violations);
}

static void
nodes_are_bounded(void **state)
{
	json_t *list = json_array(), *violations = json_array(), *tree = NULL;

	(void)state;
	for (size_t i = 0; i < RULE_CONDITIONS_NODES_MAX - 1; i++)
		json_array_append_new(list, json_pack("{s:s}", "condition_type", "product_found"));
	assert_int_equal(rule_conditions_build(RULE_SIDE_CART, list, NULL, "c", violations, &tree), 0);
	assert_int_equal(rule_conditions_count(tree), RULE_CONDITIONS_NODES_MAX);
	json_decref(tree);
	json_array_append_new(list, json_pack("{s:s}", "condition_type", "product_found"));
	assert_int_equal(rule_conditions_build(RULE_SIDE_CART, list, NULL, "c", violations, &tree), 0);
	assert_null(tree);
	assert_int_equal(json_array_size(violations), 1);
	json_decref(list);
	json_decref(violations);
}

static void
configured_classes_pass(void **state)
{
	const char *name = "Acme\\Rule\\Loyal";
	struct config_list more = {.items = &name, .n = 1};
	json_t *violations = json_array();
	json_t *tree = build_with(RULE_SIDE_CART, "[{\"condition_type\":\"Acme\\\\Rule\\\\Loyal\",\"value\":\"gold\"}]",
				  &more, violations);

	(void)state;
	assert_non_null(tree);
	assert_false(rule_conditions_is_empty(tree));
	json_decref(tree);
	json_decref(violations);
}

static void
empty_means_everybody(void **state)
{
	static const char *const empty[] = {
	    "null",
	    "7",
	    "{}",
	    CART_NONE,
	    "{\"condition_type\":\"" CLS "Combine\",\"value\":null}",
	    "{\"condition_type\":\"combine\",\"conditions\":[{\"condition_type\":\"product_found\"}]}"};
	json_t *tree;

	(void)state;
	assert_true(rule_conditions_is_empty(NULL));
	for (size_t i = 0; i < ARRAY_LEN(empty); i++) {
		tree = parse(empty[i]);
		if (rule_conditions_is_empty(tree) != (i != 2))
			fail_msg("%s", empty[i]);
		json_decref(tree);
	}
	tree = parse("{\"condition_type\":\"combine\",\"conditions\":[{\"condition_type\":\"address\"}]}");
	assert_false(rule_conditions_is_empty(tree));
	json_decref(tree);
}

static void
expect_equal(const char *a, const char *b, bool wanted)
{
	json_t *one = parse(a), *two = parse(b);

	if (rule_conditions_equal(one, two) != wanted || rule_conditions_equal(two, one) != wanted)
		fail_msg("%s and %s", a, b);
	json_decref(one);
	json_decref(two);
}

static void
comparison(void **state)
{
	(void)state;
#define TREE(inner) "{\"condition_type\":\"C\",\"aggregator_type\":\"all\",\"value\":\"1\",\"conditions\":[" inner "]}"
#define LEAF(value) "{\"condition_type\":\"A\",\"attribute_name\":\"x\",\"operator\":\"==\",\"value\":" value "}"
	expect_equal(CART_NONE, "{\"condition_type\":\"" CLS "Combine\",\"operator\":null,\"value\":true}", true);
	expect_equal(TREE(LEAF("\"3\"")),
		     "{\"value\":true,\"operator\":null,\"condition_type\":\"C\",\"aggregator_type\":\"all\","
		     "\"conditions\":[" LEAF("3") "]}",
		     true);
	expect_equal(TREE(LEAF("\"3\"")), TREE(LEAF("\"4\"")), false);
	expect_equal(TREE(LEAF("\"3\"")), TREE(LEAF("\"3\"") "," LEAF("\"3\"")), false);
	expect_equal(TREE(LEAF("\"3\"")), TREE(""), false);
	expect_equal(TREE(TREE(LEAF("1")) "," LEAF("2")), TREE(TREE(LEAF("1") "," LEAF("2"))), false);
	expect_equal(CART_NONE, TREE(LEAF("1")), false);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(list_is_wrapped),
	    cmocka_unit_test(magentos_own_tree_passes),
	    cmocka_unit_test(unknown_classes_are_refused),
	    cmocka_unit_test(wrong_side_is_refused),
	    cmocka_unit_test(members_are_checked),
	    cmocka_unit_test(depth_is_bounded),
	    cmocka_unit_test(nodes_are_bounded),
	    cmocka_unit_test(configured_classes_pass),
	    cmocka_unit_test(empty_means_everybody),
	    cmocka_unit_test(comparison),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
