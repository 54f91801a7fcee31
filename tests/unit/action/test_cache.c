/*
 * Purging products and categories: which caches are asked what, and what their answers become.
 */
#include "cache_stage.h"

static void
a_product_in_both_caches(void **state)
{
	struct shop *shop = open_with(state, BOTH, NULL, 0);
	const json_t *result;
	struct told told;

	shop_rule(shop, "GET", PRODUCT, 200, "{\"id\":12,\"sku\":\"a/1\",\"type_id\":\"simple\"}");
	shop_rule(shop, "POST", KEYS, 200, "{\"cat_p_12\":\"id-1\",\"p12\":\"id-2\"}");
	shop_rule(shop, "PURGE", "/", 200, "");
	call(shop, &told, "cache.purge_product", "{\"sku\":\"A/1\"," SURE "}");
	result = good(&told, "cache.purge_product");
	assert_true(json_get_bool(result, "purged", false) && json_get_bool(result, "success", false));
	assert_string_equal(json_get_str(result, "sku", ""), "a/1");
	assert_int_equal(json_get_int(result, "product_id", 0), 12);
	assert_string_equal(json_get_str(result, "purge_id", ""), "id-1");
	assert_int_equal(json_get_array_len(result, "tags"), 2);
	assert_string_equal(json_get_str(result, "message", ""),
			    "Purged all cached pages of product a/1, in every store view.");
	assert_int_equal(json_get_array_len(result, "backends"), 2);
	assert_string_equal(json_get_str(backend(result, 0), "backend", ""), "fastly");
	assert_string_equal(json_get_str(backend(result, 1), "backend", ""), "varnish");
	assert_string_equal(shop->bodies[1], "{\"surrogate_keys\":[\"cat_p_12\",\"p12\"]}");
	assert_string_equal(fastly_key, "ftoken");
	assert_string_equal(pattern, "((^|,)cat_p_12(,|$))");
	assert_non_null(strstr(shop->log[0], "fields=id%2Csku%2Ctype_id"));
	told_fini(&told);
}

static void
a_category(void **state)
{
	struct shop *shop = open_with(state, BOTH | GLOBAL, NULL, 0);
	const json_t *result;
	struct told told;

	shop_rule(shop, "GET", CATEGORY, 200, "{\"id\":5,\"name\":\"Bags\"}");
	shop_rule(shop, "POST", KEYS, 200, "{}");
	shop_rule(shop, "PURGE", "/", 200, "");
	call(shop, &told, "cache.purge_category", "{\"category_id\":5," SURE "}");
	result = good(&told, "cache.purge_category");
	assert_true(json_get_bool(result, "purged", false));
	assert_int_equal(json_get_int(result, "category_id", 0), 5);
	assert_string_equal(shop->bodies[1], "{\"surrogate_keys\":[\"cat_c_5\",\"cat_c_p_5\",\"c5\",\"cp_5\"]}");
	assert_string_equal(pattern, "((^|,)cat_c_5(,|$))|((^|,)cat_c_p_5(,|$))");
	told_fini(&told);
}

static void
unknown_entities(void **state)
{
	struct shop *shop = open_with(state, VARNISH, NULL, 0);
	struct told told;

	shop_rule(shop, "GET", PRODUCT, 404,
		  "{\"message\":\"The product that was requested doesn't exist. Verify the product and try again.\"}");
	shop_rule(shop, "GET", CATEGORY, 404,
		  "{\"message\":\"No such entity with %fieldName = "
		  "%fieldValue\",\"parameters\":{\"fieldName\":\"id\",\"fieldValue\":5}}");
	call(shop, &told, "cache.purge_product", "{\"sku\":\"A/1\"," SURE "}");
	assert_non_null(strstr(told.message, "A/1"));
	expect_fault(&told, FAULT_NOT_FOUND);
	call(shop, &told, "cache.purge_category", "{\"category_id\":5," SURE "}");
	expect_fault(&told, FAULT_NOT_FOUND);
	assert_int_equal(count(shop, "PURGE"), 0);
}

