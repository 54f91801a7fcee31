/*
 * test_guides.c - prompts, resources, completions: listed, served, refused, in both eras
 */
#include "guides.h"
#include "world.h"

static const char *const legacy_versions[] = {"2025-03-26", "2025-06-18", "2025-11-25"};

static void
legacy_ask(struct world *w, struct reply *r, const char *session, const char *method, const char *params)
{
	char *body = NULL;

	assert_true(asprintf(&body, "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"%s\",\"params\":%s}", method, params) >
		    0);
	legacy(w, r, session, body);
	free(body);
}

static void
modern_get(struct world *w, struct reply *r, const char *name, const char *rest)
{
	char *params = NULL;

	assert_true(asprintf(&params, "\"name\":\"%s\",%s", name, rest) > 0);
	modern_as(w, r, NULL, "prompts/get", name, params);
	free(params);
}

static void
modern_read(struct world *w, struct reply *r, const char *uri)
{
	char *params = NULL;

	assert_true(asprintf(&params, "\"uri\":\"%s\",", uri) > 0);
	modern_as(w, r, NULL, "resources/read", uri, params);
	free(params);
}

static const char *
message_text(const struct reply *r)
{
	const json_t *message = json_array_get(json_get_array(result_of(r), "messages"), 0);

	return json_get_str(json_object_get(message, "content"), "text", "");
}

static const char *
content_text(const struct reply *r)
{
	return json_get_str(json_array_get(json_get_array(result_of(r), "contents"), 0), "text", "");
}

static void
capabilities_tell_what_is_served(void **state)
{
	struct world w;
	struct reply r;
	const json_t *capabilities;

	(void)state;
	world_open(&w);
	modern(&w, &r, "server/discover", "");
	capabilities = json_object_get(result_of(&r), "capabilities");
	assert_true(json_is_true(json_object_get(json_object_get(capabilities, "prompts"), "listChanged")));
	assert_true(json_is_true(json_object_get(json_object_get(capabilities, "resources"), "subscribe")));
	assert_non_null(json_object_get(capabilities, "completions"));
	reply_fini(&r);
	world_close(&w);
}

/* Members that came later are not sent to the revisions before. */
static void
lists_suit_their_revision(void **state)
{
	char session[MCP_SESSION_ID_CAP];
	struct world w;
	struct reply r;

	(void)state;
	world_open(&w);
	for (size_t i = 0; i < ARRAY_LEN(legacy_versions); i++) {
		const json_t *row;

		initialize(&w, legacy_versions[i], session);
		legacy_ask(&w, &r, session, "prompts/list", "{}");
		row = json_array_get(json_get_array(result_of(&r), "prompts"), 0);
		assert_string_equal(json_get_str(row, "name", ""), "greet");
		assert_int_equal(json_object_get(row, "title") != NULL, i > 0);
		assert_null(json_object_get(result_of(&r), "ttlMs"));
		assert_int_equal(json_get_array_len(row, "arguments"), 3);
		reply_fini(&r);
		legacy_ask(&w, &r, session, "resources/list", "{}");
		row = json_array_get(json_get_array(result_of(&r), "resources"), 1);
		assert_string_equal(json_get_str(row, "uri", ""), "test://items/0");
		assert_int_equal(json_object_get(row, "title") != NULL, i > 0);
		reply_fini(&r);
	}
	modern(&w, &r, "resources/templates/list", "");
	assert_int_equal(json_get_array_len(result_of(&r), "resourceTemplates"), 1);
	assert_true(json_get_int(result_of(&r), "ttlMs", -1) >= 0);
	assert_string_equal(json_get_str(result_of(&r), "resultType", ""), "complete");
	reply_fini(&r);
	world_close(&w);
}

