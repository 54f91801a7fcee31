/*
 * test_scope.c - scope.list_websites_stores and scope.set_default against a scripted shop
 */
#include "fake_shop.h"

static void
assert_ids(const json_t *result, const char *name, const char *ids)
{
	const json_t *list = json_get_array(result, name);
	char got[128] = "";
	size_t at = 0;

	for (size_t i = 0; i < json_array_size(list); i++) {
		at += (size_t)snprintf(got + at, sizeof(got) - at, "%s%d", i > 0 ? " " : "",
				       (int)json_get_int(json_array_get(list, i), "id", -1));
	}
	assert_string_equal(got, ids);
}

static void
lists_are_sorted_and_without_admin_rows(void **state)
{
	struct shop *shop = *state;
	struct told told;
	const json_t *result;

	shop_login(shop);
	shop_lists(shop);
	shop_call(shop, &told, "scope.list_websites_stores", NULL);
	result = shop_result(&told, "scope.list_websites_stores");
	assert_ids(result, "websites", "1 2 3");
	assert_ids(result, "store_groups", "1 2 4");
	assert_ids(result, "store_views", "1 2 3 5 7");
	assert_ids(result, "store_configs", "1 2");
	assert_true(json_is_null(json_object_get(result, "default_scope")));
	assert_string_equal(json_get_str(json_array_get(json_get_array(result, "websites"), 0), "name", ""), "Main");
	told_fini(&told);
	shop_call(shop, &told, "scope.list_websites_stores", "{\"include_admin\":true}");
	result = shop_result(&told, "scope.list_websites_stores");
	assert_ids(result, "websites", "0 1 2 3");
	assert_ids(result, "store_views", "0 1 2 3 5 7");
	told_fini(&told);
	assert_int_equal(shop->n_log, 8); /* always fresh */
}

/* */
static void
text_from_the_shop_is_cleaned(void **state)
{
	struct shop *shop = *state;
	struct told told;

	shop_login(shop);
	shop_rule(shop, "GET", "/rest/all/V1/store/websites", 200,
		  "[{\"id\":1,\"code\":\"base\",\"name\":\"a\\u001bb\"}]");
	shop_lists(shop);
	shop_call(shop, &told, "scope.list_websites_stores", NULL);
	assert_string_equal(
	    json_get_str(
		json_array_get(json_get_array(shop_result(&told, "scope.list_websites_stores"), "websites"), 0), "name",
		""),
	    "ab");
	told_fini(&told);
}

static void
a_list_that_may_not_be_read_is_forbidden(void **state)
{
	struct shop *shop = *state;
	struct told told;

	shop_login(shop);
	shop_rule(shop, "GET", "/rest/all/V1/store/storeViews", 401, SHOP_DENIED("Magento_Backend::store"));
	shop_rule(shop, "GET", "/rest/all/V1/store/websites", 200, "[]");
	shop_lists(shop);
	shop_call(shop, &told, "scope.list_websites_stores", NULL);
	assert_non_null(strstr(told.message, "Magento_Backend::store"));
	expect_fault(&told, FAULT_FORBIDDEN);
}

/* ---- scope.set_default ---- */

static void
the_default_is_kept_and_used(void **state)
{
	struct shop *shop = *state;
	struct told told;
	const json_t *result;

	shop_login(shop);
	shop_lists(shop);
	shop_call(shop, &told, "scope.set_default", "{\"store_view_code\":\"DE\"}");
	result = shop_result(&told, "scope.set_default");
	assert_string_equal(json_get_str(result, "message", ""), "Default scope set to store view: de");
	assert_string_equal(json_get_str(result, "store_view_code", ""), "de"); /* as the shop spells it */
	assert_string_equal(json_get_str(result, "website_code", ""), "base");
	assert_string_equal(json_get_str(result, "store_code", ""), "main_store");
	told_fini(&told);
	shop_call(shop, &told, "auth.whoami", NULL);
	assert_string_equal(
	    json_get_str(json_object_get(shop_result(&told, "auth.whoami"), "default_scope"), "store_view_code", ""),
	    "de");
	told_fini(&told);
	shop_rule(shop, "GET", "/rest/de/V1/products/A", 200, "{\"sku\":\"A\"}");
	shop_call(shop, &told, "catalog.get_product", "{\"sku\":\"A\"}");
	expect_result(&told, "catalog.get_product");
}

static void
empty_text_clears_the_default(void **state)
{
	struct shop *shop = *state;
	struct told told;
	const json_t *result;

	shop_login(shop);
	shop_lists(shop);
	shop_call(shop, &told, "scope.set_default", "{\"store_view_code\":\"de\"}");
	expect_result(&told, "scope.set_default");
	shop_forget(shop);
	shop_call(shop, &told, "scope.set_default", "{\"store_view_code\":\"\"}");
	result = shop_result(&told, "scope.set_default");
	assert_string_equal(json_get_str(result, "message", ""), "Default scope cleared");
	assert_int_equal(json_object_size(result), 2);
	assert_int_equal(shop->n_log, 0);
	told_fini(&told);
	shop_call(shop, &told, "auth.whoami", NULL);
	assert_true(json_is_null(json_object_get(shop_result(&told, "auth.whoami"), "default_scope")));
	told_fini(&told);
}

/* Unknown, inactive and admin alike, with the codes that would do; what there was stays. */
static void
a_wrong_code_changes_nothing(void **state)
{
	static const char *const wrong[] = {"{\"store_view_code\":\"nowhere\"}", "{\"store_view_code\":\"outlet_old\"}",
					    "{\"store_view_code\":\"admin\"}"};
	struct shop *shop = *state;
	struct told told;

	shop_login(shop);
	shop_lists(shop);
	shop_call(shop, &told, "scope.set_default", "{\"store_view_code\":\"de\"}");
	expect_result(&told, "scope.set_default");
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		shop_call(shop, &told, "scope.set_default", wrong[i]);
		assert_string_equal(json_get_str(json_array_get(told.details, 0), "path", ""),
				    "params.store_view_code");
		assert_int_equal(json_get_array_len(json_array_get(told.details, 0), "allowed"), 3);
		expect_fault(&told, FAULT_VALIDATION_ERROR);
	}
	shop_call(shop, &told, "scope.set_default", "{}");
	expect_fault(&told, FAULT_VALIDATION_ERROR);
	shop_call(shop, &told, "auth.whoami", NULL);
	assert_string_equal(
	    json_get_str(json_object_get(shop_result(&told, "auth.whoami"), "default_scope"), "store_view_code", ""),
	    "de");
	told_fini(&told);
}

/* The login may end while the shop is asked. */
static void
a_login_that_ended_meanwhile_is_told(void **state)
{
	struct shop *shop = *state;
	struct told told;

	shop_login(shop);
	shop_lists(shop);
	shop_begin(shop, &told, "scope.set_default", "{\"store_view_code\":\"de\"}");
	assert_int_equal(login_destroy(&shop->sessions, SLICE_LIT("alice"), shop->memory.login, action_now()), 0);
	shop_finish(shop, &told);
	expect_fault(&told, FAULT_NOT_AUTHENTICATED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    SHOP_TEST(lists_are_sorted_and_without_admin_rows),
	    SHOP_TEST(text_from_the_shop_is_cleaned),
	    SHOP_TEST(a_list_that_may_not_be_read_is_forbidden),
	    SHOP_TEST(the_default_is_kept_and_used),
	    SHOP_TEST(empty_text_clears_the_default),
	    SHOP_TEST(a_wrong_code_changes_nothing),
	    SHOP_TEST(a_login_that_ended_meanwhile_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
