#include "mcp/server.h"

#include <stdlib.h>
#include <string.h>

#include "exchange.h"
#include "json/get.h"
#include "json/scan.h"
#include "json/write.h"
#include "rpc/answer.h"

#define TEXT_MAX (256 * 1024)
#define ANSWER_SLACK (16 * 1024) /* envelope around a result, or an error message */

/* ---- constant texts ---- */

static void
write_server_info(struct json_writer *w, const struct mcp_options *options)
{
	json_write_begin_object(w);
	json_write_key_string(w, "name", options->name);
	json_write_key_string(w, "title", options->title);
	json_write_key_string(w, "version", options->version);
	json_write_end(w);
}

static int
render_server_info(struct mcp_server *server)
{
	struct json_writer w;

	json_write_init(&w, &server->server_info);
	write_server_info(&w, &server->options);
	return json_write_finish(&w);
}

static int
render_modern_tail(struct mcp_server *server)
{
	struct buf *out = &server->modern_tail;

	buf_put_str(out, ",\"resultType\":\"complete\",\"_meta\":{\"io.modelcontextprotocol/serverInfo\":");
	buf_put_slice(out, buf_slice(&server->server_info));
	return buf_put_str(out, "}}");
}

static void
write_instructions(struct json_writer *w, const struct mcp_options *options)
{
	if (options->instructions != NULL)
		json_write_key_string(w, "instructions", options->instructions);
}

/* what this server speaks statelessly, and what it offers. */
static int
render_discover(struct mcp_server *server)
{
	struct json_writer w;
	struct buf *out = &server->discover;

	json_write_init(&w, out);
	json_write_begin_object(&w);
	json_write_key_raw(&w, "supportedVersions", SLICE_LIT("[\"" MCP_MODERN_VERSION "\"]"));
	json_write_key_raw(&w, "capabilities", SLICE_LIT("{\"tools\":{}}"));
	write_instructions(&w, &server->options);
	json_write_key_int(&w, "ttlMs", 300000);
	json_write_key_string(&w, "cacheScope", "private");
	json_write_end(&w);
	if (json_write_finish(&w) < 0)
		return ERR_NOMEM;
	buf_truncate(out, out->len - 1);
	return buf_put_slice(out, buf_slice(&server->modern_tail));
}

/* everything of an initialize result but the protocol version. */
static int
render_initialize(struct mcp_server *server)
{
	struct buf whole;
	struct json_writer w;
	int r;

	buf_init(&whole, TEXT_MAX);
	json_write_init(&w, &whole);
	json_write_begin_object(&w);
	json_write_key_raw(&w, "capabilities", SLICE_LIT("{\"tools\":{}}"));
	json_write_key_raw(&w, "serverInfo", buf_slice(&server->server_info));
	write_instructions(&w, &server->options);
	json_write_end(&w);
	r = json_write_finish(&w);
	if (r == 0) {
		buf_put_char(&server->initialize_tail, ',');
		r = buf_put(&server->initialize_tail, whole.ptr + 1, whole.len - 1);
	}
	buf_fini(&whole);
	return r;
}

static int
render_all(struct mcp_server *server)
{
	if (render_server_info(server) < 0 || render_modern_tail(server) < 0 || render_discover(server) < 0 ||
	    render_initialize(server) < 0)
		return ERR_NOMEM;
	return tools_render_lists(server);
}

static void abandon(struct mcp_exchange *x);

struct mcp_server *
mcp_server_new(const struct mcp_options *options)
{
	struct mcp_server *server = calloc(1, sizeof(*server));

	if (server == NULL)
		return NULL;
	server->options = *options;
	server->limits = json_limits_default;
	if (options->max_depth != 0)
		server->limits.max_depth = (uint32_t)options->max_depth;
	buf_init(&server->server_info, TEXT_MAX);
	buf_init(&server->modern_tail, TEXT_MAX);
	buf_init(&server->discover, TEXT_MAX);
	buf_init(&server->initialize_tail, TEXT_MAX);
	for (size_t i = 0; i < ARRAY_LEN(server->lists); i++)
		buf_init(&server->lists[i], 4 * TEXT_MAX);
	if (render_all(server) < 0)
		mcp_server_free(&server);
	return server;
}

