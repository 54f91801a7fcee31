/*
 * gate.c - see gate.h
 */
#include "gate.h"

#include <string.h>

#include "admission.h"
#include "base/turn.h"
#include "issuer.h"
#include "worker_private.h"

#define ENDPOINT_PATH "/mcp"
#define METADATA_PATH "/.well-known/oauth-protected-resource"
#define JSON_TYPE "application/json"
#define SSE_TYPE "text/event-stream"

/* The media type without its parameters. */
static bool
is_media_type(struct slice value, const char *type)
{
	struct slice bare;

	return slice_next(&value, ';', &bare) && slice_is_nocase(slice_trim(bare), type);
}

/* "*" behind its main type, such as application/. */
static bool
is_range_of(struct slice bare, const char *type)
{
	size_t main_len = (size_t)(strchr(type, '/') - type) + 1;

	return bare.len == main_len + 1 && bare.ptr[main_len] == '*' &&
	       slice_eq_nocase(slice_sub(bare, 0, main_len), slice_of(type, main_len));
}

/* absent or with a wildcard means all types.  Both in this order is what most clients send. */
static void
read_accept(struct slice rest, struct gate_pass *pass)
{
	bool is_usual = slice_is(rest, JSON_TYPE ", " SSE_TYPE);
	struct slice part;

	if (is_usual)
		rest = SLICE_NONE;
	if (rest.ptr == NULL)
		pass->takes_json = pass->takes_events = true;
	while (slice_next(&rest, ',', &part)) {
		struct slice params = slice_trim(part), bare;
		bool takes_all;

		if (!slice_next(&params, ';', &bare))
			continue;
		bare = slice_trim(bare);
		takes_all = slice_is(bare, "*/*");
		pass->takes_json =
		    pass->takes_json || takes_all || slice_is_nocase(bare, JSON_TYPE) || is_range_of(bare, JSON_TYPE);
		pass->takes_events =
		    pass->takes_events || takes_all || slice_is_nocase(bare, SSE_TYPE) || is_range_of(bare, SSE_TYPE);
	}
}

/* the path of the endpoint inserted, and the root form. */
static bool
is_metadata(const struct worker *worker, const struct http_head *head)
{
	if (auth_resource_metadata(worker->auth).ptr == NULL || head->method != HTTP_GET)
		return false;
	return slice_is(head->path, METADATA_PATH ENDPOINT_PATH) || slice_is(head->path, METADATA_PATH);
}

static int
check_place(const struct worker *worker, const struct http_head *head, struct refusal *refusal)
{
	struct slice origin = http_head_value(head, HTTP_FIELD_ORIGIN);

	if (!slice_is(head->path, ENDPOINT_PATH) && !is_metadata(worker, head))
		return refusal_set(refusal, 404, "The MCP endpoint of this server is " ENDPOINT_PATH ".");
	if (!hosts_serve_host(&worker->hosts, head->host))
		return refusal_set(refusal, 403,
				   "This Host is not served. The operator can add it to server.allowed_hosts.");
	if (origin.ptr != NULL &&
	    (http_head_has(head, HTTP_FIELD_ORIGIN) > 1 || !hosts_allow_origin(&worker->hosts, origin)))
		return refusal_set(refusal, 403,
				   "This Origin may not call. The operator can add it to server.allowed_origins.");
	return 0;
}

/* GET is the stream of a legacy session; there is nothing else behind it. */
static bool
is_in_session(const struct http_head *head)
{
	struct slice version = http_head_value(head, HTTP_FIELD_MCP_PROTOCOL_VERSION);

	return http_head_has(head, HTTP_FIELD_MCP_SESSION_ID) > 0 &&
	       (version.ptr == NULL || !mcp_protocol_is_modern_text(version));
}

static int
check_method(const struct http_head *head, struct refusal *refusal)
{
	if (head->method == HTTP_POST || head->method == HTTP_DELETE || head->method == HTTP_OPTIONS)
		return 0;
	if (head->method == HTTP_GET && is_in_session(head))
		return 0;
	*refusal = (struct refusal){.status = 405, .field = "Allow", .value = GATE_ALLOW};
	refusal->message = "Send MCP messages by POST; GET opens a session's event stream, DELETE ends the session.";
	if (head->method == HTTP_GET) {
		refusal->message =
		    "GET opens the event stream of a session: name it by Mcp-Session-Id, which initialize "
		    "answers with. MCP messages are sent by POST.";
		refusal->value = "POST, OPTIONS";
	}
	return -1;
}

static int
check_caller(const struct worker *worker, struct http_request *req, struct gate_pass *pass, struct refusal *refusal)
{
	const struct http_head *head = &req->head;
	struct auth_input input = {
	    .authorization = http_head_value(head, HTTP_FIELD_AUTHORIZATION),
	    .n_authorization = http_head_has(head, HTTP_FIELD_AUTHORIZATION),
	    .was_forwarded = http_head_has(head, HTTP_FIELD_FORWARDED) > 0,
	};
	struct auth_verdict verdict = auth_judge(worker->auth, &input, turn_wall_ms());

	if (verdict.wants_keys)
		issuer_want(worker->issuer);
	pass->principal = verdict.principal;
	if (verdict.principal != NULL) {
		admission_good_token(worker, req->source);
		return 0;
	}
	board_add(worker->row, BOARD_AUTH_REFUSED, 1);
	*refusal = (struct refusal){.status = verdict.status, .message = verdict.message};
	if (verdict.challenge != NULL) {
		refusal->field = "WWW-Authenticate";
		refusal->value = verdict.challenge;
	} else if (verdict.status == 503) {
		refusal->retry_after_s = 1;
	}
	if (verdict.was_bad)
		admission_bad_token(worker, req->source, refusal);
	return -1;
}

