/*
 * test_gate.c - what the head alone decides
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "gate.h"
#include "worker_private.h"

#define FIELDS 16
#define POST_FIELDS "Content-Type: application/json\r\n"
#define SESSION "Mcp-Session-Id: abc\r\n"
#define EVENTS "Accept: text/event-stream\r\n"

struct door {
	struct config config;
	struct config_list no_list;
	struct worker worker;
};

static void
open_door(struct door *door)
{
	memset(door, 0, sizeof(*door));
	door->worker.hosts = (struct hosts){
	    .listeners = {{.text = "127.0.0.1:8765", .port = 8765, .is_loopback = true}},
	    .n_listeners = 1,
	    .allowed_hosts = &door->no_list,
	    .allowed_origins = &door->no_list,
	};
	door->worker.config = &door->config;
	door->worker.auth = auth_new(&door->config);
	assert_non_null(door->worker.auth);
}

/* The status of a refusal, 0 when it is let in. */
static int
knock(const char *verb, const char *fields, struct gate_pass *pass, struct refusal *refusal)
{
	struct http_field room[FIELDS];
	struct http_limits limits;
	struct http_parser parser = {0};
	struct http_refusal why;
	struct http_request req = {.status = 0};
	struct door door;
	struct buf text;
	size_t used;
	int r;

	open_door(&door);
	http_limits_default(&limits);
	http_head_init(&req.head, room, FIELDS);
	buf_init(&text, 4096);
	buf_printf(&text, "%s /mcp HTTP/1.1\r\nHost: 127.0.0.1:8765\r\n%s\r\n", verb, fields);
	assert_int_equal(http_parse_head(&parser, buf_slice(&text), &limits, &req.head, &used, &why), 0);
	*refusal = (struct refusal){.status = 0};
	r = gate_judge(&door.worker, &req, pass, refusal);
	assert_int_equal(r < 0, refusal->status != 0);
	buf_fini(&text);
	auth_free(&door.worker.auth);
	return refusal->status;
}

static void
check(const char *verb, const char *fields, int status)
{
	struct gate_pass pass;
	struct refusal refusal;
	int got = knock(verb, fields, &pass, &refusal);

	if (got != status)
		fail_msg("%s with [%s]: %d, wanted %d", verb, fields, got, status);
}

static void
get_is_for_legacy_sessions(void **state)
{
	struct gate_pass pass;
	struct refusal refusal;

	(void)state;
	check("GET", EVENTS, 405);
	check("GET", EVENTS SESSION, 0);
	check("GET", EVENTS SESSION "MCP-Protocol-Version: 2025-11-25\r\n", 0);
	check("GET", EVENTS SESSION "MCP-Protocol-Version: 2026-07-28\r\n", 405);
	check("GET", EVENTS SESSION "MCP-Protocol-Version: 2027-01-01\r\n", 405);
	check("GET", SESSION "Accept: application/json\r\n", 406);
	check("GET", SESSION, 0); /* absent means all */
	assert_int_equal(knock("GET", EVENTS, &pass, &refusal), 405);
	assert_string_equal(refusal.field, "Allow");
	assert_null(strstr(refusal.value, "GET"));
	assert_int_equal(knock("PUT", EVENTS, &pass, &refusal), 405);
	assert_string_equal(refusal.value, GATE_ALLOW);
}

static void
what_the_client_takes(void **state)
{
	static const struct {
		const char *accept;
		int status;
		bool json, events;
	} rows[] = {
	    {"", 0, true, true},
	    {"Accept: */*\r\n", 0, true, true},
	    {"Accept: application/json\r\n", 0, true, false},
	    {"Accept: application/json, text/event-stream\r\n", 0, true, true},
	    {"Accept: text/event-stream\r\n", 0, false, true},
	    {"Accept: text/*;q=0.5\r\n", 0, false, true},
	    {"Accept: text/html\r\n", 406, false, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct gate_pass pass;
		struct refusal refusal;
		char fields[256];

		snprintf(fields, sizeof(fields), POST_FIELDS "%s", rows[i].accept);
		assert_int_equal(knock("POST", fields, &pass, &refusal), rows[i].status);
		assert_int_equal(pass.takes_json, rows[i].json);
		assert_int_equal(pass.takes_events, rows[i].events);
	}
}

static void
fields_that_may_not_stand_twice(void **state)
{
	(void)state;
	check("POST", POST_FIELDS "Mcp-Param-A: 1\r\nMcp-Param-B: 1\r\n", 0);
	check("POST", POST_FIELDS "Mcp-Param-A: 1\r\nmcp-param-a: 1\r\n", 400);
	check("POST", POST_FIELDS "Mcp-Param-A: 1\r\nX: 1\r\nMcp-Param-B: 1\r\nMCP-PARAM-A: 1\r\n", 400);
	check("POST", POST_FIELDS "Mcp-Method: a\r\nMcp-Method: a\r\n", 400);
	check("POST", POST_FIELDS "X-Other: 1\r\nX-Other: 1\r\n", 0);
	check("GET", EVENTS SESSION "Last-Event-ID: 1\r\nLast-Event-ID: 1\r\n", 400);
}

/* RFC 9110 section 15.5.16. */
static void
bodies_come_as_they_are(void **state)
{
	static const char *const refused[] = {"Content-Encoding: gzip\r\n", "content-encoding: BR\r\n",
					      "Content-Encoding: identity, deflate\r\n",
					      "Content-Encoding: identity\r\nX: y\r\nContent-Encoding: zstd\r\n"};
	struct gate_pass pass;
	struct refusal refusal;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		char fields[256];

		snprintf(fields, sizeof(fields), POST_FIELDS "%s", refused[i]);
		assert_int_equal(knock("POST", fields, &pass, &refusal), 415);
		assert_string_equal(refusal.field, "Accept-Encoding");
		assert_string_equal(refusal.value, "identity");
	}
	check("POST", POST_FIELDS "Content-Encoding: Identity\r\n", 0);
	check("POST", POST_FIELDS "Content-Encoding:\r\n", 0);
	check("POST", POST_FIELDS "X-Content-Encoding: gzip\r\n", 0);
	check("DELETE", "Content-Encoding: gzip\r\n", 0); /* whose body nobody reads */
}

/* the first check that fails answers. */
static void
order(void **state)
{
	(void)state;
	check("PUT", "Origin: https://evil.example\r\n", 403);
	check("PUT", "Content-Type: text/plain\r\n", 405);
	check("POST", "Content-Type: text/plain\r\nAccept: text/html\r\n", 415);
	check("POST", "Content-Type: text/plain\r\nMcp-Name: a\r\nMcp-Name: a\r\n", 400);
	check("OPTIONS", "Accept: text/html\r\n", 0);
	check("DELETE", "Accept: text/html\r\n", 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(get_is_for_legacy_sessions),
	    cmocka_unit_test(what_the_client_takes),
	    cmocka_unit_test(fields_that_may_not_stand_twice),
	    cmocka_unit_test(bodies_come_as_they_are),
	    cmocka_unit_test(order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
