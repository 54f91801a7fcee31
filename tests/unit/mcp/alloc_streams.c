/*
 * alloc_streams.c - streams, resumes, watchers and frames without memory: whoever is served is told of the end exactly
 * once, and when all is over nothing is kept
 */
#include "many.h"
#include "streams.h"
#include "torture.h"

#define LATER_MS (EVENTS_KEPT_MS + 1000)
#define LETTERS 16

/* Frames in fixed room: the post itself never fails here. */
static struct {
	uint32_t to;
	size_t len;
	char bytes[8192];
} letters[LETTERS];
static size_t n_letters;

static void
put_letter(void *ctx, uint32_t slot, struct slice frame)
{
	(void)ctx;
	assert_true(frame.len <= sizeof(letters[0].bytes));
	if (n_letters == LETTERS || slot >= SERVERS)
		return;
	letters[n_letters].to = slot;
	letters[n_letters].len = frame.len;
	memcpy(letters[n_letters++].bytes, frame.ptr, frame.len);
}

static void
put_letters(void *ctx, struct slice frame)
{
	const struct seat *seat = ctx;

	for (uint32_t slot = 0; slot < SERVERS; slot++) {
		if (slot != seat->slot)
			put_letter(ctx, slot, frame);
	}
}

struct stage {
	struct office o;
	char session[MCP_SESSION_ID_CAP];
	uint64_t now_ms;
};

static void
hand_out(struct stage *s)
{
	for (size_t i = 0; i < n_letters; i++)
		mcp_server_receive(s->o.servers[letters[i].to], slice_of(letters[i].bytes, letters[i].len), s->now_ms,
				   s->now_ms);
	n_letters = 0;
}

static void
stage_open(struct stage *s)
{
	office_open(&s->o);
	for (size_t i = 0; i < SERVERS; i++) {
		s->o.peers[i].post = put_letter;
		s->o.peers[i].post_all = put_letters;
	}
	open_session(&s->o, s->session);
	s->now_ms = office_now(&s->o);
}

/* ---- a client that remembers little ---- */

struct brief {
	struct mcp_exchange *exchange;
	int answers, status;
	size_t events;
	char first_id[EVENT_ID_CAP];
};

static int
note_event(void *ctx, const struct mcp_event *event)
{
	struct brief *b = ctx;

	assert_int_equal(b->answers, 0);
	if (b->events++ == 0)
		assert_int_equal(slice_to_str(event->id, b->first_id, sizeof(b->first_id)), 0);
	return 0;
}

static void
note_answer(void *ctx, const struct mcp_answer *answer)
{
	struct brief *b = ctx;

	assert_int_equal(++b->answers, 1);
	b->status = answer->http_status;
	b->exchange = NULL;
}

static struct mcp_request
brief_request(const struct stage *s, bool in_session)
{
	return (struct mcp_request){.takes_events = true,
				    .headers = {.session_id = in_session ? slice_from_str(s->session) : SLICE_NONE},
				    .principal = &alice,
				    .request_id = "1",
				    .now_mono_ms = s->now_ms,
				    .now_wall_ms = s->now_ms};
}

static void
brief_post(struct stage *s, struct brief *b, const struct mcp_request *request)
{
	struct mcp_exchange *exchange = NULL;

	*b = (struct brief){.answers = 0};
	mcp_server_post(s->o.servers[0], request,
			&(struct mcp_channel){.send = note_event, .answer = note_answer, .ctx = b}, &exchange);
	assert_true((exchange == NULL) == (b->answers == 1));
	b->exchange = exchange;
}

static void
brief_get(struct stage *s, uint32_t at, struct brief *b, const char *last_event_id)
{
	struct mcp_request request = brief_request(s, true);
	struct mcp_exchange *exchange = NULL;

	*b = (struct brief){.answers = 0};
	request.headers.last_event_id = slice_from_str(last_event_id);
	mcp_server_get(s->o.servers[at], &request,
		       &(struct mcp_channel){.send = note_event, .answer = note_answer, .ctx = b}, &exchange);
	assert_true((exchange == NULL) == (b->answers == 1));
	b->exchange = exchange;
}

