/*
 * test_price_commit.c - prices written to a scripted shop that says 200 to everything
 */
#include "commit_bench.h"

#include "action/pricing/pricing_private.h"

#define P "/rest/all/V1/products/"
#define BASE P "base-prices"
#define BASE_INFO P "base-prices-information"
#define SPECIAL P "special-price"
#define SPECIAL_INFO P "special-price-information"
#define DELETE P "special-price-delete"

#define STEP(sku, from, to) "{\"key\":{\"sku\":\"" sku "\"},\"from\":{" from "},\"to\":{" to "}}"
#define PRICE(price) "\"price\":" price
#define BASE_ROW(sku, price) "{\"sku\":\"" sku "\",\"store_id\":0,\"price\":" price "}"
#define SPECIAL_ROW(sku, price)                                                                                        \
	"{\"sku\":\"" sku "\",\"store_id\":0,\"price\":" price                                                         \
	",\"price_from\":\"2026-01-01 00:00:00\",\"price_to\":null}"

/* This answer once; the next rule for the path takes over. */
static void
once(struct shop *shop, const char *method, const char *path, int status, const char *body)
{
	shop_rule(shop, method, path, status, body);
	shop->rules[shop->n_rules - 1].uses = 1;
}

static void
run(struct shop *shop, struct told *told, const char *steps)
{
	bench_steps(shop, told, &price_commit_ops, steps);
}

/* ---- who is to blame ---- */

static void
row_errors_land_on_their_products(void **state)
{
	struct shop *shop = *state;
	struct told told;

	shop_login(shop);
	once(shop, "POST", BASE_INFO, 200,
	     "[" BASE_ROW("A", "1") "," BASE_ROW("B", "1") "," BASE_ROW("C,1", "1") "," BASE_ROW("D", "1") "]");
	once(shop, "POST", SPECIAL_INFO, 200, "[]");
	shop_rule(shop, "GET", "/rest/all/V1/products", 200, "{\"items\":[],\"total_count\":0}");
	shop_rule(shop, "POST", BASE, 200,
		  "[{\"message\":\"Invalid attribute %fieldName = %fieldValue.\",\"parameters\":[\"SKU\",\"B\"]}]");
	shop_rule(shop, "POST", SPECIAL, 200,
		  "[{\"message\":\"Invalid attribute Price To = x. Row ID: SKU = C,1, Store ID: 0, Price From: , Price "
		  "To: x.\","
		  "\"parameters\":[\"Price To\",\"C,1\",\"0\",\"\",\"x\"]}]");
	shop_rule(shop, "POST", BASE_INFO, 200,
		  "[" BASE_ROW("A", "2") "," BASE_ROW("C,1", "2") "," BASE_ROW("D", "1") "]");
	shop_rule(shop, "POST", SPECIAL_INFO, 200, "[" SPECIAL_ROW("D", "0.5") "]");
	run(shop, &told,
	    "[" STEP("A", PRICE("1"), PRICE("2")) "," STEP("B", PRICE("1"), PRICE("2")) "," STEP(
		"C,1", "\"price\":1,\"special_price\":null",
		"\"price\":2,\"special_price\":0.5") "," STEP("D", "\"special_price\":null",
							      "\"special_price\":0.5") "]");
	expect_step(&told, 0, KEEPER_UPDATED, "");
	expect_step(&told, 1, KEEPER_ERROR, "Invalid attribute SKU = B.");
	expect_step(&told, 2, KEEPER_ERROR,
		    "The price was changed, but: Invalid attribute Price To = x. Row ID: SKU = C,1, Store ID: 0, Price "
		    "From: , Price To: x.");
	expect_step(&told, 3, KEEPER_UPDATED, "");
	told_fini(&told);
}

static void
an_error_without_a_row_is_found_by_reading(void **state)
{
	struct shop *shop = *state;
	struct told told;

	shop_login(shop);
	once(shop, "POST", BASE_INFO, 200, "[" BASE_ROW("A", "1") "," BASE_ROW("B", "1") "]");
	shop_rule(shop, "POST", BASE, 200,
		  "[{\"message\":\"Invalid attribute %fieldName = %fieldValue.\",\"parameters\":[\"Price\",\"-1\"]}]");
	shop_rule(shop, "POST", BASE_INFO, 200, "[" BASE_ROW("A", "2") "," BASE_ROW("B", "1") "]");
	run(shop, &told, "[" STEP("A", PRICE("1"), PRICE("2")) "," STEP("B", PRICE("1"), PRICE("2")) "]");
	expect_step(&told, 0, KEEPER_UPDATED, "");
	expect_step(&told, 1, KEEPER_ERROR, "Magento did not store price: Invalid attribute Price = -1.");
	assert_string_equal(
	    bench_bodies(shop, "POST " BASE),
	    "{\"prices\":[{\"sku\":\"A\",\"store_id\":0,\"price\":2},{\"sku\":\"B\",\"store_id\":0,\"price\":2}]}");
	told_fini(&told);
}

