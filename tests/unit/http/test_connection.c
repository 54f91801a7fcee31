/*
 * test_connection.c - states, order, deadlines and endings of connections
 */
#include "world.h"

#include "http/server_private.h"

static void
test_get(void **state)
{
	struct world world;
	struct client client;

	(void)state;
	world_init(&world);
	world_start(&world);
	client_connect(&world, &client);
	client_send(&client, GET("/mcp?x"));
	world_until_text(&world, &client, "\r\n\r\n/mcp");
	assert_true(slice_has_prefix(buf_slice(&client.got), "HTTP/1.1 200 OK\r\nDate: "));
	assert_true(client_has(&client, " GMT\r\nContent-Length: 4\r\n\r\n"));
	assert_int_equal(world.n_access, 1);
	assert_int_equal(world.access.status, 200);
	assert_int_equal(world.access.bytes, client.got.len);
	assert_string_equal(world.access_path, "/mcp");
	assert_null(world.access.refusal);
	assert_int_equal(world_stats(&world)->bytes_in, sizeof(GET("/mcp?x")) - 1);
	assert_int_equal(world_stats(&world)->bytes_out, client.got.len);
	assert_int_equal(http_server_count(world.server, HTTP_STATE_BIT(HTTP_STATE_IDLE)), 1);
	client_close(&client);
	world_stop(&world);
}

static void
check_post(const char *text, const char *body)
{
	struct world world;
	struct client client;

	world_init(&world);
	world_start(&world);
	client_connect(&world, &client);
	for (const char *c = text; *c != '\0'; c++) {
		assert_int_equal(send(client.fd, c, 1, 0), 1);
		world_turn(&world);
	}
	world_until(&world, world.n_requests == 1);
	assert_string_equal(buf_cstr(&world.body), body);
	world_until_text(&world, &client, "/p");
	client_send(&client, GET("/next"));
	world_until_text(&world, &client, "/next");
	assert_int_equal(world_stats(&world)->connections_total, 1);
	client_close(&client);
	world_stop(&world);
}

static void
test_post(void **state)
{
	(void)state;
	check_post("POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello", "hello");
	check_post("POST /p HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n",
		   "hello");
	check_post("GET /p HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello", "hello");
	check_post("\r\nPOST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n", "");
}

static char *
many_requests(unsigned n)
{
	char *text = malloc((size_t)n * 64 + 1);
	size_t len = 0;

	assert_non_null(text);
	for (unsigned i = 0; i < n; i++)
		len += (size_t)sprintf(text + len, "GET /n%u/ HTTP/1.1\r\nHost: h\r\n\r\n", i);
	return text;
}

static void
assert_in_order(const struct client *client, unsigned n)
{
	const char *at = buf_cstr(&client->got);
	char path[32];

	for (unsigned i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "\r\n\r\n/n%u/", i);
		at = strstr(at, path);
		if (at == NULL)
			fail_msg("no answer to request %u, or not in order", i);
	}
	assert_int_equal(client_count(client, "HTTP/1.1 200 OK"), n);
}

static void
test_pipeline(void **state)
{
	struct world world;
	struct client client;
	char *text = many_requests(1000);
	size_t len = strlen(text), sent = 0;

	(void)state;
	world_init(&world);
	world_start(&world);
	client_connect(&world, &client);
	while (sent < len) {
		sent += client_send_some(&client, text + sent, len - sent);
		world_turn(&world);
	}
	world_until_text(&world, &client, "/n999/");
	assert_in_order(&client, 1000);
	free(text);
	client_close(&client);
	world_stop(&world);
}

static void
test_pipeline_answered_later(void **state)
{
	struct world world;
	struct client client;
	char *text = many_requests(50);

	(void)state;
	world_init(&world);
	world.handle = handle_hold;
	world_start(&world);
	client_connect(&world, &client);
	client_send(&client, text);
	for (unsigned i = 0; i < 50; i++) {
		world_until(&world, world.n_held == 1);
		world_turn(&world);
		assert_int_equal(world.n_requests, i + 1); /* one at a time */
		world.n_held = 0;
		handle_echo(&world, world.held[0]);
		assert_int_equal(world.n_requests, i + 1); /* no callback from within an answer */
	}
	world_until_text(&world, &client, "/n49/");
	assert_in_order(&client, 50);
	free(text);
	client_close(&client);
	world_stop(&world);
}

