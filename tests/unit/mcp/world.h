/*
 * world.h - a protocol core with a session table, fixture actions and callers, and what it answers
 *
 * Bodies and header values are handed in as exact copies on the heap, which are freed as soon as the contract allows
 * it, so that a late look at them is seen by AddressSanitizer and valgrind.  Every answer is checked to be the only one
 * and, when it has a body, to be JSON-RPC.
 */
#ifndef TEST_MCP_WORLD_H
#define TEST_MCP_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "actions.h"
#include "base/clock.h"
#include "json/parse.h"
#include "mcp/server.h"
#include "rpc/fault.h"
#include "session/mcp_session.h"
#include "shm/segment.h"
#include "shm/table.h"

#define HOUR_MS (60ull * 60 * 1000)

static const struct principal alice = {.name = "alice"};
static const struct principal bob = {.name = "bob"};

struct world {
	struct segment_keys *keys;
	struct segment *seg;
	struct table *tab;
	struct sessions sessions;
	struct config config;
	struct fiber_pool *fibers;
	struct gates gates;
	struct action_env env;
	struct action_registry *registry;
	struct mcp_options options;
	struct mcp_server *server;
	uint64_t later_ms; /* added to the moment of requests */
};

static const struct action_table *const test_tables[] = {&test_table, NULL};
static const struct action_prompt_table *const test_prompts[] = {NULL};
static const struct action_resource_table *const test_resources[] = {NULL};
static const struct action_product test_product = {
    .name = "test-server",
    .title = "A test product",
    .instructions = "Read this first.",
    .tools = test_tables,
    .prompts = test_prompts,
    .resources = test_resources,
};

#ifndef WORLD_PRODUCT
#define WORLD_PRODUCT (&test_product)
#endif

static inline void
world_open_with(struct world *w, size_t max_result_bytes, size_t max_fibers)
{
	const struct segment_config size = {256, 0};
	struct err err;

	memset(w, 0, sizeof(*w));
	assert_int_equal(segment_keys_create(&w->keys, &err), 0);
	assert_int_equal(segment_create(&size, w->keys, &w->seg, &err), 0);
	assert_int_equal(table_new(w->seg, w->keys, &w->tab), 0);
	sessions_init(&w->sessions, w->tab, w->keys, NULL);
	w->config.magento.call_timeout_ms = 600000;
	w->config.magento.max_result_bytes = max_result_bytes;
	w->fibers = fiber_pool_new(max_fibers, 4);
	assert_non_null(w->fibers);
	w->env = (struct action_env){
	    .config = &w->config, .sessions = &w->sessions, .fibers = w->fibers, .observer = &w->gates};
	w->registry = action_registry_new(WORLD_PRODUCT);
	assert_non_null(w->registry);
	w->options = (struct mcp_options){.title = "A \"test\" server",
					  .version = "9.8.7",
					  .registry = w->registry,
					  .env = &w->env,
					  .max_result_bytes = max_result_bytes};
	w->server = mcp_server_new(&w->options);
	assert_non_null(w->server);
}

static inline void
world_open(struct world *w)
{
	world_open_with(w, 1024 * 1024, 16);
}

/* Nothing may be left running. */
static inline void
world_close(struct world *w)
{
	mcp_server_free(&w->server);
	assert_null(w->server);
	action_registry_free(&w->registry);
	assert_int_equal(fiber_pool_alive(w->fibers), 0);
	fiber_pool_free(&w->fibers);
	table_free(&w->tab);
	segment_free(&w->seg);
	segment_keys_free(&w->keys);
}

/* ---- what is sent ---- */

struct sent {
	const char *version, *method, *name, *session; /* headers; NULL: absent */
	const struct principal *who;		       /* NULL: alice */
	const char *body;
	size_t body_len;	   /* 0: to its NUL */
	bool no_events;		   /* its Accept has no event streams */
	const char *const *fields; /* more headers: name, value, name, value, NULL; or NULL */
};

#define EVENTS_MAX 32

struct reply {
	char missing_scope[64];
	struct mcp_exchange *exchange;
	int answers;
	int status;
	char *body;
	size_t body_len;
	json_t *json;
	char session_id[MCP_SESSION_ID_CAP];
	char method[64], tool[80];
	int rpc_code, fault_code;
	enum mcp_protocol protocol;
	json_t *events[EVENTS_MAX]; /* messages before the answer, in order */
	size_t n_events;
	char *kept[6]; /* copies on the heap: body, headers, request id */
};

