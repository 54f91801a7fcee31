/*
 * endpoint_http.c - the MCP endpoint: where HTTP and MCP meet
 *
 * What passes the gate (gate.h) goes to the core; its answer becomes one JSON message or, when events come before it or
 * the client takes nothing else, a stream of events (event_stream.h).
 */
#include <stdio.h>
#include <string.h>

#include "admission.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/turn.h"
#include "event_stream.h"
#include "gate.h"
#include "telling.h"
#include "worker_private.h"

#define CHALLENGE_MAX 2048
#define ALLOWED_HEADERS_MAX 4096
#define REQUEST_ID_CAP 48

/* One request on its way; lives in the request's pool. */
struct visit {
	struct worker *worker;
	struct http_request *req;
	struct gate_pass pass;
	struct mcp_exchange *exchange; /* under way, or NULL */
	struct event_stream stream;
	const char *address; /* that is penalised for failed logins; NULL: exempt */
	char request_id[REQUEST_ID_CAP];
};

/* ---- answering ---- */

static void
log_answer(const struct visit *visit, const struct mcp_answer *answer)
{
	bool is_stream = visit->stream.has_begun;
	uint64_t now_us = turn_mono_us();

	if (now_us == visit->req->start_us)
		now_us = turn_read_us(); /* nobody has looked since it came */

	log_write(
	    LOG_INFO, answer->was_cancelled ? "cancelled" : "mcp", LOG_STR("request_id", visit->request_id),
	    LOG_STR("principal", visit->pass.principal->name), LOG_STR("protocol", mcp_protocol_name(answer->protocol)),
	    LOG_STR("method", answer->method), LOG_STR("tool", answer->tool[0] != '\0' ? answer->tool : NULL),
	    LOG_I64("status", answer->http_status), LOG_I64("rpc_code", answer->rpc_code),
	    LOG_STR("fault", answer->fault_code != 0 ? fault_code_name((enum fault_code)answer->fault_code) : NULL),
	    LOG_U64("us", now_us - visit->req->start_us),
	    is_stream ? LOG_U64("events", visit->stream.n_events) : LOG_END, LOG_U64("bytes", visit->stream.bytes),
	    LOG_END);
}

static void
send_json(struct visit *visit, const struct mcp_answer *answer)
{
	struct reply_fields fields = {.n = 0};
	struct http_answer http = {.status = answer->http_status, .body = answer->body};
	char retry[REPLY_RETRY_CAP];
	struct buf challenge;

	buf_init(&challenge, CHALLENGE_MAX);
	if (answer->missing_scope != NULL &&
	    auth_put_scope_challenge(visit->worker->auth, &challenge, answer->missing_scope) == 0)
		reply_add_field(&fields, "WWW-Authenticate", buf_cstr(&challenge));
	reply_add_retry(&fields, answer->retry_after_s, retry);
	if (answer->session_id != NULL)
		reply_add_field(&fields, "Mcp-Session-Id", answer->session_id);
	reply_add_field(&fields, "X-Request-Id", visit->request_id);
	reply_add_cors(&fields, visit->worker, visit->req);
	if (answer->body.len > 0)
		http.content_type = "application/json";
	http.fields = fields.items;
	http.n_fields = fields.n;
	http_respond(visit->req, &http);
	buf_fini(&challenge);
}

/* An error has the status it stands for; only a stream that has begun is past that. */
static bool
is_streamed(const struct visit *visit, const struct mcp_answer *answer)
{
	bool is_get = visit->req->head.method == HTTP_GET;

	if (visit->stream.has_begun)
		return true;
	return answer->http_status == 200 && (is_get || (!visit->pass.takes_json && answer->body.len > 0));
}

static void
release(struct visit *visit)
{
	struct http_request *req = visit->req;

	event_stream_fini(&visit->stream);
	principal_release(&visit->pass.principal);
	http_request_release(&req);
}

static void
on_answer(void *ctx, const struct mcp_answer *answer)
{
	struct visit *visit = ctx;

	visit->exchange = NULL;
	if (answer->http_status == 429 && strcmp(answer->method, "initialize") == 0)
		admission_note_sessions(visit->worker, visit->pass.principal);
	if (is_streamed(visit, answer)) {
		event_stream_end(&visit->stream, answer); /* first: the log tells how many events there were */
		log_answer(visit, answer);
	} else {
		log_answer(visit, answer);
		send_json(visit, answer);
	}
	release(visit);
}

static int
on_event(void *ctx, const struct mcp_event *event)
{
	struct visit *visit = ctx;

	return event_stream_send(&visit->stream, event);
}

/* ---- serving ---- */

static struct slice
find_field(void *ctx, const char *name, size_t *n_r)
{
	const struct http_head *head = ctx;
	const struct http_field *field = http_head_find(head, name);

	*n_r = field != NULL ? http_head_count(head, name) : 0;
	return field != NULL ? field->value : SLICE_NONE;
}

