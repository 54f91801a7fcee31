/*
 * test_catalog.c - catalog.search_products and catalog.get_product against a scripted shop
 */
#include "fake_shop.h"

#define SEARCH "catalog.search_products"
#define GET "catalog.get_product"
#define PRODUCTS "/rest/all/V1/products"
#define ITEM(id)                                                                                                       \
	"{\"id\":" id ",\"sku\":\"S" id "\",\"name\":\"N\\u0007" id                                                    \
	"\",\"price\":1.5,\"status\":1,\"custom_attributes\":["                                                        \
	"{\"attribute_code\":\"url_key\",\"value\":\"u" id "\"},{\"attribute_code\":\"color\",\"value\":\"5\"}]}"

/* ---- search ---- */

static void
a_search_gives_a_summary(void **state)
{
	struct shop *shop = *state;
	struct told told;
	const json_t *result, *item;

	shop_login(shop);
	shop_rule(shop, "GET", PRODUCTS, 200, "{\"items\":[" ITEM("1") "," ITEM("2") "],\"total_count\":22}");
	shop_call(shop, &told, SEARCH, NULL);
	result = shop_result(&told, SEARCH);
	assert_int_equal(json_get_array_len(result, "items"), 2);
	item = json_array_get(json_get_array(result, "items"), 0);
	assert_string_equal(json_get_str(item, "sku", ""), "S1");
	assert_string_equal(json_get_str(item, "name", ""), "N1"); /* */
	assert_string_equal(json_get_str(item, "url_key", ""), "u1");
	assert_null(json_object_get(item, "custom_attributes"));
	assert_null(json_object_get(item, "color"));
	assert_int_equal(json_get_int(result, "total_count", 0), 22);
	assert_int_equal(json_get_int(json_object_get(result, "search_criteria"), "page_size", 0), 20);
	assert_int_equal(json_get_int(json_object_get(result, "search_criteria"), "current_page", 0), 1);
	assert_true(json_get_bool(result, "has_more", false));
	assert_string_equal(json_get_str(json_object_get(result, "scope"), "scope", ""), "global");
	assert_non_null(strstr(shop->log[0], "sortOrders%5D%5B0%5D%5Bfield%5D=entity_id"));
	assert_non_null(strstr(shop->log[0], "pageSize%5D=20"));
	assert_null(strchr(shop->log[0], '+'));
	told_fini(&told);
}

static void
fields_are_what_was_asked_for(void **state)
{
	struct shop *shop = *state;
	struct told told;
	const json_t *item;

	shop_login(shop);
	shop_rule(shop, "GET", PRODUCTS, 200, "{\"items\":[" ITEM("1") "],\"total_count\":1}");
	shop_call(shop, &told, SEARCH, "{\"fields\":[\"name\",\"color\"]}");
	item = json_array_get(json_get_array(shop_result(&told, SEARCH), "items"), 0);
	assert_int_equal(json_object_size(item), 2);
	assert_string_equal(json_get_str(item, "color", ""), "5");
	assert_false(json_get_bool(told.result, "has_more", true));
	assert_non_null(strstr(shop->log[0], "fields=items%5Bsku%2Cname%2Ccustom_attributes%5D%2Ctotal_count"));
	told_fini(&told);
	shop_call(shop, &told, SEARCH, "{\"fields\":[\"name\",\"*\"]}");
	item = json_array_get(json_get_array(shop_result(&told, SEARCH), "items"), 0);
	assert_int_equal(json_get_array_len(item, "custom_attributes"), 2);
	assert_null(strstr(shop->log[1], "fields="));
	told_fini(&told);
}

/* With a projection an empty list is null. */
static void
no_hit_is_an_empty_list(void **state)
{
	struct shop *shop = *state;
	struct told told;

	shop_login(shop);
	shop_rule(shop, "GET", PRODUCTS, 200, "{\"items\":null,\"total_count\":0}");
	shop_call(shop, &told, SEARCH, "{\"filters\":{\"sku\":\"none\"}}");
	assert_true(json_is_array(json_object_get(shop_result(&told, SEARCH), "items")));
	assert_false(json_get_bool(told.result, "has_more", true));
	told_fini(&told);
}

static void
what_is_no_list_is_a_failure(void **state)
{
	static const char *const bodies[] = {"[]", "\"x\"", "true", "5"};
	struct shop *shop = *state;
	struct told told;

	shop_login(shop);
	for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
		shop_forget(shop);
		shop_rule(shop, "GET", PRODUCTS, 200, bodies[i]);
		shop_rule(shop, "GET", PRODUCTS "/A", 200, bodies[i]);
		shop_call(shop, &told, SEARCH, NULL);
		expect_fault(&told, FAULT_MAGENTO_API_ERROR);
		shop_call(shop, &told, GET, "{\"sku\":\"A\"}");
		expect_fault(&told, FAULT_MAGENTO_API_ERROR);
	}
}

