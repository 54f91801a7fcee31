/*
 * Purging by address: which are refused, which entity each one shows, and what is purged for it.
 */
#include "cache_stage.h"

static void
bad_addresses(void **state)
{
	struct shop *shop = open_with(state, VARNISH, NULL, 0);
	static const char *const bad[] = {"https://shop.example/a*",
					  "https://joe@shop.example/",
					  "https://joe:pw@shop.example/",
					  "https://shop.example/a#b",
					  "https://shop.example/a\\nb",
					  "https://shop.example/a/../b",
					  "https://shop.example/%2E%2e/b",
					  "https://shop.example/./b",
					  "https://shop.example/a b",
					  "https://shop.example/\xc3\xa9",
					  "ftp://shop.example/",
					  "shop.example/a",
					  "/a",
					  "https://",
					  "https://shop.example:0/",
					  "https://shop.example/a\\\\b"};
	struct told told;
	char text[512];

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		snprintf(text, sizeof(text), "{\"urls\":[\"https://shop.example/good\",\"%s\"]," SURE "}", bad[i]);
		call(shop, &told, "cache.purge_by_url", text);
		if (told.code != FAULT_VALIDATION_ERROR)
			fail_msg("%s", bad[i]);
		assert_int_equal(json_array_size(told.details), 1);
		assert_string_equal(json_get_str(json_array_get(told.details, 0), "path", ""), "params.urls[1]");
		told_fini(&told);
	}
	assert_int_equal(shop->n_log, 0);
}

static void
foreign_addresses(void **state)
{
	struct shop *shop = open_with(state, FASTLY, NULL, 0);
	struct told told;

	shop_rule(shop, "GET", CONFIGS, 200, shop_configs(shop));
	call(shop, &told, "cache.purge_by_url",
	     BY_URL("\"https://shop.example/a\",\"https://evil.example/a\",\"https://shop.example:8443/a\","
		    "\"https://shop.example.evil.example/\",\"https://admin.example/a\",\"http://SHOP.example\""));
	assert_int_equal(json_array_size(told.details), 4);
	assert_string_equal(json_get_str(json_array_get(told.details, 0), "path", ""), "params.urls[1]");
	assert_string_equal(json_get_str(json_array_get(told.details, 3), "path", ""), "params.urls[4]");
	expect_fault(&told, FAULT_VALIDATION_ERROR);
	assert_string_equal(fastly_key, "");
	/* "/x" is a base path: "/xy" does not lie below it. */
	{
		char text[256];

		snprintf(text, sizeof(text), "{\"urls\":[\"%s/xy\"]," SURE "}", shop->server.url);
		call(shop, &told, "cache.purge_by_url", text);
		expect_fault(&told, FAULT_VALIDATION_ERROR);
	}
}

static void
without_the_right_to_read_base_urls(void **state)
{
	struct shop *shop = open_with(state, FASTLY, NULL, 0);
	struct told told;
	char text[256];

	shop_rule(shop, "GET", CONFIGS, 401, SHOP_DENIED("Magento_Backend::store"));
	shop_rule(shop, "GET", "/rest/all/V1/store/websites", 200, "[]");
	snprintf(text, sizeof(text), "/purge/127.0.0.1:%u/a.html", shop->server.port);
	shop_rule(shop, "POST", text, 200, "{\"status\":\"ok\",\"id\":\"7-1\"}");
	call(shop, &told, "cache.purge_by_url", BY_URL("\"https://shop.example/a\""));
	expect_fault(&told, FAULT_VALIDATION_ERROR);
	{
		char arguments[256];

		snprintf(arguments, sizeof(arguments), "{\"urls\":[\"%s/a.html\"]," SURE "}", shop->server.url);
		call(shop, &told, "cache.purge_by_url", arguments);
	}
	assert_true(json_get_bool(good(&told, "cache.purge_by_url"), "purged", false));
	told_fini(&told);
}

