/*
 * test_tools.c - the list of tools, and calls from arguments to result
 */
#include "json/write.h"
#include "world.h"

/* ---- tools/list ---- */

static const json_t *
tool_named(const json_t *result, const char *name)
{
	const json_t *tools = json_get_array(result, "tools");

	for (size_t i = 0; i < json_array_size(tools); i++) {
		if (strcmp(json_get_str(json_array_get(tools, i), "name", ""), name) == 0)
			return json_array_get(tools, i);
	}
	fail_msg("no tool %s", name);
	return NULL;
}

static void
list(struct world *w, struct reply *r, const char *version)
{
	char session[MCP_SESSION_ID_CAP];

	if (strcmp(version, "2026-07-28") == 0) {
		modern(w, r, "tools/list", "");
		return;
	}
	initialize(w, version, session);
	legacy(w, r, session, "{\"jsonrpc\":\"2.0\",\"id\":\"m-1\",\"method\":\"tools/list\"}");
}

static const char *const versions[] = {"2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"};

/* the same bytes from two servers, asked twice. */
static void
all_workers_give_the_same_list(void **state)
{
	struct world a, b;
	struct reply ra, rb, rc;

	(void)state;
	world_open(&a);
	world_open(&b);
	for (size_t v = 0; v < ARRAY_LEN(versions); v++) {
		list(&a, &ra, versions[v]);
		list(&b, &rb, versions[v]);
		list(&a, &rc, versions[v]);
		assert_int_equal(ra.status, 200);
		assert_string_equal(ra.body, rb.body);
		assert_string_equal(ra.body, rc.body);
		reply_fini(&ra);
		reply_fini(&rb);
		reply_fini(&rc);
	}
	world_close(&a);
	world_close(&b);
}

/* title and outputSchema since 2025-06-18. */
static void
each_tool_is_described(void **state)
{
	struct world w;
	struct reply r;

	(void)state;
	world_open(&w);
	for (size_t v = 0; v < ARRAY_LEN(versions); v++) {
		const json_t *result, *tools;

		list(&w, &r, versions[v]);
		result = result_of(&r);
		tools = json_get_array(result, "tools");
		assert_null(json_object_get(result, "nextCursor"));
		assert_int_equal(json_array_size(tools), ARRAY_LEN(test_rows));
		for (size_t i = 0; i < json_array_size(tools); i++) {
			const json_t *tool = json_array_get(tools, i);
			const char *name = json_get_str(tool, "name", "");
			const json_t *annotations = json_get_object(tool, "annotations");

			assert_true(strlen(name) > 0 && strlen(name) <= 64);
			assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_"), strlen(name));
			assert_true(strlen(json_get_str(tool, "description", "")) > 0);
			assert_string_equal(json_get_str(json_get_object(tool, "inputSchema"), "type", ""), "object");
			assert_true((json_object_get(tool, "title") != NULL) == (v > 0));
			assert_true((json_object_get(tool, "outputSchema") != NULL) ==
				    (v > 0 && strcmp(name, "test_own") != 0 && strcmp(name, "test_headed") != 0));
			if (json_object_get(tool, "outputSchema") != NULL)
				assert_string_equal(json_get_str(json_get_object(tool, "outputSchema"), "type", ""),
						    "object");
			assert_int_equal(json_object_size(annotations), 5);
			assert_true(json_is_boolean(json_object_get(annotations, "readOnlyHint")));
			assert_true(json_is_boolean(json_object_get(annotations, "destructiveHint")));
			assert_true(json_is_boolean(json_object_get(annotations, "idempotentHint")));
			assert_true(json_is_boolean(json_object_get(annotations, "openWorldHint")));
		}
		reply_fini(&r);
	}
	world_close(&w);
}

/* a schema of the action's own is published as it was written. */
static void
an_own_schema_is_published_unchanged(void **state)
{
	struct world w;
	struct reply r;
	struct buf text;

	(void)state;
	world_open(&w);
	buf_init(&text, 4096);
	modern(&w, &r, "tools/list", "");
	assert_int_equal(json_dump_to(&text, json_object_get(tool_named(result_of(&r), "test_own"), "inputSchema")), 0);
	assert_string_equal(buf_cstr(&text), own_schema);
	reply_fini(&r);
	buf_fini(&text);
	world_close(&w);
}