static void
the_view_is_checked(void **state)
{
	struct shop *shop = open_with(state, VARNISH, NULL, 0);
	struct told told;

	shop_lists(shop);
	shop_rule(shop, "GET", PRODUCT, 200, "{\"id\":12,\"sku\":\"A/1\"}");
	shop_rule(shop, "PURGE", "/", 200, "");
	call(shop, &told, "cache.purge_product", "{\"sku\":\"A/1\",\"store_view_code\":\"nope\"," SURE "}");
	expect_fault(&told, FAULT_VALIDATION_ERROR);
	assert_int_equal(count(shop, "PURGE"), 0);
	call(shop, &told, "cache.purge_product", "{\"sku\":\"A/1\",\"store_view_code\":\"de\"," SURE "}");
	assert_non_null(
	    strstr(json_get_str(good(&told, "cache.purge_product"), "message", ""), "not limited to the one"));
	assert_int_equal(count(shop, "PURGE"), 1);
	told_fini(&told);
}

static void
no_cache_is_no_error(void **state)
{
	struct shop *shop = open_with(state, NO_CACHE, NULL, 0);
	const json_t *result;
	struct told told;

	shop_rule(shop, "GET", PRODUCT, 200, "{\"id\":12,\"sku\":\"A/1\"}");
	shop_rule(shop, "GET", CONFIGS, 200, shop_configs(shop));
	call(shop, &told, "cache.purge_product", "{\"sku\":\"A/1\"," SURE "}");
	result = good(&told, "cache.purge_product");
	assert_false(json_get_bool(result, "purged", true) || json_get_bool(result, "success", true));
	assert_int_equal(json_get_array_len(result, "backends"), 0);
	assert_null(json_object_get(result, "tags"));
	assert_ptr_equal(
	    strstr(json_get_str(result, "message", ""), "No cache back end is configured (Fastly: FASTLY_SERVICE_ID"),
	    json_get_str(result, "message", ""));
	told_fini(&told);
	call(shop, &told, "cache.purge_by_url", BY_URL("\"https://shop.example/a\""));
	result = good(&told, "cache.purge_by_url");
	assert_false(json_get_bool(result, "purged", true));
	assert_int_equal(json_get_array_len(result, "results"), 1);
	assert_ptr_equal(strstr(json_get_str(result, "message", ""), "No cache back end"),
			 json_get_str(result, "message", ""));
	told_fini(&told);
}

/* Global keys belong to the default store; another store's purge must not reach its caches. */
static void
another_store_has_caches_of_its_own(void **state)
{
	static const char *const more[] = {"store.other.base_url=http://other.example",
					   "store.other.integration_token=t", "store.other.is_default=yes"};
	struct shop *shop = *state;
	struct told told;

	shop->server.handler = watch;
	{
		const char *settings[] = {"store.main.base_url=%s",
					  "store.main.integration_token=configuredtoken",
					  more[0],
					  more[1],
					  more[2],
					  "fastly.api_url=%s",
					  "fastly.service_id=Svc",
					  "fastly.api_token=ftoken",
					  NULL};
		char varnish[64];

		snprintf(varnish, sizeof(varnish), "cache.varnish_hosts=127.0.0.1:%u", shop->server.port);
		settings[8] = varnish;
		shop_configure(shop, settings, 9);
	}
	shop_rule(shop, "GET", "/rest/all/V1/store/websites", 200, "[]");
	shop->remembers = true;
	shop_call(shop, &told, "auth.login", "{\"store\":\"main\"}");
	expect_result(&told, "auth.login");
	shop_forget(shop);
	shop_rule(shop, "GET", PRODUCT, 200, "{\"id\":12,\"sku\":\"A/1\"}");
	call(shop, &told, "cache.purge_product", "{\"sku\":\"A/1\"," SURE "}");
	assert_false(json_get_bool(good(&told, "cache.purge_product"), "purged", true));
	assert_int_equal(shop->n_log, 1);
	assert_string_equal(fastly_key, "");
	told_fini(&told);
}

/* ---- refusals ---- */

