/*
 * respond.c - answers on their way to the socket
 *
 * What fits goes out by one sendmsg() at once; libevent's own way would cost a wake-up per answer and 16 KiB steps.
 * Only what the socket does not take is queued.
 */
#include "http/server_private.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>

#include "base/err.h"

#define PIECES_MAX 4

/* ---- Sending ---- */

static void
free_taken(const void *bytes, size_t len, void *whole)
{
	(void)bytes;
	(void)len;
	free(whole);
}

static int
queue_piece(struct evbuffer *output, const struct piece *piece, size_t skip)
{
	const char *bytes = piece->bytes.ptr + skip;
	size_t len = piece->bytes.len - skip;
	int r;

	if (piece->owner != NULL) {
		r = evbuffer_add_reference(output, bytes, len, free_taken, piece->owner->ptr);
		if (r == 0)
			(void)buf_take(piece->owner, NULL);
	} else if (piece->is_static) {
		r = evbuffer_add_reference(output, bytes, len, NULL, NULL);
	} else {
		r = evbuffer_add(output, bytes, len);
	}
	return r < 0 ? ERR_NOMEM : 0;
}

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
	sent = sendmsg(bufferevent_getfd(conn->bev), &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (sent >= 0)
		return sent;
	return errno == EAGAIN || errno == EINTR || errno == ENOBUFS || errno == ENOMEM ? 0 : ERR_CLOSED;
}

/*
 * libevent watches for room in the socket by itself, but is silent when it has no memory for that; so it is asked once
 * more, when the queue begins (later it would put off the write deadline).
 */
static int
queue_rest(struct http_connection *conn, const struct piece *pieces, size_t n, size_t sent)
{
	struct evbuffer *output = bufferevent_get_output(conn->bev);
	bool was_empty = connection_queued(conn) == 0;
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++) {
		size_t len = pieces[i].bytes.len;
		size_t skip = sent < len ? sent : len;

		sent -= skip;
		if (skip < len)
			r = queue_piece(output, &pieces[i], skip);
	}
	if (r == 0 && was_empty && connection_queued(conn) > 0 && bufferevent_enable(conn->bev, EV_WRITE) < 0)
		r = ERR_NOMEM;
	return r;
}

/* 0, or a code and the connection is doomed: half an answer cannot be repaired. */
int
connection_send(struct http_connection *conn, const struct piece *pieces, size_t n)
{
	size_t total = 0;
	ssize_t sent;
	int r;

	if (conn->is_doomed)
		return ERR_CLOSED;
	for (size_t i = 0; i < n; i++)
		total += pieces[i].bytes.len;
	sent = send_now(conn, pieces, n);
	r = sent < 0 ? ERR_CLOSED : queue_rest(conn, pieces, n, (size_t)sent);
	if (r < 0) {
		connection_reset(conn);
		return r;
	}
	conn->server->stats.bytes_out += total;
	if (conn->req != NULL)
		conn->req->sent_bytes += total;
	return 0;
}

/* ---- Answers ---- */

static bool
has_body(const struct http_request *req, int status)
{
	return req->head.method != HTTP_HEAD && status != 204 && status != 304;
}

/* Decides about the connection's future and builds the head into the server's buffer. */
static int
build_head(struct http_connection *conn, const struct http_answer *answer, enum http_framing framing, uint64_t length)
{
	struct http_server *server = conn->server;
	struct http_request *req = conn->req;
	bool close = answer->close || server->is_lame || req->phase == REQUEST_HEAD;
	struct http_reply_head head = {
	    .status = answer->status,
	    .date = server_date(server),
	    .content_type = answer->content_type,
	    .fields = answer->fields,
	    .n_fields = answer->n_fields,
	    .framing = framing,
	    .content_length = length,
	};

	conn->needs_linger = conn->needs_linger || close;
	conn->is_last = close || !req->head.keep_alive || framing == HTTP_FRAMING_CLOSE;
	head.close = conn->is_last;
	head.keep_alive = req->head.is_http10;
	buf_clear(&server->head_buf);
	return http_write_head(&server->head_buf, &head);
}

