/*
 * Scope objects in the tree of a shop with two websites.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "magento/scope.h"
#include "shop_lists.h"

static struct scope_tree *
shop_tree(void)
{
	struct scope_lists lists = {json_loads(SHOP_WEBSITES, 0, NULL), json_loads(SHOP_GROUPS, 0, NULL),
				    json_loads(SHOP_VIEWS, 0, NULL), json_loads(SHOP_CONFIGS, 0, NULL)};
	struct scope_tree *tree = scope_tree_new(&lists);

	assert_non_null(tree);
	scope_lists_fini(&lists);
	return tree;
}

static void
builds_a_tree(void **state)
{
	struct scope_tree *tree = shop_tree();

	(void)state;
	assert_int_equal(tree->n_websites, 3);
	assert_int_equal(tree->n_groups, 3);
	assert_int_equal(tree->n_views, 4);
	assert_int_equal(tree->views[0].id, 1);
	assert_int_equal(tree->views[3].id, 5);
	assert_string_equal(scope_view_find(tree, "DE")->base_currency, "EUR");
	assert_string_equal(scope_view_find(tree, "eu_en")->base_currency, "");
	assert_false(scope_view_find(tree, "outlet_old")->active);
	assert_null(scope_view_find(tree, "admin"));
	assert_null(scope_group_find(tree, "default"));
	assert_null(scope_website_find(tree, "admin"));
	assert_string_equal(scope_website_by_id(tree, 2)->code, "eu");
	assert_null(scope_view_by_id(tree, 0));
	scope_tree_free(&tree);
	assert_null(tree);
}

static void
finds_default_views(void **state)
{
	struct scope_tree *tree = shop_tree();

	(void)state;
	assert_string_equal(scope_default_view_of_group(tree, scope_group_find(tree, "main_store"))->code, "default");
	/* the default is missing: the first active one */
	assert_string_equal(scope_default_view_of_group(tree, scope_group_find(tree, "eu_group"))->code, "eu_en");
	/* its only view is inactive */
	assert_null(scope_default_view_of_group(tree, scope_group_find(tree, "outlet")));
	assert_string_equal(scope_default_view_of_website(tree, scope_website_find(tree, "base"))->code, "default");
	assert_null(scope_default_view_of_website(tree, scope_website_find(tree, "empty")));
	scope_tree_free(&tree);
}

static void
takes_odd_lists(void **state)
{
	static const char *const odd[] = {"null",
					  "{}",
					  "[]",
					  "[1,\"x\",null,[]]",
					  "[{}]",
					  "[{\"id\":\"1\",\"code\":\"x\"}]",
					  "[{\"id\":-1,\"code\":\"x\"}]",
					  "[{\"id\":1,\"code\":\"a b\"}]",
					  "[{\"id\":1,\"code\":5}]",
					  "[{\"id\":1,\"code\":\"\"}]"};
	struct scope_lists lists;
	struct scope_tree *tree;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(odd); i++) {
		scope_lists_init(&lists);
		lists.views = json_loads(odd[i], JSON_DECODE_ANY, NULL);
		lists.websites = json_incref(lists.views);
		tree = scope_tree_new(&lists);
		assert_non_null(tree);
		assert_int_equal(tree->n_views + tree->n_websites + tree->n_groups, 0);
		scope_tree_free(&tree);
		scope_lists_fini(&lists);
	}
}

struct expectation {
	const char *given;
	const char *prefix; /* NULL: VALIDATION_ERROR */
	enum scope_level level;
	const char *text; /* website/store of the view, or the path that is refused */
};

static const struct expectation table[] = {
    {"{\"scope\":\"global\"}", "all", SCOPE_GLOBAL, "/"},
    {"{\"store_view_code\":\"de\"}", "de", SCOPE_VIEW, "base/main_store"},
    {"{\"store_view_code\":\"De\"}", "de", SCOPE_VIEW, "base/main_store"},
    {"{\"store_code\":\"main_store\"}", "default", SCOPE_GROUP, "base/main_store"},
    {"{\"website_code\":\"eu\"}", "eu_en", SCOPE_WEBSITE, "eu/eu_group"},
    /* the most precise wins, the others contain it */
    {"{\"store_view_code\":\"de\",\"scope\":\"global\"}", "de", SCOPE_VIEW, "base/main_store"},
    {"{\"store_view_code\":\"de\",\"store_code\":\"main_store\",\"website_code\":\"base\"}", "de", SCOPE_VIEW,
     "base/main_store"},
    {"{\"store_code\":\"main_store\",\"website_code\":\"base\"}", "default", SCOPE_GROUP, "base/main_store"},
    {"{\"website_code\":\"base\",\"scope\":\"global\"}", "default", SCOPE_WEBSITE, "base/main_store"},
    /* they do not */
    {"{\"store_view_code\":\"de\",\"website_code\":\"eu\"}", NULL, 0, "params.scope.website_code"},
    {"{\"store_view_code\":\"de\",\"store_code\":\"eu_group\"}", NULL, 0, "params.scope.store_code"},
    {"{\"store_code\":\"main_store\",\"website_code\":\"eu\"}", NULL, 0, "params.scope.website_code"},
    /* unknown, inactive, admin, without a view */
    {"{\"store_view_code\":\"fr\"}", NULL, 0, "params.scope.store_view_code"},
    {"{\"store_view_code\":\"outlet_old\"}", NULL, 0, "params.scope.store_view_code"},
    {"{\"store_view_code\":\"admin\"}", NULL, 0, "params.scope.store_view_code"},
    {"{\"store_code\":\"default\"}", NULL, 0, "params.scope.store_code"},
    {"{\"store_code\":\"outlet\"}", NULL, 0, "params.scope.store_code"},
    {"{\"website_code\":\"admin\"}", NULL, 0, "params.scope.website_code"},
    {"{\"website_code\":\"empty\"}", NULL, 0, "params.scope.website_code"},
};

