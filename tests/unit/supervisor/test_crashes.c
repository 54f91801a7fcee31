/*
 * test_crashes.c - loud once, for the same cause, within a minute
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#include "supervisor/crashes.h"

static void
fifth_of_a_kind_is_loud_once(void **state)
{
	struct crashes c = {0};
	uint64_t i;

	(void)state;
	for (i = 1; i <= 20; i++)
		assert_int_equal(crashes_note(&c, 42, 1000 + i), i == CRASHES_LOUD);
}

static void
new_window_is_loud_again(void **state)
{
	struct crashes c = {0};
	int i;

	(void)state;
	for (i = 1; i <= CRASHES_LOUD; i++)
		assert_int_equal(crashes_note(&c, 42, 1000), i == CRASHES_LOUD);
	for (i = 1; i <= CRASHES_LOUD; i++)
		assert_int_equal(crashes_note(&c, 42, 1000 + CRASHES_WINDOW_MS), i == CRASHES_LOUD);
}

static void
rare_crashes_stay_quiet(void **state)
{
	struct crashes c = {0};
	uint64_t now_ms;

	(void)state;
	for (now_ms = 1000; now_ms < 1000000; now_ms += 20000)
		assert_false(crashes_note(&c, 42, now_ms));
}

/* More causes than rows: a newcomer replaces the oldest, and never counts on with its number. */
static void
many_causes_do_not_mix(void **state)
{
	struct crashes c = {0};
	uint64_t i;

	(void)state;
	for (i = 0; i < 1000; i++)
		assert_false(crashes_note(&c, i, 1000 + i));
	for (i = 1; i <= CRASHES_LOUD; i++)
		assert_int_equal(crashes_note(&c, 5000, 3000), i == CRASHES_LOUD);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(fifth_of_a_kind_is_loud_once),
	    cmocka_unit_test(new_window_is_loud_again),
	    cmocka_unit_test(rare_crashes_stay_quiet),
	    cmocka_unit_test(many_causes_do_not_mix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
