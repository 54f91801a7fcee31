/*
 * test_server.c - which era a message belongs to, JSON-RPC in both, one answer for each, and clients that go away
 */
#include "world.h"

/* ---- which era ---- */

/* the claim in the body decides, whatever the method; without the header it is a broken modern request.
 */
static void
a_claim_makes_a_message_modern(void **state)
{
	struct world w;
	struct reply r;

	(void)state;
	world_open(&w);
	modern(&w, &r, "tools/list", "");
	assert_int_equal(r.protocol, MCP_2026_07_28);
	assert_string_equal(json_get_str(result_of(&r), "resultType", ""), "complete");
	reply_fini(&r);
	legacy(&w, &r, NULL, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\",\"params\":{" META "}}");
	assert_int_equal(r.protocol, MCP_2026_07_28);
	expect_refused(&r, 400, RPC_HEADER_MISMATCH, "1");
	world_close(&w);
}

/* */
static void
initialize_without_a_claim_is_legacy_whatever_the_header_says(void **state)
{
	static const char *const versions[] = {NULL, "2025-11-25", "2026-07-28", "2027-12-31", "1999-01-01", "nonsense",
					       ""};
	struct world w;
	struct reply r;

	(void)state;
	world_open(&w);
	for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
		legacy_as(&w, &r, NULL, NULL, versions[i], INITIALIZE("2025-06-18"));
		assert_string_equal(json_get_str(result_of(&r), "protocolVersion", ""), "2025-06-18");
		assert_int_equal(r.protocol, MCP_2025_06_18);
		reply_fini(&r);
	}
	world_close(&w);
}

/* with one it is an unknown method of the modern era. */
static void
initialize_with_a_claim_is_an_unknown_method(void **state)
{
	struct world w;
	struct reply r;

	(void)state;
	world_open(&w);
	modern(&w, &r, "initialize",
	       "\"protocolVersion\":\"2025-11-25\",\"capabilities\":{},\"clientInfo\":{\"name\":\"t\","
	       "\"version\":\"1\"},");
	assert_string_equal(r.session_id, "");
	expect_refused(&r, 404, RPC_METHOD_NOT_FOUND, "\"m-1\"");
	world_close(&w);
}

/* never a session error; the missing keys are named. */
static void
a_modern_header_without_a_claim_is_a_broken_envelope(void **state)
{
	static const char *const bodies[] = {
	    "{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"tools/list\"}",
	    "{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"tools/list\",\"params\":{}}",
	    "{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"tools/list\",\"params\":{\"_meta\":{}}}",
	    "{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"tools/list\",\"params\":{\"_meta\":[]}}",
	    "{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"tools/list\",\"params\":{\"_meta\":{" META_CAPABLE "}}}",
	    "{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"ping\"}",
	};
	static const char *const versions[] = {"2026-07-28", "2027-01-01"};
	struct world w;
	struct reply r;
	char session[MCP_SESSION_ID_CAP];

	(void)state;
	world_open(&w);
	initialize(&w, "2025-11-25", session);
	for (size_t v = 0; v < ARRAY_LEN(versions); v++) {
		for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
			legacy_as(&w, &r, NULL, i % 2 == 0 ? session : NULL, versions[v], bodies[i]);
			assert_refused(&r, 400, RPC_INVALID_PARAMS, "5");
			assert_non_null(strstr(json_get_str(error_of(&r), "message", ""),
					       "io.modelcontextprotocol/protocolVersion"));
			assert_non_null(strstr(json_get_str(error_of(&r), "message", ""),
					       "io.modelcontextprotocol/clientCapabilities"));
			reply_fini(&r);
		}
	}
	world_close(&w);
}

/* the -32022 body, so that newer clients get a diagnosis. */
static void
an_unknown_version_in_the_header_is_refused(void **state)
{
	static const char *const versions[] = {"2024-11-05", "2026-07-27", "1.0", "", "DRAFT"};
	struct world w;
	struct reply r;
	char session[MCP_SESSION_ID_CAP];

	(void)state;
	world_open(&w);
	initialize(&w, "2025-11-25", session);
	for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
		const json_t *data;

		legacy_as(&w, &r, NULL, session, versions[i],
			  "{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"tools/list\"}");
		assert_refused(&r, 400, RPC_VERSION_NOT_SERVED, "5");
		data = json_object_get(error_of(&r), "data");
		assert_string_equal(json_get_str(data, "requested", "?"), versions[i]);
		assert_int_equal(json_get_array_len(data, "supported"), 1);
		reply_fini(&r);
	}
	world_close(&w);
}

