/*
 * test_keys.c - idempotency keys of one-step tools
 */
#include "room.h"

static const char digest_a[KEEPER_DIGEST_LEN + 1] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
static const char digest_b[KEEPER_DIGEST_LEN + 1] = "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB";

static int
setup(void **state)
{
	struct room *room = malloc(sizeof(*room));

	assert_non_null(room);
	room_init(room);
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

static int
take(struct room *room, uint64_t connection, const char *key, const char *digest, uint64_t now, uint64_t attempt)
{
	struct message message = room_message(NULL);

	message.text[TEXT_KEY] = slice_from_str(key);
	message.text[TEXT_DIGEST] = slice_of(digest, KEEPER_DIGEST_LEN);
	message.number[NUMBER_NOW] = now;
	message.number[NUMBER_ATTEMPT] = attempt;
	assert_int_equal(room_send(room, connection, MESSAGE_KEY_TAKE, &message), 0);
	return (int)room->out.number[NUMBER_VERDICT];
}

static int
with_fence(struct room *room, enum message_type type, uint64_t fence, const char *result)
{
	struct message message = {.text[TEXT_RESULT] = slice_from_str(result), .number[NUMBER_NOW] = NOW + 1};

	message.number[NUMBER_FENCE] = fence;
	return room_send(room, 1, type, &message);
}

static void
new_running_done(void **state)
{
	struct room *room = *state;
	uint64_t fence;

	assert_int_equal(take(room, 1, "k", digest_a, NOW, 1), KEEPER_KEY_NEW);
	fence = room->out.number[NUMBER_FENCE];
	assert_true(fence > 0);
	assert_int_equal(take(room, 2, "k", digest_a, NOW, 2), KEEPER_KEY_RUNNING);
	assert_int_equal(take(room, 2, "k", digest_b, NOW, 3), KEEPER_KEY_USED);
	assert_int_equal(with_fence(room, MESSAGE_KEY_FINISH, fence, "{\"r\":1}"), 0);
	assert_int_equal(with_fence(room, MESSAGE_KEY_FINISH, fence, "{\"r\":2}"), 0);
	assert_int_equal(take(room, 2, "k", digest_a, NOW, 4), KEEPER_KEY_DONE);
	assert_text(room->out.text[TEXT_RESULT], "{\"r\":1}");
	assert_true(room->out.number[NUMBER_FINISHED] == NOW + 1);
	assert_int_equal(room->out.number[NUMBER_FENCE], 0);
	assert_int_equal(take(room, 2, "k", digest_b, NOW, 5), KEEPER_KEY_USED);
	assert_int_equal(with_fence(room, MESSAGE_KEY_FORGET, fence, NULL), ERR_INVALID);
}

static void
keys_are_apart_by_owner_store_and_tool(void **state)
{
	static const enum message_text parts[] = {TEXT_TOOL, TEXT_OWNER, TEXT_STORE};
	struct room *room = *state;

	assert_int_equal(take(room, 1, "k", digest_a, NOW, 1), KEEPER_KEY_NEW);
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		struct message message = room_message(NULL);

		message.text[TEXT_KEY] = SLICE_LIT("k");
		message.text[TEXT_DIGEST] = slice_of(digest_b, KEEPER_DIGEST_LEN);
		message.text[parts[i]] = SLICE_LIT("another");
		assert_int_equal(room_send(room, 1, MESSAGE_KEY_TAKE, &message), 0);
		assert_int_equal(room->out.number[NUMBER_VERDICT], KEEPER_KEY_NEW);
	}
}

static void
interrupted_goes_to_one_only(void **state)
{
	struct room *room = *state;
	uint64_t old;

	assert_int_equal(take(room, 1, "k", digest_a, NOW, 1), KEEPER_KEY_NEW);
	old = room->out.number[NUMBER_FENCE];
	room->live[1] = false;
	assert_int_equal(take(room, 2, "k", digest_a, NOW, 2), KEEPER_KEY_INTERRUPTED);
	assert_true(room->out.number[NUMBER_FENCE] > old);
	assert_null(room->out.text[TEXT_ID].ptr);
	assert_int_equal(take(room, 3, "k", digest_a, NOW, 3), KEEPER_KEY_RUNNING);
	assert_int_equal(with_fence(room, MESSAGE_KEY_FINISH, old, "{}"), ERR_DENIED);
	assert_int_equal(with_fence(room, MESSAGE_KEY_FORGET, old, NULL), 0);
	assert_int_equal(take(room, 3, "k", digest_a, NOW, 4), KEEPER_KEY_RUNNING);
}

static void
taken_twice_by_the_same_call_is_new(void **state)
{
	struct room *room = *state;
	uint64_t fence;

	assert_int_equal(take(room, 1, "k", digest_a, NOW, 9), KEEPER_KEY_NEW);
	fence = room->out.number[NUMBER_FENCE];
	room->live[1] = false;
	assert_int_equal(take(room, 2, "k", digest_a, NOW, 9), KEEPER_KEY_NEW);
	assert_true(room->out.number[NUMBER_FENCE] == fence);
	assert_int_equal(take(room, 3, "k", digest_a, NOW, 10), KEEPER_KEY_RUNNING);
}

