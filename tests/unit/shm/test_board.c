/*
 * test_board.c - rows, totals that never go back, last words
 */
#include "fixture.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shm/board.h"

static void
test_service_counters(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	board_service_add(f.seg, BOARD_KEEPER_RESPAWNS);
	board_service_add(f.seg, BOARD_KEEPER_RESPAWNS);
	assert_int_equal(board_service_total(f.seg, BOARD_KEEPER_RESPAWNS), 2);
	assert_int_equal(board_service_total(f.seg, BOARD_CRASH_LOOPS), 0);
	fixture_fini(&f);
}

static void
test_claim_and_read(void **state)
{
	struct board_status status;
	struct board_row *row;
	struct fixture f;

	(void)state;
	fixture_init(&f);
	assert_null(board_row(f.seg, BOARD_ROWS));
	assert_null(board_claim_row(f.seg, BOARD_ROWS, 1, 1, 1));
	row = board_row(f.seg, 3);
	assert_int_equal(board_state(row), BOARD_EMPTY);
	assert_ptr_equal(board_claim_row(f.seg, 3, 4711, 2, 1000), row);
	assert_int_equal(board_state(row), BOARD_STARTING);
	board_set_state(row, BOARD_READY);
	board_heartbeat(row, 1250);
	board_lag(row, 12000);
	board_lag(row, 60000);
	board_lag(row, 100);
	board_read(row, &status);
	assert_int_equal(status.pid, 4711);
	assert_int_equal(status.generation, 2);
	assert_int_equal(status.state, BOARD_READY);
	assert_int_equal(status.started_ms, 1000);
	assert_int_equal(status.heartbeat_ms, 1250);
	assert_int_equal(status.lag_last_us, 100);
	assert_int_equal(status.lag_max_us, 60000);
	fixture_fini(&f);
}

static void
test_counters_outlive_workers_and_gauges_do_not(void **state)
{
	struct board_row *row;
	struct fixture f;

	(void)state;
	fixture_init(&f);
	row = board_claim_row(f.seg, 0, 1, 1, 10);
	board_add(row, BOARD_REQUESTS, 5);
	board_set(row, BOARD_CALLS_IN_FLIGHT, 7);
	assert_int_equal(board_total_gauge(f.seg, BOARD_CALLS_IN_FLIGHT), 7);
	board_set_state(row, BOARD_DEAD);
	assert_int_equal(board_total_gauge(f.seg, BOARD_CALLS_IN_FLIGHT), 0);
	row = board_claim_row(f.seg, 0, 2, 1, 20);
	assert_int_equal(board_total_gauge(f.seg, BOARD_CALLS_IN_FLIGHT), 0);
	board_add(row, BOARD_REQUESTS, 1);
	board_add(board_claim_row(f.seg, 63, 3, 1, 20), BOARD_REQUESTS, 10);
	assert_int_equal(board_total(f.seg, BOARD_REQUESTS), 16);
	fixture_fini(&f);
}

static void
test_tools_and_upstreams(void **state)
{
	struct board_tool tool;
	struct board_upstream upstream;
	struct board_row *row;
	struct fixture f;

	(void)state;
	fixture_init(&f);
	row = board_claim_row(f.seg, 0, 1, 1, 10);
	board_tool_done(row, 63, false, 5000);
	board_tool_done(row, 63, true, 5001);
	board_tool_done(board_claim_row(f.seg, 1, 1, 1, 10), 63, false, UINT64_C(9000000));
	board_tool_done(row, BOARD_TOOLS, true, 1);
	board_total_tool(f.seg, 63, &tool);
	assert_int_equal(tool.calls, 3);
	assert_int_equal(tool.errors, 1);
	assert_int_equal(tool.duration_us, 9010001);
	assert_int_equal(tool.buckets[0], 1);
	assert_int_equal(tool.buckets[1], 1);
	assert_int_equal(tool.buckets[BOARD_BUCKETS - 1], 1);
	board_upstream_done(row, 31, 300000);
	board_upstream_failed(row, 31, BOARD_FAIL_TIMEOUT, 1000000);
	board_upstream_done(row, BOARD_UPSTREAMS, 1);
	board_total_upstream(f.seg, 31, &upstream);
	assert_int_equal(upstream.requests, 2);
	assert_int_equal(upstream.failures[BOARD_FAIL_TIMEOUT], 1);
	assert_int_equal(upstream.failures[BOARD_FAIL_CONNECT], 0);
	assert_int_equal(upstream.buckets[6], 1);
	assert_int_equal(upstream.buckets[7], 1);
	board_total_tool(f.seg, BOARD_TOOLS, &tool);
	assert_int_equal(tool.calls, 0);
	fixture_fini(&f);
}

