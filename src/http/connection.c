/*
 * connection.c - one server connection: birth and death, states, deadlines, and the event loop's calls
 *
 * Every way in from the event loop is a pair connection_enter() ... connection_leave(), and the latter is where a
 * connection dies.  An answer given at any other time arms the timer with 0 where something is left to do, so that it
 * is done on the event loop's own stack.
 */
#include "http/server_private.h"

#include <errno.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/secret.h"
#include "base/turn.h"

/* Beyond what a head or the pipeline may be: one read that goes past it. */
static size_t
most_kept(const struct http_limits *limits)
{
	return limits->head_bytes + limits->pipeline_bytes + 2 * SCRATCH_BYTES;
}

static void on_timer(evutil_socket_t fd, short what, void *arg);
static void on_io(evutil_socket_t fd, short what, void *arg);

/* ---- Birth and death ---- */

int
connection_open(struct http_server *server, int fd, const char *peer, void *source)
{
	struct http_connection *conn = calloc(1, sizeof(*conn));

	if (conn == NULL)
		return ERR_NOMEM;
	conn->magic = CONNECTION_MAGIC;
	conn->server = server;
	conn->source = source;
	conn->state = HTTP_STATE_IDLE;
	snprintf(conn->peer, sizeof(conn->peer), "%s", peer);
	buf_init_secret(&conn->kept, most_kept(&server->limits));
	evtimer_assign(&conn->timer, server->base, on_timer, conn);
	event_assign(&conn->io, server->base, fd, EV_READ | EV_PERSIST, on_io, conn);
	if (event_add(&conn->io, NULL) < 0) {
		free(conn);
		return ERR_NOMEM;
	}
	conn->watched = EV_READ;
	TAILQ_INSERT_TAIL(&server->connections, conn, link);
	server->in_state[conn->state]++;
	server->stats.connections_now++;
	server->stats.connections_total++;
	connection_arm(conn);
	return 0;
}

/* What it still holds goes along. */
void
connection_free(struct http_connection *conn)
{
	struct http_server *server = conn->server;

	must(conn->magic == CONNECTION_MAGIC);
	connection_flush(conn);
	if (conn->req != NULL) {
		conn->req->conn = NULL;
		if (conn->req->phase == REQUEST_HEAD)
			request_free(conn->req);
	}
	event_del(&conn->timer);
	event_del(&conn->io);
	close(event_get_fd(&conn->io));
	connection_forget_queue(conn);
	conn->req = NULL;
	(void)connection_note_waiting(conn);
	buf_fini(&conn->kept);
	TAILQ_REMOVE(&server->connections, conn, link);
	server->in_state[conn->state]--;
	server->stats.connections_now--;
	conn->magic = 0;
	if (conn->source != NULL)
		server->ops->on_disconnect(server->ctx, conn->source);
	free(conn);
	listener_note_room(server);
}

int
connection_watch(struct http_connection *conn, short what)
{
	if (what == conn->watched)
		return 0;
	event_del(&conn->io);
	event_assign(&conn->io, conn->server->base, event_get_fd(&conn->io), what | EV_PERSIST, on_io, conn);
	if (what != 0 && event_add(&conn->io, NULL) < 0) {
		connection_doom(conn);
		return ERR_NOMEM;
	}
	conn->watched = what;
	return 0;
}

/* ---- Timer ---- */

static int
arm_at(struct http_connection *conn, uint64_t now_ms, uint64_t when_ms)
{
	uint64_t wait_ms = when_ms > now_ms ? when_ms - now_ms : 0;
	const struct timeval wait = {
	    .tv_sec = (time_t)(wait_ms / 1000),
	    .tv_usec = (suseconds_t)(wait_ms % 1000) * 1000,
	};

	if (evtimer_add(&conn->timer, &wait) < 0)
		return ERR_NOMEM;
	conn->armed_ms = when_ms;
	return 0;
}

/* Goes on in the next turn of the loop; in this one where there is no memory for a timer. */
static void
arm_kick(struct http_connection *conn)
{
	if (arm_at(conn, 1, 1) < 0)
		event_active(&conn->timer, EV_TIMEOUT, 0);
}

static void
kick(struct http_connection *conn)
{
	if (conn->is_entered || conn->is_kicked)
		return;
	conn->is_kicked = true;
	arm_kick(conn);
}

void
connection_doom(struct http_connection *conn)
{
	conn->is_doomed = true;
	kick(conn);
}

