/*
 * test_asking.c - the legacy eras ask: a request on the call's stream, an answer by any worker, and every way in which
 * none comes
 */
#include "asking.h"

#include "world.h"

#define FORM "{\"elicitation\":{}}"
#define ANN "{\"action\":\"accept\",\"content\":{\"name\":\"Ann\"}}"

/* Two workers of one service. */
struct pair {
	struct world w;
	struct mcp_server *workers[2];
	struct mcp_peers peers[2];
	bool is_dead[2];
	size_t posted;
};

static void
pair_post(void *ctx, uint32_t slot, struct slice frame)
{
	struct pair *pair = ctx;

	assert_true(slot < 2 && frame.len <= MCP_FRAME_MAX);
	pair->posted++;
	mcp_server_receive(pair->workers[slot], frame, clock_mono_ms(), clock_wall_ms());
}

static void
pair_post_all(void *ctx, struct slice frame)
{
	struct pair *pair = ctx;

	pair_post(pair, pair->w.server == pair->workers[0] ? 1 : 0, frame);
}

static bool
pair_is_alive(void *ctx, uint32_t slot, uint32_t pid)
{
	const struct pair *pair = ctx;

	return slot < 2 && pid == 100 + slot && !pair->is_dead[slot];
}

static void
pair_open(struct pair *pair)
{
	memset(pair, 0, sizeof(*pair));
	world_open(&pair->w);
	mcp_server_free(&pair->w.server);
	for (uint32_t i = 0; i < 2; i++) {
		pair->peers[i] = (struct mcp_peers){.slot = i,
						    .pid = 100 + i,
						    .generation = 1,
						    .post = pair_post,
						    .post_all = pair_post_all,
						    .is_alive = pair_is_alive,
						    .ctx = pair};
		pair->w.options.peers = &pair->peers[i];
		pair->workers[i] = mcp_server_new(&pair->w.options);
		assert_non_null(pair->workers[i]);
	}
	pair->w.server = pair->workers[0];
}

static void
pair_close(struct pair *pair)
{
	mcp_server_free(&pair->workers[0]);
	pair->w.server = pair->workers[1];
	world_close(&pair->w);
}

/* ---- */

static const char *
id_of_question(const struct reply *r, size_t at)
{
	assert_true(at < r->n_events);
	return json_get_str(r->events[at], "id", "");
}

static void
respond_as(struct world *w, const struct principal *who, const char *session, const char *id, const char *member,
	   int status)
{
	struct reply r;
	char *body = NULL;

	assert_true(asprintf(&body, "{\"jsonrpc\":\"2.0\",\"id\":\"%s\",%s}", id, member) > 0);
	legacy_as(w, &r, who, session, NULL, body);
	assert_int_equal(r.status, status);
	assert_int_equal(status == 202, r.body_len == 0);
	reply_fini(&r);
	free(body);
}

static void
respond(struct world *w, const char *session, const char *id, const char *member)
{
	respond_as(w, NULL, session, id, member, 202);
}

static void
expect_action(struct reply *r, const char *action)
{
	json_t *content = content_of(r, false);

	assert_string_equal(json_get_str(json_get_object(json_get_object(content, "answers"), "form"), "action", ""),
			    action);
	json_decref(content);
	forget_kept(r);
	reply_fini(r);
}

/* */
static void
a_call_waits_for_its_answer(void **state)
{
	static const char *const versions[] = {"2025-06-18", "2025-11-25"};
	char session[MCP_SESSION_ID_CAP];
	struct world w;
	struct reply r;

	(void)state;
	world_open(&w);
	for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
		const json_t *params;

		initialize_capable(&w, versions[i], FORM, session);
		legacy_call(&w, &r, session, "test_ask", "{}");
		assert_int_equal(r.answers, 0);
		assert_int_equal(r.n_events, 1);
		assert_string_equal(json_get_str(r.events[0], "method", ""), "elicitation/create");
		params = json_get_object(r.events[0], "params");
		assert_string_equal(json_get_str(params, "message", ""), "Please say");
		assert_int_equal(json_object_get(params, "mode") != NULL, i == 1);
		respond(&w, session, id_of_question(&r, 0), "\"result\":" ANN);
		assert_null(json_object_get(result_of(&r), "ttlMs"));
		expect_action(&r, "accept");
	}
	world_close(&w);
}

