/*
 * test_watch.c - who is told of changes: GET streams, subscriptions, stdio, here and at the other workers
 */
#include "many.h"
#include "watch.h"

#define LISTEN(id, wants)                                                                                              \
	"{\"jsonrpc\":\"2.0\",\"id\":" id ",\"method\":\"subscriptions/"                                               \
	"listen\",\"params\":{\"notifications\":" wants "," META "}}"
#define TAG(id) "\"_meta\":{\"io.modelcontextprotocol/subscriptionId\":" id "}"

static const struct action_change tools_changed = {.kind = ACTION_CHANGE_TOOLS};
static const struct action_change resources_changed = {.kind = ACTION_CHANGE_RESOURCES};

static void
change(struct office *o, uint32_t at, struct action_change what)
{
	mcp_server_change(o->servers[at], &what);
	deliver_all(o);
}

static void
update(struct office *o, uint32_t at, const char *uri, const char *principal)
{
	change(o, at,
	       (struct action_change){
		   .kind = ACTION_CHANGE_RESOURCE, .uri = slice_from_str(uri), .principal = slice_from_str(principal)});
}

static void
subscribe_as(struct office *o, uint32_t at, struct heard *h, const struct principal *who, const char *body)
{
	ask_as(o, at, h, who, NULL, "subscriptions/listen", body);
}

static void
subscribe(struct office *o, uint32_t at, struct heard *h, const char *body)
{
	subscribe_as(o, at, h, &alice, body);
}

static uint32_t
listeners(struct office *o, uint32_t at)
{
	struct mcp_gauges gauges;

	mcp_server_gauges(o->servers[at], &gauges);
	return gauges.listeners;
}

static void
expect_status(struct heard *h, int status)
{
	assert_int_equal(h->answers, 1);
	assert_int_equal(h->status, status);
	heard_fini(h);
}

/* ---- GET (R-097 to R-104) ---- */

static void
a_stream_hears_of_lists_from_any_worker(void **state)
{
	struct office o;
	struct heard h;
	char session[MCP_SESSION_ID_CAP];

	(void)state;
	office_open(&o);
	open_session(&o, session);
	get(&o, 1, &h, session, NULL);
	assert_non_null(h.exchange);
	assert_int_equal(h.n, 1); /* the priming event */
	assert_string_equal(h.events[0].data, "");
	assert_true(strncmp(h.events[0].id, "g-1-101-1-1-0-", 14) == 0);
	change(&o, 0, tools_changed);
	change(&o, 1, resources_changed);
	change(&o, 2, (struct action_change){.kind = ACTION_CHANGE_PROMPTS}); /* of which there are none */
	assert_int_equal(h.n, 3);
	assert_heard(&h, 1, "notifications/tools/list_changed");
	assert_heard(&h, 2, "notifications/resources/list_changed");
	assert_true(strncmp(h.events[2].id, "g-1-101-1-1-2-", 14) == 0);
	assert_int_equal(listeners(&o, 1), 1);
	leave(&h);
	assert_int_equal(listeners(&o, 1), 0);
	heard_fini(&h);
	office_close(&o);
}

/* Older clients fail on empty data. */
static void
older_clients_get_neither_priming_nor_ids(void **state)
{
	struct office o;
	struct heard h;
	char session[MCP_SESSION_ID_CAP];

	(void)state;
	office_open(&o);
	open_session_as(&o, &alice, "2025-06-18", session);
	get(&o, 0, &h, session, NULL);
	assert_int_equal(h.n, 0);
	change(&o, 1, tools_changed);
	assert_int_equal(h.n, 1);
	assert_string_equal(h.events[0].id, "");
	leave(&h);
	heard_fini(&h);
	office_close(&o);
}

/* */
static void
a_session_has_one_stream(void **state)
{
	struct office o;
	struct heard h, second, other;
	char session[MCP_SESSION_ID_CAP], another[MCP_SESSION_ID_CAP];

	(void)state;
	office_open(&o);
	open_session(&o, session);
	open_session(&o, another);
	get(&o, 0, &h, session, NULL);
	for (uint32_t at = 0; at < SERVERS; at++) {
		get(&o, at, &second, session, NULL);
		expect_status(&second, 409);
	}
	get(&o, 0, &other, another, NULL);
	assert_non_null(other.exchange);
	leave(&other);
	leave(&h);
	get(&o, 2, &second, session, NULL); /* it is free again */
	assert_non_null(second.exchange);
	leave(&second);
	heard_fini(&second);
	heard_fini(&other);
	heard_fini(&h);
	office_close(&o);
}