/* ---- special prices ---- */

static void
a_special_price_keeps_its_other_values(void **state)
{
	struct shop *shop = *state;
	struct told told;

	shop_login(shop);
	shop_rule(shop, "POST", BASE_INFO, 200, "[" BASE_ROW("A", "10") "]");
	shop_rule(shop, "POST", SPECIAL_INFO, 200, "[" SPECIAL_ROW("A", "8") "]");
	shop_rule(shop, "POST", SPECIAL, 200, "[]");
	run(shop, &told, "[" STEP("A", "\"special_to_date\":null", "\"special_to_date\":\"2030-01-01 00:00:00\"") "]");
	expect_step(&told, 0, KEEPER_UPDATED, "");
	assert_string_equal(
	    bench_bodies(shop, "POST " SPECIAL),
	    "{\"prices\":[{\"sku\":\"A\",\"store_id\":0,\"price\":8.0,\"price_from\":\"2026-01-01 00:00:00\","
	    "\"price_to\":\"2030-01-01 00:00:00\"}]}");
	told_fini(&told);
}

/* What is left of an earlier special price is in no row: it is read from the product, and stays. */
static void
dates_of_an_old_special_price_stay(void **state)
{
	struct shop *shop = *state;
	struct told told;

	shop_login(shop);
	shop_rule(shop, "POST", BASE_INFO, 200, "[" BASE_ROW("A", "10") "]");
	shop_rule(shop, "POST", SPECIAL_INFO, 200, "[]");
	shop_rule(shop, "GET", "/rest/all/V1/products", 200,
		  "{\"items\":[{\"id\":1,\"sku\":\"A\",\"price\":10,\"custom_attributes\":["
		  "{\"attribute_code\":\"special_from_date\",\"value\":\"2026-01-01 00:00:00\"},"
		  "{\"attribute_code\":\"special_to_date\",\"value\":\"2030-01-01 00:00:00\"}]}],\"total_count\":1}");
	shop_rule(shop, "POST", SPECIAL, 200, "[]");
	run(shop, &told, "[" STEP("A", "\"special_price\":null", "\"special_price\":8") "]");
	expect_step(&told, 0, KEEPER_UPDATED, "");
	assert_string_equal(
	    bench_bodies(shop, "POST " SPECIAL),
	    "{\"prices\":[{\"sku\":\"A\",\"store_id\":0,\"price\":8,\"price_from\":\"2026-01-01 00:00:00\","
	    "\"price_to\":\"2030-01-01 00:00:00\"}]}");
	told_fini(&told);
}

/* A row that is not the present one exactly is answered with [] and nothing happens: so the present one is sent, and
 * read. */
static void
a_special_price_is_removed_by_its_own_row(void **state)
{
	struct shop *shop = *state;
	struct told told;

	shop_login(shop);
	shop_rule(shop, "POST", BASE_INFO, 200, "[" BASE_ROW("A", "10") "]");
	once(shop, "POST", SPECIAL_INFO, 200, "[" SPECIAL_ROW("A", "8.25") "]");
	shop_rule(shop, "POST", DELETE, 200, "[]");
	shop_rule(shop, "POST", SPECIAL_INFO, 200, "[]");
	run(shop, &told, "[" STEP("A", "\"special_price\":8.25", "\"special_price\":null") "]");
	expect_step(&told, 0, KEEPER_UPDATED, "");
	assert_string_equal(bench_bodies(shop, "POST " DELETE), "{\"prices\":[" SPECIAL_ROW("A", "8.25") "]}");
	told_fini(&told);
}

static void
a_removal_without_effect_is_done_by_put_with_null(void **state)
{
	struct shop *shop = *state;
	struct told told;

	shop_login(shop);
	shop_rule(shop, "POST", BASE_INFO, 200, "[" BASE_ROW("A", "10") "]");
	shop_rule(shop, "POST", SPECIAL_INFO, 200, "[" SPECIAL_ROW("A", "8") "]");
	shop_rule(shop, "POST", DELETE, 200, "[]");
	shop_rule(shop, "PUT", P "A", 200, "{\"sku\":\"A\",\"price\":10,\"custom_attributes\":[]}");
	run(shop, &told, "[" STEP("A", "\"special_price\":8", "\"special_price\":null") "]");
	expect_step(&told, 0, KEEPER_UPDATED, "");
	assert_string_equal(bench_bodies(shop, "PUT " P "A"),
			    "{\"product\":{\"sku\":\"A\",\"custom_attributes\":[{\"attribute_code\":\"special_price\","
			    "\"value\":null}]}}");
	told_fini(&told);
}

