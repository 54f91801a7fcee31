/*
 * keeper_role.c - see keeper_role.h
 */
#include "supervisor/keeper_role.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/rand.h"
#include "supervisor/house.h"
#include "supervisor/spawn.h"

void
keeper_role_init(struct keeper_role *role)
{
	*role = (struct keeper_role){.listen_fd = -1, .pid = -1, .pidfd = -1, .control = -1};
}

void
keeper_role_fini(struct keeper_role *role)
{
	fd_close(&role->control);
	fd_close(&role->pidfd);
	if (role->listen_fd >= 0)
		(void)unlink(role->path);
	fd_close(&role->listen_fd);
	free(role->path);
	role->path = NULL;
}

int
keeper_role_listen(struct keeper_role *role, const char *state_dir, struct err *err)
{
	if (asprintf(&role->path, "%s/" HERITAGE_KEEPER_SOCKET, state_dir) < 0) {
		role->path = NULL;
		return err_set(err, ERR_NOMEM, "not enough memory");
	}
	role->listen_fd = sockets_open_unix(role->path, err);
	return role->listen_fd < 0 ? role->listen_fd : 0;
}

/* ---- Starting ---- */

static int
spawn_process(struct house *h, const struct generation *g, int their_control, struct err *err)
{
	struct keeper_role *role = &h->keeper;
	int out = h->log_fd >= 0 ? h->log_fd : STDERR_FILENO;
	const int fds[] = {their_control, SPAWN_FD_CLOSED, SPAWN_FD_CLOSED, g->config_fd, role->listen_fd};
	const char *env[SPAWN_ENV_MAX];
	const char *argv[] = {h->options->name, "keeper", NULL};
	const struct spawn_plan plan = {.exe = h->options->exe,
					.argv = argv,
					.envp = env,
					.fds = fds,
					.n_fds = ARRAY_LEN(fds),
					.std_fds = {h->null_fd, h->log_fd >= 0 ? h->log_fd : STDOUT_FILENO, out}};
	int r = spawn_worker_env(h->options->sources->environ, env, err);

	return r < 0 ? r : spawn_start(&plan, &role->pid, &role->pidfd, err);
}

static int
start_process(struct house *h, const struct generation *g, struct err *err)
{
	int pair[2] = {-1, -1};
	int r;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
		return err_set_errno(err, ERR_IO, errno, "cannot make a control socket");
	r = spawn_process(h, g, pair[1], err);
	fd_close(&pair[1]);
	if (r < 0) {
		fd_close(&pair[0]);
		return r;
	}
	h->keeper.control = pair[0];
	return 0;
}

static void
wait_to_respawn(struct house *h, uint64_t now_ms)
{
	struct keeper_role *role = &h->keeper;
	struct backoff_death death = {.now_ms = now_ms, .was_ready = role->ready_at_ms != 0, .jitter = rand_u64()};
	uint64_t delay_ms;

	delay_ms = backoff_next(&role->backoff, &death);
	role->state = KEEPER_ROLE_WAITING;
	role->deadline_ms = now_ms + delay_ms;
	role->ready_at_ms = 0;
	role->respawns++;
	board_service_add(h->segment, BOARD_KEEPER_RESPAWNS);
	if (delay_ms > 0)
		log_write(LOG_NOTICE, "keeper_delayed", LOG_U64("delay_ms", delay_ms), LOG_END);
	else
		role->deadline_ms = now_ms > 0 ? now_ms : 1; /* 0 would be none */
}

void
keeper_role_start(struct house *h, uint64_t now_ms)
{
	const struct generation *g = h->serving != NULL ? h->serving : h->incoming;
	struct keeper_role *role = &h->keeper;
	struct err err;

	if (role->listen_fd < 0 || role->pid > 0 || g == NULL)
		return;
	role->is_wanted = true;
	role->state = KEEPER_ROLE_STARTING;
	role->generation = g->number;
	role->started_ms = now_ms;
	role->ready_at_ms = 0;
	role->deadline_ms = 0; /* the check of a large file takes its time */
	role->failed_text[0] = '\0';
	if (start_process(h, g, &err) == 0) {
		log_write(LOG_INFO, "keeper_started", LOG_I64("keeper_pid", role->pid), LOG_END);
		return;
	}
	log_write(LOG_ERROR, "keeper_not_started", LOG_STR("error", err.text), LOG_END);
	wait_to_respawn(h, now_ms);
}

