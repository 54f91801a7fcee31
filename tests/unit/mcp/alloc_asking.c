/*
 * alloc_asking.c - asking without memory: each message is answered once, as ever or with our own shortage; nobody is
 * left waiting, and nothing is taken for an answer that was none
 */
#include "request_state.h"

#include "world.h"

#include "exchange.h"
#include "torture.h"

#define ANN "{\"action\":\"accept\",\"content\":{\"name\":\"Ann\"}}"
#define MODERN(more)                                                                                                   \
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"test_ask\",\"arguments\":{"    \
	"\"keep\":true}," more "\"_meta\":{" META_VERSION                                                              \
	"\"2026-07-28\",\"io.modelcontextprotocol/clientCapabilities\":{\"elicitation\":{}}}}}"
#define TEXT_MAX 16384

struct stage {
	struct world *w;
	const char *session;
	int (*scenario)(void *stage);
};

/* What the core keeps for the next exchange is no leak. */
static int
play_once(void *ctx)
{
	struct stage *stage = ctx;
	int r = stage->scenario(stage);

	pool_shelf_fini(&stage->w->server->pools);
	return r;
}

/* What came, without an allocation of the test's own. */
struct seen {
	int answers, status, rpc_code, events;
	char event[TEXT_MAX];
	char body[TEXT_MAX];
};

static int
note_event(void *ctx, const struct mcp_event *event)
{
	struct seen *seen = ctx;

	seen->events++;
	if (event->data.len == 0) /* the priming event, late where there was no memory for a stream before */
		return 0;
	assert_int_equal(slice_to_str(event->data, seen->event, sizeof(seen->event)), 0);
	return 0;
}

static void
note_answer(void *ctx, const struct mcp_answer *answer)
{
	struct seen *seen = ctx;

	assert_int_equal(++seen->answers, 1);
	seen->status = answer->http_status;
	seen->rpc_code = answer->rpc_code;
	assert_int_equal(slice_to_str(answer->body, seen->body, sizeof(seen->body)), 0);
}

static struct mcp_exchange *
send_body(const struct stage *stage, struct seen *seen, const char *body)
{
	bool modern = stage->session == NULL;
	const struct mcp_request request = {
	    .takes_events = true,
	    .body = slice_from_str(body),
	    .headers = {.protocol_version = modern ? SLICE_LIT("2026-07-28") : SLICE_NONE,
			.method = modern ? SLICE_LIT("tools/call") : SLICE_NONE,
			.name = modern ? SLICE_LIT("test_ask") : SLICE_NONE,
			.session_id = slice_from_str(stage->session)},
	    .principal = &alice,
	    .request_id = "1",
	    .now_mono_ms = clock_mono_ms(),
	    .now_wall_ms = clock_wall_ms(),
	};
	struct mcp_exchange *exchange;

	memset(seen, 0, sizeof(*seen));
	mcp_server_post(stage->w->server, &request,
			&(struct mcp_channel){.send = note_event, .answer = note_answer, .ctx = seen}, &exchange);
	return exchange;
}

static bool
is_shortage(const struct seen *seen)
{
	assert_int_equal(seen->answers, 1);
	return seen->status == 503 || seen->rpc_code == RPC_INTERNAL_ERROR ||
	       strstr(seen->body, "INTERNAL_ERROR") != NULL || strstr(seen->body, "-32603") != NULL;
}

/* The text between two marks. */
static void
cut(const char *text, const char *before, const char *after, char *dst, size_t cap)
{
	const char *from = strstr(text, before);
	const char *to;

	assert_non_null(from);
	from += strlen(before);
	to = strstr(from, after);
	assert_non_null(to);
	assert_int_equal(slice_to_str(slice_of(from, (size_t)(to - from)), dst, cap), 0);
}

/* ---- modern ---- */

static int
rounds_scenario(void *ctx)
{
	static char body[2 * TEXT_MAX], state[TEXT_MAX];
	static struct seen seen;

	assert_null(send_body(ctx, &seen, MODERN("")));
	if (is_shortage(&seen))
		return ERR_NOMEM;
	cut(seen.body, "\"requestState\":\"", "\"", state, sizeof(state));
	snprintf(body, sizeof(body), MODERN("\"inputResponses\":{\"form\":" ANN "},\"requestState\":\"%s\","), state);
	assert_null(send_body(ctx, &seen, body));
	if (is_shortage(&seen))
		return ERR_NOMEM;
	assert_non_null(strstr(seen.body, "\"kept\":5"));
	assert_non_null(strstr(seen.body, "\"isError\":false"));
	return 0;
}

