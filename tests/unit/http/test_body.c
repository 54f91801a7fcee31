/*
 * test_body.c - request bodies: whole, byte by byte, and cut in two at every position
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "http/body.h"

#define MORE (-1)
#define OK 200
#define IN(text) SLICE_LIT(text)
#define LENGTH(n) HTTP_BODY_LENGTH, n
#define CHUNKED HTTP_BODY_CHUNKED, 0

struct body_case {
	const char *name;
	enum http_body_kind kind;
	uint64_t length;
	struct slice in;
	int status;
	const char *data; /* decoded, when the status is OK */
	size_t left;	  /* bytes of `in` that are not the body's */
};

static const struct body_case cases[] = {
    {"no body", HTTP_BODY_NONE, 0, IN("GET /"), OK, "", 5},
    {"length, whole", LENGTH(5), IN("hello"), OK, "hello", 0},
    {"length, more behind", LENGTH(5), IN("helloGET / HTTP/1.1\r\n"), OK, "hello", 16},
    {"length, not whole", LENGTH(6), IN("hello"), MORE, NULL, 0},
    {"length, nothing yet", LENGTH(5), IN(""), MORE, NULL, 0},
    {"length, any byte", LENGTH(4), IN("\0\r\n\xff"), OK, NULL, 0},

    {"one chunk", CHUNKED, IN("5\r\nhello\r\n0\r\n\r\n"), OK, "hello", 0},
    {"two chunks", CHUNKED, IN("5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"), OK, "hello world", 0},
    {"empty", CHUNKED, IN("0\r\n\r\n"), OK, "", 0},
    {"more behind", CHUNKED, IN("0\r\n\r\nGET / HTTP/1.1\r\n"), OK, "", 16},
    {"hexadecimal, both cases", CHUNKED, IN("a\r\n0123456789\r\nB\r\n0123456789a\r\n0\r\n\r\n"), OK,
     "01234567890123456789a", 0},
    {"leading zeros", CHUNKED, IN("0000000000000005\r\nhello\r\n0\r\n\r\n"), OK, "hello", 0},
    {"many zeros as last", CHUNKED, IN("0000\r\n\r\n"), OK, "", 0},
    {"CRLF in the data", CHUNKED, IN("4\r\n\r\n\r\n\r\n0\r\n\r\n"), OK, "\r\n\r\n", 0},
    {"extension", CHUNKED, IN("5;a=b\r\nhello\r\n0;c=\"d e\"\r\n\r\n"), OK, "hello", 0},
    {"extension without name", CHUNKED, IN("5;\r\nhello\r\n0\r\n\r\n"), OK, "hello", 0},
    {"trailer", CHUNKED, IN("5\r\nhello\r\n0\r\nX-Sum: 1\r\nY:\r\n\r\n"), OK, "hello", 0},

    {"size zz", CHUNKED, IN("zz\r\nhello\r\n0\r\n\r\n"), 400, NULL, 0},
    {"size -1", CHUNKED, IN("-1\r\nhello\r\n0\r\n\r\n"), 400, NULL, 0},
    {"size +5", CHUNKED, IN("+5\r\nhello\r\n0\r\n\r\n"), 400, NULL, 0},
    {"size 0x5", CHUNKED, IN("0x5\r\nhello\r\n0\r\n\r\n"), 400, NULL, 0},
    {"size empty", CHUNKED, IN("\r\nhello\r\n0\r\n\r\n"), 400, NULL, 0},
    {"size of extension only", CHUNKED, IN(";a=b\r\nhello\r\n0\r\n\r\n"), 400, NULL, 0},
    {"size of 17 digits", CHUNKED, IN("00000000000000005\r\nhello\r\n0\r\n\r\n"), 400, NULL, 0},
    {"size overflow", CHUNKED, IN("10000000000000005\r\nhello\r\n0\r\n\r\n"), 400, NULL, 0},
    {"size 2^64 - 1", CHUNKED, IN("ffffffffffffffff\r\nhello\r\n0\r\n\r\n"), 413, NULL, 0},
    {"size 2^63", CHUNKED, IN("8000000000000000\r\nhello\r\n0\r\n\r\n"), 413, NULL, 0},
    {"size over the limit", CHUNKED, IN("401\r\n"), 413, NULL, 0},
    {"sum over the limit", CHUNKED, IN("5\r\nhello\r\n3fc\r\n"), 413, NULL, 0},
    {"sum overflows", CHUNKED, IN("5\r\nhello\r\nfffffffffffffffb\r\n"), 413, NULL, 0},
    {"space before size", CHUNKED, IN(" 5\r\nhello\r\n0\r\n\r\n"), 400, NULL, 0},
    {"space after size", CHUNKED, IN("5 \r\nhello\r\n0\r\n\r\n"), 400, NULL, 0},
    {"space before extension", CHUNKED, IN("5 ;a\r\nhello\r\n0\r\n\r\n"), 400, NULL, 0},
    {"tab after size", CHUNKED, IN("5\t\r\nhello\r\n0\r\n\r\n"), 400, NULL, 0},
    {"comma after size", CHUNKED, IN("5,5\r\nhello\r\n0\r\n\r\n"), 400, NULL, 0},
    {"bare LF after size", CHUNKED, IN("5\nhello\r\n0\r\n\r\n"), 400, NULL, 0},
    {"bare CR after size", CHUNKED, IN("5\rhello\r\n0\r\n\r\n"), 400, NULL, 0},
    {"extension with LF", CHUNKED, IN("5;a\nhello\r\n0\r\n\r\n"), 400, NULL, 0},
    {"extension with bare CR", CHUNKED, IN("5;a\rb\r\nhello\r\n0\r\n\r\n"), 400, NULL, 0},
    {"extension with NUL", CHUNKED, IN("5;a\0\r\nhello\r\n0\r\n\r\n"), 400, NULL, 0},
    {"no CRLF after data", CHUNKED, IN("5\r\nhello0\r\n\r\n"), 400, NULL, 0},
    {"LF after data", CHUNKED, IN("5\r\nhello\n0\r\n\r\n"), 400, NULL, 0},
    {"CR after data", CHUNKED, IN("5\r\nhello\r0\r\n\r\n"), 400, NULL, 0},
    {"too much data", CHUNKED, IN("5\r\nhello!\r\n0\r\n\r\n"), 400, NULL, 0},
    {"bytes after the last chunk", CHUNKED, IN("0\r\nGET / HTTP/1.1\r\n\r\n"), 400, NULL, 0},
    {"LF after the last chunk", CHUNKED, IN("0\r\n\n"), 400, NULL, 0},
    {"bare CR after the last chunk", CHUNKED, IN("0\r\n\rX"), 400, NULL, 0},
    {"trailer without colon", CHUNKED, IN("0\r\nX\r\n\r\n"), 400, NULL, 0},
    {"trailer without name", CHUNKED, IN("0\r\n: a\r\n\r\n"), 400, NULL, 0},
    {"trailer with space before colon", CHUNKED, IN("0\r\nX : a\r\n\r\n"), 400, NULL, 0},
    {"trailer folded", CHUNKED, IN("0\r\nX: a\r\n b\r\n\r\n"), 400, NULL, 0},
    {"trailer with bare LF", CHUNKED, IN("0\r\nX: a\n\r\n"), 400, NULL, 0},
    {"trailer with bare CR", CHUNKED, IN("0\r\nX: a\rb\r\n\r\n"), 400, NULL, 0},
    {"trailer with NUL", CHUNKED, IN("0\r\nX: \0\r\n\r\n"), 400, NULL, 0},

    {"no size yet", CHUNKED, IN(""), MORE, NULL, 0},
    {"half a size", CHUNKED, IN("5"), MORE, NULL, 0},
    {"half a size line", CHUNKED, IN("5\r"), MORE, NULL, 0},
    {"half a chunk", CHUNKED, IN("5\r\nhel"), MORE, NULL, 0},
    {"a chunk and its CR", CHUNKED, IN("5\r\nhello\r"), MORE, NULL, 0},
    {"no last chunk", CHUNKED, IN("5\r\nhello\r\n"), MORE, NULL, 0},
    {"no last line", CHUNKED, IN("0\r\n"), MORE, NULL, 0},
    {"half a trailer", CHUNKED, IN("0\r\nX: a\r\n"), MORE, NULL, 0},
    {"CR of the last line", CHUNKED, IN("0\r\n\r"), MORE, NULL, 0},
};