static void
forgotten_is_new(void **state)
{
	struct room *room = *state;
	uint64_t fence;

	assert_int_equal(take(room, 1, "k", digest_a, NOW, 1), KEEPER_KEY_NEW);
	fence = room->out.number[NUMBER_FENCE];
	assert_int_equal(with_fence(room, MESSAGE_KEY_FORGET, fence, NULL), 0);
	assert_int_equal(with_fence(room, MESSAGE_KEY_FORGET, fence, NULL), 0);
	assert_int_equal(take(room, 1, "k", digest_b, NOW, 2), KEEPER_KEY_NEW);
	assert_true(room->out.number[NUMBER_FENCE] > fence);
	assert_int_equal(with_fence(room, MESSAGE_KEY_RELEASE, room->out.number[NUMBER_FENCE], NULL), 0);
	assert_int_equal(take(room, 1, "k", digest_b, NOW, 3), KEEPER_KEY_INTERRUPTED);
}

static void
a_week_later_it_is_new(void **state)
{
	struct room *room = *state;

	assert_int_equal(take(room, 1, "k", digest_a, NOW, 1), KEEPER_KEY_NEW);
	assert_int_equal(take(room, 2, "k", digest_b, NOW + KEEPER_KEY_MS, 2), KEEPER_KEY_USED); /* it still runs */
	assert_int_equal(with_fence(room, MESSAGE_KEY_FINISH, 1, "{}"), 0);
	assert_int_equal(take(room, 2, "k", digest_b, NOW + KEEPER_KEY_MS - 1, 3), KEEPER_KEY_USED);
	assert_int_equal(take(room, 2, "k", digest_b, NOW + KEEPER_KEY_MS, 4), KEEPER_KEY_NEW);
}

/* A one-step tool that changes many things: the key leads to the plan. */
static void
bound_to_a_plan(void **state)
{
	struct room *room = *state;
	uint64_t fence;

	assert_int_equal(take(room, 1, "k", digest_a, NOW, 1), KEEPER_KEY_NEW);
	fence = room->out.number[NUMBER_FENCE];
	room_plan(room, PLAN_1, 2);
	room_plan(room, PLAN_2, 2);
	assert_int_equal(room_claim(room, 2, PLAN_1, "k", NOW, 2), KEEPER_KEY_CONFLICT); /* another worker's key */
	assert_int_equal(room_claim(room, 1, PLAN_1, "k", NOW, 3), KEEPER_CLAIMED);
	assert_int_equal(with_fence(room, MESSAGE_KEY_FINISH, fence, "{}"), ERR_INVALID);
	fence = room->out.number[NUMBER_FENCE];
	assert_int_equal(take(room, 2, "k", digest_a, NOW, 4), KEEPER_KEY_RUNNING);
	assert_int_equal(take(room, 2, "k", digest_b, NOW, 5), KEEPER_KEY_USED);
	room->live[1] = false;
	assert_int_equal(take(room, 2, "k", digest_a, NOW, 6), KEEPER_KEY_INTERRUPTED);
	assert_text(room->out.text[TEXT_ID], PLAN_1);
	assert_int_equal(room->out.number[NUMBER_FENCE], 0);
	assert_int_equal(room_claim(room, 2, PLAN_2, "k", NOW, 7), KEEPER_KEY_CONFLICT);
	assert_int_equal(room_claim(room, 2, PLAN_1, "k", NOW, 8), KEEPER_RESUMED);
	fence = room->out.number[NUMBER_FENCE];
	assert_int_equal(room_finish(room, 2, PLAN_1, fence, "{\"bulk\":1}"), 0);
	assert_int_equal(take(room, 3, "k", digest_a, NOW, 9), KEEPER_KEY_DONE);
	assert_text(room->out.text[TEXT_RESULT], "{\"bulk\":1}");
}

static void
bound_to_a_plan_that_ran_out(void **state)
{
	struct room *room = *state;

	assert_int_equal(take(room, 1, "k", digest_a, NOW, 1), KEEPER_KEY_NEW);
	room_plan(room, PLAN_1, 2);
	assert_int_equal(room_claim(room, 1, PLAN_1, "k", NOW, 2), KEEPER_CLAIMED);
	room->live[1] = false;
	assert_int_equal(take(room, 2, "k", digest_a, NOW + KEEPER_RESUME_MS, 3), KEEPER_KEY_INTERRUPTED);
	assert_null(room->out.text[TEXT_ID].ptr);
	assert_true(room->out.number[NUMBER_FENCE] > 0);
}

int
main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(new_running_done),
	    TEST(keys_are_apart_by_owner_store_and_tool),
	    TEST(interrupted_goes_to_one_only),
	    TEST(taken_twice_by_the_same_call_is_new),
	    TEST(forgotten_is_new),
	    TEST(a_week_later_it_is_new),
	    TEST(bound_to_a_plan),
	    TEST(bound_to_a_plan_that_ran_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
