/*
 * test_penalty.c - failures cost nothing, then waiting, longer each time; a success makes them forgotten
 */
#include "session/penalty.h"

#include "stage.h"

#define KIND "test"

static const struct penalty_rule rule = {.free = 2, .first_ms = 100, .max_ms = 1000};

/* A failure; gives how long it has to be waited from now on, or, negative, how long it had to be already. */
static int
fail_at(struct stage *st, uint64_t ms)
{
	uint64_t wait_ms;
	uint64_t waits_ms = penalty_add(&st->s, KIND, ALICE, &rule, at(ms).mono_ms, &wait_ms);

	assert_true(waits_ms == 0 || wait_ms == 0);
	return waits_ms > 0 ? -(int)waits_ms : (int)wait_ms;
}

static void
it_grows_up_to_a_bound(void **state)
{
	static const int prices[] = {0, 0, 100, 200, 400, 800, 1000, 1000, 1000};
	struct stage st;
	uint64_t ms = 0;

	(void)state;
	stage_init(&st, 256, NULL);
	for (size_t i = 0; i < sizeof(prices) / sizeof(*prices); i++) {
		assert_int_equal(fail_at(&st, ms), prices[i]);
		ms += (uint64_t)prices[i];
	}
	for (int i = 0; i < 100; i++, ms += 1000)
		assert_int_equal(fail_at(&st, ms), 1000); /* no shift is too far */
	assert_int_equal(penalty_wait_ms(&st.s, KIND, ALICE, at(ms - 1).mono_ms), 1);
	assert_int_equal(penalty_wait_ms(&st.s, KIND, ALICE, at(ms).mono_ms), 0);
	assert_int_equal(penalty_wait_ms(&st.s, KIND, BOB, at(ms - 1).mono_ms), 0);
	stage_fini(&st);
}

static void
hammering_while_it_lasts_changes_nothing(void **state)
{
	struct stage st;

	(void)state;
	stage_init(&st, 256, NULL);
	assert_int_equal(fail_at(&st, 0), 0);
	assert_int_equal(fail_at(&st, 0), 0);
	assert_int_equal(fail_at(&st, 0), 100);
	for (int i = 0; i < 50; i++)
		assert_int_equal(fail_at(&st, 60), -40);
	assert_int_equal(fail_at(&st, 100), 200);
	stage_fini(&st);
}

static void
a_success_is_a_new_beginning(void **state)
{
	struct stage st;

	(void)state;
	stage_init(&st, 256, NULL);
	penalty_forget(&st.s, KIND, ALICE, at(0).mono_ms);
	assert_int_equal(fail_at(&st, 0), 0);
	assert_int_equal(fail_at(&st, 0), 0);
	penalty_forget(&st.s, KIND, ALICE, at(0).mono_ms);
	assert_int_equal(fail_at(&st, 0), 0);
	assert_int_equal(fail_at(&st, 0), 0);
	assert_int_equal(fail_at(&st, 0), 100);
	penalty_forget(&st.s, KIND, ALICE, at(50).mono_ms); /* a neighbour's */
	assert_int_equal(penalty_wait_ms(&st.s, KIND, ALICE, at(50).mono_ms), 50);
	penalty_forget(&st.s, KIND, ALICE, at(100).mono_ms);
	assert_int_equal(fail_at(&st, 100), 0);
	stage_fini(&st);
}

static void
it_is_forgotten_in_time(void **state)
{
	struct stage st;

	(void)state;
	stage_init(&st, 256, NULL);
	for (int i = 0; i < 3; i++)
		(void)fail_at(&st, 0);
	assert_int_equal(fail_at(&st, 100 + PENALTY_FORGET_MS), 0);
	stage_fini(&st);
}

static void
none_where_they_are_off(void **state)
{
	const struct penalty_rule off = {.free = 0, .first_ms = 100, .max_ms = 0};
	struct stage st;
	uint64_t wait_ms;

	(void)state;
	stage_init(&st, 256, NULL);
	for (int i = 0; i < 10; i++) {
		assert_int_equal(penalty_add(&st.s, KIND, ALICE, &off, at(0).mono_ms, &wait_ms), 0);
		assert_int_equal(wait_ms, 0);
	}
	stage_fini(&st);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(it_grows_up_to_a_bound),	    cmocka_unit_test(hammering_while_it_lasts_changes_nothing),
	    cmocka_unit_test(a_success_is_a_new_beginning), cmocka_unit_test(it_is_forgotten_in_time),
	    cmocka_unit_test(none_where_they_are_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