static void
what_even_a_put_does_not_store_is_an_error(void **state)
{
	struct shop *shop = *state;
	struct told told;

	shop_login(shop);
	shop_rule(shop, "POST", BASE_INFO, 200, "[" BASE_ROW("A", "10") "]");
	shop_rule(shop, "POST", SPECIAL_INFO, 200, "[" SPECIAL_ROW("A", "8") "]");
	shop_rule(shop, "POST", DELETE, 200, "[]");
	shop_rule(shop, "PUT", P "A", 200,
		  "{\"sku\":\"A\",\"price\":10,\"custom_attributes\":[{\"attribute_code\":\"special_price\",\"value\":"
		  "\"8.000000\"}]}");
	run(shop, &told, "[" STEP("A", "\"special_price\":8", "\"special_price\":null") "]");
	expect_step(&told, 0, KEEPER_ERROR, "Magento accepted the request but did not store special_price.");
	told_fini(&told);
}

/* ---- websites ---- */

static void
a_websites_price_is_told_to_its_view_and_read_back(void **state)
{
	struct shop *shop = *state;
	struct told told;

	shop_login(shop);
	shop_lists(shop);
	once(shop, "POST", BASE_INFO, 200, "[" BASE_ROW("A", "1") "," BASE_ROW("B", "1") "]"); /* of all stores */
	shop_rule(shop, "POST", BASE, 200, "[]");
	shop_rule(shop, "POST", BASE_INFO, 200,
		  "[" BASE_ROW("A", "1") ",{\"sku\":\"a\",\"store_id\":1,\"price\":2},{\"sku\":\"a\",\"store_id\":2,"
					 "\"price\":2}," BASE_ROW("B", "1") "]");
	run(shop, &told,
	    "[{\"key\":{\"sku\":\"A\"},\"scope\":\"de\",\"from\":{\"price\":1},\"to\":{\"price\":2}},"
	    "{\"key\":{\"sku\":\"B\"},\"scope\":\"de\",\"from\":{\"price\":1},\"to\":{\"price\":2}}]");
	expect_step(&told, 0, KEEPER_UPDATED, "");
	expect_step(&told, 1, KEEPER_ERROR, "Magento accepted the request but did not store price.");
	assert_string_equal(
	    bench_bodies(shop, "POST " BASE),
	    "{\"prices\":[{\"sku\":\"A\",\"store_id\":2,\"price\":2},{\"sku\":\"B\",\"store_id\":2,\"price\":2}]}");
	told_fini(&told);
}

/* The bulk route kept the row for the view that was named only: the website's other views get it by a PUT. */
static void
a_websites_price_reaches_all_of_its_views(void **state)
{
	struct shop *shop = *state;
	struct told told;

	shop_login(shop);
	shop_lists(shop);
	once(shop, "POST", BASE_INFO, 200, "[" BASE_ROW("A", "10") "]");
	once(shop, "POST", SPECIAL_INFO, 200, "[" SPECIAL_ROW("A", "9") "]");
	shop_rule(shop, "POST", SPECIAL, 200, "[]");
	shop_rule(shop, "POST", BASE_INFO, 200, "[" BASE_ROW("A", "10") "]");
	shop_rule(shop, "POST", SPECIAL_INFO, 200,
		  "[" SPECIAL_ROW(
		      "A", "9") ",{\"sku\":\"A\",\"store_id\":1,\"price\":8,\"price_from\":\"2026-01-01 00:00:00\","
				"\"price_to\":null}]");
	shop_rule(shop, "PUT", "/rest/default/V1/products/A", 200,
		  "{\"sku\":\"A\",\"price\":10,\"custom_attributes\":[{\"attribute_code\":\"special_price\",\"value\":"
		  "\"8.000000\"}]}");
	run(shop, &told,
	    "[{\"key\":{\"sku\":\"A\"},\"scope\":\"default\",\"from\":{\"special_price\":9},\"to\":{\"special_price\":"
	    "8}}]");
	expect_step(&told, 0, KEEPER_UPDATED, "");
	assert_string_equal(bench_bodies(shop, "PUT /rest/default/V1/products/A"),
			    "{\"product\":{\"sku\":\"A\",\"custom_attributes\":[{\"attribute_code\":\"special_price\","
			    "\"value\":\"8.0000\"}]}}");
	told_fini(&told);
}

