/*
 * test_claims.c - who gets a plan, who keeps it, who loses it
 */
#include "room.h"

static int
setup(void **state)
{
	struct room *room = malloc(sizeof(*room));

	assert_non_null(room);
	room_init(room);
	room_plan(room, PLAN_1, 3);
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

static uint64_t
fence_of(const struct room *room)
{
	assert_true(room->out.number[NUMBER_FENCE] > 0);
	return room->out.number[NUMBER_FENCE];
}

static const struct keeper_entry sent = {.item = 1, .status = KEEPER_SENT, .at_wall_ms = NOW};

static void
first_claim_gets_it_and_all_it_needs(void **state)
{
	struct room *room = *state;

	assert_int_equal(room_claim(room, 1, PLAN_1, NULL, NOW, 5), KEEPER_CLAIMED);
	assert_true(fence_of(room) > 0);
	assert_int_equal(room->out.number[NUMBER_N_ITEMS], 3);
	assert_text(room->out.text[TEXT_SCOPE], "{\"scope\":1}");
	assert_text(room->out.text[TEXT_ARGUMENTS], "{\"arguments\":1}");
	assert_int_equal(room_claim(room, 2, PLAN_1, NULL, NOW, 6), KEEPER_BUSY);
	assert_int_equal(room_claim(room, 1, PLAN_1, NULL, NOW, 7), KEEPER_BUSY);
	assert_int_equal(room->out.number[NUMBER_FENCE], 0);
}

static void
foreign_plans_do_not_exist(void **state)
{
	static const enum message_text parts[] = {TEXT_TOOL, TEXT_OWNER, TEXT_STORE};
	struct room *room = *state;

	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		struct message message = room_message(PLAN_1);

		message.text[parts[i]] = SLICE_LIT("another");
		assert_int_equal(room_send(room, 1, MESSAGE_PLAN_CLAIM, &message), 0);
		assert_int_equal(room->out.number[NUMBER_VERDICT], KEEPER_NOT_FOUND);
	}
	assert_int_equal(room_claim(room, 1, PLAN_2, NULL, NOW, 1), KEEPER_NOT_FOUND);
	assert_int_equal(room_claim(room, 1, PLAN_1, NULL, NOW, 1), KEEPER_CLAIMED);
}

static void
drafts_cannot_be_claimed(void **state)
{
	struct room *room = *state;
	struct message message = room_message(PLAN_2);

	assert_int_equal(room_send(room, 1, MESSAGE_PLAN_BEGIN, &message), 0);
	assert_int_equal(room_claim(room, 1, PLAN_2, NULL, NOW, 1), KEEPER_NOT_FOUND);
}

static void
a_plan_runs_out_before_its_claim(void **state)
{
	struct room *room = *state;

	assert_int_equal(room_claim(room, 1, PLAN_1, NULL, NOW + 30 * MINUTE, 1), KEEPER_EXPIRED);
	assert_int_equal(room_claim(room, 1, PLAN_1, NULL, NOW + 30 * MINUTE - 1, 2), KEEPER_CLAIMED);
}

static void
when_the_connection_ends_the_plan_is_resumed(void **state)
{
	struct room *room = *state;
	uint64_t old;

	assert_int_equal(room_claim(room, 1, PLAN_1, NULL, NOW, 1), KEEPER_CLAIMED);
	old = fence_of(room);
	assert_int_equal(room_journal(room, 1, PLAN_1, old, &sent, 1), 0);
	room->live[1] = false;
	assert_int_equal(room_claim(room, 2, PLAN_1, NULL, NOW + HOUR, 2), KEEPER_RESUMED);
	assert_true(fence_of(room) > old);
	assert_int_equal(room_journal(room, 1, PLAN_1, old, &sent, 1), ERR_DENIED);
	assert_int_equal(room_finish(room, 1, PLAN_1, old, "{}"), ERR_DENIED);
}