/* all pages together hold each resource once. */
static void
pages_follow_their_cursors(void **state)
{
	char params[256] = "";
	struct world w;
	struct reply r;
	size_t seen = 0, pages = 0;
	bool more = true;

	(void)state;
	world_open(&w);
	for (; more && pages < 10; pages++) {
		const char *next;

		modern(&w, &r, "resources/list", params);
		assert_string_equal(json_get_str(result_of(&r), "cacheScope", ""), "private");
		seen += json_get_array_len(result_of(&r), "resources");
		next = json_get_str(result_of(&r), "nextCursor", NULL);
		more = next != NULL;
		if (more)
			snprintf(params, sizeof(params), "\"cursor\":\"%s\",", next);
		reply_fini(&r);
	}
	assert_int_equal(seen, ITEMS + 1);
	assert_int_equal(pages, 3);
	modern_as(&w, &r, &bob, "resources/list", NULL, params); /* another's */
	expect_refused(&r, 200, RPC_INVALID_PARAMS, "\"m-1\"");
	modern(&w, &r, "resources/list", "\"cursor\":null,");
	expect_refused(&r, 200, RPC_INVALID_PARAMS, "\"m-1\"");
	modern(&w, &r, "prompts/list", "\"cursor\":\"\",");
	expect_refused(&r, 200, RPC_INVALID_PARAMS, "\"m-1\"");
	world_close(&w);
}

static void
a_prompt_is_got(void **state)
{
	char session[MCP_SESSION_ID_CAP];
	struct world w;
	struct reply r;

	(void)state;
	world_open(&w);
	modern_get(&w, &r, "greet", "\"arguments\":{\"name\":\"Ann\"},");
	assert_string_equal(message_text(&r), "Hello, Ann! nobody");
	assert_string_equal(json_get_str(result_of(&r), "resultType", ""), "complete");
	reply_fini(&r);
	initialize(&w, "2025-06-18", session);
	legacy_ask(&w, &r, session, "prompts/get",
		   "{\"name\":\"greet\",\"arguments\":{\"name\":\"Ann\",\"mood\":\"Hi\"}}");
	assert_string_equal(message_text(&r), "Hi, Ann! nobody");
	assert_null(json_object_get(result_of(&r), "resultType"));
	reply_fini(&r);
	world_close(&w);
}

/* */
static void
a_prompt_that_is_asked_wrongly(void **state)
{
	static const char *const wrong[] = {
	    "\"arguments\":{},",
	    "",
	    "\"arguments\":{\"name\":5},",
	    "\"arguments\":[],",
	    "\"arguments\":{\"name\":null},",
	    "\"arguments\":{\"name\":\"a\",\"x\":\"y\"},",
	};
	struct world w;
	struct reply r;

	(void)state;
	world_open(&w);
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		modern_get(&w, &r, "greet", wrong[i]);
		expect_refused(&r, 200, RPC_INVALID_PARAMS, "\"m-1\"");
	}
	modern_get(&w, &r, "nobody", "");
	expect_refused(&r, 200, RPC_INVALID_PARAMS, "\"m-1\"");
	world_close(&w);
}

/* what the caller can mend is -32602, the rest -32603; the code of the contract stands in data. */
static void
faults_become_errors(void **state)
{
	static const struct {
		enum fault_code fault;
		int code;
	} rows[] = {
	    {FAULT_VALIDATION_ERROR, RPC_INVALID_PARAMS},  {FAULT_NOT_AUTHENTICATED, RPC_INVALID_PARAMS},
	    {FAULT_FORBIDDEN, RPC_INVALID_PARAMS},	   {FAULT_NOT_FOUND, RPC_INVALID_PARAMS},
	    {FAULT_MAGENTO_API_ERROR, RPC_INTERNAL_ERROR}, {FAULT_RATE_LIMITED, RPC_INTERNAL_ERROR},
	    {FAULT_INTERNAL_ERROR, RPC_INTERNAL_ERROR},
	};
	struct world w;
	struct reply r;

	(void)state;
	world_open(&w);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char arguments[64];
		const json_t *data;

		snprintf(arguments, sizeof(arguments), "\"arguments\":{\"code\":\"%d\"},", (int)rows[i].fault);
		modern_get(&w, &r, "fail", arguments);
		assert_refused(&r, 200, rows[i].code, "\"m-1\"");
		data = json_object_get(error_of(&r), "data");
		assert_string_equal(json_get_str(data, "code", ""), fault_code_name(rows[i].fault));
		assert_int_equal(json_get_int(json_object_get(data, "details"), "x", 0), 1);
		assert_string_equal(json_get_str(error_of(&r), "message", ""), "It failed. Do better.");
		assert_int_equal(r.fault_code, rows[i].fault);
		reply_fini(&r);
	}
	world_close(&w);
}