/* A header that is no text, or very long, is refused like any other. */
static void
a_strange_version_in_the_header_is_refused(void **state)
{
	char *longest = malloc(64 * 1024);
	struct world w;
	struct reply r;

	(void)state;
	world_open(&w);
	legacy_as(&w, &r, NULL, NULL, "\xff\xfe", "{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"tools/list\"}");
	expect_refused(&r, 400, RPC_VERSION_NOT_SERVED, "5");
	memset(longest, '\\', 64 * 1024 - 1);
	longest[64 * 1024 - 1] = '\0';
	legacy_as(&w, &r, NULL, NULL, longest, "{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"tools/list\"}");
	expect_refused(&r, 400, RPC_VERSION_NOT_SERVED, "5");
	free(longest);
	world_close(&w);
}

/* */
static void
without_claim_and_modern_header_it_is_session_traffic(void **state)
{
	struct world w;
	struct reply r;

	(void)state;
	world_open(&w);
	legacy(&w, &r, NULL, "{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"tools/list\"}");
	expect_refused(&r, 400, RPC_INVALID_REQUEST, "5");
	legacy(&w, &r, NULL, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}");
	expect_refused(&r, 400, RPC_INVALID_REQUEST, NULL);
	legacy_as(&w, &r, NULL, NULL, "2026-07-28", "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\"}");
	expect_empty(&r, 202);
	world_close(&w);
}

/* a modern call takes nothing from a session, not even the one whose id stands beside it. */
static void
a_modern_request_learns_nothing_from_a_session(void **state)
{
	struct world w;
	struct reply r;
	char session[MCP_SESSION_ID_CAP];
	struct sent sent = {.version = "2026-07-28", .method = "tools/call", .name = "test_me", .session = session};

	(void)state;
	world_open(&w);
	initialize(&w, "2025-11-25", session);
	legacy_call(&w, &r, session, "test_open", "{}");
	expect_good(&r);
	legacy_call(&w, &r, session, "test_me", "{}");
	json_decref(content_of(&r, false));
	reply_fini(&r);
	sent.body =
	    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"test_me\"," META "}}";
	post(&w, &r, &sent);
	assert_string_equal(r.session_id, "");
	expect_fault(&r, "NOT_AUTHENTICATED");
	sent.session = "no-such-session";
	post(&w, &r, &sent);
	expect_fault(&r, "NOT_AUTHENTICATED");
	world_close(&w);
}

/* ---- JSON-RPC ---- */

struct broken {
	const char *body;
	int code;
	const char *id;
};

