/*
 * exchange.c - one exchange's life: made, answered once, or left by its client
 */
#include "batch.h"
#include "exchange.h"

#include <stdlib.h>
#include <string.h>

#include "json/scan.h"
#include "json/write.h"
#include "rpc/answer.h"
#include "streams.h"
#include "watch.h"

#define EXCHANGE_POOL_MAX (64 * 1024)
#define ANSWER_USUAL 64		 /* {"jsonrpc":"2.0","id":,"result":} */
#define ANSWER_SLACK (16 * 1024) /* envelope around a result, or an error message */

bool
exchange_is_modern(const struct mcp_exchange *x)
{
	return x->protocol == MCP_2026_07_28;
}

struct mcp_exchange *
exchange_new(struct mcp_server *server, const struct mcp_request *request, const struct mcp_channel *channel)
{
	struct pool *pool = pool_shelf_take(&server->pools, EXCHANGE_POOL_MAX);
	struct mcp_exchange *x = pool != NULL ? pool_alloc(pool, sizeof(*x)) : NULL;

	if (x == NULL) {
		pool_shelf_put(&server->pools, &pool);
		return NULL;
	}
	x->server = server;
	x->pool = pool;
	x->request = *request;
	x->request.principal = principal_hold(request->principal);
	x->channel = *channel;
	x->has_client = true;
	x->method = "";
	x->tool = "";
	x->log_from = ACTION_LOG_NONE;
	LIST_INSERT_HEAD(&server->exchanges, x, link);
	return x;
}

static void
disown(struct mcp_exchange *x)
{
	if (x->owner != NULL)
		*x->owner = NULL;
	x->owner = NULL; /* which may go while the answer is told */
}

static void
exchange_free(struct mcp_exchange *x)
{
	struct pool *pool = x->pool;

	disown(x);
	batch_free(&x->batch);
	LIST_REMOVE(x, link);
	streams_leave(x);
	watch_leave(x);
	principal_release(&x->request.principal);
	json_decref(x->params);
	json_decref(x->kept);
	free(x->progress_token);
	free(x->kept_id);
	pool_shelf_put(&x->server->pools, &pool);
}

void
exchange_abandon(struct mcp_exchange *x)
{
	action_cancel(&x->running);
	exchange_free(x);
}

int
exchange_view_params(struct mcp_exchange *x, struct rpc_fault *fault)
{
	if (x->msg.kind == RPC_RESPONSE)
		return 0;
	if (rpc_view(&x->msg, &x->server->limits, &x->given, &x->params, fault) < 0)
		return -1;
	x->meta = json_view_get(x->given, "_meta");
	return 0;
}

json_t *
exchange_params(struct mcp_exchange *x)
{
	struct rpc_fault fault;

	rpc_fault_init(&fault);
	if (x->params == NULL && rpc_params(&x->msg, &x->server->limits, &x->params, &fault) < 0) {
		must(fault.code == RPC_INTERNAL_ERROR); /* it has been read before */
		rpc_fault_fini(&fault);
	}
	return x->params;
}

int
exchange_keep_id(struct mcp_exchange *x)
{
	if (x->kept_id != NULL)
		return 0;
	x->kept_id = malloc(x->msg.id.len + 1);
	if (x->kept_id == NULL)
		return ERR_NOMEM;
	if (x->msg.id.len > 0)
		memcpy(x->kept_id, x->msg.id.ptr, x->msg.id.len);
	x->msg.id = slice_of(x->kept_id, x->msg.id.len);
	return 0;
}

/* The body goes with the client.  The id in it is needed for what is kept for a resume, and then it has been kept. */
static void
orphan(struct mcp_exchange *x)
{
	bool has_id = exchange_keep_id(x) == 0;

	x->msg = (struct rpc_message){.kind = x->msg.kind, .id = has_id ? x->msg.id : SLICE_NONE};
	x->request.body = SLICE_NONE;
	x->request.headers = (struct mcp_headers){.session_id = SLICE_NONE};
	x->request.request_id = "";
	x->request.address = NULL; /* what began has its own copy */
	x->request.source = NULL;
}

