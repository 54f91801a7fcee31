/*
 * test_client.c - progress and log lines reach the client that asked for them, on its own stream, and no other
 */
#include "client.h"

#include "world.h"

#define TOKEN(json) ",\"progressToken\":" json
#define LEVEL(json) ",\"io.modelcontextprotocol/logLevel\":" json

static const json_t *
params_of(const struct reply *r, size_t at, const char *method)
{
	assert_true(at < r->n_events);
	assert_string_equal(json_get_str(r->events[at], "method", ""), method);
	assert_null(json_object_get(r->events[at], "id"));
	return json_get_object(r->events[at], "params");
}

/* strictly more each time, with the token as it was sent; what comes too soon is left out. */
static void
progress_is_told(void **state)
{
	static const char *const tokens[] = {"\"a\\u0062\"", "7", "9007199254740993", "\"\""};
	struct world w;
	struct reply r;

	(void)state;
	world_open(&w);
	for (size_t i = 0; i < ARRAY_LEN(tokens); i++) {
		char meta[128];
		json_t *token = NULL;
		const json_t *params;

		snprintf(meta, sizeof(meta), TOKEN("%s"), tokens[i]);
		modern_capable(&w, &r, "test_tell", "{}", meta, "");
		assert_int_equal(r.status, 200);
		assert_int_equal(r.n_events, 2);
		params = params_of(&r, 0, "notifications/progress");
		token = parse_answer(slice_from_str(tokens[i]));
		assert_true(json_equal(json_object_get(params, "progressToken"), token));
		assert_int_equal(json_get_int(params, "progress", 0), 1);
		assert_int_equal(json_get_int(params, "total", 0), 4);
		assert_string_equal(json_get_str(params, "message", ""), "first");
		params = params_of(&r, 1, "notifications/progress");
		assert_int_equal(json_get_int(params, "progress", 0), 4);
		assert_string_equal(json_get_str(params, "message", ""), "last of 4");
		json_decref(token);
		reply_fini(&r);
	}
	world_close(&w);
}

static void
nothing_is_told_unasked(void **state)
{
	static const char *const metas[] = {"", TOKEN("null"), TOKEN("1.5"), TOKEN("{}"), TOKEN("[1]"), TOKEN("true")};
	const struct sent json_only = {
	    .version = "2026-07-28",
	    .method = "tools/call",
	    .name = "test_tell",
	    .no_events = true,
	    .body = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/"
		    "call\",\"params\":{\"name\":\"test_tell\",\"_meta\":{" META_VERSION
		    "\"2026-07-28\"," META_CAPABLE TOKEN("1") LEVEL("\"debug\"") "}}}",
	};
	struct world w;
	struct reply r;

	(void)state;
	world_open(&w);
	for (size_t i = 0; i < ARRAY_LEN(metas); i++) {
		modern_capable(&w, &r, "test_tell", "{}", metas[i], "");
		assert_int_equal(r.n_events, 0);
		expect_good(&r);
	}
	post(&w, &r, &json_only);
	assert_int_equal(r.n_events, 0);
	expect_good(&r);
	world_close(&w);
}

/* from the level of this request on. */
static void
modern_log_lines_have_the_level_of_the_request(void **state)
{
	struct world w;
	struct reply r;
	const json_t *params;

	(void)state;
	world_open(&w);
	modern_capable(&w, &r, "test_tell", "{}", LEVEL("\"info\""), "");
	assert_int_equal(r.n_events, 2);
	params = params_of(&r, 0, "notifications/message");
	assert_string_equal(json_get_str(params, "level", ""), "info");
	assert_string_equal(json_get_str(params, "data", ""), "half \"way\"");
	assert_string_equal(json_get_str(params_of(&r, 1, "notifications/message"), "level", ""), "error");
	expect_good(&r);
	modern_capable(&w, &r, "test_tell", "{}", LEVEL("\"emergency\""), "");
	assert_int_equal(r.n_events, 0);
	expect_good(&r);
	modern_capable(&w, &r, "test_tell", "{}", LEVEL("\"loud\""), "");
	expect_refused(&r, 200, RPC_INVALID_PARAMS, "1");
	modern_capable(&w, &r, "test_tell", "{}", LEVEL("7"), "");
	expect_refused(&r, 200, RPC_INVALID_PARAMS, "1");
	world_close(&w);
}

static void
set_level(struct world *w, struct reply *r, const char *session, const char *params)
{
	char body[256];

	snprintf(body, sizeof(body), "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"logging/setLevel\",\"params\":%s}",
		 params);
	legacy(w, r, session, body);
}

