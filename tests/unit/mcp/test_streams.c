/*
 * test_streams.c - answers that a client comes back for, at the same worker and at another one
 */
#include "many.h"
#include "streams.h"

/* A call that waits, and what its client has heard so far: the priming event. */
static struct mcp_exchange *
begin_call(struct office *o, uint32_t server, struct heard *h, const char *session)
{
	ask(o, server, h, session, CALL_WAIT);
	assert_non_null(h->exchange);
	assert_int_equal(h->n, 1);
	assert_string_equal(h->events[0].data, "");
	return h->exchange;
}

static void
say(struct mcp_exchange *x, const char *text)
{
	char message[256];

	snprintf(message, sizeof(message),
		 "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\",\"params\":{\"data\":\"%s\"}}", text);
	assert_int_equal(exchange_send(x, slice_from_str(message)), 0);
}

static uint32_t
kept_streams(struct office *o, uint32_t server)
{
	struct mcp_gauges gauges;

	mcp_server_gauges(o->servers[server], &gauges);
	return gauges.kept_streams;
}

/* ---- R-100 ---- */

static void
a_call_that_waits_is_a_stream_with_ids(void **state)
{
	struct office o;
	struct heard h;
	struct mcp_exchange *x;
	char session[MCP_SESSION_ID_CAP];

	(void)state;
	office_open(&o);
	open_session(&o, session);
	x = begin_call(&o, 1, &h, session);
	say(x, "one");
	gate_open(&o.w.gates, 0);
	assert_int_equal(h.answers, 1);
	assert_int_equal(h.n, 3);
	assert_heard(&h, 1, "\"one\"");
	assert_heard(&h, 2, "\"id\":7,\"result\"");
	assert_string_equal(h.events[0].id, "c-1-101-1-1-0");
	assert_string_equal(h.events[1].id, "c-1-101-1-1-1");
	assert_string_equal(h.events[2].id, "c-1-101-1-1-2");
	heard_fini(&h);
	office_close(&o);
}

static void
what_is_answered_at_once_has_no_events(void **state)
{
	struct office o;
	struct heard h;
	char session[MCP_SESSION_ID_CAP];

	(void)state;
	office_open(&o);
	open_session(&o, session);
	ask(&o, 0, &h, session, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}");
	assert_int_equal(h.answers, 1);
	assert_string_equal(h.events[0].id, "");
	assert_int_equal(kept_streams(&o, 0), 0);
	heard_fini(&h);
	office_close(&o);
}

/* Older clients fail on empty data; the modern era resumes nothing. */
static void
older_and_newer_clients_see_no_ids(void **state)
{
	static const char *const versions[] = {"2025-03-26", "2025-06-18"};
	struct office o;
	struct heard h;
	char session[MCP_SESSION_ID_CAP];

	(void)state;
	office_open(&o);
	for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
		open_session_as(&o, &alice, versions[i], session);
		ask(&o, 0, &h, session, CALL_WAIT);
		assert_int_equal(h.n, 0);
		say(h.exchange, "x");
		assert_string_equal(h.events[0].id, "");
		gate_open(&o.w.gates, i);
		assert_string_equal(h.events[1].id, "");
		heard_fini(&h);
	}
	assert_int_equal(kept_streams(&o, 0), 0);
	office_close(&o);
}

/* ---- R-101, R-102 ---- */

