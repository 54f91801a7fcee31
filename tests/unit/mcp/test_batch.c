/*
 * test_batch.c - arrays of messages in sessions at 2025-03-26, and nowhere else
 */
#include "batch.h"

#include "world.h"

#define PING(id) "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"method\":\"ping\"}"
#define CALL(id, tool)                                                                                                 \
	"{\"jsonrpc\":\"2.0\",\"id\":" id ",\"method\":\"tools/call\",\"params\":{\"name\":\"" tool "\"}}"
#define CANCEL(id) "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":" id "}}"
#define NOTE "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}"

/* The answer with this id; NULL for the one without an id. */
static const json_t *
answer_to(const struct reply *r, const char *id)
{
	const json_t *found = NULL, *one;
	size_t i;

	assert_true(json_is_array(r->json));
	json_array_foreach(r->json, i, one)
	{
		const char *has = json_get_str(one, "id", NULL);

		if (id == NULL ? json_object_get(one, "id") == NULL : has != NULL && strcmp(has, id) == 0) {
			assert_null(found);
			found = one;
		}
	}
	return found;
}

static int64_t
code_of(const struct reply *r, const char *id)
{
	return json_get_int(json_get_object(answer_to(r, id), "error"), "code", 0);
}

/* Each request once, whatever the others came to. */
static void
each_request_is_answered(void **state)
{
	char session[MCP_SESSION_ID_CAP];
	struct world w;
	struct reply r;

	(void)state;
	world_open(&w);
	initialize(&w, "2025-03-26", session);
	legacy(&w, &r, session,
	       "[" PING("\"a\"") "," NOTE "," CALL("\"b\"", "test_none") ",5," INITIALIZE("2025-03-26") "," CALL(
		   "\"c\"", "test_refuse") ",{\"jsonrpc\":\"2.0\",\"id\":\"d\",\"method\":\"no\"},{\"jsonrpc\":\"2.0\","
					   "\"id\":9,\"result\":{}}]");
	assert_int_equal(r.answers, 1);
	assert_int_equal(r.status, 200);
	assert_int_equal(json_array_size(r.json), 6);
	assert_non_null(json_object_get(answer_to(&r, "a"), "result"));
	assert_int_equal(code_of(&r, "b"), RPC_INVALID_PARAMS);
	assert_non_null(json_object_get(answer_to(&r, "c"), "result"));
	assert_int_equal(code_of(&r, "d"), RPC_METHOD_NOT_FOUND);
	assert_int_equal(code_of(&r, NULL), RPC_INVALID_REQUEST);
	assert_int_equal(r.n_events, 0);
	reply_fini(&r);
	world_close(&w);
}

static void
what_asks_nothing_is_accepted(void **state)
{
	char session[MCP_SESSION_ID_CAP];
	struct world w;
	struct reply r;

	(void)state;
	world_open(&w);
	initialize(&w, "2025-03-26", session);
	legacy(&w, &r, session, "[" NOTE "," NOTE ",{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"result\":{}}]");
	expect_empty(&r, 202);
	world_close(&w);
}

/* The array is answered when the last of it is; events have no place in it. */
static void
slow_ones_are_waited_for(void **state)
{
	char session[MCP_SESSION_ID_CAP];
	struct world w;
	struct reply r;

	(void)state;
	world_open(&w);
	initialize(&w, "2025-03-26", session);
	legacy(&w, &r, session,
	       "[" CALL("\"a\"", "test_wait") "," PING("\"b\"") "," CALL("\"c\"", "test_wait") "," CALL(
		   "\"d\"", "test_tell") "]");
	assert_int_equal(r.answers, 0);
	gate_open(&w.gates, 1);
	assert_int_equal(r.answers, 0);
	gate_open(&w.gates, 0);
	assert_int_equal(r.answers, 1);
	assert_int_equal(json_array_size(r.json), 4);
	assert_int_equal(r.n_events, 0);
	forget_kept(&r);
	reply_fini(&r);
	world_close(&w);
}