/* The request is answered: it is the application's alone from now on. */
static void
finish_request(struct http_connection *conn, struct http_request *req)
{
	req->phase = REQUEST_DONE;
	req->conn = NULL;
	request_log(req, req->status, NULL);
	connection_answered(conn);
}

static int
answer_bare_500(struct http_connection *conn, struct http_request *req, int reason)
{
	const struct piece sorry = {.bytes = HTTP_CANNED_500, .is_static = true};

	req->status = 500;
	conn->is_last = true;
	conn->needs_linger = true;
	(void)connection_send(conn, &sorry, 1);
	finish_request(conn, req);
	return reason;
}

/* Common beginning of all answers: false when there is nobody to answer to. */
static bool
begin_answer(struct http_request *req, const struct http_answer *answer)
{
	must(req->status == 0);
	req->status = answer->status;
	return req->conn != NULL;
}

int
http_respond(struct http_request *req, const struct http_answer *answer)
{
	struct http_connection *conn = req->conn;
	struct slice body = answer->body_take != NULL ? buf_slice(answer->body_take) : answer->body;
	bool wants_body = has_body(req, answer->status);
	bool is_bare = answer->status == 204 || answer->status == 304;
	struct piece pieces[2];
	int r;

	if (!begin_answer(req, answer)) {
		r = ERR_CLOSED;
		goto out;
	}
	r = build_head(conn, answer, is_bare ? HTTP_FRAMING_NONE : HTTP_FRAMING_LENGTH, body.len);
	if (r < 0) {
		r = answer_bare_500(conn, req, r);
		goto out;
	}
	pieces[0] = (struct piece){.bytes = buf_slice(&conn->server->head_buf)};
	pieces[1] = (struct piece){.bytes = body, .is_static = answer->body_is_static, .owner = answer->body_take};
	r = connection_send(conn, pieces, wants_body && body.len > 0 ? 2 : 1);
	finish_request(conn, req);
out:
	if (answer->body_take != NULL)
		buf_fini(answer->body_take);
	return r;
}

/* ---- Streams ---- */

static size_t
chunk_pieces(const struct http_request *req, struct slice bytes, char head[static HTTP_CHUNK_HEAD_CAP],
	     struct piece pieces[static 3])
{
	size_t n = 0;

	if (bytes.len == 0 || req->head.method == HTTP_HEAD)
		return 0;
	if (!req->head.is_http10)
		pieces[n++] = (struct piece){.bytes = slice_of(head, http_write_chunk_head(head, bytes.len))};
	pieces[n++] = (struct piece){.bytes = bytes};
	if (!req->head.is_http10)
		pieces[n++] = (struct piece){.bytes = SLICE_LIT("\r\n"), .is_static = true};
	return n;
}

int
http_stream_begin(struct http_request *req, const struct http_answer *answer)
{
	struct http_connection *conn = req->conn;
	char chunk_head[HTTP_CHUNK_HEAD_CAP];
	struct piece pieces[4];
	size_t n;
	int r;

	if (!begin_answer(req, answer))
		return ERR_CLOSED;
	must(req->phase == REQUEST_HANDLING && answer->body_take == NULL);
	r = build_head(conn, answer, req->head.is_http10 ? HTTP_FRAMING_CLOSE : HTTP_FRAMING_CHUNKED, 0);
	if (r < 0)
		return answer_bare_500(conn, req, r);
	pieces[0] = (struct piece){.bytes = buf_slice(&conn->server->head_buf)};
	n = chunk_pieces(req, answer->body, chunk_head, pieces + 1);
	r = connection_send(conn, pieces, n + 1);
	req->phase = r == 0 ? REQUEST_STREAMING : REQUEST_CUT;
	req->is_stream = conn->is_stream = true;
	connection_set_state(conn, HTTP_STATE_STREAMING);
	return r;
}

