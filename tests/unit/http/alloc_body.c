/*
 * alloc_body.c - bodies and answer heads while memory runs out
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"
#include "http/body.h"
#include "http/sse.h"
#include "http/writer.h"
#include "torture.h"

static int
decode(void *ctx)
{
	const struct http_head head = {.body = HTTP_BODY_CHUNKED};
	const struct slice in =
	    SLICE_LIT("5\r\nhello\r\n40\r\n"
		      "0123456789012345678901234567890123456789012345678901234567890123\r\n0\r\n\r\n");
	struct http_limits limits;
	struct http_refusal why = {0, NULL};
	struct http_body body;
	struct buf out;
	size_t used;
	int r;

	(void)ctx;
	http_limits_default(&limits);
	buf_init(&out, limits.body_bytes);
	http_body_init(&body, &head, &limits);
	r = http_body_feed(&body, in, &out, &used, &why);
	assert_true(r == 0 || (r == ERR_NOMEM && why.status == 503 && torture_has_failed()));
	assert_true(r < 0 || out.len == 69);
	buf_fini(&out);
	return r;
}

static int
write_head(void *ctx)
{
	const struct http_reply_head head = {.status = 200, .content_type = "application/json", .date = "D"};
	struct buf out;
	int r;

	(void)ctx;
	buf_init(&out, 1000);
	r = http_write_head(&out, &head);
	assert_true((r == 0) == (out.len > 0));
	buf_fini(&out);
	return r;
}

static int
write_event(void *ctx)
{
	struct buf out;
	int r;

	(void)ctx;
	buf_init(&out, 1000);
	r = http_sse_put_event(&out, SLICE_LIT("1"),
			       SLICE_LIT("some data that is not so short that it would fit at once ......"));
	assert_true((r == 0) == (out.len > 0));
	buf_fini(&out);
	return r;
}

static void
test_all(void **state)
{
	(void)state;
	torture("decode", decode, NULL);
	assert_true(torture_failures() > 1);
	torture("write_head", write_head, NULL);
	assert_true(torture_failures() > 1);
	torture("write_event", write_event, NULL);
	assert_true(torture_failures() > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_all)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