static void
addresses_in_fastly(void **state)
{
	struct shop *shop = open_with(state, FASTLY, NULL, 0);
	const json_t *result, *row;
	struct told told;

	shop_rule(shop, "GET", CONFIGS, 200, shop_configs(shop));
	shop_rule(shop, "POST", "/purge/shop.example/a.html", 200, "{\"status\":\"ok\",\"id\":\"7-1\"}");
	shop_rule(shop, "POST", "/purge/shop.example/b.html", 500, "");
	call(shop, &told, "cache.purge_by_url",
	     BY_URL("\"https://shop.example/a.html?p=2\",\"http://shop.example/b.html\""));
	result = good(&told, "cache.purge_by_url");
	assert_string_equal(json_get_str(result, "message", ""), "Purged 1/2 URLs.");
	assert_false(json_get_bool(result, "purged", true));
	row = json_array_get(json_get_array(result, "results"), 0);
	assert_true(json_get_bool(row, "success", false));
	assert_string_equal(json_get_str(row, "id", ""), "7-1");
	row = json_array_get(json_get_array(result, "results"), 1);
	assert_false(json_get_bool(row, "success", true));
	assert_non_null(strstr(json_get_str(row, "error", ""), "500"));
	assert_false(json_get_bool(backend(result, 0), "ok", true));
	assert_int_equal(count(shop, "POST /purge/shop.example/a.html?p=2"), 1);
	assert_int_equal(count(shop, "/graphql"), 0);
	assert_string_equal(fastly_key, "ftoken");
	assert_ptr_equal(strstr(key_path, "/purge/"), key_path);
	told_fini(&told);
	/* None accepted: an error. */
	shop->rules[1].status = 401;
	shop->rules[2].status = 401;
	call(shop, &told, "cache.purge_by_url",
	     BY_URL("\"https://shop.example/a.html\",\"http://shop.example/b.html\""));
	expect_fault(&told, FAULT_FASTLY_API_ERROR);
}

static void
addresses_in_varnish(void **state)
{
	struct shop *shop = open_with(state, VARNISH, NULL, 0);
	const json_t *result, *rows;
	struct told told;

	shop_rule(shop, "GET", CONFIGS, 200, shop_configs(shop));
	shop_rule(
	    shop, "POST", "/graphql", 200,
	    "{\"data\":{\"u0\":{\"relative_url\":\"p.html\",\"redirect_code\":0,\"type\":\"PRODUCT\",\"uid\":\"MTI=\"},"
	    "\"u1\":{\"type\":\"CATEGORY\",\"redirect_code\":301,\"uid\":\"NQ==\"},\"u2\":{\"type\":\"CMS_PAGE\","
	    "\"identifier\":\"about\"},"
	    "\"u3\":{\"cms_home_page\":\"home|2\"},\"u4\":{\"type\":\"PRODUCT\",\"uid\":\"Lio=\"}}}");
	shop->rules[1].uses = 1;
	shop_rule(shop, "POST", "/graphql", 200,
		  "{\"data\":{\"u0\":null}}"); /* the other view does not know it either */
	shop_rule(shop, "GET", PAGES, 200,
		  "{\"items\":[{\"id\":7,\"identifier\":\"about\"},{\"id\":9,\"identifier\":\"about\"},{\"id\":1,"
		  "\"identifier\":\"x\"}]}");
	shop_rule(shop, "PURGE", "/", 200, "");
	call(shop, &told, "cache.purge_by_url",
	     BY_URL("\"https://shop.example/p.html?a=b\",\"https://shop.example/c\",\"https://shop.example/about\","
		    "\"https://shop.example\",\"https://shop.example/customer/account\""));
	result = good(&told, "cache.purge_by_url");
	rows = json_get_array(result, "results");
	assert_string_equal(json_get_str(result, "message", ""), "Purged 4/5 URLs.");
	assert_true(has_tag(json_get_array(json_array_get(rows, 0), "tags"), "cat_p_12"));
	assert_true(has_tag(json_get_array(json_array_get(rows, 1), "tags"), "cat_c_5"));
	assert_true(has_tag(json_get_array(json_array_get(rows, 2), "tags"), "cms_p_7"));
	assert_true(has_tag(json_get_array(json_array_get(rows, 2), "tags"), "cms_p_9"));
	assert_true(has_tag(json_get_array(json_array_get(rows, 3), "tags"), "cms_p_2"));
	assert_string_equal(json_get_str(json_array_get(rows, 4), "error", ""),
			    "not an entity page; cannot be purged by tag");
	assert_string_equal(
	    pattern,
	    "((^|,)cat_p_12(,|$))|((^|,)cat_c_5(,|$))|((^|,)cms_p_7(,|$))|((^|,)cms_p_9(,|$))|((^|,)cms_p_2(,|$))");
	/* Views 1 and 2 share the address: asked in turn, the second about the rest only. */
	assert_int_equal(count(shop, "/graphql"), 2);
	assert_string_equal(view, "de");
	assert_non_null(
	    strstr(shop->bodies[1], "\"u0\":\"p.html\",\"u1\":\"c\",\"u2\":\"about\",\"u4\":\"customer/account\"}"));
	assert_non_null(strstr(shop->bodies[1], "u3:storeConfig{cms_home_page}"));
	assert_non_null(strstr(shop->bodies[2], "\"variables\":{\"u0\":\"customer/account\"}"));
	told_fini(&told);
}