void
mcp_server_free(struct mcp_server **server)
{
	struct mcp_server *s = *server;

	if (s == NULL)
		return;
	while (s->orphans != NULL)
		abandon(s->orphans);
	buf_fini(&s->server_info);
	buf_fini(&s->modern_tail);
	buf_fini(&s->discover);
	buf_fini(&s->initialize_tail);
	for (size_t i = 0; i < ARRAY_LEN(s->lists); i++)
		buf_fini(&s->lists[i]);
	free(s);
	*server = NULL;
}

/* ---- one exchange ---- */

bool
exchange_is_modern(const struct mcp_exchange *x)
{
	return x->protocol == MCP_2026_07_28;
}

static void
exchange_free(struct mcp_exchange *x)
{
	if (x->prev_next != NULL) {
		*x->prev_next = x->next;
		if (x->next != NULL)
			x->next->prev_next = x->prev_next;
	}
	json_decref(x->params);
	free(x);
}

static void
abandon(struct mcp_exchange *x)
{
	action_cancel(&x->running);
	exchange_free(x);
}

static void
orphan(struct mcp_exchange *x)
{
	x->next = x->server->orphans;
	x->prev_next = &x->server->orphans;
	if (x->next != NULL)
		x->next->prev_next = &x->next;
	x->server->orphans = x;
}

static void
deliver(struct mcp_exchange *x, int http_status, struct slice body)
{
	struct mcp_answer answer = {
	    .http_status = http_status,
	    .body = body,
	    .session_id = x->send_session_id ? x->session_id : NULL,
	    .method = x->method,
	    .tool = x->tool,
	    .cancels = x->cancels,
	    .rpc_code = x->rpc_code,
	    .fault_code = x->fault_code,
	    .protocol = x->protocol,
	};

	if (x->owner != NULL)
		*x->owner = NULL;
	if (x->answer != NULL)
		x->answer(x->ctx, &answer);
	exchange_free(x);
}

void
exchange_answer_message(struct mcp_exchange *x, int http_status, struct slice message)
{
	deliver(x, http_status, message);
}

void
exchange_answer_empty(struct mcp_exchange *x, int http_status)
{
	deliver(x, http_status, SLICE_NONE);
}

void
exchange_answer_result(struct mcp_exchange *x, struct slice result)
{
	struct buf out;

	if (x->answer == NULL) { /* nobody listens, and the body with the id in it is gone */
		exchange_free(x);
		return;
	}
	buf_init(&out, result.len + x->msg.id.len + ANSWER_SLACK);
	if (rpc_write_result(&out, x->msg.id, result) == 0)
		deliver(x, 200, buf_slice(&out));
	else
		exchange_answer_shortage(x);
	buf_fini(&out);
}

/* What is no request is refused without an id: a response's own would look like the answer to one of the peer's
 * (R-046). */
static struct slice
id_of_refusal(const struct mcp_exchange *x)
{
	return x->msg.kind == RPC_REQUEST ? x->msg.id : SLICE_NONE;
}

/* HTTP has to answer something; there it is an error without an id. */
static bool
is_never_answered(const struct mcp_exchange *x)
{
	return x->request.transport == MCP_STDIO && (x->msg.kind == RPC_NOTIFICATION || x->msg.kind == RPC_RESPONSE);
}

void
exchange_answer_fault_with(struct mcp_exchange *x, int http_status, struct rpc_fault *fault)
{
	struct slice id = id_of_refusal(x);
	struct buf out;

	if (x->answer == NULL) {
		rpc_fault_fini(fault);
		exchange_free(x);
		return;
	}
	x->rpc_code = fault->code;
	if (is_never_answered(x)) {
		rpc_fault_fini(fault);
		deliver(x, http_status, SLICE_NONE);
		return;
	}
	/* A refused version is repeated in the answer, where every byte may take six. */
	buf_init(&out, id.len + 6 * x->request.headers.protocol_version.len + ANSWER_SLACK);
	if (rpc_write_fault(&out, id, fault) == 0)
		deliver(x, http_status, buf_slice(&out));
	else
		deliver(x, 503, SLICE_NONE);
	buf_fini(&out);
	rpc_fault_fini(fault);
}

