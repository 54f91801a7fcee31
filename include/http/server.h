/*
 * server.h - the set of HTTP connections of one worker
 *
 * A connection is always in one state:
 *
 *   IDLE -> READ_HEAD -> READ_BODY -> HANDLING -> [STREAMING ->] WRITING -> IDLE ...
 *                \___________\______________________________________\-> LINGER -> closed
 *
 * Requests of a connection are handled in order, one at a time.  While one is handled up to limits.pipeline_bytes are
 * read ahead, so that the client's going away is noticed.  After a refusal (malformed, too large, too slow) the
 * answer is sent, then the rest of the request is read and thrown away for a while, so that the answer is not lost to a
 * reset.  Runs in: worker; everything on the thread of the event base.
 */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/slice.h"
#include "http/connection.h"
#include "http/limits.h"

struct event_base;
struct http_server;

enum http_state {
	HTTP_STATE_IDLE, /* open, no byte of a request yet */
	HTTP_STATE_READ_HEAD,
	HTTP_STATE_READ_BODY,
	HTTP_STATE_HANDLING,  /* the application owes the answer */
	HTTP_STATE_STREAMING, /* between http_stream_begin and http_stream_end */
	HTTP_STATE_WRITING,   /* the rest of an answer waits for the client to read */
	HTTP_STATE_LINGER,
	HTTP_STATES
};
#define HTTP_STATE_BIT(state) (1u << (state))
#define HTTP_STATE_ANY ((1u << HTTP_STATES) - 1)
#define HTTP_STATE_BUSY                                                                                                \
	(HTTP_STATE_BIT(HTTP_STATE_READ_BODY) | HTTP_STATE_BIT(HTTP_STATE_HANDLING) |                                  \
	 HTTP_STATE_BIT(HTTP_STATE_STREAMING) | HTTP_STATE_BIT(HTTP_STATE_WRITING))

/* One line of the access log.  Slices are valid during the call only. */
struct http_access {
	struct slice method; /* empty when the head was refused */
	struct slice path;
	const char *peer;
	const void *source;   /* what on_connect() said of the peer; may be NULL */
	int status;	      /* 499: the client went away before the answer was complete */
	uint64_t bytes;	      /* of the answer, its head included */
	bool is_stream;	      /* the answer had begun as a stream: one that is left is a 499 too */
	uint64_t duration_us; /* since the end of the head */
	const char *refusal;  /* constant text when http/ itself refused the request, else NULL */
};

struct http_server_ops {
	/*
	 * May be NULL.  Somebody has connected; `peer` as in http_request.  False: no more of him now, he is answered
	 * 429 and the connection is closed.  What is put into *source_r (NULL at first) comes with each request, and to
	 * on_disconnect() (not NULL then) when the connection closes.
	 */
	bool (*on_connect)(void *ctx, const char *peer, void **source_r);
	void (*on_disconnect)(void *ctx, void *source);

	/* Head and body are whole.  Owes an answer and a release, see connection.h. */
	void (*on_request)(void *ctx, struct http_request *req);

	/*
	 * May be NULL.  The head is whole but the body has not come yet with it: the chance to refuse, by http_respond,
	 * before the body is waited for (and before 100 Continue).  The connection closes after such an answer.  The
	 * request must be neither released nor kept, nor streamed to.  Not called when the whole body came along with
	 * the head, so on_request must make the same checks.
	 */
	void (*on_head)(void *ctx, struct http_request *req);

	/* The client went away while it was owed an answer or the end of a stream.  The request is still to be
	 * released. */
	void (*on_closed)(void *ctx, struct http_request *req);

	/*
	 * May be NULL.  What waits in memory for a connection's client is so much now: a body that is not whole yet,
	 * and of answers what he does not read.  0 before on_disconnect().  False when it has grown to more than may
	 * be: the body is refused with 429, the answer is lost with its connection.  The answer functions call it, too.
	 */
	bool (*on_waiting)(void *ctx, void *source, uint32_t kib);

	/*
	 * May be NULL.  Bytes are about to leave: what must be on record before a client sees them is written now.
	 * Answers leave together at the end of the loop's turn, so that is once for all of them; when nothing has come
	 * up since the last time, it must cost nothing.
	 */
	void (*on_send)(void *ctx);

	/* May be NULL.  Once per answer, also those http/ gives itself; at the end of a stream. */
	void (*on_access)(void *ctx, const struct http_access *access);
};

/* Plain counters; `_now` ones are gauges, the others only grow. */
struct http_stats {
	uint64_t connections_now;
	uint64_t connections_total;
	uint64_t requests_now; /* given to the application and not yet released */
	uint64_t requests_total;
	uint64_t bytes_in;
	uint64_t bytes_out;
	uint64_t timeouts_head;
	uint64_t timeouts_body;
	uint64_t timeouts_write;
	uint64_t timeouts_idle;
	uint64_t clients_gone;	 /* went away while an answer was owed */
	uint64_t streams_cut;	 /* the reader was too slow: too much waited, or nothing was taken for write_ms */
	uint64_t accept_paused;	 /* times the connection ceiling was reached */
	uint64_t accept_refused; /* connections answered 503 for want of descriptors or room */
	uint64_t accept_limited; /* connections answered 429 because on_connect() said so */
};

/* `base`, `ops` and `ctx` are borrowed and outlive the server; *limits is copied.  NULL when there is no memory. */
struct http_server *http_server_new(struct event_base *base, const struct http_limits *limits,
				    const struct http_server_ops *ops, void *ctx);

/*
 * Closes every connection as http_server_abort_all() does.  All listeners must be freed before, and every request must
 * have been released when the last on_closed() has returned.  Not from within the callbacks above.
 */
void http_server_free(struct http_server **server);

/*
 * Takes a connected stream socket (also on failure: it is then closed) and serves it.  `peer` is copied and cut to 63
 * characters.  ERR_NOMEM, ERR_LIMIT (connections_max), ERR_IO.
 */
int http_server_adopt(struct http_server *server, int fd, const char *peer);

const struct http_stats *http_server_stats(const struct http_server *server); /* live; copy what is to be kept */

/* Number of connections in any of the states of the mask, e.g. HTTP_STATE_BIT(HTTP_STATE_IDLE), HTTP_STATE_ANY. */
size_t http_server_count(const struct http_server *server, unsigned states);

/*
 * Draining, in this order (the listener is closed first):
 *   set_lame    every further answer says Connection: close and closes; connections that are idle, or whose stream ends
 *               now, are KEPT, since a client may just be sending on one (closing them at once fails its request); but
 *               see http_stream_leave_lame()
 *   close_idle  closes the connections that are idle now
 *   abort_all   closes everything: waiting requests get 503 when the socket takes it at once, streams are broken off;
 *               on_closed() is called for all of them
 * The last two must not be called from on_closed() or on_access().
 */
void http_server_set_lame(struct http_server *server);
void http_server_close_idle(struct http_server *server);
void http_server_abort_all(struct http_server *server);

#endif
