/*
 * legacy.c - 2025-03-26, 2025-06-18, 2025-11-25: a handshake, then a session named by Mcp-Session-Id
 */
#include <string.h>

#include "asking.h"
#include "client.h"
#include "exchange.h"
#include "json/write.h"
#include "methods.h"
#include "streams.h"
#include "watch.h"

#define RESULT_MAX (64 * 1024)
#define VERSION_USUAL 40 /* {"protocolVersion":"2025-11-25" */
#define SESSION_RETRY_S 60

static struct session_now
now_of(const struct mcp_request *request)
{
	return (struct session_now){.mono_ms = request->now_mono_ms, .wall_ms = request->now_wall_ms};
}

static void
refuse_with(struct mcp_exchange *x, int http_status, int code, json_t *data, const char *text)
{
	struct rpc_fault fault;

	rpc_fault_init(&fault);
	rpc_fault_set(&fault, code, data, "%s", text);
	exchange_answer_fault_with(x, http_status, &fault);
}

static void
refuse(struct mcp_exchange *x, int http_status, int code, const char *text)
{
	refuse_with(x, http_status, code, NULL, text);
}

static const char unknown_session[] =
    "This session is not known or has ended. Send initialize without Mcp-Session-Id to begin a new one.";

static void
refuse_unknown_session(struct mcp_exchange *x)
{
	refuse(x, 404, RPC_INVALID_REQUEST, unknown_session);
}

/* clients of the legacy eras read the status, newer ones the body. */
static void
refuse_version(struct mcp_exchange *x)
{
	struct slice asked = x->request.headers.protocol_version;
	struct rpc_fault fault;

	rpc_fault_init(&fault);
	rpc_fault_set(&fault, RPC_VERSION_NOT_SERVED,
		      json_pack("{s:[s], s:s%}", "supported", MCP_MODERN_VERSION, "requested", asked.ptr, asked.len),
		      "The protocol version named by MCP-Protocol-Version is not served.");
	exchange_answer_fault_with(x, 400, &fault);
}

/* ---- initialize ---- */

/* what a client that failed to open may try instead. */
static json_t *
served_versions(void)
{
	return json_pack("{s:[s,s,s]}", "supported", mcp_protocol_name(MCP_2025_11_25),
			 mcp_protocol_name(MCP_2025_06_18), mcp_protocol_name(MCP_2025_03_26));
}

static void
refuse_initialize(struct mcp_exchange *x, int http_status, int code, const char *text)
{
	refuse_with(x, http_status, code, served_versions(), text);
}

static int
check_initialize(struct mcp_exchange *x, struct rpc_fault *fault)
{
	if (!client_is_text(json_view_get(x->given, "protocolVersion")) ||
	    !json_view_is(json_view_get(x->given, "capabilities"), JSON_KIND_OBJECT) ||
	    !client_info_is_whole(json_view_get(x->given, "clientInfo"))) {
		return rpc_fault_set(
		    fault, RPC_INVALID_PARAMS, served_versions(),
		    "initialize needs protocolVersion, capabilities and clientInfo with name and version.");
	}
	return 0;
}

/* the asked version if it is served in this era, else our latest of it. */
static enum mcp_protocol
negotiate(struct json_view params)
{
	enum mcp_protocol asked = mcp_protocol_parse(json_view_text(json_view_get(params, "protocolVersion")));

	return asked == MCP_UNKNOWN || asked == MCP_2026_07_28 ? MCP_LATEST_LEGACY : asked;
}

static void
answer_initialize(struct mcp_exchange *x)
{
	const struct buf *tail = &x->server->initialize_tail;
	struct buf out;

	exchange_open_result(x, &out, tail->len + VERSION_USUAL, RESULT_MAX);
	buf_put_str(&out, "{\"protocolVersion\":\"");
	buf_put_str(&out, mcp_protocol_name(x->protocol));
	buf_put_char(&out, '"');
	buf_put_slice(&out, buf_slice(tail));
	exchange_close_result(x, &out);
}

static void
create_session(struct mcp_exchange *x)
{
	struct mcp_session init = {
	    .protocol = x->protocol,
	    .capabilities = client_capabilities(json_view_get(x->given, "capabilities"), x->protocol),
	    .log_level = ACTION_LOG_NONE,
	    .address = x->request.address,
	};
	struct err err = {.code = ERR_OK};
	bool is_over;

	if (slice_to_str(slice_from_str(x->request.principal->name), init.principal, sizeof(init.principal)) < 0 ||
	    mcp_session_create(x->server->options.env->sessions, &init, now_of(&x->request), x->session_id, &err) < 0) {
		is_over = err.code == ERR_LIMIT; /* he can end one of his own; else only others can help */
		x->retry_after_s = is_over ? SESSION_RETRY_S : 0;
		refuse_initialize(x, is_over ? 429 : 503, is_over ? RPC_TOO_MANY : RPC_INTERNAL_ERROR,
				  err.text[0] != '\0' ? err.text : "No session can be opened now.");
		return;
	}
	x->send_session_id = true;
	answer_initialize(x);
}

static void
serve_initialize(struct mcp_exchange *x)
{
	struct slice id = x->request.headers.session_id;
	struct rpc_fault fault;

	x->method = "initialize";
	x->protocol = negotiate(x->given);
	if (id.ptr != NULL) { /* */
		if (mcp_session_use(x->server->options.env->sessions, slice_from_str(x->request.principal->name), id,
				    now_of(&x->request), &x->session) == 0)
			refuse_initialize(x, 400, RPC_INVALID_REQUEST, "This session is already initialized.");
		else
			refuse_initialize(x, 404, RPC_INVALID_REQUEST, unknown_session);
		return;
	}
	rpc_fault_init(&fault);
	if (check_initialize(x, &fault) < 0)
		exchange_answer_fault(x, &fault);
	else
		create_session(x);
}

