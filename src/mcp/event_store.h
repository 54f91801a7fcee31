/*
 * event_store.h - events that are kept for clients that come back for them (private to mcp/)
 *
 * A stream is what one call says, its answer included, in numbered events from 1 on.  Streams belong to a session and
 * its principal, and are found by nobody else.  Kept are at most so many bytes of a session and of the whole process;
 * what is too much goes oldest first, and is counted.  A stream that has ended is kept for a while.
 *
 * Pure: nothing is sent from here.
 *
 * Runs in: worker.
 */
#ifndef MCP_EVENT_STORE_H
#define MCP_EVENT_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/compiler.h"
#include "base/slice.h"
#include "session/mcp_session.h"

#define EVENTS_PER_SESSION_MAX ((size_t)1024 * 1024) /* unless the operator wants it otherwise */
#define EVENTS_TOTAL_MAX ((size_t)64 * 1024 * 1024)
#define EVENTS_KEPT_MS (5u * 60 * 1000)

struct mcp_exchange;
struct account;
struct event_store;

struct kept_event {
	TAILQ_ENTRY(kept_event) link;
	uint64_t number;
	size_t len;
	char data[];
};

/* Who reads a stream through another worker, and how far. */
struct remote_reader {
	uint64_t cookie; /* 0: nobody */
	uint32_t slot;
	uint32_t pid;
	uint64_t number; /* the last event that is known there */
	uint64_t asked_ms;
	bool waits; /* for the next one */
};

struct stream {
	TAILQ_ENTRY(stream) of_account;
	TAILQ_ENTRY(stream) of_store; /* while it keeps events: the one that began to first comes first */
	TAILQ_ENTRY(stream) of_ended;
	TAILQ_HEAD(kept_events, kept_event) events;
	struct account *account;
	uint64_t serial;   /* within this process, from 1 */
	uint64_t last;	   /* number of the last event; 0: none yet */
	uint64_t ended_ms; /* once it has ended */
	bool has_ended;

	/* Kept here for streams.c. */
	struct mcp_exchange *call;   /* that writes it; NULL: it has ended */
	struct mcp_exchange *reader; /* a GET of this worker; NULL: none */
	struct remote_reader remote;
};

/* At most `session_bytes` of one session, for `kept_ms` after the end of a stream.  NULL without memory. */
struct event_store *event_store_new(size_t session_bytes, uint64_t kept_ms);
void event_store_free(struct event_store **store);

/* NULL without memory. */
struct stream *stream_new(struct event_store *store, struct slice principal, struct slice session);

/* Wherever it stands; whoever reads it must have been told. */
void stream_free(struct event_store *store, struct stream *stream);

/* NULL: this session of this principal has none such. */
struct stream *stream_find(struct event_store *store, struct slice principal, struct slice session, uint64_t serial);

/* Numbers the event, and keeps it unless it is too large or there is no memory.  stream->last is its number. */
void stream_put(struct event_store *store, struct stream *stream, struct slice data);

/* Nothing more comes.  Without an event there is nothing to keep, and the stream is freed. */
void stream_end(struct event_store *store, struct stream *stream, uint64_t now_ms);

/* Are all events after this one still here?  An event that does not exist yet has none after it. */
bool stream_has_after(const struct stream *stream, uint64_t number);
const struct kept_event *stream_event_after(const struct stream *stream, uint64_t number); /* NULL: none, or gone */

/* Is one that has ended still being read through another worker, which asked since then? */
bool event_store_is_read(const struct event_store *store, uint64_t since_ms);

/* Lets go of what ended too long ago, and of all that a session kept. */
void event_store_expire(struct event_store *store, uint64_t now_ms);
void event_store_forget(struct event_store *store, struct slice principal, struct slice session);

struct event_store_stats {
	uint32_t streams;
	size_t bytes;
	uint64_t dropped; /* events */
};
void event_store_stats(const struct event_store *store, struct event_store_stats *stats_r);

#endif
