/*
 * test_price_prepare.c - where prices are read and written, by the scope that prices have in the shop
 *
 * Nothing changes in these plans, so that none has to be kept.
 */
#include "fake_shop.h"

#define PARAMS(scope)                                                                                                  \
	"{\"params\":{\"match\":{\"sku_list\":[\"A\"]},\"price_updates\":{\"price\":10},\"scope\":" scope "}}"
#define PRODUCTS(view) "/rest/" view "/V1/products"
#define PRODUCT                                                                                                        \
	"{\"items\":[{\"id\":1,\"sku\":\"A\",\"type_id\":\"simple\",\"price\":10,\"custom_attributes\":[]}],\"total_"  \
	"count\":1}"

static void
prepare(struct shop *shop, struct told *told, const char *arguments)
{
	json_t *tree = json_of(arguments);

	shop_call_action(shop, told, &action_pricing_table.rows[0], tree);
	if (told->result == NULL)
		fail_msg("%s: %s", fault_code_name(told->code), told->message);
}

static const char *
warning(const struct told *told, size_t index)
{
	const char *text = json_string_value(json_array_get(json_get_array(told->result, "warnings"), index));

	return text != NULL ? text : "";
}

static void
open_shop(struct shop *shop, const char *scope_of_prices)
{
	shop_login(shop);
	shop_lists(shop);
	shop_rule(shop, "GET", "/rest/all/V1/products/attributes", 200, scope_of_prices);
}

#define GLOBAL_PRICES "{\"items\":[{\"attribute_code\":\"price\",\"scope\":\"global\"}]}"
#define WEBSITE_PRICES "{\"items\":[{\"attribute_code\":\"price\",\"scope\":\"website\"}]}"

static void
global_prices_are_written_for_all(void **state)
{
	struct shop *shop = *state;
	struct told told;

	open_shop(shop, GLOBAL_PRICES);
	shop_rule(shop, "GET", PRODUCTS("all"), 200, PRODUCT);
	prepare(shop, &told, PARAMS("{\"website_code\":\"eu\"}"));
	assert_int_equal(json_get_int(told.result, "unchanged_count", 0), 1);
	assert_string_equal(warning(&told, 0), "price is global: this changes the price in every store.");
	told_fini(&told);
}

static void
a_websites_prices_are_those_of_its_default_view(void **state)
{
	struct shop *shop = *state;
	struct told told;

	open_shop(shop, WEBSITE_PRICES);
	shop_rule(shop, "GET", PRODUCTS("eu_en"), 200, PRODUCT);
	prepare(shop, &told, PARAMS("{\"website_code\":\"eu\"}"));
	assert_int_equal(json_get_int(told.result, "unchanged_count", 0), 1);
	assert_string_equal(warning(&told, 0), "");
	told_fini(&told);
}

static void
one_view_means_its_website(void **state)
{
	struct shop *shop = *state;
	struct told told;

	open_shop(shop, WEBSITE_PRICES);
	shop_rule(shop, "GET", PRODUCTS("default"), 200, PRODUCT);
	prepare(shop, &told, PARAMS("{\"store_view_code\":\"de\"}"));
	assert_string_equal(warning(&told, 0),
			    "price has one value per website: this changes it in all store views of the website.");
	told_fini(&told);
}

static void
everywhere_is_everywhere(void **state)
{
	struct shop *shop = *state;
	struct told told;

	open_shop(shop, WEBSITE_PRICES);
	shop_rule(shop, "GET", PRODUCTS("all"), 200, PRODUCT);
	prepare(shop, &told, PARAMS("{\"scope\":\"global\"}"));
	assert_string_equal(warning(&told, 0), "");
	told_fini(&told);
}

/* Without the right to read attributes a stock shop is assumed, and said so. */
static void
unknown_scopes_are_taken_as_global(void **state)
{
	struct shop *shop = *state;
	struct told told;

	shop_login(shop);
	shop_lists(shop);
	shop_rule(shop, "GET", "/rest/all/V1/products/attributes", 401,
		  SHOP_DENIED("Magento_Catalog::attributes_attributes"));
	shop_rule(shop, "GET", PRODUCTS("all"), 200, PRODUCT);
	prepare(shop, &told, PARAMS("{\"scope\":\"global\"}"));
	assert_non_null(strstr(warning(&told, 0), "taken as global"));
	told_fini(&told);
}

/* Less than all was asked for: written through the view, which is right in either shop. */
static void
unknown_scopes_are_written_as_narrowly_as_asked(void **state)
{
	struct shop *shop = *state;
	struct told told;

	shop_login(shop);
	shop_lists(shop);
	shop_rule(shop, "GET", "/rest/all/V1/products/attributes", 401,
		  SHOP_DENIED("Magento_Catalog::attributes_attributes"));
	shop_rule(shop, "GET", PRODUCTS("eu_en"), 200, PRODUCT);
	prepare(shop, &told, PARAMS("{\"website_code\":\"eu\"}"));
	assert_int_equal(json_get_int(told.result, "unchanged_count", 0), 1);
	assert_non_null(strstr(warning(&told, 0), "If they are, this changes the price in every store."));
	told_fini(&told);
}

/* A dynamic bundle has no price of its own; a fixed one has. */
static void
dynamic_bundles_are_left_out(void **state)
{
	struct shop *shop = *state;
	struct told told;
	const json_t *row;

	open_shop(shop, GLOBAL_PRICES);
	shop_rule(shop, "GET", PRODUCTS("all"), 200,
		  "{\"items\":[{\"id\":1,\"sku\":\"A\",\"type_id\":\"bundle\",\"price\":10,\"custom_attributes\":["
		  "{\"attribute_code\":\"price_type\",\"value\":\"0\"}]},"
		  "{\"id\":2,\"sku\":\"B\",\"type_id\":\"bundle\",\"price\":10,\"custom_attributes\":["
		  "{\"attribute_code\":\"price_type\",\"value\":\"1\"}]},"
		  "{\"id\":3,\"sku\":\"C\",\"type_id\":\"grouped\",\"custom_attributes\":[]}],\"total_count\":3}");
	prepare(shop, &told,
		"{\"params\":{\"match\":{\"sku_list\":[\"A\",\"B\",\"C\"]},\"price_updates\":{\"price\":10},\"scope\":{"
		"\"scope\":\"global\"}}}");
	assert_int_equal(json_get_int(told.result, "skipped_count", 0), 2);
	assert_int_equal(json_get_int(told.result, "unchanged_count", 0), 1);
	row = json_array_get(json_get_array(told.result, "skipped"), 0);
	assert_string_equal(json_get_str(row, "sku", ""), "A");
	assert_string_equal(json_get_str(row, "reason", ""), "Its price is dynamic: it comes from what is chosen.");
	told_fini(&told);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    SHOP_TEST(global_prices_are_written_for_all),  SHOP_TEST(a_websites_prices_are_those_of_its_default_view),
	    SHOP_TEST(one_view_means_its_website),	   SHOP_TEST(everywhere_is_everywhere),
	    SHOP_TEST(unknown_scopes_are_taken_as_global), SHOP_TEST(unknown_scopes_are_written_as_narrowly_as_asked),
	    SHOP_TEST(dynamic_bundles_are_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