static void
leaving_is_written_down_for_other_keepers(void **state)
{
	struct room *room = *state;
	struct desk desk = {.database = room->database, .connection = 1, .reply = &room->reply};
	struct message draft = room_message(PLAN_2);

	assert_int_equal(room_claim(room, 1, PLAN_1, NULL, NOW, 1), KEEPER_CLAIMED);
	assert_int_equal(room_send(room, 1, MESSAGE_PLAN_BEGIN, &draft), 0);
	assert_int_equal(room_count(room, "SELECT count(*) FROM plan WHERE holder IS NOT NULL"), 2);
	assert_int_equal(claims_leave(&desk, &room->err), 0);
	assert_int_equal(room_count(room, "SELECT count(*) FROM plan WHERE holder IS NOT NULL"), 0);
	assert_int_equal(room_count(room, "SELECT count(*) FROM plan"), 1);
}

static void
a_restarted_keeper_gives_the_claim_back(void **state)
{
	struct room *room = *state;
	struct message hello = {.number[NUMBER_NOW] = NOW};
	struct buf list;
	uint64_t fence;

	assert_int_equal(room_claim(room, 1, PLAN_1, NULL, NOW, 1), KEEPER_CLAIMED);
	fence = fence_of(room);
	database_close(&room->database);
	room_open(room);
	buf_init(&list, 64);
	message_put_fence(&list, fence);
	message_put_fence(&list, 999999);
	hello.text[TEXT_LIST] = buf_slice(&list);
	assert_int_equal(room_send(room, 4, MESSAGE_HELLO, &hello), 0);
	buf_fini(&list);
	assert_int_equal(room_claim(room, 5, PLAN_1, NULL, NOW, 2), KEEPER_BUSY);
	assert_int_equal(room_journal(room, 4, PLAN_1, fence, &sent, 1), 0);
	assert_int_equal(room_finish(room, 4, PLAN_1, fence, "{}"), 0);
}

static void
a_write_with_the_present_fence_takes_the_claim_up_again(void **state)
{
	struct room *room = *state;
	uint64_t fence;

	assert_int_equal(room_claim(room, 1, PLAN_1, NULL, NOW, 1), KEEPER_CLAIMED);
	fence = fence_of(room);
	room->live[1] = false;
	assert_int_equal(room_journal(room, 3, PLAN_1, fence, &sent, 1), 0);
	assert_int_equal(room_claim(room, 2, PLAN_1, NULL, NOW, 2), KEEPER_BUSY);
}

static void
a_claim_sent_twice_is_one_claim(void **state)
{
	struct room *room = *state;
	uint64_t fence;

	assert_int_equal(room_claim(room, 1, PLAN_1, NULL, NOW, 77), KEEPER_CLAIMED);
	fence = fence_of(room);
	room->live[1] = false;
	assert_int_equal(room_claim(room, 2, PLAN_1, NULL, NOW, 77), KEEPER_CLAIMED);
	assert_true(fence_of(room) == fence);
	room->live[2] = false;
	assert_int_equal(room_claim(room, 3, PLAN_1, NULL, NOW, 78), KEEPER_RESUMED);
	assert_int_equal(room_claim(room, 3, PLAN_1, NULL, NOW, 78), KEEPER_RESUMED);
}

static void
resuming_ends_after_a_day(void **state)
{
	struct room *room = *state;

	assert_int_equal(room_claim(room, 1, PLAN_1, NULL, NOW, 1), KEEPER_CLAIMED);
	assert_int_equal(room_claim(room, 2, PLAN_1, NULL, NOW + 25 * HOUR, 2), KEEPER_BUSY);
	room->live[1] = false;
	assert_int_equal(room_claim(room, 2, PLAN_1, NULL, NOW + KEEPER_RESUME_MS, 2), KEEPER_EXPIRED);
	assert_int_equal(room_claim(room, 2, PLAN_1, NULL, NOW + KEEPER_RESUME_MS - 1, 3), KEEPER_RESUMED);
}

static void
released_is_resumed(void **state)
{
	struct room *room = *state;
	struct message release = {.text[TEXT_ID] = SLICE_LIT(PLAN_1)};
	uint64_t fence;

	assert_int_equal(room_claim(room, 1, PLAN_1, NULL, NOW, 1), KEEPER_CLAIMED);
	fence = fence_of(room);
	release.number[NUMBER_FENCE] = fence + 1;
	assert_int_equal(room_send(room, 2, MESSAGE_PLAN_RELEASE, &release), 0);
	assert_int_equal(room_claim(room, 2, PLAN_1, NULL, NOW, 2), KEEPER_BUSY);
	release.number[NUMBER_FENCE] = fence;
	assert_int_equal(room_send(room, 1, MESSAGE_PLAN_RELEASE, &release), 0);
	assert_int_equal(room_claim(room, 2, PLAN_1, NULL, NOW, 3), KEEPER_RESUMED);
}

