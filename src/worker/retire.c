/*
 * retire.c - messages of the supervisor, signals, and the way out
 */
#include <event2/event.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "audit/audit.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/turn.h"
#include "worker_private.h"

#define STEP_MS 50

static void
close_listeners(struct worker *worker)
{
	for (size_t i = 0; i < ARRAY_LEN(worker->listeners); i++)
		http_listener_free(&worker->listeners[i]);
}

static void
cut(struct worker *worker)
{
	http_server_abort_all(worker->http);
	http_server_abort_all(worker->admin);
	event_base_loopbreak(worker->base);
}

static void
on_step(evutil_socket_t fd, short what, void *ctx)
{
	struct worker *worker = ctx;
	enum drain_state before = worker->drain.state;
	enum drain_state now =
	    drain_step(&worker->drain, clock_mono_ms(), http_server_count(worker->http, HTTP_STATE_ANY),
		       fiber_pool_alive(worker->fibers) + (mcp_server_is_read(worker->mcp) ? 1 : 0));

	turn_enter("drain");
	(void)fd;
	(void)what;
	if (now == before && now != DRAIN_CLOSING)
		return;
	if (now == DRAIN_CLOSING)
		http_server_close_idle(worker->http);
	if (now == DRAIN_CUT)
		cut(worker);
}

static void
begin(struct worker *worker, uint64_t deadline_ms)
{
	const struct timeval step = {.tv_sec = 0, .tv_usec = STEP_MS * 1000};
	bool first = worker->drain.state == DRAIN_SERVING;

	drain_begin(&worker->drain, clock_mono_ms(), deadline_ms);
	if (!first)
		return;
	log_write(LOG_INFO, "draining", LOG_U64("deadline_ms", deadline_ms), LOG_END);
	board_set_state(worker->row, BOARD_DRAINING);
	close_listeners(worker);
	http_server_set_lame(worker->http);
	http_server_set_lame(worker->admin);
	mcp_server_retire(worker->mcp); /* after lame: who is told to come back must find another worker */
	event_add(worker->drain_event, &step);
}

/* Standard output and error are the log file: both must let go of the one that was renamed. */
static void
reopen_log(int fd)
{
	log_flush();
	if (dup2(fd, STDOUT_FILENO) < 0 || dup2(fd, STDERR_FILENO) < 0)
		log_write(LOG_ERROR, "log_not_reopened", LOG_END);
}

/* Each descriptor that is used is taken: -1 stands in its place. */
static void
reopen(struct worker *worker, uint64_t which, int *fds, size_t n)
{
	size_t next = 0;

	if ((which & CONTROL_REOPEN_LOG) != 0 && next < n)
		reopen_log(fds[next++]);
	if ((which & CONTROL_REOPEN_AUDIT) != 0 && next < n && audit_is_required(worker->audit)) {
		audit_replace(worker->audit, fds[next]);
		fds[next] = -1;
	}
}

static void
handle(struct worker *worker, const struct control_message *message, int *fds, size_t n_fds)
{
	switch (message->type) {
	case CONTROL_RETIRE:
		begin(worker, message->value);
		break;
	case CONTROL_STOP:
		begin(worker, 0);
		cut(worker);
		break;
	case CONTROL_REOPEN:
		reopen(worker, message->value, fds, n_fds);
		break;
	default:
		log_write(LOG_WARN, "control_unknown", LOG_U64("type", message->type), LOG_END);
		break;
	}
}

/* EOF means that the supervisor is gone: finish what runs, take nothing new. */
static void
on_control(evutil_socket_t sock, short what, void *ctx)
{
	struct worker *worker = ctx;

	turn_enter("supervisor");
	(void)what;
	for (;;) {
		struct control_message message;
		int fds[FD_PASS_MAX];
		size_t n_fds = 0;
		int r = fd_recv(sock, &message, sizeof(message), fds, &n_fds);

		if (r == ERR_AGAIN)
			return;
		if (r == (int)sizeof(message)) {
			handle(worker, &message, fds, n_fds);
			while (n_fds > 0)
				fd_close(&fds[--n_fds]);
			continue;
		}
		log_write(LOG_WARN, "supervisor_gone", LOG_END);
		event_del(worker->control_event);
		begin(worker, worker->config->server.drain_ms);
		return;
	}
}

static void
on_signal(evutil_socket_t signal_number, short what, void *ctx)
{
	struct worker *worker = ctx;

	turn_enter("signal");
	(void)what;
	begin(worker, signal_number == SIGINT ? 0 : worker->config->server.drain_ms);
	if (signal_number == SIGINT)
		cut(worker);
}

int
retire_start(struct worker *worker)
{
	worker->control_event = event_new(worker->base, HERITAGE_FD_CONTROL, EV_READ | EV_PERSIST, on_control, worker);
	worker->drain_event = event_new(worker->base, -1, EV_PERSIST, on_step, worker);
	worker->signal_events[0] = evsignal_new(worker->base, SIGTERM, on_signal, worker);
	worker->signal_events[1] = evsignal_new(worker->base, SIGINT, on_signal, worker);
	if (worker->control_event == NULL || worker->drain_event == NULL || worker->signal_events[0] == NULL ||
	    worker->signal_events[1] == NULL)
		return ERR_NOMEM;
	if (event_add(worker->control_event, NULL) < 0 || event_add(worker->signal_events[0], NULL) < 0 ||
	    event_add(worker->signal_events[1], NULL) < 0)
		return ERR_NOMEM;
	return 0;
}

static void
free_event(struct event **event)
{
	if (*event != NULL)
		event_free(*event);
	*event = NULL;
}

void
retire_stop(struct worker *worker)
{
	close_listeners(worker);
	free_event(&worker->control_event);
	free_event(&worker->drain_event);
	free_event(&worker->signal_events[0]);
	free_event(&worker->signal_events[1]);
}
