/*
 * spawn.h - fork + exec with a fixed descriptor list
 *
 * The child has stdin, stdout and stderr as given, fds[i] at number 3 + i and nothing else open; an empty signal mask
 * and default dispositions; PR_SET_PDEATHSIG(SIGTERM), and it never runs when the supervisor died in between.
 */
#ifndef SUPERVISOR_SPAWN_H
#define SUPERVISOR_SPAWN_H

#include <stddef.h>
#include <sys/types.h>

#include "base/compiler.h"
#include "base/err.h"

#define SPAWN_EXE "/proc/self/exe"
#define SPAWN_FDS_MAX 96
#define SPAWN_ENV_MAX 1024
#define SPAWN_FD_CLOSED -2 /* in fds: this number stays closed */

struct spawn_plan {
	const char *exe; /* normally SPAWN_EXE: the file this process runs, also when it was replaced on disk */
	const char *const *argv;
	const char *const *envp;
	const int *fds; /* any numbers, any order */
	size_t n_fds;	/* <= SPAWN_FDS_MAX */
	int std_fds[3];
};

/* *pidfd_r is CLOEXEC, or -1 when the kernel gave none (SIGCHLD then tells).  ERR_IO when fork failed. */
int spawn_start(const struct spawn_plan *plan, pid_t *pid_r, int *pidfd_r, struct err *err) MUST_CHECK;

/* Of a child that ended: 0, or ERR_IO with "`what` cannot be executed" and why, when it was never executed. */
int spawn_judge(int wait_status, const char *what, struct err *err);

/*
 * A worker's environment: `environment` without what is the supervisor's own business (NOTIFY_SOCKET, LISTEN_*,
 * WATCHDOG_*) and without configuration and secrets, which reach a worker in the sealed memfd only.  Pointers are
 * borrowed.  GLIBC_TUNABLES is added where it is not set: see spawn.c.  ERR_LIMIT when SPAWN_ENV_MAX - 1 variables are
 * not enough: half an environment would be worse than none.
 */
int spawn_worker_env(char *const *environment, const char *env_r[static SPAWN_ENV_MAX], struct err *err) MUST_CHECK;

/* The same for the check child, which needs the configuration's variables. */
int spawn_check_env(char *const *environment, const char *env_r[static SPAWN_ENV_MAX], struct err *err) MUST_CHECK;

#endif
