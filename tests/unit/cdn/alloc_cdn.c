/*
 * Purges from a fiber against a port where nobody listens, with each allocation failing.
 */
#include <event2/event.h>
#include <jansson.h>

#include "base/err.h"
#include "base/fiber.h"
#include "cdn/fastly.h"
#include "cdn/varnish.h"
#include "torture.h"

struct story {
	struct fetch *fetch;
	struct secret token;
	bool is_over;
	int r;
};

/* Nobody listens: success is that nothing is purged. */
static int
purge(const struct story *story)
{
	static const char *const tags[] = {"cat_p_1", "cat_c_2"};
	static const char *const urls[] = {"http://shop.example/a", "http://shop.example/b"};
	static const char *const hosts[] = {"127.0.0.1:1", "localhost:1"};
	struct fastly fastly = {.fetch = story->fetch,
				.api_url = "http://127.0.0.1:1",
				.service_id = "s",
				.api_token = &story->token,
				.timeout_ms = 2000,
				.parallel = 2};
	struct varnish varnish = {.fetch = story->fetch, .hosts = hosts, .n_hosts = 2, .timeout_ms = 2000};
	struct cdn_result results[2];
	int r;

	r = fastly_purge_keys(&fastly, tags, 2, &results[0]);
	if (r < 0 || results[0].ok)
		return r < 0 ? r : 1;
	r = fastly_purge_urls(&fastly, urls, 2, results);
	if (r < 0 || results[0].ok || results[1].ok)
		return r < 0 ? r : 1;
	r = varnish_purge_tags(&varnish, tags, 2, results);
	return r < 0 || !results[0].ok ? r : 1;
}

static void
tell(void *arg)
{
	struct story *story = arg;

	story->r = purge(story);
	story->is_over = true;
}

static int
scenario(void *ctx)
{
	struct fetch_options options = {.verify_tls = true,
					.connect_timeout_ms = 10000,
					.connections_per_host = 2,
					.connections_total = 4,
					.user_agent = "test"};
	struct event_base *base = ctx;
	struct story story = {.r = ERR_NOMEM, .token = {.len = 1, .bytes = "t"}};
	struct fiber_pool *fibers = fiber_pool_new(1, 1);
	struct err err;

	story.fetch = fetch_new(base, &options, &err);
	if (fibers != NULL && story.fetch != NULL && fiber_start(fibers, tell, &story, NULL) == 0) {
		while (!story.is_over)
			event_base_loop(base, EVLOOP_ONCE);
	}
	fetch_free(&story.fetch);
	fiber_pool_free(&fibers);
	return story.r;
}

int
main(void)
{
	struct event_base *base = event_base_new();

	json_set_alloc_funcs(torture_malloc, torture_free);
	torture("cdn", scenario, base);
	event_base_free(base);
	return torture_failures() >= 20 ? 0 : 1;
}
