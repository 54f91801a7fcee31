/*
 * test_upgrade.c - another program in the same process: everything goes on, or nothing has changed
 */
#include "fake_house.h"

#include "supervisor/handover.h"
#include "supervisor/upgrade.h"

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

static void
assert_untouched(struct fake_house *f, const struct before *before)
{
	pid_t pids[FAKE_PIDS_MAX];
	size_t i;

	fake_until_count(f, "ready", before->n);
	assert_int_equal(fake_pids(f, "ready", pids), before->n);
	for (i = 0; i < before->n; i++)
		assert_int_equal(pids[i], before->pids[i]);
	assert_true(fake_status_has(f, "\"state\":\"running\""));
	assert_non_null(strstr(f->text, "\"last_reload\":{\"ok\":false,"));
}

/* Another file with the same bytes, put in place as an installation does it. */
static void
install(struct fake_house *f, const char *from)
{
	char command[512];

	(void)snprintf(command, sizeof(command), "cp %s %s/fresh && mv %s/fresh %s/program", from, f->dir, f->dir,
		       f->dir);
	assert_int_equal(system(command), 0);
}

static void
install_self(struct fake_house *f)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	assert_true(n > 0);
	self[n] = '\0';
	install(f, self);
}

static void
assert_runs(const struct fake_house *f, pid_t pid)
{
	char link[64], path[PATH_MAX], wanted[160];
	ssize_t n;

	(void)snprintf(link, sizeof(link), "/proc/%d/exe", (int)pid);
	(void)snprintf(wanted, sizeof(wanted), "%s/program", f->dir);
	n = readlink(link, path, sizeof(path) - 1);
	assert_true(n > 0);
	path[n] = '\0';
	assert_string_equal(path, wanted);
}

static size_t
count_descriptors(pid_t pid)
{
	char path[64];
	size_t n = 0;
	int fd;

	for (fd = 0; fd < 1024; fd++) {
		(void)snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)pid, fd);
		n += access(path, F_OK) == 0 || errno != ENOENT;
	}
	return n;
}

static void
upgrade_goes_on_in_the_same_process(void **state)
{
	struct fake_house *f = *state;
	struct before before;
	pid_t pids[FAKE_PIDS_MAX];
	size_t descriptors = 0, i;
	int round;

	fake_start_and_wait(f, 2);
	install_self(f);
	for (round = 2; round < 5; round++) {
		char wanted[128];

		remember(f, &before);
		assert_int_equal(strncmp(fake_ctl(f, "upgrade wait"), "OK\n", 3), 0);
		fake_until_count(f, "ready", 2);
		(void)snprintf(wanted, sizeof(wanted), "\"generation\":%d,\"state\":\"running\"", round);
		assert_true(fake_status_has(f, wanted));
		assert_runs(f, f->pid);
		for (i = 0; i < before.n; i++)
			fake_until(f, fake_is_gone, &before.pids[i], "end of an old worker");
		assert_int_equal(fake_pids(f, "ready", pids), 2);
		assert_runs(f, pids[0]);
		fake_until(f, fake_status_has, "\"keeper\":{", "status");
		fake_until(f, fake_status_has, "\"state\":\"ready\",\"respawns\":0}", "keeper");
		fake_notified(f); /* few messages fit into its queue */
		assert_non_null(strstr(f->text, "RELOADING=1\nMONOTONIC_USEC="));
		(void)snprintf(wanted, sizeof(wanted),
			       "|READY=1|STATUS=generation %d, 2 workers serve" FAKE_NO_STORE "|", round);
		assert_non_null(strstr(f->text, wanted));
		if (round == 2)
			descriptors = count_descriptors(f->pid);
	}
	assert_int_equal(count_descriptors(f->pid), descriptors);
	assert_int_equal(fake_stop(f, SIGTERM), 0);
}

static void
usr2_upgrades(void **state)
{
	struct fake_house *f = *state;

	fake_start_and_wait(f, 2);
	install_self(f);
	assert_int_equal(kill(f->pid, SIGUSR2), 0);
	fake_until(f, fake_log_has, "\"upgraded\"", "the upgrade");
	assert_runs(f, f->pid);
	assert_int_equal(fake_stop(f, SIGTERM), 0);
}

static void
check_refusal(struct fake_house *f, const char *reason)
{
	struct before before;

	remember(f, &before);
	(void)fake_notified(f);
	fake_ctl(f, "upgrade wait");
	assert_int_equal(strncmp(f->text, "ERROR ", 6), 0);
	if (strstr(f->text, reason) == NULL)
		fail_msg("%s lacks: %s", f->text, reason);
	assert_untouched(f, &before);
	assert_non_null(strstr(fake_notified(f), "STATUS=upgrade failed: "));
}