/* */
static void
the_stream_of_a_dead_worker_is_replaced(void **state)
{
	struct office o;
	struct heard h, second;
	char session[MCP_SESSION_ID_CAP];

	(void)state;
	office_open(&o);
	open_session(&o, session);
	get(&o, 0, &h, session, NULL);
	kill_server(&o, 0);
	get(&o, 1, &second, session, NULL);
	assert_non_null(second.exchange);
	change(&o, 2, tools_changed);
	assert_int_equal(second.n, 2);
	assert_int_equal(h.n, 1);
	leave(&h); /* its end takes nothing from the other one */
	heard_fini(&h);
	get(&o, 2, &h, session, NULL);
	expect_status(&h, 409);
	leave(&second);
	heard_fini(&second);
	office_close(&o);
}

/* Its connection is dead, but nobody has noticed here. */
static void
whoever_comes_back_takes_over(void **state)
{
	struct office o;
	struct heard h[3];
	char session[MCP_SESSION_ID_CAP];

	(void)state;
	office_open(&o);
	open_session(&o, session);
	get(&o, 0, &h[0], session, NULL);
	get(&o, 0, &h[1], session, h[0].events[0].id);
	assert_int_equal(h[0].answers, 1);
	get(&o, 2, &h[2], session, h[1].events[0].id);
	deliver_all(&o);
	assert_int_equal(h[1].answers, 1);
	assert_int_equal(h[2].n, 1); /* nothing has changed meanwhile */
	change(&o, 0, tools_changed);
	assert_int_equal(h[2].n, 2);
	leave(&h[2]);
	for (size_t i = 0; i < ARRAY_LEN(h); i++)
		heard_fini(&h[i]);
	office_close(&o);
}

/* The lists were others when the last event went out. */
static void
who_comes_back_learns_what_changed_meanwhile(void **state)
{
	struct office o;
	struct heard h;
	struct event_id id;
	char session[MCP_SESSION_ID_CAP], text[EVENT_ID_CAP + 1];
	struct slice made;

	(void)state;
	office_open(&o);
	open_session(&o, session);
	get(&o, 0, &h, session, NULL);
	assert_int_equal(event_id_parse(slice_from_str(h.events[0].id), &id), 0);
	leave(&h);
	heard_fini(&h);
	id.digests[0]++;
	id.digests[1]++; /* prompts: not offered now */
	made = event_id_format(&id, text);
	text[made.len] = '\0';
	get(&o, 1, &h, session, text);
	assert_int_equal(h.n, 2);
	assert_heard(&h, 1, "notifications/tools/list_changed");
	leave(&h);
	heard_fini(&h);
	office_close(&o);
}

static void
a_stream_needs_a_session(void **state)
{
	struct office o;
	struct heard h;
	struct mcp_request request;
	char session[MCP_SESSION_ID_CAP];

	(void)state;
	office_open(&o);
	open_session(&o, session);
	get(&o, 0, &h, NULL, NULL);
	expect_status(&h, 400);
	get(&o, 0, &h, "unknown", NULL);
	expect_status(&h, 404);
	get_as(&o, 0, &h, &bob, session, NULL);
	expect_status(&h, 404);
	memset(&h, 0, sizeof(h));
	request = request_of(&o, &h, &alice, session);
	request.takes_events = false;
	mcp_server_get(o.servers[0], &request,
		       &(struct mcp_channel){.send = hear_event, .answer = hear_answer, .ctx = &h}, &h.exchange);
	expect_status(&h, 406);
	office_close(&o);
}

/* */
static void
nothing_is_told_before_initialized(void **state)
{
	struct office o;
	struct heard h;
	struct reply r;
	char session[MCP_SESSION_ID_CAP];

	(void)state;
	office_open(&o);
	o.w.server = o.servers[0];
	initialize(&o.w, "2025-11-25", session);
	get(&o, 1, &h, session, NULL);
	change(&o, 0, tools_changed);
	assert_int_equal(h.n, 1);
	legacy(&o.w, &r, session, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}");
	expect_empty(&r, 202);
	change(&o, 0, tools_changed);
	assert_int_equal(h.n, 2);
	o.w.server = NULL;
	leave(&h);
	heard_fini(&h);
	office_close(&o);
}

