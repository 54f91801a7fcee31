/*
 * One handle carries one request after the other: each goes where it is to go, with nothing of those before it.
 */
#include "fixture.h"

static void
serve(void *ctx, struct server_peer *peer, const struct server_request *request)
{
	fixture_remember(ctx, request);
	if (strcmp(request->target, "/moved") == 0)
		server_reply_with(peer, 302, "Location: http://127.0.0.1:1/elsewhere\r\n", "");
	else
		server_reply_with(peer, 200, "", "ok");
}

/* One request to the end of its reply, which the server saw as it was meant. */
static void
ask(struct fixture *fx, const struct server *server, enum fetch_method method, const char *path, const char *body,
    const char *line)
{
	struct fetch_request request;
	char url[256], host[64], length[64];

	snprintf(url, sizeof(url), "%s%s", server->url, path);
	snprintf(host, sizeof(host), "\r\nHost: 127.0.0.1:%u\r\n", server->port);
	snprintf(length, sizeof(length), "\r\nContent-Length: %zu\r\n", strlen(body));
	request = fixture_get(url);
	request.method = method;
	request.body = slice_from_str(body);
	assert_int_equal(fixture_start(fx, 0, &request), 0);
	fixture_run(fx, fx->done + 1);
	assert_int_equal(fx->replies[0].outcome, FETCH_OK);
	assert_ptr_equal(strstr(fx->last, line), fx->last);
	assert_non_null(strstr(fx->last, host));
	assert_string_equal(strstr(fx->last, "\r\n\r\n") + 4, body);
	assert_int_equal(strstr(fx->last, length) != NULL, body[0] != '\0');
	assert_int_equal(strcasestr(fx->last, "content-length") != NULL, body[0] != '\0');
}

static void
serves_upstreams_and_methods_in_turn(void **state)
{
	struct fixture fx;
	struct server other;
	int i;

	(void)state;
	fixture_open(&fx, serve);
	server_start(&other, fx.base, serve, &fx);
	for (i = 0; i < 3; i++) {
		ask(&fx, &fx.server, FETCH_GET, "/a", "", "GET /a HTTP/1.1\r\n");
		ask(&fx, &fx.server, FETCH_POST, "/b", "{\"b\":1}", "POST /b HTTP/1.1\r\n");
		ask(&fx, &fx.server, FETCH_GET, "/moved", "", "GET /moved HTTP/1.1\r\n");
		ask(&fx, &other, FETCH_GET, "/c?d=e", "", "GET /c?d=e HTTP/1.1\r\n");
		ask(&fx, &other, FETCH_PUT, "/f", "[]", "PUT /f HTTP/1.1\r\n");
		ask(&fx, &other, FETCH_DELETE, "/g", "", "DELETE /g HTTP/1.1\r\n");
		ask(&fx, &fx.server, FETCH_GET, "?h=i", "", "GET /?h=i HTTP/1.1\r\n");
		ask(&fx, &other, FETCH_GET, "/j#k", "", "GET /j HTTP/1.1\r\n");
		ask(&fx, &other, FETCH_GET, "/l", "", "GET /l HTTP/1.1\r\n");
	}
	assert_int_equal(fx.server.connections, 1);
	assert_int_equal(other.connections, 1);
	fetch_free(&fx.fetch);
	server_stop(&other);
	fixture_close(&fx);
}

/* The second request of each connection finds it closed under its feet. */
static void
serve_one_per_connection(void *ctx, struct server_peer *peer, const struct server_request *request)
{
	if (request->on_connection == 0)
		serve(ctx, peer, request);
	else
		server_close(peer);
}

static void
a_reading_is_repeated_as_it_was(void **state)
{
	struct fixture fx;
	struct server other;

	(void)state;
	fixture_open(&fx, serve_one_per_connection);
	server_start(&other, fx.base, serve, &fx);
	ask(&fx, &fx.server, FETCH_GET, "/a", "", "GET /a HTTP/1.1\r\n");
	ask(&fx, &fx.server, FETCH_GET, "/b/../c?d=e", "", "GET /b/../c?d=e HTTP/1.1\r\n");
	assert_int_equal(fx.server.requests, 3);
	assert_int_equal(fx.server.connections, 2);
	ask(&fx, &other, FETCH_GET, "/f", "", "GET /f HTTP/1.1\r\n");
	ask(&fx, &fx.server, FETCH_GET, "/g", "", "GET /g HTTP/1.1\r\n");
	fetch_free(&fx.fetch);
	server_stop(&other);
	fixture_close(&fx);
}

static void
many_at_once_after_each_other(void **state)
{
	struct fetch_request request;
	struct fixture fx;
	char url[256];
	unsigned round, i;

	(void)state;
	fixture_open(&fx, serve);
	snprintf(url, sizeof(url), "%s/many", fx.server.url);
	request = fixture_get(url);
	for (round = 1; round <= 3; round++) { /* more than are kept */
		for (i = 0; i < 40; i++)
			assert_int_equal(fixture_start(&fx, i, &request), 0);
		assert_int_equal(fetch_running(fx.fetch), 40);
		fx.done = 0;
		fixture_run(&fx, 40);
		assert_int_equal(fx.server.requests, round * 40);
		assert_int_equal(fetch_running(fx.fetch), 0);
	}
	fixture_close(&fx);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(serves_upstreams_and_methods_in_turn),
	    cmocka_unit_test(a_reading_is_repeated_as_it_was),
	    cmocka_unit_test(many_at_once_after_each_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
