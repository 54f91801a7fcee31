/*
 * test_roll.c - when a generation is ready, failed, and whom to cut for room
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#include "supervisor/roll.h"

static void
new_generation_must_be_ready_whole(void **state)
{
	struct roll_count c = {.wanted = 3, .started_ms = 1000, .ready_limit_ms = ROLL_READY_MS};

	(void)state;
	c.ready = 2;
	assert_int_equal(roll_judge(&c, 1000), ROLL_WAIT);
	assert_int_equal(roll_judge(&c, 30999), ROLL_WAIT);
	assert_int_equal(roll_judge(&c, 31000), ROLL_FAILED);
	c.ready = 3;
	assert_int_equal(roll_judge(&c, 2000), ROLL_READY);
}

static void
any_early_death_fails_a_new_generation(void **state)
{
	struct roll_count c = {.wanted = 3, .ready = 3, .started_ms = 1000, .ready_limit_ms = ROLL_READY_MS};

	(void)state;
	c.died_early = 1;
	assert_int_equal(roll_judge(&c, 1001), ROLL_FAILED);
	c.died_early = 0;
	c.gave_up = 1;
	assert_int_equal(roll_judge(&c, 1001), ROLL_FAILED);
}

static void
first_generation_keeps_trying_and_serves_with_what_it_has(void **state)
{
	struct roll_count c = {.wanted = 2, .started_ms = 1000, .ready_limit_ms = ROLL_READY_MS, .is_first = true};

	(void)state;
	c.died_early = 50;
	assert_int_equal(roll_judge(&c, 999999), ROLL_WAIT);
	c.ready = 1;
	assert_int_equal(roll_judge(&c, 2000), ROLL_WAIT);
	assert_int_equal(roll_judge(&c, 31000), ROLL_READY);
	c.gave_up = 1;
	assert_int_equal(roll_judge(&c, 2000), ROLL_FAILED);
}

static void
room_needs_slots_and_at_most_one_retiring(void **state)
{
	struct roll_retiring list[] = {{.number = 7, .processes = 4}, {.number = 6, .processes = 4}};
	bool has_room;

	(void)state;
	assert_int_equal(roll_cut(list, 0, 4, 4, &has_room), -1);
	assert_true(has_room);
	assert_int_equal(roll_cut(list, 1, 4, 50, &has_room), -1);
	assert_true(has_room);
	assert_int_equal(roll_cut(list, 2, 4, 50, &has_room), 1); /* a third: the oldest is cut */
	assert_false(has_room);
	list[1].is_cut = true;
	assert_int_equal(roll_cut(list, 2, 4, 50, &has_room), -1); /* and awaited */
	assert_false(has_room);
	list[1].processes = 0;
	assert_int_equal(roll_cut(list, 2, 4, 50, &has_room), -1);
	assert_true(has_room);
}

static void
short_slots_cut_the_oldest_even_if_it_is_the_only_one(void **state)
{
	struct roll_retiring list[] = {{.number = 3, .processes = 20}};
	bool has_room;

	(void)state;
	assert_int_equal(roll_cut(list, 1, 32, 12, &has_room), 0);
	assert_false(has_room);
	list[0].is_cut = true;
	assert_int_equal(roll_cut(list, 1, 32, 12, &has_room), -1);
	assert_false(has_room);
	assert_int_equal(roll_cut(list, 0, 33, 32, &has_room), -1); /* nobody left to cut: there is no room at all */
	assert_false(has_room);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(new_generation_must_be_ready_whole),
	    cmocka_unit_test(any_early_death_fails_a_new_generation),
	    cmocka_unit_test(first_generation_keeps_trying_and_serves_with_what_it_has),
	    cmocka_unit_test(room_needs_slots_and_at_most_one_retiring),
	    cmocka_unit_test(short_slots_cut_the_oldest_even_if_it_is_the_only_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