static inline void
forget_kept(struct reply *r)
{
	for (size_t i = 0; i < ARRAY_LEN(r->kept); i++) {
		free(r->kept[i]);
		r->kept[i] = NULL;
	}
}

/* Ids may be larger than any integer of ours. */
static inline json_t *
parse_answer(struct slice body)
{
	struct json_limits limits = json_limits_default;
	json_t *root = NULL;

	limits.big_int_as_real = true;
	limits.max_string_bytes = limits.max_bytes;
	assert_int_equal(json_parse(body, &limits, &root, NULL), 0);
	return root;
}

static inline void
on_answer(void *ctx, const struct mcp_answer *answer)
{
	struct reply *r = ctx;

	assert_int_equal(++r->answers, 1);
	r->status = answer->http_status;
	r->body_len = answer->body.len;
	snprintf(r->missing_scope, sizeof(r->missing_scope), "%s",
		 answer->missing_scope != NULL ? answer->missing_scope : "");
	r->body = malloc(answer->body.len + 1);
	assert_non_null(r->body);
	if (answer->body.len > 0)
		memcpy(r->body, answer->body.ptr, answer->body.len);
	r->body[answer->body.len] = '\0';
	if (answer->session_id != NULL)
		assert_int_equal(slice_to_str(slice_from_str(answer->session_id), r->session_id, sizeof(r->session_id)),
				 0);
	snprintf(r->method, sizeof(r->method), "%s", answer->method);
	snprintf(r->tool, sizeof(r->tool), "%s", answer->tool);
	r->rpc_code = answer->rpc_code;
	r->fault_code = answer->fault_code;
	r->protocol = answer->protocol;
	if (answer->body.len == 0)
		return;
	assert_null(strchr(r->body, '\n')); /* one line */
	r->json = parse_answer(answer->body);
	if (json_is_array(r->json)) /* of a batch */
		return;
	assert_string_equal(json_get_str(r->json, "jsonrpc", ""), "2.0");
	assert_true((json_object_get(r->json, "result") != NULL) != (json_object_get(r->json, "error") != NULL));
	assert_int_equal(json_get_int(json_object_get(r->json, "error"), "code", 0), answer->rpc_code);
}

static inline int
on_event(void *ctx, const struct mcp_event *event)
{
	struct reply *r = ctx;

	assert_int_equal(r->answers, 0);
	assert_true(r->n_events < EVENTS_MAX);
	if (event->data.len == 0) /* the priming event */
		return 0;
	r->events[r->n_events] = parse_answer(event->data);
	assert_string_equal(json_get_str(r->events[r->n_events], "jsonrpc", ""), "2.0");
	assert_null(memchr(event->data.ptr, '\n', event->data.len));
	r->n_events++;
	return 0;
}

/* An exact copy: not even a NUL behind it. */
static inline struct slice
keep(struct reply *r, size_t at, const char *bytes, size_t len)
{
	if (bytes == NULL)
		return SLICE_NONE;
	r->kept[at] = malloc(len > 0 ? len : 1);
	assert_non_null(r->kept[at]);
	memcpy(r->kept[at], bytes, len);
	return slice_of(r->kept[at], len);
}

static inline struct slice
keep_text(struct reply *r, size_t at, const char *text)
{
	return keep(r, at, text, text != NULL ? strlen(text) : 0);
}

static inline struct slice
find_field(void *ctx, const char *name, size_t *n_r)
{
	const struct sent *sent = ctx;
	struct slice value = SLICE_NONE;

	*n_r = 0;
	for (const char *const *field = sent->fields; field != NULL && *field != NULL; field += 2) {
		if (strcasecmp(field[0], name) == 0 && (*n_r)++ == 0)
			value = slice_from_str(field[1]);
	}
	return value;
}

