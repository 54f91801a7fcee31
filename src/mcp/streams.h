/*
 * streams.h - answers that a client may come back for (private to mcp/)
 *
 * A legacy call over HTTP at 2025-11-25 that has to wait is answered as an event stream whose events have ids.  It
 * begins with the priming event, its events are kept (event_store.h), and a GET with Last-Event-ID, at this worker or
 * another one, reads the rest and goes on live.  One reader at a time: who comes later takes over.
 *
 * Runs in: worker.
 */
#ifndef MCP_STREAMS_H
#define MCP_STREAMS_H

#include <stdbool.h>

#include "event_id.h"
#include "event_store.h"
#include "exchange.h"

/* Another worker's stream, read for a client of ours. */
struct remote_stream {
	LIST_ENTRY(remote_stream) link;
	struct mcp_exchange *x;
	uint64_t cookie;
	struct event_id at; /* the stream, and the last event that the client has */
	struct buf part;    /* of the next one */
	bool has_begun;	    /* the stream is known to be there */
	uint64_t since_ms;
	uint64_t asked_ms;
};

/* ---- for exchange.c and route.c ---- */

/* Begins the stream of a call that waits, if its client takes such. */
void streams_begin(struct mcp_exchange *x);

/* An event of x's stream.  ERR_NOMEM: it is neither kept nor sent. */
int streams_send(struct mcp_exchange *x, struct slice message);

/*
 * The last event, unless `message` is empty, and the end for all but x's own client, whose event id is put into
 * `text_r`.  x->stream is NULL afterwards.
 */
struct slice streams_finish(struct mcp_exchange *x, struct slice message, char text_r[static EVENT_ID_CAP]);

/* x is about to be freed: it neither writes nor reads any more. */
void streams_leave(struct mcp_exchange *x);

/* ---- for mcp_server_get() and its like ---- */

/* Reads on after `id`, which is no GET stream's; answers x, now or in time. */
void streams_resume(struct mcp_exchange *x, const struct event_id *id);

void streams_tick(struct mcp_server *server);

/* The readers that a session has here are told that it is over; what it kept is let go. */
void streams_end_session(struct mcp_server *server, struct slice principal, struct slice session);

/* ---- replay.c: streams read through another worker ---- */

void replay_begin(struct mcp_exchange *x, const struct event_id *id);
void replay_leave(struct mcp_exchange *x);
void replay_tick(struct mcp_server *server);

/* The other side: a reader elsewhere is told what is new, or that this is the end. */
void replay_offer(struct mcp_server *server, struct stream *stream);
void replay_dismiss(struct mcp_server *server, struct stream *stream, enum frame_end end);

void replay_receive_pull(struct mcp_server *server, const struct frame *frame);
void replay_receive_piece(struct mcp_server *server, const struct frame *frame);
void replay_receive_wait(struct mcp_server *server, const struct frame *frame);
void replay_receive_ended(struct mcp_server *server, const struct frame *frame);

/* What both share: the priming event of a stream that is read on, and its later ones. */
int streams_prime(struct mcp_exchange *x, const struct event_id *at);
int streams_pass(struct mcp_exchange *x, const struct event_id *at, struct slice message);

/* No such stream, or not any more: 404. */
void streams_refuse(struct mcp_exchange *x);

/* One reader gives way to another. */
void streams_replace_reader(struct mcp_server *server, struct stream *stream);

#endif