/* ---- within a session ---- */

/* */
void
legacy_serve_set_level(struct mcp_exchange *x)
{
	enum action_log_level level;

	if (client_log_level(json_view_get(x->given, "level"), &level) < 0) {
		refuse(x, 200, RPC_INVALID_PARAMS,
		       "params.level must be debug, info, notice, warning, error, critical, alert or emergency.");
		return;
	}
	mcp_session_set_log_level(x->server->options.env->sessions, slice_from_str(x->request.principal->name),
				  slice_from_str(x->session_id), now_of(&x->request), level);
	exchange_answer_result(x, SLICE_LIT("{}"));
}

static void
serve_request(struct mcp_exchange *x)
{
	const struct method *method = method_find(x->server, METHOD_LEGACY, x->msg.method);
	struct rpc_fault fault;

	if (method != NULL) {
		x->method = method->name;
		if ((method->flags & METHOD_TREE) && exchange_params(x) == NULL)
			exchange_answer_shortage(x);
		else
			method->serve(x);
		return;
	}
	rpc_fault_init(&fault);
	rpc_fault_set(&fault, RPC_METHOD_NOT_FOUND, NULL, "There is no such method.");
	exchange_answer_fault(x, &fault);
}

static void
serve_notification(struct mcp_exchange *x)
{
	if (strcmp(x->msg.method, "notifications/initialized") == 0) {
		x->method = "notifications/initialized";
		mcp_session_set_initialized(x->server->options.env->sessions,
					    slice_from_str(x->request.principal->name), x->request.headers.session_id,
					    now_of(&x->request));
	}
	exchange_take_cancellation(x);
	exchange_answer_empty(x, 202);
}

/* whoever tries what is served here without a handshake gets an answer. */
static void
refuse_before_initialize(struct mcp_exchange *x)
{
	if (x->request.transport == MCP_STDIO) {
		refuse_with(x, 400, RPC_INVALID_REQUEST, served_versions(),
			    "Send initialize first, or name a protocol version in params._meta.");
	} else {
		refuse(x, 400, RPC_INVALID_REQUEST,
		       "Mcp-Session-Id is missing. Send initialize first, then repeat the id it answers with.");
	}
}

int
legacy_open_session(struct mcp_exchange *x)
{
	struct slice version = x->request.headers.protocol_version;
	struct slice id = x->request.headers.session_id;
	enum mcp_protocol named = mcp_protocol_parse(version);

	if (version.ptr != NULL && (named == MCP_UNKNOWN || named == MCP_2026_07_28)) {
		refuse_version(x);
		return -1;
	}
	if (id.ptr == NULL) {
		refuse_before_initialize(x);
		return -1;
	}
	if (mcp_session_use(x->server->options.env->sessions, slice_from_str(x->request.principal->name), id,
			    now_of(&x->request), &x->session) < 0 ||
	    slice_to_str(id, x->session_id, sizeof(x->session_id)) < 0) {
		refuse_unknown_session(x);
		return -1;
	}
	x->has_session = true;
	x->protocol = (enum mcp_protocol)x->session.protocol;
	x->can = x->request.takes_events ? x->session.capabilities : 0; /* else a question would not reach it */
	x->log_from = (enum action_log_level)x->session.log_level;
	return 0;
}

/* The one request that is allowed before the handshake; over HTTP there is no session to send it in. */
static bool
is_early_ping(const struct mcp_exchange *x)
{
	return x->request.transport == MCP_STDIO && x->request.headers.session_id.ptr == NULL &&
	       x->msg.kind == RPC_REQUEST && strcmp(x->msg.method, "ping") == 0;
}

void
legacy_serve(struct mcp_exchange *x)
{
	x->protocol = MCP_LATEST_LEGACY;
	if (x->msg.kind == RPC_REQUEST && strcmp(x->msg.method, "initialize") == 0) {
		serve_initialize(x);
		return;
	}
	if (is_early_ping(x)) {
		serve_request(x);
		return;
	}
	if (legacy_open_session(x) < 0)
		return;
	switch (x->msg.kind) {
	case RPC_REQUEST:
		serve_request(x);
		break;
	case RPC_NOTIFICATION:
		serve_notification(x);
		break;
	case RPC_RESPONSE:
		asking_serve_response(x);
		break;
	case RPC_BATCH: /* batch.c sees to it */
		must(!"an array");
		break;
	}
}

/* Here and in the other workers. */
static void
end_streams(struct mcp_server *server, const struct mcp_request *request)
{
	struct frame frame = {
	    .kind = FRAME_SESSION_END,
	    .principal = slice_from_str(request->principal->name),
	    .session = request->headers.session_id,
	};

	(void)peers_post_all(server, &frame); /* they look for themselves now and then, too */
	watch_end_session(server, frame.principal, frame.session);
	streams_end_session(server, frame.principal, frame.session);
}

int
legacy_delete(struct mcp_server *server, const struct mcp_request *request)
{
	if (request->headers.session_id.ptr == NULL)
		return 400;
	if (mcp_session_destroy(server->options.env->sessions, slice_from_str(request->principal->name),
				request->headers.session_id, now_of(request)) < 0)
		return 404;
	end_streams(server, request);
	return 200;
}