static void
every_way_to_say_no_is_an_answer(void **state)
{
	static const struct {
		const char *member, *action;
	} cases[] = {
	    {"\"result\":{\"action\":\"decline\"}", "decline"},
	    {"\"result\":{\"action\":\"cancel\"}", "cancel"},
	    {"\"error\":{\"code\":-1,\"message\":\"User rejected\"}", "cancel"},
	    {"\"error\":{\"code\":-32603,\"message\":\"\"}", "cancel"},
	};
	char session[MCP_SESSION_ID_CAP];
	struct world w;
	struct reply r;

	(void)state;
	world_open(&w);
	initialize_capable(&w, "2025-11-25", FORM, session);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		legacy_call(&w, &r, session, "test_ask", "{}");
		respond(&w, session, id_of_question(&r, 0), cases[i].member);
		expect_action(&r, cases[i].action);
	}
	legacy_call(&w, &r, session, "test_ask", "{}");
	respond(&w, session, id_of_question(&r, 0), "\"result\":{\"action\":\"accept\",\"content\":{\"name\":5}}");
	forget_kept(&r);
	expect_fault(&r, "VALIDATION_ERROR");
	legacy_call(&w, &r, session, "test_ask", "{}");
	respond(&w, session, id_of_question(&r, 0), "\"error\":{\"code\":-32601,\"message\":\"Method not found\"}");
	forget_kept(&r);
	expect_fault(&r, "FORBIDDEN");
	world_close(&w);
}

/* Only its own session may answer, once; everything else is taken in silence. */
static void
strangers_do_not_answer(void **state)
{
	char session[MCP_SESSION_ID_CAP], other[MCP_SESSION_ID_CAP];
	struct world w;
	struct reply r;
	char id[128];

	(void)state;
	world_open(&w);
	initialize_capable(&w, "2025-11-25", FORM, session);
	initialize_capable(&w, "2025-11-25", FORM, other);
	legacy_call(&w, &r, session, "test_ask", "{}");
	snprintf(id, sizeof(id), "%s", id_of_question(&r, 0));
	respond(&w, other, id, "\"result\":" ANN);
	respond_as(&w, &bob, session, id, "\"result\":" ANN, 404);
	respond(&w, session, "ask.0.0.unknown", "\"result\":" ANN);
	respond(&w, session, "", "\"result\":" ANN);
	respond(&w, session, "7", "\"result\":" ANN);
	assert_int_equal(r.answers, 0);
	respond(&w, session, id, "\"result\":" ANN);
	assert_int_equal(r.answers, 1);
	respond(&w, session, id, "\"result\":{\"action\":\"decline\"}");
	expect_action(&r, "accept");
	world_close(&w);
}

static void
several_questions_wait_for_all_answers(void **state)
{
	char session[MCP_SESSION_ID_CAP];
	struct world w;
	struct reply r;
	json_t *content;

	(void)state;
	world_open(&w);
	initialize_capable(&w, "2025-03-26", "{\"sampling\":{},\"roots\":{}}", session);
	legacy_call(&w, &r, session, "test_ask", "{\"kinds\":\"sample roots\"}");
	assert_int_equal(r.n_events, 2);
	assert_string_equal(json_get_str(r.events[0], "method", ""), "sampling/createMessage");
	respond(&w, session, id_of_question(&r, 1), "\"result\":{\"roots\":[]}");
	assert_int_equal(r.answers, 0);
	respond(&w, session, id_of_question(&r, 1), "\"result\":{\"roots\":[]}");
	assert_int_equal(r.answers, 0);
	respond(&w, session, id_of_question(&r, 0), "\"result\":{\"content\":{\"type\":\"text\",\"text\":\"t\"}}");
	content = content_of(&r, false);
	assert_int_equal(json_object_size(json_get_object(content, "answers")), 2);
	json_decref(content);
	forget_kept(&r);
	reply_fini(&r);
	world_close(&w);
}