/* both methods may ask. */
static void
a_question_comes_back(void **state)
{
	static const char *const methods[] = {"prompts/get", "resources/read"};
	static const char *const members[] = {"\"name\":\"ask\"", "\"uri\":\"test://items/ask\""};
	static const char *const names[] = {"ask", "test://items/ask"};
	struct world w;
	struct reply r;

	(void)state;
	world_open(&w);
	for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
		char body[512];
		const struct sent sent = {
		    .version = "2026-07-28", .method = methods[i], .name = names[i], .body = body};

		snprintf(body, sizeof(body),
			 "{\"jsonrpc\":\"2.0\",\"id\":\"m-1\",\"method\":\"%s\",\"params\":{%s,\"_meta\":{" META_VERSION
			 "\"2026-07-28\",\"io.modelcontextprotocol/clientCapabilities\":{\"elicitation\":{}}}}}",
			 methods[i], members[i]);
		post(&w, &r, &sent);
		assert_string_equal(json_get_str(result_of(&r), "resultType", ""), "input_required");
		assert_non_null(json_object_get(json_object_get(result_of(&r), "inputRequests"), "who"));
		assert_null(json_object_get(result_of(&r), "ttlMs"));
		reply_fini(&r);
	}
	modern_get(&w, &r, "ask", "");
	expect_refused(&r, 400, RPC_CAPABILITY_MISSING, "\"m-1\"");
	world_close(&w);
}

static void
a_resource_is_read(void **state)
{
	struct world w;
	struct reply r;

	(void)state;
	world_open(&w);
	modern_read(&w, &r, "test://fixed");
	assert_string_equal(content_text(&r), "nobody {\"uri\":\"test://fixed\"}");
	assert_string_equal(json_get_str(result_of(&r), "cacheScope", ""), "public");
	reply_fini(&r);
	modern_read(&w, &r, "test://items/a%20b?deep=1");
	assert_non_null(strstr(content_text(&r), "\"id\":\"a b\""));
	assert_non_null(strstr(content_text(&r), "\"deep\":\"1\""));
	assert_string_equal(json_get_str(result_of(&r), "cacheScope", ""), "private");
	reply_fini(&r);
	world_close(&w);
}

/* */
static void
an_unknown_resource_is_named(void **state)
{
	static const char *const uris[] = {"test://nothing", "test://items/..", "test://items/gone"};
	char session[MCP_SESSION_ID_CAP], params[128];
	struct world w;
	struct reply r;

	(void)state;
	world_open(&w);
	initialize(&w, "2025-11-25", session);
	for (size_t i = 0; i < ARRAY_LEN(uris); i++) {
		modern_read(&w, &r, uris[i]);
		assert_refused(&r, 200, RPC_INVALID_PARAMS, "\"m-1\"");
		assert_string_equal(json_get_str(json_object_get(error_of(&r), "data"), "uri", ""), uris[i]);
		reply_fini(&r);
		snprintf(params, sizeof(params), "{\"uri\":\"%s\"}", uris[i]);
		legacy_ask(&w, &r, session, "resources/read", params);
		assert_refused(&r, 200, RPC_RESOURCE_NOT_FOUND, "7");
		assert_string_equal(json_get_str(json_object_get(error_of(&r), "data"), "uri", ""), uris[i]);
		reply_fini(&r);
	}
	modern_read(&w, &r, "test://items/broken");
	expect_refused(&r, 200, RPC_INTERNAL_ERROR, "\"m-1\"");
	legacy_ask(&w, &r, session, "resources/read", "{\"uri\":5}");
	expect_refused(&r, 200, RPC_INVALID_PARAMS, "7");
	world_close(&w);
}