/* refused before the era is known, with 400 in any. */
static void
what_is_no_request_is_refused(void **state)
{
	static const struct broken cases[] = {
	    {"", RPC_PARSE_ERROR, NULL},
	    {"{", RPC_PARSE_ERROR, NULL},
	    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"p\xff\"}", RPC_PARSE_ERROR, NULL},
	    {"nonsense", RPC_PARSE_ERROR, NULL},
	    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"x\"} x", RPC_PARSE_ERROR, NULL},
	    {"{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"x\"}", RPC_INVALID_REQUEST, "1"},
	    {"{\"jsonrpc\":2.0,\"id\":1,\"method\":\"x\"}", RPC_INVALID_REQUEST, "1"},
	    {"{\"id\":1,\"method\":\"x\"}", RPC_INVALID_REQUEST, "1"},
	    {"{\"jsonrpc\":\"2.0\",\"id\":1}", RPC_INVALID_REQUEST, "1"},
	    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":5}", RPC_INVALID_REQUEST, "1"},
	    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"x\",\"params\":7}", RPC_INVALID_REQUEST, "1"},
	    {"{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"x\"}", RPC_INVALID_REQUEST, NULL},
	    {"{\"jsonrpc\":\"2.0\",\"id\":1.5,\"method\":\"x\"}", RPC_INVALID_REQUEST, NULL},
	    {"{\"jsonrpc\":\"2.0\",\"id\":true,\"method\":\"x\"}", RPC_INVALID_REQUEST, NULL},
	    {"{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"x\"}", RPC_INVALID_REQUEST, NULL},
	    {"{\"jsonrpc\":\"2.0\",\"id\":[1],\"method\":\"x\"}", RPC_INVALID_REQUEST, NULL},
	    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"id\":2,\"method\":\"x\"}", RPC_INVALID_REQUEST, NULL},
	    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"x\",\"method\":\"y\"}", RPC_INVALID_REQUEST, "1"},
	    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"x\",\"m\\u0065thod\":\"y\"}", RPC_INVALID_REQUEST, "1"},
	    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"x\",\"params\":{},\"params\":{}}", RPC_INVALID_REQUEST, "1"},
	    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"x\",\"params\":{\"_meta\":{},\"_meta\":{}}}",
	     RPC_INVALID_REQUEST, "1"},
	    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"a\",\"name\":\"b\"}}",
	     RPC_INVALID_REQUEST, "1"},
	    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"x\",\"params\":{\"arguments\":{\"a\":1,\"a\":2}}}",
	     RPC_INVALID_REQUEST, "1"},
	    {"[]", RPC_INVALID_REQUEST, NULL},
	    {"5", RPC_INVALID_REQUEST, NULL},
	    {"\"x\"", RPC_INVALID_REQUEST, NULL},
	    {"null", RPC_INVALID_REQUEST, NULL},
	};
	static const char *const versions[] = {NULL, "2025-11-25", "2026-07-28"};
	struct world w;
	struct reply r;

	(void)state;
	world_open(&w);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		for (size_t v = 0; v < ARRAY_LEN(versions); v++) {
			legacy_as(&w, &r, NULL, NULL, versions[v], cases[i].body);
			expect_refused(&r, 400, cases[i].code, cases[i].id);
		}
	}
	world_close(&w);
}

/* an array is refused, whether or not it holds a claim. */
static void
an_array_is_refused(void **state)
{
	static const char *const bodies[] = {
	    "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\",\"params\":{" META "}}]",
	    "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"},{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"ping\"}]",
	    "[" INITIALIZE("2025-03-26") "]",
	};
	struct world w;
	struct reply r;
	char session[MCP_SESSION_ID_CAP];

	(void)state;
	world_open(&w);
	initialize(&w, "2025-11-25", session);
	for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
		legacy_as(&w, &r, NULL, NULL, "2026-07-28", bodies[i]);
		expect_refused(&r, 400, RPC_INVALID_REQUEST, NULL);
		legacy(&w, &r, session, bodies[i]);
		expect_refused(&r, 400, RPC_INVALID_REQUEST, NULL);
	}
	world_close(&w);
}

/* the token itself comes back, in results and in errors. */
static void
the_id_is_echoed_as_it_was_sent(void **state)
{
	static const char *const ids[] = {"1",
					  "\"1\"",
					  "0",
					  "-7",
					  "9007199254740993",
					  "123456789012345678901234567890",
					  "\"\"",
					  "\"a\\u0041\\\"\\n\\u0000\"",
					  "\"\xc3\xa4\"",
					  "\"/\\/\""};
	struct world w;
	struct reply r;
	char session[MCP_SESSION_ID_CAP];

	(void)state;
	world_open(&w);
	initialize(&w, "2025-11-25", session);
	for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
		char body[512];
		struct sent sent = {.version = "2026-07-28", .method = "server/discover", .body = body};

		snprintf(body, sizeof(body), "{\"jsonrpc\":\"2.0\",\"id\":%s,\"method\":\"ping\"}", ids[i]);
		legacy(&w, &r, session, body);
		assert_id(&r, ids[i]);
		expect_good(&r);
		snprintf(body, sizeof(body), "{\"jsonrpc\":\"2.0\",\"id\":%s,\"method\":\"no/such\"}", ids[i]);
		legacy(&w, &r, session, body);
		expect_refused(&r, 200, RPC_METHOD_NOT_FOUND, ids[i]);
		snprintf(body, sizeof(body),
			 "{\"jsonrpc\":\"2.0\",\"id\":%s,\"method\":\"server/discover\",\"params\":{" META "}}",
			 ids[i]);
		post(&w, &r, &sent);
		assert_id(&r, ids[i]);
		expect_good(&r);
		sent.method = "other";
		post(&w, &r, &sent);
		expect_refused(&r, 400, RPC_HEADER_MISMATCH, ids[i]);
	}
	world_close(&w);
}

