/*
 * endpoint_http.c - the MCP endpoint: where HTTP and MCP meet
 *
 * Judges what belongs to HTTP in the order of R-013: path, Host and Origin, method, caller, media types.  All of it is
 * known from the head, so a request that is refused is refused before its body is read.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "http/sse.h"
#include "rpc/answer.h"
#include "worker_private.h"

#define ENDPOINT_PATH "/mcp"
#define ALLOW "POST, DELETE, OPTIONS"
#define JSON_TYPE "application/json"
#define SSE_TYPE "text/event-stream"
#define MEMORY_SLACK 512

/* One request on its way; lives in the request's pool. */
struct visit {
	struct worker *worker;
	struct http_request *req;
	const struct principal *principal;
	struct mcp_exchange *exchange; /* under way, or NULL */
	bool wants_sse;		       /* takes event streams only */
	char request_id[32];
};

/* ---- answering ---- */

#define FIELDS_MAX 8

struct fields {
	struct http_field items[FIELDS_MAX];
	size_t n;
};

static void
add_field(struct fields *fields, const char *name, const char *value)
{
	must(fields->n < FIELDS_MAX);
	fields->items[fields->n++] = (struct http_field){slice_from_str(name), slice_from_str(value)};
}

/* a listed origin may read the answer. */
static void
add_cors(struct fields *fields, const struct worker *worker, const struct http_request *req)
{
	const struct http_field *origin = http_head_find(&req->head, "Origin");

	if (origin == NULL || !hosts_is_listed_origin(&worker->hosts, origin->value))
		return;
	must(fields->n + 3 <= FIELDS_MAX);
	fields->items[fields->n++] = (struct http_field){SLICE_LIT("Access-Control-Allow-Origin"), origin->value};
	add_field(fields, "Access-Control-Expose-Headers", "Mcp-Session-Id, WWW-Authenticate");
	add_field(fields, "Vary", "Origin");
}

/* What HTTP refuses: a JSON-RPC error without id, so that every client can show the reason. */
struct refusal {
	int status;
	const char *message;
	const char *field; /* one extra header field, or NULL */
	const char *value;
};

static void
respond_refusal(struct worker *worker, struct http_request *req, const struct refusal *refusal)
{
	struct fields fields = {.n = 0};
	struct buf body;

	buf_init(&body, MEMORY_SLACK + RPC_FAULT_MESSAGE_MAX);
	if (refusal->field != NULL)
		add_field(&fields, refusal->field, refusal->value);
	add_cors(&fields, worker, req);
	if (rpc_write_error(&body, SLICE_NONE, RPC_INVALID_REQUEST, refusal->message, SLICE_NONE) < 0)
		buf_clear(&body);
	http_respond(req, &(struct http_answer){.status = refusal->status,
						.content_type = body.len > 0 ? JSON_TYPE : NULL,
						.fields = fields.items,
						.n_fields = fields.n,
						.body = buf_slice(&body)});
	buf_fini(&body);
}

/* ---- the gate: everything that the head decides ---- */

static bool
is_forwarded(const struct http_head *head)
{
	for (size_t i = 0; i < head->n_fields; i++) {
		struct slice name = head->fields[i].name;

		if (slice_is_nocase(name, "Forwarded") || slice_is_nocase(name, "X-Real-IP") ||
		    (name.len > 12 && slice_eq_nocase(slice_sub(name, 0, 12), SLICE_LIT("X-Forwarded-"))))
			return true;
	}
	return false;
}

/* The media type without its parameters. */
static bool
is_media_type(struct slice value, const char *type)
{
	struct slice bare;

	return slice_next(&value, ';', &bare) && slice_is_nocase(slice_trim(bare), type);
}

/* absent or with a wildcard means all types. */
static bool
accepts(const struct http_head *head, const char *type)
{
	const struct http_field *field = http_head_find(head, "Accept");
	struct slice rest, part;

	if (field == NULL)
		return true;
	rest = field->value;
	while (slice_next(&rest, ',', &part)) {
		const char *slash = strchr(type, '/');
		struct slice range = slice_trim(part), bare;
		struct slice params = range;

		if (!slice_next(&params, ';', &bare))
			continue;
		bare = slice_trim(bare);
		if (slice_is(bare, "*/*") || slice_is_nocase(bare, type) ||
		    (bare.len == (size_t)(slash - type) + 2 && bare.ptr[bare.len - 1] == '*' &&
		     slice_eq_nocase(slice_sub(bare, 0, bare.len - 1), slice_of(type, (size_t)(slash - type) + 1))))
			return true;
	}
	return false;
}

static int
refuse(struct refusal *refusal, int status, const char *message)
{
	*refusal = (struct refusal){.status = status, .message = message};
	return -1;
}

