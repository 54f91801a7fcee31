/*
 * test_respond.c - answers and streams: their bytes, their memory, their ends
 */
#include "world.h"

#define BIG (4 * 1024 * 1024)

/* A world with one client whose first request is held. */
static void
open_held(struct world *world, struct client *client, const char *request)
{
	world->handle = handle_hold;
	world_start(world);
	client_connect(world, client);
	client_send(client, request);
	world_until(world, world->n_held == 1);
}

static void
close_all(struct world *world, struct client *client)
{
	client_close(client);
	world_stop(world);
}

static struct slice
body_of(const struct client *client)
{
	const char *at = strstr(buf_cstr(&client->got), "\r\n\r\n");

	assert_non_null(at);
	return slice_sub(buf_slice(&client->got), (size_t)(at + 4 - client->got.ptr), SIZE_MAX);
}

/* ---- Whole answers ---- */

static void
check_answer(const char *request, struct http_answer answer, const char *wanted_field, const char *wanted_body)
{
	struct world world;
	struct client client;

	world_init(&world);
	open_held(&world, &client, request);
	assert_int_equal(http_respond(world.held[0], &answer), 0);
	http_request_release(&world.held[0]);
	world_until_text(&world, &client, "\r\n\r\n");
	assert_true(client_has(&client, wanted_field));
	assert_true(slice_is(body_of(&client), wanted_body));
	close_all(&world, &client);
}

static void
test_answers(void **state)
{
	const struct http_field allow = {SLICE_LIT("Allow"), SLICE_LIT("GET, POST")};
	struct http_answer refused = answer_text(405, "no\n");
	struct http_answer closing = answer_text(200, "bye");

	(void)state;
	refused.fields = &allow;
	refused.n_fields = 1;
	closing.close = true;
	check_answer(GET("/"), refused, "\r\nAllow: GET, POST\r\nContent-Length: 3\r\n\r\n", "no\n");
	check_answer(GET("/"), answer_text(202, ""), "\r\nContent-Length: 0\r\n\r\n", "");
	check_answer(GET("/"), (struct http_answer){.status = 204, .body = SLICE_LIT("never sent")}, " GMT\r\n\r\n",
		     "");
	check_answer(GET("/"), closing, "\r\nConnection: close\r\n\r\n", "bye");
	check_answer("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n", answer_text(200, "four"), "\r\nContent-Length: 4\r\n\r\n",
		     "");
	check_answer("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", answer_text(200, "a"),
		     "\r\nConnection: close\r\n", "a");
	check_answer("GET / HTTP/1.0\r\n\r\n", answer_text(200, "a"), "\r\nConnection: close\r\n\r\n", "a");
	check_answer("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", answer_text(200, "a"),
		     "\r\nConnection: keep-alive\r\n\r\n", "a");
}

static void
check_ends(const char *request, bool is_kept)
{
	struct world world;
	struct client client;

	world_init(&world);
	world_start(&world);
	client_connect(&world, &client);
	client_send(&client, request);
	world_until_text(&world, &client, "200 OK");
	world_settle(&world);
	client_receive(&client);
	assert_int_equal(!client.is_closed, is_kept);
	assert_int_equal(http_server_count(world.server, HTTP_STATE_ANY), is_kept);
	close_all(&world, &client);
}

