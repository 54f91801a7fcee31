/*
 * test_server.c - draining, aborting, counting, and what a connection costs
 */
#include "world.h"

#include <malloc.h>

static void
test_count(void **state)
{
	struct world world;
	struct client idle, head, body, busy;

	(void)state;
	world_init(&world);
	world.handle = handle_hold;
	world_start(&world);
	client_connect(&world, &idle);
	client_connect(&world, &head);
	client_connect(&world, &body);
	client_connect(&world, &busy);
	client_send(&head, "GET /");
	client_send(&body, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n");
	client_send(&busy, GET("/"));
	world_settle(&world);
	assert_int_equal(http_server_count(world.server, HTTP_STATE_ANY), 4);
	assert_int_equal(http_server_count(world.server, HTTP_STATE_BIT(HTTP_STATE_IDLE)), 1);
	assert_int_equal(http_server_count(world.server, HTTP_STATE_BIT(HTTP_STATE_READ_HEAD)), 1);
	assert_int_equal(http_server_count(world.server, HTTP_STATE_BIT(HTTP_STATE_READ_BODY)), 1);
	assert_int_equal(http_server_count(world.server, HTTP_STATE_BIT(HTTP_STATE_HANDLING)), 1);
	assert_int_equal(http_server_count(world.server, HTTP_STATE_BUSY), 2);
	assert_int_equal(world_stats(&world)->connections_now, 4);
	world_stop(&world); /* tells of the held one */
	assert_int_equal(world.n_closed, 1);
	client_close(&idle);
	client_close(&head);
	client_close(&body);
	client_close(&busy);
}

/* Idle connections stay; the next answer on each says goodbye. */
static void
test_lame(void **state)
{
	struct world world;
	struct client kept, unused;

	(void)state;
	world_init(&world);
	world_start(&world);
	client_connect(&world, &kept);
	client_connect(&world, &unused);
	client_send(&kept, GET("/before"));
	world_until_text(&world, &kept, "/before");
	http_server_set_lame(world.server);
	world_settle(&world);
	client_receive(&kept);
	assert_false(kept.is_closed);
	assert_int_equal(client_count(&kept, "Connection: close"), 0);
	client_send(&kept, GET("/after") GET("/never"));
	world_until_closed(&world, &kept);
	assert_false(kept.is_reset);
	assert_true(client_has(&kept, "Connection: close\r\n\r\n/after"));
	assert_int_equal(world.n_requests, 2);
	assert_false(unused.is_closed);
	http_server_close_idle(world.server);
	world_until_closed(&world, &unused);
	client_close(&kept);
	client_close(&unused);
	world_stop(&world);
}

/* Idle ones only: who is in the middle of something goes on. */
static void
test_close_idle(void **state)
{
	struct world world;
	struct client idle, head, busy;

	(void)state;
	world_init(&world);
	world.handle = handle_hold;
	world_start(&world);
	client_connect(&world, &idle);
	client_connect(&world, &head);
	client_connect(&world, &busy);
	client_send(&head, "GET /head HTTP/1.1\r\n");
	client_send(&busy, GET("/busy"));
	world_until(&world, world.n_held == 1);
	world_settle(&world);
	http_server_close_idle(world.server);
	world_until_closed(&world, &idle);
	assert_int_equal(http_server_count(world.server, HTTP_STATE_ANY), 2);
	handle_echo(&world, world.held[0]);
	world_until_text(&world, &busy, "/busy");
	world.handle = handle_echo;
	client_send(&head, "Host: h\r\n\r\n");
	world_until_text(&world, &head, "/head");
	client_close(&idle);
	client_close(&head);
	client_close(&busy);
	world_stop(&world);
}

static void
test_abort_all(void **state)
{
	const struct http_answer events = {.status = 200, .body = SLICE_LIT("data: 1\n\n")};
	struct world world;
	struct client waiting, streaming, sending;

	(void)state;
	world_init(&world);
	world.handle = handle_hold;
	world_start(&world);
	client_connect(&world, &waiting);
	client_connect(&world, &streaming);
	client_connect(&world, &sending);
	client_send(&streaming, GET("/events"));
	world_until(&world, world.n_held == 1);
	assert_int_equal(http_stream_begin(world.held[0], &events), 0);
	client_send(&waiting, GET("/wait"));
	client_send(&sending, "POST / HT");
	world_until(&world, world.n_held == 2);
	http_server_abort_all(world.server);
	assert_int_equal(world.n_closed, 2);
	assert_int_equal(http_server_count(world.server, HTTP_STATE_ANY), 0);
	world_until_closed(&world, &waiting);
	world_until_closed(&world, &streaming);
	world_until_closed(&world, &sending);
	assert_true(slice_has_prefix(buf_slice(&waiting.got), "HTTP/1.1 503 "));
	assert_false(client_has(&streaming, "0\r\n\r\n")); /* the client can tell that it is not whole */
	assert_int_equal(sending.got.len, 0);
	client_close(&waiting);
	client_close(&streaming);
	client_close(&sending);
	world_stop(&world);
}

static void
handle_abort(struct world *world, struct http_request *req)
{
	handle_hold(world, req);
	http_server_abort_all(world->server);
}

/* The worker is cut while a request is just being handed over. */
static void
test_abort_in_request(void **state)
{
	struct world world;
	struct client client;

	(void)state;
	world_init(&world);
	world.handle = handle_abort;
	world_start(&world);
	client_connect(&world, &client);
	client_send(&client, GET("/a") GET("/b"));
	world_until_closed(&world, &client);
	assert_int_equal(world.n_requests, 1);
	assert_int_equal(world.n_closed, 1);
	assert_true(client_has(&client, "HTTP/1.1 503 "));
	client_close(&client);
	world_stop(&world);
}

static void
test_adopt_limit(void **state)
{
	struct world world;
	struct client a, b;
	int fds[2];

	(void)state;
	world_init(&world);
	world.limits.connections_max = 1;
	world_start(&world);
	client_connect(&world, &a);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	client_init(&b, fds[0]);
	assert_int_equal(http_server_adopt(world.server, fds[1], "unix"), ERR_LIMIT);
	client_receive(&b);
	assert_true(b.is_closed); /* it was taken, hence closed */
	client_close(&a);
	client_close(&b);
	world_stop(&world);
}

/* One connection of each peer at a time; its source is a counter. */
static int sources[2];

static bool
on_connect(void *ctx, const char *peer, void **source_r)
{
	int *source = &sources[strcmp(peer, "192.0.2.2:5") == 0];

	(void)ctx;
	if (*source > 0)
		return false;
	++*source;
	*source_r = source;
	return true;
}

static void
on_disconnect(void *ctx, void *source)
{
	(void)ctx;
	--*(int *)source;
}

static void
handle_source(struct world *world, struct http_request *req)
{
	assert_ptr_equal(req->source, &sources[0]);
	assert_false(req->is_judged);
	handle_echo(world, req);
}

static int
adopt(struct world *world, struct client *client, const char *peer)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
	client_init(client, fds[0]);
	return http_server_adopt(world->server, fds[1], peer);
}

