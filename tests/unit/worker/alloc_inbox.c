/*
 * alloc_inbox.c - no memory for what waits: the frame is lost and counted, everything else goes on
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "inbox_pair.h"
#include "torture.h"

#define FRAMES 12 /* more than fit into the socket */

static int
talk(void *ctx)
{
	static char frame[INBOX_FRAME_MAX];
	struct table_of_seats *t = ctx;
	uint64_t before = seat_count(t, 0, BOARD_INBOX_DROPPED);
	uint64_t lost = 0;
	int r = ERR_NOMEM;

	if (seat_take(t, 0, 100) == NULL || seat_take(t, 1, 101) == NULL)
		goto out;
	for (int i = 0; i < FRAMES; i++)
		inbox_post(t->seats[0].inbox, 1, slice_of(frame, sizeof(frame)));
	lost = seat_count(t, 0, BOARD_INBOX_DROPPED) - before;
	for (int i = 0; i < 100; i++)
		(void)event_base_loop(t->base, EVLOOP_NONBLOCK);
	assert_int_equal(t->seats[1].heard, FRAMES - lost);
	r = lost > 0 ? ERR_NOMEM : 0;
out:
	inbox_free(&t->seats[0].inbox);
	inbox_free(&t->seats[1].inbox);
	return r;
}

static void
frames_without_memory(void **state)
{
	struct table_of_seats t;

	(void)state;
	assert_true(seats_open(&t));
	torture("inbox", talk, &t);
	assert_true(torture_failures() > 3);
	seats_close(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(frames_without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