static int
check_place(const struct worker *worker, const struct http_head *head, struct refusal *refusal)
{
	const struct http_field *origin = http_head_find(head, "Origin");

	if (!slice_is(head->path, ENDPOINT_PATH))
		return refuse(refusal, 404, "The MCP endpoint of this server is " ENDPOINT_PATH ".");
	if (!hosts_serve_host(&worker->hosts, head->host))
		return refuse(refusal, 403,
			      "This Host is not served. The operator can add it to server.allowed_hosts.");
	if (origin != NULL &&
	    (http_head_count(head, "Origin") > 1 || !hosts_allow_origin(&worker->hosts, origin->value)))
		return refuse(refusal, 403,
			      "This Origin may not call. The operator can add it to server.allowed_origins.");
	return 0;
}

static int
check_method(const struct http_head *head, struct refusal *refusal)
{
	if (head->method == HTTP_POST || head->method == HTTP_DELETE || head->method == HTTP_OPTIONS)
		return 0;
	*refusal = (struct refusal){.status = 405,
				    .message = "Send MCP messages by POST; DELETE ends a session.",
				    .field = "Allow",
				    .value = ALLOW};
	return -1;
}

static int
check_caller(struct visit *visit, const struct http_head *head, struct refusal *refusal)
{
	const struct http_field *authorization = http_head_find(head, "Authorization");
	struct auth_input input = {
	    .authorization = authorization != NULL ? authorization->value : SLICE_NONE,
	    .n_authorization = http_head_count(head, "Authorization"),
	    .was_forwarded = is_forwarded(head),
	};
	struct auth_verdict verdict = auth_judge(visit->worker->auth, &input, clock_wall_ms());

	visit->principal = verdict.principal;
	if (verdict.principal != NULL)
		return 0;
	board_add(visit->worker->row, BOARD_AUTH_REFUSED, 1);
	*refusal = (struct refusal){.status = verdict.status, .message = verdict.message};
	if (verdict.challenge != NULL) {
		refusal->field = "WWW-Authenticate";
		refusal->value = verdict.challenge;
	}
	return -1;
}

static int
check_media(struct visit *visit, const struct http_head *head, struct refusal *refusal)
{
	const struct http_field *type = http_head_find(head, "Content-Type");

	if (type == NULL || http_head_count(head, "Content-Type") > 1 || !is_media_type(type->value, JSON_TYPE))
		return refuse(refusal, 415, "The body must be sent as Content-Type: " JSON_TYPE ".");
	if (accepts(head, JSON_TYPE))
		return 0;
	visit->wants_sse = true;
	if (accepts(head, SSE_TYPE))
		return 0;
	return refuse(refusal, 406, "Accept must include " JSON_TYPE " and " SSE_TYPE ".");
}

/* A field that carries protocol meaning must not stand twice: the two could disagree. */
static int
check_single_fields(const struct http_head *head, struct refusal *refusal)
{
	static const char *const names[] = {"MCP-Protocol-Version", "Mcp-Method", "Mcp-Name", "Mcp-Session-Id"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (http_head_count(head, names[i]) > 1)
			return refuse(refusal, 400, "A header field of MCP stands twice.");
	}
	return 0;
}

static int
gate(struct visit *visit, const struct http_head *head, struct refusal *refusal)
{
	if (check_place(visit->worker, head, refusal) < 0 || check_method(head, refusal) < 0)
		return -1;
	if (head->method == HTTP_OPTIONS)
		return 0;
	if (check_caller(visit, head, refusal) < 0 || check_single_fields(head, refusal) < 0)
		return -1;
	return head->method == HTTP_POST ? check_media(visit, head, refusal) : 0;
}

static void
on_head(void *ctx, struct http_request *req)
{
	struct visit visit = {.worker = ctx, .req = req};
	struct refusal refusal;

	if (gate(&visit, &req->head, &refusal) < 0)
		respond_refusal(ctx, req, &refusal);
}

/* ---- serving ---- */

static struct slice
field_value(const struct http_head *head, const char *name)
{
	const struct http_field *field = http_head_find(head, name);

	return field != NULL ? field->value : SLICE_NONE;
}

static void
log_answer(const struct visit *visit, const struct mcp_answer *answer)
{
	log_write(
	    LOG_INFO, answer->was_cancelled ? "cancelled" : "mcp", LOG_STR("request_id", visit->request_id),
	    LOG_STR("principal", visit->principal->name), LOG_STR("protocol", mcp_protocol_name(answer->protocol)),
	    LOG_STR("method", answer->method), LOG_STR("tool", answer->tool[0] != '\0' ? answer->tool : NULL),
	    LOG_I64("status", answer->http_status), LOG_I64("rpc_code", answer->rpc_code),
	    LOG_STR("fault", answer->fault_code != 0 ? fault_code_name((enum fault_code)answer->fault_code) : NULL),
	    LOG_U64("us", clock_mono_us() - visit->req->start_us), LOG_END);
}

