/*
 * exchange.h - one message on its way through the core (private to mcp/)
 *
 * An exchange is made for each POSTed message and freed when it has been answered, or, after a hang-up, when its work
 * is done.  Exactly one of the exchange_* functions that answer is called for each.
 */
#ifndef MCP_EXCHANGE_H
#define MCP_EXCHANGE_H

#include <jansson.h>

#include "mcp/server.h"
#include "rpc/message.h"
#include "session/mcp_session.h"

struct mcp_server {
	struct mcp_options options;
	struct json_limits limits;
	struct buf server_info;		      /* {"name":...,"version":...,"title":...} */
	struct buf modern_tail;		      /* ,"resultType":"complete","_meta":{...}} : ends every modern result */
	struct buf discover;		      /* result of server/discover */
	struct buf initialize_tail;	      /* ,"capabilities":...} : ends every initialize result */
	struct buf lists[MCP_2026_07_28 + 1]; /* result of tools/list, by protocol */
	struct mcp_exchange *orphans;	      /* legacy calls that go on without their client */
};

struct mcp_exchange {
	struct mcp_server *server;
	struct mcp_request request;
	mcp_answer_fn answer; /* NULL after a hang-up */
	void *ctx;
	struct mcp_exchange **owner; /* told of the end while mcp_server_post() runs, else NULL */
	struct rpc_message msg;
	json_t *params;
	enum mcp_protocol protocol;
	bool has_session;
	char session_id[MCP_SESSION_ID_LEN + 1]; /* of a new session, to be sent; or of the one this belongs to */
	bool send_session_id;
	struct mcp_session session;
	struct action_running *running;
	struct mcp_exchange *next, **prev_next; /* among the orphans; prev_next NULL: not there */
	const char *method;			/* constant; "" until known */
	const char *tool;
	struct slice cancels; /* what a notifications/cancelled names */
	int rpc_code;
	int fault_code;
};

bool exchange_is_modern(const struct mcp_exchange *x);

/* A result whose JSON is ready (for modern exchanges: with resultType and all). */
void exchange_answer_result(struct mcp_exchange *x, struct slice result);

/* A whole JSON-RPC message. */
void exchange_answer_message(struct mcp_exchange *x, int http_status, struct slice message);

/* A JSON-RPC error with the status of its code and era, or with a given status.  `fault` is finished. */
void exchange_answer_fault(struct mcp_exchange *x, struct rpc_fault *fault);
void exchange_answer_fault_with(struct mcp_exchange *x, int http_status, struct rpc_fault *fault);

/* No body: 202 for notifications and responses. */
void exchange_answer_empty(struct mcp_exchange *x, int http_status);

/* Our own shortage: -32603. */
void exchange_answer_shortage(struct mcp_exchange *x);

/* The eras.  Both take an exchange with msg and params filled and see to its answer. */
void modern_serve(struct mcp_exchange *x, json_t *claim);
void legacy_serve(struct mcp_exchange *x);
int legacy_delete(struct mcp_server *server, const struct mcp_request *request);

/* Tools, for both eras. */
int tools_render_lists(struct mcp_server *server) MUST_CHECK;
void tools_serve_list(struct mcp_exchange *x);
void tools_serve_call(struct mcp_exchange *x);

#endif