static void
a_stream_keeps_its_session_and_ends_with_it(void **state)
{
	struct office o;
	struct heard h;
	char session[MCP_SESSION_ID_CAP];

	(void)state;
	office_open(&o);
	open_session(&o, session);
	get(&o, 0, &h, session, NULL);
	for (size_t i = 0; i < 3 * 60; i++) { /* an idle session would be over after one hour */
		o.w.later_ms += 60 * 1000;
		tick_all(&o);
	}
	assert_int_equal(h.answers, 0);
	assert_int_equal(mcp_session_destroy(&o.w.sessions, SLICE_LIT("alice"), slice_from_str(session),
					     (struct session_now){office_now(&o), 0}),
			 0);
	o.w.later_ms += 60 * 1000;
	tick_all(&o);
	assert_int_equal(h.answers, 1);
	heard_fini(&h);
	office_close(&o);
}

/* ---- resources/subscribe (R-262) ---- */

static void
ask_subscribe(struct office *o, uint32_t at, const char *session, const char *method, const char *uri, const char *part)
{
	struct heard h;
	char body[512];

	snprintf(body, sizeof(body), "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"resources/%s\",\"params\":{%s}}",
		 method, uri);
	ask(o, at, &h, session, body);
	assert_int_equal(h.status, 200);
	assert_heard(&h, 0, part);
	heard_fini(&h);
}

static void
updates_reach_sessions_that_subscribed(void **state)
{
	struct office o;
	struct heard h;
	char session[MCP_SESSION_ID_CAP];

	(void)state;
	office_open(&o);
	open_session(&o, session);
	get(&o, 0, &h, session, NULL);
	update(&o, 2, "test://watched", NULL);
	assert_int_equal(h.n, 1);
	ask_subscribe(&o, 1, session, "subscribe", "\"uri\":\"test://watched\"", "\"result\":{}");
	ask_subscribe(&o, 1, session, "subscribe", "\"uri\":\"test://watched\"", "\"result\":{}");
	ask_subscribe(&o, 2, session, "subscribe", "\"uri\":\"test://things/7\"", "\"result\":{}");
	update(&o, 2, "test://watched", NULL);
	update(&o, 0, "test://things/7", "alice");
	update(&o, 0, "test://things/8", NULL);
	update(&o, 1, "test://watched", "bob"); /* who alone may know */
	assert_int_equal(h.n, 3);
	assert_heard(&h, 1, "\"notifications/resources/updated\",\"params\":{\"uri\":\"test://watched\"}");
	assert_heard(&h, 2, "\"uri\":\"test://things/7\"");
	ask_subscribe(&o, 0, session, "unsubscribe", "\"uri\":\"test://watched\"", "\"result\":{}");
	ask_subscribe(&o, 0, session, "unsubscribe", "\"uri\":\"test://nothing\"", "\"result\":{}");
	update(&o, 2, "test://watched", NULL);
	assert_int_equal(h.n, 3);
	leave(&h);
	heard_fini(&h);
	office_close(&o);
}

static void
only_what_can_be_watched_is_subscribed(void **state)
{
	struct office o;
	char session[MCP_SESSION_ID_CAP], uri[64];

	(void)state;
	office_open(&o);
	open_session(&o, session);
	ask_subscribe(&o, 0, session, "subscribe", "\"uri\":\"test://still\"", "-32002");
	ask_subscribe(&o, 0, session, "subscribe", "\"uri\":\"test://nothing\"",
		      "\"data\":{\"uri\":\"test://nothing\"}");
	ask_subscribe(&o, 0, session, "subscribe", "\"uri\":7", "-32602");
	ask_subscribe(&o, 0, session, "unsubscribe", "", "-32602");
	for (int i = 0; i < MCP_SESSION_SUBSCRIPTIONS_MAX; i++) {
		snprintf(uri, sizeof(uri), "\"uri\":\"test://things/%d\"", i);
		ask_subscribe(&o, 0, session, "subscribe", uri, "\"result\":{}");
	}
	ask_subscribe(&o, 0, session, "subscribe", "\"uri\":\"test://things/more\"", "-32602");
	office_close(&o);
}

/* ---- subscriptions/listen (R-250 to R-260) ---- */