static void
resolves(void **state)
{
	struct scope_tree *tree = shop_tree();
	struct scope_target target;
	struct scope given;
	struct fault fault;
	json_t *value;
	char where[160];
	size_t i;
	int r;

	(void)state;
	for (i = 0; i < ARRAY_LEN(table); i++) {
		fault_init(&fault);
		value = json_loads(table[i].given, 0, NULL);
		assert_int_equal(scope_from_json(value, "params.scope", &given, &fault), 0);
		r = scope_tree_resolve(tree, &given, "params.scope", &target, &fault);
		if (table[i].prefix != NULL) {
			assert_int_equal(r, 0);
			assert_string_equal(target.prefix, table[i].prefix);
			assert_int_equal(target.level, table[i].level);
			snprintf(where, sizeof(where), "%s/%s", target.website_code, target.store_code);
			assert_string_equal(where, table[i].text);
		} else {
			assert_int_equal(r, -1);
			assert_int_equal(fault.code, FAULT_VALIDATION_ERROR);
			assert_string_equal(
			    json_string_value(json_object_get(json_array_get(fault.details, 0), "path")),
			    table[i].text);
		}
		json_decref(value);
		fault_fini(&fault);
	}
	scope_tree_free(&tree);
}

static void
lists_the_valid_codes(void **state)
{
	struct scope_tree *tree = shop_tree();
	struct scope given = {.view_code = "fr"};
	struct scope_target target;
	const json_t *allowed;
	struct fault fault;

	(void)state;
	fault_init(&fault);
	assert_int_equal(scope_tree_resolve(tree, &given, "p", &target, &fault), -1);
	allowed = json_object_get(json_array_get(fault.details, 0), "allowed");
	assert_int_equal(json_array_size(allowed), 3); /* the inactive one is not offered */
	assert_string_equal(json_string_value(json_array_get(allowed, 1)), "de");
	fault_fini(&fault);
	scope_tree_free(&tree);
}

static void
refuses_odd_objects(void **state)
{
	static const char *const odd[] = {
	    "{}",
	    "[]",
	    "\"de\"",
	    "5",
	    "{\"scope\":\"all\"}",
	    "{\"scope\":true}",
	    "{\"store\":\"de\"}",
	    "{\"store_view_code\":\"de\",\"x\":1}",
	    "{\"store_view_code\":\"\"}",
	    "{\"store_view_code\":5}",
	    "{\"store_view_code\":\"a/b\"}",
	    "{\"store_view_code\":\"1de\"}",
	    "{\"store_view_code\":\"../x\"}",
	    "{\"store_view_code\":\"d\\u0000e\"}",
	    "{\"website_code\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}",
	    "{\"store_code\":null}"};
	struct scope scope;
	struct fault fault;
	json_t *value;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(odd); i++) {
		fault_init(&fault);
		value = json_loads(odd[i], JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
		assert_non_null(value);
		if (scope_from_json(value, "params.scope", &scope, &fault) == 0)
			print_error("%s\n", odd[i]);
		assert_int_equal(fault.code, FAULT_VALIDATION_ERROR);
		assert_true(json_is_array(fault.details));
		json_decref(value);
		fault_fini(&fault);
	}
}

static void
nothing_given_is_an_empty_scope(void **state)
{
	struct scope scope;
	struct fault fault;
	json_t *null = json_null();

	(void)state;
	fault_init(&fault);
	assert_int_equal(scope_from_json(NULL, "p", &scope, &fault), 0);
	assert_true(scope_is_empty(&scope));
	assert_int_equal(scope_from_json(null, "p", &scope, &fault), 0);
	assert_true(scope_is_empty(&scope));
	scope.global = true;
	assert_false(scope_is_empty(&scope));
	fault_fini(&fault);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(builds_a_tree),
	    cmocka_unit_test(finds_default_views),
	    cmocka_unit_test(takes_odd_lists),
	    cmocka_unit_test(resolves),
	    cmocka_unit_test(lists_the_valid_codes),
	    cmocka_unit_test(refuses_odd_objects),
	    cmocka_unit_test(nothing_given_is_an_empty_scope),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