static void
annotations_come_from_the_row(void **state)
{
	struct world w;
	struct reply r;
	const json_t *annotations;

	(void)state;
	world_open(&w);
	modern(&w, &r, "tools/list", "");
	annotations = json_object_get(tool_named(result_of(&r), "test_echo"), "annotations");
	assert_true(json_get_bool(annotations, "readOnlyHint", false));
	assert_true(json_get_bool(annotations, "idempotentHint", false));
	assert_false(json_get_bool(annotations, "destructiveHint", true));
	assert_false(json_get_bool(annotations, "openWorldHint", true));
	assert_string_equal(json_get_str(annotations, "title", ""), "Title of test.echo");
	annotations = json_object_get(tool_named(result_of(&r), "test_write"), "annotations");
	assert_false(json_get_bool(annotations, "readOnlyHint", true));
	assert_true(json_get_bool(annotations, "destructiveHint", false));
	reply_fini(&r);
	world_close(&w);
}

/* no cursor was ever given out. */
static void
a_cursor_is_not_valid(void **state)
{
	static const char *const cursors[] = {"\"\"", "\"x\"", "5", "null"};
	struct world w;
	struct reply r;
	char params[64];

	(void)state;
	world_open(&w);
	for (size_t i = 0; i < ARRAY_LEN(cursors); i++) {
		snprintf(params, sizeof(params), "\"cursor\":%s,", cursors[i]);
		modern(&w, &r, "tools/list", params);
		expect_refused(&r, 200, RPC_INVALID_PARAMS, "\"m-1\"");
	}
	world_close(&w);
}

/* ---- tools/call ---- */

/* one object, as text and as structured content; R-189: text alone for the first revision. */
static void
a_result_is_text_and_structured_content(void **state)
{
	struct world w;
	struct reply r;
	char session[MCP_SESSION_ID_CAP];
	json_t *content;

	(void)state;
	world_open(&w);
	for (size_t v = 0; v < ARRAY_LEN(versions); v++) {
		if (v == 3) {
			modern_call(&w, &r, "test_echo", "{\"text\":\"a\\\"\\u00e4\\n\\u0001</x>\"}");
		} else {
			initialize(&w, versions[v], session);
			legacy_call(&w, &r, session, "test_echo", "{\"text\":\"a\\\"\\u00e4\\n\\u0001</x>\"}");
		}
		content = content_of(&r, false);
		assert_string_equal(json_get_str(json_object_get(content, "params"), "text", ""),
				    "a\"\xc3\xa4\n\x01</x>");
		json_decref(content);
		assert_true((json_object_get(result_of(&r), "structuredContent") != NULL) == (v > 0));
		assert_string_equal(r.method, "tools/call");
		assert_string_equal(r.tool, "test_echo");
		assert_int_equal(r.fault_code, 0);
		reply_fini(&r);
	}
	world_close(&w);
}

/* the action says what the content is; params and session are nothing special to it. */
static void
an_action_may_make_the_whole_result(void **state)
{
	static const char *const wrong[] = {"{}", "{\"params\":{\"kind\":\"x\"}}",
					    "{\"kind\":\"x\",\"session\":\"y\"}"};
	struct world w;
	struct reply r;
	char session[MCP_SESSION_ID_CAP];
	const json_t *result, *block;

	(void)state;
	world_open(&w);
	for (size_t v = 0; v < ARRAY_LEN(versions); v++) {
		if (v == 3) {
			modern_call(&w, &r, "test_own", "{\"kind\":\"two words\",\"fail\":true}");
		} else {
			initialize(&w, versions[v], session);
			legacy_call(&w, &r, session, "test_own", "{\"kind\":\"two words\",\"fail\":true}");
		}
		result = result_of(&r);
		block = json_array_get(json_get_array(result, "content"), 0);
		assert_string_equal(json_get_str(block, "text", ""), "two words");
		assert_true(json_get_bool(result, "isError", false));
		assert_null(json_object_get(result, "structuredContent"));
		assert_string_equal(json_get_str(result, "resultType", "none"), v == 3 ? "complete" : "none");
		assert_int_equal(r.fault_code, 0);
		reply_fini(&r);
	}
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		modern_call(&w, &r, "test_own", wrong[i]);
		assert_int_equal(r.fault_code, FAULT_VALIDATION_ERROR);
		json_decref(content_of(&r, true));
		reply_fini(&r);
	}
	world_close(&w);
}

