#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "action/promotions/coupon_space.h"

static void
words(void **state)
{
	(void)state;
	assert_int_equal(coupon_format_of("alphabetical"), COUPON_ALPHABETICAL);
	assert_int_equal(coupon_format_of("numeric"), COUPON_NUMERIC);
	assert_int_equal(coupon_format_of(""), COUPON_ALPHANUMERIC);
	assert_string_equal(coupon_format_magento(COUPON_ALPHANUMERIC), "alphanum");
	assert_string_equal(coupon_format_magento(COUPON_ALPHABETICAL), "alpha");
	assert_string_equal(coupon_format_magento(COUPON_NUMERIC), "num");
}

/* 10^4 codes: ten for each of 1000, not of 1001. */
static void
boundary(void **state)
{
	(void)state;
	assert_true(coupon_space_holds(COUPON_NUMERIC, 4, 1000, 10));
	assert_false(coupon_space_holds(COUPON_NUMERIC, 4, 1001, 10));
	assert_int_equal(coupon_space_length(COUPON_NUMERIC, 1000, 10), 4);
	assert_int_equal(coupon_space_length(COUPON_NUMERIC, 1001, 10), 5);
	assert_true(coupon_space_holds(COUPON_ALPHABETICAL, 4, 45697, 10));
	assert_false(coupon_space_holds(COUPON_ALPHABETICAL, 4, 45698, 10));
	assert_true(coupon_space_holds(COUPON_ALPHANUMERIC, 4, 167961, 10));
	assert_false(coupon_space_holds(COUPON_ALPHANUMERIC, 4, 167962, 10));
}

static void
no_overflow(void **state)
{
	(void)state;
	assert_true(coupon_space_holds(COUPON_ALPHANUMERIC, 32, 1000000, 1000));
	assert_true(coupon_space_holds(COUPON_NUMERIC, 20, UINT64_MAX, 1));
	assert_false(coupon_space_holds(COUPON_NUMERIC, 19, UINT64_MAX, 10));
	assert_int_equal(coupon_space_length(COUPON_NUMERIC, UINT64_MAX, 10), 20);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(words),
	    cmocka_unit_test(boundary),
	    cmocka_unit_test(no_overflow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
