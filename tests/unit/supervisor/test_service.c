/*
 * test_service.c - reload: a whole new generation, or nothing changed
 */
#include "fake_house.h"

struct before {
	pid_t pids[FAKE_PIDS_MAX];
	size_t n;
};

static void
remember(struct fake_house *f, struct before *before)
{
	before->n = fake_pids(f, "ready", before->pids);
	assert_true(before->n > 0);
}

/* The workers are the same processes as before. */
static void
assert_untouched(struct fake_house *f, const struct before *before)
{
	pid_t pids[FAKE_PIDS_MAX];
	size_t n, i;

	fake_until_count(f, "ready", before->n);
	n = fake_pids(f, "ready", pids);
	assert_int_equal(n, before->n);
	for (i = 0; i < n; i++)
		assert_int_equal(pids[i], before->pids[i]);
	assert_true(fake_status_has(f, "\"state\":\"running\""));
	assert_non_null(strstr(f->text, "\"last_reload\":{\"ok\":false,"));
}

static void
reload_replaces_every_worker(void **state)
{
	struct fake_house *f = *state;
	struct before before;
	size_t i;

	fake_start_and_wait(f, 2);
	remember(f, &before);
	(void)fake_notified(f);
	fake_config(f, 3, "log_level = notice");
	assert_string_equal(fake_ctl(f, "reload wait"),
			    "OK\ngeneration 2 serves\nchanged: server.workers, server.log_level\n");
	fake_until_count(f, "ready", 3);
	assert_true(fake_status_has(f, "\"generation\":2,\"state\":\"running\""));
	assert_non_null(strstr(f->text, "\"last_reload\":{\"ok\":true,\"message\":\"generation 2 serves\""));
	for (i = 0; i < before.n; i++)
		fake_until(f, fake_is_gone, &before.pids[i], "end of an old worker");
	fake_notified(f);
	assert_int_equal(strncmp(f->text, "RELOADING=1\nMONOTONIC_USEC=", 27), 0);
	assert_non_null(strstr(f->text, "|READY=1|STATUS=generation 2, 3 workers serve" FAKE_NO_STORE "|"));
	assert_int_equal(fake_stop(f, SIGTERM), 0);
}

static void
reload_with_a_wrong_file_changes_nothing(void **state)
{
	struct fake_house *f = *state;
	struct before before;

	fake_start_and_wait(f, 2);
	remember(f, &before);
	fake_write(f, "conf", "[server]\nwrokers = 3\n");
	fake_ctl(f, "reload wait");
	assert_int_equal(strncmp(f->text, "ERROR ", 6), 0);
	assert_non_null(strstr(f->text, "conf:2"));
	assert_non_null(strstr(f->text, "wrokers"));
	assert_untouched(f, &before);
	assert_non_null(strstr(fake_notified(f), "STATUS=reload failed: "));
	assert_int_equal(fake_stop(f, SIGTERM), 0);
}

static void
key_that_needs_a_restart_is_refused_by_name(void **state)
{
	struct fake_house *f = *state;
	struct before before;

	fake_start_and_wait(f, 2);
	remember(f, &before);
	fake_config(f, 2, "log_file = /nonexistent/x");
	fake_ctl(f, "reload wait");
	assert_string_equal(f->text,
			    "ERROR a reload cannot change server.log_file; restart the service, or set it back\n"
			    "changed: server.log_file\n");
	assert_untouched(f, &before);
	assert_int_equal(fake_stop(f, SIGTERM), 0);
}

static void
check_a_failing_generation(struct fake_house *f, const char *mode, const char *reason)
{
	struct before before;

	fake_start_and_wait(f, 2);
	remember(f, &before);
	fake_write(f, "mode", mode);
	fake_ctl(f, "reload wait");
	assert_int_equal(strncmp(f->text, "ERROR ", 6), 0);
	assert_non_null(strstr(f->text, reason));
	assert_untouched(f, &before);

	/* And the next reload works. */
	fake_write(f, "mode", "good");
	assert_int_equal(strncmp(fake_ctl(f, "reload wait"), "OK\n", 3), 0);
	assert_true(fake_status_has(f, "\"generation\":3"));
	assert_int_equal(fake_stop(f, SIGTERM), 0);
}

static void
new_generation_that_crashes_is_discarded(void **state)
{
	check_a_failing_generation(*state, "crash", "ended with status 1 before it was ready");
}

static void
new_generation_that_refuses_is_discarded(void **state)
{
	check_a_failing_generation(*state, "refuse", "no such shop");
}

