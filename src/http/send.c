/*
 * send.c - bytes on their way to the socket
 *
 * Answers given in one turn of the event loop leave together at its end, each connection's by one sendmsg(): so what
 * must be on record before them (http_server_ops.on_send) is written once for all.  Parts of streams, and what is large
 * and would have to be copied, leave at once.  Only what a socket does not take is queued.
 */
#include "http/server_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <event2/buffer.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/turn.h"

#define PIECES_MAX 4
#define WRITE_AT_ONCE (256 * 1024)
#define HELD_MAX (1024 * 1024)

/* ---- The queue ---- */

size_t
connection_queued(const struct http_connection *conn)
{
	return conn->queue != NULL ? evbuffer_get_length(conn->queue) : 0;
}

void
connection_forget_queue(struct http_connection *conn)
{
	if (conn->queue != NULL)
		evbuffer_free(conn->queue);
	conn->queue = NULL;
}

/* What stays beyond this turn of the loop. */
static uint32_t
waiting_kib(const struct http_connection *conn)
{
	size_t bytes = connection_queued(conn);

	if (conn->req != NULL)
		bytes += conn->req->body_buf.len;
	return (uint32_t)(bytes / 1024);
}

int
connection_note_waiting(struct http_connection *conn)
{
	const struct http_server *server = conn->server;
	uint32_t kib = waiting_kib(conn);

	if (kib == conn->waiting_kib || server->ops->on_waiting == NULL)
		return 0;
	if (!server->ops->on_waiting(server->ctx, conn->source, kib))
		return ERR_LIMIT;
	conn->waiting_kib = kib;
	return 0;
}

static void
free_taken(const void *bytes, size_t len, void *whole)
{
	(void)bytes;
	(void)len;
	free(whole);
}

static int
queue_piece(struct evbuffer *queue, const struct piece *piece, size_t skip)
{
	const char *bytes = piece->bytes.ptr + skip;
	size_t len = piece->bytes.len - skip;
	int r;

	if (piece->owner != NULL) {
		r = evbuffer_add_reference(queue, bytes, len, free_taken, piece->owner->ptr);
		if (r == 0)
			(void)buf_take(piece->owner, NULL);
	} else if (piece->is_static) {
		r = evbuffer_add_reference(queue, bytes, len, NULL, NULL);
	} else {
		r = evbuffer_add(queue, bytes, len);
	}
	return r < 0 ? ERR_NOMEM : 0;
}

static int
begin_queue(struct http_connection *conn)
{
	if (conn->queue != NULL)
		return 0;
	conn->queue = evbuffer_new();
	if (conn->queue == NULL)
		return ERR_NOMEM;
	conn->progress_ms = clock_mono_ms();
	conn->deadline_ms = 0;
	if (!conn->is_entered)
		connection_arm(conn);
	return connection_watch(conn, conn->watched | EV_WRITE);
}

static int
queue_rest(struct http_connection *conn, const struct piece *pieces, size_t n, size_t sent)
{
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++) {
		size_t len = pieces[i].bytes.len;
		size_t skip = sent < len ? sent : len;

		sent -= skip;
		if (skip == len)
			continue;
		r = begin_queue(conn);
		if (r == 0)
			r = queue_piece(conn->queue, &pieces[i], skip);
	}
	return r;
}

void
connection_write_queue(struct http_connection *conn)
{
	int n;

	if (conn->queue == NULL)
		return;
	n = evbuffer_write_atmost(conn->queue, event_get_fd(&conn->io), WRITE_AT_ONCE);
	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		connection_doom(conn);
		return;
	}
	if (n > 0) {
		conn->progress_ms = clock_mono_ms();
		conn->deadline_ms = 0;
	}
	(void)connection_note_waiting(conn);
	if (connection_queued(conn) > 0)
		return;
	connection_forget_queue(conn);
	(void)connection_watch(conn, conn->watched & ~EV_WRITE);
}

/* ---- Sending ---- */