static void
test_source(void **state)
{
	struct world world;
	struct client first, second, other;

	(void)state;
	world_init(&world);
	world.ops.on_connect = on_connect;
	world.ops.on_disconnect = on_disconnect;
	world.handle = handle_source;
	world_start(&world);
	assert_int_equal(adopt(&world, &first, "192.0.2.1:4"), 0);
	assert_int_equal(adopt(&world, &second, "192.0.2.1:6"), ERR_LIMIT);
	assert_int_equal(adopt(&world, &other, "192.0.2.2:5"), 0);
	world_until_closed(&world, &second);
	assert_true(client_has(&second, "HTTP/1.1 429 "));
	assert_true(client_has(&second, "\r\nRetry-After: "));
	assert_true(client_has(&second, "limits.connections_per_address.\n"));
	assert_int_equal(world_stats(&world)->accept_limited, 1);
	client_send(&first, GET("/a") GET("/b"));
	world_until_text(&world, &first, "/b");
	client_close(&first);
	world_until(&world, sources[0] == 0);
	client_close(&second);
	assert_int_equal(adopt(&world, &second, "192.0.2.1:7"), 0);
	world_stop(&world);
	assert_int_equal(sources[0] + sources[1], 0);
	client_close(&second);
	client_close(&other);
}

#define IDLE 200

/* Kept-alive connections that have served a request with a body and now wait. */
static void
test_idle_cost(void **state)
{
	struct world world;
	struct client clients[IDLE];
	struct mallinfo2 before, after;

	(void)state;
	world_init(&world);
	world_start(&world);
	for (int i = 0; i < IDLE; i++) {
		client_connect(&world, &clients[i]);
		close(clients[i].fd);
		clients[i].fd = -1;
	}
	world_until(&world, http_server_count(world.server, HTTP_STATE_ANY) == 0);
	before = mallinfo2();
	for (int i = 0; i < IDLE; i++) {
		client_connect(&world, &clients[i]);
		client_send(&clients[i], "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc");
		world_until_text(&world, &clients[i], "200 OK");
		buf_fini(&clients[i].got);
	}
	after = mallinfo2();
	assert_int_equal(http_server_count(world.server, HTTP_STATE_BIT(HTTP_STATE_IDLE)), IDLE);
	print_message("%zu bytes of heap per idle connection\n", (after.uordblks - before.uordblks) / IDLE);
	assert_true(after.uordblks - before.uordblks < IDLE * 2048);
	for (int i = 0; i < IDLE; i++)
		client_close(&clients[i]);
	world_stop(&world);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_count),
	    cmocka_unit_test(test_lame),
	    cmocka_unit_test(test_close_idle),
	    cmocka_unit_test(test_abort_all),
	    cmocka_unit_test(test_abort_in_request),
	    cmocka_unit_test(test_adopt_limit),
	    cmocka_unit_test(test_source),
	    cmocka_unit_test(test_idle_cost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
