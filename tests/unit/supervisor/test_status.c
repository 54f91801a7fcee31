/*
 * test_status.c - the JSON is JSON and has the promised members; the table shows what people look for
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "supervisor/status.h"

/* ---- A small strict reader of JSON: gives where the value ends, or NULL ---- */

static const char *skip_value(const char *p, int depth);

static const char *
skip_string(const char *p)
{
	if (*p != '"')
		return NULL;
	for (p++; *p != '"'; p++) {
		if ((unsigned char)*p < 0x20)
			return NULL;
		if (*p == '\\') {
			p++;
			if (*p == '\0' || strchr("\"\\/bfnrtu", *p) == NULL)
				return NULL;
		}
	}
	return p + 1;
}

static const char *
skip_members(const char *p, char close, int depth)
{
	if (*p == close)
		return p + 1;
	for (;;) {
		if (close == '}') {
			p = skip_string(p);
			if (p == NULL || *p++ != ':')
				return NULL;
		}
		p = skip_value(p, depth + 1);
		if (p == NULL)
			return NULL;
		if (*p == close)
			return p + 1;
		if (*p++ != ',')
			return NULL;
	}
}

static const char *
skip_value(const char *p, int depth)
{
	static const char *const words[] = {"true", "false", "null"};
	size_t i;

	if (depth > 10)
		return NULL;
	if (*p == '{' || *p == '[')
		return skip_members(p + 1, *p == '{' ? '}' : ']', depth);
	if (*p == '"')
		return skip_string(p);
	for (i = 0; i < ARRAY_LEN(words); i++) {
		if (strncmp(p, words[i], strlen(words[i])) == 0)
			return p + strlen(words[i]);
	}
	i = strspn(p, "0123456789");
	return i > 0 ? p + i : NULL;
}

static void
assert_json(const char *text)
{
	const char *end = skip_value(text, 0);

	assert_non_null(end);
	assert_string_equal(end, "\n");
}

/* ---- Views ---- */

static struct listeners sockets;

static void
fill(struct status_view *view)
{
	listeners_init(&sockets);
	(void)snprintf(sockets.items[0].text, SOCKETS_TEXT_MAX, "%s", "127.0.0.1:8765");
	(void)snprintf(sockets.items[1].text, SOCKETS_TEXT_MAX, "%s", "127.0.0.1:9464");
	sockets.items[1].is_admin = true;
	sockets.n_mcp = 1;
	sockets.n_admin = 1;
	*view = (struct status_view){.pid = 4711,
				     .version = "1.2.3",
				     .generation = 2,
				     .state = "running",
				     .uptime_s = 61,
				     .listeners = &sockets,
				     .control_socket = "/run/x/control.sock",
				     .n_workers = 1};
	view->workers[0] = (struct status_worker){.slot = 3,
						  .pid = 4712,
						  .generation = 2,
						  .state = "ready",
						  .ready_ms = 41,
						  .heartbeat_age_ms = 120,
						  .requests = 99,
						  .connections = 7,
						  .streams = 3,
						  .respawns = 1,
						  .is_confined = true};
	view->table = (struct status_table){
	    .slots = 65536, .used = 12, .evictions = 1, .owner_deaths = 2, .corrupt = 0, .has_secret_keys = true};
	view->keeper = (struct status_keeper){.pid = 4713, .generation = 1, .state = "ready", .respawns = 4};
	view->last_reload = (struct status_reload){
	    .is_known = true, .ok = false, .message = "a \"quoted\" line\x01", .at_wall_ms = 1000};
}

