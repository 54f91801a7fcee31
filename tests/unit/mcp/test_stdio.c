/*
 * test_stdio.c - what differs when messages come over standard input: no headers, one session of the process, silence
 * where nothing was asked, cancellation by id
 */
#include "world.h"

#define NOTE(params) "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":" params "}"
#define CALL_WAIT(id)                                                                                                  \
	"{\"jsonrpc\":\"2.0\",\"id\":" id ",\"method\":\"tools/call\",\"params\":{\"name\":\"test_wait\"}}"

/* The id that a notification cancels, as text; "" for none. */
struct cancelled {
	char id[32];
	int answers;
	size_t body_len;
};

static void
on_note(void *ctx, const struct mcp_answer *answer)
{
	struct cancelled *seen = ctx;

	seen->answers++;
	seen->body_len = answer->body.len;
	assert_int_equal(slice_to_str(answer->cancels, seen->id, sizeof(seen->id)), 0);
}

static struct mcp_request
request_of(const char *body, const char *session)
{
	return (struct mcp_request){
	    .transport = MCP_STDIO,
	    .body = slice_from_str(body),
	    .headers = {.session_id = session != NULL ? slice_from_str(session) : SLICE_NONE},
	    .principal = &alice,
	    .request_id = "1",
	    .now_mono_ms = clock_mono_ms(),
	    .now_wall_ms = clock_wall_ms(),
	};
}

static void
send_line(struct world *w, struct reply *r, const char *session, const char *body)
{
	struct mcp_request request = request_of(body, session);

	memset(r, 0, sizeof(*r));
	mcp_server_post(w->server, &request, on_answer, r, &r->exchange);
}

static void
expect_note(struct world *w, const char *body, const char *id)
{
	struct mcp_request request = request_of(body, NULL);
	struct cancelled seen = {.answers = 0};
	struct mcp_exchange *exchange;

	mcp_server_post(w->server, &request, on_note, &seen, &exchange);
	assert_null(exchange);
	assert_int_equal(seen.answers, 1);
	assert_int_equal(seen.body_len, 0);
	assert_string_equal(seen.id, id);
}

static void
open_session(struct world *w, struct reply *r, char id_r[static MCP_SESSION_ID_CAP])
{
	send_line(w, r, NULL, INITIALIZE("2025-11-25"));
	assert_int_equal(r->rpc_code, 0);
	snprintf(id_r, MCP_SESSION_ID_CAP, "%s", r->session_id);
	reply_fini(r);
}

/* */
static void
modern_messages_need_no_headers(void **state)
{
	struct world w;
	struct reply r;

	(void)state;
	world_open(&w);
	send_line(&w, &r, NULL, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\",\"params\":{" META "}}");
	assert_int_equal(r.rpc_code, 0);
	reply_fini(&r);
	send_line(&w, &r, NULL,
		  "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\",\"params\":{\"_meta\":{" META_VERSION
		  "\"2026-07-28\"}}}");
	assert_int_equal(r.rpc_code, RPC_INVALID_PARAMS);
	reply_fini(&r);
	send_line(&w, &r, NULL,
		  "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\",\"params\":{\"_meta\":{" META_VERSION
		  "\"2025-11-25\"," META_CAPABLE "}}}");
	assert_int_equal(r.rpc_code, RPC_VERSION_NOT_SERVED);
	reply_fini(&r);
	world_close(&w);
}

/* */
static void
before_initialize_everything_is_answered(void **state)
{
	struct world w;
	struct reply r;
	json_t *data;

	(void)state;
	world_open(&w);
	send_line(&w, &r, NULL, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}");
	assert_int_equal(r.rpc_code, RPC_INVALID_REQUEST);
	data = json_object_get(json_object_get(r.json, "error"), "data");
	assert_int_equal(json_array_size(json_object_get(data, "supported")), 3);
	reply_fini(&r);
	send_line(&w, &r, NULL, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}");
	assert_int_equal(r.rpc_code, 0);
	assert_non_null(r.json);
	reply_fini(&r);
	world_close(&w);
}

/* over HTTP these two get an error without id. */
static void
notifications_and_responses_are_met_with_silence(void **state)
{
	static const char *const bodies[] = {
	    "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}",
	    "{\"jsonrpc\":\"2.0\",\"method\":\"x\",\"params\":{\"a\":1,\"a\":2}}",
	    "{\"jsonrpc\":\"2.0\",\"id\":5,\"result\":{}}",
	};
	struct world w;
	struct reply r;

	(void)state;
	world_open(&w);
	for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
		send_line(&w, &r, NULL, bodies[i]);
		assert_int_equal(r.answers, 1);
		assert_int_equal(r.body_len, 0);
		reply_fini(&r);
	}
	world_close(&w);
}

/* the id is given as it was written. */
static void
the_id_of_a_cancellation_is_told(void **state)
{
	struct world w;

	(void)state;
	world_open(&w);
	expect_note(&w, NOTE("{\"requestId\":7}"), "7");
	expect_note(&w, NOTE("{\"reason\":\"r\",\"requestId\":\"a b\"}"), "\"a b\"");
	expect_note(&w, NOTE("{\"requestId\":123456789012345678901}"), "");
	expect_note(&w, NOTE("{}"), "");
	expect_note(&w, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\"}", "");
	expect_note(&w, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":{\"requestId\":7}}", "");
	expect_note(&w, NOTE("{\"requestId\":8," META "}"), "8");
	world_close(&w);
}

/* A legacy call is stopped too, where a hang-up would let it go on. */
static void
cancelled_calls_stop(void **state)
{
	char session[MCP_SESSION_ID_CAP];
	struct world w;
	struct reply r;

	(void)state;
	world_open(&w);
	open_session(&w, &r, session);
	send_line(&w, &r, session, CALL_WAIT("\"x\""));
	assert_non_null(r.exchange);
	assert_true(slice_is(mcp_exchange_id(r.exchange), "\"x\""));
	mcp_server_cancel(&r.exchange);
	assert_null(r.exchange);
	assert_int_equal(w.gates.cancelled, 1);
	assert_int_equal(w.gates.ended, 1);
	assert_int_equal(r.answers, 0);
	mcp_server_cancel(&r.exchange);
	reply_fini(&r);
	world_close(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(modern_messages_need_no_headers),
	    cmocka_unit_test(before_initialize_everything_is_answered),
	    cmocka_unit_test(notifications_and_responses_are_met_with_silence),
	    cmocka_unit_test(the_id_of_a_cancellation_is_told),
	    cmocka_unit_test(cancelled_calls_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