static void
a_subscription_is_acknowledged_first(void **state)
{
	struct office o;
	struct heard h;

	(void)state;
	office_open(&o);
	subscribe(&o, 0, &h,
		  LISTEN("12", "{\"toolsListChanged\":true,\"promptsListChanged\":true,\"resourcesListChanged\":false,"
			       "\"resourceSubscriptions\":[\"test://watched\",\"test://still\",\"no\"]}"));
	assert_non_null(h.exchange);
	assert_int_equal(h.n, 1);
	assert_string_equal(
	    h.events[0].data,
	    "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/subscriptions/acknowledged\",\"params\":{" TAG(
		"12") ",\"notifications\":{\"toolsListChanged\":true,\"resourceSubscriptions\":["
		      "\"test://watched\"]}}}");
	assert_string_equal(h.events[0].id, ""); /* */
	change(&o, 1, tools_changed);
	change(&o, 1, resources_changed);
	update(&o, 1, "test://watched", NULL);
	update(&o, 1, "test://still", NULL);
	assert_int_equal(h.n, 3);
	assert_string_equal(
	    h.events[1].data,
	    "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/tools/list_changed\",\"params\":{" TAG("12") "}}");
	assert_heard(&h, 2, TAG("12") ",\"uri\":\"test://watched\"");
	leave(&h);
	assert_int_equal(listeners(&o, 0), 0);
	heard_fini(&h);
	office_close(&o);
}

/* */
static void
several_subscriptions_in_every_worker(void **state)
{
	static const char *const ids[] = {"1", "\"1\"", "9007199254740993", "\"\\u00e4\""};
	struct office o;
	struct heard h[SERVERS][4];
	char body[1024], tag[128];

	(void)state;
	office_open(&o);
	for (uint32_t at = 0; at < SERVERS; at++) {
		for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
			snprintf(body, sizeof(body), LISTEN("%s", "{\"toolsListChanged\":true}"), ids[i]);
			subscribe(&o, at, &h[at][i], body);
		}
		assert_int_equal(listeners(&o, at), ARRAY_LEN(ids));
	}
	change(&o, 2, tools_changed);
	for (uint32_t at = 0; at < SERVERS; at++) {
		for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
			snprintf(tag, sizeof(tag), TAG("%s"), ids[i]);
			assert_int_equal(h[at][i].n, 2);
			assert_heard(&h[at][i], 0, tag);
			assert_heard(&h[at][i], 1, tag);
			leave(&h[at][i]);
			heard_fini(&h[at][i]);
		}
	}
	office_close(&o);
}

static void
a_principal_alone_learns_of_its_own(void **state)
{
	struct office o;
	struct heard hers, his;

	(void)state;
	office_open(&o);
	subscribe(&o, 0, &hers, LISTEN("1", "{\"resourceSubscriptions\":[\"test://watched\"]}"));
	subscribe_as(&o, 0, &his, &bob, LISTEN("1", "{\"resourceSubscriptions\":[\"test://watched\"]}"));
	update(&o, 0, "test://watched", "bob");
	update(&o, 1, "test://watched", "bob");
	assert_int_equal(hers.n, 1);
	assert_int_equal(his.n, 3);
	leave(&hers);
	leave(&his);
	heard_fini(&hers);
	heard_fini(&his);
	office_close(&o);
}

static void
bad_wishes_are_refused(void **state)
{
	static const struct {
		const char *body;
		int status;
		const char *part;
	} cases[] = {
	    {LISTEN("1", "[]"), 200, "-32602"},
	    {LISTEN("1", "{\"toolsListChanged\":1}"), 200, "-32602"},
	    {LISTEN("1", "{\"resourceSubscriptions\":\"test://watched\"}"), 200, "-32602"},
	    {LISTEN("1", "{\"resourceSubscriptions\":[1]}"), 200, "-32602"},
	    {LISTEN("1", "{\"taskIds\":[\"a\"]}"), 400,
	     "\"requiredCapabilities\":{\"extensions\":{\"io.modelcontextprotocol/tasks\":{}}}"},
	    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"subscriptions/listen\",\"params\":{" META "}}", 200, "-32602"},
	};
	struct office o;
	struct heard h;
	struct mcp_request request;

	(void)state;
	office_open(&o);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		subscribe(&o, 0, &h, cases[i].body);
		assert_int_equal(h.answers, 1);
		assert_heard(&h, 0, cases[i].part);
		expect_status(&h, cases[i].status);
	}
	memset(&h, 0, sizeof(h)); /* */
	request = request_of(&o, &h, &alice, NULL);
	request.takes_events = false;
	request.headers.protocol_version = SLICE_LIT("2026-07-28");
	request.headers.method = SLICE_LIT("subscriptions/listen");
	request.body = SLICE_LIT(LISTEN("1", "{}"));
	mcp_server_post(o.servers[0], &request,
			&(struct mcp_channel){.send = hear_event, .answer = hear_answer, .ctx = &h}, &h.exchange);
	expect_status(&h, 406);
	assert_int_equal(listeners(&o, 0), 0);
	office_close(&o);
}