/* A special price of all stores is not one website's to take away: its row is not deleted. */
static void
a_website_does_not_remove_the_special_price_of_all(void **state)
{
	struct shop *shop = *state;
	struct told told;

	shop_login(shop);
	shop_lists(shop);
	shop_rule(shop, "POST", BASE_INFO, 200, "[" BASE_ROW("A", "10") "]");
	shop_rule(shop, "POST", SPECIAL_INFO, 200, "[" SPECIAL_ROW("A", "8") "]");
	shop_rule(shop, "PUT", "/rest/de/V1/products/A", 200,
		  "{\"sku\":\"A\",\"price\":10,\"custom_attributes\":[{\"attribute_code\":\"special_price\",\"value\":"
		  "\"8.000000\"}]}");
	run(shop, &told,
	    "[{\"key\":{\"sku\":\"A\"},\"scope\":\"de\",\"from\":{\"special_price\":8},\"to\":{\"special_price\":null}}"
	    "]");
	expect_step(&told, 0, KEEPER_ERROR, "Magento accepted the request but did not store special_price.");
	assert_string_equal(bench_bodies(shop, "POST " DELETE), "");
	assert_string_equal(bench_bodies(shop, "PUT /rest/de/V1/products/A"),
			    "{\"product\":{\"sku\":\"A\",\"custom_attributes\":[{\"attribute_code\":\"special_price\","
			    "\"value\":null}]}}");
	told_fini(&told);
}

/* A plan that could not learn the shop's price scope: no row could name the right store, a PUT through the view can. */
static void
what_the_plan_wants_by_put_is_in_no_list(void **state)
{
	struct shop *shop = *state;
	struct told told;

	shop_login(shop);
	shop_lists(shop);
	once(shop, "POST", BASE_INFO, 200, "[" BASE_ROW("A", "1") "," BASE_ROW("B", "1") "]");
	shop_rule(shop, "POST", BASE, 200, "[]");
	shop_rule(shop, "POST", BASE_INFO, 200, "[" BASE_ROW("A", "2") "," BASE_ROW("B", "3") "]");
	shop_rule(shop, "PUT", "/rest/de/V1/products/A", 200, "{\"sku\":\"A\",\"price\":2,\"custom_attributes\":[]}");
	run(shop, &told,
	    "[{\"key\":{\"sku\":\"A\"},\"scope\":\"de\",\"put\":true,\"from\":{\"price\":1},\"to\":{\"price\":2}},"
	    "{\"key\":{\"sku\":\"B\"},\"scope\":\"all\",\"from\":{\"price\":1},\"to\":{\"price\":3}}]");
	expect_step(&told, 0, KEEPER_UPDATED, "");
	expect_step(&told, 1, KEEPER_UPDATED, "");
	assert_string_equal(bench_bodies(shop, "POST " BASE),
			    "{\"prices\":[{\"sku\":\"B\",\"store_id\":0,\"price\":3}]}");
	assert_string_equal(bench_bodies(shop, "PUT /rest/de/V1/products/A"),
			    "{\"product\":{\"sku\":\"A\",\"price\":2}}");
	told_fini(&told);
}

/* ---- other ways ---- */

static void
rows_that_may_not_be_written_become_puts(void **state)
{
	struct shop *shop = *state;
	struct told told;

	shop_login(shop);
	shop_rule(shop, "GET", "/rest/all/V1/store/websites", 200, "[]"); /* the credentials are good */
	shop_rule(shop, "POST", BASE_INFO, 200, "[" BASE_ROW("A/1", "1") "]");
	shop_rule(shop, "POST", BASE, 401, SHOP_DENIED("Magento_Catalog::catalog"));
	shop_rule(shop, "PUT", P "A%2F1", 200, "{\"sku\":\"A/1\",\"price\":2,\"custom_attributes\":[]}");
	run(shop, &told, "[" STEP("A/1", PRICE("1"), PRICE("2.0")) "]");
	expect_step(&told, 0, KEEPER_UPDATED, "");
	assert_string_equal(bench_bodies(shop, "PUT " P "A%2F1"), "{\"product\":{\"sku\":\"A/1\",\"price\":2.0}}");
	told_fini(&told);
}

