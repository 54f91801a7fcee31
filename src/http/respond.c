/*
 * respond.c - answers: their heads, their framing, and what becomes of the connection
 */
#include "http/server_private.h"

#include <string.h>

#include "base/err.h"

/* A body up to this size is copied so that it can wait for the end of the turn. */
#define COPIED_MAX (16 * 1024)
#define HELD_FULL (256 * 1024)

/* ---- Answers ---- */

static bool
has_body(const struct http_request *req, int status)
{
	return req->head.method != HTTP_HEAD && status != 204 && status != 304;
}

/* Decides about the connection's future and builds the head behind what the server holds. */
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
	server->held.failed = 0;
	return http_write_head(&server->held, &head);
}

static struct slice
held_from(const struct http_server *server, size_t at)
{
	return slice_sub(buf_slice(&server->held), at, server->held.len);
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

/* The head stands at `at`.  What is large and would have to be copied leaves now. */
static int
deliver(struct http_connection *conn, size_t at, const struct http_answer *answer, struct slice body)
{
	struct http_server *server = conn->server;
	struct piece pieces[2];
	int r;

	if (answer->body_is_static)
		return connection_hold(conn, at, body);
	if (body.len <= COPIED_MAX && buf_put_slice(&server->held, body) == 0)
		return connection_hold(conn, at, SLICE_NONE);
	pieces[0] = (struct piece){.bytes = held_from(server, at)};
	pieces[1] = (struct piece){.bytes = body, .owner = answer->body_take};
	r = connection_send(conn, pieces, 2);
	buf_truncate(&server->held, at);
	return r;
}

int
http_respond(struct http_request *req, const struct http_answer *answer)
{
	struct http_connection *conn = req->conn;
	struct slice body = answer->body_take != NULL ? buf_slice(answer->body_take) : answer->body;
	bool is_bare = answer->status == 204 || answer->status == 304;
	size_t at;
	int r;

	if (!begin_answer(req, answer)) {
		r = ERR_CLOSED;
		goto out;
	}
	if (conn->server->held.len > HELD_FULL)
		server_flush(conn->server);
	at = conn->server->held.len;
	r = build_head(conn, answer, is_bare ? HTTP_FRAMING_NONE : HTTP_FRAMING_LENGTH, body.len);
	if (r < 0) {
		r = answer_bare_500(conn, req, r);
		goto out;
	}
	r = deliver(conn, at, answer, has_body(req, answer->status) ? body : SLICE_NONE);
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
	size_t n, at;
	int r;

	if (!begin_answer(req, answer))
		return ERR_CLOSED;
	must(req->phase == REQUEST_HANDLING && answer->body_take == NULL);
	at = conn->server->held.len;
	r = build_head(conn, answer, req->head.is_http10 ? HTTP_FRAMING_CLOSE : HTTP_FRAMING_CHUNKED, 0);
	if (r < 0)
		return answer_bare_500(conn, req, r);
	pieces[0] = (struct piece){.bytes = held_from(conn->server, at)};
	n = chunk_pieces(req, answer->body, chunk_head, pieces + 1);
	r = connection_send(conn, pieces, n + 1);
	buf_truncate(&conn->server->held, at);
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
		return http_stream_cut(req);
	}
	r = connection_send(conn, pieces, n);
	if (r < 0)
		req->phase = REQUEST_CUT;
	return r;
}

void
http_stream_leave_lame(struct http_request *req)
{
	if (req->phase == REQUEST_STREAMING && req->conn->server->is_lame)
		req->conn->is_last = true;
}

int
http_stream_cut(struct http_request *req)
{
	if (req->phase != REQUEST_STREAMING)
		return ERR_CLOSED;
	req->conn->server->stats.streams_cut++;
	connection_reset(req->conn);
	req->phase = REQUEST_CUT;
	return ERR_LIMIT;
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

	server->held.failed = 0;
	r = http_write_head(&server->held, &head);
	if (r < 0)
		return r;
	buf_put_str(&server->held, why->reason);
	return buf_put_char(&server->held, '\n');
}

static void
log_refusal(struct http_connection *conn, const struct http_refusal *why, uint64_t bytes)
{
	struct http_server *server = conn->server;
	const struct http_access access = {
	    .peer = conn->peer,
	    .source = conn->source,
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
	size_t at = server->held.len;

	conn->is_last = true;
	conn->needs_linger = true;
	if (build_refusal(server, why) == 0)
		sorry = (struct piece){.bytes = held_from(server, at)};
	if (connection_send(conn, &sorry, 1) < 0)
		sorry.bytes.len = 0;
	buf_truncate(&server->held, at);
	log_refusal(conn, why, sorry.bytes.len);
	connection_answered(conn);
	if (req != NULL)
		request_free(req);
}
