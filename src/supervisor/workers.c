/*
 * workers.c - the actions of the worker table: start, tell, watch
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/rand.h"
#include "supervisor/house.h"
#include "supervisor/mourn.h"
#include "supervisor/spawn.h"

void
workers_init(struct house *h)
{
	uint32_t i;

	for (i = 0; i < BOARD_ROWS; i++)
		h->workers[i] = (struct worker){.state = WORKER_FREE, .slot = i, .pid = -1, .pidfd = -1, .control = -1};
}

/* ---- Messages to a worker ---- */

static int
send_control(const struct worker *w, enum control_type type, uint64_t value, const int *fds, size_t n_fds)
{
	struct control_message message = {.type = type, .slot = w->slot, .value = value};

	if (w->generation != NULL)
		message.generation = w->generation->number;
	if (w->control < 0)
		return ERR_CLOSED;
	return fd_send(w->control, &message, sizeof(message), fds, n_fds);
}

/* A worker that cannot be told by message is told by signal: TERM means drain. */
static void
tell(const struct worker *w, enum control_type type, uint64_t value)
{
	if (send_control(w, type, value, NULL, 0) < 0 && w->pid > 0)
		(void)kill(w->pid, SIGTERM);
}

static int
send_logs(const struct house *h, const struct worker *w)
{
	int fds[2];
	size_t n = 0;
	uint64_t which = 0;

	if (h->log_fd >= 0) {
		fds[n++] = h->log_fd;
		which |= CONTROL_REOPEN_LOG;
	}
	if (w->generation->audit_fd >= 0) {
		fds[n++] = w->generation->audit_fd;
		which |= CONTROL_REOPEN_AUDIT;
	}
	return n > 0 ? send_control(w, CONTROL_REOPEN, which, fds, n) : 0;
}

void
workers_send_logs(struct house *h)
{
	uint32_t i;

	for (i = 0; i < BOARD_ROWS; i++) {
		if (h->workers[i].pid > 0 && send_logs(h, &h->workers[i]) < 0)
			log_write(LOG_WARN, "reopen_not_told", LOG_U64("worker", i), LOG_END);
	}
}

/* ---- Starting ---- */

static int
send_hello(const struct house *h, const struct worker *w, int control)
{
	struct control_message hello = {.type = CONTROL_HELLO,
					.slot = w->slot,
					.generation = w->generation->number,
					.n_listeners = (uint32_t)h->listeners.n_mcp,
					.n_admin = (uint32_t)h->listeners.n_admin};

	return fd_send(control, &hello, sizeof(hello), NULL, 0);
}

static int
spawn_process(struct house *h, struct worker *w, int their_control, struct err *err)
{
	int out = h->log_fd >= 0 ? h->log_fd : STDERR_FILENO;
	int fds[SPAWN_FDS_MAX] = {their_control,
				  segment_fd(h->segment),
				  segment_keys_fd(h->keys),
				  w->generation->config_fd,
				  w->generation->audit_fd >= 0 ? w->generation->audit_fd : h->null_fd,
				  h->inboxes.reading[w->slot]};
	size_t n = HERITAGE_FD_POST - HERITAGE_FD_CONTROL;
	const char *env[SPAWN_ENV_MAX];
	char slot[16];
	const char *argv[] = {h->options->name, "worker", slot, NULL};
	struct spawn_plan plan = {.exe = h->options->exe,
				  .argv = argv,
				  .envp = env,
				  .fds = fds,
				  .std_fds = {h->null_fd, h->log_fd >= 0 ? h->log_fd : STDOUT_FILENO, out}};
	size_t i;
	int r;

	for (i = 0; i < HERITAGE_INBOXES; i++)
		fds[n++] = h->inboxes.writing[i];
	for (i = 0; i < h->listeners.n_mcp + h->listeners.n_admin; i++)
		fds[n++] = h->listeners.items[i].fd;
	plan.n_fds = n;
	(void)snprintf(slot, sizeof(slot), "%u", w->slot);
	r = spawn_worker_env(h->options->sources->environ, env, err);
	return r < 0 ? r : spawn_start(&plan, &w->pid, &w->pidfd, err);
}