static void
resume_gives_exactly_what_is_missing(struct office *o, uint32_t at)
{
	struct heard first, again;
	struct mcp_exchange *x;
	char session[MCP_SESSION_ID_CAP];
	size_t gate = o->w.gates.n;

	open_session(o, session);
	x = begin_call(o, 0, &first, session);
	say(x, "one");
	say(x, "two");
	leave(&first);
	say(x, "three");
	get(o, at, &again, session, first.events[1].id);
	assert_non_null(again.exchange);
	assert_true(mcp_exchange_is_open(again.exchange) == (at == 0)); /* another worker is asked first */
	deliver_all(o);
	assert_non_null(again.exchange);
	assert_int_equal(again.n, 3);
	assert_string_equal(again.events[0].data, "");
	assert_string_equal(again.events[0].id, first.events[1].id);
	assert_heard(&again, 1, "two");
	assert_string_equal(again.events[1].id, first.events[2].id);
	assert_heard(&again, 2, "three");
	say(x, "four");
	deliver_all(o);
	assert_int_equal(again.n, 4);
	gate_open(&o->w.gates, gate);
	deliver_all(o);
	assert_int_equal(again.answers, 1);
	assert_int_equal(again.n, 5);
	assert_heard(&again, 3, "four");
	assert_heard(&again, 4, "\"id\":7,\"result\"");
	heard_fini(&again);
	heard_fini(&first);
}

static void
the_rest_is_read_at_the_same_worker(void **state)
{
	struct office o;

	(void)state;
	office_open(&o);
	resume_gives_exactly_what_is_missing(&o, 0);
	assert_int_equal(o.posted, 0);
	office_close(&o);
}

static void
the_rest_is_read_at_another_worker(void **state)
{
	struct office o;

	(void)state;
	office_open(&o);
	resume_gives_exactly_what_is_missing(&o, 2);
	assert_true(o.posted > 0);
	office_close(&o);
}

/* Whoever comes after the end gets all of it, more than once, for five minutes. */
static void
an_answer_is_kept_for_five_minutes(void **state)
{
	struct office o;
	struct heard first, again;
	char session[MCP_SESSION_ID_CAP];

	(void)state;
	office_open(&o);
	open_session(&o, session);
	begin_call(&o, 0, &first, session);
	leave(&first);
	gate_open(&o.w.gates, 0);
	for (uint32_t at = 0; at < SERVERS; at++) {
		get(&o, at, &again, session, first.events[0].id);
		deliver_all(&o);
		assert_int_equal(again.answers, 1);
		assert_int_equal(again.status, 200);
		assert_int_equal(again.n, 2);
		assert_heard(&again, 1, "\"result\"");
		heard_fini(&again);
	}
	o.w.later_ms += EVENTS_KEPT_MS - 1000;
	tick_all(&o);
	assert_int_equal(kept_streams(&o, 0), 1);
	o.w.later_ms += 2000;
	tick_all(&o);
	assert_int_equal(kept_streams(&o, 0), 0);
	get(&o, 0, &again, session, first.events[0].id);
	assert_int_equal(again.status, 404);
	heard_fini(&again);
	get(&o, 1, &again, session, first.events[0].id);
	deliver_all(&o);
	assert_int_equal(again.status, 404);
	heard_fini(&again);
	heard_fini(&first);
	office_close(&o);
}

/* an id alone opens nothing. */
static void
ids_of_others_are_unknown(void **state)
{
	struct office o;
	struct heard call, other;
	char session[MCP_SESSION_ID_CAP], second[MCP_SESSION_ID_CAP], bobs[MCP_SESSION_ID_CAP];

	(void)state;
	office_open(&o);
	open_session(&o, session);
	open_session(&o, second);
	open_session_as(&o, &bob, "2025-11-25", bobs);
	begin_call(&o, 0, &call, session);
	for (uint32_t at = 0; at < 2; at++) {
		get(&o, at, &other, second, call.events[0].id);
		deliver_all(&o);
		assert_int_equal(other.status, 404);
		heard_fini(&other);
		get_as(&o, at, &other, &bob, bobs, call.events[0].id);
		deliver_all(&o);
		assert_int_equal(other.status, 404);
		heard_fini(&other);
		get_as(&o, at, &other, &bob, session, call.events[0].id);
		assert_int_equal(other.status, 404);
		heard_fini(&other);
		get(&o, at, &other, session, "c-0-100-1-1-99"); /* an event that has not been */
		deliver_all(&o);
		assert_int_equal(other.status, 404);
		heard_fini(&other);
		get(&o, at, &other, session, "c-0-100-1-55-0");
		deliver_all(&o);
		assert_int_equal(other.status, 404);
		heard_fini(&other);
	}
	get(&o, 0, &other, session, "nonsense");
	assert_int_equal(other.status, 400);
	heard_fini(&other);
	get(&o, 0, &other, session, "c-9-1-1-1-0"); /* of a worker that is no more */
	assert_int_equal(other.status, 404);
	heard_fini(&other);
	assert_int_equal(call.answers, 0);
	gate_open(&o.w.gates, 0);
	heard_fini(&call);
	office_close(&o);
}