static struct mcp_request
mcp_request_of(const struct visit *visit)
{
	struct http_head *head = &visit->req->head;

	return (struct mcp_request){
	    .takes_events = visit->pass.takes_events,
	    .body = visit->req->body,
	    .headers =
		{
		    .protocol_version = http_head_value(head, HTTP_FIELD_MCP_PROTOCOL_VERSION),
		    .method = http_head_value(head, HTTP_FIELD_MCP_METHOD),
		    .name = http_head_value(head, HTTP_FIELD_MCP_NAME),
		    .session_id = http_head_value(head, HTTP_FIELD_MCP_SESSION_ID),
		    .last_event_id = http_head_value(head, HTTP_FIELD_LAST_EVENT_ID),
		    .find = find_field,
		    .ctx = head,
		},
	    .principal = visit->pass.principal,
	    .request_id = visit->request_id,
	    .address = visit->address,
	    .source = visit->req->source,
	    .now_mono_ms = turn_mono_ms(),
	    .now_wall_ms = turn_wall_ms(),
	};
}

static void
serve_delete(struct visit *visit)
{
	struct mcp_request request = mcp_request_of(visit);
	int status = mcp_server_delete(visit->worker->mcp, &request);
	const struct refusal refusals[] = {
	    {.status = 400, .message = "Mcp-Session-Id is missing: say which session to end."},
	    {.status = 404, .message = "This session is not known or has ended."},
	};

	if (status == 200)
		http_respond(visit->req, &(struct http_answer){.status = 200});
	else
		reply_refuse(visit->worker, visit->req, &refusals[status == 404]);
	release(visit);
}

/* No wildcard stands for Mcp-Param-*: those that the browser asks for are granted. */
static void
put_allowed_headers(const struct http_head *head, struct buf *out)
{
	struct slice rest = http_head_value(head, HTTP_FIELD_REQUEST_HEADERS), part;

	buf_put_str(out, "Authorization, Content-Type, Accept, MCP-Protocol-Version, Mcp-Method, Mcp-Name, "
			 "Mcp-Session-Id, Last-Event-ID");
	while (slice_next(&rest, ',', &part)) {
		part = slice_trim(part);
		if (gate_is_param(part))
			buf_printf(out, ", %.*s", SLICE_FMT(part));
	}
}

static void
serve_options(struct visit *visit)
{
	struct reply_fields fields = {.n = 0};
	struct buf allowed;

	buf_init(&allowed, ALLOWED_HEADERS_MAX);
	reply_add_field(&fields, "Allow", GATE_ALLOW);
	reply_add_cors(&fields, visit->worker, visit->req);
	if (fields.n > 1) {
		reply_add_field(&fields, "Access-Control-Allow-Methods", "GET, POST, DELETE");
		put_allowed_headers(&visit->req->head, &allowed);
		reply_add_field(&fields, "Access-Control-Allow-Headers", buf_cstr(&allowed));
		reply_add_field(&fields, "Access-Control-Max-Age", "600");
	}
	http_respond(visit->req, &(struct http_answer){.status = 204, .fields = fields.items, .n_fields = fields.n});
	buf_fini(&allowed);
	release(visit);
}

/* for everybody, pages of browsers too. */
static void
serve_metadata(struct visit *visit)
{
	struct reply_fields fields = {.n = 0};

	reply_add_field(&fields, "Access-Control-Allow-Origin", "*");
	reply_add_field(&fields, "Cache-Control", "max-age=300");
	http_respond(visit->req, &(struct http_answer){.status = 200,
						       .content_type = "application/json",
						       .fields = fields.items,
						       .n_fields = fields.n,
						       .body = auth_resource_metadata(visit->worker->auth)});
	release(visit);
}

/* opened to wait for news, like GET.  The core holds the header against the message. */
static bool
is_listening(const struct http_head *head)
{
	return head->method == HTTP_GET ||
	       slice_is(http_head_value(head, HTTP_FIELD_MCP_METHOD), "subscriptions/listen");
}

/*
 * When the exchange is over at once, the visit is gone with it.  Who asked for a stream sees at once that it is there,
 * though there may be no news for hours.
 */
static void
serve_message(struct visit *visit)
{
	const struct mcp_channel channel = {.send = on_event, .answer = on_answer, .ctx = visit};
	struct mcp_request request = mcp_request_of(visit);
	struct mcp_exchange *exchange = NULL;
	bool is_get = visit->req->head.method == HTTP_GET;

	if (is_get)
		mcp_server_get(visit->worker->mcp, &request, &channel, &exchange);
	else
		mcp_server_post(visit->worker->mcp, &request, &channel, &exchange);
	if (exchange == NULL)
		return;
	visit->exchange = exchange;
	if (is_get && mcp_exchange_is_open(exchange))
		(void)event_stream_begin(&visit->stream);
}