static void
the_most_precise_base_decides_the_view(void **state)
{
	struct shop *shop = open_with(state, VARNISH, NULL, 0);
	struct told told;

	shop_rule(shop, "GET", CONFIGS, 200, shop_configs(shop));
	shop_rule(shop, "POST", "/graphql", 200, "{\"data\":{\"u0\":{\"type\":\"PRODUCT\",\"uid\":\"MTI=\"}}}");
	shop_rule(shop, "PURGE", "/", 200, "");
	call(shop, &told, "cache.purge_by_url", BY_URL("\"http://shop.example/eu/p.html\""));
	assert_true(json_get_bool(good(&told, "cache.purge_by_url"), "purged", false));
	assert_string_equal(view, "eu_en");
	assert_non_null(strstr(shop->bodies[1], "\"u0\":\"p.html\""));
	told_fini(&told);
}

static void
errors_about_one_address(void **state)
{
	struct shop *shop = open_with(state, VARNISH, NULL, 0);
	const json_t *result;
	struct told told;

	shop_rule(shop, "GET", CONFIGS, 200, shop_configs(shop));
	shop_rule(
	    shop, "POST", "/graphql", 200,
	    "{\"errors\":[{\"message\":\"This product is disabled.\",\"path\":[\"u0\"]}],\"data\":{\"u0\":null}}");
	call(shop, &told, "cache.purge_by_url", BY_URL("\"https://shop.example/eu/p.html\""));
	result = good(&told, "cache.purge_by_url");
	assert_string_equal(json_get_str(result, "message", ""), "Purged 0/1 URLs.");
	assert_string_equal(json_get_str(json_array_get(json_get_array(result, "results"), 0), "error", ""),
			    "the shop says: This product is disabled.");
	assert_int_equal(count(shop, "PURGE"), 0);
	told_fini(&told);
}

/* GraphQL is blocked: an error with Varnish alone; with Fastly the addresses it purged are told. */
static void
no_graphql(void **state)
{
	struct shop *shop = open_with(state, VARNISH, NULL, 0);
	struct told told;

	shop_rule(shop, "GET", CONFIGS, 200, shop_configs(shop));
	call(shop, &told, "cache.purge_by_url", BY_URL("\"https://shop.example/p.html\""));
	assert_string_equal(json_get_str(told.details, "kind", ""), "no_route");
	expect_fault(&told, FAULT_MAGENTO_API_ERROR);
}