static void
confirmation_and_rate(void **state)
{
	static const char *const more[] = {"guardrails.cache_rate_limit=2"};
	struct shop *shop = open_with(state, VARNISH, more, 1);
	struct told told;

	shop_rule(shop, "GET", PRODUCT, 200, "{\"id\":12,\"sku\":\"A/1\"}");
	shop_rule(shop, "PURGE", "/", 200, "");
	for (int i = 0; i < 3; i++) { /* these cost nothing */
		call(shop, &told, "cache.purge_product", "{\"sku\":\"A/1\"}");
		expect_fault(&told, FAULT_CONFIRMATION_REQUIRED);
		call(shop, &told, "cache.purge_product", "{\"sku\":5," SURE "}");
		expect_fault(&told, FAULT_VALIDATION_ERROR);
		call(shop, &told, "cache.purge_by_url", BY_URL("\"https://shop.example/*\""));
		expect_fault(&told, FAULT_VALIDATION_ERROR);
	}
	assert_int_equal(shop->n_log, 0);
	for (int i = 0; i < 2; i++) {
		call(shop, &told, "cache.purge_product", "{\"sku\":\"A/1\"," SURE "}");
		good(&told, "cache.purge_product");
		told_fini(&told);
	}
	shop->n_log = 0;
	call(shop, &told, "cache.purge_category", "{\"category_id\":5," SURE "}");
	assert_in_range(json_get_int(told.details, "retry_after_s", 0), 1, 60);
	expect_fault(&told, FAULT_RATE_LIMITED);
	assert_int_equal(shop->n_log, 0);
}

static void
failing_caches(void **state)
{
	struct shop *shop = open_with(state, BOTH, NULL, 0);
	const json_t *result;
	struct told told;

	shop_rule(shop, "GET", PRODUCT, 200, "{\"id\":12,\"sku\":\"A/1\"}");
	shop_rule(shop, "POST", KEYS, 403, "{\"msg\":\"no\"}");
	shop_rule(shop, "PURGE", "/", 200, "");
	call(shop, &told, "cache.purge_product", "{\"sku\":\"A/1\"," SURE "}");
	result = good(&told, "cache.purge_product");
	assert_false(json_get_bool(result, "purged", true));
	assert_false(json_get_bool(backend(result, 0), "ok", true));
	assert_non_null(strstr(json_get_str(backend(result, 0), "error", ""), "purge_select"));
	assert_true(json_get_bool(backend(result, 1), "ok", false));
	told_fini(&told);
	shop->rules[2].status = 405;
	call(shop, &told, "cache.purge_product", "{\"sku\":\"A/1\"," SURE "}");
	assert_int_equal(json_get_int(told.details, "statusCode", 0), 403);
	expect_fault(&told, FAULT_FASTLY_API_ERROR);
	shop->rules[1].status = 429;
	call(shop, &told, "cache.purge_product", "{\"sku\":\"A/1\"," SURE "}");
	expect_fault(&told, FAULT_RATE_LIMITED);
}

static void
failing_varnish(void **state)
{
	struct shop *shop = open_with(state, VARNISH, NULL, 0);
	struct told told;

	shop_rule(shop, "GET", PRODUCT, 200, "{\"id\":12,\"sku\":\"A/1\"}");
	shop_rule(shop, "PURGE", "/", 405, "");
	call(shop, &told, "cache.purge_product", "{\"sku\":\"A/1\"," SURE "}");
	assert_string_equal(json_get_str(told.details, "backend", ""), "varnish");
	assert_int_equal(json_get_int(told.details, "statusCode", 0), 405);
	assert_non_null(strstr(told.message, "acl"));
	expect_fault(&told, FAULT_MAGENTO_API_ERROR);
}

static void
odd_answers_of_the_shop(void **state)
{
	struct shop *shop = open_with(state, VARNISH, NULL, 0);
	struct told told;

	shop_rule(shop, "GET", PRODUCT, 200, "[]");
	call(shop, &told, "cache.purge_product", "{\"sku\":\"A/1\"," SURE "}");
	expect_fault(&told, FAULT_MAGENTO_API_ERROR);
	assert_int_equal(count(shop, "PURGE"), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    SHOP_TEST(a_product_in_both_caches), SHOP_TEST(a_category),
	    SHOP_TEST(unknown_entities),	 SHOP_TEST(the_view_is_checked),
	    SHOP_TEST(no_cache_is_no_error),	 SHOP_TEST(another_store_has_caches_of_its_own),
	    SHOP_TEST(confirmation_and_rate),	 SHOP_TEST(failing_caches),
	    SHOP_TEST(failing_varnish),		 SHOP_TEST(odd_answers_of_the_shop),
	};

	return cmocka_run_group_tests_name("action/cache", tests, NULL, NULL);
}
