/*
 * test_sweep.c - what runs out goes, when it should and not before
 */
#include "room.h"

static int
setup(void **state)
{
	struct room *room = malloc(sizeof(*room));

	assert_non_null(room);
	room_init(room);
	room_plan(room, PLAN_1, 5);
	*state = room;
	return 0;
}

static int
teardown(void **state)
{
	room_fini(*state);
	free(*state);
	return 0;
}

#define PLANS "SELECT count(*) FROM plan"
#define ITEMS "SELECT count(*) FROM item"
#define ENTRIES "SELECT count(*) FROM journal"
#define KEYS "SELECT count(*) FROM idempotency"

static void
prepared_becomes_a_tombstone_and_goes(void **state)
{
	struct room *room = *state;
	uint64_t expiry = NOW + 30 * MINUTE;

	room_sweep(room, expiry - 1);
	assert_int_equal(room_count(room, ITEMS), 5);
	room_sweep(room, expiry);
	assert_int_equal(room_count(room, ITEMS), 0);
	assert_int_equal(room_claim(room, 1, PLAN_1, NULL, NOW, 1), KEEPER_EXPIRED);
	room_sweep(room, expiry + KEEPER_TOMBSTONE_MS - 1);
	assert_int_equal(room_count(room, PLANS), 1);
	room_sweep(room, expiry + KEEPER_TOMBSTONE_MS);
	assert_int_equal(room_count(room, PLANS), 0);
	assert_int_equal(room_claim(room, 1, PLAN_1, NULL, NOW, 1), KEEPER_NOT_FOUND);
}

static void
running_plans_are_left_alone(void **state)
{
	const struct keeper_entry entry = {.item = 0, .status = KEEPER_SENT};
	struct room *room = *state;

	assert_int_equal(room_claim(room, 1, PLAN_1, "k", NOW, 1), KEEPER_CLAIMED);
	assert_int_equal(room_journal(room, 1, PLAN_1, room->out.number[NUMBER_FENCE], &entry, 1), 0);
	room_sweep(room, NOW + 30 * 24 * HOUR);
	assert_int_equal(room_count(room, ITEMS), 5);
	assert_int_equal(room_count(room, ENTRIES), 1);
	room->live[1] = false;
	room_sweep(room, NOW + KEEPER_RESUME_MS - 1);
	assert_int_equal(room_count(room, ITEMS), 5);
	room_sweep(room, NOW + KEEPER_RESUME_MS);
	assert_int_equal(room_count(room, ITEMS), 0);
	assert_int_equal(room_count(room, ENTRIES), 0);
	assert_int_equal(room_claim(room, 2, PLAN_1, NULL, NOW, 2), KEEPER_EXPIRED);
}

static void
results_are_kept_a_week(void **state)
{
	struct room *room = *state;
	uint64_t done = NOW + MINUTE; /* as room_finish() says */

	assert_int_equal(room_claim(room, 1, PLAN_1, "k", NOW, 1), KEEPER_CLAIMED);
	assert_int_equal(room_finish(room, 1, PLAN_1, room->out.number[NUMBER_FENCE], "{\"r\":1}"), 0);
	room_sweep(room, done + KEEPER_RESUME_MS - 1);
	assert_int_equal(room_count(room, ITEMS), 5);
	room_sweep(room, done + KEEPER_RESUME_MS);
	assert_int_equal(room_count(room, ITEMS), 0);
	assert_int_equal(room_claim(room, 2, PLAN_1, "k", NOW + 1, 2), KEEPER_DONE);
	assert_int_equal(room->out.number[NUMBER_SAME_KEY], 1);
	assert_text(room->out.text[TEXT_RESULT], "{\"r\":1}");
	room_sweep(room, NOW + KEEPER_KEY_MS);
	assert_int_equal(room_count(room, KEYS), 0);
	assert_int_equal(room_count(room, PLANS), 1);
	room_sweep(room, done + KEEPER_KEY_MS);
	assert_int_equal(room_count(room, PLANS), 0);
}

static void
the_dead_hold_nothing(void **state)
{
	struct room *room = *state;
	struct message draft = room_message(PLAN_2);

	assert_int_equal(room_claim(room, 1, PLAN_1, NULL, NOW, 1), KEEPER_CLAIMED);
	assert_int_equal(room_send(room, 2, MESSAGE_PLAN_BEGIN, &draft), 0);
	room_sweep(room, NOW);
	assert_int_equal(room_count(room, PLANS " WHERE holder IS NOT NULL"), 2);
	room->live[1] = room->live[2] = false;
	room_sweep(room, NOW);
	assert_int_equal(room_count(room, PLANS " WHERE holder IS NOT NULL"), 0);
	assert_int_equal(room_count(room, PLANS " WHERE state = 0"), 0);
	assert_int_equal(room_count(room, PLANS), 1);
}

/* More than one pass takes them all, and the file gives the room back. */
static void
many_go_in_small_steps(void **state)
{
	struct room *room = *state;
	char id[37];
	int before;

	for (unsigned i = 0; i < 75; i++) {
		snprintf(id, sizeof(id), "33333333-3333-4333-8333-%012u", i);
		room_plan(room, id, 20);
	}
	before = room_count(room, "PRAGMA page_count");
	room_sweep(room, NOW + HOUR);
	assert_int_equal(room_count(room, ITEMS), 0);
	assert_int_equal(room_count(room, PLANS " WHERE state = 4"), 76);
	room_sweep(room, NOW + HOUR + KEEPER_TOMBSTONE_MS);
	assert_int_equal(room_count(room, PLANS), 0);
	assert_true(room_count(room, "PRAGMA page_count") < before);
}

int
main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(prepared_becomes_a_tombstone_and_goes),
	    TEST(running_plans_are_left_alone),
	    TEST(results_are_kept_a_week),
	    TEST(the_dead_hold_nothing),
	    TEST(many_go_in_small_steps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