/* The greeting lies in the socket before the worker exists. */
static int
start_process(struct house *h, struct worker *w, struct err *err)
{
	int pair[2] = {-1, -1};
	int r;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
		return err_set_errno(err, ERR_IO, errno, "cannot make a control socket");
	r = send_hello(h, w, pair[0]);
	if (r < 0)
		(void)err_set(err, r, "cannot use a control socket (%s)", err_name(r));
	if (r == 0)
		r = spawn_process(h, w, pair[1], err);
	fd_close(&pair[1]);
	if (r < 0) {
		fd_close(&pair[0]);
		return r;
	}
	w->control = pair[0];
	return 0;
}

static void
act_spawn(struct house *h, struct worker *w, uint64_t now_ms)
{
	struct err err;

	w->started_ms = now_ms;
	w->ready_at_ms = 0;
	w->is_late = false;
	w->failed_text[0] = '\0';
	w->deadline_ms = now_ms + h->options->ready_limit_ms;
	if (start_process(h, w, &err) < 0) {
		log_write(LOG_ERROR, "worker_not_started", LOG_U64("worker", w->slot), LOG_STR("error", err.text),
			  LOG_END);
		(void)snprintf(w->failed_text, sizeof(w->failed_text), "%.*s", CONTROL_TEXT_MAX - 1, err.text);
		worker_event(h, w, WORKER_EV_UNBORN, now_ms);
		return;
	}
	log_write(LOG_INFO, "worker_started", LOG_U64("worker", w->slot), LOG_I64("worker_pid", w->pid),
		  LOG_U64("generation", w->generation->number), LOG_END);
}

static void
act_serve(struct worker *w, uint64_t now_ms)
{
	w->ready_at_ms = now_ms;
	w->deadline_ms = 0;
	log_write(LOG_INFO, "worker_ready", LOG_U64("worker", w->slot), LOG_I64("worker_pid", w->pid),
		  LOG_U64("generation", w->generation->number), LOG_U64("ms", now_ms - w->started_ms), LOG_END);
}

/* ---- Ending ---- */

static void
release(struct worker *w)
{
	w->generation = NULL;
	w->deadline_ms = 0;
	w->ready_at_ms = 0;
	w->respawns = 0;
}

static void
act_respawn(struct worker *w, uint64_t now_ms)
{
	struct backoff_death death = {.now_ms = now_ms, .was_ready = w->ready_at_ms != 0, .jitter = rand_u64()};
	uint64_t delay_ms;

	if (!death.was_ready)
		w->generation->died_early++;
	delay_ms = backoff_next(&w->backoff, &death);
	w->deadline_ms = now_ms + delay_ms;
	w->respawns++;
	mourn_keep_reason(w);
	if (delay_ms > 0)
		log_write(LOG_NOTICE, "worker_delayed", LOG_U64("worker", w->slot), LOG_U64("delay_ms", delay_ms),
			  LOG_BOOL("was_ready", death.was_ready), LOG_END);
	w->ready_at_ms = 0;
}

static void
act_give_up(struct worker *w)
{
	w->generation->gave_up++;
	mourn_keep_reason(w);
	log_write(LOG_ERROR, "worker_refused", LOG_U64("worker", w->slot), LOG_U64("generation", w->generation->number),
		  LOG_STR("text", w->failed_text), LOG_END);
	release(w);
}

static void
act_kill(struct worker *w, int sig, uint64_t now_ms)
{
	log_write(LOG_WARN, sig == SIGKILL ? "worker_killed" : "worker_aborted", LOG_U64("worker", w->slot),
		  LOG_I64("worker_pid", w->pid), LOG_END);
	if (w->pid > 0)
		(void)kill(w->pid, sig);
	if (w->pid > 0 && sig == SIGABRT)
		(void)kill(w->pid, SIGCONT); /* one that was stopped can say its last words, too */
	w->deadline_ms = now_ms + (sig == SIGKILL ? HOUSE_GRACE_MS : HEARTBEAT_ABORT_MS);
}

