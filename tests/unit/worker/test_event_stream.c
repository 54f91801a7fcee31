/*
 * test_event_stream.c - streams of events: their bytes, their place in the set, their ends
 */
#include <signal.h>

#include "stream_world.h"

#define KEEPALIVE_MS 15000

static struct mcp_answer
answer_of(const char *body)
{
	return (struct mcp_answer){.http_status = 200, .body = slice_from_str(body), .method = "", .tool = ""};
}

static struct mcp_event
event_of(const char *id, const char *data)
{
	return (struct mcp_event){.id = slice_from_str(id), .data = slice_from_str(data)};
}

static void
events_then_the_answer(void **state)
{
	struct mcp_event first = event_of(NULL, "{1}"), second = event_of("a.2", "{2}");
	struct mcp_answer last = answer_of("{3}");
	struct event_stream stream;
	struct stream_world w;
	struct client client;

	(void)state;
	stream_world_open(&w);
	world_start(&w.http);
	event_stream_init(&stream, &w.worker, stream_world_visit(&w, &client, GET("/")), &anyone, "r-1");
	assert_int_equal(w.worker.streams.n_open, 0);
	assert_int_equal(event_stream_send(&stream, &first), 0);
	assert_int_equal(w.worker.streams.n_open, 1);
	assert_int_equal(event_stream_send(&stream, &second), 0);
	last.event_id = SLICE_LIT("a.3");
	event_stream_end(&stream, &last);
	assert_int_equal(stream.n_events, 3);
	stream_end(&stream);
	world_until_text(&w.http, &client, "0\r\n\r\n");
	assert_true(client_has(&client, "Content-Type: text/event-stream\r\n"));
	assert_true(client_has(&client, "X-Request-Id: r-1\r\n"));
	assert_true(client_has(&client, "Cache-Control: no-store\r\n"));
	assert_true(client_has(&client, "X-Accel-Buffering: no\r\n"));
	assert_true(client_has(&client, "data: {1}\n\n"));
	assert_true(client_has(&client, "id: a.2\ndata: {2}\n\n"));
	assert_true(client_has(&client, "id: a.3\ndata: {3}\n\n"));
	assert_int_equal(stream_world_count(&w, BOARD_EVENTS_SENT), 3);
	assert_int_equal(stream_world_count(&w, BOARD_STREAMS_OPENED), 1);
	client_close(&client);
	stream_world_close(&w);
}

static void
priming_event_and_retry(void **state)
{
	struct mcp_event priming = event_of("a.1", "");
	struct mcp_answer end = answer_of("");
	struct event_stream stream;
	struct stream_world w;
	struct client client;

	(void)state;
	stream_world_open(&w);
	world_start(&w.http);
	event_stream_init(&stream, &w.worker, stream_world_visit(&w, &client, GET("/")), &anyone, "r-1");
	assert_int_equal(event_stream_send(&stream, &priming), 0);
	end.retry_ms = 500;
	end.event_id = SLICE_LIT("a.2");
	event_stream_end(&stream, &end);
	stream_end(&stream);
	world_until_text(&w.http, &client, "0\r\n\r\n");
	assert_true(client_has(&client, "id: a.1\ndata: \n\n"));
	assert_true(client_has(&client, "retry: 500\n\n"));
	assert_false(client_has(&client, "a.2")); /* an end without a body is no event */
	client_close(&client);
	stream_world_close(&w);
}

/* An end that comes first is a stream of its own, with the session's id in its head. */
static void
an_answer_alone(void **state)
{
	struct mcp_answer last = answer_of("{3}");
	struct event_stream stream;
	struct stream_world w;
	struct client client;

	(void)state;
	stream_world_open(&w);
	world_start(&w.http);
	event_stream_init(&stream, &w.worker, stream_world_visit(&w, &client, GET("/")), &anyone, "r-1");
	last.session_id = "abc";
	event_stream_end(&stream, &last);
	stream_end(&stream);
	world_until_text(&w.http, &client, "0\r\n\r\n");
	assert_true(client_has(&client, "Mcp-Session-Id: abc\r\n"));
	assert_true(client_has(&client, "data: {3}\n\n"));
	client_close(&client);
	stream_world_close(&w);
}

static void
begun_without_a_word(void **state)
{
	struct event_stream stream;
	struct stream_world w;
	struct client client;

	(void)state;
	stream_world_open(&w);
	world_start(&w.http);
	event_stream_init(&stream, &w.worker, stream_world_visit(&w, &client, GET("/")), &anyone, "r-1");
	assert_int_equal(event_stream_begin(&stream), 0);
	assert_int_equal(event_stream_begin(&stream), 0);
	world_until_text(&w.http, &client, "3\r\n:\n\n\r\n");
	assert_int_equal(client_count(&client, ":\n\n"), 1);
	assert_int_equal(stream.n_events, 0);
	client_close(&client);
	world_until(&w.http, w.http.n_closed == 1);
	event_stream_fini(&stream);
	stream_world_close(&w);
}