/* only what was declared, of this revision, and where the question can reach the client. */
static void
who_cannot_be_asked_is_told(void **state)
{
	static const char *const cases[][3] = {
	    {"2025-11-25", "{}", "form"},
	    {"2025-03-26", FORM, "form"},
	    {"2025-06-18", "{\"elicitation\":{\"url\":{}}}", "url"},
	    {"2025-11-25", FORM, "form sample"},
	};
	char session[MCP_SESSION_ID_CAP], arguments[64];
	struct sent sent = {
	    .no_events = true,
	    .session = session,
	    .body = "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"tools/call\",\"params\":{\"name\":\"test_ask\"}}"};
	struct world w;
	struct reply r;

	(void)state;
	world_open(&w);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		initialize_capable(&w, cases[i][0], cases[i][1], session);
		snprintf(arguments, sizeof(arguments), "{\"kinds\":\"%s\"}", cases[i][2]);
		legacy_call(&w, &r, session, "test_ask", arguments);
		assert_int_equal(r.n_events, 0);
		expect_fault(&r, "FORBIDDEN");
	}
	initialize_capable(&w, "2025-11-25", FORM, session);
	post(&w, &r, &sent);
	expect_fault(&r, "FORBIDDEN");
	world_close(&w);
}

/* After ten minutes nobody is expected any more; the form is taken away. */
static void
a_wait_has_an_end(void **state)
{
	char session[MCP_SESSION_ID_CAP];
	struct world w;
	struct reply r, late;

	(void)state;
	world_open(&w);
	initialize_capable(&w, "2025-11-25", FORM, session);
	legacy_call(&w, &r, session, "test_ask", "{}");
	legacy_call(&w, &late, session, "test_ask", "{}");
	asking_tick(w.server, clock_mono_ms() + ASKING_TIMEOUT_MS / 2);
	assert_int_equal(r.answers, 0);
	asking_tick(w.server, clock_mono_ms() + ASKING_TIMEOUT_MS + 1000);
	assert_int_equal(r.n_events, 2);
	assert_string_equal(json_get_str(r.events[1], "method", ""), "notifications/cancelled");
	assert_string_equal(json_get_str(json_get_object(r.events[1], "params"), "requestId", ""),
			    id_of_question(&r, 0));
	expect_action(&r, "cancel");
	expect_action(&late, "cancel");
	world_close(&w);
}

/* without a connection the call waits on; a cancellation stops it. */
static void
the_client_may_go_and_answer_all_the_same(void **state)
{
	char session[MCP_SESSION_ID_CAP];
	struct world w;
	struct reply r, note;
	char id[128];

	(void)state;
	world_open(&w);
	initialize_capable(&w, "2025-06-18", FORM, session);
	legacy_call(&w, &r, session, "test_ask", "{}");
	snprintf(id, sizeof(id), "%s", id_of_question(&r, 0));
	hang_up(&r);
	assert_int_equal(fiber_pool_alive(w.fibers), 1);
	respond(&w, session, id, "\"result\":" ANN);
	assert_int_equal(fiber_pool_alive(w.fibers), 0);
	reply_fini(&r);
	legacy_call(&w, &r, session, "test_ask", "{}");
	legacy(&w, &note, session,
	       "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":7}}");
	expect_empty(&note, 202);
	assert_int_equal(fiber_pool_alive(w.fibers), 0);
	assert_int_equal(r.answers, 1);
	respond(&w, session, id_of_question(&r, 0), "\"result\":" ANN);
	forget_kept(&r);
	reply_fini(&r);
	legacy_call(&w, &r, session, "test_ask", "{}");
	mcp_server_free(&w.server); /* it may end while one waits */
	forget_kept(&r);
	reply_fini(&r);
	world_close(&w);
}

