/*
 * The client against a server that keeps the rules: delivery, order, connections, cancellation, deadlines.
 */
#include "fixture.h"

static void
serve_text(void *ctx, struct server_peer *peer, const struct server_request *request)
{
	struct fixture *fx = ctx;

	fixture_remember(fx, request);
	if (strcmp(request->target, "/silent") == 0)
		return;
	if (strcmp(request->target, "/part") == 0) {
		server_write(peer, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
		return;
	}
	if (strcmp(request->target, "/cookie") == 0) {
		server_reply_with(peer, 200, "Set-Cookie: PHPSESSID=abc; path=/\r\n", "x");
		return;
	}
	server_reply_with(peer, 200, "Content-Type: Application/JSON; charset=utf-8\r\n", request->target);
}

static void
delivers_a_reply(void **state)
{
	struct fixture fx;
	const struct fetch_reply *reply;

	(void)state;
	fixture_open(&fx, serve_text);
	reply = fixture_fetch(&fx, "/hello");
	assert_int_equal(reply->outcome, FETCH_OK);
	assert_int_equal(reply->status, 200);
	assert_true(reply->sent);
	assert_string_equal(reply->content_type, "application/json");
	assert_int_equal(reply->retry_after_s, -1);
	assert_string_equal(buf_cstr(&reply->body), "/hello");
	assert_true(reply->took_us > 0);
	assert_int_equal(fetch_running(fx.fetch), 0);
	fixture_close(&fx);
}

static void
reuses_connections_and_keeps_no_cookies(void **state)
{
	struct fixture fx;
	int i;

	(void)state;
	fixture_open(&fx, serve_text);
	for (i = 0; i < 10; i++)
		assert_int_equal(fixture_fetch(&fx, "/cookie")->status, 200);
	assert_int_equal(fx.server.requests, 10);
	assert_int_equal(fx.server.connections, 1);
	assert_null(strcasestr(fx.last, "cookie:"));
	fixture_close(&fx);
}

static void
runs_fifty_side_by_side_within_the_connection_limit(void **state)
{
	struct fetch_request request;
	struct fixture fx;
	char url[128], expected[32];
	unsigned i;

	(void)state;
	fixture_open(&fx, serve_text);
	for (i = 0; i < 50; i++) {
		snprintf(url, sizeof(url), "%s/n%u", fx.server.url, i);
		request = fixture_get(url);
		assert_int_equal(fixture_start(&fx, i, &request), 0);
	}
	assert_int_equal(fetch_running(fx.fetch), 50);
	fixture_run(&fx, 50);
	fixture_settle(&fx);
	assert_int_equal(fx.done, 50);
	assert_int_equal(fx.server.requests, 50);
	assert_true(fx.server.most_open > 1 && fx.server.most_open <= 6);
	for (i = 0; i < 50; i++) {
		snprintf(expected, sizeof(expected), "/n%u", i);
		assert_string_equal(buf_cstr(&fx.replies[i].body), expected);
	}
	fixture_close(&fx);
}

static void
waiting_requests_go_in_order(void **state)
{
	struct fetch_request request;
	struct fixture fx;
	char url[128];
	unsigned i;

	(void)state;
	fixture_open(&fx, serve_text);
	fixture_client(&fx, 1);
	for (i = 0; i < 20; i++) {
		snprintf(url, sizeof(url), "%s/n%u", fx.server.url, i);
		request = fixture_get(url);
		assert_int_equal(fixture_start(&fx, i, &request), 0);
	}
	fixture_run(&fx, 20);
	for (i = 0; i < 20; i++)
		assert_int_equal(fx.order[i], i);
	assert_int_equal(fx.server.connections, 1);
	fixture_close(&fx);
}

static void
deadline_tells_whether_the_request_left(void **state)
{
	struct fetch_request request;
	struct fixture fx;
	char url[128];

	(void)state;
	fixture_open(&fx, serve_text);
	fixture_client(&fx, 1);
	snprintf(url, sizeof(url), "%s/silent", fx.server.url);
	request = fixture_get(url);
	request.timeout_ms = 1500;
	assert_int_equal(fixture_start(&fx, 0, &request), 0);
	fixture_run_requests(&fx, 1);
	request.timeout_ms = 50; /* waits behind the first */
	assert_int_equal(fixture_start(&fx, 1, &request), 0);
	fixture_run(&fx, 2);
	assert_int_equal(fx.order[0], 1);
	assert_int_equal(fx.replies[1].outcome, FETCH_TIMEOUT);
	assert_false(fx.replies[1].sent);
	assert_int_equal(fx.replies[0].outcome, FETCH_TIMEOUT);
	assert_int_equal(fx.replies[0].status, 0);
	assert_true(fx.replies[0].sent);
	assert_true(fx.replies[0].took_us >= 1470000); /* the loop's clock may be a little behind */
	assert_int_equal(fx.server.requests, 1);
	fixture_close(&fx);
}

static void
deadline_also_ends_a_reply_that_drips(void **state)
{
	struct fetch_request request;
	struct fixture fx;
	char url[128];

	(void)state;
	fixture_open(&fx, serve_text);
	snprintf(url, sizeof(url), "%s/part", fx.server.url);
	request = fixture_get(url);
	request.timeout_ms = 60;
	assert_int_equal(fixture_start(&fx, 0, &request), 0);
	fixture_run(&fx, 1);
	assert_int_equal(fx.replies[0].outcome, FETCH_TIMEOUT);
	assert_int_equal(fx.replies[0].body.len, 0);
	fixture_close(&fx);
}

static void
delay_holds_a_request_back(void **state)
{
	struct fetch_request request;
	struct fixture fx;
	uint64_t began = clock_mono_ms();
	char url[128];

	(void)state;
	fixture_open(&fx, serve_text);
	snprintf(url, sizeof(url), "%s/late", fx.server.url);
	request = fixture_get(url);
	request.timeout_ms = 3000;
	request.delay_ms = 400;
	assert_int_equal(fixture_start(&fx, 0, &request), 0);
	fixture_settle(&fx);
	assert_int_equal(fx.server.connections, 0);
	fixture_run(&fx, 1);
	assert_int_equal(fx.replies[0].outcome, FETCH_OK);
	assert_true(clock_mono_ms() - began >= 380);
	fixture_close(&fx);
}

/* Cancelled at each stage of its life: done is never called, and the client still works. */
static void
cancel_at(struct fixture *fx, const char *path, uint32_t delay_ms, int stage)
{
	struct fetch_request request;
	unsigned done = fx->done;
	unsigned requests = fx->server.requests;
	char url[128];
	int turns;

	snprintf(url, sizeof(url), "%s%s", fx->server.url, path);
	request = fixture_get(url);
	request.delay_ms = delay_ms;
	/* The slot of a cancelled job is never freed by done: use a plain one. */
	assert_int_equal(fetch_start(fx->fetch, &request, fixture_on_done, NULL, &fx->jobs[0]), 0);
	for (turns = 0; turns < stage; turns++)
		event_base_loop(fx->base, EVLOOP_NONBLOCK | EVLOOP_ONCE);
	if (stage == 99)
		fixture_run_requests(fx, requests + 1);
	fetch_cancel(&fx->jobs[0]);
	assert_null(fx->jobs[0]);
	assert_int_equal(fetch_running(fx->fetch), 0);
	fixture_settle(fx);
	assert_int_equal(fx->done, done);
}

static void
cancels_at_every_stage(void **state)
{
	struct fixture fx;
	int stage;

	(void)state;
	fixture_open(&fx, serve_text);
	for (stage = 0; stage < 3; stage++)
		cancel_at(&fx, "/silent", 0, stage);
	cancel_at(&fx, "/silent", 0, 99);
	cancel_at(&fx, "/part", 0, 99);
	cancel_at(&fx, "/late", 1000, 1);
	fetch_cancel(&fx.jobs[0]);
	assert_string_equal(buf_cstr(&fixture_fetch(&fx, "/after")->body), "/after");
	fixture_close(&fx);
}

struct pair {
	struct fetch_job *other;
	unsigned done;
};

static void
cancel_the_other(void *ctx, struct fetch_reply *reply)
{
	struct pair *pair = ctx;

	assert_int_equal(reply->outcome, FETCH_CONNECT);
	pair->done++;
	fetch_cancel(&pair->other);
}

/* Both are over and wait for delivery; the first one's done cancels the second. */
static void
cancels_what_is_over_but_not_delivered(void **state)
{
	struct fetch_request request = fixture_get("http://127.0.0.1:1/");
	struct pair pair = {NULL, 0};
	struct fetch_job *first;
	struct fixture fx;

	(void)state;
	fixture_open(&fx, serve_text);
	assert_int_equal(fetch_start(fx.fetch, &request, cancel_the_other, &pair, &first), 0);
	assert_int_equal(fetch_start(fx.fetch, &request, cancel_the_other, &pair, &pair.other), 0);
	while (fetch_running(fx.fetch) > 0)
		event_base_loop(fx.base, EVLOOP_ONCE);
	fixture_settle(&fx);
	assert_int_equal(pair.done, 1);
	assert_null(pair.other);
	fixture_close(&fx);
}

static void
free_the_client(void *ctx, struct fetch_reply *reply)
{
	struct fixture *fx = ctx;

	assert_int_equal(reply->outcome, FETCH_OK);
	fx->done++;
	fetch_free(&fx->fetch);
}

static void
client_may_be_freed_from_a_completion(void **state)
{
	struct fetch_request request;
	struct fetch_job *one, *two;
	struct fixture fx;
	char url[128], silent[128];

	(void)state;
	fixture_open(&fx, serve_text);
	snprintf(url, sizeof(url), "%s/x", fx.server.url);
	snprintf(silent, sizeof(silent), "%s/silent", fx.server.url);
	request = fixture_get(silent);
	assert_int_equal(fetch_start(fx.fetch, &request, free_the_client, &fx, &two), 0);
	request = fixture_get(url);
	assert_int_equal(fetch_start(fx.fetch, &request, free_the_client, &fx, &one), 0);
	fixture_run(&fx, 1);
	fixture_settle(&fx);
	assert_int_equal(fx.done, 1);
	assert_null(fx.fetch);
	fixture_close(&fx);
}

static void
free_another_way(void *ctx, struct fetch_reply *reply)
{
	struct fixture *fx = ctx;

	assert_int_equal(reply->outcome, FETCH_CONNECT);
	fx->done++;
	fetch_free(&fx->fetch);
}

/* Both are over and would be delivered one after the other. */
static void
client_may_be_freed_between_two_completions(void **state)
{
	struct fetch_request request = fixture_get("http://127.0.0.1:1/");
	struct fetch_job *one, *two;
	struct fixture fx;

	(void)state;
	fixture_open(&fx, serve_text);
	assert_int_equal(fetch_start(fx.fetch, &request, free_another_way, &fx, &one), 0);
	assert_int_equal(fetch_start(fx.fetch, &request, free_another_way, &fx, &two), 0);
	fixture_run(&fx, 1);
	fixture_settle(&fx);
	assert_int_equal(fx.done, 1);
	assert_null(fx.fetch);
	fixture_close(&fx);
}

static void
proxies_of_the_environment_are_ignored(void **state)
{
	struct fixture fx;

	(void)state;
	setenv("http_proxy", "http://127.0.0.1:1", 1);
	setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
	fixture_open(&fx, serve_text);
	assert_int_equal(fixture_fetch(&fx, "/direct")->outcome, FETCH_OK);
	fixture_close(&fx);
	unsetenv("http_proxy");
	unsetenv("ALL_PROXY");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(delivers_a_reply),
	    cmocka_unit_test(reuses_connections_and_keeps_no_cookies),
	    cmocka_unit_test(runs_fifty_side_by_side_within_the_connection_limit),
	    cmocka_unit_test(waiting_requests_go_in_order),
	    cmocka_unit_test(deadline_tells_whether_the_request_left),
	    cmocka_unit_test(deadline_also_ends_a_reply_that_drips),
	    cmocka_unit_test(delay_holds_a_request_back),
	    cmocka_unit_test(cancels_at_every_stage),
	    cmocka_unit_test(cancels_what_is_over_but_not_delivered),
	    cmocka_unit_test(client_may_be_freed_from_a_completion),
	    cmocka_unit_test(client_may_be_freed_between_two_completions),
	    cmocka_unit_test(proxies_of_the_environment_are_ignored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