/* ---- Ending ---- */

static int
tell(const struct keeper_role *role, enum control_type type, const int *fd)
{
	const struct control_message message = {.type = type};

	if (role->control < 0)
		return ERR_CLOSED;
	return fd_send(role->control, &message, sizeof(message), fd, fd != NULL ? 1 : 0);
}

static void
stop(struct keeper_role *role, uint64_t now_ms)
{
	if (role->state == KEEPER_ROLE_STOPPING)
		return;
	role->state = KEEPER_ROLE_STOPPING;
	role->deadline_ms = now_ms + HOUSE_GRACE_MS;
	if (tell(role, CONTROL_STOP, NULL) < 0)
		(void)kill(role->pid, SIGTERM);
}

void
keeper_role_replace(struct house *h, uint64_t now_ms)
{
	struct keeper_role *role = &h->keeper;

	if (role->pid > 0) {
		stop(role, now_ms);
		return;
	}
	if (role->state != KEEPER_ROLE_ABSENT)
		role->backoff = (struct backoff){0};
	keeper_role_start(h, now_ms);
}

bool
keeper_role_end(struct house *h, uint64_t now_ms)
{
	struct keeper_role *role = &h->keeper;

	role->is_wanted = false;
	if (role->pid > 0) {
		stop(role, now_ms);
		return false;
	}
	role->state = KEEPER_ROLE_ABSENT;
	role->deadline_ms = 0;
	return true;
}

static void
kill_it(struct keeper_role *role, const char *why, uint64_t now_ms)
{
	log_write(LOG_ERROR, "keeper_killed", LOG_I64("keeper_pid", role->pid), LOG_STR("why", why), LOG_END);
	(void)kill(role->pid, SIGKILL);
	role->state = KEEPER_ROLE_STOPPING;
	role->deadline_ms = now_ms + HOUSE_GRACE_MS;
}

void
keeper_role_send_log(struct house *h)
{
	if (h->keeper.pid > 0 && h->log_fd >= 0 && tell(&h->keeper, CONTROL_REOPEN, &h->log_fd) < 0)
		log_write(LOG_WARN, "reopen_not_told", LOG_STR("child", "keeper"), LOG_END);
}

/* ---- Watching ---- */

static void
become_ready(struct keeper_role *role, uint64_t now_ms)
{
	if (role->state != KEEPER_ROLE_STARTING)
		return;
	role->state = KEEPER_ROLE_READY;
	role->ready_at_ms = now_ms;
	role->was_ready = true;
	log_write(LOG_INFO, "keeper_ready", LOG_I64("keeper_pid", role->pid), LOG_U64("ms", now_ms - role->started_ms),
		  LOG_END);
}

/* Reads all messages that wait.  True at EOF or nonsense. */
static bool
read_control(struct keeper_role *role, uint64_t now_ms)
{
	struct control_message message;
	int r = ERR_AGAIN;

	while (role->control >= 0) {
		r = fd_recv(role->control, &message, sizeof(message), NULL, NULL);
		if (r != (int)sizeof(message))
			break;
		role->heard_ms = now_ms;
		if (message.type == CONTROL_READY)
			become_ready(role, now_ms);
		else if (message.type == CONTROL_FAILED)
			(void)snprintf(role->failed_text, sizeof(role->failed_text), "%.*s", CONTROL_TEXT_MAX - 1,
				       message.text);
	}
	return r != ERR_AGAIN;
}

void
keeper_role_hear(struct house *h, uint64_t now_ms)
{
	struct keeper_role *role = &h->keeper;

	if (!read_control(role, now_ms))
		return;
	fd_close(&role->control);
	if (!keeper_role_reap(h, now_ms) && role->state != KEEPER_ROLE_STOPPING) {
		role->state = KEEPER_ROLE_STOPPING;
		role->deadline_ms = now_ms + HOUSE_GRACE_MS; /* it knows that it has to end */
	}
}

