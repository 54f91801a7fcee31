/*
 * cdn_stage.h - caches played by a scripted server; calls run on a fiber
 */
#ifndef TESTS_CDN_STAGE_H
#define TESTS_CDN_STAGE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../fetch/scripted_server.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fiber.h"
#include "cdn/cdn.h"
#include "fetch/fetch.h"

#define CDN_LOG 64

struct stage {
	struct event_base *base;
	struct server server;
	struct fetch *fetch;
	struct fiber_pool *fibers;
	struct fiber *fiber;
	/* What the server does: the n-th request gets statuses[n], or the last one. */
	int statuses[8];
	unsigned n_statuses;
	const char *body;
	const char *fields;
	bool is_silent;
	char heads[CDN_LOG][9000];
	char bodies[CDN_LOG][9000];
	unsigned n;
	void (*story)(struct stage *st);
	bool is_over;
	int r;
	struct cdn_result results[32];
};

static inline void
stage_handle(void *ctx, struct server_peer *peer, const struct server_request *request)
{
	struct stage *st = ctx;
	unsigned i = st->n < st->n_statuses ? st->n : st->n_statuses - 1;

	assert_true(st->n < CDN_LOG);
	snprintf(st->heads[st->n], sizeof(st->heads[0]), "%s", request->head);
	snprintf(st->bodies[st->n], sizeof(st->bodies[0]), "%.*s", (int)request->body_len, request->body);
	st->n++;
	if (!st->is_silent)
		server_reply_with(peer, st->statuses[i], st->fields != NULL ? st->fields : "",
				  st->body != NULL ? st->body : "");
}

static inline int
stage_open(void **state)
{
	struct fetch_options options = {.verify_tls = true,
					.connect_timeout_ms = 10000,
					.connections_per_host = 8,
					.connections_total = 24,
					.user_agent = "magento-mcp/test"};
	struct stage *st = calloc(1, sizeof(*st));
	struct err err;

	st->base = event_base_new();
	server_start(&st->server, st->base, stage_handle, st);
	st->fetch = fetch_new(st->base, &options, &err);
	st->fibers = fiber_pool_new(4, 4);
	st->statuses[0] = 200;
	st->n_statuses = 1;
	*state = st;
	return 0;
}

static inline int
stage_close(void **state)
{
	struct stage *st = *state;

	assert_int_equal(fetch_running(st->fetch), 0);
	fetch_free(&st->fetch);
	server_stop(&st->server);
	fiber_pool_free(&st->fibers);
	event_base_free(st->base);
	free(st);
	return 0;
}

static inline void
stage_fiber(void *arg)
{
	struct stage *st = arg;

	st->story(st);
	st->is_over = true;
}

static inline void
stage_begin(struct stage *st, void (*story)(struct stage *st))
{
	st->story = story;
	st->is_over = false;
	assert_int_equal(fiber_start(st->fibers, stage_fiber, st, &st->fiber), 0);
}

static inline void
stage_run(struct stage *st, void (*story)(struct stage *st))
{
	uint64_t until = clock_mono_ms() + 30000;

	stage_begin(st, story);
	while (!st->is_over) {
		assert_true(clock_mono_ms() < until);
		event_base_loop(st->base, EVLOOP_ONCE);
	}
}

static inline void
stage_run_requests(struct stage *st, unsigned n)
{
	uint64_t until = clock_mono_ms() + 30000;

	while (st->n < n) {
		assert_true(clock_mono_ms() < until);
		event_base_loop(st->base, EVLOOP_ONCE);
	}
}

/* A port where nobody listens. */
static inline uint16_t
stage_dead_port(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	getsockname(fd, (struct sockaddr *)&address, &len);
	close(fd);
	return ntohs(address.sin_port);
}

#define STAGE_TEST(f) cmocka_unit_test_setup_teardown(f, stage_open, stage_close)

#endif
