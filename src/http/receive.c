/*
 * receive.c - the loop that takes requests from a connection, one step at a time
 *
 * An answer given while the application is called from here only changes the connection's state, and the loop in
 * connection_advance() goes on from there: pipelined requests cost no recursion.
 */
#include "http/server_private.h"

#include <string.h>
#include <sys/socket.h>

#include "base/err.h"
#include "base/turn.h"

/* Requests of one connection served per turn of the event loop, so that others get their turn. */
#define TURN_REQUESTS 16
/* Bites of a body read per turn. */
#define TURN_BITES 4

static void
refuse_nomem(struct http_connection *conn)
{
	const struct http_refusal why = {503, "There is no memory for the request."};

	connection_refuse(conn, &why);
}

static void
refuse_waiting(struct http_connection *conn)
{
	const struct http_refusal why = {429, "As many bytes of unfinished requests and unread answers wait as may."};

	connection_refuse(conn, &why);
}

static void
use_input(struct http_connection *conn, size_t len)
{
	conn->input = slice_sub(conn->input, len, conn->input.len);
	conn->server->stats.bytes_in += len;
}

static void
begin_body(struct http_connection *conn, struct http_request *req)
{
	conn->req = req;
	conn->is_head_asked = false;
	conn->is_last = false;
	conn->is_stream = false;
	conn->needs_linger = false;
	http_body_init(&conn->body, &req->head, &conn->server->limits);
	connection_set_state(conn, HTTP_STATE_READ_BODY);
	if (req->head.body != HTTP_BODY_NONE)
		conn->body_start_ms = turn_mono_ms();
}

/* True when the connection went on to another state. */
static bool
step_head(struct http_connection *conn)
{
	struct http_request *req;
	struct http_refusal why;
	struct http_head head;
	size_t len;
	int r;

	http_head_init(&head, conn->server->fields, conn->server->limits.fields_max);
	r = http_parse_head(&conn->parser, conn->input, &conn->server->limits, &head, &len, &why);
	if (r == ERR_AGAIN)
		return false;
	if (r < 0) {
		connection_refuse(conn, &why);
		return true;
	}
	req = request_new(conn, &head, conn->input.ptr, len);
	if (req == NULL) {
		refuse_nomem(conn);
		return true;
	}
	use_input(conn, len);
	begin_body(conn, req);
	return true;
}

/* The part of the body that is here.  Results as http_body_feed(). */
static int
feed_input(struct http_connection *conn, struct http_refusal *why)
{
	size_t used;
	int r;

	r = http_body_feed(&conn->body, conn->input, &conn->req->body_buf, &used, why);
	use_input(conn, used);
	return r;
}

/*
 * More of the body while there is some.  Only bytes that are certain to belong to this body are taken, so nothing has
 * to be kept.  End of file and errors are left for the event loop to find.
 */
static int
feed_socket(struct http_connection *conn, struct http_refusal *why)
{
	int r = ERR_AGAIN;

	for (int i = 0; i < TURN_BITES && r == ERR_AGAIN; i++) {
		size_t wanted = http_body_wants(&conn->body);
		size_t used;
		ssize_t n;

		if (wanted == 0)
			break;
		if (wanted > SCRATCH_BYTES)
			wanted = SCRATCH_BYTES;
		n = recv(event_get_fd(&conn->io), conn->server->scratch, wanted, MSG_DONTWAIT);
		if (n <= 0)
			break;
		r = http_body_feed(&conn->body, slice_of(conn->server->scratch, (size_t)n), &conn->req->body_buf, &used,
				   why);
		conn->server->stats.bytes_in += (uint64_t)n;
		explicit_bzero(conn->server->scratch, (size_t)n);
	}
	return r;
}

/* Head there, body not yet: may it come?  False when the application refused. */
static bool
ask_head(struct http_connection *conn)
{
	const struct piece go_on = {.bytes = HTTP_CONTINUE, .is_static = true};
	struct http_request *req = conn->req;
	struct http_server *server = conn->server;

	if (conn->is_head_asked)
		return true;
	conn->is_head_asked = true;
	if (server->ops->on_head != NULL) {
		server->ops->on_head(server->ctx, req);
		if (req->phase == REQUEST_DONE) {
			request_free(req);
			return false;
		}
	}
	if (req->head.expect_continue && req->body_buf.len == 0)
		(void)connection_send(conn, &go_on, 1);
	return true;
}

static void
hand_over(struct http_connection *conn)
{
	struct http_server *server = conn->server;
	struct http_request *req = conn->req;

	if (req->body_buf.len > 0)
		req->body = buf_slice(&req->body_buf);
	req->phase = REQUEST_HANDLING;
	server->stats.requests_total++;
	server->stats.requests_now++;
	connection_set_state(conn, HTTP_STATE_HANDLING);
	server->ops->on_request(server->ctx, req);
}

static bool
step_body(struct http_connection *conn)
{
	struct http_refusal why;
	int r = feed_input(conn, &why);

	if (r == ERR_AGAIN && !ask_head(conn))
		return true;
	if (r == ERR_AGAIN)
		r = feed_socket(conn, &why);
	if (r == ERR_AGAIN && connection_note_waiting(conn) < 0) {
		refuse_waiting(conn);
		return true;
	}
	if (r == ERR_AGAIN) {
		conn->deadline_ms = 0; /* progress: the pace is computed anew */
		return false;
	}
	if (r < 0)
		connection_refuse(conn, &why);
	else
		hand_over(conn);
	return true;
}

static void
step_linger(struct http_connection *conn)
{
	size_t len = connection_input(conn);

	use_input(conn, len);
	if (len >= conn->linger_left || conn->is_eof)
		connection_doom(conn);
	else
		conn->linger_left -= len;
}

/* One step; false when the connection has to wait for bytes or for the application. */
static bool
step(struct http_connection *conn)
{
	switch ((enum http_state)conn->state) {
	case HTTP_STATE_IDLE:
		if (connection_input(conn) == 0)
			return false;
		connection_set_state(conn, HTTP_STATE_READ_HEAD);
		return true;
	case HTTP_STATE_READ_HEAD:
		return connection_input(conn) > 0 && step_head(conn);
	case HTTP_STATE_READ_BODY:
		return step_body(conn);
	case HTTP_STATE_LINGER:
		step_linger(conn);
		return false;
	case HTTP_STATE_HANDLING:
	case HTTP_STATE_STREAMING:
	case HTTP_STATE_WRITING:
	case HTTP_STATES:
		break;
	}
	return false;
}

/* Nothing more will come: who waited for it is told. */
static void
end_of_input(struct http_connection *conn)
{
	connection_flush(conn);
	if (conn->state == HTTP_STATE_WRITING)
		return;
	connection_gone(conn, 499);
	connection_doom(conn);
}

void
connection_advance(struct http_connection *conn)
{
	uint64_t last = conn->server->stats.requests_total + TURN_REQUESTS;

	while (!conn->is_doomed && step(conn)) {
		if (conn->server->stats.requests_total < last)
			continue;
		conn->is_kicked = true; /* the others first */
		return;
	}
	if (conn->is_eof && !conn->is_doomed)
		end_of_input(conn);
}