static void
only_the_quiet_get_comments(void **state)
{
	struct mcp_event word = event_of(NULL, "{}");
	struct event_stream streams[3];
	struct stream_world w;
	struct client clients[3];
	uint64_t now_ms;

	(void)state;
	stream_world_open(&w);
	w.http.keep_closed = true;
	world_start(&w.http);
	for (int i = 0; i < 3; i++) {
		event_stream_init(&streams[i], &w.worker, stream_world_visit(&w, &clients[i], GET("/")), &anyone, "r");
		assert_int_equal(event_stream_send(&streams[i], &word), 0);
		streams[i].quiet_since_ms -= 1000 * (uint64_t)(3 - i);
	}
	/* The middle one speaks again: it goes behind the others. */
	assert_int_equal(event_stream_send(&streams[1], &word), 0);
	assert_ptr_equal(TAILQ_LAST(&w.worker.streams.open, event_stream_queue), &streams[1]);
	now_ms = streams[0].quiet_since_ms + KEEPALIVE_MS;
	event_streams_pulse(&w.worker.streams, KEEPALIVE_MS, now_ms - 1);
	world_settle(&w.http);
	assert_false(client_has(&clients[0], ":\n\n"));
	event_streams_pulse(&w.worker.streams, KEEPALIVE_MS, now_ms);
	world_until_text(&w.http, &clients[0], "3\r\n:\n\n\r\n");
	assert_false(client_has(&clients[1], "\r\n:\n\n"));
	assert_false(client_has(&clients[2], "\r\n:\n\n"));
	event_streams_pulse(&w.worker.streams, KEEPALIVE_MS, streams[2].quiet_since_ms + KEEPALIVE_MS);
	world_until_text(&w.http, &clients[2], "3\r\n:\n\n\r\n");
	assert_int_equal(stream_world_count(&w, BOARD_EVENTS_SENT), 4); /* comments are none */
	for (int i = 0; i < 3; i++) {
		client_close(&clients[i]);
		world_until(&w.http, w.http.n_closed == (unsigned)i + 1);
		stream_end(&streams[i]);
	}
	stream_world_close(&w);
}

/* What waits already says that the stream is alive; a comment would only be more of it. */
static void
who_does_not_read_gets_no_comment(void **state)
{
	struct event_stream stream;
	char data[4000];
	struct mcp_event word;
	struct stream_world w;
	struct client client;
	size_t queued;

	(void)state;
	memset(data, 'x', sizeof(data));
	word = (struct mcp_event){.id = SLICE_NONE, .data = slice_of(data, sizeof(data))};
	stream_world_open(&w);
	world_start(&w.http);
	event_stream_init(&stream, &w.worker, stream_world_visit(&w, &client, GET("/")), &anyone, "r-1");
	do {
		assert_int_equal(event_stream_send(&stream, &word), 0);
	} while (http_request_queued(stream.req) == 0);
	queued = http_request_queued(stream.req);
	event_streams_pulse(&w.worker.streams, 1, stream.quiet_since_ms + 1);
	assert_int_equal(http_request_queued(stream.req), queued);
	client_close(&client);
	world_until(&w.http, w.http.n_closed == 1);
	event_stream_fini(&stream);
	stream_world_close(&w);
}

static void
a_slow_reader_is_cut(void **state)
{
	struct mcp_answer last = answer_of("{}");
	struct event_stream stream;
	char data[4000];
	struct mcp_event word;
	struct stream_world w;
	struct client client;
	int r = 0;

	(void)state;
	memset(data, 'x', sizeof(data));
	word = (struct mcp_event){.id = SLICE_NONE, .data = slice_of(data, sizeof(data))};
	stream_world_open(&w);
	w.http.limits.stream_buffer_bytes = 20000;
	w.http.keep_closed = true;
	world_start(&w.http);
	event_stream_init(&stream, &w.worker, stream_world_visit(&w, &client, GET("/")), &anyone, "r-1");
	for (int i = 0; i < 10000 && r == 0; i++)
		r = event_stream_send(&stream, &word);
	assert_int_equal(r, ERR_LIMIT);
	assert_true(stream.is_broken && !stream.is_forsaken); /* http/ tells, from the loop */
	assert_int_equal(event_stream_send(&stream, &word), ERR_CLOSED);
	assert_int_equal(w.http.n_closed, 0);
	world_until(&w.http, w.http.n_closed == 1);
	event_stream_end(&stream, &last); /* nobody is left to hear it */
	stream_end(&stream);
	client_close(&client);
	stream_world_close(&w);
}