/* The later one is where the client is. */
static void
one_reader_at_a_time(void **state)
{
	struct office o;
	struct heard readers[5], call;
	struct mcp_exchange *x;
	char session[MCP_SESSION_ID_CAP];
	const uint32_t places[] = {0, 1, 2, 1, 0};

	(void)state;
	office_open(&o);
	open_session(&o, session);
	x = begin_call(&o, 0, &call, session);
	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		get(&o, places[i], &readers[i], session, call.events[0].id);
		deliver_all(&o);
		assert_non_null(readers[i].exchange);
		assert_int_equal(call.answers, 1); /* its own connection was the first to give way */
		for (size_t k = 0; k < i; k++)
			assert_int_equal(readers[k].answers, 1);
	}
	say(x, "last");
	deliver_all(&o);
	assert_heard(&readers[4], 1, "last");
	gate_open(&o.w.gates, 0);
	assert_int_equal(readers[4].answers, 1);
	for (size_t i = 0; i < ARRAY_LEN(places); i++)
		heard_fini(&readers[i]);
	heard_fini(&call);
	office_close(&o);
}

/* It asks for more before it hears that it has been replaced. */
static void
a_late_question_takes_nothing_back(void **state)
{
	struct office o;
	struct heard call, there, here;
	struct mcp_exchange *x;
	char session[MCP_SESSION_ID_CAP];

	(void)state;
	office_open(&o);
	open_session(&o, session);
	x = begin_call(&o, 0, &call, session);
	get(&o, 1, &there, session, call.events[0].id);
	deliver_all(&o);
	say(x, "one");
	deliver_one(&o); /* the piece; a question comes of it */
	get(&o, 0, &here, session, call.events[0].id);
	deliver_all(&o);
	assert_int_equal(here.answers, 0);
	assert_int_equal(there.answers, 1);
	gate_open(&o.w.gates, 0);
	assert_int_equal(here.answers, 1);
	assert_heard(&here, 2, "\"result\"");
	heard_fini(&here);
	heard_fini(&there);
	heard_fini(&call);
	office_close(&o);
}

/* A retiring worker must not end in between. */
static void
an_answer_is_being_read_until_it_has_been(void **state)
{
	struct office o;
	struct heard call, there;
	char session[MCP_SESSION_ID_CAP];

	(void)state;
	office_open(&o);
	open_session(&o, session);
	begin_call(&o, 0, &call, session);
	get(&o, 1, &there, session, call.events[0].id);
	deliver_all(&o);
	assert_false(mcp_server_is_read(o.servers[0])); /* the call runs */
	gate_open(&o.w.gates, 0);
	assert_true(mcp_server_is_read(o.servers[0]));
	deliver_all(&o);
	assert_false(mcp_server_is_read(o.servers[0]));
	assert_int_equal(there.answers, 1);
	assert_heard(&there, 1, "\"result\"");
	heard_fini(&there);
	heard_fini(&call);
	office_close(&o);
}

/* ---- pieces, losses, deaths ---- */