/* ---- two workers ---- */

/* */
static void
the_answer_may_reach_another_worker(void **state)
{
	char session[MCP_SESSION_ID_CAP];
	struct pair pair;
	struct reply r;

	(void)state;
	pair_open(&pair);
	initialize_capable(&pair.w, "2025-11-25", FORM, session);
	legacy_call(&pair.w, &r, session, "test_ask", "{}");
	pair.w.server = pair.workers[1];
	respond(&pair.w, session, id_of_question(&r, 0), "\"result\":" ANN);
	assert_int_equal(pair.posted, 1);
	expect_action(&r, "accept");
	pair_close(&pair);
}

static void
frames_do_not_lend_a_session(void **state)
{
	char session[MCP_SESSION_ID_CAP], other[MCP_SESSION_ID_CAP];
	struct pair pair;
	struct reply r;
	char *large;

	(void)state;
	pair_open(&pair);
	initialize_capable(&pair.w, "2025-11-25", FORM, session);
	initialize_capable(&pair.w, "2025-11-25", FORM, other);
	legacy_call(&pair.w, &r, session, "test_ask", "{}");
	pair.w.server = pair.workers[1];
	respond(&pair.w, other, id_of_question(&r, 0), "\"result\":" ANN);
	assert_int_equal(pair.posted, 1);
	assert_int_equal(r.answers, 0);
	large = malloc(70 * 1024);
	assert_non_null(large);
	snprintf(large, 70 * 1024, "\"result\":{\"action\":\"decline\",\"x\":\"%065000d\"}", 0);
	respond_as(&pair.w, NULL, session, id_of_question(&r, 0), large, 413);
	free(large);
	pair.is_dead[0] = true;
	respond(&pair.w, session, id_of_question(&r, 0), "\"result\":" ANN);
	assert_int_equal(pair.posted, 1);
	assert_int_equal(r.answers, 0);
	pair.is_dead[0] = false;
	respond(&pair.w, session, id_of_question(&r, 0), "\"error\":{\"code\":-1,\"message\":\"no\"}");
	expect_action(&r, "cancel");
	pair_close(&pair);
}

static void
a_cancellation_may_reach_another_worker(void **state)
{
	static const char note[] =
	    "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":7}}";
	char session[MCP_SESSION_ID_CAP], other[MCP_SESSION_ID_CAP];
	struct pair pair;
	struct reply r, sent;

	(void)state;
	pair_open(&pair);
	initialize_capable(&pair.w, "2025-11-25", FORM, session);
	initialize_capable(&pair.w, "2025-11-25", FORM, other);
	legacy_call(&pair.w, &r, session, "test_ask", "{}");
	pair.w.server = pair.workers[1];
	legacy(&pair.w, &sent, other, note);
	expect_empty(&sent, 202);
	assert_int_equal(r.answers, 0);
	legacy(&pair.w, &sent, session, note);
	expect_empty(&sent, 202);
	assert_int_equal(r.answers, 1);
	assert_int_equal(r.body_len, 0);
	assert_int_equal(fiber_pool_alive(pair.w.fibers), 0);
	forget_kept(&r);
	reply_fini(&r);
	pair_close(&pair);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_call_waits_for_its_answer),
	    cmocka_unit_test(every_way_to_say_no_is_an_answer),
	    cmocka_unit_test(strangers_do_not_answer),
	    cmocka_unit_test(several_questions_wait_for_all_answers),
	    cmocka_unit_test(who_cannot_be_asked_is_told),
	    cmocka_unit_test(a_wait_has_an_end),
	    cmocka_unit_test(the_client_may_go_and_answer_all_the_same),
	    cmocka_unit_test(the_answer_may_reach_another_worker),
	    cmocka_unit_test(frames_do_not_lend_a_session),
	    cmocka_unit_test(a_cancellation_may_reach_another_worker),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