/* */
static void
links_are_spelt_out_where_they_are_unknown(void **state)
{
	struct world w;
	struct reply r;
	char session[MCP_SESSION_ID_CAP];

	(void)state;
	world_open(&w);
	for (size_t v = 0; v < 3; v++) {
		const json_t *block;

		initialize(&w, versions[v], session);
		legacy_call(&w, &r, session, "test_own", "{\"kind\":\"link\"}");
		block = json_array_get(json_get_array(result_of(&r), "content"), 0);
		assert_string_equal(json_get_str(block, "type", ""), v == 0 ? "text" : "resource_link");
		assert_string_equal(json_get_str(block, "text", "none"), v == 0 ? "a thing: test://thing" : "none");
		reply_fini(&r);
	}
	world_close(&w);
}

/* what the action refuses is a result, with code and details. */
static void
a_refusal_is_a_result(void **state)
{
	struct world w;
	struct reply r;
	json_t *content;
	const json_t *error;

	(void)state;
	world_open(&w);
	modern_call(&w, &r, "test_refuse", "{}");
	content = content_of(&r, true);
	assert_int_equal(json_object_size(content), 1);
	error = json_object_get(content, "error");
	assert_string_equal(json_get_str(error, "code", ""), "MAGENTO_API_ERROR");
	assert_int_equal(json_get_int(json_object_get(error, "details"), "statusCode", 0), 500);
	assert_int_equal(r.rpc_code, 0);
	assert_int_equal(r.fault_code, FAULT_MAGENTO_API_ERROR);
	json_decref(content);
	reply_fini(&r);
	world_close(&w);
}

/* wrong values of arguments too, all of them at once. */
static void
wrong_arguments_are_a_result_with_every_path(void **state)
{
	struct world w;
	struct reply r;
	json_t *content;
	const json_t *details;

	(void)state;
	world_open(&w);
	modern_call(&w, &r, "test_echo", "{\"text\":5,\"count\":\"5\",\"wrong\":1}");
	content = content_of(&r, true);
	assert_string_equal(json_get_str(json_object_get(content, "error"), "code", ""), "VALIDATION_ERROR");
	details = json_get_array(json_object_get(content, "error"), "details");
	assert_int_equal(json_array_size(details), 3);
	json_decref(content);
	reply_fini(&r);
	world_close(&w);
}

/* */
static void
arguments_may_be_absent_but_must_be_an_object(void **state)
{
	static const char *const wrong[] = {"[]", "5", "\"{}\"", "null", "true"};
	struct world w;
	struct reply r;

	(void)state;
	world_open(&w);
	modern_as(&w, &r, NULL, "tools/call", "test_refuse", "\"name\":\"test_refuse\",");
	expect_fault(&r, "MAGENTO_API_ERROR");
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		modern_call(&w, &r, "test_refuse", wrong[i]);
		expect_refused(&r, 200, RPC_INVALID_PARAMS, "\"m-1\"");
	}
	world_close(&w);
}

/* a protocol error with HTTP 200, in both eras. */
static void
an_unknown_tool_is_a_protocol_error(void **state)
{
	static const char *const names[] = {"no_such", "", "test.echo", "TEST_ECHO", "test_ech", "test_echoo"};
	struct world w;
	struct reply r;
	char session[MCP_SESSION_ID_CAP];

	(void)state;
	world_open(&w);
	initialize(&w, "2025-11-25", session);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		modern_call(&w, &r, names[i], "{}");
		assert_string_equal(r.tool, "");
		expect_refused(&r, 200, RPC_INVALID_PARAMS, "\"m-1\"");
		legacy_call(&w, &r, session, names[i], "{}");
		expect_refused(&r, 200, RPC_INVALID_PARAMS, "7");
	}
	legacy_call(&w, &r, session, "test_echo\\u0000", "{\"text\":\"x\"}");
	expect_refused(&r, 200, RPC_INVALID_PARAMS, "7");
	world_close(&w);
}

