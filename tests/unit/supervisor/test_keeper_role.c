/*
 * test_keeper_role.c - the keeper beside the workers: started, replaced, refused, ended last; with real processes
 */
#include "fake_house.h"

#include <sys/stat.h>

/* The keeper's pid when it is in this state, or 0. */
static pid_t
keeper_pid(struct fake_house *f, const char *state)
{
	const char *p = strstr(fake_ctl(f, "status json"), "\"keeper\":{");
	char found[32];
	int pid;

	if (p == NULL || sscanf(p, "\"keeper\":{\"pid\":%d,\"generation\":%*u,\"state\":\"%31[a-z]", &pid, found) != 2)
		return 0;
	return strcmp(found, state) == 0 ? pid : 0;
}

static bool
has_another_keeper(struct fake_house *f, const void *old)
{
	pid_t pid = keeper_pid(f, "ready");

	return pid > 0 && pid != *(const pid_t *)old;
}

static void
socket_path(struct fake_house *f, char path[static 128])
{
	(void)snprintf(path, 128, "%s/state/" HERITAGE_KEEPER_SOCKET, f->dir);
}

static void
it_is_there_when_the_service_is(void **state)
{
	struct fake_house *f = *state;
	char path[128];
	struct stat st;
	pid_t pid;

	fake_start_and_wait(f, 2);
	pid = keeper_pid(f, "ready");
	assert_true(pid > 0);
	socket_path(f, path);
	assert_int_equal(stat(path, &st), 0);
	assert_true(S_ISSOCK(st.st_mode));
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(fake_stop(f, SIGTERM), 0);
	assert_true(fake_is_gone(f, &pid));
	assert_int_equal(stat(path, &st), -1);
}

static void
a_killed_keeper_is_replaced_at_once(void **state)
{
	struct fake_house *f = *state;
	pid_t workers[FAKE_PIDS_MAX], after[FAKE_PIDS_MAX];
	pid_t pid;

	fake_start_and_wait(f, 2);
	assert_int_equal(fake_pids(f, "ready", workers), 2);
	for (int i = 1; i <= 3; i++) {
		char respawns[64];

		pid = keeper_pid(f, "ready");
		assert_int_equal(kill(pid, SIGKILL), 0);
		fake_until(f, has_another_keeper, &pid, "another keeper");
		(void)snprintf(respawns, sizeof(respawns), "\"state\":\"ready\",\"respawns\":%d},\"table\"", i);
		assert_true(fake_status_has(f, respawns));
	}
	assert_false(fake_log_has(f, "keeper_delayed"));
	assert_int_equal(fake_pids(f, "ready", after), 2);
	assert_int_equal(after[0], workers[0]);
	assert_int_equal(after[1], workers[1]);
	assert_int_equal(fake_stop(f, SIGTERM), 0);
}

static void
crashes_before_ready_are_tried_again_ever_later(void **state)
{
	struct fake_house *f = *state;

	fake_write(f, "keeper", "crash");
	fake_start(f);
	fake_until(f, fake_status_has, "\"keeper\":{\"pid\":0,\"generation\":1,\"state\":\"waiting\",\"respawns\":3}",
		   "three delays");
	fake_until_count(f, "ready", 2);
	assert_true(fake_status_has(f, "\"state\":\"starting\",\"uptime_s\"")); /* no service without its keeper */
	fake_write(f, "keeper", "good");
	fake_until(f, fake_log_has, "\"event\":\"serving\"", "serving");
	assert_int_equal(fake_stop(f, SIGTERM), 0);
}

static void
a_file_that_cannot_be_used_ends_the_start(void **state)
{
	struct fake_house *f = *state;

	fake_write(f, "keeper", "refuse");
	fake_start(f);
	assert_int_equal(fake_wait_exit(f), 2);
	assert_non_null(strstr(fake_read(f, "log"), "magento-mcp: keeper: keeper.db is a photograph"));
}

static void
refused_later_it_is_tried_again(void **state)
{
	struct fake_house *f = *state;
	pid_t pid;

	fake_start_and_wait(f, 2);
	pid = keeper_pid(f, "ready");
	fake_write(f, "keeper", "refuse");
	assert_int_equal(kill(pid, SIGKILL), 0);
	fake_until(f, fake_status_has, "\"keeper\":{\"pid\":0,\"generation\":1,\"state\":\"waiting\",\"respawns\":3",
		   "two refusals");
	fake_until_count(f, "ready", 2);
	fake_write(f, "keeper", "good");
	fake_until(f, has_another_keeper, &pid, "another keeper");
	assert_int_equal(fake_stop(f, SIGTERM), 0);
}

static void
a_reload_replaces_it_after_the_workers(void **state)
{
	struct fake_house *f = *state;
	const char *generation, *keeper;
	pid_t pid;

	fake_start_and_wait(f, 2);
	pid = keeper_pid(f, "ready");
	assert_int_equal(strncmp(fake_ctl(f, "reload wait"), "OK\n", 3), 0);
	fake_until(f, has_another_keeper, &pid, "another keeper");
	fake_read(f, "log");
	generation = strstr(f->text, "\"generation_ended\"");
	keeper = strstr(f->text, "\"keeper_ended\"");
	assert_non_null(generation);
	assert_non_null(keeper);
	assert_true(generation < keeper);
	assert_true(fake_status_has(f, "\"generation\":2,\"state\":\"ready\",\"respawns\":0},\"table\""));
	assert_int_equal(fake_stop(f, SIGTERM), 0);
}

static void
it_ends_after_the_last_worker(void **state)
{
	struct fake_house *f = *state;
	const char *keeper;

	fake_start_and_wait(f, 2);
	assert_int_equal(fake_stop(f, SIGTERM), 0);
	keeper = strstr(fake_read(f, "log"), "\"keeper_ended\"");
	assert_non_null(keeper);
	assert_null(strstr(keeper, "\"worker_ended\""));
	assert_non_null(strstr(keeper, "\"stopped\""));
}

static void
one_that_does_not_end_is_killed(void **state)
{
	struct fake_house *f = *state;

	fake_write(f, "keeper", "stubborn");
	fake_start_and_wait(f, 2);
	assert_int_equal(fake_stop(f, SIGTERM), 0);
	assert_true(fake_log_has(f, "\"keeper_killed\""));
}

#define LIVE(name) cmocka_unit_test_setup_teardown(name, fake_set_up, fake_tear_down)

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    LIVE(it_is_there_when_the_service_is),
	    LIVE(a_killed_keeper_is_replaced_at_once),
	    LIVE(crashes_before_ready_are_tried_again_ever_later),
	    LIVE(a_file_that_cannot_be_used_ends_the_start),
	    LIVE(refused_later_it_is_tried_again),
	    LIVE(a_reload_replaces_it_after_the_workers),
	    LIVE(it_ends_after_the_last_worker),
	    LIVE(one_that_does_not_end_is_killed),
	};
	int role = fake_main(argc, argv);

	return role >= 0 ? role : cmocka_run_group_tests(tests, NULL, NULL);
}