/* */
static void
a_retiring_worker_ends_what_listens(void **state)
{
	struct office o;
	struct heard modern_one, stream, call;
	char session[MCP_SESSION_ID_CAP];

	(void)state;
	office_open(&o);
	open_session(&o, session);
	subscribe(&o, 0, &modern_one, LISTEN("\"s\"", "{\"toolsListChanged\":true}"));
	get(&o, 0, &stream, session, NULL);
	ask(&o, 0, &call, session, CALL_WAIT);
	mcp_server_retire(o.servers[0]);
	assert_int_equal(modern_one.answers, 1);
	assert_heard(&modern_one, 1,
		     "\"id\":\"s\",\"result\":{\"resultType\":\"complete\","
		     "\"_meta\":{"
		     "\"io.modelcontextprotocol/subscriptionId\":\"s\"");
	assert_int_equal(stream.answers, 1);
	assert_false(stream.has_body);
	assert_true(stream.retry_ms > 0);
	assert_int_equal(call.answers, 0);
	heard_fini(&stream);
	heard_fini(&modern_one);
	get(&o, 0, &stream, session, NULL); /* on a connection that was kept */
	assert_int_equal(stream.answers, 1);
	assert_true(stream.retry_ms > 0);
	heard_fini(&stream);
	subscribe(&o, 0, &modern_one, LISTEN("1", "{}"));
	assert_int_equal(modern_one.answers, 1);
	assert_int_equal(modern_one.n, 2);
	heard_fini(&modern_one);
	get(&o, 1, &stream, session, NULL);
	assert_non_null(stream.exchange);
	leave(&stream);
	gate_open(&o.w.gates, 0);
	assert_int_equal(call.answers, 1);
	heard_fini(&call);
	heard_fini(&stream);
	office_close(&o);
}

/* */
static void
a_subscription_ends_with_the_token(void **state)
{
	const struct principal carol = {.name = "carol", .expires_ms = clock_wall_ms() + 60 * 1000};
	struct office o;
	struct heard h;

	(void)state;
	office_open(&o);
	subscribe_as(&o, 0, &h, &carol, LISTEN("1", "{\"toolsListChanged\":true}"));
	o.w.later_ms += 58 * 1000;
	tick_all(&o);
	assert_int_equal(h.answers, 0);
	o.w.later_ms += 3000;
	tick_all(&o);
	assert_int_equal(h.answers, 1);
	assert_heard(&h, 1, "\"resultType\":\"complete\"");
	heard_fini(&h);
	office_close(&o);
}

/* ---- stdio ---- */

static void
post_line(struct office *o, struct heard *h, const char *session, const char *body)
{
	struct mcp_request request;
	struct mcp_exchange *exchange = NULL;

	memset(h, 0, sizeof(*h));
	request = request_of(o, h, &alice, session);
	request.transport = MCP_STDIO;
	request.body = lend(h, 1, body);
	mcp_server_post(o->servers[0], &request,
			&(struct mcp_channel){.send = hear_event, .answer = hear_answer, .ctx = h}, &exchange);
	h->exchange = exchange;
}

/* and section 24: on stdio the end is said twice. */
static void
subscriptions_on_stdio(void **state)
{
	struct office o;
	struct heard h, cancel;

	(void)state;
	office_open(&o);
	post_line(&o, &h, NULL, LISTEN("5", "{\"toolsListChanged\":true}"));
	assert_heard(&h, 0, "acknowledged");
	change(&o, 0, tools_changed);
	assert_int_equal(h.n, 2);
	post_line(&o, &cancel, NULL,
		  "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":5," META "}}");
	assert_int_equal(h.answers, 1);
	assert_true(h.is_cancelled);
	assert_false(h.has_body);
	assert_int_equal(listeners(&o, 0), 0);
	heard_fini(&cancel);
	heard_fini(&h);
	post_line(&o, &h, NULL, LISTEN("6", "{\"toolsListChanged\":true}"));
	mcp_server_retire(o.servers[0]);
	assert_int_equal(h.answers, 1);
	assert_int_equal(h.n, 3);
	assert_heard(&h, 1, "\"id\":6,\"result\"");
	assert_heard(&h, 2, "\"notifications/cancelled\",\"params\":{\"requestId\":6");
	heard_fini(&h);
	office_close(&o);
}