/* The flat form, params, params as text and params null mean the same. */
static void
parameters_come_in_four_forms(void **state)
{
	static const char *const forms[] = {"{\"text\":\"x\"}", "{\"params\":{\"text\":\"x\"}}",
					    "{\"params\":\"{\\\"text\\\":\\\"x\\\"}\"}",
					    "{\"session\":\"ignored-here\",\"text\":\"x\"}"};
	struct world w;
	struct reply r, first;

	(void)state;
	world_open(&w);
	modern_call(&w, &first, "test_echo", forms[0]);
	for (size_t i = 1; i < ARRAY_LEN(forms); i++) {
		modern_call(&w, &r, "test_echo", forms[i]);
		assert_string_equal(r.body, first.body);
		reply_fini(&r);
	}
	reply_fini(&first);
	world_close(&w);
}

/* A call that waits is answered when it is done, by itself. */
static void
a_call_may_wait(void **state)
{
	struct world w;
	struct reply r;
	char session[MCP_SESSION_ID_CAP];

	(void)state;
	world_open(&w);
	initialize(&w, "2025-06-18", session);
	for (int is_legacy = 0; is_legacy < 2; is_legacy++) {
		if (is_legacy)
			legacy_call(&w, &r, session, "test_wait", "{}");
		else
			modern_call(&w, &r, "test_wait", "{}");
		assert_int_equal(r.answers, 0);
		assert_non_null(r.exchange);
		gate_open(&w.gates, (size_t)is_legacy);
		json_decref(content_of(&r, false));
		assert_id(&r, is_legacy ? "7" : "\"m-1\"");
		reply_fini(&r);
	}
	world_close(&w);
}

/* ---- size ---- */

/* Whether `bytes` characters, of one byte or of six, fit. */
static void
expect_size(struct world *w, int bytes, const char *more, bool fits)
{
	char arguments[96];
	struct reply r;

	snprintf(arguments, sizeof(arguments), "{\"bytes\":%d%s}", bytes, more);
	modern_call(w, &r, "test_huge", arguments);
	if (fits) {
		json_decref(content_of(&r, false));
		reply_fini(&r);
	} else {
		assert_non_null(strstr(r.body, "page_size"));
		expect_fault(&r, "VALIDATION_ERROR");
	}
}

/* The bound is met exactly, also where the text needs six bytes for one, and where no tree was made of it. */
static void
a_result_over_the_bound_is_refused_with_advice(void **state)
{
	enum { MAX = 65536, AROUND = 11 }; /* {"text":""} */
	static const char *const forms[][2] = {{"", ",\"control\":true"},
					       {",\"written\":true", ",\"written\":true,\"control\":true"}};
	struct world w;

	(void)state;
	world_open_with(&w, MAX, 4);
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		expect_size(&w, MAX - AROUND, forms[i][0], true);
		expect_size(&w, MAX - AROUND + 1, forms[i][0], false);
		expect_size(&w, (MAX - AROUND) / 6, forms[i][1], true);
		expect_size(&w, (MAX - AROUND) / 6 + 1, forms[i][1], false);
	}
	world_close(&w);
}

/* A refusal is never lost because of its details. */
static void
details_that_are_too_large_are_left_out(void **state)
{
	struct world w;
	struct reply r;
	json_t *content;

	(void)state;
	world_open(&w);
	modern_call(&w, &r, "test_many", "{}");
	content = content_of(&r, true);
	assert_string_equal(json_get_str(json_object_get(content, "error"), "code", ""), "NOT_FOUND");
	assert_null(json_object_get(json_object_get(content, "error"), "details"));
	json_decref(content);
	reply_fini(&r);
	world_close(&w);
}

/* However many unknown names of whatever length are sent, what comes back is small. */
static void
a_flood_of_wrong_names_is_answered_briefly(void **state)
{
	enum { NAMES = 3000, LEN = 600 };
	static const char *const before[] = {"{", "{\"params\":{},", "{\"params\":{"};
	static const char *const after[] = {"}", "}", "}}"};
	struct world w;
	struct reply r;
	struct buf body;

	(void)state;
	world_open_with(&w, 64 * 1024, 4);
	for (size_t form = 0; form < ARRAY_LEN(before); form++) {
		buf_init(&body, 4 * 1024 * 1024);
		buf_put_str(&body, before[form]);
		for (int i = 0; i < NAMES; i++)
			buf_printf(&body, "%s\"%0*d\xc3\xa4\":1", i > 0 ? "," : "", LEN, i);
		buf_put_str(&body, after[form]);
		modern_call(&w, &r, "test_echo", buf_cstr(&body));
		assert_true(r.body_len < 128 * 1024);
		expect_fault(&r, "VALIDATION_ERROR");
		buf_fini(&body);
	}
	world_close(&w);
}

