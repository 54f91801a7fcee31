/*
 * test_turn.c - stretches of a turn, who held it and for how long; the time is passed in
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/fiber.h"
#include "base/turn.h"

static char trace[1024];

static void
on_held(void *ctx, const char *name, uint64_t held_ms)
{
	size_t len = strlen(trace);

	(void)ctx;
	snprintf(trace + len, sizeof(trace) - len, "%s %llu;", name, (unsigned long long)held_ms);
}

static void
assert_told(const char *wanted)
{
	assert_string_equal(trace, wanted);
	trace[0] = '\0';
}

static void
test_long_stretches_are_told(void **test_state)
{
	struct turn turn = {.held = on_held};

	(void)test_state;
	turn_enter_at(&turn, "accept", 1000);
	turn_enter_at(&turn, "http connection", 1009);
	turn_enter_at(&turn, "catalog.get_product", 1009);
	turn_enter_at(&turn, "http connection", 1019);
	turn_end_at(&turn, 1100);
	assert_told("catalog.get_product 10;http connection 81;");
	assert_int_equal(turn.totals.turns, 1);
	assert_int_equal(turn.totals.long_turns, 1);
	assert_int_equal(turn.totals.very_long_turns, 1);
}

static void
test_waiting_is_nobodys_time(void **test_state)
{
	struct turn turn = {.held = on_held};

	(void)test_state;
	turn_enter_at(&turn, "accept", 1000);
	turn_end_at(&turn, 1001);
	turn_end_at(&turn, 60000); /* a turn in which nobody said a name */
	turn_enter_at(&turn, "accept", 90000);
	turn_end_at(&turn, 90009);
	assert_told("");
	assert_int_equal(turn.totals.turns, 2);
	assert_int_equal(turn.totals.long_turns, 0);
	assert_null(turn.holder);
}

static void
test_many_short_stretches_make_a_long_turn(void **test_state)
{
	struct turn turn = {.held = on_held};

	(void)test_state;
	for (uint64_t i = 0; i < 10; i++)
		turn_enter_at(&turn, "http connection", 1000 + 2 * i);
	turn_end_at(&turn, 1020);
	assert_told("many 20;");
	assert_int_equal(turn.totals.long_turns, 1);
	assert_int_equal(turn.totals.very_long_turns, 0);
	/* The one that was long is told, not the turn again. */
	turn_enter_at(&turn, "accept", 2000);
	turn_enter_at(&turn, "sweep", 2020);
	turn_end_at(&turn, 2028);
	assert_told("accept 20;");
	turn_enter_at(&turn, "accept", 3000);
	turn_enter_at(&turn, "sweep", 3006);
	turn_end_at(&turn, 3012);
	assert_told("many 12;");
}

static void
test_nobody_listens(void **test_state)
{
	struct turn turn = {.holder = NULL};

	(void)test_state;
	turn_enter_at(&turn, "accept", 1000);
	turn_end_at(&turn, 2000);
	assert_int_equal(turn.totals.long_turns, 1);
}

/* ---- of this process: names of fibers ---- */

static void
work(void *arg)
{
	struct fiber_wait *wait = arg;

	assert_string_equal(turn_holder(), "http connection");
	turn_enter("catalog.get_product");
	if (fiber_wait_for(wait) < 0)
		fail();
	assert_string_equal(turn_holder(), "catalog.get_product");
	turn_enter("catalog.get_product, the rest");
}

static void
test_fibers_take_their_names_along(void **test_state)
{
	struct fiber_pool *pool = fiber_pool_new(1, 1);
	struct turn_totals totals;
	struct fiber_wait wait;

	(void)test_state;
	turn_enter("nobody measures yet");
	assert_null(turn_holder());
	turn_watch(NULL, NULL);
	fiber_wait_init(&wait, NULL, NULL);
	turn_enter("http connection");
	assert_int_equal(fiber_start(pool, work, &wait, NULL), 0);
	assert_string_equal(turn_holder(), "http connection");
	turn_end();
	assert_null(turn_holder());
	turn_enter("shop");
	fiber_wait_done(&wait);
	assert_string_equal(turn_holder(), "shop");
	turn_end();
	turn_totals(&totals);
	assert_int_equal(totals.turns, 2);
	assert_int_equal(fiber_pool_alive(pool), 0);
	fiber_pool_free(&pool);
}

static void
spin_us(uint64_t us)
{
	uint64_t until = clock_mono_us() + us;

	while (clock_mono_us() < until)
		continue;
}

/* One moment for a whole stretch; none between turns, where nobody would make it a new one. */
static void
test_the_moment_of_a_stretch(void **test_state)
{
	uint64_t us, wall_ms;

	(void)test_state;
	turn_watch(NULL, NULL);
	us = turn_mono_us();
	spin_us(50);
	assert_true(turn_mono_us() >= us + 50);
	turn_enter("first");
	us = turn_mono_us();
	wall_ms = turn_wall_ms();
	spin_us(2000);
	assert_int_equal(turn_mono_us(), us);
	assert_int_equal(turn_mono_ms(), us / 1000);
	assert_int_equal(turn_wall_ms(), wall_ms);
	assert_true(turn_read_us() >= us + 2000);
	assert_true(turn_mono_us() >= us + 2000);
	assert_true(turn_wall_ms() > wall_ms);
	us = turn_mono_us();
	spin_us(50);
	turn_pass("somebody else");
	assert_string_equal(turn_holder(), "somebody else");
	assert_int_equal(turn_mono_us(), us);
	turn_enter("second");
	assert_true(turn_mono_us() >= us + 50);
	turn_end();
}

static void
test_coarse_clock(void **test_state)
{
	uint64_t coarse = clock_coarse_ms();

	(void)test_state;
	assert_true(coarse <= clock_mono_ms());
	assert_true(clock_coarse_ms() >= coarse);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_long_stretches_are_told),
	    cmocka_unit_test(test_waiting_is_nobodys_time),
	    cmocka_unit_test(test_many_short_stretches_make_a_long_turn),
	    cmocka_unit_test(test_nobody_listens),
	    cmocka_unit_test(test_fibers_take_their_names_along),
	    cmocka_unit_test(test_the_moment_of_a_stretch),
	    cmocka_unit_test(test_coarse_clock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
