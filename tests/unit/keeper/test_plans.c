/*
 * test_plans.c - plans written, bounded, shown; and their journal
 */
#include "room.h"

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

/* Adds n equal items from index `from` on. */
static int
add(struct room *room, uint64_t connection, const char *id, uint64_t from, unsigned n, struct slice item)
{
	struct message message = {.text[TEXT_ID] = slice_from_str(id), .number[NUMBER_FROM] = from};
	struct buf list;
	int r;

	buf_init(&list, MESSAGE_MAX);
	for (unsigned i = 0; i < n; i++)
		message_put_item(&list, item);
	message.text[TEXT_LIST] = buf_slice(&list);
	r = room_send(room, connection, MESSAGE_PLAN_ADD, &message);
	buf_fini(&list);
	return r;
}

static int
store(struct room *room, const char *id, unsigned n)
{
	struct message message = {.text[TEXT_ID] = slice_from_str(id), .number[NUMBER_N_ITEMS] = n};

	return room_send(room, 1, MESSAGE_PLAN_STORE, &message);
}

static void
every_step_may_be_sent_twice(void **state)
{
	struct room *room = *state;
	struct message begin = room_message(PLAN_1);

	for (uint64_t connection = 1; connection <= 2; connection++)
		assert_int_equal(room_send(room, connection, MESSAGE_PLAN_BEGIN, &begin), 0);
	assert_int_equal(add(room, 2, PLAN_1, 0, 3, SLICE_LIT("a")), 0);
	assert_int_equal(add(room, 3, PLAN_1, 0, 3, SLICE_LIT("a")), 0);
	assert_int_equal(add(room, 3, PLAN_1, 3, 2, SLICE_LIT("b")), 0);
	assert_int_equal(store(room, PLAN_1, 5), 0);
	assert_int_equal(store(room, PLAN_1, 5), 0);
	assert_int_equal(room_count(room, "SELECT count(*) FROM item"), 5);
	assert_int_equal(room_count(room, "SELECT bytes FROM plan"), 5);
	assert_int_equal(room_send(room, 1, MESSAGE_PLAN_BEGIN, &begin), ERR_EXISTS);
	assert_int_equal(add(room, 1, PLAN_1, 5, 1, SLICE_LIT("c")), ERR_EXISTS);
}

static void
gaps_are_refused(void **state)
{
	struct room *room = *state;
	struct message begin = room_message(PLAN_1);

	assert_int_equal(add(room, 1, PLAN_1, 0, 1, SLICE_LIT("a")), ERR_AGAIN);
	assert_int_equal(room_send(room, 1, MESSAGE_PLAN_BEGIN, &begin), 0);
	assert_int_equal(add(room, 1, PLAN_1, 1, 1, SLICE_LIT("a")), ERR_INVALID);
	assert_int_equal(add(room, 1, PLAN_1, 0, 1, SLICE_LIT("a")), 0);
	assert_int_equal(store(room, PLAN_1, 2), ERR_INVALID);
	assert_int_equal(store(room, PLAN_2, 0), ERR_AGAIN);
	assert_int_equal(store(room, PLAN_1, 1), 0);
}

static void
bounds_hold_in_the_keeper_too(void **state)
{
	struct room *room = *state;
	struct message begin = room_message(PLAN_1);
	char *big = calloc(1, KEEPER_TEXT_BYTES_MAX);

	assert_non_null(big);
	assert_int_equal(room_send(room, 1, MESSAGE_PLAN_BEGIN, &begin), 0);
	assert_int_equal(add(room, 1, PLAN_1, 0, KEEPER_ITEMS_MAX + 1, SLICE_LIT("a")), ERR_LIMIT);
	assert_int_equal(room_count(room, "SELECT count(*) FROM item"), 0);
	assert_int_equal(add(room, 1, PLAN_1, 0, KEEPER_ITEMS_MAX, SLICE_LIT("a")), 0);
	assert_int_equal(add(room, 1, PLAN_1, KEEPER_ITEMS_MAX, 1, SLICE_LIT("a")), ERR_LIMIT);

	begin = room_message(PLAN_2);
	assert_int_equal(room_send(room, 1, MESSAGE_PLAN_BEGIN, &begin), 0);
	memset(big, 'x', KEEPER_TEXT_BYTES_MAX);
	for (unsigned i = 0; i < KEEPER_PLAN_BYTES_MAX / KEEPER_TEXT_BYTES_MAX; i++)
		assert_int_equal(add(room, 1, PLAN_2, i, 1, slice_of(big, KEEPER_TEXT_BYTES_MAX)), 0);
	assert_int_equal(add(room, 1, PLAN_2, 8, 1, SLICE_LIT("x")), ERR_LIMIT);
	free(big);
}

