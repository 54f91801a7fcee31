/*
 * test_modern.c - the ladder of checks of 2026-07-28, rule by rule, and what its results carry
 */
#include "world.h"

/* One request that differs from a good one in what is named. */
struct step {
	const char *what;
	struct sent sent;
	int status, code;
};

#define LIST_BODY "{\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"tools/list\",\"params\":{" META "}}"
#define CALL_BODY(name)                                                                                                \
	"{\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"tools/call\",\"params\":{\"name\":\"" name                         \
	"\",\"arguments\":{\"text\":\"x\"}," META "}}"

static void
climb(const struct step *steps, size_t n)
{
	struct world w;
	struct reply r;

	world_open(&w);
	for (size_t i = 0; i < n; i++) {
		post(&w, &r, &steps[i].sent);
		if (r.status != steps[i].status || r.rpc_code != steps[i].code)
			fail_msg("%s: %d %d, not %d %d", steps[i].what, r.status, r.rpc_code, steps[i].status,
				 steps[i].code);
		assert_id(&r, "9");
		assert_string_equal(r.session_id, "");
		reply_fini(&r);
	}
	world_close(&w);
}

/* */
static void
the_version_header_must_equal_the_claim(void **state)
{
	static const struct step steps[] = {
	    {"equal", {.version = "2026-07-28", .method = "tools/list", .body = LIST_BODY}, 200, 0},
	    {"absent", {.method = "tools/list", .body = LIST_BODY}, 400, RPC_HEADER_MISMATCH},
	    {"empty", {.version = "", .method = "tools/list", .body = LIST_BODY}, 400, RPC_HEADER_MISMATCH},
	    {"later", {.version = "2027-01-01", .method = "tools/list", .body = LIST_BODY}, 400, RPC_HEADER_MISMATCH},
	    {"legacy", {.version = "2025-11-25", .method = "tools/list", .body = LIST_BODY}, 400, RPC_HEADER_MISMATCH},
	    {"with a byte behind",
	     {.version = "2026-07-280", .method = "tools/list", .body = LIST_BODY},
	     400,
	     RPC_HEADER_MISMATCH},
	};

	(void)state;
	climb(steps, ARRAY_LEN(steps));
}

/* Equality comes before the question whether the version is served. */
static void
versions_that_differ_are_a_mismatch_even_if_neither_is_served(void **state)
{
	static const struct step steps[] = {
	    {"both unknown",
	     {.version = "2027-01-01",
	      .method = "tools/list",
	      .body = "{\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"tools/list\",\"params\":{\"_meta\":{" META_VERSION
		      "\"2028-01-01\"," META_CAPABLE "}}}"},
	     400,
	     RPC_HEADER_MISMATCH},
	    {"claim unknown, header absent",
	     {.method = "tools/list",
	      .body = "{\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"tools/list\",\"params\":{\"_meta\":{" META_VERSION
		      "\"2028-01-01\"}}}"},
	     400,
	     RPC_HEADER_MISMATCH},
	};

	(void)state;
	climb(steps, ARRAY_LEN(steps));
}

/* before the rest of the envelope is looked at. */
static void
a_version_that_is_not_served_is_named(void **state)
{
	static const char *const versions[] = {"2027-01-01", "2025-11-25", "2025-06-18", "2024-11-05", "zzz", ""};
	struct world w;
	struct reply r, discover;

	(void)state;
	world_open(&w);
	modern(&w, &discover, "server/discover", "");
	for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
		char body[256];
		struct sent sent = {.version = versions[i], .body = body};
		const json_t *data;

		snprintf(body, sizeof(body),
			 "{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"x\",\"params\":{\"_meta\":{" META_VERSION
			 "\"%s\"}}}",
			 versions[i]);
		post(&w, &r, &sent);
		assert_refused(&r, 400, RPC_VERSION_NOT_SERVED, "5");
		data = json_object_get(error_of(&r), "data");
		assert_string_equal(json_get_str(data, "requested", "?"), versions[i]);
		assert_true(json_equal(json_object_get(data, "supported"),
				       json_object_get(result_of(&discover), "supportedVersions")));
		reply_fini(&r);
	}
	reply_fini(&discover);
	world_close(&w);
}