/* The last word is taken whatever waits. */
static void
the_answer_is_not_cut(void **state)
{
	static char big[200000];
	struct event_stream stream;
	char data[4000];
	struct mcp_event word;
	struct mcp_answer last;
	struct stream_world w;
	struct client client;

	(void)state;
	memset(data, 'x', sizeof(data));
	memset(big, 'y', sizeof(big) - 1);
	word = (struct mcp_event){.id = SLICE_NONE, .data = slice_of(data, sizeof(data))};
	last = answer_of(big);
	stream_world_open(&w);
	w.http.limits.stream_buffer_bytes = 20000;
	world_start(&w.http);
	event_stream_init(&stream, &w.worker, stream_world_visit(&w, &client, GET("/")), &anyone, "r-1");
	do {
		assert_int_equal(event_stream_send(&stream, &word), 0);
	} while (http_request_queued(stream.req) == 0);
	event_stream_end(&stream, &last);
	stream_end(&stream);
	world_until_text(&w.http, &client, "y\n\n\r\n0\r\n\r\n");
	client_close(&client);
	stream_world_close(&w);
}

static void
places_for_standing_streams(void **state)
{
	static const struct principal callers[] = {{.name = "alice"}, {.name = "bob"}, {.name = "carol"}};
	static const int who[] = {0, 0, 0, 1, 1};
	struct event_stream streams[5], more;
	struct refusal refusal;
	struct http_request req = {.source = NULL};
	struct stream_world w;

	(void)state;
	stream_world_open(&w);
	world_start(&w.http);
	event_stream_init(&more, &w.worker, &req, &callers[0], "r");
	for (int i = 0; i < 5; i++) {
		event_stream_init(&streams[i], &w.worker, &req, &callers[who[i]], "r");
		assert_int_equal(event_stream_stand(&streams[i], &refusal), 0);
		if (i == 2) {
			assert_int_equal(event_stream_stand(&more, &refusal), -1);
			assert_int_equal(refusal.status, 429);
			assert_int_equal(refusal.retry_after_s, 10);
			assert_non_null(strstr(refusal.message, "http.streams_per_principal"));
		}
	}
	more.principal = &callers[2];
	assert_int_equal(event_stream_stand(&more, &refusal), -1);
	assert_int_equal(refusal.status, 503);
	more.principal = &callers[0];
	assert_int_equal(stream_world_count(&w, BOARD_STREAMS_REFUSED), 2);
	event_stream_fini(&streams[0]);
	event_stream_fini(&streams[0]); /* harmless */
	assert_int_equal(event_stream_stand(&more, &refusal), 0);
	event_stream_fini(&more);
	for (int i = 1; i < 5; i++)
		event_stream_fini(&streams[i]);
	stream_world_close(&w);
}

/* A message with a line break cannot be framed: the stream is given up, and the owner told from the sweep. */
static struct http_request *told;

static void
hear(void *ctx, struct http_request *req)
{
	struct event_stream *stream = ctx;

	told = req;
	stream_end(stream);
}

static void
what_cannot_be_framed_ends_the_stream(void **state)
{
	struct mcp_event good = event_of(NULL, "{}"), bad = event_of(NULL, "{\n}");
	struct event_stream stream;
	struct http_request *req;
	struct stream_world w;

	(void)state;
	for (int has_begun = 0; has_begun < 2; has_begun++) {
		struct client client;

		told = NULL;
		stream_world_open(&w);
		world_start(&w.http);
		req = stream_world_visit(&w, &client, GET("/"));
		event_stream_init(&stream, &w.worker, req, &anyone, "r-1");
		if (has_begun)
			assert_int_equal(event_stream_send(&stream, &good), 0);
		assert_int_equal(event_stream_send(&stream, &bad), ERR_INVALID);
		assert_int_equal(event_stream_send(&stream, &good), ERR_CLOSED);
		assert_null(told);
		event_streams_sweep(&w.worker.streams, hear, &stream);
		assert_ptr_equal(told, req);
		world_until_text(&w.http, &client, "0\r\n\r\n");
		client_close(&client);
		stream_world_close(&w);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(events_then_the_answer),
	    cmocka_unit_test(priming_event_and_retry),
	    cmocka_unit_test(an_answer_alone),
	    cmocka_unit_test(begun_without_a_word),
	    cmocka_unit_test(only_the_quiet_get_comments),
	    cmocka_unit_test(who_does_not_read_gets_no_comment),
	    cmocka_unit_test(a_slow_reader_is_cut),
	    cmocka_unit_test(the_answer_is_not_cut),
	    cmocka_unit_test(places_for_standing_streams),
	    cmocka_unit_test(what_cannot_be_framed_ends_the_stream),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