static void
test_keep_alive(void **state)
{
	(void)state;
	check_ends(GET("/"), true);
	check_ends("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", false);
	check_ends("GET / HTTP/1.0\r\n\r\n", false);
	check_ends("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true);
}

/* A value with a line break never reaches the wire. */
static void
test_unbuildable(void **state)
{
	const struct http_field bad = {SLICE_LIT("X"), SLICE_LIT("a\r\nSet-Cookie: b")};
	struct http_answer answer = answer_text(200, "text");
	struct world world;
	struct client client;

	(void)state;
	answer.fields = &bad;
	answer.n_fields = 1;
	world_init(&world);
	open_held(&world, &client, GET("/"));
	assert_int_equal(http_respond(world.held[0], &answer), ERR_INVALID);
	http_request_release(&world.held[0]);
	world_until_closed(&world, &client);
	assert_true(slice_has_prefix(buf_slice(&client.got), "HTTP/1.1 500 "));
	assert_false(client_has(&client, "Set-Cookie"));
	assert_int_equal(world.access.status, 500);
	close_all(&world, &client);
}

enum memory { COPIED, STATIC, TAKEN };

/* An answer that does not fit into the socket, its memory being handled in each of the three ways. */
static void
check_big(enum memory memory)
{
	struct http_answer answer = {.status = 200, .content_type = "text/plain"};
	struct world world;
	struct client client;
	struct buf body;
	const char *got;

	world_init(&world);
	open_held(&world, &client, GET("/big") GET("/next"));
	buf_init(&body, BIG);
	assert_int_equal(buf_reserve(&body, BIG), 0);
	for (size_t i = 0; i < BIG; i++)
		body.ptr[i] = (char)('a' + i * 7 % 26);
	body.len = BIG;
	answer.body = buf_slice(&body);
	answer.body_is_static = memory == STATIC;
	answer.body_take = memory == TAKEN ? &body : NULL;
	assert_int_equal(http_respond(world.held[0], &answer), 0);
	http_request_release(&world.held[0]);
	world_turn(&world);
	assert_int_equal(http_server_count(world.server, HTTP_STATE_BIT(HTTP_STATE_WRITING)), 1);
	if (memory == TAKEN)
		assert_null(body.ptr);
	if (memory == COPIED)
		buf_fini(&body);
	world.handle = handle_echo;
	world_until(&world, (client_receive(&client), client.got.len > BIG + 150)); /* the second answer has begun */
	world_until_text(&world, &client, "/next");
	got = body_of(&client).ptr;
	for (size_t i = 0; i < BIG; i++) {
		if (got[i] != (char)('a' + i * 7 % 26))
			fail_msg("byte %zu is wrong", i);
	}
	buf_fini(&body);
	close_all(&world, &client);
}

static void
test_big(void **state)
{
	(void)state;
	check_big(COPIED);
	check_big(STATIC);
	check_big(TAKEN);
}

/* What is taken is freed also when it fits at once, and when nobody is there to get it. */
static void
test_taken_is_freed(void **state)
{
	struct http_answer answer = {.status = 200};
	struct world world;
	struct client client;
	struct buf body;

	(void)state;
	world_init(&world);
	world.keep_closed = true;
	open_held(&world, &client, GET("/"));
	buf_init(&body, 100);
	answer.body_take = &body;
	buf_put_str(&body, "small");
	assert_int_equal(http_respond(world.held[0], &answer), 0);
	assert_null(body.ptr);
	http_request_release(&world.held[0]);
	world.n_held = 0;
	client_send(&client, GET("/"));
	world_until(&world, world.n_held == 1);
	client_close(&client);
	world_until(&world, world.n_closed == 1);
	buf_put_str(&body, "small");
	assert_int_equal(http_respond(world.held[0], &answer), ERR_CLOSED);
	assert_null(body.ptr);
	http_request_release(&world.held[0]);
	world_stop(&world);
}

/* ---- Streams ---- */

static struct http_answer
event_stream(const char *first)
{
	return (struct http_answer){.status = 200, .content_type = "text/event-stream", .body = slice_from_str(first)};
}

static void
check_stream(const char *request, const char *wanted_field, const char *wanted_body, bool is_kept)
{
	const struct http_answer answer = event_stream("data: 1\n\n");
	struct http_request *req;
	struct world world;
	struct client client;

	world_init(&world);
	open_held(&world, &client, request);
	req = world.held[0];
	assert_int_equal(http_stream_begin(req, &answer), 0);
	world_until_text(&world, &client, "\r\n\r\n");
	assert_int_equal(world.n_access, 0); /* not before the end */
	assert_int_equal(http_stream_write(req, SLICE_LIT("data: 2\n\n")), 0);
	assert_int_equal(http_stream_write(req, SLICE_NONE), 0); /* must not end a chunked body */
	assert_int_equal(http_stream_write(req, SLICE_LIT(":\n\n")), 0);
	assert_int_equal(http_server_count(world.server, HTTP_STATE_BIT(HTTP_STATE_STREAMING)), 1);
	assert_int_equal(http_stream_end(req, SLICE_NONE), 0);
	http_request_release(&req);
	world_settle(&world);
	assert_true(client_has(&client, wanted_field));
	assert_true(slice_is(body_of(&client), wanted_body));
	assert_int_equal(!client.is_closed, is_kept);
	assert_int_equal(world.n_access, 1);
	assert_int_equal(world.access.bytes, client.got.len);
	assert_int_equal(world.n_closed, 0);
	close_all(&world, &client);
}

static void
test_streams(void **state)
{
	(void)state;
	check_stream(GET("/"), "\r\nTransfer-Encoding: chunked\r\n\r\n",
		     "9\r\ndata: 1\n\n\r\n9\r\ndata: 2\n\n\r\n3\r\n:\n\n\r\n0\r\n\r\n", true);
	check_stream("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "\r\nConnection: close\r\n\r\n",
		     "data: 1\n\ndata: 2\n\n:\n\n", false);
	check_stream("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n", "\r\nTransfer-Encoding: chunked\r\n\r\n", "", true);
}

/* After a stream the connection serves the next, pipelined, request. */
static void
test_stream_then_next(void **state)
{
	const struct http_answer answer = event_stream("");
	struct world world;
	struct client client;

	(void)state;
	world_init(&world);
	open_held(&world, &client, GET("/events") GET("/next"));
	assert_int_equal(http_stream_begin(world.held[0], &answer), 0);
	assert_int_equal(http_stream_end(world.held[0], SLICE_NONE), 0);
	http_request_release(&world.held[0]);
	world.handle = handle_echo;
	world_until_text(&world, &client, "0\r\n\r\nHTTP/1.1 200 OK");
	world_until_text(&world, &client, "/next");
	close_all(&world, &client);
}

/* The last piece and the end are one; it is taken whatever waits before it. */
static void
test_stream_ends_with_a_piece(void **state)
{
	const struct http_answer answer = event_stream("");
	static char big[100000];
	struct world world;
	struct client client;

	(void)state;
	memset(big, 'x', sizeof(big));
	world_init(&world);
	world.limits.stream_buffer_bytes = 1000;
	open_held(&world, &client, GET("/events"));
	assert_int_equal(http_stream_begin(world.held[0], &answer), 0);
	while (http_request_queued(world.held[0]) == 0)
		assert_int_equal(http_stream_write(world.held[0], slice_of(big, sizeof(big))), 0);
	assert_int_equal(http_stream_end(world.held[0], slice_of(big, sizeof(big))), 0);
	http_request_release(&world.held[0]);
	world_until_text(&world, &client, "x\r\n0\r\n\r\n");
	assert_false(client.is_closed);
	assert_int_equal(world_stats(&world)->streams_cut, 0);
	close_all(&world, &client);
}

/* Its head promised to keep the connection, before anybody knew that the worker would retire: one more request. */
static void
test_stream_of_a_lame_server(void **state)
{
	const struct http_answer answer = event_stream("");
	struct world world;
	struct client client;

	(void)state;
	world_init(&world);
	open_held(&world, &client, GET("/events"));
	assert_int_equal(http_stream_begin(world.held[0], &answer), 0);
	http_server_set_lame(world.server);
	assert_int_equal(http_stream_end(world.held[0], SLICE_LIT("data: bye\n\n")), 0);
	http_request_release(&world.held[0]);
	world_until_text(&world, &client, "B\r\ndata: bye\n\n\r\n0\r\n\r\n");
	world_settle(&world);
	assert_false(client.is_closed);
	world.handle = handle_echo;
	client_send(&client, GET("/next"));
	world_until_closed(&world, &client);
	assert_true(client_has(&client, "Connection: close\r\n\r\n/next"));
	world_until(&world, http_server_count(world.server, HTTP_STATE_ANY) == 0);
	close_all(&world, &client);
}

/* Who is sent away finds another worker. */
static void
test_stream_left_by_a_lame_server(void **state)
{
	const struct http_answer answer = event_stream("");
	struct world world;
	struct client client;

	(void)state;
	world_init(&world);
	open_held(&world, &client, GET("/events"));
	assert_int_equal(http_stream_begin(world.held[0], &answer), 0);
	http_server_set_lame(world.server);
	http_stream_leave_lame(world.held[0]);
	assert_int_equal(http_stream_end(world.held[0], SLICE_LIT("data: bye\n\n")), 0);
	http_request_release(&world.held[0]);
	world_until_closed(&world, &client);
	assert_true(client_has(&client, "B\r\ndata: bye\n\n\r\n0\r\n\r\n"));
	assert_int_equal(http_server_count(world.server, HTTP_STATE_ANY), 0);
	close_all(&world, &client);
}

static void
test_stalled_reader_is_cut(void **state)
{
	const struct http_answer answer = event_stream("");
	static char piece[500000];
	struct world world;
	struct client client;

	(void)state;
	memset(piece, 'x', sizeof(piece));
	world_init(&world);
	world.limits.write_ms = 20;
	open_held(&world, &client, GET("/events"));
	assert_int_equal(http_stream_begin(world.held[0], &answer), 0);
	assert_int_equal(http_stream_write(world.held[0], slice_of(piece, sizeof(piece))), 0);
	world_until(&world, world.n_closed == 1);
	assert_true(world.access.is_stream);
	assert_int_equal(world_stats(&world)->streams_cut, 1);
	close_all(&world, &client);
}

static void
test_slow_reader_is_cut(void **state)
{
	const struct http_answer answer = event_stream("");
	char piece[1000];
	struct world world;
	struct client client;
	size_t most = 0;
	int r = 0;

	(void)state;
	memset(piece, 'x', sizeof(piece));
	world_init(&world);
	world.limits.stream_buffer_bytes = 50000;
	world.keep_closed = true;
	open_held(&world, &client, GET("/events"));
	assert_int_equal(http_stream_begin(world.held[0], &answer), 0);
	for (int i = 0; i < 100000 && r == 0; i++) {
		r = http_stream_write(world.held[0], slice_of(piece, sizeof(piece)));
		if (http_request_queued(world.held[0]) > most)
			most = http_request_queued(world.held[0]);
	}
	assert_int_equal(r, ERR_LIMIT);
	assert_true(most > 40000 && most <= 51000);
	assert_int_equal(world.n_closed, 0); /* not from within the write */
	assert_int_equal(http_stream_write(world.held[0], SLICE_LIT("x")), ERR_CLOSED);
	assert_int_equal(http_stream_end(world.held[0], SLICE_NONE), ERR_CLOSED);
	world_until(&world, world.n_closed == 1);
	assert_int_equal(http_server_count(world.server, HTTP_STATE_ANY), 0);
	assert_int_equal(world_stats(&world)->streams_cut, 1);
	assert_int_equal(http_request_queued(world.held[0]), 0);
	http_request_release(&world.held[0]);
	close_all(&world, &client);
}

/* Released after a failed write: nobody is left to be told. */
static void
test_cut_then_released(void **state)
{
	const struct http_answer answer = event_stream("");
	char piece[100000];
	struct world world;
	struct client client;
	int r = 0;

	(void)state;
	memset(piece, 'x', sizeof(piece));
	world_init(&world);
	world.limits.stream_buffer_bytes = 1000;
	open_held(&world, &client, GET("/events"));
	assert_int_equal(http_stream_begin(world.held[0], &answer), 0);
	while (r == 0)
		r = http_stream_write(world.held[0], slice_of(piece, sizeof(piece)));
	http_request_release(&world.held[0]);
	world_until(&world, http_server_count(world.server, HTTP_STATE_ANY) == 0);
	assert_int_equal(world.n_closed, 0);
	close_all(&world, &client);
}

static void
test_waiting_of_a_stream(void **state)
{
	const struct http_answer answer = event_stream("");
	char piece[10000];
	struct world world;
	struct client client;

	(void)state;
	memset(piece, 'x', sizeof(piece));
	world_init(&world);
	open_held(&world, &client, GET("/events"));
	assert_int_equal(http_stream_begin(world.held[0], &answer), 0);
	while (http_request_queued(world.held[0]) == 0)
		assert_int_equal(http_stream_write(world.held[0], slice_of(piece, sizeof(piece))), 0);
	assert_int_equal(world.waiting_kib, http_request_queued(world.held[0]) / 1024);
	world_until(&world, (client_receive(&client), http_request_queued(world.held[0]) == 0));
	assert_int_equal(world.waiting_kib, 0);
	world.may_wait_kib = 100;
	for (int i = 0; i < 1000 && !http_request_is_closed(world.held[0]); i++)
		(void)http_stream_write(world.held[0], slice_of(piece, sizeof(piece)));
	world_until(&world, world.n_closed == 1);
	assert_int_equal(world_stats(&world)->streams_cut, 1);
	assert_true(world.most_waiting_kib <= 100);
	close_all(&world, &client);
}

/* Nobody reads: of what all together may have waiting no byte more is kept, the others' connections are closed. */
static void
test_waiting_of_answers(void **state)
{
	static char big[300000];
	struct http_answer answer = {.status = 200, .body = slice_of(big, sizeof(big))};
	struct client clients[8];
	struct world world;

	(void)state;
	world_init(&world);
	world.may_wait_kib = 300;
	world.handle = handle_hold;
	world_start(&world);
	for (size_t i = 0; i < ARRAY_LEN(clients); i++) {
		client_connect(&world, &clients[i]);
		client_send(&clients[i], GET("/"));
		world_until(&world, world.n_held == 1);
		(void)http_respond(world.held[0], &answer);
		http_request_release(&world.held[0]);
		world.n_held = 0;
	}
	world_turn(&world);
	assert_true(world.most_waiting_kib > 150 && world.most_waiting_kib <= 300);
	assert_in_range(http_server_count(world.server, HTTP_STATE_BIT(HTTP_STATE_WRITING)), 2, 7);
	assert_int_equal(http_server_count(world.server, HTTP_STATE_ANY),
			 http_server_count(world.server, HTTP_STATE_BIT(HTTP_STATE_WRITING)));
	world_until(&world, (client_receive(&clients[0]), clients[0].got.len > sizeof(big)));
	assert_true(world.waiting_kib < world.most_waiting_kib);
	for (size_t i = 1; i < ARRAY_LEN(clients); i++)
		client_close(&clients[i]);
	close_all(&world, &clients[0]);
}

/* So it is with bodies that do not end. */
static void
test_waiting_of_bodies(void **state)
{
	static char piece[50000];
	struct client clients[4];
	struct world world;

	(void)state;
	memset(piece, 'x', sizeof(piece));
	world_init(&world);
	world.may_wait_kib = 160;
	world_start(&world);
	for (size_t i = 0; i < ARRAY_LEN(clients); i++) {
		client_connect(&world, &clients[i]);
		client_send(&clients[i], "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 60000\r\n\r\n");
		assert_int_equal(client_send_some(&clients[i], piece, sizeof(piece)), sizeof(piece));
		world_turn(&world);
	}
	world_until_text(&world, &clients[3], "429 Too Many Requests");
	assert_int_equal(world.access.status, 429);
	assert_int_equal(world.waiting_kib, 3 * (sizeof(piece) / 1024));
	client_send(&clients[0], "0123456789");
	assert_int_equal(client_send_some(&clients[0], piece, 9990), 9990);
	world_until_text(&world, &clients[0], "200 OK");
	world_turn(&world);
	assert_int_equal(world.waiting_kib, 2 * (sizeof(piece) / 1024));
	for (size_t i = 1; i < ARRAY_LEN(clients); i++)
		client_close(&clients[i]);
	close_all(&world, &clients[0]);
}

static void
test_gone_while_streaming(void **state)
{
	const struct http_answer answer = event_stream("data: 1\n\n");
	struct world world;
	struct client client;

	(void)state;
	world_init(&world);
	world.keep_closed = true;
	open_held(&world, &client, GET("/events"));
	assert_int_equal(http_stream_begin(world.held[0], &answer), 0);
	client_close(&client);
	world_until(&world, world.n_closed == 1);
	assert_int_equal(world.access.status, 499);
	assert_int_equal(http_stream_write(world.held[0], SLICE_LIT("x")), ERR_CLOSED);
	assert_int_equal(http_stream_end(world.held[0], SLICE_NONE), ERR_CLOSED);
	http_request_release(&world.held[0]);
	world_stop(&world);
}

/* The pool goes with the request, and takes along what was registered with it. */
static void
count_up(void *arg)
{
	(*(unsigned *)arg)++;
}

static void
test_release(void **state)
{
	const struct http_answer answer = answer_text(200, "x");
	unsigned released = 0;
	struct world world;
	struct client client;

	(void)state;
	world_init(&world);
	open_held(&world, &client, GET("/"));
	assert_int_equal(pool_defer(world.held[0]->pool, count_up, &released), 0);
	assert_int_equal(http_respond(world.held[0], &answer), 0);
	assert_int_equal(world_stats(&world)->requests_now, 1);
	assert_int_equal(released, 0);
	http_request_release(&world.held[0]);
	assert_int_equal(released, 1);
	assert_int_equal(world_stats(&world)->requests_now, 0);
	http_request_release(&world.held[0]);
	close_all(&world, &client);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_answers),
	    cmocka_unit_test(test_keep_alive),
	    cmocka_unit_test(test_unbuildable),
	    cmocka_unit_test(test_big),
	    cmocka_unit_test(test_taken_is_freed),
	    cmocka_unit_test(test_streams),
	    cmocka_unit_test(test_stream_then_next),
	    cmocka_unit_test(test_stream_ends_with_a_piece),
	    cmocka_unit_test(test_stream_of_a_lame_server),
	    cmocka_unit_test(test_stream_left_by_a_lame_server),
	    cmocka_unit_test(test_stalled_reader_is_cut),
	    cmocka_unit_test(test_slow_reader_is_cut),
	    cmocka_unit_test(test_cut_then_released),
	    cmocka_unit_test(test_waiting_of_a_stream),
	    cmocka_unit_test(test_waiting_of_answers),
	    cmocka_unit_test(test_waiting_of_bodies),
	    cmocka_unit_test(test_gone_while_streaming),
	    cmocka_unit_test(test_release),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