/* However long: the answer is whole, and says what was sent. */
static void
a_very_long_version_is_refused_as_any_other(void **state)
{
	enum { LEN = 40000 };
	char *version = calloc(1, LEN + 1), *body = NULL;
	struct sent sent = {.version = version};
	struct world w;
	struct reply r;

	(void)state;
	world_open(&w);
	memset(version, '<', LEN);
	assert_true(asprintf(&body,
			     "{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"x\",\"params\":{\"_meta\":{" META_VERSION
			     "\"%s\"}}}",
			     version) > 0);
	sent.body = body;
	post(&w, &r, &sent);
	assert_refused(&r, 400, RPC_VERSION_NOT_SERVED, "5");
	assert_string_equal(json_get_str(json_object_get(error_of(&r), "data"), "requested", ""), version);
	reply_fini(&r);
	free(body);
	free(version);
	world_close(&w);
}

#define WITH_META(meta) "{\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"tools/list\",\"params\":{\"_meta\":{" meta "}}}"
#define GOOD_VERSION META_VERSION "\"2026-07-28\""
#define INFO "\"io.modelcontextprotocol/clientInfo\":"

/* */
static void
the_envelope_must_be_whole(void **state)
{
	static const struct step steps[] = {
	    {"version is null",
	     {.version = "2026-07-28", .method = "tools/list", .body = WITH_META(META_VERSION "null")},
	     400,
	     RPC_INVALID_PARAMS},
	    {"version is a number",
	     {.version = "2026-07-28", .method = "tools/list", .body = WITH_META(META_VERSION "20260728")},
	     400,
	     RPC_INVALID_PARAMS},
	    {"no capabilities",
	     {.version = "2026-07-28", .method = "tools/list", .body = WITH_META(GOOD_VERSION)},
	     400,
	     RPC_INVALID_PARAMS},
	    {"capabilities null",
	     {.version = "2026-07-28",
	      .method = "tools/list",
	      .body = WITH_META(GOOD_VERSION ",\"io.modelcontextprotocol/clientCapabilities\":null")},
	     400,
	     RPC_INVALID_PARAMS},
	    {"capabilities an array",
	     {.version = "2026-07-28",
	      .method = "tools/list",
	      .body = WITH_META(GOOD_VERSION ",\"io.modelcontextprotocol/clientCapabilities\":[]")},
	     400,
	     RPC_INVALID_PARAMS},
	    {"no clientInfo",
	     {.version = "2026-07-28", .method = "tools/list", .body = WITH_META(GOOD_VERSION "," META_CAPABLE)},
	     200,
	     0},
	    {"clientInfo",
	     {.version = "2026-07-28",
	      .method = "tools/list",
	      .body =
		  WITH_META(GOOD_VERSION "," META_CAPABLE "," INFO "{\"name\":\"c\",\"version\":\"1\",\"more\":1}")},
	     200,
	     0},
	    {"clientInfo without version",
	     {.version = "2026-07-28",
	      .method = "tools/list",
	      .body = WITH_META(GOOD_VERSION "," META_CAPABLE "," INFO "{\"name\":\"c\"}")},
	     400,
	     RPC_INVALID_PARAMS},
	    {"clientInfo with a number",
	     {.version = "2026-07-28",
	      .method = "tools/list",
	      .body = WITH_META(GOOD_VERSION "," META_CAPABLE "," INFO "{\"name\":\"c\",\"version\":1}")},
	     400,
	     RPC_INVALID_PARAMS},
	    {"clientInfo null",
	     {.version = "2026-07-28",
	      .method = "tools/list",
	      .body = WITH_META(GOOD_VERSION "," META_CAPABLE "," INFO "null")},
	     400,
	     RPC_INVALID_PARAMS},
	    {"clientInfo text",
	     {.version = "2026-07-28",
	      .method = "tools/list",
	      .body = WITH_META(GOOD_VERSION "," META_CAPABLE "," INFO "\"c\"")},
	     400,
	     RPC_INVALID_PARAMS},
	    {"other keys", /* */
	     {.version = "2026-07-28",
	      .method = "tools/list",
	      .body = WITH_META(GOOD_VERSION "," META_CAPABLE ",\"progressToken\":1,\"com.example/x\":{}")},
	     200,
	     0},
	};

	(void)state;
	climb(steps, ARRAY_LEN(steps));
}