/* Everybody leaves, and everything that was kept is too old. */
static int
clear_away(struct stage *s, struct brief *const *clients, size_t n)
{
	struct mcp_gauges gauges;

	for (size_t i = 0; i < n; i++)
		mcp_server_hangup(&clients[i]->exchange);
	n_letters = 0;
	for (size_t i = 0; i < s->o.w.gates.n; i++) {
		if (s->o.w.gates.waits[i] != NULL)
			gate_open(&s->o.w.gates, i);
	}
	s->o.w.gates.n = 0;
	for (uint32_t at = 0; at < SERVERS; at++) {
		mcp_server_tick(s->o.servers[at], s->now_ms + LATER_MS);
		mcp_server_gauges(s->o.servers[at], &gauges);
		assert_true(LIST_EMPTY(&s->o.servers[at]->exchanges));
		assert_int_equal(gauges.listeners, 0);
		assert_int_equal(gauges.kept_streams, 0);
		assert_int_equal(gauges.kept_bytes, 0);
		pool_shelf_fini(&s->o.servers[at]->pools);
	}
	n_letters = 0;
	return torture_has_failed() ? ERR_NOMEM : 0;
}

/* ---- scenarios ---- */

static int
resume_scenario(void *ctx)
{
	struct stage *s = ctx;
	struct brief call, here, there;
	struct mcp_request request = brief_request(s, true);
	struct brief *const all[] = {&call, &here, &there};

	here = there = (struct brief){.answers = 0};
	request.body = SLICE_LIT(CALL_WAIT);
	brief_post(s, &call, &request);
	if (call.exchange != NULL) {
		(void)exchange_send(call.exchange, SLICE_LIT("{\"one\":1}"));
		(void)exchange_send(call.exchange, SLICE_LIT("{\"two\":2}"));
	}
	if (call.events > 0 && call.first_id[0] != '\0') {
		brief_get(s, 1, &there, call.first_id);
		hand_out(s);
		hand_out(s);
		brief_get(s, 0, &here, call.first_id);
		hand_out(s);
	}
	if (!torture_has_failed()) {
		assert_int_equal(here.events, 3);
		assert_int_equal(there.answers, 1); /* who came later reads now */
	}
	return clear_away(s, all, ARRAY_LEN(all));
}

static int
watch_scenario(void *ctx)
{
	struct stage *s = ctx;
	struct brief stream, subscription, subscribed;
	struct mcp_request request = brief_request(s, true);
	struct brief *const all[] = {&stream, &subscription, &subscribed};
	const struct action_change change = {.kind = ACTION_CHANGE_RESOURCE, .uri = SLICE_LIT("test://watched")};

	request.body = SLICE_LIT("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"resources/"
				 "subscribe\",\"params\":{\"uri\":\"test://watched\"}}");
	brief_post(s, &subscribed, &request);
	request = brief_request(s, false);
	request.headers.protocol_version = SLICE_LIT("2026-07-28");
	request.headers.method = SLICE_LIT("subscriptions/listen");
	request.body = SLICE_LIT("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"subscriptions/"
				 "listen\",\"params\":{\"notifications\":{\"resourceSubscriptions\":[\"test://"
				 "watched\"]}," META "}}");
	brief_post(s, &subscription, &request);
	brief_get(s, 0, &stream, NULL);
	mcp_server_change(s->o.servers[1], &change);
	hand_out(s);
	if (!torture_has_failed()) {
		assert_int_equal(stream.events, 2);
		assert_int_equal(subscription.events, 2);
	}
	if (torture_has_failed() && subscription.exchange != NULL)
		mcp_server_retire(s->o.servers[0]);
	s->o.servers[0]->is_retiring = false;
	return clear_away(s, all, ARRAY_LEN(all));
}

static void
play(const char *name, int (*scenario)(void *ctx))
{
	struct stage *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	stage_open(s);
	torture(name, scenario, s);
	assert_true(torture_failures() > 10);
	n_letters = 0;
	for (size_t i = 0; i < SERVERS; i++)
		s->o.is_dead[i] = true;
	office_close(&s->o);
	free(s);
}

static void
reading_again(void **state)
{
	(void)state;
	play("read again", resume_scenario);
}

static void
watching(void **state)
{
	(void)state;
	play("watch", watch_scenario);
}

/* Jansson's own allocations fail too. */
int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reading_again),
	    cmocka_unit_test(watching),
	};

	json_set_alloc_funcs(torture_malloc, torture_free);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
