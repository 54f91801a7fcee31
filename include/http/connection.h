/*
 * connection.h - one HTTP request as the application sees it, and how it is answered
 *
 * A request comes to the application in on_request() (server.h), head and body whole.  The application then owes
 * exactly two calls: one answer (http_respond, or http_stream_begin ... http_stream_end) and one http_request_release,
 * the latter last.  Both may come at once or any time later.  Answering twice, or releasing a request whose client
 * still waits for an answer, is a bug (must).
 *
 * When the client goes away first, on_closed() is called, once; the request stays valid until it is released, and
 * answers given then are dropped with ERR_CLOSED.
 *
 * The functions here may be called on any stack (a fiber too): they never call back into the application except
 * on_access and never free the connection.  Runs in: worker.
 */
#ifndef HTTP_CONNECTION_H
#define HTTP_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/err.h"
#include "base/pool.h"
#include "base/slice.h"
#include "http/parser.h"

struct http_connection;
struct http_server;

struct http_request {
	struct http_head head; /* slices and fields live as long as the request */
	struct slice body;     /* decoded; empty in on_head(); .ptr is followed by a NUL */
	const char *peer;      /* "192.0.2.1:4711", "[2001:db8::1]:4711", "unix" */
	struct pool *pool;     /* memory of this request; freed by http_request_release */
	void *user;	       /* the application's own */
	void *source;	       /* what on_connect() said of the peer; while the connection is there */
	bool is_judged;	       /* the application's own: false at first, kept from on_head() to on_request() */
	uint64_t start_us;     /* clock_mono_us() at the end of the head */

	/* Private to http/. */
	struct http_connection *conn; /* NULL: the client is gone */
	struct http_server *server;
	struct buf body_buf;
	uint64_t sent_bytes;
	uint8_t phase;
	bool is_stream;
	int status; /* of the answer; 0 before it */
};

struct http_answer {
	int status;
	const char *content_type; /* NULL: none */
	const struct http_field *fields;
	size_t n_fields;
	struct slice body;
	bool body_is_static;   /* the bytes of `body` live for ever: what cannot be sent at once is not copied */
	struct buf *body_take; /* not NULL: this buffer is the body instead, and its memory is taken */
	bool close;	       /* close the connection afterwards, whatever the client asked for */
};

/*
 * Answers.  The bytes go to the socket at the end of the loop's turn, or at once where they are many; what the socket
 * does not take is queued.  HEAD and 204/304 are answered without body.  The answer's memory is needed during the call
 * only.
 *   0            sent, held or queued
 *   ERR_CLOSED   the client is gone; nothing to do
 *   ERR_INVALID  the answer could not be built, as ERR_NOMEM; the client got a bare 500
 */
int http_respond(struct http_request *req, const struct http_answer *answer);

/*
 * Begins an answer whose end is not known yet (SSE): chunked for HTTP/1.1, until the connection closes for 1.0.
 * answer->body goes out with the head and may be empty; body_take is not allowed.  Results as http_respond; unless it
 * is 0 the answer is over and the request is only to be released.
 */
int http_stream_begin(struct http_request *req, const struct http_answer *answer) MUST_CHECK;

/*
 * Sends a piece of the stream, at once.
 *   0            sent or queued
 *   ERR_LIMIT    more than limits.stream_buffer_bytes would wait for a slow reader: the connection is cut.  A piece
 *                that comes when nothing waits is taken whatever its size
 *   ERR_NOMEM    no memory to queue it: the connection is cut
 *   ERR_CLOSED   the client is gone, or was cut before
 * After a cut on_closed() follows from the event loop unless the request is released before.
 */
int http_stream_write(struct http_request *req, struct slice bytes);

/*
 * Ends the stream, with a last piece that may be empty and is taken whatever its size, as a whole answer is: a reader
 * who is a little behind does not lose it.  Results as http_stream_write.  May be left out after a failed write and
 * after on_closed().
 */
int http_stream_end(struct http_request *req, struct slice last);

/*
 * Cuts the connection of a stream: what waits for its reader is thrown away.  Gives ERR_LIMIT, or ERR_CLOSED when it is
 * cut already; on_closed() follows as above.
 */
int http_stream_cut(struct http_request *req);

/*
 * Before the end of a stream whose client will come back at once: when the server is lame, the connection closes behind
 * the stream, so that he finds another.  Not for an answer: its head promised to keep the connection before anybody
 * knew, and the next request may be on its way already.
 */
void http_stream_leave_lame(struct http_request *req);

/* Bytes of this request's connection that wait for the client to read.  0 when the client is gone. */
size_t http_request_queued(const struct http_request *req);

bool http_request_is_closed(const struct http_request *req); /* the client is gone */

/* Frees the request, its pool and its body.  Nulls the pointer.  NULL is allowed. */
void http_request_release(struct http_request **req);

#endif