/* byte for byte, and before the question whether there is such a method. */
static void
the_method_header_must_equal_the_method(void **state)
{
	static const struct step steps[] = {
	    {"absent", {.version = "2026-07-28", .body = LIST_BODY}, 400, RPC_HEADER_MISMATCH},
	    {"empty", {.version = "2026-07-28", .method = "", .body = LIST_BODY}, 400, RPC_HEADER_MISMATCH},
	    {"upper case",
	     {.version = "2026-07-28", .method = "TOOLS/LIST", .body = LIST_BODY},
	     400,
	     RPC_HEADER_MISMATCH},
	    {"another", {.version = "2026-07-28", .method = "tools/call", .body = LIST_BODY}, 400, RPC_HEADER_MISMATCH},
	    {"a part", {.version = "2026-07-28", .method = "tools/lis", .body = LIST_BODY}, 400, RPC_HEADER_MISMATCH},
	    {"foreign bytes",
	     {.version = "2026-07-28", .method = "tools/list\xc3\xa4", .body = LIST_BODY},
	     400,
	     RPC_HEADER_MISMATCH},
	    {"unknown method, other header",
	     {.version = "2026-07-28",
	      .method = "tools/list",
	      .body = "{\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"no/such\",\"params\":{" META "}}"},
	     400,
	     RPC_HEADER_MISMATCH},
	};

	(void)state;
	climb(steps, ARRAY_LEN(steps));
}

/* */
static void
the_name_header_must_equal_the_tool(void **state)
{
	static const struct step steps[] = {
	    {"equal", {"2026-07-28", "tools/call", "test_echo", .body = CALL_BODY("test_echo")}, 200, 0},
	    {"absent", {"2026-07-28", "tools/call", NULL, .body = CALL_BODY("test_echo")}, 400, RPC_HEADER_MISMATCH},
	    {"empty", {"2026-07-28", "tools/call", "", .body = CALL_BODY("test_echo")}, 400, RPC_HEADER_MISMATCH},
	    {"other case",
	     {"2026-07-28", "tools/call", "Test_echo", .body = CALL_BODY("test_echo")},
	     400,
	     RPC_HEADER_MISMATCH},
	    {"base64", {"2026-07-28", "tools/call", "=?base64?dGVzdF9lY2hv?=", .body = CALL_BODY("test_echo")}, 200, 0},
	    {"base64 of another",
	     {"2026-07-28", "tools/call", "=?base64?dGVzdF9lY2h2?=", .body = CALL_BODY("test_echo")},
	     400,
	     RPC_HEADER_MISMATCH},
	    {"upper-case mark",
	     {"2026-07-28", "tools/call", "=?BASE64?dGVzdF9lY2hv?=", .body = CALL_BODY("test_echo")},
	     400,
	     RPC_HEADER_MISMATCH},
	    {"no mark behind",
	     {"2026-07-28", "tools/call", "=?base64?dGVzdF9lY2hv", .body = CALL_BODY("test_echo")},
	     400,
	     RPC_HEADER_MISMATCH},
	    {"no mark before",
	     {"2026-07-28", "tools/call", "dGVzdF9lY2hv?=", .body = CALL_BODY("test_echo")},
	     400,
	     RPC_HEADER_MISMATCH},
	    {"foreign character",
	     {"2026-07-28", "tools/call", "=?base64?dGVz dF9lY2hv?=", .body = CALL_BODY("test_echo")},
	     400,
	     RPC_HEADER_MISMATCH},
	    {"url alphabet",
	     {"2026-07-28", "tools/call", "=?base64?Pz8_?=", .body = CALL_BODY("???")},
	     400,
	     RPC_HEADER_MISMATCH},
	    {"padding",
	     {"2026-07-28", "tools/call", "=?base64?YWI=?=", .body = CALL_BODY("ab")},
	     200,
	     RPC_INVALID_PARAMS},
	    {"padding missing",
	     {"2026-07-28", "tools/call", "=?base64?YWI?=", .body = CALL_BODY("ab")},
	     400,
	     RPC_HEADER_MISMATCH},
	    {"padding twice",
	     {"2026-07-28", "tools/call", "=?base64?YWI==?=", .body = CALL_BODY("ab")},
	     400,
	     RPC_HEADER_MISMATCH},
	    {"loose bits",
	     {"2026-07-28", "tools/call", "=?base64?YWJ=?=", .body = CALL_BODY("ab")},
	     400,
	     RPC_HEADER_MISMATCH},
	    {"not UTF-8",
	     {"2026-07-28", "tools/call", "=?base64?/w==?=", .body = CALL_BODY("\xc3\xbf")},
	     400,
	     RPC_HEADER_MISMATCH},
	    {"UTF-8",
	     {"2026-07-28", "tools/call", "=?base64?w78=?=", .body = CALL_BODY("\xc3\xbf")},
	     200,
	     RPC_INVALID_PARAMS},
	    {"raw UTF-8",
	     {"2026-07-28", "tools/call", "\xc3\xbf", .body = CALL_BODY("\xc3\xbf")},
	     400,
	     RPC_HEADER_MISMATCH},
	    {"literal marks",
	     {"2026-07-28", "tools/call", "=?base64?=", .body = CALL_BODY("=?base64?=")},
	     200,
	     RPC_INVALID_PARAMS},
	    {"empty in base64",
	     {"2026-07-28", "tools/call",
	      "=?base64?"
	      "?=",
	      .body = CALL_BODY("")},
	     200,
	     RPC_INVALID_PARAMS},
	    {"control byte",
	     {"2026-07-28", "tools/call", "a\x01", .body = CALL_BODY("a\\u0001")},
	     400,
	     RPC_HEADER_MISMATCH},
	};

	(void)state;
	climb(steps, ARRAY_LEN(steps));
}