static inline void
post(struct world *w, struct reply *r, const struct sent *sent)
{
	struct mcp_request request;

	memset(r, 0, sizeof(*r));
	request = (struct mcp_request){
	    .body = keep(r, 0, sent->body, sent->body_len > 0 ? sent->body_len : strlen(sent->body)),
	    .headers = {.protocol_version = keep_text(r, 1, sent->version),
			.method = keep_text(r, 2, sent->method),
			.name = keep_text(r, 3, sent->name),
			.session_id = keep_text(r, 4, sent->session),
			.find = find_field,
			.ctx = (void *)(uintptr_t)sent},
	    .takes_events = !sent->no_events,
	    .principal = sent->who != NULL ? sent->who : &alice,
	    .now_mono_ms = clock_mono_ms() + w->later_ms,
	    .now_wall_ms = clock_wall_ms() + w->later_ms,
	};
	r->kept[5] = strdup("7.1.a");
	request.request_id = r->kept[5];
	mcp_server_post(w->server, &request, &(struct mcp_channel){.send = on_event, .answer = on_answer, .ctx = r},
			&r->exchange);
	assert_true((r->answers == 1) == (r->exchange == NULL));
	if (r->answers == 1)
		forget_kept(r);
}

static inline void
reply_fini(struct reply *r)
{
	json_decref(r->json);
	for (size_t i = 0; i < r->n_events; i++)
		json_decref(r->events[i]);
	free(r->body);
	forget_kept(r);
	memset(r, 0, sizeof(*r));
}

static inline void
hang_up(struct reply *r)
{
	mcp_server_hangup(&r->exchange);
	assert_null(r->exchange);
	forget_kept(r);
}

/* ---- shorthands ---- */

#define META_VERSION "\"io.modelcontextprotocol/protocolVersion\":"
#define META_CAPABLE "\"io.modelcontextprotocol/clientCapabilities\":{}"
#define META "\"_meta\":{" META_VERSION "\"2026-07-28\"," META_CAPABLE "}"

/* A good modern request: `params` is the inside of params without _meta, "" or ending in a comma. */
static inline void
modern_as(struct world *w, struct reply *r, const struct principal *who, const char *method, const char *name,
	  const char *params)
{
	char *body = NULL;
	struct sent sent = {.version = "2026-07-28", .method = method, .name = name, .who = who};

	assert_true(asprintf(&body, "{\"jsonrpc\":\"2.0\",\"id\":\"m-1\",\"method\":\"%s\",\"params\":{%s" META "}}",
			     method, params) > 0);
	sent.body = body;
	post(w, r, &sent);
	free(body);
}

static inline void
modern(struct world *w, struct reply *r, const char *method, const char *params)
{
	modern_as(w, r, NULL, method, NULL, params);
}

/* tools/call with `arguments` as JSON text. */
static inline void
modern_call(struct world *w, struct reply *r, const char *tool, const char *arguments)
{
	char *params = NULL;

	assert_true(asprintf(&params, "\"name\":\"%s\",\"arguments\":%s,", tool, arguments) > 0);
	modern_as(w, r, NULL, "tools/call", tool, params);
	free(params);
}

static inline void
legacy_as(struct world *w, struct reply *r, const struct principal *who, const char *session, const char *version,
	  const char *body)
{
	const struct sent sent = {.version = version, .session = session, .who = who, .body = body};

	post(w, r, &sent);
}

static inline void
legacy(struct world *w, struct reply *r, const char *session, const char *body)
{
	legacy_as(w, r, NULL, session, NULL, body);
}

/* A good modern request with its own capabilities, more of _meta (", \"key\":..." or "") and more params. */
static inline void
modern_capable(struct world *w, struct reply *r, const char *tool, const char *capabilities, const char *meta,
	       const char *more)
{
	char *body = NULL;
	struct sent sent = {.version = "2026-07-28", .method = "tools/call", .name = tool};

	assert_true(asprintf(&body,
			     "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"%s\",%s"
			     "\"_meta\":{" META_VERSION
			     "\"2026-07-28\",\"io.modelcontextprotocol/clientCapabilities\":%s%s}}}",
			     tool, more, capabilities, meta) > 0);
	sent.body = body;
	post(w, r, &sent);
	free(body);
}

#define INITIALIZE(version)                                                                                            \
	"{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"initialize\",\"params\":{\"protocolVersion\":\"" version           \
	"\",\"capabilities\":{},\"clientInfo\":{\"name\":\"t\",\"version\":\"1\"}}}"

