/*
 * What goes over the wire, and what is made of servers that break the rules.
 */
#include "fixture.h"

static void
add_zeros_in_chunks(struct server_peer *peer, unsigned chunks)
{
	static const char zeros[4096];
	struct evbuffer *out = bufferevent_get_output(peer->bev);
	unsigned i;

	for (i = 0; i < chunks; i++) {
		evbuffer_add_printf(out, "1000\r\n");
		evbuffer_add(out, zeros, sizeof(zeros));
		evbuffer_add_printf(out, "\r\n");
	}
	evbuffer_add_printf(out, "0\r\n\r\n");
}

/* 1 MiB of zeros, gzip. */
static const unsigned char gzip_bomb[] = {
#include "gzip_zeros.inc"
};

static void
serve_badly(void *ctx, struct server_peer *peer, const struct server_request *request)
{
	struct fixture *fx = ctx;
	const char *path = request->target;
	unsigned i;

	fixture_remember(fx, request);
	if (strcmp(path, "/truncated") == 0) {
		server_write(peer, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
		server_close(peer);
	} else if (strcmp(path, "/reset") == 0) {
		server_write(peer, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
		server_reset(peer);
	} else if (strcmp(path, "/nothing") == 0) {
		server_close(peer);
	} else if (strcmp(path, "/garbage") == 0) {
		server_write(peer, "220 smtp.example.com ESMTP\r\n\r\n");
		server_close(peer);
	} else if (strcmp(path, "/chunk-garbage") == 0) {
		server_write(peer, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZZ\r\n");
	} else if (strcmp(path, "/announced") == 0) {
		server_write(peer, "HTTP/1.1 200 OK\r\nContent-Length: 70000\r\n\r\n");
	} else if (strcmp(path, "/endless") == 0) {
		server_write(peer, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
		add_zeros_in_chunks(peer, 20);
	} else if (strcmp(path, "/exact") == 0) {
		server_write(peer, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
		add_zeros_in_chunks(peer, 16);
	} else if (strcmp(path, "/bomb") == 0) {
		evbuffer_add_printf(bufferevent_get_output(peer->bev),
				    "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %zu\r\n\r\n",
				    sizeof(gzip_bomb));
		bufferevent_write(peer->bev, gzip_bomb, sizeof(gzip_bomb));
	} else if (strcmp(path, "/fields") == 0) {
		server_write(peer, "HTTP/1.1 200 OK\r\n");
		for (i = 0; i < 2000; i++)
			server_write(peer, "X-Padding: 0123456789012345678901234567890123456789\r\n");
		server_write(peer, "Content-Length: 0\r\n\r\n");
	} else if (strcmp(path, "/moved") == 0) {
		server_reply_with(peer, 302, "Location: /elsewhere\r\n", "");
	} else if (strcmp(path, "/slow-down") == 0) {
		server_reply_with(peer, 429, "Retry-After: 17\r\n", "");
	} else if (strcmp(path, "/not-slow") == 0) {
		server_reply_with(peer, 200, "Retry-After: 17\r\n", "");
	} else if (strcmp(path, "/slow-down-past") == 0) {
		server_reply_with(peer, 503, "Retry-After: Fri, 01 Jan 2021 00:00:00 GMT\r\n", "");
	} else {
		server_reply_with(peer, 200, "", "ok");
	}
}

static void
names_each_way_to_fail(void **state)
{
	static const struct {
		const char *path;
		enum fetch_outcome outcome;
	} cases[] = {
	    {"/truncated", FETCH_BROKEN},  {"/reset", FETCH_BROKEN},	     {"/nothing", FETCH_BROKEN},
	    {"/garbage", FETCH_BROKEN},	   {"/chunk-garbage", FETCH_BROKEN}, {"/announced", FETCH_TOO_LARGE},
	    {"/endless", FETCH_TOO_LARGE}, {"/bomb", FETCH_TOO_LARGE},	     {"/fields", FETCH_TOO_LARGE},
	};
	const struct fetch_reply *reply;
	struct fixture fx;
	size_t i;

	(void)state;
	fixture_open(&fx, serve_badly);
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		reply = fixture_fetch(&fx, cases[i].path);
		if (reply->outcome != cases[i].outcome)
			print_error("%s: outcome %d, %s\n", cases[i].path, reply->outcome, reply->detail);
		assert_int_equal(reply->outcome, cases[i].outcome);
		assert_int_equal(reply->status, 0);
		assert_true(reply->sent);
		assert_int_equal(reply->body.len, 0);
		assert_true(reply->detail[0] != '\0');
	}
	assert_int_equal(fixture_fetch(&fx, "/fine")->outcome, FETCH_OK);
	fixture_close(&fx);
}

static void
takes_a_body_of_exactly_the_limit(void **state)
{
	const struct fetch_reply *reply;
	struct fixture fx;

	(void)state;
	fixture_open(&fx, serve_badly);
	reply = fixture_fetch(&fx, "/exact");
	assert_int_equal(reply->outcome, FETCH_OK);
	assert_int_equal(reply->body.len, 65536);
	fixture_close(&fx);
}

static void
unpacks_gzip(void **state)
{
	struct fetch_request request;
	struct fixture fx;
	char url[128];

	(void)state;
	fixture_open(&fx, serve_badly);
	snprintf(url, sizeof(url), "%s/bomb", fx.server.url);
	request = fixture_get(url);
	request.max_reply_bytes = 1024 * 1024;
	assert_int_equal(fixture_start(&fx, 0, &request), 0);
	fixture_run(&fx, 1);
	assert_int_equal(fx.replies[0].outcome, FETCH_OK);
	assert_int_equal(fx.replies[0].body.len, 1024 * 1024);
	fixture_close(&fx);
}

static void
does_not_follow_redirects(void **state)
{
	const struct fetch_reply *reply;
	struct fixture fx;

	(void)state;
	fixture_open(&fx, serve_badly);
	reply = fixture_fetch(&fx, "/moved");
	assert_int_equal(reply->outcome, FETCH_OK);
	assert_int_equal(reply->status, 302);
	assert_int_equal(fx.server.requests, 1);
	fixture_close(&fx);
}

static void
reads_retry_after(void **state)
{
	struct fixture fx;

	(void)state;
	fixture_open(&fx, serve_badly);
	assert_int_equal(fixture_fetch(&fx, "/slow-down")->retry_after_s, 17);
	assert_int_equal(fixture_fetch(&fx, "/slow-down-past")->retry_after_s, 0);
	assert_int_equal(fixture_fetch(&fx, "/not-slow")->retry_after_s, -1);
	fixture_close(&fx);
}

static void
refused_connection_and_unknown_name_sent_nothing(void **state)
{
	struct fetch_request request;
	struct fixture fx;

	(void)state;
	fixture_open(&fx, serve_badly);
	request = fixture_get("http://127.0.0.1:1/");
	assert_int_equal(fixture_start(&fx, 0, &request), 0);
	fixture_run(&fx, 1);
	assert_int_equal(fx.replies[0].outcome, FETCH_CONNECT);
	assert_false(fx.replies[0].sent);
	request = fixture_get("http://no-such-host.invalid/");
	request.timeout_ms = 2000;
	assert_int_equal(fixture_start(&fx, 1, &request), 0);
	fixture_run(&fx, 2);
	/* A machine without a resolver takes its time to say so. */
	assert_true(fx.replies[1].outcome == FETCH_RESOLVE || fx.replies[1].outcome == FETCH_TIMEOUT ||
		    fx.replies[1].outcome == FETCH_CONNECT);
	assert_false(fx.replies[1].sent);
	fixture_close(&fx);
}

static void
tls_to_a_plain_server_fails_before_anything_is_sent(void **state)
{
	struct fetch_request request;
	struct fixture fx;
	char url[128];

	(void)state;
	fixture_open(&fx, serve_badly);
	snprintf(url, sizeof(url), "https://127.0.0.1:%u/garbage", fx.server.port);
	request = fixture_get(url);
	request.timeout_ms = 5000;
	assert_int_equal(fixture_start(&fx, 0, &request), 0);
	while (fx.server.open == 0)
		event_base_loop(fx.base, EVLOOP_ONCE);
	server_write(LIST_FIRST(&fx.server.peers), "HTTP/1.1 400 Bad Request\r\n\r\n");
	fixture_run(&fx, 1);
	assert_int_equal(fx.replies[0].outcome, FETCH_TLS);
	assert_false(fx.replies[0].sent);
	fixture_close(&fx);
}

static bool
refuse_all(const uint8_t *address, size_t len)
{
	assert_int_equal(len, 4);
	assert_memory_equal(address, "\x7f\x00\x00\x01", 4);
	return false;
}

static void
does_not_connect_where_it_may_not(void **state)
{
	struct fetch_request request;
	struct fixture fx;
	char url[128];

	(void)state;
	fixture_open(&fx, serve_badly);
	snprintf(url, sizeof(url), "%s/x", fx.server.url);
	request = fixture_get(url);
	request.may_connect = refuse_all;
	assert_int_equal(fixture_start(&fx, 0, &request), 0);
	fixture_run(&fx, 1);
	assert_int_equal(fx.replies[0].outcome, FETCH_CONNECT);
	assert_false(fx.replies[0].sent);
	assert_int_equal(fx.server.connections, 0);
	fixture_close(&fx);
}

/* Somebody who may go there has left a connection open: it is not for others. */
static void
does_not_use_a_connection_to_where_it_may_not(void **state)
{
	struct fetch_request request;
	struct fixture fx;
	char url[128];

	(void)state;
	fixture_open(&fx, serve_badly);
	snprintf(url, sizeof(url), "%s/x", fx.server.url);
	request = fixture_get(url);
	assert_int_equal(fixture_start(&fx, 0, &request), 0);
	fixture_run(&fx, 1);
	assert_int_equal(fx.replies[0].outcome, FETCH_OK);
	for (int i = 1; i < 3; i++) {
		request.method = i == 1 ? FETCH_GET : FETCH_POST;
		request.may_connect = refuse_all;
		assert_int_equal(fixture_start(&fx, (size_t)i, &request), 0);
		fixture_run(&fx, (unsigned)i + 1);
		assert_int_equal(fx.replies[i].outcome, FETCH_CONNECT);
		assert_false(fx.replies[i].sent);
	}
	assert_int_equal(fx.server.requests, 1);
	fixture_close(&fx);
}

static void
refuses_bad_requests(void **state)
{
	static const char *const urls[] = {"",
					   "ftp://127.0.0.1/",
					   "file:///etc/passwd",
					   "http://",
					   "http://user:pw@127.0.0.1/",
					   "http://127.0.0.1/a b",
					   "http://127.0.0.1/a\r\nX: y",
					   "http://127.0.0.1:99999/",
					   "http://127.0.0.1/caf\xc3\xa9",
					   "//127.0.0.1/"};
	static const struct fetch_header headers[] = {
	    {"X-A", "a\r\nX-B: b"}, {"X-A", "a\nb"},  {"X A", "a"},    {"", "a"},
	    {"X-A:", "a"},	    {"X-A\r\n", "a"}, {"X-A", "a\x01"}};
	struct fetch_request request;
	struct fixture fx;
	size_t i;

	(void)state;
	fixture_open(&fx, serve_badly);
	for (i = 0; i < ARRAY_LEN(urls); i++) {
		request = fixture_get(urls[i]);
		assert_int_equal(fixture_start(&fx, 0, &request), ERR_INVALID);
		assert_null(fx.jobs[0]);
	}
	request = fixture_get(fx.server.url);
	for (i = 0; i < ARRAY_LEN(headers); i++) {
		request.headers = &headers[i];
		request.n_headers = 1;
		assert_int_equal(fixture_start(&fx, 0, &request), ERR_INVALID);
	}
	assert_int_equal(fetch_running(fx.fetch), 0);
	fixture_settle(&fx);
	assert_int_equal(fx.server.connections, 0);
	fixture_close(&fx);
}

static void
sends_what_it_was_given(void **state)
{
	static const struct fetch_header headers[] = {{"Authorization", "Bearer x"},
						      {"Accept", "application/json"},
						      {"Content-Type", "application/json"},
						      {"X-Empty", ""}};
	struct fetch_request request;
	struct fixture fx;
	char url[256];

	(void)state;
	fixture_open(&fx, serve_badly);
	snprintf(url, sizeof(url), "%s/a/../b/./%%2e%%2E/c%%2Fd?x=[1]&y=%%20", fx.server.url);
	request = fixture_get(url);
	request.method = FETCH_PUT;
	request.headers = headers;
	request.n_headers = ARRAY_LEN(headers);
	request.body = SLICE_LIT("{\"a\":1}");
	assert_int_equal(fixture_start(&fx, 0, &request), 0);
	fixture_run(&fx, 1);
	assert_non_null(strstr(fx.last, "PUT /a/../b/./%2e%2E/c%2Fd?x=[1]&y=%20 HTTP/1.1\r\n"));
	assert_non_null(strstr(fx.last, "\r\nAuthorization: Bearer x\r\n"));
	assert_non_null(strstr(fx.last, "\r\nAccept: application/json\r\n"));
	assert_non_null(strstr(fx.last, "\r\nX-Empty:\r\n"));
	assert_non_null(strstr(fx.last, "\r\nUser-Agent: magento-mcp/test\r\n"));
	assert_non_null(strstr(fx.last, "\r\nContent-Length: 7\r\n"));
	assert_non_null(strstr(fx.last, "\r\n\r\n{\"a\":1}"));
	fixture_close(&fx);
}

static void
sends_urls_without_path_and_with_fragment(void **state)
{
	static const char *const pairs[][2] = {{"", "GET / HTTP/1.1\r\n"},
					       {"?a=b", "GET /?a=b HTTP/1.1\r\n"},
					       {"/?a=b", "GET /?a=b HTTP/1.1\r\n"},
					       {"/a?b=%2f#c", "GET /a?b=%2f HTTP/1.1\r\n"},
					       {"/a//b?c?d", "GET /a//b?c?d HTTP/1.1\r\n"}};
	struct fetch_request request;
	struct fixture fx;
	char url[256];
	unsigned i;

	(void)state;
	fixture_open(&fx, serve_badly);
	for (i = 0; i < ARRAY_LEN(pairs); i++) {
		snprintf(url, sizeof(url), "%s%s", fx.server.url, pairs[i][0]);
		request = fixture_get(url);
		assert_int_equal(fixture_start(&fx, 0, &request), 0);
		fixture_run(&fx, i + 1);
		assert_int_equal(fx.replies[0].status, 200);
		assert_ptr_equal(strstr(fx.last, pairs[i][1]), fx.last);
	}
	assert_int_equal(fx.server.connections, 1);
	fixture_close(&fx);
}

static void
methods_without_a_body(void **state)
{
	static const struct {
		enum fetch_method method;
		const char *line;
		bool has_length;
	} cases[] = {{FETCH_GET, "GET ", false},
		     {FETCH_DELETE, "DELETE ", false},
		     {FETCH_POST, "POST ", true},
		     {FETCH_PUT, "PUT ", true}};
	struct fetch_request request;
	struct fixture fx;
	size_t i;
	char url[128];

	(void)state;
	fixture_open(&fx, serve_badly);
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		snprintf(url, sizeof(url), "%s/x", fx.server.url);
		request = fixture_get(url);
		request.method = cases[i].method;
		assert_int_equal(fixture_start(&fx, 0, &request), 0);
		fixture_run(&fx, (unsigned)i + 1);
		assert_memory_equal(fx.last, cases[i].line, strlen(cases[i].line));
		assert_int_equal(strstr(fx.last, "\r\nContent-Length: 0\r\n") != NULL, cases[i].has_length);
		assert_null(strcasestr(fx.last, "content-type"));
		assert_null(strcasestr(fx.last, "expect"));
	}
	fixture_close(&fx);
}

static void
large_body_needs_no_100_continue(void **state)
{
	struct fetch_request request;
	struct fixture fx;
	size_t len = 2 * 1024 * 1024;
	char *body = malloc(len);
	char url[128];

	(void)state;
	memset(body, 'x', len);
	fixture_open(&fx, serve_badly);
	snprintf(url, sizeof(url), "%s/x", fx.server.url);
	request = fixture_get(url);
	request.method = FETCH_POST;
	request.body = slice_of(body, len);
	assert_int_equal(fixture_start(&fx, 0, &request), 0);
	memset(body, 'y', len); /* it was copied */
	fixture_run(&fx, 1);
	assert_int_equal(fx.replies[0].status, 200);
	assert_null(strcasestr(fx.last, "expect:"));
	assert_null(strchr(strstr(fx.last, "\r\n\r\n"), 'y'));
	free(body);
	fixture_close(&fx);
}

/* The second request of each connection finds it closed under its feet. */
static void
serve_one_per_connection(void *ctx, struct server_peer *peer, const struct server_request *request)
{
	fixture_remember(ctx, request);
	if (request->on_connection == 0)
		server_reply_with(peer, 200, "", "ok");
	else
		server_close(peer);
}

static void
a_write_is_never_repeated_behind_our_back(void **state)
{
	struct fetch_request request;
	struct fixture fx;
	char url[128];

	(void)state;
	fixture_open(&fx, serve_one_per_connection);
	snprintf(url, sizeof(url), "%s/x", fx.server.url);
	request = fixture_get(url);
	assert_int_equal(fixture_start(&fx, 0, &request), 0);
	fixture_run(&fx, 1);
	request.method = FETCH_POST;
	request.body = SLICE_LIT("{}");
	assert_int_equal(fixture_start(&fx, 0, &request), 0);
	fixture_run(&fx, 2);
	assert_int_equal(fx.replies[0].outcome, FETCH_BROKEN);
	assert_true(fx.replies[0].sent);
	assert_int_equal(fx.server.requests, 2);
	fixture_close(&fx);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names_each_way_to_fail),
	    cmocka_unit_test(takes_a_body_of_exactly_the_limit),
	    cmocka_unit_test(unpacks_gzip),
	    cmocka_unit_test(does_not_follow_redirects),
	    cmocka_unit_test(reads_retry_after),
	    cmocka_unit_test(refused_connection_and_unknown_name_sent_nothing),
	    cmocka_unit_test(tls_to_a_plain_server_fails_before_anything_is_sent),
	    cmocka_unit_test(does_not_connect_where_it_may_not),
	    cmocka_unit_test(does_not_use_a_connection_to_where_it_may_not),
	    cmocka_unit_test(refuses_bad_requests),
	    cmocka_unit_test(sends_what_it_was_given),
	    cmocka_unit_test(sends_urls_without_path_and_with_fragment),
	    cmocka_unit_test(methods_without_a_body),
	    cmocka_unit_test(large_body_needs_no_100_continue),
	    cmocka_unit_test(a_write_is_never_repeated_behind_our_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
