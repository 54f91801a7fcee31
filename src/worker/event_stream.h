/*
 * event_stream.h - answers that are streams of events, and the set of all that are open in this worker
 *
 * A stream begins with its first event (or event_stream_begin()) and ends with event_stream_end().  Whoever does not
 * read what is sent is cut off by http/ (http.stream_buffer_bytes); the request's on_closed() follows.
 *
 * The set knows which stream has been quiet the longest, so keeping the quiet ones open costs a look at one of
 * them per turn of the pulse, however many there are.  It also bounds how many standing streams, which are opened to
 * wait for news, there may be: per caller and address over all workers (429) and in all (503).
 */
#ifndef WORKER_EVENT_STREAM_H
#define WORKER_EVENT_STREAM_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "admission.h"
#include "base/compiler.h"
#include "http/connection.h"
#include "mcp/server.h"
#include "reply.h"

struct board_row;
struct principal;
struct worker;

struct event_stream {
	struct worker *worker;
	struct http_request *req;
	const char *request_id;
	bool has_begun;
	bool is_broken;	  /* nothing more can be sent */
	bool is_forsaken; /* ... and no on_closed() follows: the set's sweep tells the owner */
	bool is_standing;
	const struct principal *principal; /* whose it is */
	struct admission_claim place;	   /* of a standing one */
	uint64_t quiet_since_ms;
	uint64_t n_events;
	uint64_t bytes;
	TAILQ_ENTRY(event_stream) link;
};

struct event_streams {
	TAILQ_HEAD(event_stream_queue, event_stream) open; /* the quietest first */
	size_t n_open;
	size_t n_standing;
	size_t n_forsaken;
};

void event_streams_init(struct event_streams *set);

/* Every stream that was quiet for http.stream_keepalive_ms gets a comment. */
void event_streams_pulse(struct event_streams *set, uint64_t keepalive_ms, uint64_t now_ms);

/* Streams that broke without a word from http/: on_closed(req) is called for each. */
void event_streams_sweep(struct event_streams *set, void (*on_closed)(void *ctx, struct http_request *req), void *ctx);

/* `principal` and `request_id` are borrowed.  Nothing is sent yet. */
void event_stream_init(struct event_stream *stream, struct worker *worker, struct http_request *req,
		       const struct principal *principal, const char *request_id);

/* Before the request is released. */
void event_stream_fini(struct event_stream *stream);

/* Takes a place among the standing streams.  -1 with *refusal_r when there is none. */
int event_stream_stand(struct event_stream *stream, struct refusal *refusal_r) MUST_CHECK;

/*
 * 0; ERR_CLOSED, ERR_LIMIT, ERR_NOMEM: nothing more can be sent, and the owner hears of it from the loop.  On any
 * stack.  begin: the head and a comment, so that the client sees at once that the stream is there.
 */
int event_stream_begin(struct event_stream *stream);
int event_stream_send(struct event_stream *stream, const struct mcp_event *event);

/* The last event, which may be empty; begins the stream if need be.  Only the release of the request may follow. */
void event_stream_end(struct event_stream *stream, const struct mcp_answer *answer);

#endif
