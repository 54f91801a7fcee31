/*
 * alloc_parser.c - parsing heads needs no memory at all, so it cannot run out of it
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"
#include "http/parser.h"
#include "torture.h"

static int
parse(void *ctx)
{
	const struct slice in = SLICE_LIT("POST /mcp?a HTTP/1.1\r\nHost: h\r\nX: y\r\nContent-Length: 5\r\n\r\n");
	struct http_parser parser = {0};
	struct http_field fields[8];
	struct http_limits limits;
	struct http_refusal why;
	struct http_head head;
	size_t consumed = 0;
	int r = ERR_AGAIN;

	(void)ctx;
	http_limits_default(&limits);
	http_head_init(&head, fields, ARRAY_LEN(fields));
	for (size_t n = 1; n <= in.len && r == ERR_AGAIN; n++)
		r = http_parse_head(&parser, slice_of(in.ptr, n), &limits, &head, &consumed, &why);
	assert_int_equal(r, 0);
	assert_int_equal(consumed, in.len);
	assert_non_null(http_head_find(&head, "x"));
	return 0;
}

static void
test_all(void **state)
{
	(void)state;
	torture("parse", parse, NULL);
	assert_int_equal(torture_failures(), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_all)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
