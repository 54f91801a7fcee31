/*
 * Requests from a fiber: all replies, cancellation before, while and after.
 */
#include "fixture.h"

static void
serve_text(void *ctx, struct server_peer *peer, const struct server_request *request)
{
	(void)ctx;
	if (strcmp(request->target, "/silent") != 0)
		server_reply_with(peer, 200, "", request->target);
}

struct story {
	struct fixture *fx;
	const char *paths[4];
	size_t n;
	struct fetch_reply replies[4];
	int r;
	bool ended;
};

static void
tell(void *arg)
{
	struct story *story = arg;
	struct fetch_request requests[4];
	char urls[4][128];
	size_t i;

	for (i = 0; i < story->n; i++) {
		snprintf(urls[i], sizeof(urls[i]), "%s%s", story->fx->server.url, story->paths[i]);
		requests[i] = fixture_get(urls[i]);
		fetch_reply_init(&story->replies[i]);
	}
	story->r = fetch_wait(story->fx->fetch, requests, story->n, story->replies);
	story->ended = true;
}

static void
run_until_ended(struct story *story)
{
	uint64_t until = clock_mono_ms() + 30000;

	while (!story->ended) {
		assert_true(clock_mono_ms() < until);
		event_base_loop(story->fx->base, EVLOOP_ONCE);
	}
}

static void
waits_for_all(void **state)
{
	struct fiber_pool *pool = fiber_pool_new(4, 4);
	struct fixture fx;
	struct story story = {.fx = &fx, .paths = {"/a", "/b", "/c"}, .n = 3};
	size_t i;

	(void)state;
	fixture_open(&fx, serve_text);
	assert_int_equal(fiber_start(pool, tell, &story, NULL), 0);
	assert_false(story.ended);
	run_until_ended(&story);
	assert_int_equal(story.r, 0);
	for (i = 0; i < 3; i++) {
		assert_int_equal(story.replies[i].outcome, FETCH_OK);
		assert_string_equal(buf_cstr(&story.replies[i].body), story.paths[i]);
		fetch_reply_fini(&story.replies[i]);
	}
	assert_int_equal(fiber_pool_alive(pool), 0);
	fixture_close(&fx);
	fiber_pool_free(&pool);
}

static void
nothing_to_wait_for(void **state)
{
	struct fiber_pool *pool = fiber_pool_new(4, 4);
	struct fixture fx;
	struct story story = {.fx = &fx, .n = 0, .r = -1};

	(void)state;
	fixture_open(&fx, serve_text);
	assert_int_equal(fiber_start(pool, tell, &story, NULL), 0);
	assert_true(story.ended);
	assert_int_equal(story.r, 0);
	fixture_close(&fx);
	fiber_pool_free(&pool);
}

static void
cancellation_stops_all(void **state)
{
	struct fiber_pool *pool = fiber_pool_new(4, 4);
	struct fiber *fiber = NULL;
	struct fixture fx;
	struct story story = {.fx = &fx, .paths = {"/silent", "/quick"}, .n = 2};

	(void)state;
	fixture_open(&fx, serve_text);
	assert_int_equal(fiber_start(pool, tell, &story, &fiber), 0);
	fixture_run_requests(&fx, 2);
	fixture_settle(&fx);
	assert_int_equal(fetch_running(fx.fetch), 1);
	fiber_cancel(fiber);
	assert_true(story.ended);
	assert_int_equal(story.r, ERR_CANCELLED);
	assert_int_equal(fetch_running(fx.fetch), 0);
	assert_int_equal(story.replies[1].body.len, 0);
	fixture_close(&fx);
	fiber_pool_free(&pool);
}

static void
one_bad_request_stops_the_others(void **state)
{
	struct fiber_pool *pool = fiber_pool_new(4, 4);
	struct fixture fx;
	struct story story = {.fx = &fx, .paths = {"/a", "/not allowed"}, .n = 2};

	(void)state;
	fixture_open(&fx, serve_text);
	assert_int_equal(fiber_start(pool, tell, &story, NULL), 0);
	assert_true(story.ended);
	assert_int_equal(story.r, ERR_INVALID);
	assert_int_equal(fetch_running(fx.fetch), 0);
	fixture_close(&fx);
	fiber_pool_free(&pool);
}

static void
tell_twice(void *arg)
{
	struct story *story = arg;

	tell(story);
	story->ended = false;
	tell(story);
}

static void
a_cancelled_fiber_starts_nothing_more(void **state)
{
	struct fiber_pool *pool = fiber_pool_new(4, 4);
	struct fiber *fiber = NULL;
	struct fixture fx;
	struct story story = {.fx = &fx, .paths = {"/silent"}, .n = 1};

	(void)state;
	fixture_open(&fx, serve_text);
	assert_int_equal(fiber_start(pool, tell_twice, &story, &fiber), 0);
	fixture_run_requests(&fx, 1);
	fiber_cancel(fiber);
	assert_true(story.ended);
	assert_int_equal(story.r, ERR_CANCELLED);
	fixture_settle(&fx);
	assert_int_equal(fx.server.requests, 1);
	fixture_close(&fx);
	fiber_pool_free(&pool);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(waits_for_all),
	    cmocka_unit_test(nothing_to_wait_for),
	    cmocka_unit_test(cancellation_stops_all),
	    cmocka_unit_test(one_bad_request_stops_the_others),
	    cmocka_unit_test(a_cancelled_fiber_starts_nothing_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