/* Gives the number of bytes that the socket took, maybe none; ERR_CLOSED when it is broken. */
static ssize_t
send_now(struct http_connection *conn, const struct piece *pieces, size_t n)
{
	struct iovec iov[PIECES_MAX];
	struct msghdr msg = {.msg_iov = iov, .msg_iovlen = n};
	ssize_t sent;

	if (connection_queued(conn) > 0)
		return 0;
	must(n <= PIECES_MAX);
	for (size_t i = 0; i < n; i++) {
		union {
			const char *borrowed;
			void *for_iov;
		} bytes = {.borrowed = pieces[i].bytes.ptr}; /* sendmsg() writes through none of them */

		iov[i] = (struct iovec){.iov_base = bytes.for_iov, .iov_len = pieces[i].bytes.len};
	}
	sent = n == 1 ? send(event_get_fd(&conn->io), pieces->bytes.ptr, pieces->bytes.len, MSG_NOSIGNAL | MSG_DONTWAIT)
		      : sendmsg(event_get_fd(&conn->io), &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (sent >= 0)
		return sent;
	return errno == EAGAIN || errno == EINTR || errno == ENOBUFS || errno == ENOMEM ? 0 : ERR_CLOSED;
}

static int
send_or_queue(struct http_connection *conn, const struct piece *pieces, size_t n)
{
	struct http_server *server = conn->server;
	ssize_t sent;
	int r;

	if (server->ops->on_send != NULL)
		server->ops->on_send(server->ctx);
	sent = send_now(conn, pieces, n);
	r = sent < 0 ? ERR_CLOSED : queue_rest(conn, pieces, n, (size_t)sent);
	if (r == 0 && conn->queue != NULL)
		r = connection_note_waiting(conn);
	if (r == ERR_LIMIT && conn->is_stream)
		server->stats.streams_cut++;
	if (r < 0)
		connection_reset(conn);
	return r;
}

static void
count_sent(struct http_connection *conn, size_t bytes)
{
	conn->server->stats.bytes_out += bytes;
	if (conn->req != NULL)
		conn->req->sent_bytes += bytes;
}

int
connection_send(struct http_connection *conn, const struct piece *pieces, size_t n)
{
	size_t total = 0;
	int r;

	connection_flush(conn);
	r = conn->is_doomed ? ERR_CLOSED : send_or_queue(conn, pieces, n);
	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++)
		total += pieces[i].bytes.len;
	count_sent(conn, total);
	return 0;
}

/* ---- Holding ---- */

static void
forget_held(struct http_connection *conn)
{
	TAILQ_REMOVE(&conn->server->holding, conn, held_link);
	conn->is_held = false;
	conn->held_len = 0;
	conn->held_body = SLICE_NONE;
}

/* An answer behind another one of the same connection can only go along when nothing lies between them. */
static bool
goes_along(const struct http_connection *conn, size_t at)
{
	return conn->held_body.len == 0 && conn->held_at + conn->held_len == at;
}

int
connection_hold(struct http_connection *conn, size_t at, struct slice body)
{
	struct http_server *server = conn->server;

	if (conn->is_held && !goes_along(conn, at))
		connection_flush(conn);
	if (conn->is_doomed)
		return ERR_CLOSED;
	if (!conn->is_held) {
		if (TAILQ_EMPTY(&server->holding))
			event_active(&server->flush, EV_TIMEOUT, 0);
		TAILQ_INSERT_TAIL(&server->holding, conn, held_link);
		conn->is_held = true;
		conn->held_at = at;
	}
	conn->held_len = server->held.len - conn->held_at;
	conn->held_body = body;
	count_sent(conn, server->held.len - at + body.len);
	return 0;
}

void
connection_flush(struct http_connection *conn)
{
	struct piece pieces[2];

	if (!conn->is_held)
		return;
	pieces[0] = (struct piece){.bytes = slice_of(conn->server->held.ptr + conn->held_at, conn->held_len)};
	pieces[1] = (struct piece){.bytes = conn->held_body, .is_static = true};
	forget_held(conn);
	if (!conn->is_doomed && send_or_queue(conn, pieces, pieces[1].bytes.len > 0 ? 2 : 1) < 0)
		return;
	if (connection_queued(conn) > 0 && conn->state == HTTP_STATE_IDLE)
		connection_set_state(conn, HTTP_STATE_WRITING);
}

void
server_flush(struct http_server *server)
{
	while (!TAILQ_EMPTY(&server->holding))
		connection_flush(TAILQ_FIRST(&server->holding));
	buf_clear(&server->held);
}

static void
on_turn_end(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	turn_enter("http answers");
	server_flush(arg);
}

int
server_begin_holding(struct http_server *server)
{
	buf_init(&server->held, HELD_MAX);
	TAILQ_INIT(&server->holding);
	return event_assign(&server->flush, server->base, -1, 0, on_turn_end, server);
}

void
server_end_holding(struct http_server *server)
{
	event_del(&server->flush);
	buf_fini(&server->held);
}
