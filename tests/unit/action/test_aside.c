/*
 * test_aside.c - work beside a call's own: it runs while the call waits, and never outlives it
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "action/aside.h"
#include "base/err.h"

static struct fiber_pool *fibers;
static struct fiber *caller;
static struct fiber_wait *gates[2]; /* of what runs aside, of the caller */
static char order[64];

static void
note(const char *word)
{
	assert_true(strlen(order) + strlen(word) < sizeof(order));
	snprintf(order + strlen(order), sizeof(order) - strlen(order), "%s", word);
}

static void
stopped(void *ctx)
{
	(void)ctx;
}

static int
wait_at(size_t gate, void (*on_cancel)(void *ctx))
{
	struct fiber_wait wait;
	int r;

	fiber_wait_init(&wait, on_cancel, NULL);
	gates[gate] = &wait;
	r = fiber_wait_for(&wait);
	gates[gate] = NULL;
	return r;
}

static void
read_aside(void *ctx)
{
	note("a");
	note(wait_at(0, *(bool *)ctx ? stopped : NULL) == 0 ? "A" : "x");
}

static bool can_stop;

/* Starts it, waits for itself, joins. */
static void
call(void *ctx)
{
	struct aside aside;

	(void)ctx;
	assert_true(aside_start(&aside, fibers, read_aside, &can_stop));
	assert_true(aside_is_running(&aside));
	note(wait_at(1, stopped) == 0 ? "B" : "y");
	aside_join(&aside);
	assert_false(aside_is_running(&aside));
	note("C");
}

static void
begin(bool it_can_stop)
{
	order[0] = '\0';
	can_stop = it_can_stop;
	assert_int_equal(fiber_start(fibers, call, NULL, &caller), 0);
	assert_string_equal(order, "a");
}

static void
both_orders_of_ending(void **state)
{
	(void)state;
	begin(true);
	fiber_wait_done(gates[0]);
	fiber_wait_done(gates[1]);
	assert_string_equal(order, "aABC");
	begin(true);
	fiber_wait_done(gates[1]);
	assert_string_equal(order, "aB");
	fiber_wait_done(gates[0]);
	assert_string_equal(order, "aBAC");
	assert_int_equal(fiber_pool_alive(fibers), 0);
}

static void
a_cancelled_call_stops_it(void **state)
{
	(void)state;
	begin(true);
	fiber_cancel(caller); /* before it joins */
	assert_string_equal(order, "ayxC");
	begin(true);
	fiber_wait_done(gates[1]);
	fiber_cancel(caller); /* while it joins */
	assert_string_equal(order, "aBxC");
	assert_int_equal(fiber_pool_alive(fibers), 0);
}

static void
what_cannot_be_stopped_is_waited_for(void **state)
{
	(void)state;
	begin(false);
	fiber_wait_done(gates[1]);
	fiber_cancel(caller);
	assert_string_equal(order, "aB");
	fiber_wait_done(gates[0]);
	assert_string_equal(order, "aBAC");
	begin(false);
	fiber_cancel(caller);
	assert_string_equal(order, "ay");
	fiber_wait_done(gates[0]);
	assert_string_equal(order, "ayAC");
	assert_int_equal(fiber_pool_alive(fibers), 0);
}

static void
at_once(void *ctx)
{
	*(int *)ctx += 1;
}

static void
call_short(void *ctx)
{
	struct aside asides[8];
	int *done = ctx;

	assert_true(aside_start(&asides[0], fibers, at_once, done));
	assert_false(aside_is_running(&asides[0]));
	aside_join(&asides[0]);
	can_stop = true;
	for (size_t i = 1; i < 4; i++)
		assert_true(aside_start(&asides[i], fibers, read_aside, &can_stop));
	assert_false(aside_start(&asides[4], fibers, at_once, done)); /* no fiber is left */
	aside_join(&asides[4]);
	fiber_cancel(fiber_current());
	for (size_t i = 1; i < 4; i++)
		aside_join(&asides[i]);
}

static void
what_needs_no_wait_and_what_finds_no_fiber(void **state)
{
	int done = 0;

	(void)state;
	order[0] = '\0';
	assert_int_equal(fiber_start(fibers, call_short, &done, NULL), 0);
	assert_int_equal(done, 1);
	assert_string_equal(order, "aaaxxx");
	assert_int_equal(fiber_pool_alive(fibers), 0);
}

static int
open_pool(void **state)
{
	(void)state;
	fibers = fiber_pool_new(4, 2);
	return fibers != NULL ? 0 : -1;
}

static int
close_pool(void **state)
{
	(void)state;
	fiber_pool_free(&fibers);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(both_orders_of_ending),
	    cmocka_unit_test(a_cancelled_call_stops_it),
	    cmocka_unit_test(what_cannot_be_stopped_is_waited_for),
	    cmocka_unit_test(what_needs_no_wait_and_what_finds_no_fiber),
	};

	return cmocka_run_group_tests(tests, open_pool, close_pool);
}
