/*
 * connection.c - one server connection: birth and death, states, deadlines, and the event loop's calls
 *
 * Every way in from the event loop is a pair connection_enter() ... connection_leave(), and the latter is where a
 * connection dies.  An answer given at any other time arms the timer with 0 where something is left to do, so that it
 * is done on the event loop's own stack.
 */
#include "http/server_private.h"

#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/turn.h"

#define WRITE_AT_ONCE (256 * 1024)

static void on_timer(evutil_socket_t fd, short what, void *arg);
static void on_read(struct bufferevent *bev, void *arg);
static void on_write(struct bufferevent *bev, void *arg);
static void on_event(struct bufferevent *bev, short what, void *arg);

/* ---- Birth and death ---- */

int
connection_open(struct http_server *server, int fd, const char *peer)
{
	struct http_connection *conn = calloc(1, sizeof(*conn));
	uint32_t write_ms = server->limits.write_ms;
	const struct timeval stall = {.tv_sec = write_ms / 1000, .tv_usec = (write_ms % 1000) * 1000};

	if (conn == NULL)
		return ERR_NOMEM;
	conn->bev = bufferevent_socket_new(server->base, fd, 0);
	if (conn->bev == NULL)
		goto fail;
	conn->magic = CONNECTION_MAGIC;
	conn->server = server;
	conn->state = HTTP_STATE_IDLE;
	snprintf(conn->peer, sizeof(conn->peer), "%s", peer);
	evtimer_assign(&conn->timer, server->base, on_timer, conn);
	bufferevent_setcb(conn->bev, on_read, on_write, on_event, conn);
	bufferevent_set_max_single_write(conn->bev, WRITE_AT_ONCE);
	if (bufferevent_set_timeouts(conn->bev, NULL, &stall) < 0 || bufferevent_enable(conn->bev, EV_READ) < 0)
		goto fail;
	TAILQ_INSERT_TAIL(&server->connections, conn, link);
	server->in_state[conn->state]++;
	server->stats.connections_now++;
	server->stats.connections_total++;
	connection_arm(conn);
	return 0;
fail:
	if (conn->bev != NULL) {
		bufferevent_setfd(conn->bev, -1); /* the caller closes it */
		bufferevent_free(conn->bev);
	}
	free(conn);
	return ERR_NOMEM;
}

/* The descriptor is closed here and now, not when libevent gets round to finalizing: room for the next client. */
void
connection_free(struct http_connection *conn)
{
	struct http_server *server = conn->server;
	evutil_socket_t fd = bufferevent_getfd(conn->bev);

	must(conn->magic == CONNECTION_MAGIC);
	if (conn->req != NULL) {
		conn->req->conn = NULL;
		if (conn->req->phase == REQUEST_HEAD)
			request_free(conn->req);
	}
	event_del(&conn->timer);
	bufferevent_disable(conn->bev, EV_READ | EV_WRITE);
	bufferevent_setfd(conn->bev, -1);
	bufferevent_free(conn->bev);
	evutil_closesocket(fd);
	TAILQ_REMOVE(&server->connections, conn, link);
	server->in_state[conn->state]--;
	server->stats.connections_now--;
	conn->magic = 0;
	free(conn);
	listener_note_room(server);
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

	(void)setsockopt(bufferevent_getfd(conn->bev), SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
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
deadline_of(const struct http_connection *conn, uint64_t now_ms)
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
	case HTTP_STATE_WRITING: /* libevent watches over the progress of writing */
	case HTTP_STATES:
		break;
	}
	return UINT64_MAX;
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
	now_ms = clock_mono_ms();
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
connection_queued(const struct http_connection *conn)
{
	return evbuffer_get_length(bufferevent_get_output(conn->bev));
}

size_t
connection_input(const struct http_connection *conn)
{
	return evbuffer_get_length(bufferevent_get_input(conn->bev));
}

static void
resume_reading(struct http_connection *conn)
{
	if (!conn->is_eof && !(bufferevent_get_enabled(conn->bev) & EV_READ))
		(void)bufferevent_enable(conn->bev, EV_READ);
}

/* The answer has left: close, wait for the client to have read it, or go on with the next request. */
static void
after_flush(struct http_connection *conn)
{
	if (!conn->is_last) {
		conn->parser = (struct http_parser){0};
		connection_set_state(conn, HTTP_STATE_IDLE);
		resume_reading(conn);
		if (connection_input(conn) > 0 || conn->is_eof)
			kick(conn);
	} else if (!conn->is_eof && (conn->needs_linger || connection_input(conn) > 0)) {
		shutdown(bufferevent_getfd(conn->bev), SHUT_WR);
		conn->linger_left = conn->server->limits.linger_bytes;
		connection_set_state(conn, HTTP_STATE_LINGER);
		resume_reading(conn);
		kick(conn);
	} else {
		connection_doom(conn);
	}
}

void
connection_answered(struct http_connection *conn)
{
	conn->req = NULL;
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
}

void
connection_leave(struct http_connection *conn)
{
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

static void
on_read(struct bufferevent *bev, void *arg)
{
	struct http_connection *conn = arg;

	(void)bev;
	connection_enter(conn);
	connection_advance(conn);
	connection_leave(conn);
}

/* The queue is empty. */
static void
on_write(struct bufferevent *bev, void *arg)
{
	struct http_connection *conn = arg;
	struct http_server *server = conn->server;

	(void)bev;
	connection_enter(conn);
	if (conn->state == HTTP_STATE_WRITING)
		after_flush(conn);
	else if (conn->state == HTTP_STATE_STREAMING && conn->req != NULL && server->ops->on_drain != NULL)
		server->ops->on_drain(server->ctx, conn->req);
	connection_advance(conn);
	connection_leave(conn);
}

static void
on_event(struct bufferevent *bev, short what, void *arg)
{
	struct http_connection *conn = arg;

	(void)bev;
	connection_enter(conn);
	if (what & BEV_EVENT_EOF) {
		conn->is_eof = true;
		connection_advance(conn);
	} else if (what & BEV_EVENT_TIMEOUT) {
		conn->server->stats.timeouts_write++;
		conn->server->stats.streams_cut += conn->is_stream ? 1 : 0;
		connection_reset(conn);
	} else {
		connection_doom(conn);
	}
	connection_leave(conn);
}

static void
time_out(struct http_connection *conn)
{
	struct http_stats *stats = &conn->server->stats;
	const struct http_refusal slow = {408, "The request took too long to arrive."};

	if (conn->state == HTTP_STATE_READ_HEAD) {
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

	(void)fd;
	(void)what;
	connection_enter(conn);
	conn->armed_ms = 0;
	conn->is_kicked = false;
	if (was_kicked)
		connection_advance(conn);
	else if (conn->deadline_ms != 0 && clock_mono_ms() >= conn->deadline_ms)
		time_out(conn);
	connection_leave(conn);
}