/* A client with a thousand requests does not keep another one waiting. */
static void
test_pipeline_is_fair(void **state)
{
	struct world world;
	struct client greedy, modest;
	char *text = many_requests(1000);

	(void)state;
	world_init(&world);
	world_start(&world);
	client_connect(&world, &greedy);
	client_connect(&world, &modest);
	client_send(&greedy, text);
	client_send(&modest, GET("/modest"));
	world_until_text(&world, &modest, "/modest");
	assert_true(world.n_requests < 200);
	world_until_text(&world, &greedy, "/n999/");
	free(text);
	client_close(&greedy);
	client_close(&modest);
	world_stop(&world);
}

/* While a request is handled, no more than pipeline_bytes (and one read) are taken from the client. */
static void
test_read_ahead_is_bounded(void **state)
{
	struct world world;
	struct client client;
	struct http_connection *conn;
	char *text = many_requests(20000);
	size_t len = strlen(text), sent = 0;

	(void)state;
	world_init(&world);
	world.handle = handle_hold;
	world.limits.pipeline_bytes = 20000;
	world_start(&world);
	client_connect(&world, &client);
	for (int i = 0; i < 500; i++) {
		sent += client_send_some(&client, text + sent, len - sent);
		world_turn(&world);
	}
	conn = TAILQ_FIRST(&world.server->connections);
	assert_in_range(connection_input(conn), 20000, 20000 + SCRATCH_BYTES);
	world.handle = handle_echo;
	world.n_held = 0;
	handle_echo(&world, world.held[0]);
	while (sent < len) {
		sent += client_send_some(&client, text + sent, len - sent);
		world_turn(&world);
		client_receive(&client);
	}
	world_until_text(&world, &client, "/n19999/");
	free(text);
	client_close(&client);
	world_stop(&world);
}

static void
check_refused(const char *text, const char *status_line, int status)
{
	struct world world;
	struct client client;

	world_init(&world);
	world_start(&world);
	client_connect(&world, &client);
	client_send(&client, text);
	world_until_closed(&world, &client);
	assert_false(client.is_reset);
	assert_true(slice_has_prefix(buf_slice(&client.got), status_line));
	assert_true(client_has(&client, "\r\nConnection: close\r\n"));
	assert_int_equal(client_count(&client, "Connection:"), 1);
	assert_int_equal(world.n_requests, 0);
	assert_int_equal(world.n_access, 1);
	assert_int_equal(world.access.status, status);
	assert_non_null(world.access.refusal);
	assert_int_equal(http_server_count(world.server, HTTP_STATE_BIT(HTTP_STATE_LINGER)), 1);
	client_close(&client);
	world_until(&world, http_server_count(world.server, HTTP_STATE_ANY) == 0);
	world_stop(&world);
}

static void
test_refusals(void **state)
{
	(void)state;
	check_refused("GET /\r\n" GET("/hidden"), "HTTP/1.1 400 Bad Request\r\n", 400);
	check_refused("GET / HTTP/2.0\r\n", "HTTP/1.1 505 ", 505);
	check_refused("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999\r\n\r\n", "HTTP/1.1 413 ", 413);
	check_refused(
	    "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n" GET("/hidden"),
	    "HTTP/1.1 400 ", 400);
	check_refused("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nffffff\r\n", "HTTP/1.1 413 ",
		      413);
	check_refused("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", "HTTP/1.1 501 ", 501);
}

/* The answer outlives what the client goes on sending, up to linger_bytes. */
static void
test_linger(void **state)
{
	struct world world;
	struct client client;
	char junk[4096];
	size_t sent = 0;

	(void)state;
	world_init(&world);
	world.limits.linger_bytes = 50000;
	world_start(&world);
	client_connect(&world, &client);
	memset(junk, 'x', sizeof(junk));
	client_send(&client, "GET /\r\n");
	while (sent < 40000) {
		sent += client_send_some(&client, junk, sizeof(junk));
		world_turn(&world);
	}
	world_until_text(&world, &client, "HTTP/1.1 400");
	assert_int_equal(http_server_count(world.server, HTTP_STATE_BIT(HTTP_STATE_LINGER)), 1);
	sent += client_send_some(&client, junk, sizeof(junk));
	sent += client_send_some(&client, junk, sizeof(junk));
	sent += client_send_some(&client, junk, sizeof(junk));
	world_until(&world, http_server_count(world.server, HTTP_STATE_ANY) == 0);
	client_close(&client);
	world_stop(&world);
}