/* The shape of params comes after the header, and is HTTP 200. */
static void
params_without_a_name_are_bad_params(void **state)
{
	static const struct step steps[] = {
	    {"no name",
	     {"2026-07-28", "tools/call", "x",
	      .body = "{\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"tools/call\",\"params\":{" META "}}"},
	     200,
	     RPC_INVALID_PARAMS},
	    {"name is a number",
	     {"2026-07-28", "tools/call", "7",
	      .body = "{\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"tools/call\",\"params\":{\"name\":7," META "}}"},
	     200,
	     RPC_INVALID_PARAMS},
	    {"no name, no header",
	     {"2026-07-28", "tools/call", NULL,
	      .body = "{\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"tools/call\",\"params\":{" META "}}"},
	     400,
	     RPC_HEADER_MISMATCH},
	};

	(void)state;
	climb(steps, ARRAY_LEN(steps));
}

/* what is not offered does not exist. */
static void
an_unknown_method_is_404(void **state)
{
	static const char *const methods[] = {"no/such",	  "initialize",		 "ping",
					      "logging/setLevel", "resources/subscribe", "resources/unsubscribe",
					      "resources/list",	  "resources/read",	 "resources/templates/list",
					      "prompts/list",	  "prompts/get",	 "completion/complete",
					      "tasks/list",	  "tasks/result",	 "tasks/get",
					      "Tools/list",	  "tools/list/"};
	struct world w;
	struct reply r;

	(void)state;
	world_open(&w);
	for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
		modern(&w, &r, methods[i], "");
		assert_string_equal(r.method, "");
		expect_refused(&r, 404, RPC_METHOD_NOT_FOUND, "\"m-1\"");
	}
	world_close(&w);
}

/* */
static void
discover_says_what_is_served(void **state)
{
	struct world w;
	struct reply r;
	const json_t *result, *info;

	(void)state;
	world_open(&w);
	modern(&w, &r, "server/discover", "");
	assert_string_equal(r.method, "server/discover");
	result = result_of(&r);
	assert_string_equal(json_get_str(result, "resultType", ""), "complete");
	assert_int_equal(json_get_array_len(result, "supportedVersions"), 1);
	assert_string_equal(json_string_value(json_array_get(json_get_array(result, "supportedVersions"), 0)),
			    "2026-07-28");
	assert_int_equal(json_object_size(json_get_object(result, "capabilities")), 1);
	assert_non_null(json_get_object(json_get_object(result, "capabilities"), "tools"));
	assert_true(json_is_integer(json_object_get(result, "ttlMs")));
	assert_true(json_get_int(result, "ttlMs", -1) >= 0);
	assert_string_equal(json_get_str(result, "cacheScope", ""), "private");
	assert_string_equal(json_get_str(result, "instructions", ""), "Read this first.");
	assert_null(json_object_get(result, "serverInfo"));
	info = json_object_get(json_object_get(result, "_meta"), "io.modelcontextprotocol/serverInfo");
	assert_string_equal(json_get_str(info, "name", ""), "test-server");
	assert_string_equal(json_get_str(info, "title", ""), "A \"test\" server");
	assert_string_equal(json_get_str(info, "version", ""), "9.8.7");
	reply_fini(&r);
	world_close(&w);
}

