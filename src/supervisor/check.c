/*
 * check.c - see check.h
 */
#include "supervisor/check.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "shm/heritage.h"
#include "supervisor/spawn.h"

#define READ_CHUNK 1024
#define CHECK_ARGS_MAX (10 + 2 * CHECK_SETTINGS_MAX)
#define READS_PER_TURN 16
#define TEXT_OF_(number) #number
#define TEXT_OF(number) TEXT_OF_(number)
#define HANDOVER_TEXT TEXT_OF(HERITAGE_HANDOVER)
#define SEALS (F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL)

void
check_init(struct check *c)
{
	*c = (struct check){.pid = -1, .pidfd = -1, .memfd = -1, .err_fd = -1};
	buf_init(&c->text, CHECK_TEXT_MAX);
}

bool
check_is_running(const struct check *c)
{
	return c->pid > 0;
}

static void
forget(struct check *c)
{
	fd_close(&c->pidfd);
	fd_close(&c->memfd);
	fd_close(&c->err_fd);
	buf_fini(&c->text);
	check_init(c);
}

/* check --emit-fd 3 [--upgrade VERSION] [-c FILE] [-s KEY=VALUE]... */
static int
put_argv(const struct check_plan *plan, const char *argv[static CHECK_ARGS_MAX], struct err *err)
{
	size_t n = 0;
	size_t i;

	if (plan->sources->n_settings > CHECK_SETTINGS_MAX)
		return err_set(err, ERR_LIMIT, "more than %d -s options", CHECK_SETTINGS_MAX);
	argv[n++] = plan->argv0;
	argv[n++] = "check";
	argv[n++] = "--emit-fd";
	argv[n++] = "3";
	if (plan->serving_fd >= 0) {
		argv[n++] = "--upgrade";
		argv[n++] = HANDOVER_TEXT;
	}
	if (plan->sources->path != NULL) {
		argv[n++] = "-c";
		argv[n++] = plan->sources->path;
	}
	for (i = 0; i < plan->sources->n_settings; i++) {
		argv[n++] = "-s";
		argv[n++] = plan->sources->settings[i];
	}
	argv[n] = NULL;
	return 0;
}

static int
spawn_child(struct check *c, const struct check_plan *plan, int their_err_fd, struct err *err)
{
	const char *argv[CHECK_ARGS_MAX];
	const int fds[] = {c->memfd, plan->serving_fd};
	const char *env[SPAWN_ENV_MAX];
	struct spawn_plan spawn = {.exe = plan->exe,
				   .argv = argv,
				   .envp = env,
				   .fds = fds,
				   .n_fds = plan->serving_fd >= 0 ? 2 : 1,
				   .std_fds = {plan->null_fd, plan->null_fd, their_err_fd}};
	int r;

	r = put_argv(plan, argv, err);
	if (r == 0)
		r = spawn_check_env(plan->sources->environ, env, err);
	if (r < 0)
		return r;
	return spawn_start(&spawn, &c->pid, &c->pidfd, err);
}

int
check_start(struct check *c, const struct check_plan *plan, uint64_t now_ms, struct err *err)
{
	int pipe_fds[2] = {-1, -1};
	int r;

	must(!check_is_running(c));
	c->memfd = memfd_create("magento-mcp-config", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (c->memfd < 0 || pipe2(pipe_fds, O_CLOEXEC) < 0) {
		r = err_set_errno(err, ERR_IO, errno, "cannot prepare the check of the configuration");
		goto out;
	}
	c->err_fd = pipe_fds[0];
	c->is_dry_run = plan->serving_fd >= 0;
	r = fd_set_nonblock(c->err_fd, true);
	if (r == 0)
		r = spawn_child(c, plan, pipe_fds[1], err);
	c->deadline_ms = now_ms + CHECK_LIMIT_MS;
out:
	fd_close(&pipe_fds[1]);
	if (r < 0)
		forget(c);
	return r;
}

/* What does not fit is read all the same, so that the child never waits for us. */
void
check_read(struct check *c)
{
	char chunk[READ_CHUNK];
	size_t room;
	ssize_t n;
	int i;

	for (i = 0; i < READS_PER_TURN && c->err_fd >= 0; i++) {
		n = read(c->err_fd, chunk, sizeof(chunk));
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n <= 0) {
			fd_close(&c->err_fd);
			return;
		}
		room = CHECK_TEXT_MAX - c->text.len;
		(void)buf_put(&c->text, chunk, (size_t)n < room ? (size_t)n : room);
	}
}

