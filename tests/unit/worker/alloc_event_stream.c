/*
 * alloc_event_stream.c - without memory at any point a stream is lost at most, its owner is told once, and nothing
 * stays
 */
#include <signal.h>

#include "../http/world.h"
#include "admission.h"
#include "event_stream.h"
#include "shm/board.h"
#include "torture.h"
#include "worker_private.h"

#define TURNS 200

struct scene {
	struct world http;
	struct worker worker;
	struct config config;
	struct config_list no_list;
	struct segment *segment;
	struct segment_keys *keys;
	struct event_stream stream;
	struct client client;
	unsigned n_told;
	size_t n_lost;
};

static char data[100 * 1024];
static const struct principal anyone = {.name = "anyone"};

static void
lose(void *ctx, struct http_request *req)
{
	struct scene *scene = ctx;

	scene->n_told++;
	event_stream_fini(&scene->stream);
	http_request_release(&req);
}

/* What an owner does: a few words, the large ones too, then the answer, unless the client was lost before. */
static void
on_request(void *ctx, struct http_request *req)
{
	struct scene *scene = ctx;
	struct event_stream *stream = &scene->stream;
	const struct mcp_event small = {.id = SLICE_LIT("a.1"), .data = SLICE_LIT("{}"), .retry_ms = 10};
	const struct mcp_event large = {.id = SLICE_NONE, .data = slice_of(data, sizeof(data))};
	const struct mcp_answer last = {.http_status = 200, .body = SLICE_LIT("{3}"), .method = "", .tool = ""};

	event_stream_init(stream, &scene->worker, req, &anyone, "r-1");
	if (event_stream_send(stream, &small) < 0 || event_stream_send(stream, &large) < 0)
		return; /* told later */
	event_stream_end(stream, &last);
	event_stream_fini(stream);
	http_request_release(&req);
}

static bool
converse(struct scene *scene)
{
	static const char request[] = GET("/");

	scene->client.got.len = 0;
	(void)client_send_some(&scene->client, request, strlen(request));
	for (int i = 0; i < TURNS && !scene->client.is_closed && !scene->client.is_reset; i++) {
		world_turn(&scene->http);
		event_streams_sweep(&scene->worker.streams, lose, scene);
		client_receive(&scene->client);
		if (scene->client.got.len > 0 &&
		    memmem(scene->client.got.ptr, scene->client.got.len, "{3}\n\n", 5) != NULL)
			return true;
	}
	return false;
}

static int
scenario(void *ctx)
{
	struct scene *scene = ctx;
	struct world *world = &scene->http;
	int fds[2];
	int r;

	scene->n_told = 0;
	if (admission_open(&scene->worker) < 0) {
		admission_close(&scene->worker);
		return ERR_NOMEM;
	}
	world->server = http_server_new(world->base, &world->limits, &world->ops, scene);
	if (world->server == NULL) {
		admission_close(&scene->worker);
		return ERR_NOMEM;
	}
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
	scene->client = (struct client){.fd = fds[0], .got = world->body};
	world->body.ptr = NULL;
	r = http_server_adopt(world->server, fds[1], "unix");
	if (r == 0)
		r = converse(scene) ? 0 : ERR_NOMEM;
	close(fds[0]);
	for (int i = 0; i < 5; i++)
		world_turn(world);
	assert_true(scene->n_told <= 1);
	assert_int_equal(world_stats(world)->requests_now, 0);
	assert_int_equal(scene->worker.streams.n_open, 0);
	assert_int_equal(scene->worker.streams.n_forsaken, 0);
	scene->n_lost += scene->n_told;
	http_server_free(&world->server);
	for (int i = 0; i < 5; i++)
		world_turn(world);
	world->body = scene->client.got;
	admission_close(&scene->worker);
	return r;
}

static void
test_all(void **state)
{
	const struct segment_config config = {.slots = 64};
	struct scene scene = {.n_told = 0};
	struct err err;

	(void)state;
	assert_int_equal(segment_keys_create(&scene.keys, &err), 0);
	assert_int_equal(segment_create(&config, scene.keys, &scene.segment, &err), 0);
	world_init(&scene.http);
	scene.http.ops.on_request = on_request;
	scene.http.ops.on_closed = lose;
	scene.http.ops.on_access = NULL;
	scene.worker.config = &scene.config;
	scene.worker.segment = scene.segment;
	scene.worker.hosts.allowed_hosts = scene.worker.hosts.allowed_origins = &scene.no_list;
	scene.worker.row = board_claim_row(scene.segment, 0, 1, 1, 1);
	event_streams_init(&scene.worker.streams);
	memset(data, 'x', sizeof(data));
	assert_int_equal(buf_reserve(&scene.http.body, 2 * 1024 * 1024), 0); /* the client's memory never fails */
	scene.http.base = event_base_new();
	assert_non_null(scene.http.base);
	assert_int_equal(scenario(&scene), 0);
	torture("event_stream", scenario, &scene);
	assert_true(torture_failures() > 5);
	assert_true(scene.n_lost > 0);
	event_base_free(scene.http.base);
	buf_fini(&scene.http.body);
	segment_free(&scene.segment);
	segment_keys_free(&scene.keys);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_all)};

	signal(SIGPIPE, SIG_IGN);
	event_set_mem_functions(malloc, realloc, free); /* the wrapped ones */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
