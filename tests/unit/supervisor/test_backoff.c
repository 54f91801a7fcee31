/*
 * test_backoff.c - the figures of P12
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#include "supervisor/backoff.h"

#define MIDDLE 200 /* the jitter that changes nothing */

static uint64_t
early_death(struct backoff *b, uint64_t jitter)
{
	return backoff_next(b, &(struct backoff_death){.now_ms = 1000, .jitter = jitter});
}

static uint64_t
late_death(struct backoff *b, uint64_t now_ms)
{
	return backoff_next(b, &(struct backoff_death){.now_ms = now_ms, .was_ready = true});
}

static void
doubles_from_100_ms_to_30_s(void **state)
{
	static const uint64_t expected[] = {100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600, 30000, 30000, 30000};
	struct backoff b = {0};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
		assert_int_equal(early_death(&b, MIDDLE), expected[i]);
}

static void
jitter_stays_within_a_fifth(void **state)
{
	uint64_t jitter, least = UINT64_MAX, most = 0;

	(void)state;
	for (jitter = 0; jitter < 2000; jitter++) {
		struct backoff b = {.failures = 3};
		uint64_t delay_ms = early_death(&b, jitter);

		least = delay_ms < least ? delay_ms : least;
		most = delay_ms > most ? delay_ms : most;
	}
	assert_int_equal(least, 640);
	assert_int_equal(most, 960);
}

static void
never_above_the_maximum(void **state)
{
	struct backoff b = {.failures = UINT32_MAX};

	(void)state;
	assert_int_equal(early_death(&b, 400), BACKOFF_MAX_MS);
	assert_int_equal(b.failures, UINT32_MAX);
}

static void
after_ready_at_once_within_the_burst(void **state)
{
	struct backoff b = {0};
	int i;

	(void)state;
	for (i = 0; i < BACKOFF_BURST; i++)
		assert_int_equal(late_death(&b, 5000 + (uint64_t)i), 0);
	assert_int_equal(late_death(&b, 5100), 900); /* until the second is over */
	assert_int_equal(late_death(&b, 6000), 0);
}

/* A client that can crash his worker after READY never reaches the long delays. */
static void
crashes_after_ready_do_not_add_up(void **state)
{
	struct backoff b = {0};
	uint64_t now_ms = 0;
	int i;

	(void)state;
	for (i = 0; i < 1000; i++) {
		uint64_t delay_ms = late_death(&b, now_ms);

		assert_true(delay_ms <= BACKOFF_WINDOW_MS);
		now_ms += delay_ms + 50;
	}
}

/* Kills at random meet a worker that starts now and then: that is no crash loop. */
static void
ready_clears_the_history(void **state)
{
	struct backoff b = {0};
	int i;

	(void)state;
	(void)early_death(&b, MIDDLE);
	assert_int_equal(early_death(&b, MIDDLE), 200);
	for (i = 0; i < 20; i++) {
		assert_int_equal(late_death(&b, 20000 + (uint64_t)i * BACKOFF_WINDOW_MS), 0);
		assert_int_equal(early_death(&b, MIDDLE), 100);
	}
	assert_int_equal(early_death(&b, MIDDLE), 200);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(doubles_from_100_ms_to_30_s),	 cmocka_unit_test(jitter_stays_within_a_fifth),
	    cmocka_unit_test(never_above_the_maximum),		 cmocka_unit_test(after_ready_at_once_within_the_burst),
	    cmocka_unit_test(crashes_after_ready_do_not_add_up), cmocka_unit_test(ready_clears_the_history),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