static void
large_events_go_in_pieces_one_at_a_time(void **state)
{
	struct office o;
	struct heard call, again;
	char session[MCP_SESSION_ID_CAP];
	char *large = malloc(300000);

	(void)state;
	assert_non_null(large);
	office_open(&o);
	open_session(&o, session);
	begin_call(&o, 0, &call, session);
	for (size_t i = 0; i < 300000; i++)
		large[i] = (char)('a' + i % 26);
	assert_int_equal(exchange_send(call.exchange, slice_of(large, 300000)), 0);
	leave(&call);
	get(&o, 1, &again, session, call.events[0].id);
	deliver_all(&o);
	assert_int_equal(again.n, 2);
	assert_int_equal(strlen(again.events[1].data), 300000);
	assert_memory_equal(again.events[1].data, large, 300000);
	assert_true(o.largest <= MCP_FRAME_MAX);
	assert_int_equal(o.most_under_way, 1);
	gate_open(&o.w.gates, 0);
	deliver_all(&o);
	assert_int_equal(again.answers, 1);
	heard_fini(&again);
	heard_fini(&call);
	free(large);
	office_close(&o);
}

/* Whatever is lost is asked for again. */
static void
lost_frames_cost_time_only(void **state)
{
	struct office o;

	(void)state;
	for (size_t skip = 0; skip < 8; skip++) {
		struct heard call, again;
		struct mcp_exchange *x;
		char session[MCP_SESSION_ID_CAP];

		office_open(&o);
		open_session(&o, session);
		x = begin_call(&o, 0, &call, session);
		say(x, "one");
		say(x, "two");
		leave(&call);
		get(&o, 1, &again, session, call.events[0].id);
		for (size_t round = 0; round < 40 && again.answers == 0; round++) {
			if (o.posted >= skip && o.posted < skip + 2)
				o.lose = 1;
			deliver_all(&o);
			if (round == 10)
				gate_open(&o.w.gates, 0);
			o.w.later_ms += 1000;
			tick_all(&o);
		}
		assert_int_equal(again.answers, 1);
		assert_int_equal(again.n, 4);
		assert_heard(&again, 1, "one");
		assert_heard(&again, 2, "two");
		assert_heard(&again, 3, "result");
		heard_fini(&again);
		heard_fini(&call);
		office_close(&o);
	}
}

static void
a_reader_hears_when_the_other_worker_dies(void **state)
{
	struct office o;
	struct heard call, again;
	char session[MCP_SESSION_ID_CAP];

	(void)state;
	office_open(&o);
	open_session(&o, session);
	begin_call(&o, 0, &call, session);
	leave(&call);
	get(&o, 1, &again, session, call.events[0].id);
	deliver_all(&o);
	assert_non_null(again.exchange);
	kill_server(&o, 0);
	tick_all(&o);
	assert_int_equal(again.answers, 1);
	assert_true(again.retry_ms > 0);
	heard_fini(&again);
	get(&o, 1, &again, session, call.events[0].id);
	assert_int_equal(again.status, 404);
	heard_fini(&again);
	heard_fini(&call);
	gate_open(&o.w.gates, 0);
	office_close(&o);
}

static void
a_worker_that_does_not_answer_is_not_waited_for_long(void **state)
{
	struct office o;
	struct heard call, again;
	char session[MCP_SESSION_ID_CAP];

	(void)state;
	office_open(&o);
	open_session(&o, session);
	begin_call(&o, 0, &call, session);
	o.lose = 1000;
	get(&o, 1, &again, session, call.events[0].id);
	for (size_t i = 0; i < 20; i++) {
		o.w.later_ms += 1000;
		tick_all(&o);
	}
	assert_int_equal(again.status, 503);
	heard_fini(&again);
	gate_open(&o.w.gates, 0);
	heard_fini(&call);
	office_close(&o);
}

static void
a_slow_reader_is_fed_no_more(void **state)
{
	struct office o;
	struct heard call, again;
	struct mcp_exchange *x;
	char session[MCP_SESSION_ID_CAP];

	(void)state;
	office_open(&o);
	open_session(&o, session);
	x = begin_call(&o, 0, &call, session);
	leave(&call);
	for (size_t i = 0; i < 10; i++)
		say(x, "again");
	o.deaf_after = 3;
	for (uint32_t at = 0; at < 2; at++) {
		get(&o, at, &again, session, call.events[0].id);
		deliver_all(&o);
		assert_int_equal(again.n, 3);
		assert_int_equal(again.refused, 1); /* once it took no more, nothing was sent to it */
		leave(&again);
		heard_fini(&again);
	}
	o.deaf_after = 0;
	get(&o, 1, &again, session, "c-0-100-1-1-2"); /* it comes back for the rest */
	deliver_all(&o);
	assert_int_equal(again.n, 9);
	gate_open(&o.w.gates, 0);
	deliver_all(&o);
	assert_int_equal(again.answers, 1);
	heard_fini(&again);
	heard_fini(&call);
	office_close(&o);
}

