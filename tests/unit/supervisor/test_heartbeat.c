/*
 * test_heartbeat.c - fresh, late, hung, and forgiveness when the supervisor itself was late
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#include "supervisor/heartbeat.h"

static void
verdicts_change_at_two_and_ten_seconds(void **state)
{
	(void)state;
	assert_int_equal(heartbeat_judge(0), HEARTBEAT_FRESH);
	assert_int_equal(heartbeat_judge(2000), HEARTBEAT_FRESH);
	assert_int_equal(heartbeat_judge(2001), HEARTBEAT_LATE);
	assert_int_equal(heartbeat_judge(10000), HEARTBEAT_LATE);
	assert_int_equal(heartbeat_judge(10001), HEARTBEAT_HUNG);
}

static void
ticks_come_every_half_second(void **state)
{
	struct heartbeat_watch w = {0};

	(void)state;
	assert_true(heartbeat_tick(&w, 1000));
	assert_false(heartbeat_tick(&w, 1499));
	assert_true(heartbeat_tick(&w, 1500));
	assert_int_equal(w.due_ms, 2000);
	assert_true(heartbeat_on_time(&w));
}

static void
age_counts_from_the_beat(void **state)
{
	struct heartbeat_watch w = {0};

	(void)state;
	(void)heartbeat_tick(&w, 1000);
	assert_int_equal(heartbeat_age(&w, 5000, 9000), 4000);
	assert_int_equal(heartbeat_age(&w, 9500, 9000), 0);  /* the worker's clock is a moment ahead */
	assert_int_equal(heartbeat_age(&w, 10, 9000), 8000); /* older than the watch itself */
}

/* The supervisor slept for a minute: nobody is hung because of that, but who stays silent from now on is. */
static void
own_lateness_is_forgiven_to_the_workers(void **state)
{
	struct heartbeat_watch w = {0};
	uint64_t now_ms;

	(void)state;
	(void)heartbeat_tick(&w, 1000);
	assert_true(heartbeat_tick(&w, 61000));
	assert_false(heartbeat_on_time(&w));
	assert_int_equal(heartbeat_judge(heartbeat_age(&w, 900, 61000)), HEARTBEAT_FRESH);
	for (now_ms = 61500; now_ms <= 71000; now_ms += HEARTBEAT_TICK_MS) {
		assert_true(heartbeat_tick(&w, now_ms));
		assert_true(heartbeat_on_time(&w));
		assert_int_not_equal(heartbeat_judge(heartbeat_age(&w, 900, now_ms)), HEARTBEAT_HUNG);
	}
	assert_int_equal(heartbeat_judge(heartbeat_age(&w, 900, 71001)), HEARTBEAT_HUNG);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(verdicts_change_at_two_and_ten_seconds),
	    cmocka_unit_test(ticks_come_every_half_second),
	    cmocka_unit_test(age_counts_from_the_beat),
	    cmocka_unit_test(own_lateness_is_forgiven_to_the_workers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
