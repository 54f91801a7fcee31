/*
 * One call from a fiber against a port where nobody listens: everything up to the network, with each allocation
 * failing.
 */
#include <event2/event.h>
#include <jansson.h>
#include <string.h>

#include "base/err.h"
#include "base/fiber.h"
#include "magento/client.h"
#include "torture.h"

struct story {
	struct fetch *fetch;
	struct pool *pool;
	struct magento_credentials credentials;
	bool is_over;
	int r;
};

static void
tell(void *arg)
{
	static const struct magento_param query[] = {{"fields", "id"}};
	struct story *story = arg;
	struct magento_client client = {
	    .fetch = story->fetch,
	    .pool = story->pool,
	    .base_url = "http://127.0.0.1:1",
	    .credentials = &story->credentials,
	    .limits = {.read_timeout_ms = 2000, .write_timeout_ms = 2000, .max_reply_bytes = 65536, .parallel = 2}};
	json_t *body = json_pack("{s:i}", "a", 1);
	struct magento_request requests[2] = {
	    {.method = FETCH_GET, .scope = "all", .path = "/x", .query = query, .n_query = 1},
	    {.method = FETCH_POST, .scope = "all", .path = "/y", .body = body}};
	struct magento_reply replies[2];
	struct fault faults[2];
	int i;

	for (i = 0; i < 2; i++) {
		magento_reply_init(&replies[i]);
		fault_init(&faults[i]);
	}
	/* Nobody listens: success is that both fail, each with a fault. */
	i = magento_call_many(&client, requests, 2, replies, faults);
	story->r = i == 2 && faults[0].code != FAULT_NONE && faults[1].code != FAULT_NONE ? 0 : 1;
	for (i = 0; i < 2; i++) {
		magento_reply_fini(&replies[i]);
		fault_fini(&faults[i]);
	}
	json_decref(body);
	story->is_over = true;
}

static int
call(void *ctx)
{
	struct fetch_options options = {.verify_tls = true,
					.connect_timeout_ms = 10000,
					.connections_per_host = 2,
					.connections_total = 2,
					.user_agent = "test"};
	struct event_base *base = ctx;
	struct story story = {.r = ERR_NOMEM};
	struct fiber_pool *fibers = fiber_pool_new(1, 1);
	struct err err;

	story.credentials.kind = MAGENTO_AUTH_OAUTH;
	story.fetch = fetch_new(base, &options, &err);
	story.pool = pool_new(65536);
	if (fibers != NULL && story.fetch != NULL && story.pool != NULL &&
	    fiber_start(fibers, tell, &story, NULL) == 0) {
		while (!story.is_over)
			event_base_loop(base, EVLOOP_ONCE);
	}
	fetch_free(&story.fetch);
	pool_free(&story.pool);
	fiber_pool_free(&fibers);
	return story.r;
}

int
main(void)
{
	struct event_base *base = event_base_new();

	json_set_alloc_funcs(torture_malloc, torture_free);
	torture("client", call, base);
	event_base_free(base);
	return torture_failures() >= 20 ? 0 : 1;
}
