/*
 * test_listener.c - accepting over TCP: budget, ceiling, famine of descriptors
 */
#include "world.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/un.h>

#include "http/listener.h"

static int
listen_on_loopback(struct sockaddr_in *addr_r)
{
	socklen_t len = sizeof(*addr_r);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	*addr_r = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)addr_r, len), 0);
	assert_int_equal(listen(fd, 128), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)addr_r, &len), 0);
	return fd;
}

static void
dial(struct client *client, const struct sockaddr_in *addr)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (const struct sockaddr *)addr, sizeof(*addr)), 0);
	client_init(client, fd);
}

struct scene {
	struct world world;
	struct http_listener *listener;
	struct sockaddr_in addr;
	int fd;
};

static void
scene_start(struct scene *scene)
{
	struct err err;

	world_start(&scene->world);
	scene->fd = listen_on_loopback(&scene->addr);
	assert_int_equal(http_listener_new(scene->world.server, scene->fd, &scene->listener, &err), 0);
	assert_true(http_listener_is_accepting(scene->listener));
}

static void
scene_stop(struct scene *scene)
{
	http_listener_free(&scene->listener);
	assert_null(scene->listener);
	assert_int_equal(fcntl(scene->fd, F_GETFD), FD_CLOEXEC); /* borrowed, hence still open */
	close(scene->fd);
	world_stop(&scene->world);
}

static void
handle_peer(struct world *world, struct http_request *req)
{
	const struct http_answer answer = answer_text(200, req->peer);

	(void)world;
	http_respond(req, &answer);
	http_request_release(&req);
}

static void
test_accept(void **state)
{
	struct sockaddr_in me;
	socklen_t len = sizeof(me);
	struct scene scene;
	struct client client;
	char peer[40];

	(void)state;
	world_init(&scene.world);
	scene.world.handle = handle_peer;
	scene_start(&scene);
	dial(&client, &scene.addr);
	client_send(&client, GET("/"));
	assert_int_equal(getsockname(client.fd, (struct sockaddr *)&me, &len), 0);
	snprintf(peer, sizeof(peer), "\r\n\r\n127.0.0.1:%u", ntohs(me.sin_port));
	world_until_text(&scene.world, &client, peer);
	client_close(&client);
	scene_stop(&scene);
}

static void
test_budget(void **state)
{
	struct client clients[10];
	struct scene scene;

	(void)state;
	world_init(&scene.world);
	scene.world.limits.accept_budget = 4;
	scene_start(&scene);
	for (size_t i = 0; i < ARRAY_LEN(clients); i++)
		dial(&clients[i], &scene.addr);
	world_turn(&scene.world);
	assert_int_equal(world_stats(&scene.world)->connections_now, 4);
	world_until(&scene.world, world_stats(&scene.world)->connections_now == 10);
	for (size_t i = 0; i < ARRAY_LEN(clients); i++)
		client_close(&clients[i]);
	scene_stop(&scene);
}

static void
test_ceiling(void **state)
{
	struct client clients[15];
	struct scene scene;

	(void)state;
	world_init(&scene.world);
	scene.world.limits.connections_max = 10;
	scene_start(&scene);
	for (size_t i = 0; i < ARRAY_LEN(clients); i++)
		dial(&clients[i], &scene.addr);
	world_until(&scene.world, !http_listener_is_accepting(scene.listener));
	world_settle(&scene.world);
	assert_int_equal(world_stats(&scene.world)->connections_now, 10);
	assert_int_equal(world_stats(&scene.world)->accept_paused, 1);
	for (size_t i = 0; i < 10; i++)
		client_close(&clients[i]);
	world_until(&scene.world, world_stats(&scene.world)->connections_total == 15);
	client_send(&clients[14], GET("/last"));
	world_until_text(&scene.world, &clients[14], "/last");
	for (size_t i = 10; i < ARRAY_LEN(clients); i++)
		client_close(&clients[i]);
	scene_stop(&scene);
}