/* ---- bounds ---- */

static void
a_session_keeps_one_mebibyte(void **state)
{
	static char large[100000];
	struct office o;
	struct heard call, again;
	struct mcp_gauges gauges;
	char session[MCP_SESSION_ID_CAP];
	struct mcp_exchange *x;

	(void)state;
	memset(large, 'x', sizeof(large));
	office_open(&o);
	open_session(&o, session);
	x = begin_call(&o, 0, &call, session);
	leave(&call);
	for (size_t i = 0; i < 30; i++) {
		assert_int_equal(exchange_send(x, slice_of(large, sizeof(large))), 0);
		mcp_server_gauges(o.servers[0], &gauges);
		assert_true(gauges.kept_bytes <= EVENTS_PER_SESSION_MAX);
	}
	assert_true(gauges.dropped_events >= 20);
	get(&o, 0, &again, session, call.events[0].id); /* the first ones are gone */
	assert_int_equal(again.status, 404);
	heard_fini(&again);
	get(&o, 0, &again, session, "c-0-100-1-1-25");
	assert_int_equal(again.n, 6);
	gate_open(&o.w.gates, 0);
	assert_int_equal(again.n, 7);
	heard_fini(&again);
	heard_fini(&call);
	office_close(&o);
}

/* no response, not later either. */
static void
a_cancelled_call_leaves_nothing(void **state)
{
	struct office o;
	struct heard call, again, cancel;
	char session[MCP_SESSION_ID_CAP];

	(void)state;
	office_open(&o);
	open_session(&o, session);
	begin_call(&o, 0, &call, session);
	leave(&call);
	get(&o, 1, &again, session, call.events[0].id);
	deliver_all(&o);
	ask(&o, 0, &cancel, session,
	    "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":7}}");
	deliver_all(&o);
	assert_int_equal(o.w.gates.cancelled, 1);
	assert_int_equal(again.answers, 1);
	assert_int_equal(again.n, 1);
	assert_int_equal(kept_streams(&o, 0), 0);
	heard_fini(&cancel);
	heard_fini(&again);
	heard_fini(&call);
	office_close(&o);
}

static void
a_call_can_give_its_connection_free(void **state)
{
	struct office o;
	struct heard call, again;
	struct mcp_exchange *x;
	char session[MCP_SESSION_ID_CAP];

	(void)state;
	office_open(&o);
	open_session(&o, session);
	x = begin_call(&o, 0, &call, session);
	assert_true(exchange_can_let_go(x));
	exchange_let_go(x, 500);
	assert_int_equal(call.answers, 1);
	assert_false(call.has_body);
	assert_int_equal(call.retry_ms, 500);
	exchange_let_go(x, 500); /* nobody is there any more */
	forget_heard(&call);
	get(&o, 2, &again, session, call.events[0].id);
	deliver_all(&o);
	gate_open(&o.w.gates, 0);
	deliver_all(&o);
	assert_int_equal(again.answers, 1);
	assert_heard(&again, 1, "\"id\":7,\"result\"");
	heard_fini(&again);
	heard_fini(&call);
	office_close(&o);
}