/* two requests with one id are answered each on its own exchange. */
static void
equal_ids_in_flight_are_not_mixed_up(void **state)
{
	struct world w;
	struct reply a, b;

	(void)state;
	world_open(&w);
	modern_call(&w, &a, "test_wait", "{}");
	modern_call(&w, &b, "test_wait", "{}");
	assert_int_equal(a.answers + b.answers, 0);
	gate_open(&w.gates, 1);
	assert_int_equal(a.answers, 0);
	assert_int_equal(b.answers, 1);
	gate_open(&w.gates, 0);
	json_decref(content_of(&a, false));
	json_decref(content_of(&b, false));
	reply_fini(&a);
	reply_fini(&b);
	world_close(&w);
}

/* a message that answers something gets 400 or 202, never an answer that carries its id. */
static void
a_response_is_never_answered_under_its_id(void **state)
{
	static const char *const bodies[] = {
	    "{\"jsonrpc\":\"2.0\",\"id\":5,\"result\":{}}",
	    "{\"jsonrpc\":\"2.0\",\"id\":5,\"error\":{\"code\":1,\"message\":\"x\"}}",
	    "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":1,\"message\":\"x\"}}",
	};
	struct world w;
	struct reply r;
	char session[MCP_SESSION_ID_CAP];

	(void)state;
	world_open(&w);
	initialize(&w, "2025-11-25", session);
	for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
		legacy_as(&w, &r, NULL, NULL, "2026-07-28", bodies[i]);
		assert_int_equal(r.status, 400);
		assert_id(&r, NULL);
		reply_fini(&r);
		legacy(&w, &r, NULL, bodies[i]);
		assert_int_equal(r.status, 400);
		assert_id(&r, NULL);
		reply_fini(&r);
		legacy(&w, &r, "unknown", bodies[i]);
		assert_int_equal(r.status, 404);
		assert_id(&r, NULL);
		reply_fini(&r);
		legacy(&w, &r, session, bodies[i]);
		expect_empty(&r, 202);
	}
	world_close(&w);
}

/* nothing in an answer to a notification names an id; with a good session it is 202 and empty. */
static void
a_notification_is_never_answered(void **state)
{
	static const char *const methods[] = {
	    "notifications/initialized", "notifications/cancelled", "tools/list", "tools/call", "ping", "no/such", ""};
	struct world w;
	struct reply r;
	char session[MCP_SESSION_ID_CAP], body[256];

	(void)state;
	world_open(&w);
	initialize(&w, "2025-11-25", session);
	for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
		snprintf(body, sizeof(body), "{\"jsonrpc\":\"2.0\",\"method\":\"%s\"}", methods[i]);
		legacy(&w, &r, session, body);
		expect_empty(&r, 202);
		snprintf(body, sizeof(body), "{\"jsonrpc\":\"2.0\",\"method\":\"%s\",\"params\":{" META "}}",
			 methods[i]);
		legacy(&w, &r, NULL, body);
		expect_empty(&r, 202);
	}
	world_close(&w);
}

/* the bound on depth, the one that was set or the default of 64. */
static void
depth_is_bounded(void **state)
{
	struct world w;
	struct reply r;
	char body[600];
	size_t at;

	(void)state;
	world_open(&w);
	for (int depth = 62; depth <= 63; depth++) { /* the envelope and params are two more */
		at = (size_t)snprintf(body, sizeof(body),
				      "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"x\",\"params\":{\"a\":");
		memset(body + at, '[', (size_t)depth);
		memset(body + at + depth, ']', (size_t)depth);
		snprintf(body + at + 2 * depth, sizeof(body) - at - 2 * (size_t)depth, "}}");
		legacy(&w, &r, NULL, body);
		expect_refused(&r, 400, depth == 62 ? RPC_INVALID_REQUEST : RPC_PARSE_ERROR, "1");
	}
	mcp_server_free(&w.server);
	w.options.max_depth = 3;
	w.server = mcp_server_new(&w.options);
	legacy(&w, &r, NULL, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"x\",\"params\":{\"a\":[[]]}}");
	expect_refused(&r, 400, RPC_PARSE_ERROR, "1");
	legacy(&w, &r, NULL, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"x\",\"params\":{\"a\":[]}}");
	expect_refused(&r, 400, RPC_INVALID_REQUEST, "1");
	world_close(&w);
}

