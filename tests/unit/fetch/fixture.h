/*
 * fixture.h - a loop, a scripted server and a client for it; replies recorded in the order they came
 */
#ifndef TESTS_FETCH_FIXTURE_H
#define TESTS_FETCH_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/fiber.h"
#include "fetch/fetch.h"
#include "scripted_server.h"

#define FIXTURE_REPLIES 64

struct fixture {
	struct event_base *base;
	struct server server;
	struct fetch *fetch;
	struct fetch_reply replies[FIXTURE_REPLIES];
	struct fetch_job *jobs[FIXTURE_REPLIES];
	unsigned order[FIXTURE_REPLIES]; /* which job came n-th */
	unsigned done;
	bool inside_start;
	unsigned seen;	  /* free for handlers */
	char last[65536]; /* head and body of the last request */
};

struct fixture_slot {
	struct fixture *fixture;
	unsigned index;
};

static inline void
fixture_remember(struct fixture *fx, const struct server_request *request)
{
	snprintf(fx->last, sizeof(fx->last), "%s%.*s", request->head, (int)request->body_len, request->body);
}

static inline void
fixture_client(struct fixture *fx, uint32_t per_host)
{
	struct fetch_options options = {.verify_tls = true,
					.connect_timeout_ms = 10000,
					.connections_per_host = per_host,
					.connections_total = 24,
					.user_agent = "magento-mcp/test"};
	struct err err;

	fetch_free(&fx->fetch);
	fx->fetch = fetch_new(fx->base, &options, &err);
	assert_non_null(fx->fetch);
}

static inline void
fixture_open(struct fixture *fx, server_handler handler)
{
	unsigned i;

	memset(fx, 0, sizeof(*fx));
	for (i = 0; i < FIXTURE_REPLIES; i++)
		fetch_reply_init(&fx->replies[i]);
	fx->base = event_base_new();
	assert_non_null(fx->base);
	server_start(&fx->server, fx->base, handler, fx);
	fixture_client(fx, 6);
}

static inline void
fixture_close(struct fixture *fx)
{
	unsigned i;

	fetch_free(&fx->fetch);
	server_stop(&fx->server);
	for (i = 0; i < FIXTURE_REPLIES; i++)
		fetch_reply_fini(&fx->replies[i]);
	event_base_free(fx->base);
}

static inline void
fixture_on_done(void *ctx, struct fetch_reply *reply)
{
	struct fixture_slot *slot = ctx;
	struct fixture *fx = slot->fixture;

	assert_false(fx->inside_start);
	fx->order[fx->done++] = slot->index;
	fx->jobs[slot->index] = NULL;
	fetch_reply_fini(&fx->replies[slot->index]);
	fx->replies[slot->index] = *reply;
	buf_init(&reply->body, 0);
	free(slot);
}

static inline int
fixture_start(struct fixture *fx, unsigned index, const struct fetch_request *request)
{
	struct fixture_slot *slot = calloc(1, sizeof(*slot));
	int r;

	slot->fixture = fx;
	slot->index = index;
	fx->inside_start = true;
	r = fetch_start(fx->fetch, request, fixture_on_done, slot, &fx->jobs[index]);
	fx->inside_start = false;
	if (r < 0)
		free(slot);
	return r;
}

/* Turns the loop until `done` replies have come; fails the test after 10 s. */
static inline void
fixture_run(struct fixture *fx, unsigned done)
{
	uint64_t until = clock_mono_ms() + 30000;
	struct timeval tick = {.tv_usec = 100000};

	while (fx->done < done) {
		assert_true(clock_mono_ms() < until);
		event_base_loopexit(fx->base, &tick);
		event_base_loop(fx->base, EVLOOP_ONCE);
	}
}

/* Turns the loop until the server has had `requests` requests. */
static inline void
fixture_run_requests(struct fixture *fx, unsigned requests)
{
	uint64_t until = clock_mono_ms() + 30000;
	struct timeval tick = {.tv_usec = 100000};

	while (fx->server.requests < requests) {
		assert_true(clock_mono_ms() < until);
		event_base_loopexit(fx->base, &tick);
		event_base_loop(fx->base, EVLOOP_ONCE);
	}
}

/* Lets everything that is ready happen. */
static inline void
fixture_settle(struct fixture *fx)
{
	unsigned i;

	for (i = 0; i < 20; i++)
		event_base_loop(fx->base, EVLOOP_NONBLOCK);
}

static inline struct fetch_request
fixture_get(const char *url)
{
	return (struct fetch_request){.method = FETCH_GET, .url = url, .timeout_ms = 5000, .max_reply_bytes = 65536};
}

/* One request to `path` of the server, to its end. */
static inline const struct fetch_reply *
fixture_fetch(struct fixture *fx, const char *path)
{
	struct fetch_request request;
	char url[1024];

	snprintf(url, sizeof(url), "%s%s", fx->server.url, path);
	request = fixture_get(url);
	assert_int_equal(fixture_start(fx, 0, &request), 0);
	fixture_run(fx, fx->done + 1);
	return &fx->replies[0];
}

#endif