/* ---- logins and rights ---- */

static void
the_session_remembers_a_login(void **state)
{
	struct world w;
	struct reply r;
	char session[MCP_SESSION_ID_CAP], other[MCP_SESSION_ID_CAP];
	json_t *content;

	(void)state;
	world_open(&w);
	initialize(&w, "2025-11-25", session);
	initialize(&w, "2025-11-25", other);
	legacy_call(&w, &r, session, "test_me", "{}");
	assert_non_null(strstr(r.body, "Call auth_login first."));
	expect_fault(&r, "NOT_AUTHENTICATED");
	legacy_call(&w, &r, session, "test_open", "{\"username\":\"ann\"}");
	expect_good(&r);
	legacy_call(&w, &r, session, "test_me", "{}");
	content = content_of(&r, false);
	assert_string_equal(json_get_str(content, "username", ""), "ann");
	json_decref(content);
	reply_fini(&r);
	legacy_call(&w, &r, other, "test_me", "{}");
	expect_fault(&r, "NOT_AUTHENTICATED");
	legacy_call(&w, &r, session, "test_close", "{}");
	expect_good(&r);
	legacy_call(&w, &r, session, "test_me", "{}");
	expect_fault(&r, "NOT_AUTHENTICATED");
	world_close(&w);
}

/* A handle names a login in any era, wins over the remembered one, and works for its owner only. */
static void
a_handle_names_a_login(void **state)
{
	struct world w;
	struct reply r;
	char session[MCP_SESSION_ID_CAP], handle[SESSION_HANDLE_CAP], params[256];
	json_t *content;

	(void)state;
	world_open(&w);
	modern_call(&w, &r, "test_open", "{\"username\":\"ann\"}");
	content = content_of(&r, false);
	snprintf(handle, sizeof(handle), "%s", json_get_str(content, "session", ""));
	json_decref(content);
	reply_fini(&r);
	modern_call(&w, &r, "test_me", "{}");
	expect_fault(&r, "NOT_AUTHENTICATED");
	snprintf(params, sizeof(params), "{\"session\":\"%s\"}", handle);
	modern_call(&w, &r, "test_me", params);
	assert_non_null(strstr(r.body, "ann"));
	expect_good(&r);
	initialize(&w, "2025-11-25", session);
	legacy_call(&w, &r, session, "test_open", "{\"username\":\"ben\"}");
	expect_good(&r);
	legacy_call(&w, &r, session, "test_me", params);
	assert_non_null(strstr(r.body, "ann"));
	expect_good(&r);
	snprintf(params, sizeof(params), "\"name\":\"test_me\",\"arguments\":{\"session\":\"%s\"},", handle);
	modern_as(&w, &r, &bob, "tools/call", "test_me", params);
	expect_fault(&r, "NOT_AUTHENTICATED");
	modern_call(&w, &r, "test_me", "{\"session\":\"unknown\"}");
	expect_fault(&r, "NOT_AUTHENTICATED");
	modern_call(&w, &r, "test_me", "{\"session\":7}");
	expect_fault(&r, "VALIDATION_ERROR");
	world_close(&w);
}

/* Order is that of the whole list; test.write alone needs a right. */
static void
expect_tools(struct world *w, const struct principal *who, bool sees_write)
{
	struct reply r;
	json_t *tools;
	size_t n = 0;

	modern_as(w, &r, who, "tools/list", NULL, "");
	tools = json_get_array(result_of(&r), "tools");
	for (size_t i = 0; i < action_registry_count(w->registry); i++) {
		const char *name = action_registry_tool_name(w->registry, i);

		if (sees_write || strcmp(name, "test_write") != 0)
			assert_string_equal(json_get_str(json_array_get(tools, n++), "name", ""), name);
	}
	assert_int_equal(json_array_size(tools), n);
	assert_string_equal(json_get_str(result_of(&r), "cacheScope", ""), "private");
	reply_fini(&r);
}

