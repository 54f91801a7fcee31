/*
 * server.h - the MCP protocol core: bytes of one message in, bytes of its answer out
 *
 * Pure with respect to I/O: an endpoint (HTTP, stdio) hands in a body, the headers that matter and the caller; the
 * core judges era, envelope and params in the order of R-013, runs tools through the action dispatcher and gives back
 * one answer.  Two eras live side by side: modern (2026-07-28, stateless) and legacy (2025-11-25, 2025-06-18,
 * 2025-03-26, with sessions in the shared table).
 *
 * Runs in: worker, stdio.
 */
#ifndef MCP_SERVER_H
#define MCP_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "action/change.h"
#include "action/dispatcher.h"
#include "action/registry.h"
#include "base/buf.h"
#include "base/compiler.h"
#include "base/slice.h"
#include "mcp/protocol.h"

struct mcp_server; /* one per worker */

struct mcp_options {
	const char *title; /* of this installation; NULL or "": the product's */
	const char *version;
	const struct action_registry *registry; /* and with it the product: tools, prompts, resources */
	struct action_env *env;
	const struct mcp_peers *peers; /* the other workers; NULL: there are none */
	size_t max_result_bytes;       /* a larger tool result is refused with advice how to narrow it */
	uint64_t ask_timeout_ms;       /* how long a question to the user stays open; 0 = ten minutes */
	uint64_t keep_events_ms;       /* of a stream that has ended; 0 = five minutes */
	size_t keep_events_bytes;      /* of one session; 0 = 1 MiB */
	size_t max_depth;	       /* of JSON in requests, at most JSON_DEPTH_MAX; 0 = the default, 64 */
};

/* Everything in `options` is borrowed and outlives the server.  Renders all constant texts once.  NULL without memory.
 */
struct mcp_server *mcp_server_new(const struct mcp_options *options);
void mcp_server_free(struct mcp_server **server);

/*
 * How this worker reaches the others.  A frame is at most MCP_FRAME_MAX bytes; it is delivered once to the process that
 * now serves the slot, or lost and counted; order is kept per pair.  The receiver calls mcp_server_receive().
 */
#define MCP_FRAME_MAX (64u * 1024)

struct mcp_peers {
	uint32_t slot; /* our own */
	uint32_t pid;
	uint64_t generation;
	void (*post)(void *ctx, uint32_t slot, struct slice frame);
	void (*post_all)(void *ctx, struct slice frame); /* every other worker that is alive */
	bool (*is_alive)(void *ctx, uint32_t slot, uint32_t pid);
	void *ctx;
};

/* The header fields that carry protocol meaning; ptr is NULL when a field is absent. */
struct mcp_headers {
	struct slice protocol_version; /* MCP-Protocol-Version */
	struct slice method;	       /* Mcp-Method */
	struct slice name;	       /* Mcp-Name */
	struct slice session_id;       /* Mcp-Session-Id */
	struct slice last_event_id;    /* Last-Event-ID */

	/* Any other field by name (Mcp-Param-*), ignoring case; *n_r counts how often it stands.  NULL: none has any.
	 */
	struct slice (*find)(void *ctx, const char *name, size_t *n_r);
	void *ctx;
};

/*
 * On stdio no header carries meaning; session_id is then the id that the process's own `initialize` was given,
 * kept by the endpoint and handed in with every message.
 */
enum mcp_transport { MCP_HTTP, MCP_STDIO };

struct mcp_request {
	enum mcp_transport transport;
	bool takes_events; /* the client reads event streams (on stdio: always) */
	struct slice body; /* must stay until the answer, or the cancellation */
	struct mcp_headers headers;
	const struct principal *principal;
	const char *request_id; /* for the log */
	void *source;		/* his connection, while the request is begun; for the limits of its address */
	const char *address;	/* of the client, as far as failed logins are held against it; NULL: not */
	uint64_t now_mono_ms;
	uint64_t now_wall_ms;
};

/* What became of a message.  Slices are valid during the call that hands the answer over. */
struct mcp_answer {
	int http_status;
	struct slice body;	   /* a JSON-RPC message, or empty (202, 204) */
	const char *session_id;	   /* Mcp-Session-Id to send; NULL for none */
	bool was_cancelled;	   /* by the client: there is no body */
	const char *missing_scope; /* that the access token would have to include; NULL: none */
	uint32_t retry_after_s;	   /* with 429: Retry-After; 0: none */
	const char *method;	   /* for metrics and log: a known method's name, or "" */
	const char *tool;	   /* known tool's name, or "" */
	int rpc_code;		   /* JSON-RPC error code, 0 for none */
	struct slice event_id;	   /* of the event that `body` becomes, when a stream has begun; SLICE_NONE: none */
	uint32_t retry_ms; /* not 0: the stream ends early, and the client may come back after so long */
	int fault_code;	   /* enum fault_code of a tool call that was refused, 0 for none */
	enum mcp_protocol protocol;
};

