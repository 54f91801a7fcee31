/*
 * test_spawn.c - a real child: this binary executes itself and tells what it finds
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "supervisor/spawn.h"

#define WAIT_MS 20000

/* ---- The child: one line per finding, on descriptor 3 ---- */

static int
count_blocked(void)
{
	sigset_t set;
	int sig, n = 0;

	(void)sigprocmask(SIG_SETMASK, NULL, &set);
	for (sig = 1; sig < 32; sig++)
		n += sigismember(&set, sig) == 1;
	return n;
}

static int
child(int argc, char **argv)
{
	struct sigaction pipe_action;
	int culprit = -1;
	bool only = fd_only_open_below(6, &culprit);
	int death_signal = 0;
	char letter = '?';

	(void)sigaction(SIGPIPE, NULL, &pipe_action);
	(void)prctl(PR_GET_PDEATHSIG, &death_signal);
	(void)!read(4, &letter, 1);
	(void)dprintf(
	    3,
	    "argc=%d argv=%s,%s,%s only=%d culprit=%d blocked=%d sigpipe=%s death=%d letter=%c null=%d home=%s "
	    "notify=%s\n",
	    argc, argv[0], argv[1], argv[2], only, culprit, count_blocked(),
	    pipe_action.sa_handler == SIG_DFL ? "default" : "other", death_signal, letter, (int)read(0, &letter, 1),
	    getenv("HOME"), getenv("NOTIFY_SOCKET") == NULL ? "no" : "yes");
	return 7;
}

/* ---- The tests ---- */

static int
wait_for_exit(pid_t pid, int pidfd)
{
	struct pollfd p = {.fd = pidfd, .events = POLLIN};
	int status = -1;

	assert_true(pidfd >= 0);
	assert_int_equal(poll(&p, 1, WAIT_MS), 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void
child_finds_exactly_what_it_was_given(void **state)
{
	static const char *const argv[] = {"magento-mcp", "child", "5", NULL};
	static const char *const env[] = {"HOME=/somewhere", NULL};
	int report[2], letter[2], null_fd, surplus, pidfd, status;
	struct spawn_plan plan = {.exe = SPAWN_EXE, .argv = argv, .envp = env, .n_fds = 3};
	char text[512] = "";
	struct err err;
	sigset_t all, before;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(report), 0); /* on purpose without CLOEXEC: nothing may leak even so */
	assert_int_equal(pipe(letter), 0);
	null_fd = open("/dev/null", O_RDWR);
	surplus = open("/dev/null", O_RDONLY);
	assert_true(null_fd >= 0 && surplus >= 0);
	assert_int_equal(write(letter[1], "x", 1), 1);
	/* Numbers that overlap with the final ones, in another order. */
	plan.fds = (int[]){report[1], letter[0], null_fd};
	plan.std_fds[0] = null_fd;
	plan.std_fds[1] = null_fd;
	plan.std_fds[2] = STDERR_FILENO;

	(void)signal(SIGPIPE, SIG_IGN);
	sigfillset(&all);
	(void)sigprocmask(SIG_BLOCK, &all, &before);
	assert_int_equal(spawn_start(&plan, &pid, &pidfd, &err), 0);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);

	status = wait_for_exit(pid, pidfd);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 7);
	assert_true(read(report[0], text, sizeof(text) - 1) > 0);
	assert_string_equal(
	    text, "argc=3 argv=magento-mcp,child,5 only=1 culprit=-1 blocked=0 sigpipe=default death=15 letter=x "
		  "null=0 home=/somewhere notify=no\n");
	fd_close(&report[0]);
	fd_close(&report[1]);
	fd_close(&letter[0]);
	fd_close(&letter[1]);
	fd_close(&null_fd);
	fd_close(&surplus);
	fd_close(&pidfd);
}