/* what a caller may never use is not shown to him. */
static void
a_caller_sees_his_tools(void **state)
{
	static const struct {
		const char *scope;
		bool sees_write;
	} rows[] = {
	    {"catalog:write", true}, {"catalog:read", false}, {"main/catalog:write", true}, {"seo:write", false}};
	struct config_principal config = {.name = "carol"};
	struct principal carol = principal_of_config(&config);
	struct world w;

	(void)state;
	world_open(&w);
	expect_tools(&w, &carol, true);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		config.scopes = (struct config_list){&rows[i].scope, 1};
		carol = principal_of_config(&config);
		expect_tools(&w, &carol, rows[i].sees_write);
	}
	world_close(&w);
}

/* an access token can be widened by its issuer, so its holder is told by HTTP; others get a result. */
static void
a_token_that_lacks_a_scope_is_403(void **state)
{
	static const char *const none[] = {"catalog:read"};
	const struct config_list scopes = {none, 1};
	const struct principal dora = {.name = "oauth:dora", .scopes = &scopes, .by_token = true};
	struct world w;
	struct reply r;

	(void)state;
	world_open(&w);
	modern_as(&w, &r, &dora, "tools/call", "test_write", "\"name\":\"test_write\",\"arguments\":{},");
	assert_int_equal(r.status, 403);
	assert_int_equal(r.rpc_code, RPC_FORBIDDEN);
	assert_string_equal(r.missing_scope, "catalog:write");
	reply_fini(&r);
	modern_as(&w, &r, &dora, "tools/call", "test_write", "\"name\":\"test_write\",\"arguments\":7,");
	assert_int_equal(r.status, 200); /* the shape of the params comes first */
	assert_int_equal(r.rpc_code, RPC_INVALID_PARAMS);
	reply_fini(&r);
	world_close(&w);
}

/* the caller's own rights, before the parameters are looked at. */
static void
a_caller_without_the_right_is_refused(void **state)
{
	static const char *const scopes[] = {"catalog:read"};
	const struct config_principal config = {.name = "carol", .scopes = {scopes, 1}};
	const struct principal carol = principal_of_config(&config);
	struct world w;
	struct reply r;

	(void)state;
	world_open(&w);
	modern_as(&w, &r, &carol, "tools/call", "test_write", "\"name\":\"test_write\",\"arguments\":{\"wrong\":1},");
	assert_non_null(strstr(r.body, "catalog:write"));
	expect_fault(&r, "FORBIDDEN");
	modern_as(&w, &r, &alice, "tools/call", "test_write", "\"name\":\"test_write\",");
	expect_good(&r);
	modern_as(&w, &r, &carol, "tools/call", "test_echo", "\"name\":\"test_echo\",\"arguments\":{\"text\":\"x\"},");
	expect_good(&r);
	world_close(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(all_workers_give_the_same_list),
	    cmocka_unit_test(each_tool_is_described),
	    cmocka_unit_test(annotations_come_from_the_row),
	    cmocka_unit_test(an_own_schema_is_published_unchanged),
	    cmocka_unit_test(an_action_may_make_the_whole_result),
	    cmocka_unit_test(a_cursor_is_not_valid),
	    cmocka_unit_test(a_result_is_text_and_structured_content),
	    cmocka_unit_test(links_are_spelt_out_where_they_are_unknown),
	    cmocka_unit_test(a_refusal_is_a_result),
	    cmocka_unit_test(wrong_arguments_are_a_result_with_every_path),
	    cmocka_unit_test(arguments_may_be_absent_but_must_be_an_object),
	    cmocka_unit_test(an_unknown_tool_is_a_protocol_error),
	    cmocka_unit_test(parameters_come_in_four_forms),
	    cmocka_unit_test(a_call_may_wait),
	    cmocka_unit_test(a_result_over_the_bound_is_refused_with_advice),
	    cmocka_unit_test(details_that_are_too_large_are_left_out),
	    cmocka_unit_test(a_flood_of_wrong_names_is_answered_briefly),
	    cmocka_unit_test(the_session_remembers_a_login),
	    cmocka_unit_test(a_handle_names_a_login),
	    cmocka_unit_test(a_caller_sees_his_tools),
	    cmocka_unit_test(a_token_that_lacks_a_scope_is_403),
	    cmocka_unit_test(a_caller_without_the_right_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