static void
dropped_drafts_leave_nothing(void **state)
{
	struct room *room = *state;
	struct message begin = room_message(PLAN_1);

	assert_int_equal(room_send(room, 1, MESSAGE_PLAN_BEGIN, &begin), 0);
	assert_int_equal(add(room, 1, PLAN_1, 0, 3, SLICE_LIT("a")), 0);
	assert_int_equal(room_send(room, 1, MESSAGE_PLAN_DROP, &begin), 0);
	assert_int_equal(room_count(room, "SELECT (SELECT count(*) FROM plan) + (SELECT count(*) FROM item)"), 0);
	room_plan(room, PLAN_1, 1);
	assert_int_equal(room_send(room, 1, MESSAGE_PLAN_DROP, &begin), 0);
	assert_int_equal(room_count(room, "SELECT count(*) FROM plan"), 1);
}

static void
bad_messages_are_refused(void **state)
{
	struct room *room = *state;
	struct message message = room_message(PLAN_1);

	message.text[TEXT_OWNER] = SLICE_NONE;
	assert_int_equal(room_send(room, 1, MESSAGE_PLAN_BEGIN, &message), ERR_INVALID);
	message.text[TEXT_OWNER] = SLICE_LIT("");
	assert_int_equal(room_send(room, 1, MESSAGE_PLAN_BEGIN, &message), ERR_INVALID);
	message.text[TEXT_OWNER] = SLICE_LIT("a\0b");
	assert_int_equal(room_send(room, 1, MESSAGE_PLAN_BEGIN, &message), ERR_INVALID);
	message = room_message("a name that is longer than any UUID is");
	assert_int_equal(room_send(room, 1, MESSAGE_PLAN_BEGIN, &message), ERR_INVALID);
	message = room_message(PLAN_1);
	message.number[NUMBER_NOW] = UINT64_MAX;
	assert_int_equal(room_send(room, 1, MESSAGE_PLAN_BEGIN, &message), ERR_INVALID);
	assert_int_equal(room_send(room, 1, 0, &message), ERR_UNSUPPORTED);
	assert_int_equal(room_send(room, 1, MESSAGE_TYPES, &message), ERR_UNSUPPORTED);
	message = room_message(PLAN_1);
	assert_int_equal(room_send(room, 1, MESSAGE_PLAN_BEGIN, &message), 0);
	message.text[TEXT_LIST] = SLICE_LIT("\x09\0\0\0short");
	assert_int_equal(room_send(room, 1, MESSAGE_PLAN_ADD, &message), ERR_INVALID);
}

/* ---- Shown ---- */

static int
state_of(struct room *room, uint64_t now)
{
	struct message message = room_message(PLAN_1);

	message.number[NUMBER_NOW] = now;
	assert_int_equal(room_send(room, 1, MESSAGE_PLAN_READ, &message), 0);
	return (int)room->out.number[NUMBER_STATE];
}

static void
states_are_shown_as_they_are(void **state)
{
	struct room *room = *state;
	uint64_t fence;

	room_plan(room, PLAN_1, 2);
	assert_int_equal(state_of(room, NOW), KEEPER_PLAN_PREPARED);
	assert_int_equal(state_of(room, NOW + HOUR), KEEPER_PLAN_EXPIRED);
	assert_text(room->out.text[TEXT_SUMMARY], "{\"summary\":1}");
	assert_text(room->out.text[TEXT_TOOL], "catalog.bulk_update");
	assert_int_equal(room_claim(room, 2, PLAN_1, NULL, NOW + 1, 1), KEEPER_CLAIMED);
	fence = room->out.number[NUMBER_FENCE];
	assert_int_equal(state_of(room, NOW + 25 * HOUR), KEEPER_PLAN_RUNNING);
	assert_true(room->out.number[NUMBER_CLAIMED] == NOW + 1);
	room->live[2] = false;
	assert_int_equal(state_of(room, NOW + HOUR), KEEPER_PLAN_INTERRUPTED);
	assert_int_equal(state_of(room, NOW + 25 * HOUR), KEEPER_PLAN_EXPIRED);
	assert_int_equal(room_finish(room, 3, PLAN_1, fence, "{}"), 0);
	assert_int_equal(state_of(room, NOW + 25 * HOUR), KEEPER_PLAN_DONE);
	assert_true(room->out.number[NUMBER_FINISHED] == NOW + MINUTE);
	assert_text(room->out.text[TEXT_RESULT], "{}");
}