/* The client's side is over with this. */
static void
tell_client(struct mcp_exchange *x, int http_status, struct slice body, struct slice event_id)
{
	struct mcp_answer answer = {
	    .http_status = http_status,
	    .body = body,
	    .session_id = x->send_session_id ? x->session_id : NULL,
	    .method = x->method,
	    .tool = x->tool,
	    .rpc_code = x->rpc_code,
	    .event_id = event_id,
	    .retry_ms = x->retry_ms,
	    .fault_code = x->fault_code,
	    .was_cancelled = x->was_cancelled,
	    .missing_scope = x->missing_scope,
	    .retry_after_s = x->retry_after_s,
	    .protocol = x->protocol,
	};

	disown(x);
	if (x->has_client)
		x->channel.answer(x->channel.ctx, &answer);
	x->has_client = false;
}

static void
deliver(struct mcp_exchange *x, int http_status, struct slice body)
{
	char text[EVENT_ID_CAP];
	struct slice event_id = SLICE_NONE;

	if (x->stream != NULL)
		event_id = streams_finish(x, body, text);
	tell_client(x, http_status, body, event_id);
	exchange_free(x);
}

void
exchange_dismiss_client(struct mcp_exchange *x)
{
	tell_client(x, 200, SLICE_NONE, SLICE_NONE);
	orphan(x);
}

