/*
 * world.h - a server on an event base and clients on socket pairs, for the tests of connections
 *
 * Nothing here sleeps: world_until() turns the event loop until something has happened, and fails after 10 s.
 */
#ifndef TESTS_HTTP_WORLD_H
#define TESTS_HTTP_WORLD_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "http/server.h"

#define GET(path) "GET " path " HTTP/1.1\r\nHost: h\r\n\r\n"
#define WORLD_HELD 8

struct client {
	int fd;
	struct buf got;
	bool is_closed; /* the server closed in good order */
	bool is_reset;
};

struct world {
	struct event_base *base;
	struct http_server *server;
	struct http_limits limits;
	struct http_server_ops ops;
	void (*handle)(struct world *world, struct http_request *req);
	struct http_request *held[WORLD_HELD];
	size_t n_held;
	unsigned n_requests;
	unsigned n_heads;
	unsigned n_closed;
	uint32_t waiting_kib; /* as on_waiting() was told */
	uint32_t most_waiting_kib;
	uint32_t may_wait_kib;
	unsigned n_access;
	struct http_access access; /* the last one; slices are copied below */
	char access_path[64];
	bool refuse_heads;
	bool keep_closed; /* on_closed() does not release */
	struct buf body;  /* of the last request */
};

/* ---- Ready-made handlers ---- */

static inline struct http_answer
answer_text(int status, const char *text)
{
	return (struct http_answer){.status = status, .content_type = "text/plain", .body = slice_from_str(text)};
}

/* The path as the answer's body, at once. */
static inline void
handle_echo(struct world *world, struct http_request *req)
{
	struct http_answer answer = {.status = 200, .body = req->head.path};

	(void)world;
	http_respond(req, &answer);
	http_request_release(&req);
}

static inline void
handle_hold(struct world *world, struct http_request *req)
{
	assert_true(world->n_held < WORLD_HELD);
	world->held[world->n_held++] = req;
}

/* ---- Callbacks ---- */

static inline void
world_on_request(void *ctx, struct http_request *req)
{
	struct world *world = ctx;

	world->n_requests++;
	buf_clear(&world->body);
	assert_int_equal(buf_put_slice(&world->body, req->body), 0);
	world->handle(world, req);
}

static inline void
world_on_head(void *ctx, struct http_request *req)
{
	const struct http_answer no = answer_text(401, "who are you?");
	struct world *world = ctx;

	world->n_heads++;
	if (world->refuse_heads)
		http_respond(req, &no);
}

static inline void
world_on_closed(void *ctx, struct http_request *req)
{
	struct world *world = ctx;

	world->n_closed++;
	assert_true(http_request_is_closed(req));
	if (world->keep_closed)
		return;
	for (size_t i = 0; i < world->n_held; i++) {
		if (world->held[i] == req)
			world->held[i] = world->held[--world->n_held];
	}
	http_request_release(&req);
}

static inline bool
world_on_waiting(void *ctx, void *source, uint32_t kib)
{
	struct world *world = ctx;
	uint32_t *mine = source;
	uint32_t all;

	if (mine == NULL)
		return true;
	all = world->waiting_kib - *mine + kib;
	assert_int_not_equal(*mine, kib);
	if (kib > *mine && all > world->may_wait_kib)
		return false;
	world->waiting_kib = all;
	*mine = kib;
	if (world->waiting_kib > world->most_waiting_kib)
		world->most_waiting_kib = world->waiting_kib;
	return true;
}

static inline bool
world_on_connect(void *ctx, const char *peer, void **source_r)
{
	(void)ctx;
	(void)peer;
	*source_r = calloc(1, sizeof(uint32_t)); /* what waits there; without memory nothing is counted */
	return true;
}

static inline void
world_on_disconnect(void *ctx, void *source)
{
	(void)ctx;
	assert_int_equal(*(uint32_t *)source, 0);
	free(source);
}

static inline void
world_on_access(void *ctx, const struct http_access *access)
{
	struct world *world = ctx;

	world->n_access++;
	world->access = *access;
	snprintf(world->access_path, sizeof(world->access_path), "%.*s", SLICE_FMT(access->path));
}