/* */
static void
unknown_members_of_params_are_ignored(void **state)
{
	struct world w;
	struct reply r;

	(void)state;
	world_open(&w);
	modern(&w, &r, "tools/list", "\"later\":{\"x\":[1,2]},");
	expect_good(&r);
	modern(&w, &r, "server/discover", "\"later\":null,");
	expect_good(&r);
	world_close(&w);
}

/* ---- clients that go away ---- */

/* the work is stopped, and nothing is answered any more. */
static void
a_modern_client_that_goes_away_cancels(void **state)
{
	struct world w;
	struct reply r;

	(void)state;
	world_open(&w);
	modern_call(&w, &r, "test_wait", "{}");
	assert_non_null(r.exchange);
	hang_up(&r);
	assert_int_equal(w.gates.cancelled, 1);
	assert_int_equal(w.gates.ended, 1);
	assert_int_equal(fiber_pool_alive(w.fibers), 0);
	assert_int_equal(r.answers, 0);
	reply_fini(&r);
	world_close(&w);
}

/* a legacy call runs on; its result is dropped. */
static void
a_legacy_call_outlives_its_client(void **state)
{
	struct world w;
	struct reply r;
	char session[MCP_SESSION_ID_CAP];

	(void)state;
	world_open(&w);
	initialize(&w, "2025-11-25", session);
	legacy_call(&w, &r, session, "test_wait", "{}");
	assert_non_null(r.exchange);
	hang_up(&r);
	assert_int_equal(w.gates.cancelled + w.gates.ended, 0);
	assert_int_equal(fiber_pool_alive(w.fibers), 1);
	gate_open(&w.gates, 0);
	assert_int_equal(w.gates.cancelled, 0);
	assert_int_equal(w.gates.ended, 1);
	assert_int_equal(fiber_pool_alive(w.fibers), 0);
	assert_int_equal(r.answers, 0);
	reply_fini(&r);
	world_close(&w);
}

/* What it did counts all the same: the session remembers the login. */
static void
a_legacy_login_counts_without_its_client(void **state)
{
	struct world w;
	struct reply r;
	char session[MCP_SESSION_ID_CAP];
	json_t *content;

	(void)state;
	world_open(&w);
	initialize(&w, "2025-11-25", session);
	legacy_call(&w, &r, session, "test_open", "{\"wait\":true,\"username\":\"late\"}");
	assert_non_null(r.exchange);
	hang_up(&r);
	gate_open(&w.gates, 0);
	assert_int_equal(r.answers, 0);
	reply_fini(&r);
	legacy_call(&w, &r, session, "test_me", "{}");
	content = content_of(&r, false);
	assert_string_equal(json_get_str(content, "username", ""), "late");
	json_decref(content);
	reply_fini(&r);
	world_close(&w);
}

/* Refused or too large: there is nobody to tell. */
static void
whatever_an_orphan_ends_with_is_dropped(void **state)
{
	struct world w;
	struct reply r[3];
	char session[MCP_SESSION_ID_CAP];

	(void)state;
	world_open_with(&w, 4096, 16);
	initialize(&w, "2025-11-25", session);
	for (size_t i = 0; i < ARRAY_LEN(r); i++) {
		legacy_call(&w, &r[i], session, "test_wait", "{}");
		hang_up(&r[i]);
	}
	gate_open(&w.gates, 1); /* out of order: the list of orphans is unlinked in the middle, at its ends */
	gate_open(&w.gates, 0);
	gate_open(&w.gates, 2);
	assert_int_equal(w.gates.ended, 3);
	for (size_t i = 0; i < ARRAY_LEN(r); i++) {
		assert_int_equal(r[i].answers, 0);
		reply_fini(&r[i]);
	}
	world_close(&w);
}