static void
done_tells_when_and_what(void **state)
{
	struct room *room = *state;
	uint64_t fence;

	assert_int_equal(room_claim(room, 1, PLAN_1, "key", NOW, 1), KEEPER_CLAIMED);
	fence = fence_of(room);
	assert_int_equal(room_finish(room, 1, PLAN_1, fence, "{\"done\":1}"), 0);
	assert_int_equal(room_finish(room, 1, PLAN_1, fence, "{\"again\":1}"), 0);
	assert_int_equal(room_claim(room, 2, PLAN_1, NULL, NOW + HOUR, 2), KEEPER_DONE);
	assert_int_equal(room->out.number[NUMBER_SAME_KEY], 0);
	assert_true(room->out.number[NUMBER_FINISHED] == NOW + MINUTE);
	assert_int_equal(room->out.number[NUMBER_OUTCOME], KEEPER_COMPLETED);
	assert_text(room->out.text[TEXT_RESULT], "{\"done\":1}");
	assert_int_equal(room_claim(room, 2, PLAN_1, "key", NOW + HOUR, 3), KEEPER_DONE);
	assert_int_equal(room->out.number[NUMBER_SAME_KEY], 1);
	assert_int_equal(room_claim(room, 2, PLAN_1, "other", NOW + HOUR, 4), KEEPER_DONE);
	assert_int_equal(room->out.number[NUMBER_SAME_KEY], 0);
	assert_int_equal(room_journal(room, 1, PLAN_1, fence, &sent, 1), ERR_DENIED);
}

static void
a_key_stands_for_one_plan(void **state)
{
	struct room *room = *state;
	struct message message;

	room_plan(room, PLAN_2, 1);
	assert_int_equal(room_claim(room, 1, PLAN_1, "key", NOW, 1), KEEPER_CLAIMED);
	assert_int_equal(room_claim(room, 1, PLAN_2, "key", NOW, 2), KEEPER_KEY_CONFLICT);
	message = room_message(PLAN_2);
	message.text[TEXT_KEY] = SLICE_LIT("key");
	message.text[TEXT_OWNER] = SLICE_LIT("bob");
	assert_int_equal(room_send(room, 1, MESSAGE_PLAN_CLAIM, &message), 0);
	assert_int_equal(room->out.number[NUMBER_VERDICT],
			 KEEPER_NOT_FOUND); /* bob's keys are his own, the plan is not */
	room->live[1] = false;
	assert_int_equal(room_claim(room, 2, PLAN_1, "key", NOW, 3), KEEPER_RESUMED);
	assert_int_equal(room_claim(room, 2, PLAN_2, "key 2", NOW, 4), KEEPER_CLAIMED);
}

static void
a_claim_without_success_does_not_use_up_the_key(void **state)
{
	struct room *room = *state;

	room_plan(room, PLAN_2, 1);
	assert_int_equal(room_claim(room, 1, PLAN_1, NULL, NOW, 1), KEEPER_CLAIMED);
	assert_int_equal(room_claim(room, 2, PLAN_1, "key", NOW, 2), KEEPER_BUSY);
	assert_int_equal(room_claim(room, 2, PLAN_2, "key", NOW, 3), KEEPER_CLAIMED);
}

int
main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(first_claim_gets_it_and_all_it_needs),
	    TEST(foreign_plans_do_not_exist),
	    TEST(drafts_cannot_be_claimed),
	    TEST(a_plan_runs_out_before_its_claim),
	    TEST(when_the_connection_ends_the_plan_is_resumed),
	    TEST(leaving_is_written_down_for_other_keepers),
	    TEST(a_restarted_keeper_gives_the_claim_back),
	    TEST(a_write_with_the_present_fence_takes_the_claim_up_again),
	    TEST(a_claim_sent_twice_is_one_claim),
	    TEST(resuming_ends_after_a_day),
	    TEST(released_is_resumed),
	    TEST(done_tells_when_and_what),
	    TEST(a_key_stands_for_one_plan),
	    TEST(a_claim_without_success_does_not_use_up_the_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
