/*
 * alloc_server.c - the protocol core without memory: started wholly or not at all; each message answered once, and
 * either as ever or with our own shortage
 */
#include "world.h"

#include "torture.h"

struct stage {
	struct world *w;
	const struct sent *sent;
	char *good; /* the undisturbed answer */
	int status;
	bool waits;
};

/* ---- starting ---- */

static int
start_scenario(void *ctx)
{
	struct world *w = ctx;
	struct mcp_server *server = mcp_server_new(&w->options);
	bool started = server != NULL;

	mcp_server_free(&server);
	return started ? 0 : ERR_NOMEM;
}

static void
starting(void **state)
{
	struct world w;

	(void)state;
	world_open(&w);
	torture("start", start_scenario, &w);
	assert_true(torture_failures() > 100);
	world_close(&w);
}

/* ---- serving ---- */

struct seen {
	int answers;
	int status;
	int rpc_code;
	char body[8192];
};

static void
note_answer(void *ctx, const struct mcp_answer *answer)
{
	struct seen *seen = ctx;

	seen->answers++;
	seen->status = answer->http_status;
	seen->rpc_code = answer->rpc_code;
	assert_true(slice_to_str(answer->body, seen->body, sizeof(seen->body)) == 0);
}

/* The same answer as without a failure, or one that says that we are short. */
static int
judge(const struct stage *stage, const struct seen *seen)
{
	assert_int_equal(seen->answers, 1);
	if (seen->status == stage->status && strcmp(seen->body, stage->good) == 0)
		return 0;
	if (torture_has_failed() == 0)
		fail_msg("%d %s", seen->status, seen->body);
	if (strstr(seen->body, "\"INTERNAL_ERROR\"") != NULL || seen->rpc_code == RPC_INTERNAL_ERROR)
		return ERR_NOMEM;
	if (seen->status != 503 && seen->status != stage->status && strstr(seen->body, "VALIDATION_ERROR") == NULL)
		fail_msg("%d %s", seen->status, seen->body);
	/* A detail of a refusal may be missing; what is refused stays refused. */
	assert_true(seen->status == 503 || strstr(stage->good, "\"error\"") != NULL ||
		    strstr(stage->good, "\\\"error\\\"") != NULL);
	return ERR_NOMEM;
}

static int
serve_scenario(void *ctx)
{
	const struct stage *stage = ctx;
	struct mcp_request request = {.body = slice_from_str(stage->sent->body),
				      .headers = {.protocol_version = slice_from_str(stage->sent->version),
						  .method = slice_from_str(stage->sent->method),
						  .name = slice_from_str(stage->sent->name),
						  .session_id = slice_from_str(stage->sent->session)},
				      .principal = &alice,
				      .request_id = "1",
				      .now_mono_ms = clock_mono_ms(),
				      .now_wall_ms = clock_wall_ms()};
	struct mcp_exchange *exchange;
	struct seen seen = {.answers = 0};

	stage->w->gates.n = 0;
	mcp_server_post(stage->w->server, &request, &(struct mcp_channel){.answer = note_answer, .ctx = &seen},
			&exchange);
	if (exchange != NULL) {
		assert_true(stage->waits);
		gate_open(&stage->w->gates, 0);
	}
	return judge(stage, &seen);
}

static void
torture_message(struct world *w, const char *name, const struct sent *sent, bool waits)
{
	struct reply r;
	struct stage stage = {.w = w, .sent = sent, .waits = waits};

	w->gates.n = 0;
	post(w, &r, sent);
	if (waits)
		gate_open(&w->gates, 0);
	assert_int_equal(r.answers, 1);
	stage.good = r.body;
	stage.status = r.status;
	torture(name, serve_scenario, &stage);
	assert_true(torture_failures() > 0);
	reply_fini(&r);
}

static void
serving_modern_messages(void **state)
{
	static const struct sent messages[] = {
	    {.version = "2026-07-28",
	     .method = "server/discover",
	     .body = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"server/discover\",\"params\":{" META "}}"},
	    {.version = "2027-01-01",
	     .body = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"x\",\"params\":{\"_meta\":{" META_VERSION
		     "\"2027-01-01\"}}}"},
	    {.version = "2026-07-28",
	     .method = "tools/call",
	     .name = "=?base64?dGVzdF9lY2hv?=",
	     .body = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/"
		     "call\",\"params\":{\"name\":\"test_echo\",\"arguments\":{"
		     "\"params\":\"{\\\"text\\\":\\\"x\\\"}\"}," META "}}"},
	    {.version = "2026-07-28",
	     .method = "tools/call",
	     .name = "test_refuse",
	     .body =
		 "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"test_refuse\"," META
		 "}}"},
	    {.version = "2026-07-28",
	     .method = "tools/call",
	     .name = "test_echo",
	     .body = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/"
		     "call\",\"params\":{\"name\":\"test_echo\",\"arguments\":{"
		     "\"a\":1,\"params\":{}}," META "}}"},
	    {.version = "2026-07-28",
	     .method = "tools/call",
	     .name = "test_me",
	     .body =
		 "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"test_me\"," META "}}"},
	};
	struct world w;

	(void)state;
	world_open(&w);
	for (size_t i = 0; i < ARRAY_LEN(messages); i++)
		torture_message(&w, messages[i].body, &messages[i], false);
	world_close(&w);
}

static void
serving_calls_that_wait(void **state)
{
	static const struct sent call = {
	    .version = "2026-07-28",
	    .method = "tools/call",
	    .name = "test_wait",
	    .body = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"test_wait\"," META
		    "}}"};
	struct world w;

	(void)state;
	world_open(&w);
	torture_message(&w, "a call that waits", &call, true);
	world_close(&w);
}

static void
serving_legacy_messages(void **state)
{
	struct world w;
	struct reply r;
	char session[MCP_SESSION_ID_CAP];
	const struct sent messages[] = {
	    {.session = session, .body = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}"},
	    {.session = session, .body = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}"},
	    {.session = session,
	     .body = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"test_me\"}}"},
	    {.session = session, .body = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{}}"},
	    {.body = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{}}"},
	    {.session = session, .version = "1999-01-01", .body = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}"},
	};

	(void)state;
	world_open(&w);
	initialize(&w, "2025-11-25", session);
	legacy_call(&w, &r, session, "test_open", "{\"username\":\"ann\"}");
	expect_good(&r);
	for (size_t i = 0; i < ARRAY_LEN(messages); i++) {
		if (i != 1) /* longer than the note of it */
			torture_message(&w, messages[i].body, &messages[i], false);
	}
	world_close(&w);
}

/* Jansson's own allocations fail too. */
int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(starting),
	    cmocka_unit_test(serving_modern_messages),
	    cmocka_unit_test(serving_calls_that_wait),
	    cmocka_unit_test(serving_legacy_messages),
	};

	json_set_alloc_funcs(torture_malloc, torture_free);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