static void
test_linger_deadline(void **state)
{
	struct world world;
	struct client client;

	(void)state;
	world_init(&world);
	world.limits.linger_ms = 20;
	world_start(&world);
	client_connect(&world, &client);
	client_send(&client, "GET /\r\n");
	world_until(&world, http_server_count(world.server, HTTP_STATE_BIT(HTTP_STATE_LINGER)) == 1);
	world_until(&world, http_server_count(world.server, HTTP_STATE_ANY) == 0);
	client_close(&client);
	world_stop(&world);
}

/* ---- 100-continue and on_head ---- */

#define ANNOUNCED "POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"

static void
test_continue(void **state)
{
	struct world world;
	struct client client;

	(void)state;
	world_init(&world);
	world.ops.on_head = world_on_head;
	world_start(&world);
	client_connect(&world, &client);
	client_send(&client, ANNOUNCED);
	world_until_text(&world, &client, "HTTP/1.1 100 Continue\r\n\r\n");
	assert_int_equal(world.n_heads, 1);
	assert_int_equal(world.n_requests, 0);
	client_send(&client, "he");
	world_settle(&world);
	client_send(&client, "llo");
	world_until_text(&world, &client, "200 OK");
	assert_int_equal(client_count(&client, "100 Continue"), 1);
	assert_int_equal(world.n_heads, 1);
	assert_string_equal(buf_cstr(&world.body), "hello");
	client_close(&client);
	world_stop(&world);
}

/* The body came along: 100 Continue would be late, and on_head() has no use. */
static void
test_continue_not_needed(void **state)
{
	struct world world;
	struct client client;

	(void)state;
	world_init(&world);
	world.ops.on_head = world_on_head;
	world_start(&world);
	client_connect(&world, &client);
	client_send(&client, ANNOUNCED "hello");
	world_until_text(&world, &client, "200 OK");
	assert_int_equal(client_count(&client, "100 Continue"), 0);
	assert_int_equal(world.n_heads, 0);
	client_close(&client);
	world_stop(&world);
}

static void
test_head_refused(void **state)
{
	struct world world;
	struct client client;

	(void)state;
	world_init(&world);
	world.ops.on_head = world_on_head;
	world.refuse_heads = true;
	world_start(&world);
	client_connect(&world, &client);
	client_send(&client, ANNOUNCED);
	world_until_closed(&world, &client);
	assert_true(slice_has_prefix(buf_slice(&client.got), "HTTP/1.1 401 Unauthorized\r\n"));
	assert_true(client_has(&client, "Connection: close\r\n"));
	assert_int_equal(world.n_requests, 0);
	assert_int_equal(world.n_closed, 0);
	assert_int_equal(world_stats(&world)->requests_now, 0);
	client_close(&client);
	world_stop(&world);
}

/* ---- The client goes away ---- */

static void
test_gone_while_handled(void **state)
{
	const struct http_answer late = answer_text(200, "late");
	struct world world;
	struct client client;

	(void)state;
	world_init(&world);
	world.handle = handle_hold;
	world.keep_closed = true;
	world_start(&world);
	client_connect(&world, &client);
	client_send(&client, GET("/a") GET("/b"));
	world_until(&world, world.n_held == 1);
	client_close(&client);
	world_until(&world, world.n_closed == 1);
	assert_int_equal(world_stats(&world)->connections_now, 0);
	assert_int_equal(world_stats(&world)->clients_gone, 1);
	assert_int_equal(world.access.status, 499);
	assert_true(slice_is(world.held[0]->head.path, "/a")); /* still there */
	assert_string_equal(world.held[0]->peer, "unix");
	assert_int_equal(http_respond(world.held[0], &late), ERR_CLOSED);
	http_request_release(&world.held[0]);
	assert_null(world.held[0]);
	world_settle(&world);
	assert_int_equal(world.n_closed, 1);
	assert_int_equal(world.n_requests, 1); /* the pipelined one died with its client */
	assert_int_equal(world_stats(&world)->requests_now, 0);
	world_stop(&world);
}