int
http_stream_write(struct http_request *req, struct slice bytes)
{
	struct http_connection *conn = req->conn;
	char chunk_head[HTTP_CHUNK_HEAD_CAP];
	struct piece pieces[3];
	size_t n;
	int r;

	must(req->phase >= REQUEST_STREAMING && req->phase != REQUEST_DONE);
	if (req->phase != REQUEST_STREAMING)
		return ERR_CLOSED;
	n = chunk_pieces(req, bytes, chunk_head, pieces);
	if (n == 0)
		return 0;
	if (connection_queued(conn) + bytes.len > conn->server->limits.stream_buffer_bytes &&
	    connection_queued(conn) > 0) {
		conn->server->stats.streams_cut++;
		connection_reset(conn);
		r = ERR_LIMIT;
	} else {
		r = connection_send(conn, pieces, n);
	}
	if (r < 0)
		req->phase = REQUEST_CUT;
	return r;
}

int
http_stream_end(struct http_request *req, struct slice last)
{
	struct http_connection *conn = req->conn;
	char chunk_head[HTTP_CHUNK_HEAD_CAP];
	struct piece pieces[4];
	size_t n;
	int r;

	must(req->phase >= REQUEST_STREAMING && req->phase != REQUEST_DONE);
	if (req->phase != REQUEST_STREAMING)
		return ERR_CLOSED;
	conn->is_last = conn->is_last || conn->server->is_lame; /* its head was sent before anybody knew */
	n = chunk_pieces(req, last, chunk_head, pieces);
	if (!req->head.is_http10 && req->head.method != HTTP_HEAD)
		pieces[n++] = (struct piece){.bytes = HTTP_LAST_CHUNK, .is_static = true};
	r = n > 0 ? connection_send(conn, pieces, n) : 0;
	finish_request(conn, req);
	return r;
}

/* ---- Refusals ---- */

/* Head and text of a refusal.  0, or a code when there is no memory even for that. */
static int
build_refusal(struct http_server *server, const struct http_refusal *why)
{
	const struct http_reply_head head = {
	    .status = why->status,
	    .date = server_date(server),
	    .content_type = "text/plain",
	    .framing = HTTP_FRAMING_LENGTH,
	    .content_length = strlen(why->reason) + 1,
	    .close = true,
	};
	int r;

	buf_clear(&server->head_buf);
	r = http_write_head(&server->head_buf, &head);
	if (r < 0)
		return r;
	buf_put_str(&server->head_buf, why->reason);
	return buf_put_char(&server->head_buf, '\n');
}

static void
log_refusal(struct http_connection *conn, const struct http_refusal *why, uint64_t bytes)
{
	struct http_server *server = conn->server;
	const struct http_access access = {
	    .peer = conn->peer,
	    .status = why->status,
	    .bytes = bytes,
	    .refusal = why->reason,
	};

	if (conn->req != NULL)
		request_log(conn->req, why->status, why->reason);
	else if (server->ops->on_access != NULL)
		server->ops->on_access(server->ctx, &access);
}

/* The request that is being read is not going to be handled; nor is any after it. */
void
connection_refuse(struct http_connection *conn, const struct http_refusal *why)
{
	struct http_server *server = conn->server;
	struct http_request *req = conn->req;
	struct piece sorry = {.bytes = HTTP_CANNED_503, .is_static = true};

	server_count_refused(server, why->status);
	conn->is_last = true;
	conn->needs_linger = true;
	if (build_refusal(server, why) == 0)
		sorry = (struct piece){.bytes = buf_slice(&server->head_buf)};
	if (connection_send(conn, &sorry, 1) < 0)
		sorry.bytes.len = 0;
	log_refusal(conn, why, sorry.bytes.len);
	connection_answered(conn);
	if (req != NULL)
		request_free(req);
}
