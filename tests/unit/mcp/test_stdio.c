/*
 * test_stdio.c - what differs when messages come over standard input: no headers, one session of the process, silence
 * where nothing was asked, cancellation by id
 */
#include "world.h"

#define NOTE(params) "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":" params "}"
#define CALL_WAIT(id)                                                                                                  \
	"{\"jsonrpc\":\"2.0\",\"id\":" id ",\"method\":\"tools/call\",\"params\":{\"name\":\"test_wait\"}}"

static struct mcp_request
request_of(const char *body, const char *session)
{
	return (struct mcp_request){
	    .transport = MCP_STDIO,
	    .takes_events = true,
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
	mcp_server_post(w->server, &request, &(struct mcp_channel){.send = on_event, .answer = on_answer, .ctx = r},
			&r->exchange);
}

/* A notification is met with silence. */
static void
send_note(struct world *w, const char *session, const char *body)
{
	struct reply r;

	send_line(w, &r, session, body);
	assert_null(r.exchange);
	assert_int_equal(r.answers, 1);
	assert_int_equal(r.body_len, 0);
	reply_fini(&r);
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

/* a legacy call is stopped too, where a hang-up would let it go on; ids are compared as they were written. */
static void
cancelled_calls_stop(void **state)
{
	static const char *const others[] = {NOTE("{\"requestId\":7}"), NOTE("{\"requestId\":\"X\"}"), NOTE("{}"),
					     "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\"}",
					     "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":"
					     "{\"requestId\":\"x\"}}"};
	char session[MCP_SESSION_ID_CAP];
	struct world w;
	struct reply r;

	(void)state;
	world_open(&w);
	open_session(&w, &r, session);
	send_line(&w, &r, session, CALL_WAIT("\"x\""));
	assert_non_null(r.exchange);
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		send_note(&w, session, others[i]);
	assert_int_equal(w.gates.cancelled, 0);
	send_note(&w, session, NOTE("{\"reason\":\"r\",\"requestId\":\"x\"}"));
	assert_int_equal(w.gates.cancelled, 1);
	assert_int_equal(w.gates.ended, 1);
	assert_int_equal(r.answers, 1);
	assert_int_equal(r.body_len, 0);
	send_note(&w, session, NOTE("{\"requestId\":\"x\"}"));
	reply_fini(&r);
	world_close(&w);
}

/* The endpoint closes: both eras' calls end, nothing is answered. */
static void
calls_end_with_the_input(void **state)
{
	char session[MCP_SESSION_ID_CAP];
	struct world w;
	struct reply r;

	(void)state;
	world_open(&w);
	open_session(&w, &r, session);
	send_line(&w, &r, session, CALL_WAIT("9"));
	mcp_server_hangup(&r.exchange);
	assert_null(r.exchange);
	assert_int_equal(w.gates.cancelled, 1);
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
	    cmocka_unit_test(cancelled_calls_stop),
	    cmocka_unit_test(calls_end_with_the_input),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
