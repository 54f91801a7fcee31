/*
 * spawn.c - see spawn.h.  Between fork and exec only async-signal-safe calls are made, and nothing is allocated
 */
#include "supervisor/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"

#define FIRST_FD 3
/* Where descriptors are parked while the final numbers are being filled. */
#define PARK_FD (FIRST_FD + SPAWN_FDS_MAX)
/* A child that cannot be executed has nothing but its exit status to say why: this plus errno.  No role uses those. */
#define EXIT_FAILURES 128
#define EXIT_MAX 255

static void
reset_signals(void)
{
	struct sigaction dfl;
	sigset_t none;
	int sig;

	memset(&dfl, 0, sizeof(dfl));
	dfl.sa_handler = SIG_DFL;
	for (sig = 1; sig < NSIG; sig++)
		(void)sigaction(sig, &dfl, NULL); /* KILL, STOP and libc's own are refused, which is fine */
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/*
 * Gives every descriptor its final number.  All are parked above the final range first, so that no source is
 * overwritten before it was copied.
 */
static bool
arrange_fds(const struct spawn_plan *plan)
{
	int parked[3 + SPAWN_FDS_MAX];
	size_t i;
	int fd;

	for (i = 0; i < 3 + plan->n_fds; i++) {
		fd = i < 3 ? plan->std_fds[i] : plan->fds[i - 3];
		parked[i] = fd;
		if (fd == SPAWN_FD_CLOSED)
			continue;
		parked[i] = fcntl(fd, F_DUPFD_CLOEXEC, PARK_FD);
		if (parked[i] < 0)
			return false;
	}
	for (i = 0; i < 3 + plan->n_fds; i++) {
		if (parked[i] == SPAWN_FD_CLOSED)
			(void)close((int)i);
		else if (dup2(parked[i], (int)i) < 0)
			return false;
	}
	return syscall(SYS_close_range, (unsigned int)(FIRST_FD + plan->n_fds), ~0U, 0U) == 0;
}

NO_RETURN static void
become(const struct spawn_plan *plan, pid_t supervisor)
{
	union {
		const char *const *in;
		char *const *out;
	} argv = {plan->argv}, envp = {plan->envp}; /* execve(2) takes them without const, and changes nothing */

	errno = ESRCH; /* unless it is something else: the supervisor is gone */
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) == 0 && getppid() == supervisor && arrange_fds(plan)) {
		reset_signals();
		(void)execve(plan->exe, argv.out, envp.out);
	}
	_exit(EXIT_FAILURES + (errno < EXIT_MAX - EXIT_FAILURES ? errno : EXIT_MAX - EXIT_FAILURES));
}

int
spawn_judge(int wait_status, const char *what, struct err *err)
{
	int errno_value = WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) - EXIT_FAILURES : 0;

	if (errno_value <= 0)
		return 0;
	return err_set_errno(err, ERR_IO, errno_value, "%s cannot be executed", what);
}

int
spawn_start(const struct spawn_plan *plan, pid_t *pid_r, int *pidfd_r, struct err *err)
{
	pid_t self = getpid();
	pid_t pid;

	must(plan->n_fds <= SPAWN_FDS_MAX);
	*pid_r = -1;
	*pidfd_r = -1;
	pid = fork();
	if (pid < 0)
		return err_set_errno(err, ERR_IO, errno, "cannot start another process");
	if (pid == 0)
		become(plan, self);
	*pid_r = pid;
	*pidfd_r = (int)syscall(SYS_pidfd_open, pid, 0U); /* CLOEXEC by definition */
	return 0;
}

static bool
has_prefix(const char *text, const char *const *prefixes)
{
	for (; *prefixes != NULL; prefixes++) {
		if (strncmp(text, *prefixes, strlen(*prefixes)) == 0)
			return true;
	}
	return false;
}

static int
copy_env_without(char *const *environment, const char *const *prefixes, const char **env_r, struct err *err)
{
	size_t n = 0;

	env_r[0] = NULL;
	for (; environment != NULL && *environment != NULL; environment++) {
		if (has_prefix(*environment, prefixes))
			continue;
		if (n + 1 >= SPAWN_ENV_MAX)
			return err_set(err, ERR_LIMIT, "more than %d environment variables; unset some",
				       SPAWN_ENV_MAX - 1);
		env_r[n++] = *environment;
		env_r[n] = NULL;
	}
	return 0;
}

/*
 * A tree of JSON is hundreds of small blocks, of which glibc keeps seven of a size at hand.  It reads this when a
 * program starts and at no other time.  What an administrator has set goes first.
 */
static int
add_tunables(const char **env, struct err *err)
{
	static const char *const names[] = {"GLIBC_TUNABLES=", NULL};
	size_t n = 0;

	for (; env[n] != NULL; n++) {
		if (has_prefix(env[n], names))
			return 0;
	}
	if (n + 1 >= SPAWN_ENV_MAX)
		return err_set(err, ERR_LIMIT, "more than %d environment variables; unset some", SPAWN_ENV_MAX - 2);
	env[n] = "GLIBC_TUNABLES=glibc.malloc.tcache_count=64";
	env[n + 1] = NULL;
	return 0;
}

int
spawn_worker_env(char *const *environment, const char *env_r[static SPAWN_ENV_MAX], struct err *err)
{
	static const char *const without[] = {
	    "NOTIFY_SOCKET=", "LISTEN_", "WATCHDOG_", "MAGENTO_", "MCP_", "FASTLY_", "CREDENTIALS_DIRECTORY=", NULL};
	int r = copy_env_without(environment, without, env_r, err);

	return r < 0 ? r : add_tunables(env_r, err);
}

int
spawn_check_env(char *const *environment, const char *env_r[static SPAWN_ENV_MAX], struct err *err)
{
	static const char *const without[] = {"NOTIFY_SOCKET=", "LISTEN_", "WATCHDOG_", NULL};

	return copy_env_without(environment, without, env_r, err);
}