static void
a_scope_is_a_path(void **state)
{
	struct shop *shop = *state;
	struct told told;

	shop_login(shop);
	shop_lists(shop);
	shop_rule(shop, "GET", "/rest/de/V1/products", 200, "{\"items\":[],\"total_count\":0}");
	shop_rule(shop, "GET", "/rest/eu_en/V1/products", 200, "{\"items\":[],\"total_count\":0}");
	shop_call(shop, &told, SEARCH, "{\"scope\":{\"store_view_code\":\"de\"}}");
	assert_string_equal(json_get_str(json_object_get(shop_result(&told, SEARCH), "scope"), "store_view_code", ""),
			    "de");
	told_fini(&told);
	shop_call(shop, &told, SEARCH, "{\"scope\":{\"website_code\":\"eu\"}}");
	assert_string_equal(json_get_str(json_object_get(shop_result(&told, SEARCH), "scope"), "store_view_code", ""),
			    "eu_en");
	told_fini(&told);
	shop_call(shop, &told, SEARCH, "{\"scope\":{\"store_view_code\":\"nowhere\"}}");
	assert_non_null(json_object_get(json_array_get(told.details, 0), "allowed"));
	expect_fault(&told, FAULT_VALIDATION_ERROR);
}

/* Magento ignores what it does not know: attributes are looked up, its own fields are not. */
static void
a_sort_field_must_exist(void **state)
{
	struct shop *shop = *state;
	struct told told;

	shop_login(shop);
	shop_rule(shop, "GET", PRODUCTS, 200, "{\"items\":[],\"total_count\":0}");
	shop_rule(shop, "GET", PRODUCTS "/attributes", 200,
		  "{\"items\":[{\"attribute_code\":\"color\"}],\"total_count\":1}");
	shop->rules[1].query = "=color";
	shop_rule(shop, "GET", PRODUCTS "/attributes", 200, "{\"items\":null,\"total_count\":0}");
	shop_call(shop, &told, SEARCH, "{\"sort\":[{\"field\":\"name\",\"direction\":\"DESC\"}]}");
	expect_result(&told, SEARCH);
	assert_int_equal(shop->n_log, 1);
	shop_call(shop, &told, SEARCH, "{\"sort\":[{\"field\":\"color\"}]}");
	expect_result(&told, SEARCH);
	assert_int_equal(shop->n_log, 3);
	shop_call(shop, &told, SEARCH, "{\"sort\":[{\"field\":\"sku\"},{\"field\":\"colour\"}]}");
	assert_string_equal(json_get_str(json_array_get(told.details, 0), "path", ""), "params.sort[1].field");
	expect_fault(&told, FAULT_VALIDATION_ERROR);
}

static void
an_unreadable_attribute_list_is_no_reason_to_refuse(void **state)
{
	struct shop *shop = *state;
	struct told told;

	shop_login(shop);
	shop_rule(shop, "GET", "/rest/all/V1/store/websites", 200, "[]");
	shop_rule(shop, "GET", PRODUCTS "/attributes", 401, SHOP_DENIED("Magento_Catalog::attributes_attributes"));
	shop_rule(shop, "GET", PRODUCTS, 200, "{\"items\":[],\"total_count\":0}");
	shop_call(shop, &told, SEARCH, "{\"sort\":[{\"field\":\"color\"}]}");
	expect_result(&told, SEARCH);
}

/* The caller's mistake, not a failure of the shop. */
static void
an_unknown_filter_is_a_validation_error(void **state)
{
	struct shop *shop = *state;
	struct told told;

	shop_login(shop);
	shop_rule(shop, "GET", PRODUCTS, 400,
		  "{\"message\":\"The \\\"%1\\\" attribute name is invalid. Reset the name and try "
		  "again.\",\"parameters\":[\"colour\"]}");
	shop_call(shop, &told, SEARCH, "{\"filters\":{\"colour\":1}}");
	assert_non_null(strstr(told.message, "colour"));
	assert_string_equal(json_get_str(json_array_get(told.details, 0), "path", ""), "params.filters");
	expect_fault(&told, FAULT_VALIDATION_ERROR);
}

static void
filters_that_are_too_long_are_refused_unsent(void **state)
{
	struct shop *shop = *state;
	struct told told;
	struct buf arguments;

	shop_login(shop);
	buf_init(&arguments, 65536);
	buf_put_str(&arguments, "{\"filters\":{\"sku\":[");
	for (int i = 0; i < 500; i++)
		buf_printf(&arguments, "%s\"%020d\"", i > 0 ? "," : "", i);
	buf_put_str(&arguments, "]}}");
	shop_call(shop, &told, SEARCH, buf_cstr(&arguments));
	expect_fault(&told, FAULT_VALIDATION_ERROR);
	assert_int_equal(shop->n_log, 0);
	buf_fini(&arguments);
}

static void
a_search_can_be_cancelled(void **state)
{
	struct shop *shop = *state;
	struct told told;

	shop_login(shop);
	shop_silent(shop, PRODUCTS);
	shop_begin(shop, &told, SEARCH, "{\"page_size\":200}");
	shop_run_requests(shop, 2);
	action_cancel(&told.running);
	assert_int_equal(told.times, 0);
	assert_int_equal(shop->fault_code, FAULT_CANCELLED);
}