static void
test_gone_while_sending(void **state)
{
	static const char *const parts[] = {"GET / HT", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhel",
					    ""};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		struct world world;
		struct client client;

		world_init(&world);
		world_start(&world);
		client_connect(&world, &client);
		client_send(&client, parts[i]);
		world_settle(&world);
		client_close(&client);
		world_until(&world, http_server_count(world.server, HTTP_STATE_ANY) == 0);
		assert_int_equal(world.n_closed, 0);
		assert_int_equal(world.n_access, 0);
		world_stop(&world);
	}
}

/* A client that says all it has to say and closes its side still gets its answers. */
static void
test_half_close(void **state)
{
	struct world world;
	struct client client;
	char *text = many_requests(100);

	(void)state;
	world_init(&world);
	world_start(&world);
	client_connect(&world, &client);
	client_send(&client, text);
	shutdown(client.fd, SHUT_WR);
	world_until_closed(&world, &client);
	assert_in_order(&client, 100);
	free(text);
	client_close(&client);
	world_stop(&world);
}

/* ---- Deadlines ---- */

static void
test_slow_head(void **state)
{
	struct world world;
	struct client client;
	uint64_t start_ms, dripped_ms = 0;

	(void)state;
	world_init(&world);
	world.limits.head_ms = 50;
	world_start(&world);
	client_connect(&world, &client);
	start_ms = clock_mono_ms();
	client_send(&client, "GET / HTTP/1.1\r\n");
	while (!client_has(&client, "HTTP/1.1 408 ")) {
		if (clock_mono_ms() != dripped_ms)
			(void)client_send_some(&client, "X", 1); /* dripping does not help */
		dripped_ms = clock_mono_ms();
		world_turn(&world);
		assert_true(dripped_ms < start_ms + 5000);
	}
	assert_true(clock_mono_ms() >= start_ms + 50);
	assert_int_equal(world_stats(&world)->timeouts_head, 1);
	assert_int_equal(world.access.status, 408);
	client_close(&client);
	world_stop(&world);
}

static void
check_slow_body(struct world *world)
{
	struct client client;

	world_start(world);
	client_connect(world, &client);
	client_send(&client, "POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 2000000\r\n\r\n");
	while (!client_has(&client, "HTTP/1.1 408 ")) {
		(void)client_send_some(&client, "x", 1);
		world_turn(world);
	}
	assert_int_equal(world_stats(world)->timeouts_body, 1);
	assert_int_equal(world->n_requests, 0);
	assert_string_equal(world->access_path, "/p");
	client_close(&client);
	world_stop(world);
}

static void
test_slow_body(void **state)
{
	struct world world;

	(void)state;
	world_init(&world);
	world.limits.body_ms = 40; /* in all */
	world.limits.body_rate = 0;
	check_slow_body(&world);
	world_init(&world);
	world.limits.body_grace_ms = 20;
	world.limits.body_rate = 1000 * 1000 * 1000; /* faster than drops */
	check_slow_body(&world);
}

/* Fast enough is not cut, however long it takes beyond the grace. */
static void
test_steady_body(void **state)
{
	struct world world;
	struct client client;
	uint64_t start_ms;

	(void)state;
	world_init(&world);
	world.limits.body_grace_ms = 1;
	world.limits.body_rate = 1; /* each byte buys a second */
	world_start(&world);
	client_connect(&world, &client);
	client_send(&client, "POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 20\r\n\r\nhello hello");
	start_ms = clock_mono_ms();
	world_until(&world, clock_mono_ms() > start_ms + 30);
	assert_int_equal(world_stats(&world)->timeouts_body, 0);
	client_send(&client, " and bye!");
	world_until_text(&world, &client, "200 OK");
	client_close(&client);
	world_stop(&world);
}

static void
test_idle(void **state)
{
	struct world world;
	struct client silent, once;

	(void)state;
	world_init(&world);
	world.limits.idle_ms = 40;
	world_start(&world);
	client_connect(&world, &silent);
	client_connect(&world, &once);
	client_send(&once, GET("/once"));
	world_until_closed(&world, &silent);
	world_until_closed(&world, &once);
	assert_int_equal(silent.got.len, 0);
	assert_int_equal(client_count(&once, "HTTP/1.1"), 1);
	assert_int_equal(world_stats(&world)->timeouts_idle, 2);
	client_close(&silent);
	client_close(&once);
	world_stop(&world);
}