static const struct action_product silent_product = {.name = "test-server",
						     .title = "A test product",
						     .tools = test_tables,
						     .prompts = test_prompts,
						     .resources = test_resources};

static void
discover_without_instructions_has_none(void **state)
{
	struct world w;
	struct reply r;

	(void)state;
	world_open(&w);
	mcp_server_free(&w.server);
	action_registry_free(&w.registry);
	w.registry = action_registry_new(&silent_product);
	w.options.registry = w.registry;
	w.server = mcp_server_new(&w.options);
	assert_non_null(w.server);
	modern(&w, &r, "server/discover", "");
	assert_null(json_object_get(result_of(&r), "instructions"));
	reply_fini(&r);
	legacy(&w, &r, NULL, INITIALIZE("2025-11-25"));
	assert_null(json_object_get(result_of(&r), "instructions"));
	reply_fini(&r);
	world_close(&w);
}

/* R-162 has the list but no call. */
static void
every_result_carries_the_envelope(void **state)
{
	struct world w;
	struct reply r[4];

	(void)state;
	world_open(&w);
	modern(&w, &r[0], "tools/list", "");
	modern_call(&w, &r[1], "test_echo", "{\"text\":\"x\"}");
	modern_call(&w, &r[2], "test_refuse", "{}");
	modern(&w, &r[3], "server/discover", "");
	for (size_t i = 0; i < ARRAY_LEN(r); i++) {
		const json_t *result = result_of(&r[i]);
		bool is_cached = i == 0 || i == 3;

		assert_string_equal(json_get_str(result, "resultType", ""), "complete");
		assert_non_null(
		    json_object_get(json_object_get(result, "_meta"), "io.modelcontextprotocol/serverInfo"));
		assert_true((json_object_get(result, "ttlMs") != NULL) == is_cached);
		assert_true((json_object_get(result, "cacheScope") != NULL) == is_cached);
		reply_fini(&r[i]);
	}
	world_close(&w);
}

/* only codes that the revision knows, whatever goes wrong. */
static void
no_code_of_our_own_is_sent(void **state)
{
	static const int known[] = {RPC_PARSE_ERROR,	RPC_INVALID_REQUEST, RPC_METHOD_NOT_FOUND,  RPC_INVALID_PARAMS,
				    RPC_INTERNAL_ERROR, RPC_HEADER_MISMATCH, RPC_VERSION_NOT_SERVED};
	static const char *const bodies[] = {"",
					     "[]",
					     "{}",
					     LIST_BODY,
					     CALL_BODY("no_such"),
					     CALL_BODY("test_me"),
					     WITH_META(GOOD_VERSION),
					     "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}"};
	static const char *const headers[] = {NULL, "2026-07-28", "2030-01-01", "tools/list", "tools/call", "no_such"};
	struct world w;
	struct reply r;

	(void)state;
	world_open(&w);
	for (size_t n = 0; n < ARRAY_LEN(bodies) * 6 * 6 * 6; n++) {
		const struct sent sent = {.version = headers[n % 6],
					  .method = headers[n / 6 % 6],
					  .name = headers[n / 36 % 6],
					  .body = bodies[n / 216]};
		bool is_known = false;

		post(&w, &r, &sent);
		for (size_t i = 0; i < ARRAY_LEN(known); i++)
			is_known = is_known || r.rpc_code == known[i];
		assert_true(r.answers == 1 && (is_known || r.rpc_code == 0));
		reply_fini(&r);
	}
	world_close(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_version_header_must_equal_the_claim),
	    cmocka_unit_test(versions_that_differ_are_a_mismatch_even_if_neither_is_served),
	    cmocka_unit_test(a_version_that_is_not_served_is_named),
	    cmocka_unit_test(a_very_long_version_is_refused_as_any_other),
	    cmocka_unit_test(the_envelope_must_be_whole),
	    cmocka_unit_test(the_method_header_must_equal_the_method),
	    cmocka_unit_test(the_name_header_must_equal_the_tool),
	    cmocka_unit_test(params_without_a_name_are_bad_params),
	    cmocka_unit_test(an_unknown_method_is_404),
	    cmocka_unit_test(discover_says_what_is_served),
	    cmocka_unit_test(discover_without_instructions_has_none),
	    cmocka_unit_test(every_result_carries_the_envelope),
	    cmocka_unit_test(no_code_of_our_own_is_sent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