static void
rounds(void **unused)
{
	struct world w;
	struct stage stage = {.w = &w, .scenario = rounds_scenario};

	(void)unused;
	world_open(&w);
	torture("rounds", play_once, &stage);
	assert_true(torture_failures() > 100);
	world_close(&w);
}

/* ---- legacy ---- */

static int
ask_and_answer(void *ctx)
{
	static struct seen seen, answered;
	struct mcp_exchange *exchange;
	char body[512], id[128];

	exchange =
	    send_body(ctx, &seen,
		      "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"tools/call\",\"params\":{\"name\":\"test_ask\","
		      "\"_meta\":{\"progressToken\":1}}}");
	if (exchange == NULL) {
		assert_true(is_shortage(&seen));
		return ERR_NOMEM;
	}
	assert_in_range(seen.events, 1, 2);
	cut(seen.event, "\"id\":\"", "\"", id, sizeof(id));
	snprintf(body, sizeof(body), "{\"jsonrpc\":\"2.0\",\"id\":\"%s\",\"result\":" ANN "}", id);
	assert_null(send_body(ctx, &answered, body));
	if (answered.status != 202) { /* not taken: the call still waits */
		assert_int_equal(seen.answers, 0);
		mcp_server_cancel(&exchange);
		return ERR_NOMEM;
	}
	if (is_shortage(&seen))
		return ERR_NOMEM;
	assert_non_null(strstr(seen.body, "Ann"));
	return 0;
}

/* What is kept for a resume is no leak: an hour later it is let go. */
static int
asking_scenario(void *ctx)
{
	struct stage *stage = ctx;
	int r = ask_and_answer(ctx);

	mcp_server_tick(stage->w->server, clock_mono_ms() + 3600000);
	return r;
}

static void
asking(void **unused)
{
	char session[MCP_SESSION_ID_CAP];
	struct world w;
	struct stage stage = {.w = &w, .session = session, .scenario = asking_scenario};

	(void)unused;
	world_open(&w);
	initialize_capable(&w, "2025-11-25", "{\"elicitation\":{}}", session);
	torture("asking", play_once, &stage);
	assert_true(torture_failures() > 50);
	world_close(&w);
}

/* ---- arrays ---- */

static int
batch_scenario(void *ctx)
{
	static struct seen seen;
	const struct stage *stage = ctx;
	struct mcp_exchange *exchange;

	stage->w->gates.n = 0;
	exchange =
	    send_body(ctx, &seen,
		      "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"},{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":"
		      "\"tools/call\",\"params\":{\"name\":\"test_wait\"}},5]");
	if (exchange != NULL)
		gate_open(&stage->w->gates, 0);
	if (is_shortage(&seen))
		return ERR_NOMEM;
	assert_non_null(strstr(seen.body, "waited"));
	return 0;
}

static void
arrays(void **unused)
{
	char session[MCP_SESSION_ID_CAP];
	struct world w;
	struct stage stage = {.w = &w, .session = session, .scenario = batch_scenario};

	(void)unused;
	world_open(&w);
	initialize(&w, "2025-03-26", session);
	torture("arrays", play_once, &stage);
	assert_true(torture_failures() > 20);
	world_close(&w);
}

/* ---- states ---- */

static int
state_scenario(void *ctx)
{
	const struct segment_keys *keys = ctx;
	json_t *params = json_pack("{s:s, s:{s:i}}", "name", "t", "arguments", "a", 1);
	json_t *kept = json_pack("{s:s}", "k", "v");
	const struct request_binding binding = {SLICE_LIT("alice"), "tools/call", params, 60000};
	struct request_state state = {.kept = NULL};
	struct buf out;
	int r = params != NULL && kept != NULL ? 0 : ERR_NOMEM;

	buf_init(&out, REQUEST_STATE_TEXT_MAX);
	if (r == 0)
		r = request_state_put(keys, &binding, kept, 1000, &out);
	if (r == 0)
		r = request_state_open(keys, &binding, buf_slice(&out), 1000, &state);
	if (r != 0 && r != ERR_NOMEM)
		fail_msg("%d", r);
	assert_true(r < 0 || json_equal(state.kept, kept));
	json_decref(state.kept);
	json_decref(kept);
	json_decref(params);
	buf_fini(&out);
	return r;
}

static void
states(void **unused)
{
	struct segment_keys *keys = NULL;

	(void)unused;
	assert_int_equal(segment_keys_create(&keys, NULL), 0);
	torture("states", state_scenario, keys);
	assert_true(torture_failures() > 20);
	segment_keys_free(&keys);
}

/* Jansson's own allocations fail too. */
int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rounds),
	    cmocka_unit_test(asking),
	    cmocka_unit_test(arrays),
	    cmocka_unit_test(states),
	};

	json_set_alloc_funcs(torture_malloc, torture_free);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