static void
the_end_of_a_session_ends_its_streams_everywhere(void **state)
{
	struct office o;
	struct heard call, again, stream;
	struct mcp_request request;
	char session[MCP_SESSION_ID_CAP];

	(void)state;
	office_open(&o);
	open_session(&o, session);
	begin_call(&o, 0, &call, session);
	leave(&call);
	get(&o, 1, &again, session, call.events[0].id);
	get(&o, 2, &stream, session, NULL);
	deliver_all(&o);
	assert_non_null(again.exchange);
	assert_non_null(stream.exchange);
	request = request_of(&o, &call, &alice, session);
	assert_int_equal(mcp_server_delete(o.servers[0], &request), 200);
	deliver_all(&o);
	assert_int_equal(again.answers, 1);
	assert_int_equal(stream.answers, 1);
	gate_open(&o.w.gates, 0);
	heard_fini(&stream);
	heard_fini(&again);
	heard_fini(&call);
	office_close(&o);
}

/* A process may end with all of this under way. */
static void
a_server_can_end_at_any_time(void **state)
{
	struct office o;
	struct heard call, second, here, there, stream;
	char session[MCP_SESSION_ID_CAP], other[MCP_SESSION_ID_CAP];

	(void)state;
	office_open(&o);
	open_session(&o, session);
	open_session(&o, other);
	begin_call(&o, 0, &call, session);
	get(&o, 0, &stream, session, NULL);
	begin_call(&o, 0, &second, other);
	get(&o, 1, &there, other, second.events[0].id);
	get(&o, 0, &here, session, "c-0-100-1-1-0");
	deliver_all(&o);
	office_close(&o);
	heard_fini(&stream);
	heard_fini(&there);
	heard_fini(&here);
	heard_fini(&second);
	heard_fini(&call);
}

/* ---- ids ---- */

static void
ids_are_read_strictly(void **state)
{
	static const char *const bad[] = {"",
					  "c",
					  "c-",
					  "c-1-2-3-4",
					  "c-1-2-3-4-5-6",
					  "x-1-2-3-4-5",
					  "c-1-2-3-4-5-",
					  "c-1-2-3-4- 5",
					  "c-4294967296-2-3-4-5",
					  "g-1-2-3-4-5",
					  "g-1-2-3-4-5-6-7",
					  "g-1-2-3-4-5-6-7-8-9",
					  "c-1-2-3--5",
					  "c-1-2-3-4-18446744073709551615",
					  "C-1-2-3-4-5"};
	struct event_id id, back;
	char text[EVENT_ID_CAP];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(event_id_parse(slice_from_str(bad[i]), &id), ERR_INVALID);
	id = (struct event_id){
	    true, UINT32_MAX, UINT32_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX - 1, {UINT64_MAX, UINT64_MAX, UINT64_MAX}};
	assert_int_equal(event_id_parse(event_id_format(&id, text), &back), 0);
	assert_memory_equal(&id, &back, sizeof(id));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_call_that_waits_is_a_stream_with_ids),
	    cmocka_unit_test(what_is_answered_at_once_has_no_events),
	    cmocka_unit_test(older_and_newer_clients_see_no_ids),
	    cmocka_unit_test(the_rest_is_read_at_the_same_worker),
	    cmocka_unit_test(the_rest_is_read_at_another_worker),
	    cmocka_unit_test(an_answer_is_kept_for_five_minutes),
	    cmocka_unit_test(ids_of_others_are_unknown),
	    cmocka_unit_test(one_reader_at_a_time),
	    cmocka_unit_test(a_late_question_takes_nothing_back),
	    cmocka_unit_test(an_answer_is_being_read_until_it_has_been),
	    cmocka_unit_test(large_events_go_in_pieces_one_at_a_time),
	    cmocka_unit_test(lost_frames_cost_time_only),
	    cmocka_unit_test(a_reader_hears_when_the_other_worker_dies),
	    cmocka_unit_test(a_worker_that_does_not_answer_is_not_waited_for_long),
	    cmocka_unit_test(a_slow_reader_is_fed_no_more),
	    cmocka_unit_test(a_session_keeps_one_mebibyte),
	    cmocka_unit_test(a_cancelled_call_leaves_nothing),
	    cmocka_unit_test(a_call_can_give_its_connection_free),
	    cmocka_unit_test(the_end_of_a_session_ends_its_streams_everywhere),
	    cmocka_unit_test(a_server_can_end_at_any_time),
	    cmocka_unit_test(ids_are_read_strictly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