void
connection_reset(struct http_connection *conn)
{
	const struct linger reset = {.l_onoff = 1, .l_linger = 0};

	(void)setsockopt(event_get_fd(&conn->io), SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	connection_doom(conn);
}

/* The body must come in body_ms, and after the grace at body_rate. */
static uint64_t
body_deadline(const struct http_connection *conn)
{
	const struct http_limits *limits = &conn->server->limits;
	uint64_t end = conn->body_start_ms + limits->body_ms;
	uint64_t pace;

	if (limits->body_rate == 0)
		return end;
	pace = conn->body_start_ms + limits->body_grace_ms + conn->req->body_buf.len * 1000 / limits->body_rate;
	return pace < end ? pace : end;
}

static uint64_t
write_deadline(const struct http_connection *conn)
{
	return conn->queue != NULL ? conn->progress_ms + conn->server->limits.write_ms : UINT64_MAX;
}

static uint64_t
state_deadline(const struct http_connection *conn, uint64_t now_ms)
{
	const struct http_limits *limits = &conn->server->limits;

	switch ((enum http_state)conn->state) {
	case HTTP_STATE_IDLE:
		return now_ms + limits->idle_ms;
	case HTTP_STATE_READ_HEAD:
		return now_ms + limits->head_ms;
	case HTTP_STATE_READ_BODY:
		return body_deadline(conn);
	case HTTP_STATE_LINGER:
		return now_ms + limits->linger_ms;
	case HTTP_STATE_HANDLING:
	case HTTP_STATE_STREAMING:
	case HTTP_STATE_WRITING:
	case HTTP_STATES:
		break;
	}
	return UINT64_MAX;
}

static uint64_t
deadline_of(const struct http_connection *conn, uint64_t now_ms)
{
	uint64_t by_state = state_deadline(conn, now_ms), by_writing = write_deadline(conn);

	return by_state < by_writing ? by_state : by_writing;
}

/*
 * Makes the timer fire no later than the state's deadline.  It is never moved back: firing too early costs one look,
 * moving it for every request would cost more.
 */
void
connection_arm(struct http_connection *conn)
{
	uint64_t now_ms;

	if (conn->deadline_ms != 0 && conn->armed_ms != 0 && conn->armed_ms <= conn->deadline_ms)
		return;
	now_ms = turn_mono_ms();
	if (conn->deadline_ms == 0)
		conn->deadline_ms = deadline_of(conn, now_ms);
	if (conn->deadline_ms != UINT64_MAX && (conn->armed_ms == 0 || conn->armed_ms > conn->deadline_ms))
		(void)arm_at(conn, now_ms, conn->deadline_ms); /* without memory: at the connection's next event */
}

/* ---- States ---- */

void
connection_set_state(struct http_connection *conn, enum http_state state)
{
	conn->server->in_state[conn->state]--;
	conn->server->in_state[state]++;
	conn->state = state;
	conn->deadline_ms = 0;
}

size_t
connection_input(const struct http_connection *conn)
{
	return conn->is_entered ? conn->input.len : conn->kept.len;
}

/*
 * How much may be read now.  A connection that owes an answer, or has more to do with what it has, reads ahead only so
 * far.
 */
static size_t
input_room(const struct http_connection *conn)
{
	bool is_reading = conn->state <= HTTP_STATE_READ_BODY || conn->state == HTTP_STATE_LINGER;
	size_t most = conn->server->limits.pipeline_bytes, len = connection_input(conn);

	if (is_reading && !conn->is_kicked)
		return SCRATCH_BYTES;
	if (len >= most)
		return 0;
	return most - len < SCRATCH_BYTES ? most - len : SCRATCH_BYTES;
}

static void
follow_input(struct http_connection *conn)
{
	short read = input_room(conn) > 0 && !conn->is_eof ? EV_READ : 0;

	(void)connection_watch(conn, (short)((conn->watched & EV_WRITE) | read));
}

/* The answer has left: close, wait for the client to have read it, or go on with the next request. */
static void
after_flush(struct http_connection *conn)
{
	if (!conn->is_last) {
		conn->parser = (struct http_parser){0};
		connection_set_state(conn, HTTP_STATE_IDLE);
		if (connection_input(conn) > 0 || conn->is_eof)
			kick(conn);
		follow_input(conn);
	} else if (!conn->is_eof && (conn->needs_linger || connection_input(conn) > 0)) {
		shutdown(event_get_fd(&conn->io), SHUT_WR);
		conn->linger_left = conn->server->limits.linger_bytes;
		connection_set_state(conn, HTTP_STATE_LINGER);
		kick(conn);
		follow_input(conn);
	} else {
		connection_doom(conn);
	}
}

void
connection_answered(struct http_connection *conn)
{
	conn->req = NULL;
	if (conn->waiting_kib > 0)
		(void)connection_note_waiting(conn);
	if (conn->is_last)
		connection_flush(conn);
	if (conn->is_doomed)
		return;
	if (connection_queued(conn) > 0)
		connection_set_state(conn, HTTP_STATE_WRITING);
	else
		after_flush(conn);
	if (!conn->is_entered)
		connection_arm(conn);
}

void
connection_gone(struct http_connection *conn, int status)
{
	struct http_request *req = conn->req;
	struct http_server *server = conn->server;

	conn->req = NULL;
	if (req == NULL)
		return;
	req->conn = NULL;
	if (req->phase == REQUEST_HEAD) {
		request_free(req);
		return;
	}
	server->stats.clients_gone++;
	req->phase = REQUEST_GONE;
	request_log(req, status, NULL);
	server->ops->on_closed(server->ctx, req);
}

/* ---- Called by the event loop ---- */

void
connection_enter(struct http_connection *conn)
{
	turn_enter("http connection");
	must(conn->magic == CONNECTION_MAGIC && !conn->is_entered);
	conn->is_entered = true;
	conn->input = buf_slice(&conn->kept);
}

/* What has not been used: the end of what was kept before, or of what was read just now. */
static void
keep_input(struct http_connection *conn)
{
	size_t len = conn->input.len;

	if (conn->kept.len > 0)
		buf_consume(&conn->kept, conn->kept.len - len);
	else if (len > 0 && buf_put_slice(&conn->kept, conn->input) < 0)
		connection_doom(conn);
	if (len == 0)
		buf_fini(&conn->kept);
	conn->input = SLICE_NONE;
}

void
connection_leave(struct http_connection *conn)
{
	follow_input(conn);
	keep_input(conn);
	if (conn->is_doomed) {
		connection_gone(conn, 499);
		connection_free(conn);
		return;
	}
	conn->is_entered = false;
	if (conn->is_kicked)
		arm_kick(conn);
	else
		connection_arm(conn);
}

/* Behind what was kept, so that the input is one piece. */
static void
add_input(struct http_connection *conn, size_t len)
{
	struct slice fresh = slice_of(conn->server->scratch, len);

	if (conn->kept.len == 0)
		conn->input = fresh;
	else if (buf_put_slice(&conn->kept, fresh) == 0)
		conn->input = buf_slice(&conn->kept);
	else
		connection_doom(conn);
}

/* Gives the number of bytes in the server's scratch. */
static size_t
read_input(struct http_connection *conn)
{
	size_t room = input_room(conn);
	ssize_t n;

	if (room == 0)
		return 0;
	n = recv(event_get_fd(&conn->io), conn->server->scratch, room, MSG_DONTWAIT);
	if (n > 0)
		add_input(conn, (size_t)n);
	else if (n == 0)
		conn->is_eof = true;
	else if (errno != EAGAIN && errno != EINTR)
		connection_doom(conn);
	return n > 0 ? (size_t)n : 0;
}

static void
write_output(struct http_connection *conn)
{
	connection_write_queue(conn);
	if (conn->is_doomed || connection_queued(conn) > 0)
		return;
	if (conn->state == HTTP_STATE_WRITING)
		after_flush(conn);
}

static void
on_io(evutil_socket_t fd, short what, void *arg)
{
	struct http_connection *conn = arg;
	struct http_server *server = conn->server;
	size_t n = 0;

	(void)fd;
	connection_enter(conn);
	if (what & EV_WRITE)
		write_output(conn);
	if ((what & EV_READ) && !conn->is_eof && !conn->is_doomed)
		n = read_input(conn);
	connection_advance(conn);
	connection_leave(conn);
	secret_wipe_bytes(server->scratch, n); /* what came may be a password or a token */
}

static void
time_out(struct http_connection *conn, uint64_t now_ms)
{
	struct http_stats *stats = &conn->server->stats;
	const struct http_refusal slow = {408, "The request took too long to arrive."};

	if (now_ms >= write_deadline(conn)) {
		stats->timeouts_write++;
		stats->streams_cut += conn->is_stream ? 1 : 0;
		connection_reset(conn);
	} else if (conn->state == HTTP_STATE_READ_HEAD) {
		stats->timeouts_head++;
		connection_refuse(conn, &slow);
	} else if (conn->state == HTTP_STATE_READ_BODY) {
		stats->timeouts_body++;
		connection_refuse(conn, &slow);
	} else {
		stats->timeouts_idle += conn->state == HTTP_STATE_IDLE ? 1 : 0;
		connection_doom(conn);
	}
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct http_connection *conn = arg;
	bool was_kicked = conn->is_kicked;
	uint64_t now_ms = clock_mono_ms();

	(void)fd;
	(void)what;
	connection_enter(conn);
	conn->armed_ms = 0;
	conn->is_kicked = false;
	if (was_kicked)
		connection_advance(conn);
	else if (conn->deadline_ms != 0 && now_ms >= conn->deadline_ms)
		time_out(conn, now_ms);
	connection_leave(conn);
}