/* A message that goes before the answer: over HTTP an event of a stream, on stdio a line. */
struct mcp_event {
	struct slice id;   /* SLICE_NONE: none */
	struct slice data; /* a JSON-RPC message; empty in the priming event, which stdio does not write */
	uint32_t retry_ms; /* not 0: the client is told to wait so long before it comes back */
};

/* What an endpoint offers for one exchange.  Both functions may be called on any stack, a fiber's too. */
struct mcp_channel {
	/*
	 * Sends one event; the first one begins the stream.  Only when request.takes_events.  0; ERR_CLOSED, ERR_LIMIT,
	 * ERR_NOMEM: the client is gone or was cut off, mcp_server_hangup() follows from the loop.
	 */
	int (*send)(void *ctx, const struct mcp_event *event);

	/* The last word, exactly once, unless mcp_server_hangup() comes first.  An empty body ends a stream as it is.
	 */
	void (*answer)(void *ctx, const struct mcp_answer *answer);
	void *ctx;
};

struct mcp_exchange; /* a message, or a GET stream, whose answer is not ready */

/*
 * Serves one POSTed message.  channel->answer() is called exactly once, perhaps before this returns; then *exchange_r
 * is NULL.  Otherwise the exchange is under way until it is answered or mcp_server_hangup() is called.
 */
void mcp_server_post(struct mcp_server *server, const struct mcp_request *request, const struct mcp_channel *channel,
		     struct mcp_exchange **exchange_r);

/*
 * HTTP GET: a legacy session's own stream, or, with Last-Event-ID, the rest of a broken one.  As
 * mcp_server_post(); a refusal is an answer with a status of 400 or more, the end of the stream one without a body.
 */
void mcp_server_get(struct mcp_server *server, const struct mcp_request *request, const struct mcp_channel *channel,
		    struct mcp_exchange **exchange_r);

/*
 * The client is gone; the channel is not used any more.  A modern call is thereby cancelled, and so is what
 * stdio had under way; a legacy call over HTTP runs to its end, and what it says is kept for a resume if its
 * events had ids.
 */
void mcp_server_hangup(struct mcp_exchange **exchange);

/* Stops a call of either era; the channel is not used any more.  NULL is fine. */
void mcp_server_cancel(struct mcp_exchange **exchange);

/* A frame of another worker. */
void mcp_server_receive(struct mcp_server *server, struct slice frame, uint64_t now_mono_ms, uint64_t now_wall_ms);

/* Tells all who watch, here and in the other workers. */
void mcp_server_change(struct mcp_server *server, const struct action_change *change);

/* About once a second: what was kept for a resume too long is let go. */
void mcp_server_tick(struct mcp_server *server, uint64_t now_mono_ms);

/*
 * The worker retires: listening streams end with their result, GET streams are told to come back; calls go on.  From
 * the loop, never from a channel's function: it may be one of those streams that is just being told something.
 */
void mcp_server_retire(struct mcp_server *server);

/* Whether a client of another worker is reading the answer of a call that has ended here: it takes a moment. */
bool mcp_server_is_read(const struct mcp_server *server);

struct mcp_gauges {
	uint32_t listeners;    /* GET streams and subscriptions */
	uint32_t kept_streams; /* for a resume */
	uint64_t kept_bytes;
	uint64_t dropped_events; /* not kept, or not delivered, for want of room: a counter */
	uint64_t foreign_frames; /* refused, of another version or damaged: a counter */
};
void mcp_server_gauges(const struct mcp_server *server, struct mcp_gauges *gauges_r);

/*
 * Whether the stream that a GET asked for is there, though nothing need have been said on it yet.  False while another
 * worker is asked for it: then the first event begins it, or a refusal is the answer.
 */
bool mcp_exchange_is_open(const struct mcp_exchange *exchange);

/* HTTP DELETE: ends a legacy session.  Gives the HTTP status: 200, 400 (no id), 404 (unknown, or another's). */
int mcp_server_delete(struct mcp_server *server, const struct mcp_request *request);

#endif