static void
log_in(struct world *w, char handle_r[static SESSION_HANDLE_CAP])
{
	struct reply r;
	json_t *content;

	modern_call(w, &r, "test_open", "{\"params\":{\"username\":\"ann\"}}");
	content = content_of(&r, false);
	assert_int_equal(slice_to_str(json_get_slice(content, "session"), handle_r, SESSION_HANDLE_CAP), 0);
	json_decref(content);
	reply_fini(&r);
}

/* In the URI, in _meta, in an argument, or remembered by the session; never seen by the action. */
static void
a_handle_names_the_login(void **state)
{
	char handle[SESSION_HANDLE_CAP], text[512], session[MCP_SESSION_ID_CAP];
	struct sent sent = {
	    .version = "2026-07-28", .method = "resources/read", .name = "test://items/1", .body = text};
	struct world w;
	struct reply r;

	(void)state;
	world_open(&w);
	log_in(&w, handle);
	snprintf(text, sizeof(text), "test://items/1?session=%s", handle);
	modern_read(&w, &r, text);
	assert_string_equal(content_text(&r), "ann {\"id\":\"1\",\"uri\":\"test://items/1\"}");
	assert_string_equal(json_get_str(json_array_get(json_get_array(result_of(&r), "contents"), 0), "uri", ""),
			    text);
	reply_fini(&r);
	snprintf(text, sizeof(text),
		 "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"resources/read\",\"params\":{\"uri\":\"test://items/"
		 "1\",\"_meta\":{"
		 "\"io.github.magento-mcp/session\":\"%s\"," META_VERSION "\"2026-07-28\"," META_CAPABLE "}}}",
		 handle);
	post(&w, &r, &sent);
	assert_string_equal(content_text(&r), "ann {\"id\":\"1\",\"uri\":\"test://items/1\"}");
	reply_fini(&r);
	snprintf(text, sizeof(text), "\"arguments\":{\"name\":\"a\",\"session\":\"%s\"},", handle);
	modern_get(&w, &r, "greet", text);
	assert_string_equal(message_text(&r), "Hello, a! ann");
	reply_fini(&r);
	initialize(&w, "2025-11-25", session);
	legacy_call(&w, &r, session, "test_open", "{\"params\":{\"username\":\"ben\"}}");
	reply_fini(&r);
	legacy_ask(&w, &r, session, "prompts/get", "{\"name\":\"greet\",\"arguments\":{\"name\":\"a\"}}");
	assert_string_equal(message_text(&r), "Hello, a! ben");
	reply_fini(&r);
	world_close(&w);
}

#define REF_PROMPT "\"ref\":{\"type\":\"ref/prompt\",\"name\":\"greet\"},"
#define REF_ITEM "\"ref\":{\"type\":\"ref/resource\",\"uri\":\"test://items/{id}{?session,deep}\"},"

static void
values_are_suggested(void **state)
{
	const json_t *completion;
	struct world w;
	struct reply r;

	(void)state;
	world_open(&w);
	modern(&w, &r, "completion/complete",
	       REF_PROMPT
	       "\"argument\":{\"name\":\"mood\",\"value\":\"Good\"},\"context\":{\"arguments\":{\"name\":\"Ann\"}},");
	completion = json_object_get(result_of(&r), "completion");
	assert_int_equal(json_get_array_len(completion, "values"), 3);
	assert_int_equal(json_get_int(completion, "total", 0), 3);
	assert_string_equal(json_get_str(result_of(&r), "resultType", ""), "complete");
	reply_fini(&r);
	modern(&w, &r, "completion/complete", REF_ITEM "\"argument\":{\"name\":\"id\",\"value\":\"Hel\"},");
	completion = json_object_get(result_of(&r), "completion");
	assert_int_equal(json_get_array_len(completion, "values"), 1);
	reply_fini(&r);
	/* What may not be seen is not there; what has no suggestions has none. */
	modern(&w, &r, "completion/complete", REF_PROMPT "\"argument\":{\"name\":\"name\",\"value\":\"\"},");
	completion = json_object_get(result_of(&r), "completion");
	assert_int_equal(json_get_array_len(completion, "values"), 0);
	assert_non_null(json_get_array(completion, "values"));
	reply_fini(&r);
	modern(&w, &r, "completion/complete", REF_ITEM "\"argument\":{\"name\":\"session\",\"value\":\"\"},");
	assert_int_equal(json_get_array_len(json_object_get(result_of(&r), "completion"), "values"), 0);
	reply_fini(&r);
	world_close(&w);
}