static void
serve_standing(struct visit *visit)
{
	struct refusal refusal;

	if (event_stream_stand(&visit->stream, &refusal) == 0) {
		serve_message(visit);
		return;
	}
	reply_refuse(visit->worker, visit->req, &refusal);
	release(visit);
}

static void
serve(struct visit *visit)
{
	const struct http_head *head = &visit->req->head;

	if (head->method == HTTP_OPTIONS)
		serve_options(visit);
	else if (visit->pass.wants_metadata)
		serve_metadata(visit);
	else if (head->method == HTTP_DELETE)
		serve_delete(visit);
	else if (is_listening(head))
		serve_standing(visit);
	else
		serve_message(visit);
}

/* ---- called by http/ ---- */

static void
on_head(void *ctx, struct http_request *req)
{
	struct refusal refusal;
	struct gate_pass pass;

	if (gate_judge(ctx, req, &pass, &refusal) < 0)
		reply_refuse(ctx, req, &refusal);
	principal_release(&pass.principal);
}

/* GENERATION.SLOT.COUNTER, the last one in hex. */
static void
put_request_id(struct worker *worker, char out_r[static REQUEST_ID_CAP])
{
	static const char digits[] = "0123456789abcdef";
	char reversed[16], *at;
	uint64_t left = ++worker->request_counter;
	size_t n = 0;

	if (worker->request_prefix_len == 0)
		worker->request_prefix_len = (size_t)snprintf(worker->request_prefix, sizeof(worker->request_prefix),
							      "%u.%u.", worker->generation, worker->slot);
	at = out_r + worker->request_prefix_len;
	memcpy(out_r, worker->request_prefix, worker->request_prefix_len);
	for (; left > 0; left >>= 4)
		reversed[n++] = digits[left & 15];
	while (n > 0)
		*at++ = reversed[--n];
	*at = '\0';
}

static void
on_request(void *ctx, struct http_request *req)
{
	struct worker *worker = ctx;
	struct visit *visit = pool_alloc(req->pool, sizeof(*visit));
	struct refusal refusal = {.status = 503, .message = "The server is short of memory. Try again in a moment."};

	if (visit != NULL) {
		*visit = (struct visit){.worker = worker, .req = req};
		put_request_id(worker, visit->request_id);
		if (admission_address(req->source) != NULL)
			visit->address = pool_strdup(req->pool, admission_address(req->source));
		req->user = visit;
		if (gate_judge(worker, req, &visit->pass, &refusal) == 0) {
			event_stream_init(&visit->stream, worker, req, visit->pass.principal, visit->request_id);
			serve(visit);
			return;
		}
	}
	reply_refuse(worker, req, &refusal);
	http_request_release(&req);
}

/* a modern call ends with its connection.  A legacy one goes on, without anybody to answer. */
static void
on_closed(void *ctx, struct http_request *req)
{
	struct visit *visit = req->user;

	(void)ctx;
	if (visit == NULL) {
		http_request_release(&req);
		return;
	}
	if (visit->stream.has_begun)
		log_write(LOG_INFO, "stream_left", LOG_STR("request_id", visit->request_id),
			  LOG_STR("principal", visit->pass.principal->name),
			  LOG_BOOL("was_cut", visit->stream.is_broken), LOG_U64("events", visit->stream.n_events),
			  LOG_U64("bytes", visit->stream.bytes), LOG_U64("us", clock_mono_us() - visit->req->start_us),
			  LOG_END);
	mcp_server_hangup(&visit->exchange);
	release(visit);
}

static void
on_access(void *ctx, const struct http_access *access)
{
	static const enum board_counter classes[] = {BOARD_RESPONSES_2XX, BOARD_RESPONSES_2XX, BOARD_RESPONSES_3XX,
						     BOARD_RESPONSES_4XX, BOARD_RESPONSES_5XX};
	struct worker *worker = ctx;
	int status = access->is_stream ? 200 : access->status; /* streams are there to be left */

	board_add(worker->row, BOARD_REQUESTS, 1);
	if (status >= 200 && status < 600)
		board_add(worker->row, classes[status / 100 - 1], 1);
	if (status >= 400 && status != 429) /* of limits admission.c tells */
		telling_refused(worker, access);
}

void
endpoint_http_pulse(struct worker *worker, uint64_t now_ms)
{
	event_streams_pulse(&worker->streams, worker->config->http.stream_keepalive_ms, now_ms);
	event_streams_sweep(&worker->streams, on_closed, worker);
}

const struct http_server_ops endpoint_http_ops = {
    .on_connect = admission_connect,
    .on_disconnect = admission_disconnect,
    .on_request = on_request,
    .on_head = on_head,
    .on_closed = on_closed,
    .on_waiting = admission_waiting,
    .on_access = on_access,
    .on_send = records_flush,
};