/* Who waits at a server that stays full is told; who is served is not disturbed. */
static void
test_full_for_long(void **state)
{
	struct client clients[6];
	struct scene scene;

	(void)state;
	world_init(&scene.world);
	scene.world.limits.connections_max = 2;
	scene.world.limits.accept_budget = 3;
	scene.world.limits.accept_pause_ms = scene.world.limits.full_wait_ms = 30;
	scene_start(&scene);
	for (size_t i = 0; i < ARRAY_LEN(clients); i++)
		dial(&clients[i], &scene.addr);
	for (size_t i = 2; i < ARRAY_LEN(clients); i++) {
		world_until_closed(&scene.world, &clients[i]);
		assert_true(slice_has_prefix(buf_slice(&clients[i].got), "HTTP/1.1 503 "));
	}
	assert_int_equal(world_stats(&scene.world)->accept_refused, 4);
	assert_int_equal(world_stats(&scene.world)->connections_now, 2);
	client_send(&clients[0], GET("/served"));
	world_until_text(&scene.world, &clients[0], "/served");
	client_close(&clients[0]);
	client_close(&clients[1]);
	world_until(&scene.world, http_listener_is_accepting(scene.listener));
	for (size_t i = 2; i < ARRAY_LEN(clients); i++)
		client_close(&clients[i]);
	scene_stop(&scene);
}

/* Lets the process open no further descriptor; gives the limit back that was before. */
static struct rlimit
forbid_descriptors(void)
{
	struct rlimit before, now;
	int next = open("/dev/null", O_RDONLY);

	assert_true(next >= 0);
	close(next);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	now = before;
	now.rlim_cur = (rlim_t)next;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &now), 0);
	return before;
}

/* One client is told, accepting rests instead of spinning, and goes on when there is room again. */
static void
test_famine(void **state)
{
	struct rlimit before;
	struct scene scene;
	struct client a, b;
	uint64_t start_ms;

	(void)state;
	world_init(&scene.world);
	scene.world.limits.accept_pause_ms = 50;
	scene_start(&scene);
	dial(&a, &scene.addr);
	dial(&b, &scene.addr);
	client_send(&a, GET("/a"));
	client_send(&b, GET("/b"));
	before = forbid_descriptors();
	start_ms = clock_mono_ms();
	world_until_closed(&scene.world, &a);
	assert_true(slice_has_prefix(buf_slice(&a.got), "HTTP/1.1 503 "));
	assert_false(http_listener_is_accepting(scene.listener));
	assert_int_equal(world_stats(&scene.world)->accept_refused, 1);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	world_until_text(&scene.world, &b, "/b");
	assert_true(clock_mono_ms() >= start_ms + 40); /* libevent's clock is coarse by some milliseconds */
	assert_int_equal(world_stats(&scene.world)->accept_refused, 1);
	client_close(&a);
	client_close(&b);
	scene_stop(&scene);
}

/* Over TCP unread bytes turn a close into a reset, which would take the answer away from the client. */
static void
test_refusal_is_read(void **state)
{
	char junk[60000];
	struct scene scene;
	struct client client;
	size_t sent = 0;

	(void)state;
	memset(junk, 'x', sizeof(junk));
	world_init(&scene.world);
	scene_start(&scene);
	dial(&client, &scene.addr);
	client_send(&client, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999\r\n\r\n");
	while (sent < 300000) {
		sent += client_send_some(&client, junk, sizeof(junk));
		world_turn(&scene.world);
	}
	world_until_closed(&scene.world, &client);
	assert_false(client.is_reset);
	assert_true(slice_has_prefix(buf_slice(&client.got), "HTTP/1.1 413 "));
	client_close(&client);
	scene_stop(&scene);
}

static void
test_unix_socket(void **state)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	struct http_listener *listener = NULL;
	struct world world;
	struct client client;
	struct err err;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
				    (size_t)snprintf(addr.sun_path + 1, 60, "test_listener.%d", (int)getpid()));

	(void)state;
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, len), 0); /* an abstract name: nothing to remove */
	assert_int_equal(listen(fd, 5), 0);
	world_init(&world);
	world.handle = handle_peer;
	world_start(&world);
	assert_int_equal(http_listener_new(world.server, fd, &listener, &err), 0);
	client_init(&client, socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
	assert_int_equal(connect(client.fd, (struct sockaddr *)&addr, len), 0);
	client_send(&client, GET("/"));
	world_until_text(&world, &client, "\r\n\r\nunix");
	client_close(&client);
	http_listener_free(&listener);
	close(fd);
	world_stop(&world);
}

static void
test_bad_descriptor(void **state)
{
	struct http_listener *listener = NULL;
	struct world world;
	struct err err;

	(void)state;
	world_init(&world);
	world_start(&world);
	assert_int_equal(http_listener_new(world.server, 999999, &listener, &err), ERR_IO);
	assert_null(listener);
	world_stop(&world);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_accept),	cmocka_unit_test(test_budget),
	    cmocka_unit_test(test_ceiling),	cmocka_unit_test(test_full_for_long),
	    cmocka_unit_test(test_famine),	cmocka_unit_test(test_refusal_is_read),
	    cmocka_unit_test(test_unix_socket), cmocka_unit_test(test_bad_descriptor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