static void
what_is_unknown_is_not_completed(void **state)
{
	static const char *const wrong[] = {
	    "\"ref\":{\"type\":\"ref/prompt\",\"name\":\"nobody\"},\"argument\":{\"name\":\"mood\",\"value\":\"\"},",
	    "\"ref\":{\"type\":\"ref/resource\",\"uri\":\"test://no/"
	    "{id}\"},\"argument\":{\"name\":\"id\",\"value\":\"\"},",
	    "\"ref\":{\"type\":\"ref/tool\",\"name\":\"greet\"},\"argument\":{\"name\":\"mood\",\"value\":\"\"},",
	    REF_PROMPT "\"argument\":{\"name\":\"colour\",\"value\":\"\"},",
	    REF_PROMPT "\"argument\":{\"name\":\"mood\",\"value\":5},",
	    REF_PROMPT "\"argument\":{\"value\":\"\"},",
	    REF_PROMPT,
	    "\"argument\":{\"name\":\"mood\",\"value\":\"\"},",
	};
	struct world w;
	struct reply r;

	(void)state;
	world_open(&w);
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		modern(&w, &r, "completion/complete", wrong[i]);
		expect_refused(&r, 200, RPC_INVALID_PARAMS, "\"m-1\"");
	}
	world_close(&w);
}

static void
suggestions_are_limited(void **state)
{
	struct world w;
	struct reply r;
	const json_t *data;

	(void)state;
	world_open(&w);
	for (int i = 0; i < 300; i++) {
		modern(&w, &r, "completion/complete", REF_PROMPT "\"argument\":{\"name\":\"mood\",\"value\":\"\"},");
		expect_good(&r);
	}
	modern(&w, &r, "completion/complete", REF_PROMPT "\"argument\":{\"name\":\"mood\",\"value\":\"\"},");
	assert_refused(&r, 200, RPC_INTERNAL_ERROR, "\"m-1\"");
	data = json_object_get(error_of(&r), "data");
	assert_string_equal(json_get_str(data, "code", ""), "RATE_LIMITED");
	assert_true(json_get_int(json_object_get(data, "details"), "retry_after_s", 0) > 0);
	reply_fini(&r);
	modern_as(&w, &r, &bob, "completion/complete", NULL,
		  REF_PROMPT "\"argument\":{\"name\":\"mood\",\"value\":\"\"},"); /* each caller has his own */
	expect_good(&r);
	world_close(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(capabilities_tell_what_is_served),
	    cmocka_unit_test(lists_suit_their_revision),
	    cmocka_unit_test(pages_follow_their_cursors),
	    cmocka_unit_test(a_prompt_is_got),
	    cmocka_unit_test(a_prompt_that_is_asked_wrongly),
	    cmocka_unit_test(faults_become_errors),
	    cmocka_unit_test(a_question_comes_back),
	    cmocka_unit_test(a_resource_is_read),
	    cmocka_unit_test(an_unknown_resource_is_named),
	    cmocka_unit_test(a_handle_names_the_login),
	    cmocka_unit_test(values_are_suggested),
	    cmocka_unit_test(what_is_unknown_is_not_completed),
	    cmocka_unit_test(suggestions_are_limited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
