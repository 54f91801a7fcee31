/*
 * test_inbox.c - frames between slots: delivered once, in order, bounded; what is lost is counted
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "inbox_pair.h"

static int
setup(void **state)
{
	struct table_of_seats *t = malloc(sizeof(*t));

	*state = t;
	return t != NULL && seats_open(t) ? 0 : -1;
}

static int
teardown(void **state)
{
	seats_close(*state);
	free(*state);
	return 0;
}

/* Until nothing more happens. */
static void
turn(struct table_of_seats *t)
{
	for (int i = 0; i < 200; i++)
		(void)event_base_loop(t->base, EVLOOP_NONBLOCK);
}

static void
a_frame_reaches_the_slot_it_is_for(void **state)
{
	struct table_of_seats *t = *state;

	assert_non_null(seat_take(t, 0, 100));
	assert_non_null(seat_take(t, 1, 101));
	assert_non_null(seat_take(t, 2, 102));
	inbox_post(t->seats[0].inbox, 1, SLICE_LIT("hello"));
	turn(t);
	assert_int_equal(t->seats[1].heard, 1);
	assert_int_equal(t->seats[1].last_slot, 0);
	assert_int_equal(t->seats[1].last_pid, 100);
	assert_int_equal(t->seats[1].last_len, 5);
	assert_int_equal(t->seats[1].last_byte, 'o');
	assert_int_equal(t->seats[0].heard + t->seats[2].heard, 0);
	assert_int_equal(seat_count(t, 1, BOARD_INBOX_RECEIVED), 1);
}

static void
to_all_is_to_every_other_one_that_lives(void **state)
{
	struct table_of_seats *t = *state;

	for (uint32_t i = 0; i < SEATS; i++)
		assert_non_null(seat_take(t, i, 100 + i));
	board_set_state(board_row(t->segment, 3), BOARD_DEAD);
	inbox_post_all(t->seats[0].inbox, SLICE_LIT("news"));
	turn(t);
	assert_int_equal(t->seats[0].heard, 0);
	assert_int_equal(t->seats[1].heard, 1);
	assert_int_equal(t->seats[2].heard, 1);
	assert_int_equal(t->seats[3].heard, 0);
	assert_int_equal(seat_count(t, 0, BOARD_INBOX_DROPPED), 0);
}

static void
nobody_there_is_counted(void **state)
{
	struct table_of_seats *t = *state;

	assert_non_null(seat_take(t, 0, 100));
	inbox_post(t->seats[0].inbox, 1, SLICE_LIT("hello"));
	inbox_post(t->seats[0].inbox, HERITAGE_INBOXES, SLICE_LIT("hello"));
	assert_int_equal(seat_count(t, 0, BOARD_INBOX_DROPPED), 2);
	assert_false(inbox_is_alive(t->seats[0].inbox, 1, 0));
	assert_false(inbox_is_alive(t->seats[0].inbox, 0, 99));
	assert_true(inbox_is_alive(t->seats[0].inbox, 0, 100));
}

static void
a_successor_does_not_get_what_was_not_for_him(void **state)
{
	struct table_of_seats *t = *state;

	assert_non_null(seat_take(t, 0, 100));
	assert_non_null(seat_take(t, 1, 101));
	inbox_post(t->seats[0].inbox, 1, SLICE_LIT("for 101"));
	inbox_free(&t->seats[1].inbox);
	assert_non_null(seat_take(t, 1, 201));
	inbox_post(t->seats[0].inbox, 1, SLICE_LIT("for 201"));
	turn(t);
	assert_int_equal(t->seats[1].heard, 1);
	assert_int_equal(t->seats[1].last_byte, '1');
	assert_int_equal(seat_count(t, 1, BOARD_INBOX_STALE), 1);
	assert_int_equal(seat_count(t, 1, BOARD_INBOX_RECEIVED), 1);
}

static void
nonsense_is_counted(void **state)
{
	struct table_of_seats *t = *state;

	assert_non_null(seat_take(t, 0, 100));
	assert_int_equal(send(FIRST_WRITING, "?", 1, 0), 1);
	turn(t);
	assert_int_equal(t->seats[0].heard, 0);
	assert_int_equal(seat_count(t, 0, BOARD_INBOX_STALE), 1);
}

static void
post_many(struct table_of_seats *t, uint32_t n, size_t len)
{
	char *bytes = calloc(1, len);

	assert_non_null(bytes);
	for (uint32_t i = 1; i <= n; i++) {
		memcpy(bytes, &i, sizeof(i));
		inbox_post(t->seats[0].inbox, 1, slice_of(bytes, len));
	}
	free(bytes);
}

static void
what_finds_no_room_in_the_socket_waits_in_order(void **state)
{
	struct table_of_seats *t = *state;

	assert_non_null(seat_take(t, 0, 100));
	assert_non_null(seat_take(t, 1, 101));
	post_many(t, 15, INBOX_FRAME_MAX);
	turn(t);
	assert_int_equal(t->seats[1].heard, 15);
	assert_int_equal(t->seats[1].last_len, INBOX_FRAME_MAX);
	assert_int_equal(t->seats[1].number, 15);
	assert_true(t->seats[1].in_order);
	assert_int_equal(seat_count(t, 0, BOARD_INBOX_DROPPED), 0);
}

static void
who_does_not_read_costs_bounded_memory(void **state)
{
	struct table_of_seats *t = *state;
	uint64_t dropped;

	assert_non_null(seat_take(t, 0, 100));
	assert_non_null(seat_take(t, 1, 101));
	post_many(t, 100, INBOX_FRAME_MAX);
	dropped = seat_count(t, 0, BOARD_INBOX_DROPPED);
	assert_in_range(dropped, 100 - INBOX_QUEUE_BYTES / INBOX_FRAME_MAX - 20,
			100 - INBOX_QUEUE_BYTES / INBOX_FRAME_MAX);
	turn(t);
	assert_int_equal(t->seats[1].heard, 100 - dropped);
	assert_true(t->seats[1].in_order);
}

/* A worker that hung with a full inbox was replaced: nothing of the old queue reaches the new one. */
static void
a_queue_for_a_dead_worker_is_let_go(void **state)
{
	struct table_of_seats *t = *state;
	uint64_t all;

	assert_non_null(seat_take(t, 0, 100));
	assert_non_null(seat_take(t, 1, 101));
	post_many(t, 20, INBOX_FRAME_MAX);
	inbox_free(&t->seats[1].inbox);
	assert_non_null(seat_take(t, 1, 201));
	turn(t);
	inbox_post(t->seats[0].inbox, 1, SLICE_LIT("for 201"));
	turn(t);
	assert_int_equal(t->seats[1].heard, 1);
	all = seat_count(t, 0, BOARD_INBOX_DROPPED) + seat_count(t, 1, BOARD_INBOX_STALE);
	assert_int_equal(all, 20);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(a_frame_reaches_the_slot_it_is_for, setup, teardown),
	    cmocka_unit_test_setup_teardown(to_all_is_to_every_other_one_that_lives, setup, teardown),
	    cmocka_unit_test_setup_teardown(nobody_there_is_counted, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_successor_does_not_get_what_was_not_for_him, setup, teardown),
	    cmocka_unit_test_setup_teardown(nonsense_is_counted, setup, teardown),
	    cmocka_unit_test_setup_teardown(what_finds_no_room_in_the_socket_waits_in_order, setup, teardown),
	    cmocka_unit_test_setup_teardown(who_does_not_read_costs_bounded_memory, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_queue_for_a_dead_worker_is_let_go, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
