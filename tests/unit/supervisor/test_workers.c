/*
 * test_workers.c - death and respawn of workers, with real processes
 */
#include "fake_house.h"

static bool
has_another_pid(struct fake_house *f, const void *old)
{
	pid_t pids[FAKE_PIDS_MAX];

	return fake_pids(f, "ready", pids) == 2 && pids[0] != *(const pid_t *)old;
}

static void
killed_worker_is_replaced_at_once(void **state)
{
	struct fake_house *f = *state;
	pid_t pids[FAKE_PIDS_MAX];
	pid_t neighbour;
	int i;

	fake_start_and_wait(f, 2);
	for (i = 1; i <= 3; i++) {
		char respawns[80];

		assert_int_equal(fake_pids(f, "ready", pids), 2);
		neighbour = pids[1];
		assert_int_equal(kill(pids[0], SIGKILL), 0);
		fake_until(f, has_another_pid, &pids[0], "another worker in slot 0");
		assert_int_equal(fake_pids(f, "ready", pids), 2);
		assert_int_equal(pids[1], neighbour);
		(void)snprintf(respawns, sizeof(respawns),
			       "\"requests\":%d,\"connections\":0,\"streams\":0,\"respawns\":%d,\"", i + 1, i);
		assert_true(fake_status_has(f, respawns)); /* the row goes on counting */
	}
	assert_false(fake_log_has(f, "worker_delayed"));
	assert_int_equal(fake_stop(f, SIGTERM), 0);
}

static void
worker_that_ends_by_itself_is_replaced(void **state)
{
	struct fake_house *f = *state;
	pid_t pids[FAKE_PIDS_MAX];

	fake_start_and_wait(f, 2);
	assert_int_equal(fake_pids(f, "ready", pids), 2);
	assert_int_equal(kill(pids[0], SIGTERM), 0);
	fake_until(f, has_another_pid, &pids[0], "another worker in slot 0");
	assert_int_equal(fake_stop(f, SIGTERM), 0);
}

/* The n-th number behind `key` in the log, or -1. */
static long
number_in_log(struct fake_house *f, const char *key, int n)
{
	const char *p = fake_read(f, "log");

	for (; p != NULL && n > 0; n--) {
		p = strstr(p, key);
		p = p != NULL ? p + strlen(key) : NULL;
	}
	return p != NULL ? atol(p) : -1;
}

static bool
has_three_delays(struct fake_house *f, const void *arg)
{
	(void)arg;
	return number_in_log(f, "\"delay_ms\":", 3) > 0;
}

static void
crash_before_ready_backs_off_and_recovers(void **state)
{
	struct fake_house *f = *state;

	fake_config(f, 1, "");
	fake_write(f, "mode", "crash");
	fake_start(f);
	fake_until(f, has_three_delays, NULL, "three delays");
	assert_in_range(number_in_log(f, "\"delay_ms\":", 1), 80, 120);
	assert_in_range(number_in_log(f, "\"delay_ms\":", 2), 160, 240);
	assert_in_range(number_in_log(f, "\"delay_ms\":", 3), 320, 480);
	assert_true(fake_status_has(f, "\"state\":\"starting\""));
	fake_write(f, "mode", "good");
	fake_until_count(f, "ready", 1);
	assert_int_equal(fake_stop(f, SIGTERM), 0);
}

static void
worker_not_ready_in_time_is_killed_and_tried_again(void **state)
{
	struct fake_house *f = *state;

	fake_config(f, 1, "");
	fake_write(f, "mode", "mute");
	fake_start(f);
	fake_until_mute(f, 1);
	fake_write(f, "mode", "good");
	fake_until_count(f, "ready", 1);
	assert_true(fake_log_has(f, "worker_killed"));
	assert_int_equal(fake_stop(f, SIGTERM), 0);
}

static void
last_words_reach_the_log(void **state)
{
	struct fake_house *f = *state;
	pid_t pids[FAKE_PIDS_MAX];
	char frames[64];

	fake_start_and_wait(f, 2);
	assert_int_equal(fake_pids(f, "ready", pids), 2);
	assert_int_equal(kill(pids[0], SIGUSR1), 0);
	fake_until(f, has_another_pid, &pids[0], "another worker in slot 0");
	(void)snprintf(frames, sizeof(frames), "\"worker_pid\":%d,\"text\":\"the sky fell\",\"frames\":\"0x",
		       (int)pids[0]);
	assert_true(fake_log_has(f, frames));
	assert_true(fake_log_has(f, "\"by\":\"signal\",\"status\":6"));
	assert_int_equal(fake_stop(f, SIGTERM), 0);
}

/* Exit 2 of what served before: something passes or is mended, so it is tried again and again. */
static void
refusing_replacements_are_tried_again(void **state)
{
	struct fake_house *f = *state;
	pid_t pids[FAKE_PIDS_MAX];

	fake_start_and_wait(f, 2);
	assert_int_equal(fake_pids(f, "ready", pids), 2);
	fake_write(f, "mode", "refuse");
	assert_int_equal(kill(pids[0], SIGKILL), 0);
	fake_until(f, fake_log_has, "no such shop", "the refusal");
	fake_until_count(f, "ready", 1); /* the other one serves on */
	assert_int_equal(kill(pids[1], SIGKILL), 0);
	fake_until_count(f, "waiting", 2);
	fake_write(f, "mode", "good");
	fake_until_count(f, "ready", 2);
	assert_int_equal(fake_stop(f, SIGTERM), 0);
}

/* The supervisor is killed: nobody stays behind. */
static void
workers_follow_a_killed_supervisor(void **state)
{
	struct fake_house *f = *state;
	pid_t pids[FAKE_PIDS_MAX];

	fake_start_and_wait(f, 2);
	assert_int_equal(fake_pids(f, "ready", pids), 2);
	assert_int_equal(fake_stop(f, SIGKILL), -1);
	fake_until(f, fake_is_gone, &pids[0], "end of a worker");
	fake_until(f, fake_is_gone, &pids[1], "end of a worker");

	/* And the next one starts beside the stale socket file. */
	fake_start_and_wait(f, 2);
	assert_int_equal(fake_stop(f, SIGTERM), 0);
}

#define LIVE(name) cmocka_unit_test_setup_teardown(name, fake_set_up, fake_tear_down)

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    LIVE(killed_worker_is_replaced_at_once),
	    LIVE(worker_that_ends_by_itself_is_replaced),
	    LIVE(crash_before_ready_backs_off_and_recovers),
	    LIVE(worker_not_ready_in_time_is_killed_and_tried_again),
	    LIVE(last_words_reach_the_log),
	    LIVE(refusing_replacements_are_tried_again),
	    LIVE(workers_follow_a_killed_supervisor),
	};
	int role = fake_main(argc, argv);

	return role >= 0 ? role : cmocka_run_group_tests(tests, NULL, NULL);
}