/* ---- get ---- */

static void
a_product_is_given_whole(void **state)
{
	struct shop *shop = *state;
	struct told told;
	const json_t *result;

	shop_login(shop);
	shop_rule(shop, "GET", PRODUCTS "/a", 200,
		  "{\"sku\":\"A\",\"name\":\"x\\u0000y\",\"media_gallery_entries\":[{\"id\":1,\"content\":{\"base64_"
		  "encoded_data\":\"AA\"}}],"
		  "\"custom_attributes\":[]}");
	shop_call(shop, &told, GET, "{\"sku\":\"a\"}");
	result = shop_result(&told, GET);
	assert_string_equal(json_get_str(result, "sku", ""), "A"); /* as the shop spells it */
	assert_string_equal(json_get_str(result, "name", ""), "xy");
	assert_null(json_object_get(json_array_get(json_get_array(result, "media_gallery_entries"), 0), "content"));
	assert_non_null(json_object_get(result, "custom_attributes"));
	assert_string_equal(shop->log[0], "GET " PRODUCTS "/a");
	told_fini(&told);
}

/* The result keeps to its schema whatever is asked for. */
static void
fields_of_a_product_are_what_was_asked_for(void **state)
{
	struct shop *shop = *state;
	struct told told;
	const json_t *result;

	shop_login(shop);
	shop_rule(shop, "GET", PRODUCTS "/A", 200, ITEM("1"));
	shop_call(shop, &told, GET, "{\"sku\":\"A\",\"fields\":[\"name\",\"color\",\"no_such\"]}");
	result = shop_result(&told, GET);
	assert_string_equal(json_get_str(result, "name", ""), "N1");
	assert_string_equal(json_get_str(result, "color", ""), "5");
	assert_null(json_object_get(result, "no_such"));
	assert_null(json_object_get(result, "custom_attributes"));
	assert_non_null(strstr(shop->log[0], "?fields=sku%2Cname%2Ccustom_attributes"));
	told_fini(&told);
}

/* One segment, whatever is in it. */
static void
a_sku_is_one_path_segment(void **state)
{
	static const char *const skus[][2] = {
	    {"a/b", "a%2Fb"}, {"a b", "a%20b"},	      {"a%2Fb", "a%252Fb"},	{"a+b&c#d?e", "a%2Bb%26c%23d%3Fe"},
	    {"a,b", "a%2Cb"}, {"\xc3\xa4", "%C3%A4"}, {"~a-b_c.d", "~a-b_c.d"}, {"...", "..."}};
	struct shop *shop = *state;
	struct told told;

	shop_login(shop);
	for (size_t i = 0; i < ARRAY_LEN(skus); i++) {
		char path[128], arguments[128];

		shop_forget(shop);
		snprintf(path, sizeof(path), PRODUCTS "/%s", skus[i][1]);
		snprintf(arguments, sizeof(arguments), "{\"sku\":\"%s\"}", skus[i][0]);
		shop_rule(shop, "GET", path, 200, "{\"sku\":\"x\"}");
		shop_call(shop, &told, GET, arguments);
		expect_result(&told, GET);
	}
}

static void
an_unknown_sku_is_not_found(void **state)
{
	struct shop *shop = *state;
	struct told told;

	shop_login(shop);
	shop_rule(shop, "GET", PRODUCTS "/A", 404,
		  "{\"message\":\"The product that was requested doesn't exist. Verify the product and try again.\"}");
	shop_call(shop, &told, GET, "{\"sku\":\"A\"}");
	assert_string_equal(told.message, "No product with SKU A. Try catalog_search_products with a like filter.");
	expect_fault(&told, FAULT_NOT_FOUND);
	shop_call(shop, &told, GET, "{\"sku\":\"B\"}"); /* no such route is something else */
	assert_string_equal(json_get_str(told.details, "kind", ""), "no_route");
	expect_fault(&told, FAULT_MAGENTO_API_ERROR);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    SHOP_TEST(a_search_gives_a_summary),
	    SHOP_TEST(fields_are_what_was_asked_for),
	    SHOP_TEST(no_hit_is_an_empty_list),
	    SHOP_TEST(what_is_no_list_is_a_failure),
	    SHOP_TEST(a_scope_is_a_path),
	    SHOP_TEST(a_sort_field_must_exist),
	    SHOP_TEST(an_unreadable_attribute_list_is_no_reason_to_refuse),
	    SHOP_TEST(an_unknown_filter_is_a_validation_error),
	    SHOP_TEST(filters_that_are_too_long_are_refused_unsent),
	    SHOP_TEST(a_search_can_be_cancelled),
	    SHOP_TEST(a_product_is_given_whole),
	    SHOP_TEST(fields_of_a_product_are_what_was_asked_for),
	    SHOP_TEST(a_sku_is_one_path_segment),
	    SHOP_TEST(an_unknown_sku_is_not_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