static void
program_that_cannot_run_changes_nothing(void **state)
{
	struct fake_house *f = *state;

	fake_start_and_wait(f, 2);
	check_refusal(f, "program: the program that checks the configuration cannot be executed");
	fake_write(f, "program", "no program at all");
	check_refusal(f, "cannot be executed");
	install(f, "/bin/true");
	check_refusal(f, "gave none");
	install(f, "/bin/false");
	check_refusal(f, "status 1 and said nothing");
	install_self(f);
	fake_write(f, "conf", "[server]\nwrokers = 3\n");
	check_refusal(f, "conf:2");
	fake_config(f, 2, "");
	assert_int_equal(strncmp(fake_ctl(f, "upgrade wait"), "OK\n", 3), 0);
	assert_int_equal(fake_stop(f, SIGTERM), 0);
}

/* After the exec the old workers are still there to fall back to, under the new program. */
static void
new_workers_that_fail_leave_the_old_ones(void **state)
{
	struct fake_house *f = *state;
	struct before before;

	fake_start_and_wait(f, 2);
	install_self(f);
	remember(f, &before);
	fake_write(f, "mode", "crash");
	fake_ctl(f, "upgrade wait");
	assert_non_null(strstr(f->text, "ERROR worker "));
	assert_untouched(f, &before);
	assert_runs(f, f->pid);

	/* They are looked after as before. */
	fake_write(f, "mode", "good");
	assert_int_equal(kill(before.pids[0], SIGKILL), 0);
	fake_until(f, fake_is_gone, &before.pids[0], "death of a worker");
	fake_until_count(f, "ready", 2);
	assert_int_equal(strncmp(fake_ctl(f, "reload wait"), "OK\n", 3), 0);
	fake_until(f, fake_is_gone, &before.pids[1], "end of an old worker");
	assert_int_equal(fake_stop(f, SIGTERM), 0);
}

static void
hup_during_an_upgrade_is_not_lost(void **state)
{
	struct fake_house *f = *state;
	int fd;

	fake_start_and_wait(f, 2);
	install_self(f);
	fd = fake_connect(f);
	assert_true(dprintf(fd, "upgrade wait\n") > 0);
	fake_until(f, fake_log_has, "\"upgrade\"", "the upgrade");
	assert_int_equal(kill(f->pid, SIGHUP), 0);
	assert_int_equal(strncmp(fake_answer(f, fd), "OK\n", 3), 0);
	fake_until(f, fake_log_has, "\"reloaded\"", "the reload");
	assert_true(fake_status_has(f, "\"generation\":3"));
	assert_int_equal(fake_stop(f, SIGTERM), 0);
}

/* ---- Reading what may be wrong ---- */

static int
read_text(const char *text)
{
	struct house *h = calloc(1, sizeof(*h));
	struct handover_memory memory;
	struct err err;
	int r;

	assert_non_null(h);
	r = handover_read(h, slice_from_str(text), &memory, &err);
	free(h->control_path);
	free(h->log_path);
	free(h->keeper.path);
	free(h);
	return r;
}

static void
nonsense_is_refused(void **state)
{
	(void)state;
	assert_int_equal(read_text(""), ERR_CORRUPT);
	assert_int_equal(read_text("something else\n"), ERR_CORRUPT);
	assert_int_equal(read_text("magento-mcp handover\n"), ERR_CORRUPT);
	assert_int_equal(read_text("magento-mcp handover\nservice table=999\n"), ERR_CORRUPT);
	assert_int_equal(read_text("magento-mcp handover\nworker slot=64\n"), ERR_CORRUPT);
	assert_int_equal(read_text("magento-mcp handover\nworker slot=1 state=99\n"), ERR_CORRUPT);
	assert_int_equal(read_text("magento-mcp handover\ninbox slot=-1 reading=0\nfuture x=1\n"), ERR_CORRUPT);
}

static void
program_is_found_where_it_was_started(void **state)
{
	char path[PATH_MAX], link[] = "/tmp/test_upgrade.XXXXXX";

	(void)state;
	assert_non_null(mkdtemp(link));
	(void)snprintf(path, sizeof(path), "%s/link", link);
	assert_int_equal(symlink("/proc/self/exe", path), 0);
	{
		char found[PATH_MAX], given[PATH_MAX];

		(void)snprintf(given, sizeof(given), "%s", path);
		upgrade_find_program(given, found);
		assert_string_equal(found, given); /* not what the link leads to today */
		upgrade_find_program("/bin/true", found);
		assert_non_null(strstr(found, "test_upgrade"));
		upgrade_find_program("magento-mcp", found);
		assert_non_null(strstr(found, "test_upgrade"));
	}
	(void)unlink(path);
	(void)rmdir(link);
}

#define LIVE(name) cmocka_unit_test_setup_teardown(name, fake_set_up, fake_tear_down)

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    LIVE(upgrade_goes_on_in_the_same_process),
	    LIVE(usr2_upgrades),
	    LIVE(program_that_cannot_run_changes_nothing),
	    LIVE(new_workers_that_fail_leave_the_old_ones),
	    LIVE(hup_during_an_upgrade_is_not_lost),
	    cmocka_unit_test(nonsense_is_refused),
	    cmocka_unit_test(program_is_found_where_it_was_started),
	};
	int role = fake_main(argc, argv);

	return role >= 0 ? role : cmocka_run_group_tests(tests, NULL, NULL);
}
