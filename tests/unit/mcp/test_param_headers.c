/*
 * test_param_headers.c - arguments that stand in a header field too
 */
#include "world.h"

struct step {
	const char *name;
	const char *arguments;
	const char *fields[5];
	bool fits;
};

static void
call_with(struct world *w, struct reply *r, const char *arguments, const char *const *fields)
{
	char *body = NULL;

	assert_true(
	    asprintf(&body,
		     "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"tools/call\",\"params\":{\"name\":\"test_headed\","
		     "\"arguments\":%s," META "}}",
		     arguments) > 0);
	post(w, r,
	     &(struct sent){.version = "2026-07-28",
			    .method = "tools/call",
			    .name = "test_headed",
			    .body = body,
			    .fields = fields});
	free(body);
}

/* */
static void
a_field_must_equal_its_argument(void **state)
{
	static const struct step steps[] = {
	    {"nothing sent", "{}", {NULL}, true},
	    {"null is absent", "{\"kind\":null}", {NULL}, true},
	    {"equal", "{\"kind\":\"a b\"}", {"Mcp-Param-Kind", "a b"}, true},
	    {"name in another case", "{\"kind\":\"a\"}", {"MCP-PARAM-KIND", "a"}, true},
	    {"value in another case", "{\"kind\":\"a\"}", {"Mcp-Param-Kind", "A"}, false},
	    {"missing", "{\"kind\":\"a\"}", {NULL}, false},
	    {"another", "{\"kind\":\"a\"}", {"Mcp-Param-Kind", "b"}, false},
	    {"twice", "{\"kind\":\"a\"}", {"Mcp-Param-Kind", "a", "mcp-param-kind", "a"}, false},
	    {"without argument", "{}", {"Mcp-Param-Kind", "a"}, false},
	    {"with null", "{\"kind\":null}", {"Mcp-Param-Kind", "null"}, false},
	    {"empty", "{\"kind\":\"\"}", {"Mcp-Param-Kind", ""}, true},
	    {"base64", "{\"kind\":\"Hello\"}", {"Mcp-Param-Kind", "=?base64?SGVsbG8=?="}, true},
	    {"base64 of another", "{\"kind\":\"hello\"}", {"Mcp-Param-Kind", "=?base64?SGVsbG8=?="}, false},
	    {"padding missing", "{\"kind\":\"Hello\"}", {"Mcp-Param-Kind", "=?base64?SGVsbG8?="}, false},
	    {"foreign characters", "{\"kind\":\"Hello\"}", {"Mcp-Param-Kind", "=?base64?SGVs!!!bG8=?="}, false},
	    {"literal without mark", "{\"kind\":\"SGVsbG8=\"}", {"Mcp-Param-Kind", "SGVsbG8="}, true},
	    {"literal with one mark",
	     "{\"kind\":\"=?base64?SGVsbG8=\"}",
	     {"Mcp-Param-Kind", "=?base64?SGVsbG8="},
	     true},
	    {"not ASCII", "{\"kind\":\"\xc3\xa4\"}", {"Mcp-Param-Kind", "\xc3\xa4"}, false},
	    {"not ASCII, in base64", "{\"kind\":\"\xc3\xa4\"}", {"Mcp-Param-Kind", "=?base64?w6Q=?="}, true},
	    {"integer", "{\"count\":42}", {"Mcp-Param-Count", "42"}, true},
	    {"same number", "{\"count\":42}", {"Mcp-Param-Count", "42.0"}, true},
	    {"same number in the body", "{\"count\":42.0}", {"Mcp-Param-Count", "42"}, true},
	    {"negative", "{\"count\":-7}", {"Mcp-Param-Count", "-7"}, true},
	    {"another number", "{\"count\":42}", {"Mcp-Param-Count", "43"}, false},
	    {"no number", "{\"count\":42}", {"Mcp-Param-Count", "42x"}, false},
	    {"empty is no number", "{\"count\":0}", {"Mcp-Param-Count", ""}, false},
	    {"hexadecimal", "{\"count\":16}", {"Mcp-Param-Count", "0x10"}, false},
	    {"boolean", "{\"flag\":true}", {"Mcp-Param-Flag", "true"}, true},
	    {"other boolean", "{\"flag\":false}", {"Mcp-Param-Flag", "true"}, false},
	    {"boolean in capitals", "{\"flag\":true}", {"Mcp-Param-Flag", "True"}, false},
	    {"nested", "{\"place\":{\"city\":\"Ulm\"}}", {"Mcp-Param-City", "Ulm"}, true},
	    {"nested, missing", "{\"place\":{\"city\":\"Ulm\"}}", {NULL}, false},
	    {"nested in something else", "{\"place\":5}", {NULL}, true},
	    {"unknown field", "{}", {"Mcp-Param-Other", "x"}, true},
	    {"an object has no text", "{\"kind\":{}}", {"Mcp-Param-Kind", "{}"}, false},
	};
	struct world w;
	struct reply r;

	(void)state;
	world_open(&w);
	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		call_with(&w, &r, steps[i].arguments, steps[i].fields);
		if (r.status != (steps[i].fits ? 200 : 400) || r.rpc_code != (steps[i].fits ? 0 : RPC_HEADER_MISMATCH))
			fail_msg("%s: %d, %s", steps[i].name, r.status, r.body);
		assert_int_equal(json_get_int(r.json, "id", 0), 7);
		reply_fini(&r);
	}
	world_close(&w);
}

/* Legacy requests, and other tools, know no such fields. */
static void
other_calls_have_no_such_fields(void **state)
{
	struct world w;
	struct reply r;
	char session[MCP_SESSION_ID_CAP];

	(void)state;
	world_open(&w);
	initialize(&w, "2025-11-25", session);
	legacy_call(&w, &r, session, "test_headed", "{\"kind\":\"a\"}");
	assert_int_equal(r.rpc_code, 0);
	reply_fini(&r);
	modern_call(&w, &r, "test_own", "{\"kind\":\"a\"}");
	assert_int_equal(r.rpc_code, 0);
	reply_fini(&r);
	world_close(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_field_must_equal_its_argument),
	    cmocka_unit_test(other_calls_have_no_such_fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