/* ---- The world ---- */

/* To be called before world_start() where other limits are wanted. */
static inline void
world_init(struct world *world)
{
	*world = (struct world){.handle = handle_echo, .may_wait_kib = UINT32_MAX};
	http_limits_default(&world->limits);
	world->ops = (struct http_server_ops){
	    .on_request = world_on_request,
	    .on_closed = world_on_closed,
	    .on_connect = world_on_connect,
	    .on_disconnect = world_on_disconnect,
	    .on_waiting = world_on_waiting,
	    .on_access = world_on_access,
	};
	buf_init(&world->body, 8 * 1024 * 1024);
}

static inline void
world_start(struct world *world)
{
	world->base = event_base_new();
	assert_non_null(world->base);
	world->server = http_server_new(world->base, &world->limits, &world->ops, world);
	assert_non_null(world->server);
}

static inline void
world_stop(struct world *world)
{
	http_server_free(&world->server);
	assert_int_equal(world->waiting_kib, 0);
	event_base_free(world->base);
	buf_fini(&world->body);
}

static inline const struct http_stats *
world_stats(const struct world *world)
{
	return http_server_stats(world->server);
}

/* ---- Clients ---- */

static inline void
client_init(struct client *client, int fd)
{
	*client = (struct client){.fd = fd};
	buf_init(&client->got, 64 * 1024 * 1024);
}

static inline void
client_connect(struct world *world, struct client *client)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
	client_init(client, fds[0]);
	assert_int_equal(http_server_adopt(world->server, fds[1], "unix"), 0);
}

static inline void
client_close(struct client *client)
{
	if (client->fd >= 0)
		close(client->fd);
	client->fd = -1;
	buf_fini(&client->got);
}

/* As much as the socket takes. */
static inline size_t
client_send_some(struct client *client, const char *bytes, size_t len)
{
	ssize_t n = send(client->fd, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT);

	return n < 0 ? 0 : (size_t)n;
}

static inline void
client_send(struct client *client, const char *text)
{
	assert_int_equal(client_send_some(client, text, strlen(text)), strlen(text));
}

static inline void
client_receive(struct client *client)
{
	char bytes[16384];
	ssize_t n;

	while (client->fd >= 0 && !client->is_closed && !client->is_reset) {
		n = recv(client->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
		if (n > 0) {
			assert_int_equal(buf_put(&client->got, bytes, (size_t)n), 0);
			continue;
		}
		client->is_closed = n == 0;
		client->is_reset = n < 0 && errno != EAGAIN;
		break;
	}
}

static inline bool
client_has(struct client *client, const char *text)
{
	client_receive(client);
	return memmem(buf_cstr(&client->got), client->got.len, text, strlen(text)) != NULL;
}

static inline unsigned
client_count(const struct client *client, const char *text)
{
	const char *at = buf_cstr(&client->got);
	unsigned count = 0;

	for (at = strstr(at, text); at != NULL; at = strstr(at + 1, text))
		count++;
	return count;
}

/* ---- Waiting ---- */

static inline void
world_turn(struct world *world)
{
	assert_true(event_base_loop(world->base, EVLOOP_ONCE | EVLOOP_NONBLOCK) >= 0);
}

/* Enough turns for everything that needs no further bytes and no time. */
static inline void
world_settle(struct world *world)
{
	for (int i = 0; i < 20; i++)
		world_turn(world);
}

#define world_until(world, condition)                                                                                  \
	do {                                                                                                           \
		uint64_t end_ms = clock_mono_ms() + 30000;                                                             \
		while (!(condition)) {                                                                                 \
			world_turn(world);                                                                             \
			if (clock_mono_ms() > end_ms)                                                                  \
				fail_msg("never came true: %s", #condition);                                           \
		}                                                                                                      \
	} while (0)

#define world_until_text(world, client, text) world_until(world, client_has(client, text))
#define world_until_closed(world, client)                                                                              \
	world_until(world, (client_receive(client), (client)->is_closed || (client)->is_reset))

#endif