static void
test_last_words(void **state)
{
	struct board_last_words words;
	void *frames[40];
	char text[400];
	struct board_row *row;
	struct fixture f;

	(void)state;
	for (size_t i = 0; i < 40; i++)
		frames[i] = (void *)(uintptr_t)(0x1000 + i);
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	fixture_init(&f);
	row = board_claim_row(f.seg, 2, 99, 1, 10);
	assert_false(board_take_last_words(row, &words));
	board_write_last_words(row, "claim failed", frames, 2);
	board_write_last_words(row, "too late", NULL, 0);
	assert_true(board_take_last_words(row, &words));
	assert_string_equal(words.text, "claim failed");
	assert_int_equal(words.pid, 99);
	assert_int_equal(words.n_frames, 2);
	assert_int_equal(words.frames[1], 0x1001);
	assert_false(board_take_last_words(row, &words));
	board_write_last_words(row, text, frames, 40);
	/* The next worker may be there before they are taken. */
	board_claim_row(f.seg, 2, 100, 1, 20);
	assert_true(board_take_last_words(row, &words));
	assert_int_equal(strlen(words.text), BOARD_LAST_WORDS_TEXT - 1);
	assert_int_equal(words.n_frames, BOARD_LAST_WORDS_FRAMES);
	assert_int_equal(words.pid, 99);
	board_write_last_words(NULL, "nobody", NULL, 0);
	fixture_fini(&f);
}

static struct board_row *dying_row;

static void
on_abort(int sig)
{
	void *frame = (void *)(uintptr_t)0xabc;

	(void)sig;
	board_write_last_words(dying_row, "stuck", &frame, 1);
	_exit(9);
}

static void
test_last_words_from_a_signal_handler(void **state)
{
	struct board_last_words words;
	struct fixture f;
	int status;
	pid_t pid;

	(void)state;
	fixture_init(&f);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		dying_row = board_claim_row(f.seg, 1, getpid(), 1, 10);
		signal(SIGABRT, on_abort);
		raise(SIGABRT);
		_exit(1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), 9);
	assert_true(board_take_last_words(board_row(f.seg, 1), &words));
	assert_string_equal(words.text, "stuck");
	assert_int_equal(words.pid, pid);
	assert_int_equal(words.frames[0], 0xabc);
	fixture_fini(&f);
}

/* ---- who holds the loop ---- */

static const struct board_holder *
find_holder(const struct board_holder *holders, size_t n, const char *name)
{
	const struct board_holder *found = NULL;

	for (size_t i = 0; i < n; i++) {
		if (strcmp(holders[i].name, name) != 0)
			continue;
		assert_null(found);
		found = &holders[i];
	}
	assert_non_null(found);
	return found;
}

static void
test_holders_of_all_rows(void **state)
{
	struct board_holder holders[BOARD_HOLDERS];
	struct board_row *row;
	struct fixture f;
	size_t n;

	(void)state;
	fixture_init(&f);
	assert_int_equal(board_total_holders(f.seg, holders), 0);
	row = board_claim_row(f.seg, 0, 1, 1, 10);
	board_held(row, "sweep", 12);
	board_held(row, "sweep", 10);
	board_held(row, "catalog.get_product", 40);
	/* The next worker of the slot goes on counting. */
	board_held(board_claim_row(f.seg, 0, 2, 2, 20), "sweep", 11);
	board_held(board_claim_row(f.seg, 63, 3, 1, 20), "catalog.get_product", 50);
	n = board_total_holders(f.seg, holders);
	assert_int_equal(n, 2);
	assert_int_equal(find_holder(holders, n, "sweep")->times, 3);
	assert_int_equal(find_holder(holders, n, "sweep")->held_ms, 33);
	assert_int_equal(find_holder(holders, n, "sweep")->longest_ms, 12);
	assert_int_equal(find_holder(holders, n, "catalog.get_product")->held_ms, 90);
	assert_int_equal(find_holder(holders, n, "catalog.get_product")->longest_ms, 50);
	fixture_fini(&f);
}

static void
test_more_holders_than_room(void **state)
{
	struct board_holder holders[BOARD_HOLDERS];
	char name[BOARD_HOLDER_NAME * 2];
	struct fixture f;
	uint64_t times = 0;
	size_t n;

	(void)state;
	fixture_init(&f);
	for (unsigned slot = 0; slot < 2; slot++) {
		struct board_row *row = board_claim_row(f.seg, slot, 1, 1, 10);

		for (unsigned i = 0; i < 40; i++) {
			snprintf(name, sizeof(name),
				 "holder %u of row %u, with a name that is longer than a name may be", i, slot);
			board_held(row, name, 10);
		}
	}
	n = board_total_holders(f.seg, holders);
	assert_int_equal(n, BOARD_HOLDERS);
	for (size_t i = 0; i < n; i++)
		times += holders[i].times;
	assert_int_equal(times, 80);
	assert_int_equal(find_holder(holders, n, "other")->times, 80 - (BOARD_HOLDERS - 1));
	assert_int_equal(find_holder(holders, n, "holder 0 of row 0, with a name that is longer t")->times, 1);
	fixture_fini(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_claim_and_read),
	    cmocka_unit_test(test_service_counters),
	    cmocka_unit_test(test_counters_outlive_workers_and_gauges_do_not),
	    cmocka_unit_test(test_tools_and_upstreams),
	    cmocka_unit_test(test_last_words),
	    cmocka_unit_test(test_holders_of_all_rows),
	    cmocka_unit_test(test_more_holders_than_room),
	    cmocka_unit_test(test_last_words_from_a_signal_handler),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