/* ---- Journal ---- */

static int
count_of(struct room *room, enum keeper_status wanted)
{
	struct message message = {.text[TEXT_ID] = SLICE_LIT(PLAN_1), .number[NUMBER_MAX] = 100};
	struct keeper_entry entry;
	struct message_row row;
	struct slice list;
	int n = 0;

	assert_int_equal(room_send(room, 1, MESSAGE_PLAN_ITEMS, &message), 0);
	list = room->out.text[TEXT_LIST];
	while (message_next_row(&list, &row)) {
		while (message_next_entry(&row.steps, &entry))
			n += entry.status == wanted;
	}
	return n;
}

static void
the_last_word_counts(void **state)
{
	const struct keeper_entry sent[] = {{.item = 0, .status = KEEPER_SENT}, {.item = 1, .status = KEEPER_SENT}};
	const struct keeper_entry done = {.item = 0, .status = KEEPER_UPDATED, .detail = SLICE_LIT("{}")};
	struct room *room = *state;
	uint64_t fence;

	room_plan(room, PLAN_1, 2);
	assert_int_equal(room_claim(room, 1, PLAN_1, NULL, NOW, 1), KEEPER_CLAIMED);
	fence = room->out.number[NUMBER_FENCE];
	assert_int_equal(room_journal(room, 1, PLAN_1, fence, sent, 2), 0);
	assert_int_equal(count_of(room, KEEPER_SENT), 2);
	assert_int_equal(room_journal(room, 1, PLAN_1, fence, &done, 1), 0);
	assert_int_equal(room_journal(room, 1, PLAN_1, fence, &done, 1), 0);
	assert_int_equal(count_of(room, KEEPER_SENT), 1);
	assert_int_equal(count_of(room, KEEPER_UPDATED), 1);
}

static void
a_journal_write_is_all_or_none(void **state)
{
	const struct keeper_entry entries[] = {{.item = 0, .status = KEEPER_SENT}, {.item = 2, .status = KEEPER_SENT}};
	struct room *room = *state;
	uint64_t fence;

	room_plan(room, PLAN_1, 2);
	assert_int_equal(room_claim(room, 1, PLAN_1, NULL, NOW, 1), KEEPER_CLAIMED);
	fence = room->out.number[NUMBER_FENCE];
	assert_int_equal(room_journal(room, 1, PLAN_1, fence, entries, 2), ERR_INVALID);
	assert_int_equal(count_of(room, KEEPER_SENT), 0);
	assert_int_equal(room_journal(room, 1, PLAN_1, fence + 1, entries, 1), ERR_DENIED);
	assert_int_equal(room_journal(room, 1, PLAN_2, fence, entries, 1), ERR_DENIED);
	assert_int_equal(count_of(room, KEEPER_SENT), 0);
}

/* Pages end by bytes as well, and never stand still. */
static void
pages_of_large_items(void **state)
{
	struct room *room = *state;
	struct message begin = room_message(PLAN_1);
	struct message page = room_message(PLAN_1);
	char *big = calloc(1, 300000);
	unsigned pages = 0, n = 0;

	assert_non_null(big);
	memset(big, 'x', 300000);
	assert_int_equal(room_send(room, 1, MESSAGE_PLAN_BEGIN, &begin), 0);
	assert_int_equal(add(room, 1, PLAN_1, 0, 7, slice_of(big, 300000)), 0);
	assert_int_equal(store(room, PLAN_1, 7), 0);
	page.number[NUMBER_MAX] = 1000;
	do {
		struct slice list;
		struct message_row row;

		page.number[NUMBER_FROM] = n;
		assert_int_equal(room_send(room, 1, MESSAGE_PLAN_ITEMS, &page), 0);
		list = room->out.text[TEXT_LIST];
		while (message_next_row(&list, &row))
			assert_int_equal(row.index, n++);
		assert_null(list.ptr);
		pages++;
	} while (room->out.number[NUMBER_MORE] != 0 && pages < 20);
	assert_int_equal(n, 7);
	assert_int_equal(pages, 4);
	free(big);
}

int
main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(every_step_may_be_sent_twice),	 TEST(gaps_are_refused),
	    TEST(bounds_hold_in_the_keeper_too), TEST(dropped_drafts_leave_nothing),
	    TEST(bad_messages_are_refused),	 TEST(states_are_shown_as_they_are),
	    TEST(the_last_word_counts),		 TEST(a_journal_write_is_all_or_none),
	    TEST(pages_of_large_items),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
