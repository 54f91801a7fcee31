/*
 * test_writer.c - answer heads, dates, chunk sizes
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "http/writer.h"

static void
test_date(void **state)
{
	char date[HTTP_DATE_CAP];

	(void)state;
	http_date_format(784111777000, date);
	assert_string_equal(date, "Sun, 06 Nov 1994 08:49:37 GMT");
	http_date_format(0, date);
	assert_string_equal(date, "Thu, 01 Jan 1970 00:00:00 GMT");
	http_date_format(1709251199999, date);
	assert_string_equal(date, "Thu, 29 Feb 2024 23:59:59 GMT");
	http_date_format(UINT64_MAX, date);
	assert_int_equal(strlen(date), HTTP_DATE_CAP - 1);
}

static void
test_head(void **state)
{
	const struct http_field fields[] = {
	    {SLICE_LIT("Mcp-Session-Id"), SLICE_LIT("abc")},
	    {SLICE_LIT("Allow"), SLICE_LIT("GET,\tPOST \xc3\xa9")},
	};
	const struct http_reply_head head = {
	    .status = 200,
	    .date = "D",
	    .content_type = "application/json",
	    .fields = fields,
	    .n_fields = 2,
	    .content_length = 12,
	};
	struct buf out;

	(void)state;
	buf_init(&out, 1000);
	assert_int_equal(http_write_head(&out, &head), 0);
	assert_string_equal(buf_cstr(&out), "HTTP/1.1 200 OK\r\n"
					    "Date: D\r\n"
					    "Content-Type: application/json\r\n"
					    "Mcp-Session-Id: abc\r\n"
					    "Allow: GET,\tPOST \xc3\xa9\r\n"
					    "Content-Length: 12\r\n"
					    "\r\n");
	buf_fini(&out);
}

static void
check_framing(struct http_reply_head head, const char *wanted)
{
	struct buf out;

	buf_init(&out, 1000);
	assert_int_equal(http_write_head(&out, &head), 0);
	assert_string_equal(buf_cstr(&out), wanted);
	buf_fini(&out);
}

static void
test_framing(void **state)
{
	(void)state;
	check_framing((struct http_reply_head){.status = 202}, "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n");
	check_framing((struct http_reply_head){.status = 200, .framing = HTTP_FRAMING_CHUNKED},
		      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
	check_framing((struct http_reply_head){.status = 200, .framing = HTTP_FRAMING_CLOSE, .close = true},
		      "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
	check_framing((struct http_reply_head){.status = 204, .framing = HTTP_FRAMING_NONE},
		      "HTTP/1.1 204 No Content\r\n\r\n");
	check_framing((struct http_reply_head){.status = 200, .keep_alive = true},
		      "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n");
	check_framing((struct http_reply_head){.status = 200, .keep_alive = true, .close = true},
		      "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
	check_framing((struct http_reply_head){.status = 299}, "HTTP/1.1 299 Status\r\nContent-Length: 0\r\n\r\n");
}

static void
check_refused(struct slice name, struct slice value)
{
	const struct http_field field = {name, value};
	struct buf out;

	buf_init(&out, 1000);
	buf_put_str(&out, "before");
	assert_int_equal(
	    http_write_head(&out, &(struct http_reply_head){.status = 200, .fields = &field, .n_fields = 1}),
	    ERR_INVALID);
	assert_string_equal(buf_cstr(&out), "before");
	buf_fini(&out);
}

/* Nobody splits an answer by what he puts into a value. */
static void
test_splitting(void **state)
{
	const struct http_reply_head bad_type = {.status = 200, .content_type = "a\r\nX: y"};
	struct buf out;

	(void)state;
	check_refused(SLICE_LIT("X"), SLICE_LIT("a\r\nSet-Cookie: b"));
	check_refused(SLICE_LIT("X"), SLICE_LIT("a\nb"));
	check_refused(SLICE_LIT("X"), SLICE_LIT("a\rb"));
	check_refused(SLICE_LIT("X"), SLICE_LIT("a\0b"));
	check_refused(SLICE_LIT("X"), SLICE_LIT("\x7f"));
	check_refused(SLICE_LIT(""), SLICE_LIT("a"));
	check_refused(SLICE_LIT("X Y"), SLICE_LIT("a"));
	check_refused(SLICE_LIT("X:"), SLICE_LIT("a"));
	check_refused(SLICE_LIT("X\r\nY"), SLICE_LIT("a"));
	buf_init(&out, 1000);
	assert_int_equal(http_write_head(&out, &bad_type), ERR_INVALID);
	assert_int_equal(out.len, 0);
	buf_fini(&out);
}

static void
test_full_buffer(void **state)
{
	const struct http_reply_head head = {.status = 200, .date = "D"};
	struct buf out;

	(void)state;
	buf_init(&out, 30);
	assert_int_equal(http_write_head(&out, &head), ERR_LIMIT);
	assert_int_equal(out.len, 0);
	buf_fini(&out);
}

static void
check_chunk(size_t len, const char *wanted)
{
	char head[HTTP_CHUNK_HEAD_CAP];
	size_t n = http_write_chunk_head(head, len);

	assert_true(slice_is(slice_of(head, n), wanted));
}

static void
test_chunk_head(void **state)
{
	(void)state;
	check_chunk(1, "1\r\n");
	check_chunk(16, "10\r\n");
	check_chunk(0xBEEF, "BEEF\r\n");
	check_chunk(SIZE_MAX, "FFFFFFFFFFFFFFFF\r\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_date),      cmocka_unit_test(test_head),	  cmocka_unit_test(test_framing),
	    cmocka_unit_test(test_splitting), cmocka_unit_test(test_full_buffer), cmocka_unit_test(test_chunk_head),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
