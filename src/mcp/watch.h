/*
 * watch.h - who is told of changes: GET streams of legacy sessions and subscriptions of the modern era (private to
 * mcp/)
 *
 * Both are exchanges that stay open; on stdio the process's own legacy session is one, too.  A change is told to the
 * watchers of this worker and goes by frame to those of the others.
 *
 * Runs in: worker, stdio.
 */
#ifndef MCP_WATCH_H
#define MCP_WATCH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "action/change.h"
#include "event_id.h"
#include "exchange.h"

#define WATCH_MAX 4096 /* the endpoint has limits of its own, for each caller too */
#define WATCH_COME_BACK_MS 1000

#define WATCH_KIND(kind) (1u << (kind))

struct watcher {
	LIST_ENTRY(watcher) link;
	struct mcp_exchange *x;
	uint32_t serial;      /* of a GET stream, from 1; 0: a subscription */
	uint64_t number;      /* of its last event */
	uint64_t deadline_ms; /* when the caller's token ends; UINT64_MAX: never */
	uint64_t looked_ms;   /* when its session was last looked up */
	unsigned kinds;	      /* WATCH_KIND() of what it wants to know */
	size_t n_uris;	      /* of a subscription; a session's own are in the shared table */
	uint64_t uris[];      /* mcp_session_uri_hash() */
};

/* The kinds of changes that this product can have. */
unsigned watch_offered(const struct mcp_server *server);

/* x watches from now on.  ERR_FULL, ERR_NOMEM. */
int watch_begin(struct mcp_exchange *x, unsigned kinds, size_t n_uris, struct watcher **watcher_r) MUST_CHECK;

/* x is about to be freed. */
void watch_leave(struct mcp_exchange *x);

/* One message to one watcher. */
void watch_send_change(struct watcher *watcher, const struct action_change *change);

/* The server's word that this is the end. */
void watch_end(struct watcher *watcher);

void watch_tick(struct mcp_server *server);
void watch_retire(struct mcp_server *server);
void watch_end_session(struct mcp_server *server, struct slice principal, struct slice session);

void watch_receive_change(struct mcp_server *server, const struct frame *frame);
void watch_receive_lists(struct mcp_server *server, const struct frame *frame);
void watch_receive_stream_end(struct mcp_server *server, const struct frame *frame);

/* What the lists of tools, prompts and resources look like, as numbers. */
void watch_digest_lists(const struct mcp_server *server, uint64_t digests_r[static FRAME_LISTS_COUNT]);

/* get.c: the id of a GET stream's last event; is false where events have none. */
bool get_event_id(const struct watcher *watcher, struct event_id *id_r);
void get_release(struct watcher *watcher); /* the session's stream is free again */

/* listen.c: R-255. */
void listen_end(struct watcher *watcher);
void listen_serve(struct mcp_exchange *x);

/* subscribe.c: R-262. */
void subscribe_serve_add(struct mcp_exchange *x);
void subscribe_serve_remove(struct mcp_exchange *x);

/* A resource that the product tells changes of. */
bool subscribe_can_watch(const struct mcp_server *server, struct slice uri);

#endif