static void
new_generation_that_is_never_ready_is_discarded(void **state)
{
	check_a_failing_generation(*state, "mute", "not ready in time");
}

/* However many HUPs come during a reload: one more reload, which reads the newest file. */
static void
hups_during_a_reload_become_one(void **state)
{
	struct fake_house *f = *state;
	int i;

	fake_start_and_wait(f, 2);
	fake_write(f, "mode", "mute"); /* holds the first reload open */
	assert_int_equal(kill(f->pid, SIGHUP), 0);
	fake_until_mute(f, 2);
	fake_write(f, "mode", "good");
	fake_config(f, 4, "");
	for (i = 0; i < 5; i++) {
		assert_int_equal(kill(f->pid, SIGHUP), 0);
		assert_true(fake_status_has(f, "\"state\":\"reloading\""));
	}
	assert_int_equal(strncmp(fake_ctl(f, "reload wait"), "OK\n", 3),
			 0); /* answered by the second reload, not the failed first */
	fake_until_count(f, "ready", 4);
	assert_true(fake_status_has(f, "\"generation\":3,\"state\":\"running\""));
	assert_int_equal(fake_stop(f, SIGTERM), 0);
}

/* Old workers that do not go: at most two generations retire, the oldest is cut for the fourth. */
static void
at_most_two_generations_retire(void **state)
{
	struct fake_house *f = *state;
	struct before first;
	size_t i;

	fake_write(f, "mode", "stubborn");
	fake_start_and_wait(f, 2);
	remember(f, &first);
	assert_int_equal(strncmp(fake_ctl(f, "reload wait"), "OK\n", 3), 0);
	assert_int_equal(strncmp(fake_ctl(f, "reload wait"), "OK\n", 3), 0);
	fake_until_count(f, "retiring", 4);
	for (i = 0; i < first.n; i++)
		assert_false(fake_is_gone(f, &first.pids[i]));
	assert_int_equal(strncmp(fake_ctl(f, "reload wait"), "OK\n", 3), 0);
	fake_until_count(f, "retiring", 4);
	for (i = 0; i < first.n; i++)
		assert_true(fake_is_gone(f, &first.pids[i]));
	assert_int_equal(fake_stop(f, SIGINT), 0);
}

/* A worker of the serving generation that dies while a reload runs is replaced as always. */
static void
serving_worker_is_respawned_during_a_reload(void **state)
{
	struct fake_house *f = *state;
	struct before before;

	fake_start_and_wait(f, 2);
	remember(f, &before);
	fake_write(f, "mode", "mute");
	assert_int_equal(kill(f->pid, SIGHUP), 0);
	fake_until_mute(f, 2);
	fake_write(f, "mode", "good");
	assert_int_equal(kill(before.pids[0], SIGKILL), 0);
	fake_until(f, fake_is_gone, &before.pids[0], "its death");
	fake_until_count(f, "ready", 2);
	fake_until(f, fake_status_has, "\"last_reload\":{\"ok\":false", "the end of the reload");
	fake_until_count(f, "ready", 2);
	assert_int_equal(fake_stop(f, SIGTERM), 0);
}

static void
stop_during_a_reload_stops(void **state)
{
	struct fake_house *f = *state;
	int fd;

	fake_start_and_wait(f, 2);
	fake_write(f, "mode", "mute");
	fd = fake_connect(f);
	assert_true(dprintf(fd, "reload wait\n") > 0);
	fake_until_mute(f, 2);
	assert_int_equal(fake_stop(f, SIGTERM), 0);
	assert_string_equal(fake_answer(f, fd), "ERROR the service stops\n");
}

#define LIVE(name) cmocka_unit_test_setup_teardown(name, fake_set_up, fake_tear_down)

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    LIVE(reload_replaces_every_worker),
	    LIVE(reload_with_a_wrong_file_changes_nothing),
	    LIVE(key_that_needs_a_restart_is_refused_by_name),
	    LIVE(new_generation_that_crashes_is_discarded),
	    LIVE(new_generation_that_refuses_is_discarded),
	    LIVE(new_generation_that_is_never_ready_is_discarded),
	    LIVE(hups_during_a_reload_become_one),
	    LIVE(at_most_two_generations_retire),
	    LIVE(serving_worker_is_respawned_during_a_reload),
	    LIVE(stop_during_a_reload_stops),
	};
	int role = fake_main(argc, argv);

	return role >= 0 ? role : cmocka_run_group_tests(tests, NULL, NULL);
}
