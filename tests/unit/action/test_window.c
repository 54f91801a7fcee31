/*
 * test_window.c - pages of our size out of pages of the shop's size
 */
#include "fake_shop.h"

#include <signal.h>
#include <stdlib.h>

#define SEARCH "catalog.search_products"

/* A catalogue of `total` products, ids from 1, that gives at most `allowed` at a time. */
static unsigned total, allowed, requests, largest;
static unsigned heavy; /* bytes of each product's name */

static unsigned
number_in(const char *target, const char *name)
{
	const char *at = strstr(target, name);

	assert_non_null(at);
	return (unsigned)strtoul(at + strlen(name), NULL, 10);
}

static void
catalogue(void *ctx, struct server_peer *peer, const struct server_request *request)
{
	unsigned size = number_in(request->target, "pageSize%5D="),
		 page = number_in(request->target, "currentPage%5D=");
	struct buf body;

	(void)ctx;
	requests++;
	largest = size > largest ? size : largest;
	buf_init(&body, 32 * 1024 * 1024);
	if (size > allowed) {
		buf_printf(&body,
			   "{\"message\":\"Maximum SearchCriteria pageSize is %%max\",\"parameters\":{\"max\":%u}}",
			   allowed);
		server_reply_json(peer, 400, buf_cstr(&body));
	} else {
		buf_put_str(&body, "{\"items\":[");
		for (unsigned i = (page - 1) * size; i < page * size && i < total; i++)
			buf_printf(&body, "%s{\"id\":%u,\"sku\":\"s\",\"name\":\"%0*u\"}",
				   i > (page - 1) * size ? "," : "", i + 1, (int)heavy, 0U);
		buf_printf(&body, "],\"total_count\":%u}", total);
		server_reply_json(peer, 200, buf_cstr(&body));
	}
	buf_fini(&body);
}

static void
open_catalogue(struct shop *shop, unsigned its_total, unsigned its_allowed)
{
	shop->server.handler = shop_handle;
	shop_login(shop);
	shop->server.handler = catalogue;
	total = its_total;
	allowed = its_allowed;
	largest = 0;
	heavy = 1;
}

/* Ids first ... last stand in the page, in order; first > last: none. */
static void
assert_page(struct shop *shop, unsigned page_size, unsigned page, unsigned first, unsigned last, unsigned n_requests)
{
	char arguments[128];
	struct told told;
	const json_t *items;

	snprintf(arguments, sizeof(arguments), "{\"page_size\":%u,\"current_page\":%u,\"fields\":[\"id\"]}", page_size,
		 page);
	requests = 0;
	shop_call(shop, &told, SEARCH, arguments);
	items = json_get_array(shop_result(&told, SEARCH), "items");
	assert_int_equal(json_array_size(items), first > last ? 0 : last - first + 1);
	for (size_t i = 0; i < json_array_size(items); i++)
		assert_int_equal(json_get_int(json_array_get(items, i), "id", 0), first + i);
	assert_int_equal(json_get_int(told.result, "total_count", -1), total);
	assert_int_equal(json_get_bool(told.result, "has_more", false), (uint64_t)page_size * page < total);
	assert_int_equal(requests, n_requests);
	told_fini(&told);
}

static void
a_small_page_is_one_request(void **state)
{
	struct shop *shop = *state;

	open_catalogue(shop, 250, 300);
	assert_page(shop, 20, 1, 1, 20, 1);
	assert_page(shop, 100, 2, 101, 200, 1);
	assert_page(shop, 100, 3, 201, 250, 1);
	assert_page(shop, 1, 250, 250, 250, 1);
	assert_page(shop, 20, 14, 1, 0, 1); /* past the end */
	assert_page(shop, 20, 1000000, 1, 0, 1);
}

/* Never more than 100 at a time. */
static void
a_large_page_is_several_requests(void **state)
{
	struct shop *shop = *state;

	open_catalogue(shop, 450, 300);
	assert_page(shop, 200, 1, 1, 200, 2);
	assert_page(shop, 200, 3, 401, 450, 2);
	assert_page(shop, 150, 1, 1, 150, 2);
	assert_page(shop, 150, 2, 151, 300, 2);
	assert_page(shop, 150, 3, 301, 450, 2);
	assert_page(shop, 101, 2, 102, 202, 2);
	assert_page(shop, 101, 100, 1, 0, 2);
	assert_page(shop, 199, 2, 200, 398, 3);
	assert_int_equal(largest, 100);
}

/* What the shop's administrator allows is learnt from its refusal. */
static void
a_shop_may_allow_less(void **state)
{
	struct shop *shop = *state;

	open_catalogue(shop, 100, 7);
	assert_page(shop, 20, 1, 1, 20, 1 + 3);
	assert_page(shop, 20, 2, 21, 40, 1 + 4); /* 21 22..28 29..35 36..40 */
	assert_page(shop, 20, 5, 81, 100, 1 + 4);
	assert_page(shop, 7, 2, 8, 14, 1);
	open_catalogue(shop, 250, 1);
	assert_page(shop, 3, 2, 4, 6, 1 + 3);
	assert_page(shop, 1, 9, 9, 9, 1);
}

/* A shop that refuses every size is not asked for ever. */
static void
a_shop_that_allows_nothing_is_a_failure(void **state)
{
	struct shop *shop = *state;
	struct told told;

	open_catalogue(shop, 250, 0);
	requests = 0;
	shop_call(shop, &told, SEARCH, NULL);
	assert_int_equal(requests, 1);
	expect_fault(&told, FAULT_MAGENTO_API_ERROR);
}

/* An answer that is too large for us is read in halves, down to single items. */
static void
a_heavy_page_is_read_in_halves(void **state)
{
	struct shop *shop = *state;
	struct told told;

	open_catalogue(shop, 40, 300);
	heavy = 300 * 1000;
	assert_page(shop, 20, 1, 1, 20, 1 + 2);
	heavy = 2500 * 1000;
	assert_page(shop, 4, 2, 5, 8, 1 + 1 + 4); /* after a half that is too large still, not the other one */
	heavy = 5000 * 1000;
	requests = 0;
	shop_call(shop, &told, SEARCH, "{\"page_size\":4,\"fields\":[\"id\"]}");
	assert_int_equal(requests, 3); /* 4, 2, 1 */
	assert_non_null(strstr(told.message, "magento.max_reply_bytes"));
	expect_fault(&told, FAULT_MAGENTO_API_ERROR);
}

/* One page that cannot be read is a failure of the whole. */
static void
half_a_window_is_no_window(void **state)
{
	struct shop *shop = *state;
	struct told told;

	shop_login(shop);
	shop_rule(shop, "GET", "/rest/all/V1/products", 200, "{\"items\":[{\"id\":1}],\"total_count\":300}");
	shop->rules[0].query = "currentPage%5D=1";
	shop_rule(shop, "GET", "/rest/all/V1/products", 500, "{\"message\":\"Internal Error\"}");
	shop_call(shop, &told, SEARCH, "{\"page_size\":200}");
	expect_fault(&told, FAULT_MAGENTO_API_ERROR);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    SHOP_TEST(a_small_page_is_one_request),    SHOP_TEST(a_large_page_is_several_requests),
	    SHOP_TEST(a_shop_may_allow_less),	       SHOP_TEST(a_shop_that_allows_nothing_is_a_failure),
	    SHOP_TEST(a_heavy_page_is_read_in_halves), SHOP_TEST(half_a_window_is_no_window),
	};

	signal(SIGPIPE, SIG_IGN); /* the shop is hung up on while it still answers */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