/* A file that cannot be used is the operator's to cure, and while the service starts he is there. */
static void
refuse(struct house *h, uint64_t now_ms)
{
	struct keeper_role *role = &h->keeper;

	role->state = KEEPER_ROLE_REFUSED;
	log_write(LOG_ERROR, "keeper_refused", LOG_STR("text", role->failed_text), LOG_END);
	(void)snprintf(h->incoming->failure, sizeof(h->incoming->failure), "keeper: %s",
		       role->failed_text[0] != '\0' ? role->failed_text : "the database cannot be used");
	service_event(h, SERVICE_EV_GEN_FAILED, now_ms);
}

static void
after_death(struct house *h, int wait_status, uint64_t now_ms)
{
	struct keeper_role *role = &h->keeper;
	bool was_told = role->state == KEEPER_ROLE_STOPPING && WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0;

	role->deadline_ms = 0;
	if (!role->is_wanted)
		role->state = KEEPER_ROLE_ABSENT;
	else if (h->state == SERVICE_STARTING && h->incoming != NULL && WIFEXITED(wait_status) &&
		 WEXITSTATUS(wait_status) == EXIT_STATUS_CONFIG)
		refuse(h, now_ms);
	else if (was_told)
		keeper_role_start(h, now_ms);
	else
		wait_to_respawn(h, now_ms);
}

static void
note_unborn(struct keeper_role *role, int wait_status)
{
	struct err err;

	if (spawn_judge(wait_status, "the program", &err) < 0)
		(void)snprintf(role->failed_text, sizeof(role->failed_text), "%.*s", CONTROL_TEXT_MAX - 1, err.text);
}

bool
keeper_role_reap(struct house *h, uint64_t now_ms)
{
	struct keeper_role *role = &h->keeper;
	int wait_status = 0;
	bool by_signal;
	pid_t r;

	if (role->pid <= 0)
		return false;
	r = waitpid(role->pid, &wait_status, WNOHANG);
	if (r == 0)
		return false;
	if (r < 0)
		wait_status = 0; /* somebody else has reaped it */
	(void)read_control(role, now_ms);
	by_signal = WIFSIGNALED(wait_status);
	note_unborn(role, wait_status);
	log_write(wait_status == 0 ? LOG_INFO : LOG_ERROR, "keeper_ended", LOG_I64("keeper_pid", role->pid),
		  LOG_STR("by", by_signal ? "signal" : "exit"),
		  LOG_I64("status", by_signal ? WTERMSIG(wait_status) : WEXITSTATUS(wait_status)),
		  LOG_U64("lived_ms", now_ms - role->started_ms),
		  LOG_STR("text", role->failed_text[0] != '\0' ? role->failed_text : NULL), LOG_END);
	fd_close(&role->control);
	fd_close(&role->pidfd);
	role->pid = -1;
	after_death(h, wait_status, now_ms);
	return true;
}

void
keeper_role_due(struct house *h, uint64_t now_ms)
{
	struct keeper_role *role = &h->keeper;

	if (role->state == KEEPER_ROLE_READY && heartbeat_age(&h->watch, role->heard_ms, now_ms) >= KEEPER_ROLE_HUNG_MS)
		kill_it(role, "it does not answer", now_ms);
	if (role->deadline_ms == 0 || now_ms < role->deadline_ms)
		return;
	if (role->state == KEEPER_ROLE_WAITING)
		keeper_role_start(h, now_ms);
	else if (role->state == KEEPER_ROLE_STOPPING && role->pid > 0)
		kill_it(role, "it does not end", now_ms);
}

uint64_t
keeper_role_next_deadline(const struct house *h)
{
	return h->keeper.deadline_ms != 0 ? h->keeper.deadline_ms : UINT64_MAX;
}

const char *
keeper_role_state_name(enum keeper_role_state state)
{
	static const char *const names[KEEPER_ROLE_STATES] = {
	    [KEEPER_ROLE_ABSENT] = "absent", [KEEPER_ROLE_WAITING] = "waiting", [KEEPER_ROLE_STARTING] = "starting",
	    [KEEPER_ROLE_READY] = "ready",   [KEEPER_ROLE_REFUSED] = "refused", [KEEPER_ROLE_STOPPING] = "stopping",
	};

	return names[state];
}