static void
members_are_cancelled_by_their_ids(void **state)
{
	char session[MCP_SESSION_ID_CAP];
	struct world w;
	struct reply r, sent;

	(void)state;
	world_open(&w);
	initialize(&w, "2025-03-26", session);
	legacy(&w, &r, session, "[" CALL("\"a\"", "test_wait") "," CALL("\"b\"", "test_wait") "," CANCEL("\"a\"") "]");
	assert_int_equal(w.gates.cancelled, 1);
	assert_int_equal(r.answers, 0);
	legacy(&w, &sent, session, CANCEL("\"b\""));
	expect_empty(&sent, 202);
	assert_int_equal(w.gates.cancelled, 2);
	assert_int_equal(r.answers, 1);
	assert_int_equal(r.body_len, 0);
	forget_kept(&r);
	reply_fini(&r);
	world_close(&w);
}

/* they go on without a client; the end of the server, or of stdio's input, stops them. */
static void
members_go_on_without_a_client(void **state)
{
	char session[MCP_SESSION_ID_CAP];
	struct world w;
	struct reply r;

	(void)state;
	world_open(&w);
	initialize(&w, "2025-03-26", session);
	legacy(&w, &r, session, "[" CALL("\"a\"", "test_wait") "," PING("\"b\"") "]");
	hang_up(&r);
	assert_int_equal(w.gates.cancelled, 0);
	gate_open(&w.gates, 0);
	assert_int_equal(w.gates.ended, 1);
	assert_int_equal(r.answers, 0);
	reply_fini(&r);
	legacy(&w, &r, session, "[" CALL("\"a\"", "test_wait") "," CALL("\"b\"", "test_wait") "]");
	mcp_server_cancel(&r.exchange);
	assert_int_equal(w.gates.cancelled, 2);
	forget_kept(&r);
	reply_fini(&r);
	legacy(&w, &r, session, "[" CALL("\"a\"", "test_wait") "," CALL("\"b\"", "test_wait") "]");
	mcp_server_free(&w.server);
	assert_int_equal(w.gates.cancelled, 4);
	assert_int_equal(r.answers, 0);
	forget_kept(&r);
	reply_fini(&r);
	world_close(&w);
}

static void
an_array_is_refused_whole(void **state)
{
	static const char *const others[] = {"2025-06-18", "2025-11-25"};
	struct sent modern_header = {.version = "2026-07-28", .body = "[" PING("1") "]"};
	char session[MCP_SESSION_ID_CAP];
	struct world w;
	struct reply r;
	struct buf many;

	(void)state;
	world_open(&w);
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		initialize(&w, others[i], session);
		legacy(&w, &r, session, "[" PING("1") "]");
		expect_refused(&r, 400, RPC_INVALID_REQUEST, NULL);
	}
	initialize(&w, "2025-03-26", session);
	modern_header.session = session;
	post(&w, &r, &modern_header);
	expect_refused(&r, 400, RPC_INVALID_REQUEST, NULL);
	legacy(&w, &r, NULL, "[" INITIALIZE("2025-03-26") "]");
	expect_refused(&r, 400, RPC_INVALID_REQUEST, NULL);
	legacy(&w, &r, "unknown", "[" PING("1") "]");
	expect_refused(&r, 404, RPC_INVALID_REQUEST, NULL);
	legacy(&w, &r, session, "[]");
	expect_refused(&r, 400, RPC_INVALID_REQUEST, NULL);
	/* one claim spoils all; nothing of it is done */
	legacy(&w, &r, session,
	       "[" CALL("1", "test_wait") ",{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/list\",\"params\":{" META
					  "}}]");
	expect_refused(&r, 400, RPC_INVALID_REQUEST, NULL);
	assert_int_equal(w.gates.n, 0);
	buf_init(&many, 101 * sizeof(NOTE) + 2);
	buf_put_char(&many, '[');
	for (size_t i = 0; i < 101; i++)
		buf_put_str(&many, i > 0 ? "," NOTE : NOTE);
	buf_put_char(&many, ']');
	legacy(&w, &r, session, buf_cstr(&many));
	expect_refused(&r, 400, RPC_INVALID_REQUEST, NULL);
	buf_fini(&many);
	legacy(&w, &r, session, "[[" PING("1") "]]");
	assert_int_equal(json_array_size(r.json), 1);
	assert_int_equal(code_of(&r, NULL), RPC_INVALID_REQUEST);
	reply_fini(&r);
	world_close(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_request_is_answered),	      cmocka_unit_test(what_asks_nothing_is_accepted),
	    cmocka_unit_test(slow_ones_are_waited_for),	      cmocka_unit_test(members_are_cancelled_by_their_ids),
	    cmocka_unit_test(members_go_on_without_a_client), cmocka_unit_test(an_array_is_refused_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
