/*
 * test_search_caps.c - searches that are sorted out by us: how many rows they look through, and what they say beyond
 */
#include "fake_shop.h"

#define RULES "/rest/all/V1/salesRules/search"
#define PAGES "/rest/all/V1/cmsPage/search"
#define ON_WEBSITE "{\"website_code\":\"base\",\"page_size\":1}"

static unsigned
asked(const struct shop *shop, const char *path)
{
	unsigned n = 0;

	for (unsigned i = 0; i < shop->n_log; i++)
		n += strstr(shop->log[i], path) != NULL;
	return n;
}

static void
more_rules_than_are_looked_through(void **state)
{
	struct shop *shop = *state;
	struct told told;

	shop_login(shop);
	shop_lists(shop);
	shop_rule(shop, "GET", RULES, 200, "{\"items\":[{\"rule_id\":1,\"website_ids\":[1]}],\"total_count\":5001}");
	shop_call(shop, &told, "promotions.search_rules", ON_WEBSITE);
	assert_int_equal(told.code, FAULT_BULK_CAP_EXCEEDED);
	assert_int_equal(json_get_int(told.details, "count", 0), 5001);
	assert_int_equal(json_get_int(told.details, "cap", 0), 5000);
	assert_non_null(strstr(told.message, "Narrow the search"));
	assert_int_equal(asked(shop, RULES), 1); /* the first page told enough */
	told_fini(&told);
}

/* The last number that is allowed: its pages are asked for. */
static void
as_many_rules_as_are_looked_through(void **state)
{
	struct shop *shop = *state;
	struct told told;

	shop_login(shop);
	shop_lists(shop);
	shop_rule(shop, "GET", RULES, 200, "{\"items\":[{\"rule_id\":1,\"website_ids\":[1]}],\"total_count\":5000}");
	shop->rules[shop->n_rules - 1].uses = 1;
	shop_rule(shop, "GET", RULES, 400, "{\"message\":\"not today\"}");
	shop_call(shop, &told, "promotions.search_rules", ON_WEBSITE);
	assert_int_equal(told.code, FAULT_MAGENTO_API_ERROR);
	assert_int_equal(asked(shop, RULES), 1 + 5000 / 100);
	told_fini(&told);
}

static void
more_pages_of_a_view_than_are_put_together(void **state)
{
	struct shop *shop = *state;
	struct told told;

	shop_login(shop);
	shop_lists(shop);
	shop_rule(shop, "GET", PAGES, 200, "{\"items\":[{\"id\":1}],\"total_count\":2001}");
	shop_call(shop, &told, "cms.search_pages", "{\"scope\":{\"store_view_code\":\"de\"}}");
	assert_int_equal(told.code, FAULT_VALIDATION_ERROR);
	assert_string_equal(told.message, "More than 2000 pages match. Narrow the search, or ask without scope.");
	assert_int_equal(asked(shop, PAGES), 1);
	told_fini(&told);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    SHOP_TEST(more_rules_than_are_looked_through),
	    SHOP_TEST(as_many_rules_as_are_looked_through),
	    SHOP_TEST(more_pages_of_a_view_than_are_put_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