/* Opens a legacy session of a client that can this, and gives its id. */
static inline void
initialize_capable(struct world *w, const char *version, const char *capabilities, char id_r[static MCP_SESSION_ID_CAP])
{
	struct reply r;
	char *body = NULL;

	assert_true(asprintf(&body,
			     "{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"initialize\",\"params\":{\"protocolVersion\":"
			     "\"%s\",\"capabilities\":%s,\"clientInfo\":{\"name\":\"t\",\"version\":\"1\"}}}",
			     version, capabilities) > 0);
	legacy(w, &r, NULL, body);
	assert_int_equal(r.status, 200);
	assert_int_equal(strlen(r.session_id), MCP_SESSION_ID_LEN);
	memcpy(id_r, r.session_id, MCP_SESSION_ID_CAP);
	reply_fini(&r);
	free(body);
}

static inline void
initialize(struct world *w, const char *version, char id_r[static MCP_SESSION_ID_CAP])
{
	initialize_capable(w, version, "{}", id_r);
}

static inline void
legacy_call(struct world *w, struct reply *r, const char *session, const char *tool, const char *arguments)
{
	char *body = NULL;

	assert_true(asprintf(&body,
			     "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"tools/"
			     "call\",\"params\":{\"name\":\"%s\",\"arguments\":%s}}",
			     tool, arguments) > 0);
	legacy(w, r, session, body);
	free(body);
}

/* ---- what must have come ---- */

static inline const json_t *
result_of(const struct reply *r)
{
	const json_t *result = json_object_get(r->json, "result");

	assert_int_equal(r->answers, 1);
	assert_int_equal(r->status, 200);
	assert_non_null(result);
	return result;
}

static inline const json_t *
error_of(const struct reply *r)
{
	const json_t *error = json_object_get(r->json, "error");

	assert_non_null(error);
	assert_true(strlen(json_get_str(error, "message", "")) > 0);
	return error;
}

/* The raw token of the id must stand in the answer; NULL: there must be no id at all. */
static inline void
assert_id(const struct reply *r, const char *token)
{
	char wanted[256];

	if (token == NULL) {
		assert_null(json_object_get(r->json, "id"));
		return;
	}
	snprintf(wanted, sizeof(wanted), "{\"jsonrpc\":\"2.0\",\"id\":%s,", token);
	assert_memory_equal(r->body, wanted, strlen(wanted));
}

static inline void
assert_refused(struct reply *r, int status, int code, const char *id_token)
{
	assert_int_equal(r->answers, 1);
	assert_int_equal(r->status, status);
	assert_int_equal(json_get_int(error_of(r), "code", 0), code);
	assert_id(r, id_token);
}

/* The same, and done with it. */
static inline void
expect_refused(struct reply *r, int status, int code, const char *id_token)
{
	assert_refused(r, status, code, id_token);
	reply_fini(r);
}

static inline void
expect_empty(struct reply *r, int status)
{
	assert_int_equal(r->answers, 1);
	assert_int_equal(r->status, status);
	assert_int_equal(r->body_len, 0);
	reply_fini(r);
}

static inline void
expect_good(struct reply *r)
{
	(void)result_of(r);
	reply_fini(r);
}

/* The text block of a CallToolResult as JSON; it must equal structuredContent where there is one. */
static inline json_t *
content_of(const struct reply *r, bool is_error)
{
	const json_t *result = result_of(r);
	const json_t *block = json_array_get(json_get_array(result, "content"), 0);
	const json_t *structured = json_object_get(result, "structuredContent");
	json_t *parsed = parse_answer(json_get_slice(block, "text"));

	assert_int_equal(json_get_array_len(result, "content"), 1);
	assert_string_equal(json_get_str(block, "type", ""), "text");
	assert_true(json_is_boolean(json_object_get(result, "isError")));
	assert_int_equal(json_get_bool(result, "isError", !is_error), is_error);
	if (structured != NULL)
		assert_true(json_equal(parsed, structured));
	return parsed;
}

/* A tool call refused by the action, with this code. */
static inline void
expect_fault(struct reply *r, const char *code)
{
	json_t *content = content_of(r, true);
	const json_t *error = json_object_get(content, "error");

	assert_string_equal(json_get_str(error, "code", ""), code);
	assert_true(strlen(json_get_str(error, "message", "")) > 0);
	assert_string_equal(fault_code_name((enum fault_code)r->fault_code), code);
	json_decref(content);
	reply_fini(r);
}

#endif