static void
the_session_of_a_stdio_process_is_told(void **state)
{
	struct office o;
	struct heard h;
	struct mcp_request request;
	char session[MCP_SESSION_ID_CAP];

	(void)state;
	office_open(&o);
	open_session(&o, session);
	memset(&h, 0, sizeof(h));
	request = request_of(&o, &h, &alice, session);
	request.transport = MCP_STDIO;
	mcp_server_get(o.servers[0], &request,
		       &(struct mcp_channel){.send = hear_event, .answer = hear_answer, .ctx = &h}, &h.exchange);
	assert_non_null(h.exchange);
	assert_int_equal(h.n, 0);
	change(&o, 0, tools_changed);
	assert_int_equal(h.n, 1);
	assert_string_equal(h.events[0].id, "");
	leave(&h);
	heard_fini(&h);
	office_close(&o);
}

/* ---- other programs beside us ---- */

static void
another_list_beside_us_is_news_once(void **state)
{
	struct office o;
	struct heard h;
	struct frame frame = {.kind = FRAME_LISTS, .slot = 1, .pid = 101, .digests = {1, 2, 3}};
	struct buf bytes;

	(void)state;
	office_open(&o);
	subscribe(&o, 0, &h, LISTEN("1", "{\"toolsListChanged\":true}"));
	tick_all(&o); /* all say what they offer: the same */
	assert_int_equal(h.n, 1);
	buf_init(&bytes, MCP_FRAME_MAX);
	assert_int_equal(frame_write(&bytes, &frame), 0);
	for (size_t i = 0; i < 3; i++)
		mcp_server_receive(o.servers[0], buf_slice(&bytes), office_now(&o), 0);
	assert_int_equal(h.n, 2);
	buf_fini(&bytes);
	leave(&h);
	heard_fini(&h);
	office_close(&o);
}

static void
foreign_frames_are_counted(void **state)
{
	static const char *const bad[] = {"", "x", "\1\3\0\0\0\0\0\0\0\0\0\0"};
	struct office o;
	struct mcp_gauges gauges;
	struct frame frame = {.kind = FRAME_CHANGE, .number = 9};
	struct buf bytes;

	(void)state;
	office_open(&o);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		mcp_server_receive(o.servers[0], slice_from_str(bad[i]), office_now(&o), 0);
	buf_init(&bytes, MCP_FRAME_MAX);
	assert_int_equal(frame_write(&bytes, &frame), 0);
	mcp_server_receive(o.servers[0], buf_slice(&bytes), office_now(&o), 0);
	mcp_server_gauges(o.servers[0], &gauges);
	assert_int_equal(gauges.foreign_frames, 4);
	buf_fini(&bytes);
	office_close(&o);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_stream_hears_of_lists_from_any_worker),
	    cmocka_unit_test(older_clients_get_neither_priming_nor_ids),
	    cmocka_unit_test(a_session_has_one_stream),
	    cmocka_unit_test(the_stream_of_a_dead_worker_is_replaced),
	    cmocka_unit_test(whoever_comes_back_takes_over),
	    cmocka_unit_test(who_comes_back_learns_what_changed_meanwhile),
	    cmocka_unit_test(a_stream_needs_a_session),
	    cmocka_unit_test(nothing_is_told_before_initialized),
	    cmocka_unit_test(a_stream_keeps_its_session_and_ends_with_it),
	    cmocka_unit_test(updates_reach_sessions_that_subscribed),
	    cmocka_unit_test(only_what_can_be_watched_is_subscribed),
	    cmocka_unit_test(a_subscription_is_acknowledged_first),
	    cmocka_unit_test(several_subscriptions_in_every_worker),
	    cmocka_unit_test(a_principal_alone_learns_of_its_own),
	    cmocka_unit_test(bad_wishes_are_refused),
	    cmocka_unit_test(a_retiring_worker_ends_what_listens),
	    cmocka_unit_test(a_subscription_ends_with_the_token),
	    cmocka_unit_test(subscriptions_on_stdio),
	    cmocka_unit_test(the_session_of_a_stdio_process_is_told),
	    cmocka_unit_test(another_list_beside_us_is_news_once),
	    cmocka_unit_test(foreign_frames_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