static bool
is_identity(struct slice codings)
{
	struct slice part;

	while (slice_next(&codings, ',', &part)) {
		part = slice_trim(part);
		if (part.len > 0 && !slice_is_nocase(part, "identity"))
			return false;
	}
	return true;
}

/*
 * RFC 9110 section 15.5.16: Accept-Encoding says what is taken.  Nothing is unpacked, since a small body that becomes a
 * large one would get round http.max_body_bytes.
 */
static int
check_coding(const struct http_head *head, struct refusal *refusal)
{
	size_t n_fields = http_head_has(head, HTTP_FIELD_CONTENT_ENCODING) > 0 ? head->n_fields : 0;

	for (size_t i = 0; i < n_fields; i++) {
		const struct http_field *field = &head->fields[i];

		if (!slice_is_nocase(field->name, "Content-Encoding") || is_identity(field->value))
			continue;
		*refusal = (struct refusal){.status = 415, .field = "Accept-Encoding", .value = "identity"};
		refusal->message =
		    "The body must be sent as it is, without Content-Encoding: nothing is unpacked here.";
		return -1;
	}
	return 0;
}

static int
check_media(const struct http_head *head, struct gate_pass *pass, struct refusal *refusal)
{
	struct slice type = http_head_value(head, HTTP_FIELD_CONTENT_TYPE);

	read_accept(http_head_value(head, HTTP_FIELD_ACCEPT), pass);
	if (head->method == HTTP_GET) {
		if (pass->takes_events)
			return 0;
		return refusal_set(refusal, 406,
				   "Accept must include " SSE_TYPE ": GET is answered by an event stream.");
	}
	if (http_head_has(head, HTTP_FIELD_CONTENT_TYPE) != 1 || !is_media_type(type, JSON_TYPE))
		return refusal_set(refusal, 415, "The body must be sent as Content-Type: " JSON_TYPE ".");
	if (check_coding(head, refusal) < 0)
		return -1;
	if (pass->takes_json || pass->takes_events)
		return 0;
	return refusal_set(refusal, 406, "Accept must include " JSON_TYPE " and " SSE_TYPE ".");
}

#define PARAM_PREFIX "Mcp-Param-"

bool
gate_is_param(struct slice name)
{
	return slice_eq_nocase(slice_sub(name, 0, sizeof(PARAM_PREFIX) - 1), SLICE_LIT(PARAM_PREFIX));
}

/* How often the field at `index` stands, counted from there. */
static size_t
count_again(const struct http_head *head, size_t index)
{
	size_t n = 0;

	for (size_t i = index; i < head->n_fields; i++)
		n += slice_eq_nocase(head->fields[i].name, head->fields[index].name) ? 1 : 0;
	return n;
}

/* A field that carries protocol meaning must not stand twice: the two could disagree. */
static int
check_single_fields(const struct http_head *head, struct refusal *refusal)
{
	static const enum http_known singles[] = {HTTP_FIELD_MCP_PROTOCOL_VERSION, HTTP_FIELD_MCP_METHOD,
						  HTTP_FIELD_MCP_NAME, HTTP_FIELD_MCP_SESSION_ID,
						  HTTP_FIELD_LAST_EVENT_ID};
	size_t n_params = http_head_has(head, HTTP_FIELD_MCP_PARAM) > 1 ? head->n_fields : 0;
	bool is_double = false;

	for (size_t i = 0; i < ARRAY_LEN(singles); i++)
		is_double = is_double || http_head_has(head, singles[i]) > 1;
	for (size_t i = 0; i < n_params && !is_double; i++)
		is_double = gate_is_param(head->fields[i].name) && count_again(head, i) > 1;
	return is_double ? refusal_set(refusal, 400, "A header field of MCP stands twice.") : 0;
}

/* Nobody has said who he is: nothing of his is kept. */
static int
check_no_body(const struct http_head *head, struct refusal *refusal)
{
	return head->body == HTTP_BODY_NONE ? 0 : refusal_set(refusal, 400, "This request takes no body.");
}

/* Each request counts once, though it may be judged twice: when its head has come, and as a whole. */
static int
check_limits(const struct worker *worker, struct http_request *req, struct gate_pass *pass, struct refusal *refusal)
{
	if (check_caller(worker, req, pass, refusal) < 0)
		return -1;
	if (req->is_judged || admission_judge_caller(worker, pass->principal, refusal) == 0) {
		admission_meet(req->source, pass->principal);
		return 0;
	}
	principal_release(&pass->principal);
	return -1;
}

int
gate_judge(const struct worker *worker, struct http_request *req, struct gate_pass *pass_r, struct refusal *refusal_r)
{
	const struct http_head *head = &req->head;

	*pass_r = (struct gate_pass){.principal = NULL};
	pass_r->wants_metadata = is_metadata(worker, head);
	if (!req->is_judged && admission_judge_address(worker, req->source, refusal_r) < 0)
		return -1;
	if (check_place(worker, head, refusal_r) < 0)
		return -1;
	if (pass_r->wants_metadata)
		return check_no_body(head, refusal_r);
	if (check_method(head, refusal_r) < 0)
		return -1;
	if (head->method == HTTP_OPTIONS)
		return check_no_body(head, refusal_r);
	if (check_limits(worker, req, pass_r, refusal_r) < 0)
		return -1;
	req->is_judged = true;
	if (check_single_fields(head, refusal_r) == 0 &&
	    (head->method == HTTP_DELETE || check_media(head, pass_r, refusal_r) == 0))
		return 0;
	principal_release(&pass_r->principal);
	return -1;
}
