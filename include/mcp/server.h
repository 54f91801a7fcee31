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

#include "action/dispatcher.h"
#include "action/registry.h"
#include "base/buf.h"
#include "base/compiler.h"
#include "base/slice.h"
#include "mcp/protocol.h"

struct mcp_server; /* one per worker */

struct mcp_options {
	const char *name; /* serverInfo.name */
	const char *title;
	const char *version;
	const char *instructions; /* for the model; NULL for none */
	const struct action_registry *registry;
	struct action_env *env;
	size_t max_result_bytes; /* a larger tool result is refused with advice how to narrow it */
	size_t max_depth;	 /* of JSON in requests, at most JSON_DEPTH_MAX; 0 = the default, 64 */
};

/* Everything in `options` is borrowed and outlives the server.  Renders all constant texts once.  NULL without memory.
 */
struct mcp_server *mcp_server_new(const struct mcp_options *options);
void mcp_server_free(struct mcp_server **server);

/* The header fields that carry protocol meaning; ptr is NULL when a field is absent. */
struct mcp_headers {
	struct slice protocol_version; /* MCP-Protocol-Version */
	struct slice method;	       /* Mcp-Method */
	struct slice name;	       /* Mcp-Name */
	struct slice session_id;       /* Mcp-Session-Id */
};

/*
 * On stdio no header carries meaning; session_id is then the id that the process's own `initialize` was given,
 * kept by the endpoint and handed in with every message.
 */
enum mcp_transport { MCP_HTTP, MCP_STDIO };

struct mcp_request {
	enum mcp_transport transport;
	struct slice body; /* must stay until the answer, or the cancellation */
	struct mcp_headers headers;
	const struct principal *principal;
	const char *request_id; /* for the log */
	uint64_t now_mono_ms;
	uint64_t now_wall_ms;
};

/* What became of a message.  Slices are valid during the call that hands the answer over. */
struct mcp_answer {
	int http_status;
	struct slice body;	/* a JSON-RPC message, or empty (202, 204) */
	const char *session_id; /* Mcp-Session-Id to send; NULL for none */
	const char *method;	/* for metrics and log: a known method's name, or "" */
	const char *tool;	/* known tool's name, or "" */
	int rpc_code;		/* JSON-RPC error code, 0 for none */
	struct slice cancels;	/* the id, as a raw token, that a notifications/cancelled names; else SLICE_NONE */
	int fault_code;		/* enum fault_code of a tool call that was refused, 0 for none */
	enum mcp_protocol protocol;
};

typedef void (*mcp_answer_fn)(void *ctx, const struct mcp_answer *answer);

struct mcp_exchange; /* a message whose answer is not ready */

/*
 * Serves one POSTed message.  answer(ctx, ...) is called exactly once, perhaps before this returns; then *exchange_r is
 * NULL.  Otherwise the exchange is under way until it is answered or mcp_server_hangup() is called.
 */
void mcp_server_post(struct mcp_server *server, const struct mcp_request *request, mcp_answer_fn answer, void *ctx,
		     struct mcp_exchange **exchange_r);

/*
 * The client is gone; the answer function will not be called any more.  A modern call is thereby cancelled; a
 * legacy one runs to its end and its answer is dropped.
 */
void mcp_server_hangup(struct mcp_exchange **exchange);

/* Stops a call of either era; the answer function will not be called any more.  NULL is fine. */
void mcp_server_cancel(struct mcp_exchange **exchange);

/* The raw id of a request that is under way; SLICE_NONE for what is no request. */
struct slice mcp_exchange_id(const struct mcp_exchange *exchange);

/* HTTP DELETE: ends a legacy session.  Gives the HTTP status: 200, 400 (no id), 404 (unknown, or another's). */
int mcp_server_delete(struct mcp_server *server, const struct mcp_request *request);

#endif