/* Types that the bulk routes pass over are read and written as products; what is in neither place is gone. */
static void
what_the_bulk_routes_do_not_know_is_read_from_the_list(void **state)
{
	struct shop *shop = *state;
	struct told told;

	shop_login(shop);
	shop_rule(shop, "POST", BASE_INFO, 200, "[" BASE_ROW("A", "1") "]");
	shop_rule(shop, "POST", BASE, 200, "[]");
	shop_rule(shop, "GET", "/rest/all/V1/products", 200,
		  "{\"items\":[{\"id\":5,\"sku\":\"ODD\",\"price\":1,\"custom_attributes\":[]}],\"total_count\":1}");
	shop_rule(shop, "PUT", P "ODD", 200, "{\"sku\":\"ODD\",\"price\":2,\"custom_attributes\":[]}");
	run(shop, &told,
	    "[" STEP("A", PRICE("1"), PRICE("2")) "," STEP("ODD", PRICE("1"), PRICE("2")) "," STEP("GONE", PRICE("1"),
												   PRICE("2")) "]");
	expect_step(&told, 0, KEEPER_UPDATED, "");
	expect_step(&told, 1, KEEPER_UPDATED, "");
	assert_true(json_get_bool(bench_step(&told, 2), "gone", false));
	assert_null(strstr(bench_bodies(shop, "POST " BASE), "GONE"));
	assert_null(strstr(bench_bodies(shop, "POST " BASE), "ODD"));
	told_fini(&told);
}

static void
a_limit_cuts_the_list(void **state)
{
	struct shop *shop = *state;
	struct told told;

	shop_login(shop);
	shop_rule(shop, "POST", BASE_INFO, 200,
		  "[" BASE_ROW("A", "1") "," BASE_ROW("B", "1") "," BASE_ROW("C", "1") "]");
	once(shop, "POST", BASE, 400,
	     "{\"message\":\"Maximum items of type \\\"%type\\\" is %max\",\"parameters\":{\"type\":\"X\",\"max\":2}}");
	shop_rule(shop, "POST", BASE, 200, "[]");
	run(shop, &told,
	    "[" STEP("A", PRICE("1"), PRICE("2")) "," STEP("B", PRICE("1"), PRICE("3")) "," STEP("C", PRICE("1"),
												 PRICE("4")) "]");
	for (size_t i = 0; i < 3; i++)
		expect_step(&told, i, KEEPER_UPDATED, "");
	assert_non_null(strstr(
	    bench_bodies(shop, "POST " BASE),
	    "|{\"prices\":[{\"sku\":\"A\",\"store_id\":0,\"price\":2},{\"sku\":\"B\",\"store_id\":0,\"price\":3}]}|"
	    "{\"prices\":[{\"sku\":\"C\",\"store_id\":0,\"price\":4}]}"));
	told_fini(&told);
}

/* 500: nobody knows.  The commit reads until it does; nothing is sent again here. */
static void
a_lost_answer_is_in_doubt(void **state)
{
	struct shop *shop = *state;
	struct told told;

	shop_login(shop);
	shop_rule(shop, "POST", BASE_INFO, 200, "[" BASE_ROW("A", "1") "]");
	shop_rule(shop, "POST", BASE, 500, "{\"message\":\"Internal Error\"}");
	run(shop, &told, "[" STEP("A", PRICE("1"), PRICE("2")) "]");
	assert_int_equal(json_get_int(bench_step(&told, 0), "status", -1), KEEPER_ERROR);
	assert_true(json_get_bool(bench_step(&told, 0), "in_doubt", false));
	assert_null(strchr(bench_bodies(shop, "POST " BASE), '|'));
	told_fini(&told);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    SHOP_TEST(row_errors_land_on_their_products),
	    SHOP_TEST(an_error_without_a_row_is_found_by_reading),
	    SHOP_TEST(a_special_price_keeps_its_other_values),
	    SHOP_TEST(dates_of_an_old_special_price_stay),
	    SHOP_TEST(a_special_price_is_removed_by_its_own_row),
	    SHOP_TEST(a_removal_without_effect_is_done_by_put_with_null),
	    SHOP_TEST(what_even_a_put_does_not_store_is_an_error),
	    SHOP_TEST(a_websites_price_is_told_to_its_view_and_read_back),
	    SHOP_TEST(a_websites_price_reaches_all_of_its_views),
	    SHOP_TEST(a_website_does_not_remove_the_special_price_of_all),
	    SHOP_TEST(what_the_plan_wants_by_put_is_in_no_list),
	    SHOP_TEST(rows_that_may_not_be_written_become_puts),
	    SHOP_TEST(what_the_bulk_routes_do_not_know_is_read_from_the_list),
	    SHOP_TEST(a_limit_cuts_the_list),
	    SHOP_TEST(a_lost_answer_is_in_doubt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
