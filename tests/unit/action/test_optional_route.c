#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "action/optional_route.h"

#define A "https://a.example"
#define B "https://b.example"
#define ROUTE "/V1/indexer/status"

static void
test_remembered_per_shop_and_route(void **state)
{
	(void)state;
	assert_false(optional_route_was_missed(A, ROUTE, 1000));
	optional_route_missed(A, ROUTE, 1000);
	assert_true(optional_route_was_missed(A, ROUTE, 1000));
	assert_false(optional_route_was_missed(B, ROUTE, 1000));
	assert_false(optional_route_was_missed(A, "/V1/url-rewrite", 1000));
}

static void
test_for_ten_minutes(void **state)
{
	(void)state;
	optional_route_missed(A, ROUTE, 5000);
	assert_true(optional_route_was_missed(A, ROUTE, 5000 + OPTIONAL_ROUTE_MISS_MS - 1));
	assert_false(optional_route_was_missed(A, ROUTE, 5000 + OPTIONAL_ROUTE_MISS_MS));
}

static void
test_many_shops(void **state)
{
	char base[64];

	(void)state;
	for (int i = 0; i < 1000; i++) {
		snprintf(base, sizeof(base), "https://%d.example", i);
		optional_route_missed(base, ROUTE, 100000 + (uint64_t)i);
		assert_true(optional_route_was_missed(base, ROUTE, 100000 + (uint64_t)i));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_remembered_per_shop_and_route),
	    cmocka_unit_test(test_for_ten_minutes),
	    cmocka_unit_test(test_many_shops),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
