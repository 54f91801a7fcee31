/*
 * test_legacy.c - the handshake, sessions, and what legacy results must not carry
 */
#include "world.h"

#define PING "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"ping\"}"

/* ---- initialize ---- */

/* */
static void
the_asked_version_is_given_if_it_is_served(void **state)
{
	static const char *const asked[] = {"2025-03-26", "2025-06-18", "2025-11-25", "2024-11-05",
					    "2026-07-28", "2027-01-01", "nonsense"};
	static const char *const given[] = {"2025-03-26", "2025-06-18", "2025-11-25", "2025-11-25",
					    "2025-11-25", "2025-11-25", "2025-11-25"};
	struct world w;
	struct reply r;

	(void)state;
	world_open(&w);
	for (size_t i = 0; i < ARRAY_LEN(asked); i++) {
		char body[256];

		snprintf(body, sizeof(body), INITIALIZE("%s"), asked[i]);
		legacy(&w, &r, NULL, body);
		assert_string_equal(json_get_str(result_of(&r), "protocolVersion", ""), given[i]);
		assert_string_equal(mcp_protocol_name(r.protocol), given[i]);
		reply_fini(&r);
	}
	world_close(&w);
}

/* and nothing that belongs to the modern era. */
static void
initialize_opens_a_session(void **state)
{
	struct world w;
	struct reply r;
	const json_t *result, *info;
	char other[MCP_SESSION_ID_CAP];

	(void)state;
	world_open(&w);
	legacy(&w, &r, NULL, INITIALIZE("2025-11-25"));
	assert_string_equal(r.method, "initialize");
	assert_id(&r, "0");
	result = result_of(&r);
	assert_int_equal(json_object_size(result), 4);
	assert_int_equal(json_object_size(json_get_object(result, "capabilities")), 2);
	assert_non_null(json_get_object(json_get_object(result, "capabilities"), "tools"));
	assert_non_null(json_get_object(json_get_object(result, "capabilities"), "logging"));
	assert_string_equal(json_get_str(result, "instructions", ""), "Read this first.");
	info = json_get_object(result, "serverInfo");
	assert_string_equal(json_get_str(info, "name", ""), "test-server");
	assert_string_equal(json_get_str(info, "version", ""), "9.8.7");
	assert_int_equal(strlen(r.session_id), MCP_SESSION_ID_LEN);
	for (const char *c = r.session_id; *c != '\0'; c++)
		assert_true(*c >= 0x21 && *c <= 0x7e);
	initialize(&w, "2025-11-25", other);
	assert_string_not_equal(r.session_id, other);
	reply_fini(&r);
	world_close(&w);
}

/* whoever failed to open learns what could be opened. */
static void
assert_versions_named(const struct reply *r)
{
	const json_t *supported = json_get_array(json_object_get(error_of(r), "data"), "supported");

	assert_int_equal(json_array_size(supported), 3);
	assert_string_equal(json_string_value(json_array_get(supported, 0)), "2025-11-25");
	assert_string_equal(json_string_value(json_array_get(supported, 2)), "2025-03-26");
}

#define BAD_INITIALIZE(params) "{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"initialize\",\"params\":" params "}"
#define CLIENT "\"clientInfo\":{\"name\":\"t\",\"version\":\"1\"}"

static void
an_incomplete_initialize_is_refused(void **state)
{
	static const char *const bodies[] = {
	    "{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"initialize\"}",
	    BAD_INITIALIZE("{}"),
	    BAD_INITIALIZE("{\"capabilities\":{}," CLIENT "}"),
	    BAD_INITIALIZE("{\"protocolVersion\":5,\"capabilities\":{}," CLIENT "}"),
	    BAD_INITIALIZE("{\"protocolVersion\":\"2025-11-25\"," CLIENT "}"),
	    BAD_INITIALIZE("{\"protocolVersion\":\"2025-11-25\",\"capabilities\":[]," CLIENT "}"),
	    BAD_INITIALIZE("{\"protocolVersion\":\"2025-11-25\",\"capabilities\":{}}"),
	    BAD_INITIALIZE("{\"protocolVersion\":\"2025-11-25\",\"capabilities\":{},\"clientInfo\":{\"name\":\"t\"}}"),
	};
	struct world w;
	struct reply r;

	(void)state;
	world_open(&w);
	for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
		legacy(&w, &r, NULL, bodies[i]);
		assert_versions_named(&r);
		assert_string_equal(r.session_id, "");
		expect_refused(&r, 200, RPC_INVALID_PARAMS, "0");
	}
	assert_int_equal(table_count(w.tab, TABLE_MCP_SESSION), 0);
	world_close(&w);
}