/* Orphans that still run when the worker ends are cancelled and freed. */
static void
freeing_the_server_ends_orphans(void **state)
{
	struct world w;
	struct reply r[3];
	char session[MCP_SESSION_ID_CAP];

	(void)state;
	world_open(&w);
	initialize(&w, "2025-06-18", session);
	for (size_t i = 0; i < ARRAY_LEN(r); i++) {
		legacy_call(&w, &r[i], session, i == 1 ? "test_open" : "test_wait", i == 1 ? "{\"wait\":true}" : "{}");
		hang_up(&r[i]);
	}
	assert_int_equal(fiber_pool_alive(w.fibers), 3);
	mcp_server_free(&w.server);
	assert_int_equal(w.gates.cancelled, 3);
	assert_int_equal(fiber_pool_alive(w.fibers), 0);
	for (size_t i = 0; i < ARRAY_LEN(r); i++) {
		assert_int_equal(r[i].answers, 0);
		reply_fini(&r[i]);
	}
	world_close(&w);
}

static void
hanging_up_after_the_answer_is_nothing(void **state)
{
	struct world w;
	struct reply r;

	(void)state;
	world_open(&w);
	modern_call(&w, &r, "test_wait", "{}");
	gate_open(&w.gates, 0);
	assert_int_equal(r.answers, 1);
	r.exchange = NULL; /* as the answer function of an endpoint does */
	hang_up(&r);
	reply_fini(&r);
	world_close(&w);
}

/* An answer that is told while mcp_server_post() runs leaves no exchange; an earlier value is overwritten. */
static void
no_exchange_is_left_by_an_answer_at_once(void **state)
{
	struct world w;
	struct reply r;

	(void)state;
	world_open(&w);
	modern_call(&w, &r, "test_echo", "{\"text\":\"x\"}");
	assert_int_equal(r.answers, 1);
	assert_null(r.exchange);
	reply_fini(&r);
	world_close(&w);
}

/* ---- shortage ---- */

static void
no_fiber_left_is_a_shortage(void **state)
{
	struct world w;
	struct reply first, second;

	(void)state;
	world_open_with(&w, 1024 * 1024, 1);
	modern_call(&w, &first, "test_wait", "{}");
	assert_int_equal(first.answers, 0);
	modern_call(&w, &second, "test_echo", "{\"text\":\"x\"}");
	expect_refused(&second, 503, RPC_INTERNAL_ERROR, "\"m-1\"");
	gate_open(&w.gates, 0);
	json_decref(content_of(&first, false));
	reply_fini(&first);
	modern_call(&w, &second, "test_echo", "{\"text\":\"x\"}");
	expect_good(&second);
	world_close(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_claim_makes_a_message_modern),
	    cmocka_unit_test(initialize_without_a_claim_is_legacy_whatever_the_header_says),
	    cmocka_unit_test(initialize_with_a_claim_is_an_unknown_method),
	    cmocka_unit_test(a_modern_header_without_a_claim_is_a_broken_envelope),
	    cmocka_unit_test(an_unknown_version_in_the_header_is_refused),
	    cmocka_unit_test(a_strange_version_in_the_header_is_refused),
	    cmocka_unit_test(without_claim_and_modern_header_it_is_session_traffic),
	    cmocka_unit_test(a_modern_request_learns_nothing_from_a_session),
	    cmocka_unit_test(what_is_no_request_is_refused),
	    cmocka_unit_test(an_array_is_refused),
	    cmocka_unit_test(the_id_is_echoed_as_it_was_sent),
	    cmocka_unit_test(equal_ids_in_flight_are_not_mixed_up),
	    cmocka_unit_test(a_response_is_never_answered_under_its_id),
	    cmocka_unit_test(a_notification_is_never_answered),
	    cmocka_unit_test(depth_is_bounded),
	    cmocka_unit_test(unknown_members_of_params_are_ignored),
	    cmocka_unit_test(a_modern_client_that_goes_away_cancels),
	    cmocka_unit_test(a_legacy_call_outlives_its_client),
	    cmocka_unit_test(a_legacy_login_counts_without_its_client),
	    cmocka_unit_test(whatever_an_orphan_ends_with_is_dropped),
	    cmocka_unit_test(freeing_the_server_ends_orphans),
	    cmocka_unit_test(hanging_up_after_the_answer_is_nothing),
	    cmocka_unit_test(no_exchange_is_left_by_an_answer_at_once),
	    cmocka_unit_test(no_fiber_left_is_a_shortage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
