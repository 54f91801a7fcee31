/*
 * A question from a fiber against a port where nobody listens, with each allocation failing.
 */
#include <event2/event.h>
#include <jansson.h>

#include "base/err.h"
#include "base/fiber.h"
#include "magento/graphql.h"
#include "torture.h"

struct story {
	struct fetch *fetch;
	struct pool *pool;
	bool is_over;
	int r;
};

static void
tell(void *arg)
{
	struct story *story = arg;
	struct magento_client client = {.fetch = story->fetch,
					.pool = story->pool,
					.base_url = "http://127.0.0.1:1",
					.limits = {.read_timeout_ms = 2000, .max_reply_bytes = 65536}};
	json_t *variables = json_pack("{s:s}", "u0", "a.html");
	json_t *data = NULL;
	struct fault fault;
	int r;

	fault_init(&fault);
	r = graphql_query(&client, "de", "query($u0:String!){u0:route(url:$u0){type}}", variables, &data, &fault);
	/* Nobody listens: success is a fault and no data. */
	story->r = r == -1 && fault.code != FAULT_NONE && data == NULL ? 0 : 1;
	fault_fini(&fault);
	json_decref(variables);
	story->is_over = true;
}

static int
scenario(void *ctx)
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
	torture("graphql", scenario, base);
	event_base_free(base);
	return torture_failures() >= 10 ? 0 : 1;
}