void
check_expire(struct check *c, uint64_t now_ms)
{
	if (!check_is_running(c) || now_ms < c->deadline_ms)
		return;
	c->is_late = true;
	c->deadline_ms = UINT64_MAX;
	(void)kill(c->pid, SIGKILL);
}

bool
check_reap(struct check *c, int *wait_status_r)
{
	pid_t r;

	if (!check_is_running(c))
		return false;
	r = waitpid(c->pid, wait_status_r, WNOHANG);
	if (r == 0)
		return false;
	if (r < 0)
		*wait_status_r = -1;
	c->pid = -1;
	return true;
}

/* The child's last non-empty line is the one that says what is wrong; warnings come before it. */
static struct slice
last_line(struct slice text)
{
	struct slice line = SLICE_NONE;
	struct slice part;

	while (slice_next(&text, '\n', &part)) {
		if (slice_trim(part).len > 0)
			line = slice_trim(part);
	}
	return line;
}

static int
refuse(const struct check *c, int wait_status, struct err *err)
{
	struct slice line = last_line(buf_slice(&c->text));

	if (c->is_late)
		return err_set(err, ERR_TIMEOUT, "the check of the configuration did not end within %d s",
			       CHECK_LIMIT_MS / 1000);
	if (spawn_judge(wait_status, "the program that checks the configuration", err) < 0)
		return err->code;
	if (line.len > 0)
		return err_set(err, ERR_INVALID, "%.*s", SLICE_FMT(slice_sub(line, 0, ERR_TEXT_MAX - 1)));
	return err_set(err, ERR_IO, "the check of the configuration ended with %s %d and said nothing",
		       WIFSIGNALED(wait_status) ? "signal" : "status",
		       WIFSIGNALED(wait_status) ? WTERMSIG(wait_status) : WEXITSTATUS(wait_status));
}

/* A program that says nothing is none of ours, whatever its exit status. */
static int
seal(int memfd, struct err *err)
{
	struct stat st;

	if (fcntl(memfd, F_ADD_SEALS, SEALS) < 0 || fstat(memfd, &st) < 0)
		return err_set_errno(err, ERR_IO, errno, "cannot seal the configuration");
	return st.st_size > 0 ? 0 : err_set(err, ERR_INVALID, "the program that checks the configuration gave none");
}

int
check_finish(struct check *c, int wait_status, struct config **cfg_r, int *memfd_r, struct err *err)
{
	int r;

	*cfg_r = NULL;
	*memfd_r = -1;
	check_read(c);
	if (!WIFEXITED(wait_status) || WEXITSTATUS(wait_status) != 0) {
		r = refuse(c, wait_status, err);
	} else {
		r = seal(c->memfd, err);
		if (r == 0 && !c->is_dry_run)
			r = config_read_rendered(c->memfd, cfg_r, err);
		if (c->text.len > 0)
			log_write(LOG_NOTICE, "check", LOG_SLICE("text", buf_slice(&c->text)), LOG_END);
	}
	if (r == 0) {
		*memfd_r = c->memfd;
		c->memfd = -1;
	}
	forget(c);
	return r;
}

/* Not waited for here: its death is told like every other one, and check_finish() then says that it failed. */
void
check_cancel(struct check *c)
{
	if (check_is_running(c))
		(void)kill(c->pid, SIGKILL);
}

void
check_fini(struct check *c)
{
	forget(c);
}