static void
send_answer(struct visit *visit, const struct mcp_answer *answer)
{
	struct fields fields = {.n = 0};
	struct http_answer http = {.status = answer->http_status, .body = answer->body};
	struct buf event;

	buf_init(&event, answer->body.len + MEMORY_SLACK);
	if (answer->session_id != NULL)
		add_field(&fields, "Mcp-Session-Id", answer->session_id);
	add_field(&fields, "X-Request-Id", visit->request_id);
	add_cors(&fields, visit->worker, visit->req);
	if (answer->body.len > 0)
		http.content_type = JSON_TYPE;
	if (answer->body.len > 0 && visit->wants_sse && answer->http_status == 200) {
		if (http_sse_put_event(&event, SLICE_NONE, answer->body) == 0) {
			http.content_type = SSE_TYPE;
			add_field(&fields, "Cache-Control", "no-store"); /* */
			add_field(&fields, "X-Accel-Buffering", "no");
			http.body = buf_slice(&event);
		}
	}
	http.fields = fields.items;
	http.n_fields = fields.n;
	http_respond(visit->req, &http);
	buf_fini(&event);
}

static void
on_answer(void *ctx, const struct mcp_answer *answer)
{
	struct visit *visit = ctx;
	struct http_request *req = visit->req;

	visit->exchange = NULL;
	log_answer(visit, answer);
	send_answer(visit, answer);
	http_request_release(&req);
}

static struct mcp_request
mcp_request_of(const struct visit *visit)
{
	const struct http_head *head = &visit->req->head;

	return (struct mcp_request){
	    .body = visit->req->body,
	    .headers =
		{
		    .protocol_version = field_value(head, "MCP-Protocol-Version"),
		    .method = field_value(head, "Mcp-Method"),
		    .name = field_value(head, "Mcp-Name"),
		    .session_id = field_value(head, "Mcp-Session-Id"),
		},
	    .principal = visit->principal,
	    .request_id = visit->request_id,
	    .now_mono_ms = clock_mono_ms(),
	    .now_wall_ms = clock_wall_ms(),
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
		respond_refusal(visit->worker, visit->req, &refusals[status == 404]);
	http_request_release(&visit->req);
}

/* */
static void
serve_options(struct visit *visit)
{
	struct fields fields = {.n = 0};

	add_field(&fields, "Allow", ALLOW);
	add_cors(&fields, visit->worker, visit->req);
	if (fields.n > 1) {
		add_field(&fields, "Access-Control-Allow-Methods", "POST, DELETE");
		add_field(
		    &fields, "Access-Control-Allow-Headers",
		    "Authorization, Content-Type, Accept, MCP-Protocol-Version, Mcp-Method, Mcp-Name, Mcp-Session-Id, "
		    "Last-Event-ID");
		add_field(&fields, "Access-Control-Max-Age", "600");
	}
	http_respond(visit->req, &(struct http_answer){.status = 204, .fields = fields.items, .n_fields = fields.n});
	http_request_release(&visit->req);
}

static void
serve(struct visit *visit)
{
	struct mcp_request request;

	if (visit->req->head.method == HTTP_OPTIONS) {
		serve_options(visit);
	} else if (visit->req->head.method == HTTP_DELETE) {
		serve_delete(visit);
	} else {
		request = mcp_request_of(visit);
		mcp_server_post(visit->worker->mcp, &request, &(struct mcp_channel){.answer = on_answer, .ctx = visit},
				&visit->exchange);
	}
}

static void
on_request(void *ctx, struct http_request *req)
{
	struct worker *worker = ctx;
	struct visit *visit = pool_alloc(req->pool, sizeof(*visit));
	struct refusal refusal = {.status = 503, .message = "The server is short of memory. Try again in a moment."};

	if (visit != NULL) {
		*visit = (struct visit){.worker = worker, .req = req};
		snprintf(visit->request_id, sizeof(visit->request_id), "%u.%u.%llx", worker->generation, worker->slot,
			 (unsigned long long)++worker->request_counter);
		req->user = visit;
		if (gate(visit, &req->head, &refusal) == 0) {
			serve(visit);
			return;
		}
	}
	respond_refusal(worker, req, &refusal);
	http_request_release(&req);
}

/* a modern call ends with its connection.  A legacy one goes on, without anybody to answer. */
static void
on_closed(void *ctx, struct http_request *req)
{
	struct visit *visit = req->user;

	(void)ctx;
	if (visit != NULL)
		mcp_server_hangup(&visit->exchange);
	http_request_release(&req);
}

static void
on_access(void *ctx, const struct http_access *access)
{
	static const enum board_counter classes[] = {BOARD_RESPONSES_2XX, BOARD_RESPONSES_2XX, BOARD_RESPONSES_3XX,
						     BOARD_RESPONSES_4XX, BOARD_RESPONSES_5XX};
	struct worker *worker = ctx;

	board_add(worker->row, BOARD_REQUESTS, 1);
	if (access->status >= 200 && access->status < 600)
		board_add(worker->row, classes[access->status / 100 - 1], 1);
	if (access->status < 400)
		return;
	log_write(LOG_NOTICE, "refused", LOG_SLICE("method", access->method), LOG_SLICE("path", access->path),
		  LOG_STR("peer", access->peer), LOG_I64("status", access->status), LOG_STR("reason", access->refusal),
		  LOG_END);
}

const struct http_server_ops endpoint_http_ops = {
    .on_request = on_request,
    .on_head = on_head,
    .on_closed = on_closed,
    .on_access = on_access,
};