static void
file_that_cannot_be_executed_is_told_by_the_status(void **state)
{
	static const char *const argv[] = {"x", NULL};
	struct spawn_plan plan = {.exe = "/nonexistent/x", .argv = argv, .envp = argv + 1, .std_fds = {0, 1, 2}};
	struct err err;
	int pidfd, status;
	pid_t pid;

	(void)state;
	assert_int_equal(spawn_start(&plan, &pid, &pidfd, &err), 0);
	status = wait_for_exit(pid, pidfd);
	assert_int_equal(spawn_judge(status, "the spoon", &err), ERR_IO);
	assert_string_equal(err.text, "the spoon cannot be executed: No such file or directory");
	assert_int_equal(spawn_judge(W_EXITCODE(127, 0), "the spoon", &err), 0); /* the linker's, of one that was */
	fd_close(&pidfd);
}

static bool
has(const char *const *env, const char *entry)
{
	for (; *env != NULL; env++) {
		if (strcmp(*env, entry) == 0)
			return true;
	}
	return false;
}

#define TUNABLES "GLIBC_TUNABLES=glibc.malloc.tcache_count=64"

static void
environment_loses_what_is_not_the_workers(void **state)
{
	char *const environment[] = {(char[]){"PATH=/bin"},
				     (char[]){"NOTIFY_SOCKET=/n"},
				     (char[]){"LISTEN_FDS=1"},
				     (char[]){"MAGENTO_OAUTH_TOKEN=s"},
				     (char[]){"MAGENTO_MCP_SERVER_LISTEN=a"},
				     (char[]){"FASTLY_API_TOKEN=s"},
				     (char[]){"WATCHDOG_USEC=1"},
				     (char[]){"SSL_CERT_DIR=/c"},
				     NULL};
	const char *env[SPAWN_ENV_MAX];
	struct err err;

	(void)state;
	assert_int_equal(spawn_worker_env(environment, env, &err), 0);
	assert_true(has(env, "PATH=/bin") && has(env, "SSL_CERT_DIR=/c"));
	assert_true(has(env, TUNABLES));
	assert_null(env[3]);
	assert_int_equal(spawn_check_env(environment, env, &err), 0);
	assert_true(has(env, "MAGENTO_OAUTH_TOKEN=s") && has(env, "FASTLY_API_TOKEN=s") && has(env, "PATH=/bin"));
	assert_false(has(env, "NOTIFY_SOCKET=/n") || has(env, "LISTEN_FDS=1") || has(env, "WATCHDOG_USEC=1"));
	assert_int_equal(spawn_worker_env(NULL, env, &err), 0);
	assert_true(has(env, TUNABLES));
	assert_null(env[1]);
}

static void
tunables_of_the_administrator_stay(void **state)
{
	char *const environment[] = {(char[]){"GLIBC_TUNABLES=glibc.malloc.check=1"}, NULL};
	const char *env[SPAWN_ENV_MAX];
	struct err err;

	(void)state;
	assert_int_equal(spawn_worker_env(environment, env, &err), 0);
	assert_true(has(env, "GLIBC_TUNABLES=glibc.malloc.check=1"));
	assert_null(env[1]);
}

static void
too_long_an_environment_is_refused(void **state)
{
	static char variable[] = "A=b";
	char *environment[SPAWN_ENV_MAX + 1] = {NULL};
	const char *env[SPAWN_ENV_MAX];
	struct err err;
	size_t i;

	(void)state;
	for (i = 0; i < SPAWN_ENV_MAX - 1; i++)
		environment[i] = variable;
	assert_int_equal(spawn_check_env(environment, env, &err), 0);
	assert_non_null(env[SPAWN_ENV_MAX - 2]);
	environment[i] = variable;
	assert_int_equal(spawn_check_env(environment, env, &err), ERR_LIMIT);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(child_finds_exactly_what_it_was_given),
	    cmocka_unit_test(file_that_cannot_be_executed_is_told_by_the_status),
	    cmocka_unit_test(environment_loses_what_is_not_the_workers),
	    cmocka_unit_test(tunables_of_the_administrator_stay),
	    cmocka_unit_test(too_long_an_environment_is_refused),
	};

	if (argc == 3 && strcmp(argv[1], "child") == 0)
		return child(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