struct verdict {
	int status;
	size_t used;
};

static struct http_limits limits;

static int
setup(void **state)
{
	(void)state;
	http_limits_default(&limits);
	limits.body_bytes = 1024;
	limits.chunk_extra_bytes = 64;
	return 0;
}

/* Feeds pieces that end at `cut`, 2 * `cut` ... until there is a verdict. */
static struct verdict
feed_in_steps(const struct body_case *c, struct slice in, size_t step, struct buf *out)
{
	const struct http_head head = {.body = c->kind, .content_length = c->length};
	struct http_refusal why = {0, NULL};
	struct verdict v = {.status = MORE};
	struct http_body body;
	int r = ERR_AGAIN;

	buf_clear(out);
	http_body_init(&body, &head, &limits);
	while (r == ERR_AGAIN) {
		size_t len = step < in.len - v.used ? step : in.len - v.used;
		size_t used;

		r = http_body_feed(&body, slice_of(in.ptr + v.used, len), out, &used, &why);
		v.used += used;
		if (r == ERR_AGAIN)
			assert_int_equal(used, len);
		if (r == ERR_AGAIN && v.used == in.len)
			return v;
	}
	v.status = r == 0 ? OK : why.status;
	return v;
}

static struct verdict
feed_cut(const struct body_case *c, struct slice in, size_t cut, struct buf *out)
{
	const struct http_head head = {.body = c->kind, .content_length = c->length};
	struct http_refusal why = {0, NULL};
	struct verdict v = {.status = MORE};
	struct http_body body;
	size_t used;
	int r;

	buf_clear(out);
	http_body_init(&body, &head, &limits);
	r = http_body_feed(&body, slice_of(in.ptr, cut), out, &v.used, &why);
	if (r == ERR_AGAIN) {
		r = http_body_feed(&body, slice_sub(in, cut, in.len), out, &used, &why);
		v.used += used;
	}
	if (r != ERR_AGAIN)
		v.status = r == 0 ? OK : why.status;
	return v;
}