static void
act_leave(struct worker *w, enum control_type type, uint64_t now_ms)
{
	uint64_t drain_ms = type == CONTROL_RETIRE ? w->generation->settings.drain_ms : 0;

	w->deadline_ms = now_ms + drain_ms + HOUSE_GRACE_MS;
	tell(w, type, drain_ms);
}

static void
act(struct house *h, struct worker *w, enum worker_action action, uint64_t now_ms)
{
	switch (action) {
	case WORKER_SPAWN:
		act_spawn(h, w, now_ms);
		break;
	case WORKER_SERVE:
		act_serve(w, now_ms);
		break;
	case WORKER_AWAIT:
		w->deadline_ms = now_ms + w->generation->settings.drain_ms + HOUSE_GRACE_MS;
		break;
	case WORKER_RETIRE:
		act_leave(w, CONTROL_RETIRE, now_ms);
		break;
	case WORKER_STOP:
		act_leave(w, CONTROL_STOP, now_ms);
		break;
	case WORKER_ABORT:
		act_kill(w, SIGABRT, now_ms);
		break;
	case WORKER_KILL:
		act_kill(w, SIGKILL, now_ms);
		break;
	case WORKER_RESPAWN:
		act_respawn(w, now_ms);
		break;
	case WORKER_GIVE_UP:
		act_give_up(w);
		break;
	case WORKER_RELEASE:
		release(w);
		break;
	case WORKER_NOTE: /* the text is there already: worker_hear() put it */
	case WORKER_NONE:
	case WORKER_BUG:
	case WORKER_ACTIONS:
		break;
	}
}

void
worker_event(struct house *h, struct worker *w, enum worker_event event, uint64_t now_ms)
{
	struct worker_step step = states_worker(w->state, event);

	if (step.action == WORKER_BUG)
		log_write(LOG_ERROR, "impossible_event", LOG_U64("worker", w->slot), LOG_U64("worker_event", event),
			  LOG_STR("state", states_worker_name(w->state)), LOG_END);
	w->state = step.next;
	act(h, w, step.action, now_ms);
}

void
workers_tell(struct house *h, const struct generation *g, enum worker_event event, uint64_t now_ms)
{
	uint32_t i;

	for (i = 0; i < BOARD_ROWS; i++) {
		if (g == NULL || h->workers[i].generation == g)
			worker_event(h, &h->workers[i], event, now_ms);
	}
}

void
workers_start(struct house *h, struct generation *g, uint64_t now_ms)
{
	uint32_t started = 0;
	uint32_t i;

	for (i = 0; i < BOARD_ROWS && started < g->wanted; i++) {
		if (h->workers[i].state != WORKER_FREE)
			continue;
		h->workers[i].generation = g;
		h->workers[i].backoff = (struct backoff){0};
		worker_event(h, &h->workers[i], WORKER_EV_WANTED, now_ms);
		started++;
	}
}

/* ---- Watching ---- */

bool
worker_read_control(struct house *h, struct worker *w, uint64_t now_ms)
{
	struct control_message message;
	int r = ERR_AGAIN;

	while (w->control >= 0) {
		r = fd_recv(w->control, &message, sizeof(message), NULL, NULL);
		if (r != (int)sizeof(message))
			break;
		if (message.type == CONTROL_READY) {
			w->is_confined = message.value != 0;
			worker_event(h, w, WORKER_EV_READY, now_ms);
		} else if (message.type == CONTROL_FAILED) {
			(void)snprintf(w->failed_text, sizeof(w->failed_text), "%.*s", CONTROL_TEXT_MAX - 1,
				       message.text);
			worker_event(h, w, WORKER_EV_FAILED, now_ms);
		}
	}
	return r != ERR_AGAIN;
}

