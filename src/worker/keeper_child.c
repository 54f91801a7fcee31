/*
 * keeper_child.c - see keeper_child.h.  Between fork and exec only async-signal-safe calls are made
 */
#include "keeper_child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "shm/heritage.h"

#define GONE_MS 5000 /* from the loss of its connection to SIGKILL */
#define LOOK_MS 10
#define KEEPER_FDS (HERITAGE_KEEPER_FD_LISTEN + 1)
#define NO_EXEC_STATUS 127

void
keeper_child_init(struct keeper_child *child, const struct config *config)
{
	*child = (struct keeper_child){.config = config, .pid = -1, .control = -1};
}

/* ---- starting ---- */

/* What the keeper is started with.  fds: by final number, -1 = closed. */
struct launch {
	int fds[KEEPER_FDS];
	char **env;
	pid_t parent;
};

static bool
is_passed_on(const char *variable)
{
	static const char *const without[] = {
	    "MAGENTO_", "MCP_", "FASTLY_", "NOTIFY_SOCKET=", "LISTEN_", "WATCHDOG_", "CREDENTIALS_DIRECTORY="};

	for (size_t i = 0; i < ARRAY_LEN(without); i++) {
		if (strncmp(variable, without[i], strlen(without[i])) == 0)
			return false;
	}
	return true;
}

/* Its configuration comes in a descriptor; the environment may hold secrets and stays behind. */
static char **
make_env(void)
{
	size_t n = 0, kept = 0;
	char **env;

	while (environ[n] != NULL)
		n++;
	env = calloc(n + 1, sizeof(*env));
	for (size_t i = 0; env != NULL && i < n; i++) {
		if (is_passed_on(environ[i]))
			env[kept++] = environ[i];
	}
	return env;
}

static void
reset_signals(void)
{
	struct sigaction dfl;
	sigset_t none;

	memset(&dfl, 0, sizeof(dfl));
	dfl.sa_handler = SIG_DFL;
	for (int sig = 1; sig < NSIG; sig++)
		(void)sigaction(sig, &dfl, NULL);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Parked above the final range first, so that no source is overwritten before it was copied. */
static bool
arrange_fds(const struct launch *launch)
{
	int parked[KEEPER_FDS];

	for (int i = 0; i < KEEPER_FDS; i++) {
		parked[i] = launch->fds[i] >= 0 ? fcntl(launch->fds[i], F_DUPFD_CLOEXEC, KEEPER_FDS) : -1;
		if (parked[i] < 0 && launch->fds[i] >= 0)
			return false;
	}
	for (int i = 0; i < KEEPER_FDS; i++) {
		if (parked[i] < 0)
			(void)close(i);
		else if (dup2(parked[i], i) < 0)
			return false;
	}
	return syscall(SYS_close_range, (unsigned int)KEEPER_FDS, ~0U, 0U) == 0;
}

NO_RETURN static void
become(const struct launch *launch)
{
	char name[] = "magento-mcp", role[] = "keeper";
	char *argv[] = {name, role, NULL};

	if (prctl(PR_SET_PDEATHSIG, SIGTERM) == 0 && getppid() == launch->parent && arrange_fds(launch)) {
		reset_signals();
		(void)execve("/proc/self/exe", argv, launch->env);
	}
	_exit(NO_EXEC_STATUS);
}

/* Signals wait until the child has its own handlers: ours would write into what both still share. */
static pid_t
fork_keeper(const struct launch *launch)
{
	sigset_t all, before;
	pid_t pid;

	sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &before);
	pid = fork();
	if (pid == 0)
		become(launch);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	return pid;
}

static int
render_config(const struct config *config)
{
	struct err err;
	struct buf text;
	int r;

	buf_init_secret(&text, CONFIG_RENDERED_MAX);
	r = config_render(config, &text);
	if (r == 0)
		r = fd_memfd_sealed("magento-mcp config", buf_slice(&text), &err);
	buf_fini(&text);
	return r;
}

static int
start(struct keeper_child *child, int their_control, int their_end)
{
	struct launch launch = {.parent = getpid()};
	int config = -1, null = -1;
	int r = ERR_AGAIN;

	config = render_config(child->config);
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	launch.env = make_env();
	if (config < 0 || null < 0 || launch.env == NULL)
		goto out;
	for (int i = 0; i < KEEPER_FDS; i++)
		launch.fds[i] = -1;
	launch.fds[STDIN_FILENO] = null;
	launch.fds[STDOUT_FILENO] = STDERR_FILENO; /* standard output belongs to the protocol */
	launch.fds[STDERR_FILENO] = STDERR_FILENO;
	launch.fds[HERITAGE_FD_CONTROL] = their_control;
	launch.fds[HERITAGE_FD_CONFIG] = config;
	launch.fds[HERITAGE_KEEPER_FD_LISTEN] = their_end;
	child->pid = fork_keeper(&launch);
	r = child->pid > 0 ? 0 : ERR_AGAIN;
out:
	fd_close(&config);
	fd_close(&null);
	free(launch.env);
	return r;
}

/* ---- ending ---- */

static bool
is_gone(struct keeper_child *child)
{
	int status = 0;
	pid_t pid = child->pid > 0 ? waitpid(child->pid, &status, WNOHANG) : -1;

	if (pid == 0)
		return false;
	if (pid > 0 && (!WIFEXITED(status) || WEXITSTATUS(status) != 0))
		log_write(LOG_WARN, "keeper_died", LOG_I64("status", status), LOG_END);
	child->pid = -1;
	fd_close(&child->control);
	return true;
}

/* To ask for another means that the connection to this one is lost. */
static void
abandon(struct keeper_child *child)
{
	uint64_t now_ms = clock_mono_ms();

	fd_close(&child->control);
	if (child->abandoned_ms == 0)
		child->abandoned_ms = now_ms;
	else if (now_ms - child->abandoned_ms > GONE_MS)
		(void)kill(child->pid, SIGKILL);
}

void
keeper_child_reap(struct keeper_child *child)
{
	if (child->pid > 0)
		(void)is_gone(child);
}

void
keeper_child_end(struct keeper_child *child)
{
	if (child->pid <= 0)
		return;
	abandon(child);
	while (!is_gone(child)) {
		(void)poll(NULL, 0, LOOK_MS);
		abandon(child);
	}
}

/* ---- one at a time ---- */

int
keeper_child_connect(void *ctx)
{
	struct keeper_child *child = ctx;
	int control[2] = {-1, -1}, data[2] = {-1, -1};
	int r = ERR_AGAIN;

	keeper_child_reap(child);
	if (child->pid > 0) {
		abandon(child);
		return ERR_AGAIN;
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, control) == 0 &&
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, data) == 0)
		r = start(child, control[1], data[1]);
	fd_close(&control[1]);
	fd_close(&data[1]);
	if (r < 0) {
		log_write(LOG_ERROR, "keeper_not_started", LOG_STR("error", strerror(errno)), LOG_END);
		fd_close(&control[0]);
		fd_close(&data[0]);
		return r;
	}
	child->control = control[0];
	child->abandoned_ms = 0;
	return data[0];
}