void
exchange_answer_fault(struct mcp_exchange *x, struct rpc_fault *fault)
{
	enum rpc_era era = exchange_is_modern(x) ? RPC_ERA_MODERN : RPC_ERA_LEGACY;

	exchange_answer_fault_with(x, rpc_http_status(fault->code, fault->envelope, era), fault);
}

void
exchange_answer_shortage(struct mcp_exchange *x)
{
	struct rpc_fault fault;

	rpc_fault_init(&fault);
	rpc_fault_set(&fault, RPC_INTERNAL_ERROR, NULL, "The server is short of resources. Try again in a moment.");
	exchange_answer_fault_with(x, 503, &fault);
}

/* ---- which era ---- */

/* The member whose presence makes a message modern. */
static json_t *
find_claim(const json_t *params)
{
	return json_object_get(json_object_get(params, "_meta"), "io.modelcontextprotocol/protocolVersion");
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

static int
take_request_id(void *ctx, const struct json_item *item)
{
	struct mcp_exchange *x = ctx;

	if (json_scan_key_is(item->key, "requestId"))
		x->cancels = item->value;
	return 0;
}

/* The params have been read as a whole before: they are an object, no name stands twice. */
static void
note_cancellation(struct mcp_exchange *x)
{
	if (x->msg.kind != RPC_NOTIFICATION || x->msg.params.ptr == NULL ||
	    strcmp(x->msg.method, "notifications/cancelled") != 0)
		return;
	if (json_scan_object(x->msg.params, &x->server->limits, take_request_id, x, NULL) < 0)
		x->cancels = SLICE_NONE;
}

static void
serve_message(struct mcp_exchange *x)
{
	struct rpc_fault fault;
	json_t *claim;

	rpc_fault_init(&fault);
	if (x->msg.kind == RPC_BATCH) {
		refuse_array(x);
		return;
	}
	if (x->msg.kind != RPC_RESPONSE && rpc_params(&x->msg, &x->server->limits, &x->params, &fault) < 0) {
		exchange_answer_fault(x, &fault);
		return;
	}
	note_cancellation(x);
	claim = find_claim(x->params);
	if (claim != NULL)
		modern_serve(x, claim);
	else if (mcp_protocol_is_modern_text(x->request.headers.protocol_version) &&
		 strcmp(x->msg.method, "initialize") != 0)
		refuse_bare_modern(x);
	else
		legacy_serve(x);
}

void
mcp_server_post(struct mcp_server *server, const struct mcp_request *request, mcp_answer_fn answer, void *ctx,
		struct mcp_exchange **exchange_r)
{
	struct mcp_exchange *x = calloc(1, sizeof(*x));
	struct mcp_exchange *alive = x;
	struct rpc_fault fault;

	*exchange_r = NULL;
	if (x == NULL) {
		answer(ctx, &(struct mcp_answer){.http_status = 503, .method = "", .tool = ""});
		return;
	}
	x->server = server;
	x->request = *request;
	x->answer = answer;
	x->ctx = ctx;
	x->owner = &alive;
	x->method = "";
	x->tool = "";
	rpc_fault_init(&fault);
	if (rpc_parse(request->body, &server->limits, &x->msg, &fault) < 0)
		exchange_answer_fault(x, &fault);
	else
		serve_message(x);
	/* What `exchange_r` points into may be gone once the answer has been given. */
	if (alive != NULL) {
		alive->owner = NULL;
		*exchange_r = alive;
	}
}

void
mcp_server_hangup(struct mcp_exchange **exchange)
{
	struct mcp_exchange *x = *exchange;

	*exchange = NULL;
	if (x == NULL)
		return;
	x->answer = NULL;
	if (exchange_is_modern(x))
		abandon(x);
	else
		orphan(x);
}

void
mcp_server_cancel(struct mcp_exchange **exchange)
{
	struct mcp_exchange *x = *exchange;

	*exchange = NULL;
	if (x == NULL)
		return;
	x->answer = NULL;
	abandon(x);
}

struct slice
mcp_exchange_id(const struct mcp_exchange *exchange)
{
	return exchange->msg.kind == RPC_REQUEST ? exchange->msg.id : SLICE_NONE;
}

int
mcp_server_delete(struct mcp_server *server, const struct mcp_request *request)
{
	return legacy_delete(server, request);
}