/* EOF counts only while it lives: its death says more. */
void
worker_hear(struct house *h, struct worker *w, uint64_t now_ms)
{
	if (!worker_read_control(h, w, now_ms))
		return;
	fd_close(&w->control);
	if (!worker_reap(h, w, now_ms))
		worker_event(h, w, WORKER_EV_EOF, now_ms);
}

void
workers_due(struct house *h, uint64_t now_ms)
{
	uint32_t i;

	for (i = 0; i < BOARD_ROWS; i++) {
		struct worker *w = &h->workers[i];

		if (w->deadline_ms != 0 && now_ms >= w->deadline_ms)
			worker_event(h, w, w->state == WORKER_WAITING ? WORKER_EV_DUE : WORKER_EV_DEADLINE, now_ms);
	}
}

static uint64_t
heart_age(const struct house *h, const struct worker *w, uint64_t now_ms)
{
	const struct board_row *row = board_row(h->segment, w->slot);
	uint64_t beat_ms = w->ready_at_ms;

	if (w->generation->is_foreign)
		return 0; /* beats on a board that is not ours */
	if (board_pid(row) == w->pid && board_heartbeat_ms(row) > beat_ms)
		beat_ms = board_heartbeat_ms(row);
	return heartbeat_age(&h->watch, beat_ms, now_ms);
}

static void
check_heart(struct house *h, struct worker *w, uint64_t now_ms)
{
	uint64_t age_ms = heart_age(h, w, now_ms);
	enum heartbeat_verdict verdict = heartbeat_judge(age_ms);

	if (verdict == HEARTBEAT_HUNG) {
		log_write(LOG_ERROR, "worker_hung", LOG_U64("worker", w->slot), LOG_I64("worker_pid", w->pid),
			  LOG_U64("age_ms", age_ms), LOG_END);
		worker_event(h, w, WORKER_EV_STALE, now_ms);
	} else if (verdict == HEARTBEAT_LATE && !w->is_late) {
		log_write(LOG_WARN, "worker_late", LOG_U64("worker", w->slot), LOG_I64("worker_pid", w->pid),
			  LOG_U64("age_ms", age_ms), LOG_END);
	}
	w->is_late = verdict != HEARTBEAT_FRESH;
}

void
workers_check_hearts(struct house *h, uint64_t now_ms)
{
	uint32_t i;

	for (i = 0; i < BOARD_ROWS; i++) {
		if (h->workers[i].state == WORKER_READY || h->workers[i].state == WORKER_RETIRING)
			check_heart(h, &h->workers[i], now_ms);
	}
}

bool
workers_are_healthy(const struct house *h, uint64_t now_ms)
{
	uint32_t i;

	for (i = 0; i < BOARD_ROWS; i++) {
		const struct worker *w = &h->workers[i];

		if (w->state == WORKER_READY && heartbeat_judge(heart_age(h, w, now_ms)) == HEARTBEAT_FRESH)
			return true;
	}
	return false;
}

/* ---- Counting ---- */

uint64_t
workers_next_deadline(const struct house *h)
{
	uint64_t next = UINT64_MAX;
	uint32_t i;

	for (i = 0; i < BOARD_ROWS; i++) {
		if (h->workers[i].deadline_ms != 0 && h->workers[i].deadline_ms < next)
			next = h->workers[i].deadline_ms;
	}
	return next;
}

uint32_t
workers_count(const struct house *h, const struct generation *g, enum worker_state state)
{
	uint32_t n = 0;
	uint32_t i;

	for (i = 0; i < BOARD_ROWS; i++)
		n += h->workers[i].generation == g && h->workers[i].state == state;
	return n;
}

uint32_t
workers_alive(const struct house *h, const struct generation *g)
{
	uint32_t n = 0;
	uint32_t i;

	for (i = 0; i < BOARD_ROWS; i++)
		n += h->workers[i].pid > 0 && (g == NULL || h->workers[i].generation == g);
	return n;
}

uint32_t
workers_free(const struct house *h)
{
	uint32_t n = 0;
	uint32_t i;

	for (i = 0; i < BOARD_ROWS; i++)
		n += h->workers[i].state == WORKER_FREE;
	return n;
}
