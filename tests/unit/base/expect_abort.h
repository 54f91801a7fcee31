/*
 * expect_abort.h - proves that a must() bites: the body runs in a child, which must die by SIGABRT
 */
#ifndef EXPECT_ABORT_H
#define EXPECT_ABORT_H

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static inline void
expect_abort(void (*body)(void *arg), void *arg)
{
	const struct rlimit no_core = {0, 0};
	int status = 0;
	pid_t pid;

	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		int quiet = open("/dev/null", O_WRONLY | O_CLOEXEC);

		dup2(quiet, STDERR_FILENO);
		setrlimit(RLIMIT_CORE, &no_core);
		body(arg);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

#endif