static void
no_graphql_beside_fastly(void **state)
{
	struct shop *shop = open_with(state, BOTH, NULL, 0);
	const json_t *result, *row;
	struct told told;

	shop_rule(shop, "GET", CONFIGS, 200, shop_configs(shop));
	shop_rule(shop, "POST", "/purge/shop.example/p.html", 200, "{\"id\":\"7-1\"}");
	call(shop, &told, "cache.purge_by_url", BY_URL("\"https://shop.example/p.html\""));
	result = good(&told, "cache.purge_by_url");
	row = json_array_get(json_get_array(result, "results"), 0);
	assert_false(json_get_bool(row, "success", true));
	assert_string_equal(json_get_str(row, "id", ""), "7-1");
	assert_non_null(strstr(json_get_str(row, "error", ""), "GraphQL"));
	told_fini(&told);
}

static void
pages_that_may_not_be_read(void **state)
{
	struct shop *shop = open_with(state, VARNISH, NULL, 0);
	const json_t *row;
	struct told told;

	shop_rule(shop, "GET", CONFIGS, 200, shop_configs(shop));
	shop_rule(shop, "POST", "/graphql", 200,
		  "{\"data\":{\"u0\":{\"type\":\"CMS_PAGE\",\"identifier\":\"about\"}}}");
	shop_rule(shop, "GET", PAGES, 401, SHOP_DENIED("Magento_Cms::page"));
	shop_rule(shop, "GET", "/rest/all/V1/store/websites", 200, "[]");
	call(shop, &told, "cache.purge_by_url", BY_URL("\"https://shop.example/about\""));
	row = json_array_get(json_get_array(good(&told, "cache.purge_by_url"), "results"), 0);
	assert_non_null(strstr(json_get_str(row, "error", ""), "Magento_Cms::page"));
	told_fini(&told);
}

/* Fifty addresses are asked about in three questions and purged in one. */
static void
many_addresses(void **state)
{
	struct shop *shop = open_with(state, VARNISH, NULL, 0);
	struct told told;
	struct buf text;

	buf_init(&text, 16384);
	buf_put_str(&text, "{\"urls\":[");
	for (int i = 0; i < 50; i++)
		buf_printf(&text, "%s\"https://shop.example/eu/%d\"", i > 0 ? "," : "", i);
	buf_put_str(&text, "]," SURE "}");
	shop_rule(shop, "GET", CONFIGS, 200, shop_configs(shop));
	shop_rule(shop, "POST", "/graphql", 200, "{\"data\":{\"u9\":{\"type\":\"PRODUCT\",\"uid\":\"MTI=\"}}}");
	shop_rule(shop, "PURGE", "/", 200, "");
	call(shop, &told, "cache.purge_by_url", buf_cstr(&text));
	assert_string_equal(json_get_str(good(&told, "cache.purge_by_url"), "message", ""), "Purged 3/50 URLs.");
	assert_int_equal(count(shop, "/graphql"), 3);
	assert_int_equal(count(shop, "PURGE"), 1);
	assert_string_equal(pattern, "((^|,)cat_p_12(,|$))");
	buf_fini(&text);
	told_fini(&told);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    SHOP_TEST(bad_addresses),
	    SHOP_TEST(foreign_addresses),
	    SHOP_TEST(without_the_right_to_read_base_urls),
	    SHOP_TEST(addresses_in_fastly),
	    SHOP_TEST(addresses_in_varnish),
	    SHOP_TEST(the_most_precise_base_decides_the_view),
	    SHOP_TEST(errors_about_one_address),
	    SHOP_TEST(no_graphql),
	    SHOP_TEST(no_graphql_beside_fastly),
	    SHOP_TEST(pages_that_may_not_be_read),
	    SHOP_TEST(many_addresses),
	};

	return cmocka_run_group_tests_name("action/cache_by_url", tests, NULL, NULL);
}