/* Nor will anybody come back for it. */
static bool
is_unheard(const struct mcp_exchange *x)
{
	return !x->has_client && x->stream == NULL;
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
exchange_open_result(const struct mcp_exchange *x, struct buf *out, size_t usual, size_t max)
{
	int r;

	buf_init(out, max + x->msg.id.len + ANSWER_SLACK);
	if (is_unheard(x))
		return;
	r = buf_reserve(out, usual + x->msg.id.len + ANSWER_USUAL);
	if (r == 0)
		r = rpc_write_result_open(out, x->msg.id);
	must(r == out->failed);
}

void
exchange_close_result(struct mcp_exchange *x, struct buf *out)
{
	if (is_unheard(x))
		exchange_free(x);
	else if (rpc_write_result_close(out) == 0)
		deliver(x, 200, buf_slice(out));
	else
		exchange_answer_shortage(x);
	buf_fini(out);
}

void
exchange_answer_result(struct mcp_exchange *x, struct slice result)
{
	struct buf out;

	exchange_open_result(x, &out, result.len, result.len);
	(void)buf_put_slice(&out, result);
	exchange_close_result(x, &out);
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

	if (is_unheard(x)) {
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

void
exchange_answer_invalid(struct mcp_exchange *x, const char *text)
{
	struct rpc_fault fault;

	rpc_fault_init(&fault);
	rpc_fault_set(&fault, RPC_INVALID_PARAMS, NULL, "%s", text);
	exchange_answer_fault(x, &fault);
}

static void
answer_too_large(struct mcp_exchange *x)
{
	struct rpc_fault fault;

	rpc_fault_init(&fault);
	rpc_fault_set(&fault, RPC_INTERNAL_ERROR, NULL, "The result is larger than %zu bytes.",
		      x->server->options.max_result_bytes);
	exchange_answer_fault(x, &fault);
}

void
exchange_answer_tree(struct mcp_exchange *x, json_t *result)
{
	size_t max = x->server->options.max_result_bytes, start;
	struct buf out;
	int r;

	must(result == NULL || json_object_size(result) > 0);
	exchange_open_result(x, &out, 0, max + x->server->modern_tail.len);
	start = out.len;
	r = result != NULL ? json_dump_to(&out, result) : ERR_NOMEM;
	json_decref(result);
	if (r == ERR_LIMIT || (r == 0 && out.len - start > max)) {
		buf_fini(&out);
		answer_too_large(x);
		return;
	}
	if (r == 0) {
		buf_truncate(&out, out.len - 1);
		call_put_tail(x, &out);
	} else {
		out.failed = r;
	}
	exchange_close_result(x, &out);
}

int
exchange_send(struct mcp_exchange *x, struct slice message)
{
	streams_begin(x);
	if (x->stream != NULL)
		return streams_send(x, message);
	if (!x->has_client || !x->request.takes_events)
		return ERR_CLOSED;
	return x->channel.send(x->channel.ctx, &(struct mcp_event){.data = message});
}

/* ---- the end without an answer ---- */

void
mcp_server_hangup(struct mcp_exchange **exchange)
{
	struct mcp_exchange *x = *exchange;

	*exchange = NULL;
	if (x == NULL)
		return;
	x->has_client = false;
	if (x->batch != NULL && x->request.transport == MCP_HTTP)
		batch_let_go(x->batch);
	if (exchange_is_modern(x) || x->request.transport == MCP_STDIO || x->batch != NULL || x->is_get)
		exchange_abandon(x);
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
	x->has_client = false;
	exchange_abandon(x);
}

/* One client is on the other side of stdio; over HTTP a call is stopped from within its own session. */
static bool
is_meant(const struct mcp_exchange *x, const struct mcp_exchange *by, struct slice id)
{
	if (x == by || x->msg.kind != RPC_REQUEST || !slice_eq(x->msg.id, id) ||
	    x->request.transport != by->request.transport)
		return false;
	if (x->request.transport == MCP_STDIO)
		return true;
	return x->has_session && by->has_session && strcmp(x->session_id, by->session_id) == 0;
}

static void
stop(struct mcp_exchange *x)
{
	action_cancel(&x->running);
	x->was_cancelled = true;
	exchange_answer_empty(x, 202); /* no response; HTTP has to say something */
}

static bool
cancel(struct mcp_exchange *by, struct slice id)
{
	struct mcp_exchange *x;

	LIST_FOREACH(x, &by->server->exchanges, link)
	{
		if (is_meant(x, by, id)) {
			stop(x);
			return true;
		}
	}
	return false;
}

void
exchange_receive_cancel(struct mcp_server *server, const struct frame *frame)
{
	struct mcp_exchange *x;

	LIST_FOREACH(x, &server->exchanges, link)
	{
		if (x->has_session && x->msg.kind == RPC_REQUEST && slice_eq(x->msg.id, frame->id) &&
		    slice_is(frame->session, x->session_id) && slice_is(frame->principal, x->session.principal)) {
			stop(x);
			return;
		}
	}
}

static int
take_request_id(void *ctx, const struct json_item *item)
{
	struct slice *id = ctx;

	if (json_scan_key_is(item->key, "requestId"))
		*id = item->value;
	return 0;
}

/* Nobody is told what became of it, so a frame that cannot be sent is just a cancellation that came late. */
static void
cancel_elsewhere(const struct mcp_exchange *x, struct slice id)
{
	struct frame frame = {
	    .kind = FRAME_CANCEL,
	    .principal = slice_from_str(x->request.principal->name),
	    .session = slice_from_str(x->session_id),
	    .id = id,
	};

	(void)peers_post_all(x->server, &frame);
}

/* The params have been read as a whole before: they are an object, no name stands twice. */
void
exchange_take_cancellation(struct mcp_exchange *x)
{
	struct slice id = SLICE_NONE;

	if (x->msg.params.ptr == NULL || strcmp(x->msg.method, "notifications/cancelled") != 0)
		return;
	if (json_scan_object(x->msg.params, &x->server->limits, take_request_id, &id, NULL) < 0 || id.ptr == NULL)
		return;
	if (!cancel(x, id) && x->has_session && x->request.transport == MCP_HTTP)
		cancel_elsewhere(x, id);
}