/* */
static void
initialize_inside_a_session_is_refused(void **state)
{
	struct world w;
	struct reply r;
	char session[MCP_SESSION_ID_CAP];

	(void)state;
	world_open(&w);
	initialize(&w, "2025-11-25", session);
	legacy(&w, &r, session, INITIALIZE("2025-11-25"));
	assert_versions_named(&r);
	expect_refused(&r, 400, RPC_INVALID_REQUEST, "0");
	legacy(&w, &r, "unknown", INITIALIZE("2025-11-25"));
	assert_versions_named(&r);
	expect_refused(&r, 404, RPC_INVALID_REQUEST, "0");
	legacy_as(&w, &r, &bob, session, NULL, INITIALIZE("2025-11-25"));
	expect_refused(&r, 404, RPC_INVALID_REQUEST, "0");
	legacy(&w, &r, session, PING);
	expect_good(&r);
	world_close(&w);
}

/* The table has a bound for each caller; whoever meets it is told to come back, and what may be opened then. */
static void
no_session_left_for_this_caller(void **state)
{
	struct world w;
	struct reply r;
	char session[MCP_SESSION_ID_CAP];

	(void)state;
	world_open(&w);
	w.sessions.limits.mcp_per_principal = 1;
	initialize(&w, "2025-11-25", session);
	legacy_call(&w, &r, session, "test_open", "{}"); /* a session with a login is not evicted */
	expect_good(&r);
	legacy(&w, &r, NULL, INITIALIZE("2025-11-25"));
	assert_versions_named(&r);
	assert_string_equal(r.session_id, "");
	expect_refused(&r, 429, RPC_TOO_MANY, "0");
	legacy_as(&w, &r, &bob, NULL, NULL, INITIALIZE("2025-11-25"));
	expect_good(&r);
	world_close(&w);
}

/* ---- within a session ---- */

/* */
static void
a_request_needs_a_session(void **state)
{
	struct world w;
	struct reply r;
	char session[MCP_SESSION_ID_CAP], wrong[MCP_SESSION_ID_CAP];

	(void)state;
	world_open(&w);
	initialize(&w, "2025-11-25", session);
	memcpy(wrong, session, sizeof(wrong));
	wrong[7] = wrong[7] == 'A' ? 'B' : 'A';
	legacy(&w, &r, NULL, PING);
	expect_refused(&r, 400, RPC_INVALID_REQUEST, "2");
	legacy(&w, &r, "", PING);
	expect_refused(&r, 404, RPC_INVALID_REQUEST, "2");
	legacy(&w, &r, wrong, PING);
	expect_refused(&r, 404, RPC_INVALID_REQUEST, "2");
	legacy(&w, &r, session, PING);
	expect_good(&r);
	w.later_ms = 25 * HOUR_MS;
	legacy(&w, &r, session, PING);
	expect_refused(&r, 404, RPC_INVALID_REQUEST, "2");
	world_close(&w);
}

/* another caller's session is an unknown one, for reading and for ending. */
static void
a_session_belongs_to_its_caller(void **state)
{
	struct world w;
	struct reply r;
	char session[MCP_SESSION_ID_CAP];
	struct mcp_request request = {
	    .principal = &bob, .now_mono_ms = clock_mono_ms(), .now_wall_ms = clock_wall_ms()};

	(void)state;
	world_open(&w);
	initialize(&w, "2025-11-25", session);
	legacy_as(&w, &r, &bob, session, NULL, PING);
	expect_refused(&r, 404, RPC_INVALID_REQUEST, "2");
	request.headers.session_id = slice_from_str(session);
	assert_int_equal(mcp_server_delete(w.server, &request), 404);
	legacy(&w, &r, session, PING);
	expect_good(&r);
	world_close(&w);
}

/* */
static void
delete_ends_a_session(void **state)
{
	struct world w;
	struct reply r;
	char session[MCP_SESSION_ID_CAP];
	struct mcp_request request = {
	    .principal = &alice, .now_mono_ms = clock_mono_ms(), .now_wall_ms = clock_wall_ms()};

	(void)state;
	world_open(&w);
	initialize(&w, "2025-06-18", session);
	assert_int_equal(mcp_server_delete(w.server, &request), 400);
	request.headers.session_id = SLICE_LIT("unknown");
	assert_int_equal(mcp_server_delete(w.server, &request), 404);
	request.headers.session_id = slice_from_str(session);
	assert_int_equal(mcp_server_delete(w.server, &request), 200);
	assert_int_equal(mcp_server_delete(w.server, &request), 404);
	legacy(&w, &r, session, PING);
	expect_refused(&r, 404, RPC_INVALID_REQUEST, "2");
	world_close(&w);
}

