/*
 * route.c - a message comes in: which era is it? 
 */
#include <string.h>

#include "batch.h"
#include "exchange.h"
#include "streams.h"

/* The member whose presence makes a message modern. */
static struct json_view
find_claim(const struct mcp_exchange *x)
{
	return json_view_get(x->meta, "io.modelcontextprotocol/protocolVersion");
}

static void
refuse_array(struct mcp_exchange *x)
{
	struct rpc_fault fault;

	rpc_fault_init(&fault);
	rpc_fault_set(&fault, RPC_INVALID_REQUEST, NULL,
		      "An array of messages is not served. Send each message on its own.");
	exchange_answer_fault_with(x, 400, &fault);
}

/* the header says modern, the body does not. */
static void
refuse_bare_modern(struct mcp_exchange *x)
{
	struct rpc_fault fault;

	x->protocol = MCP_2026_07_28;
	if (x->msg.kind == RPC_NOTIFICATION) {
		exchange_answer_empty(x, 202);
		return;
	}
	rpc_fault_init(&fault);
	if (x->msg.kind == RPC_RESPONSE) { /* R-078; its id is the client's own affair */
		x->msg.id = SLICE_NONE;
		rpc_fault_set(&fault, RPC_INVALID_REQUEST, NULL,
			      "This server has asked nothing that could be answered.");
		exchange_answer_fault_with(x, 400, &fault);
		return;
	}
	rpc_fault_set_envelope(&fault, RPC_INVALID_PARAMS, NULL,
			       "params._meta must hold io.modelcontextprotocol/protocolVersion and "
			       "io.modelcontextprotocol/clientCapabilities.");
	exchange_answer_fault(x, &fault);
}

static void
serve_message(struct mcp_exchange *x)
{
	struct rpc_fault fault;
	struct json_view claim;

	rpc_fault_init(&fault);
	if (x->msg.kind == RPC_BATCH) {
		if (mcp_protocol_is_modern_text(x->request.headers.protocol_version))
			refuse_array(x);
		else
			batch_serve(x);
		return;
	}
	if (exchange_view_params(x, &fault) < 0) {
		exchange_answer_fault(x, &fault);
		return;
	}
	claim = find_claim(x);
	if (json_view_is_there(claim))
		modern_serve(x, claim);
	else if (mcp_protocol_is_modern_text(x->request.headers.protocol_version) &&
		 strcmp(x->msg.method, "initialize") != 0)
		refuse_bare_modern(x);
	else
		legacy_serve(x);
}

void
mcp_server_post(struct mcp_server *server, const struct mcp_request *request, const struct mcp_channel *channel,
		struct mcp_exchange **exchange_r)
{
	struct mcp_exchange *x = exchange_new(server, request, channel);
	struct mcp_exchange *alive = x;
	struct json_outline outline;
	struct rpc_fault fault;

	server->now = (struct session_now){.mono_ms = request->now_mono_ms, .wall_ms = request->now_wall_ms};
	*exchange_r = NULL;
	if (x == NULL) {
		channel->answer(channel->ctx, &(struct mcp_answer){.http_status = 503, .method = "", .tool = ""});
		return;
	}
	x->owner = &alive;
	rpc_fault_init(&fault);
	if (rpc_read(request->body, &server->limits, &outline, &x->msg, &fault) < 0)
		exchange_answer_fault(x, &fault);
	else
		serve_message(x);
	/* What `exchange_r` points into may be gone once the answer has been given. */
	if (alive != NULL)
		streams_begin(alive);
	if (alive != NULL) {
		alive->given = json_view_of(alive->params); /* the outline goes */
		alive->meta = json_view_get(alive->given, "_meta");
		alive->owner = NULL;
		*exchange_r = alive;
	}
}

int
mcp_server_delete(struct mcp_server *server, const struct mcp_request *request)
{
	return legacy_delete(server, request);
}
