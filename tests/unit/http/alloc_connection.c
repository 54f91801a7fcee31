/*
 * alloc_connection.c - a server that runs out of memory at any point loses at most the connection, never itself
 *
 * libevent's allocations fail too.  The event base stays over all runs, since it keeps what it has once needed.
 */
#include "world.h"

#include "torture.h"

#define TURNS 300

struct scene {
	struct world *world;
	size_t answered; /* requests that got their 200, over all runs */
};

static char filler[300 * 1024];

/* A large answer to /big, a stream to /stream, else the path. */
static void
handle(struct world *world, struct http_request *req)
{
	const struct http_answer big = {.status = 200, .body = slice_of(filler, sizeof(filler))};
	const struct http_answer stream = {
	    .status = 200, .content_type = "text/event-stream", .body = SLICE_LIT(":\n\n")};
	struct http_answer taken = {.status = 200};
	struct buf body;

	if (slice_is(req->head.path, "/big")) {
		http_respond(req, &big);
	} else if (slice_is(req->head.path, "/taken")) {
		buf_init(&body, sizeof(filler));
		buf_put(&body, filler, sizeof(filler));
		taken.body_take = &body;
		http_respond(req, &taken);
	} else if (slice_is(req->head.path, "/stream")) {
		if (http_stream_begin(req, &stream) == 0 && http_stream_write(req, big.body) == 0)
			http_stream_end(req, SLICE_NONE);
	} else {
		handle_echo(world, req);
		return;
	}
	http_request_release(&req);
}

static bool
has_bytes(const struct client *client, const char *text)
{
	return memmem(client->got.ptr, client->got.len, text, strlen(text)) != NULL;
}

/* Sends in two halves and reads until `last` has come or the server gives up.  True when it came. */
static bool
ask(struct world *world, struct client *client, const char *text, const char *last)
{
	size_t half = strlen(text) / 2;

	client->got.len = 0;
	(void)client_send_some(client, text, half);
	world_turn(world);
	(void)client_send_some(client, text + half, strlen(text) - half);
	for (int i = 0; i < TURNS && !client->is_closed && !client->is_reset; i++) {
		world_turn(world);
		client_receive(client);
		if (client->got.len > 0 && has_bytes(client, last))
			return true;
	}
	return false;
}

static bool
converse(struct world *world, struct client *client)
{
	return ask(world, client, GET("/first"), "\r\n\r\n/first") &&
	       ask(world, client,
		   "POST /post HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
		   "50\r\n01234567890123456789012345678901234567890123456789012345678901234567890123456789\r\n"
		   "5\r\nhello\r\n0\r\n\r\n",
		   "\r\n\r\n/post") &&
	       ask(world, client, GET("/big") GET("/after"), "\r\n\r\n/after") &&
	       ask(world, client, GET("/taken") GET("/after"), "\r\n\r\n/after") &&
	       ask(world, client, GET("/stream") GET("/after"), "\r\n\r\n/after");
}

static int
scenario(void *ctx)
{
	struct scene *scene = ctx;
	struct world *world = scene->world;
	static const int small = 4096;
	struct client client;
	int fds[2];
	int r;

	world->server = http_server_new(world->base, &world->limits, &world->ops, world);
	if (world->server == NULL)
		return ERR_NOMEM;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
	(void)setsockopt(fds[1], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	client = (struct client){.fd = fds[0], .got = world->body};
	world->body.ptr = NULL;
	r = http_server_adopt(world->server, fds[1], "unix");
	if (r == 0)
		r = converse(world, &client) ? 0 : ERR_NOMEM;
	scene->answered += world_stats(world)->requests_total;
	assert_int_equal(world_stats(world)->requests_now, 0);
	close(fds[0]);
	for (int i = 0; i < 5; i++)
		world_turn(world);
	assert_int_equal(http_server_count(world->server, HTTP_STATE_ANY), 0);
	http_server_free(&world->server);
	for (int i = 0; i < 5; i++)
		world_turn(world);
	world->body = client.got;
	return r;
}

/* As in world.h, without the parts that keep a copy. */
static void
on_request(void *ctx, struct http_request *req)
{
	handle(ctx, req);
}

static void
test_all(void **state)
{
	struct world world;
	struct scene scene = {.world = &world};

	(void)state;
	world_init(&world);
	world.ops.on_request = on_request;
	world.limits.request_pool_bytes = 64 * 1024;
	assert_int_equal(buf_reserve(&world.body, 2 * 1024 * 1024), 0); /* the client's memory never fails */
	world.base = event_base_new();
	assert_non_null(world.base);
	assert_int_equal(scenario(&scene), 0);
	torture("connection", scenario, &scene);
	assert_true(torture_failures() > 20);
	assert_true(scene.answered > torture_failures());
	event_base_free(world.base);
	buf_fini(&world.body);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_all)};

	event_set_mem_functions(malloc, realloc, free); /* the wrapped ones */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