static void
check(const struct body_case *c, size_t cut, struct slice in, struct verdict v, const struct buf *out)
{
	if (v.status != c->status)
		fail_msg("%s, cut at %zu: %d instead of %d", c->name, cut, v.status, c->status);
	if (v.status != OK)
		return;
	if (in.len - v.used != c->left)
		fail_msg("%s, cut at %zu: %zu left instead of %zu", c->name, cut, in.len - v.used, c->left);
	if (c->data != NULL && !slice_is(buf_slice(out), c->data))
		fail_msg("%s, cut at %zu: wrong data '%s'", c->name, cut, buf_cstr(out));
}

static void
test_corpus(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, limits.body_bytes);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct body_case *c = &cases[i];
		char *copy = malloc(c->in.len + 1);
		struct slice in = slice_of(copy + 1, c->in.len);

		assert_non_null(copy);
		memcpy(copy + 1, c->in.ptr, c->in.len);
		check(c, SIZE_MAX, in, feed_in_steps(c, in, in.len + 1, &out), &out);
		check(c, 1, in, feed_in_steps(c, in, 1, &out), &out);
		for (size_t cut = 0; cut <= in.len; cut++)
			check(c, cut, in, feed_cut(c, in, cut, &out), &out);
		free(copy);
	}
	buf_fini(&out);
}

/* `head`, then n times 'a', then `tail`, as a chunked body. */
static void
check_repeat(const char *head, size_t n, const char *tail, int status)
{
	struct body_case c = {"repeated", CHUNKED, SLICE_NONE, status, NULL, 0};
	char text[4096];
	size_t len = strlen(head);
	struct buf out;

	assert_true(len + n + strlen(tail) < sizeof(text));
	memcpy(text, head, len);
	memset(text + len, 'a', n);
	memcpy(text + len + n, tail, strlen(tail) + 1);
	buf_init(&out, limits.body_bytes);
	c.in = slice_from_str(text);
	check(&c, SIZE_MAX, c.in, feed_in_steps(&c, c.in, c.in.len, &out), &out);
	check(&c, 1, c.in, feed_in_steps(&c, c.in, 1, &out), &out);
	buf_fini(&out);
}

static void
test_limits(void **state)
{
	(void)state;
	check_repeat("400\r\n", 1024, "\r\n0\r\n\r\n", OK);
	check_repeat("400\r\n", 1024, "\r\n1\r\n", 413);
	check_repeat("1;", 64, "\r\nx\r\n0\r\n\r\n", OK);
	check_repeat("1;", 65, "\r\nx\r\n0\r\n\r\n", 400);
	check_repeat("1;12\r\nx\r\n0;", 62, "\r\n\r\n", OK);
	check_repeat("1;12\r\nx\r\n0;", 63, "\r\n\r\n", 400);
	check_repeat("0\r\nX:", 62, "\r\n\r\n", OK);
	check_repeat("0\r\nX:", 63, "\r\n\r\n", 400);
	check_repeat("0\r\n", 65, "", 400);
}

static void
test_wants(void **state)
{
	const struct http_head head = {.body = HTTP_BODY_CHUNKED};
	struct http_refusal why;
	struct http_body body;
	struct buf out;
	size_t used;

	(void)state;
	buf_init(&out, limits.body_bytes);
	http_body_init(&body, &head, &limits);
	assert_int_equal(http_body_wants(&body), 0);
	assert_int_equal(http_body_feed(&body, IN("5\r\nhe"), &out, &used, &why), ERR_AGAIN);
	assert_int_equal(http_body_wants(&body), 3);
	assert_int_equal(http_body_feed(&body, IN("llo"), &out, &used, &why), ERR_AGAIN);
	assert_int_equal(http_body_wants(&body), 0);
	buf_fini(&out);
}

/* A body that does not fit into the caller's buffer is a shortage, not the client's fault. */
static void
test_small_buffer(void **state)
{
	const struct http_head head = {.body = HTTP_BODY_LENGTH, .content_length = 100};
	struct http_refusal why;
	struct http_body body;
	char zeros[100] = {0};
	struct buf out;
	size_t used;

	(void)state;
	buf_init(&out, 50);
	http_body_init(&body, &head, &limits);
	assert_int_equal(http_body_feed(&body, slice_of(zeros, 100), &out, &used, &why), ERR_NOMEM);
	assert_int_equal(why.status, 503);
	buf_fini(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_corpus),
	    cmocka_unit_test(test_limits),
	    cmocka_unit_test(test_wants),
	    cmocka_unit_test(test_small_buffer),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