static void
json_has_every_promised_member(void **state)
{
	struct status_view view;
	struct buf out;

	(void)state;
	fill(&view);
	buf_init(&out, 10000);
	assert_int_equal(status_put_json(&out, &view), 0);
	assert_json(buf_cstr(&out));
	assert_string_equal(
	    buf_cstr(&out),
	    "{\"pid\":4711,\"version\":\"1.2.3\",\"generation\":2,\"state\":\"running\",\"uptime_s\":61,"
	    "\"listen\":[\"127.0.0.1:8765\"],\"admin\":\"127.0.0.1:9464\",\"control_socket\":\"/run/x/"
	    "control.sock\",\"read_only\":false,"
	    "\"workers\":[{\"slot\":3,\"pid\":4712,\"generation\":2,\"state\":\"ready\",\"ready_ms\":41,"
	    "\"heartbeat_age_ms\":120,\"requests\":99,\"connections\":7,\"streams\":3,\"respawns\":1,\"confined\":true}"
	    "],"
	    "\"keeper\":{\"pid\":4713,\"generation\":1,\"state\":\"ready\",\"respawns\":4},"
	    "\"table\":{\"slots\":65536,\"used\":12,\"evictions\":1,\"full\":0,\"owner_deaths\":2,\"corrupt\":0,"
	    "\"keys\":\"secret memory\"},"
	    "\"last_reload\":{\"ok\":false,\"message\":\"a \\\"quoted\\\" "
	    "line\\u0001\",\"at\":\"1970-01-01T00:00:01Z\"}}\n");
	buf_fini(&out);
}

static void
json_of_a_service_without_workers_is_json(void **state)
{
	struct status_view view;
	struct buf out;

	(void)state;
	fill(&view);
	sockets.n_mcp = 0;
	sockets.n_admin = 0;
	view.n_workers = 0;
	view.last_reload.is_known = false;
	buf_init(&out, 10000);
	assert_int_equal(status_put_json(&out, &view), 0);
	assert_json(buf_cstr(&out));
	assert_non_null(strstr(buf_cstr(&out), "\"listen\":[],\"admin\":null,"));
	assert_non_null(strstr(buf_cstr(&out), "\"workers\":[],"));
	assert_non_null(strstr(buf_cstr(&out), "\"last_reload\":null}"));
	buf_fini(&out);
}

static void
full_house_fits_into_a_reply(void **state)
{
	struct status_view view;
	struct buf out;
	size_t i;

	(void)state;
	fill(&view);
	view.n_workers = BOARD_ROWS;
	for (i = 0; i < BOARD_ROWS; i++)
		view.workers[i] = (struct status_worker){.slot = UINT32_MAX,
							 .pid = INT32_MAX,
							 .generation = UINT32_MAX,
							 .state = "retiring",
							 .ready_ms = UINT64_MAX,
							 .heartbeat_age_ms = UINT64_MAX,
							 .requests = UINT64_MAX,
							 .connections = UINT64_MAX,
							 .respawns = UINT32_MAX};
	buf_init(&out, 64 * 1024);
	assert_int_equal(status_put_json(&out, &view), 0);
	assert_json(buf_cstr(&out));
	buf_clear(&out);
	assert_int_equal(status_put_text(&out, &view), 0);
	buf_fini(&out);
}

static void
table_shows_workers_and_the_failed_reload(void **state)
{
	struct status_view view;
	struct buf out;

	(void)state;
	fill(&view);
	buf_init(&out, 10000);
	assert_int_equal(status_put_text(&out, &view), 0);
	assert_non_null(strstr(buf_cstr(&out), "magento-mcp 1.2.3, pid 4711, running, generation 2, up 61 s\n"));
	assert_non_null(strstr(buf_cstr(&out), "listen  127.0.0.1:8765\nadmin   127.0.0.1:9464\n"));
	assert_non_null(strstr(buf_cstr(&out), "reload  failed at 1970-01-01T00:00:01Z: a \"quoted\" line"));
	assert_non_null(strstr(buf_cstr(&out), "\n   3     4712    2 ready "));
	buf_fini(&out);
}

static void
too_small_a_buffer_is_an_error(void **state)
{
	struct status_view view;
	struct buf out;

	(void)state;
	fill(&view);
	buf_init(&out, 100);
	assert_int_equal(status_put_json(&out, &view), ERR_LIMIT);
	buf_fini(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(json_has_every_promised_member),
	    cmocka_unit_test(json_of_a_service_without_workers_is_json),
	    cmocka_unit_test(full_house_fits_into_a_reply),
	    cmocka_unit_test(table_shows_workers_and_the_failed_reload),
	    cmocka_unit_test(too_small_a_buffer_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