/* the level is the session's. */
static void
legacy_log_lines_have_the_level_of_the_session(void **state)
{
	static const char *const bad[] = {"{}", "{\"level\":\"loud\"}", "{\"level\":3}", "{\"level\":null}"};
	static const char *const levels[] = {"debug", "info",	  "notice", "warning",
					     "error", "critical", "alert",  "emergency"};
	static const size_t lines[] = {3, 2, 1, 1, 1, 0, 0, 0};
	char session[MCP_SESSION_ID_CAP], other[MCP_SESSION_ID_CAP], params[64];
	struct world w;
	struct reply r;

	(void)state;
	world_open(&w);
	initialize(&w, "2025-06-18", session);
	initialize(&w, "2025-06-18", other);
	legacy_call(&w, &r, session, "test_tell", "{}");
	assert_int_equal(r.n_events, 0);
	reply_fini(&r);
	for (size_t i = 0; i < ARRAY_LEN(levels); i++) {
		snprintf(params, sizeof(params), "{\"level\":\"%s\"}", levels[i]);
		set_level(&w, &r, session, params);
		assert_int_equal(json_object_size(result_of(&r)), 0);
		assert_string_equal(r.method, "logging/setLevel");
		reply_fini(&r);
		legacy_call(&w, &r, session, "test_tell", "{}");
		assert_int_equal(r.n_events, lines[i]);
		reply_fini(&r);
	}
	legacy_call(&w, &r, other, "test_tell", "{}");
	assert_int_equal(r.n_events, 0);
	reply_fini(&r);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		set_level(&w, &r, session, bad[i]);
		expect_refused(&r, 200, RPC_INVALID_PARAMS, "3");
	}
	world_close(&w);
}

static void
legacy_progress_is_told(void **state)
{
	char session[MCP_SESSION_ID_CAP];
	struct world w;
	struct reply r;

	(void)state;
	world_open(&w);
	initialize(&w, "2025-03-26", session);
	legacy(&w, &r, session,
	       "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"tools/call\",\"params\":{\"name\":\"test_tell\",\"_meta\":{"
	       "\"progressToken\":\"p\"}}}");
	assert_int_equal(r.n_events, 2);
	assert_string_equal(json_get_str(params_of(&r, 0, "notifications/progress"), "progressToken", ""), "p");
	expect_good(&r);
	world_close(&w);
}

/* */
static void
capabilities_are_those_of_the_revision(void **state)
{
	static const struct {
		const char *declared;
		enum mcp_protocol protocol;
		unsigned can;
	} cases[] = {
	    {"{}", MCP_2026_07_28, 0},
	    {"{\"elicitation\":{}}", MCP_2026_07_28, ACTION_ELICIT_FORM},
	    {"{\"elicitation\":{\"form\":{}}}", MCP_2026_07_28, ACTION_ELICIT_FORM},
	    {"{\"elicitation\":{\"url\":{}}}", MCP_2026_07_28, ACTION_ELICIT_URL},
	    {"{\"elicitation\":{\"url\":{},\"form\":{}}}", MCP_2025_11_25, ACTION_ELICIT_FORM | ACTION_ELICIT_URL},
	    {"{\"elicitation\":{\"url\":{}}}", MCP_2025_06_18, ACTION_ELICIT_FORM},
	    {"{\"elicitation\":{}}", MCP_2025_03_26, 0},
	    {"{\"elicitation\":true,\"sampling\":null,\"roots\":[]}", MCP_2026_07_28, 0},
	    {"{\"sampling\":{},\"roots\":{\"listChanged\":true}}", MCP_2025_03_26, ACTION_SAMPLE | ACTION_LIST_ROOTS},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		json_t *declared = parse_answer(slice_from_str(cases[i].declared));

		assert_int_equal(client_capabilities(json_view_of(declared), cases[i].protocol), cases[i].can);
		json_decref(declared);
	}
	assert_int_equal(client_capabilities(JSON_VIEW_NONE, MCP_2025_11_25), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(progress_is_told),
	    cmocka_unit_test(nothing_is_told_unasked),
	    cmocka_unit_test(modern_log_lines_have_the_level_of_the_request),
	    cmocka_unit_test(legacy_log_lines_have_the_level_of_the_session),
	    cmocka_unit_test(legacy_progress_is_told),
	    cmocka_unit_test(capabilities_are_those_of_the_revision),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