/* absent, negotiated or another legacy one; the negotiated one rules. */
static void
the_version_header_is_judged(void **state)
{
	static const char *const good[] = {NULL, "2025-03-26", "2025-06-18", "2025-11-25"};
	struct world w;
	struct reply r;
	char session[MCP_SESSION_ID_CAP];

	(void)state;
	world_open(&w);
	initialize(&w, "2025-03-26", session);
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		legacy_as(&w, &r, NULL, session, good[i], PING);
		assert_int_equal(r.protocol, MCP_2025_03_26);
		expect_good(&r);
	}
	legacy_as(&w, &r, NULL, session, "2024-11-05", PING);
	expect_refused(&r, 400, RPC_VERSION_NOT_SERVED, "2");
	legacy_as(&w, &r, NULL, session, "2025-11-25 ", PING);
	expect_refused(&r, 400, RPC_VERSION_NOT_SERVED, "2");
	world_close(&w);
}

/* exactly {}. */
static void
ping_is_answered_with_nothing(void **state)
{
	struct world w;
	struct reply r;
	char session[MCP_SESSION_ID_CAP];

	(void)state;
	world_open(&w);
	initialize(&w, "2025-11-25", session);
	legacy(&w, &r, session, PING);
	assert_string_equal(r.body, "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{}}");
	assert_string_equal(r.method, "ping");
	assert_string_equal(r.session_id, ""); /* said once */
	reply_fini(&r);
	world_close(&w);
}

/* */
static void
initialized_is_noted(void **state)
{
	struct world w;
	struct reply r;
	char session[MCP_SESSION_ID_CAP];
	struct mcp_session seen;
	struct session_now now = {clock_mono_ms(), clock_wall_ms()};

	(void)state;
	world_open(&w);
	initialize(&w, "2025-11-25", session);
	assert_int_equal(mcp_session_use(&w.sessions, slice_from_str("alice"), slice_from_str(session), now, &seen), 0);
	assert_false(seen.initialized);
	assert_int_equal(seen.protocol, MCP_2025_11_25);
	legacy(&w, &r, session, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}");
	assert_string_equal(r.method, "notifications/initialized");
	expect_empty(&r, 202);
	assert_int_equal(mcp_session_use(&w.sessions, slice_from_str("alice"), slice_from_str(session), now, &seen), 0);
	assert_true(seen.initialized);
	world_close(&w);
}

/* 200 in this era; what was not offered does not exist. */
static void
an_unknown_method_is_200(void **state)
{
	static const char *const methods[] = {"no/such",      "server/discover",     "resources/list",
					      "prompts/list", "completion/complete", "tasks/get"};
	struct world w;
	struct reply r;
	char session[MCP_SESSION_ID_CAP], body[128];

	(void)state;
	world_open(&w);
	initialize(&w, "2025-11-25", session);
	for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
		snprintf(body, sizeof(body), "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"%s\"}", methods[i]);
		legacy(&w, &r, session, body);
		expect_refused(&r, 200, RPC_METHOD_NOT_FOUND, "2");
	}
	world_close(&w);
}

/* */
static void
legacy_results_carry_no_modern_members(void **state)
{
	static const char *const versions[] = {"2025-03-26", "2025-06-18", "2025-11-25"};
	static const char *const members[] = {"resultType", "ttlMs", "cacheScope", "_meta"};
	struct world w;
	struct reply r[3];
	char session[MCP_SESSION_ID_CAP];

	(void)state;
	world_open(&w);
	for (size_t v = 0; v < ARRAY_LEN(versions); v++) {
		initialize(&w, versions[v], session);
		legacy(&w, &r[0], session, "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/list\"}");
		legacy_call(&w, &r[1], session, "test_echo", "{\"text\":\"x\"}");
		legacy_call(&w, &r[2], session, "test_refuse", "{}");
		for (size_t i = 0; i < ARRAY_LEN(r); i++) {
			for (size_t m = 0; m < ARRAY_LEN(members); m++)
				assert_null(json_object_get(result_of(&r[i]), members[m]));
			reply_fini(&r[i]);
		}
	}
	world_close(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_asked_version_is_given_if_it_is_served),
	    cmocka_unit_test(initialize_opens_a_session),
	    cmocka_unit_test(an_incomplete_initialize_is_refused),
	    cmocka_unit_test(initialize_inside_a_session_is_refused),
	    cmocka_unit_test(no_session_left_for_this_caller),
	    cmocka_unit_test(a_request_needs_a_session),
	    cmocka_unit_test(a_session_belongs_to_its_caller),
	    cmocka_unit_test(delete_ends_a_session),
	    cmocka_unit_test(the_version_header_is_judged),
	    cmocka_unit_test(ping_is_answered_with_nothing),
	    cmocka_unit_test(initialized_is_noted),
	    cmocka_unit_test(an_unknown_method_is_200),
	    cmocka_unit_test(legacy_results_carry_no_modern_members),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
