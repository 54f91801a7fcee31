#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../../src/worker/drain.c"

static void
serving_stays(void **state)
{
	struct drain d = {.state = DRAIN_SERVING};

	(void)state;
	assert_int_equal(drain_step(&d, 1000000, 0, 0), DRAIN_SERVING);
}

static void
no_connection_left_ends_at_once(void **state)
{
	struct drain d = {.state = DRAIN_SERVING};

	(void)state;
	drain_begin(&d, 1000, 30000);
	assert_int_equal(d.state, DRAIN_LAME);
	assert_int_equal(drain_step(&d, 1000, 0, 0), DRAIN_CUT);
}

static void
idle_connections_are_kept_for_a_while(void **state)
{
	struct drain d = {.state = DRAIN_SERVING};

	(void)state;
	drain_begin(&d, 1000, 30000);
	assert_int_equal(drain_step(&d, 1000 + DRAIN_LAME_MS - 1, 5, 0), DRAIN_LAME);
	assert_int_equal(drain_step(&d, 1000 + DRAIN_LAME_MS, 5, 0), DRAIN_CLOSING);
	assert_int_equal(drain_step(&d, 1000 + DRAIN_LAME_MS, 0, 0), DRAIN_CUT);
}

static void
calls_without_a_client_may_finish(void **state)
{
	struct drain d = {.state = DRAIN_SERVING};

	(void)state;
	drain_begin(&d, 0, 30000);
	assert_int_equal(drain_step(&d, 1, 0, 3), DRAIN_CLOSING);
	assert_int_equal(drain_step(&d, 29999, 0, 1), DRAIN_CLOSING);
	assert_int_equal(drain_step(&d, 30000, 0, 1), DRAIN_CUT);
}

static void
a_short_deadline_shortens_the_lame_period(void **state)
{
	struct drain d = {.state = DRAIN_SERVING};

	(void)state;
	drain_begin(&d, 0, 500);
	assert_int_equal(drain_step(&d, 499, 5, 5), DRAIN_LAME);
	assert_int_equal(drain_step(&d, 500, 5, 5), DRAIN_CUT);
}

static void
a_second_request_only_shortens(void **state)
{
	struct drain d = {.state = DRAIN_SERVING};

	(void)state;
	drain_begin(&d, 0, 5000);
	drain_begin(&d, 100, 60000);
	assert_int_equal(drain_step(&d, 5000, 1, 1), DRAIN_CUT);

	d = (struct drain){.state = DRAIN_SERVING};
	drain_begin(&d, 0, 60000);
	drain_begin(&d, 100, 0);
	assert_int_equal(drain_step(&d, 100, 1, 1), DRAIN_CUT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(serving_stays),
	    cmocka_unit_test(no_connection_left_ends_at_once),
	    cmocka_unit_test(idle_connections_are_kept_for_a_while),
	    cmocka_unit_test(calls_without_a_client_may_finish),
	    cmocka_unit_test(a_short_deadline_shortens_the_lame_period),
	    cmocka_unit_test(a_second_request_only_shortens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