/* Neither the idle limit nor the head's counts while the application thinks. */
static void
test_handling_has_no_deadline(void **state)
{
	struct world world;
	struct client client;
	uint64_t start_ms;

	(void)state;
	world_init(&world);
	world.handle = handle_hold;
	world.limits.idle_ms = world.limits.head_ms = world.limits.body_ms = world.limits.write_ms = 10;
	world_start(&world);
	client_connect(&world, &client);
	client_send(&client, GET("/think"));
	world_until(&world, world.n_held == 1);
	start_ms = clock_mono_ms();
	world_until(&world, clock_mono_ms() > start_ms + 40);
	assert_int_equal(world.n_closed, 0);
	handle_echo(&world, world.held[0]);
	world_until_text(&world, &client, "/think");
	client_close(&client);
	world_stop(&world);
}

static void
test_write_stall(void **state)
{
	struct world world;
	struct client client;
	struct http_answer answer = {.status = 200};
	char *big = calloc(1, 8 * 1024 * 1024);

	(void)state;
	assert_non_null(big);
	world_init(&world);
	world.handle = handle_hold;
	world.limits.write_ms = 30;
	world_start(&world);
	client_connect(&world, &client);
	client_send(&client, GET("/big"));
	world_until(&world, world.n_held == 1);
	answer.body = slice_of(big, 8 * 1024 * 1024);
	assert_int_equal(http_respond(world.held[0], &answer), 0);
	http_request_release(&world.held[0]);
	assert_int_equal(http_server_count(world.server, HTTP_STATE_BIT(HTTP_STATE_WRITING)), 1);
	world_until(&world, http_server_count(world.server, HTTP_STATE_ANY) == 0);
	assert_int_equal(world_stats(&world)->timeouts_write, 1);
	assert_int_equal(world.n_closed, 0); /* it had been answered */
	free(big);
	client_close(&client);
	world_stop(&world);
}

static void
check_large_body(const char *head, const char *tail, size_t size)
{
	struct world world;
	struct client client;
	char *bytes = malloc(size);
	size_t sent = 0;

	assert_non_null(bytes);
	for (size_t i = 0; i < size; i++)
		bytes[i] = (char)(i * 7 + i / 4093);
	world_init(&world);
	world_start(&world);
	client_connect(&world, &client);
	client_send(&client, head);
	while (sent < size) {
		sent += client_send_some(&client, bytes + sent, size - sent);
		world_turn(&world);
	}
	client_send(&client, tail);
	world_until(&world, world.n_requests == 1);
	assert_int_equal(world.body.len, size);
	assert_memory_equal(world.body.ptr, bytes, size);
	client_send(&client, GET("/next"));
	world_until_text(&world, &client, "/next");
	free(bytes);
	client_close(&client);
	world_stop(&world);
}

static void
test_large_body(void **state)
{
	(void)state;
	check_large_body("POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 4194304\r\n\r\n", "", 4194304);
	check_large_body("POST /p HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n400000\r\n", "\r\n0\r\n\r\n",
			 4194304);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_get),
	    cmocka_unit_test(test_post),
	    cmocka_unit_test(test_pipeline),
	    cmocka_unit_test(test_pipeline_answered_later),
	    cmocka_unit_test(test_pipeline_is_fair),
	    cmocka_unit_test(test_read_ahead_is_bounded),
	    cmocka_unit_test(test_refusals),
	    cmocka_unit_test(test_linger),
	    cmocka_unit_test(test_linger_deadline),
	    cmocka_unit_test(test_continue),
	    cmocka_unit_test(test_continue_not_needed),
	    cmocka_unit_test(test_head_refused),
	    cmocka_unit_test(test_gone_while_handled),
	    cmocka_unit_test(test_gone_while_sending),
	    cmocka_unit_test(test_half_close),
	    cmocka_unit_test(test_slow_head),
	    cmocka_unit_test(test_slow_body),
	    cmocka_unit_test(test_steady_body),
	    cmocka_unit_test(test_idle),
	    cmocka_unit_test(test_handling_has_no_deadline),
	    cmocka_unit_test(test_write_stall),
	    cmocka_unit_test(test_large_body),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
