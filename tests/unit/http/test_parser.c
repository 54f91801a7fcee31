/*
 * test_parser.c - request heads: what is accepted, what is refused and how, whatever way the bytes arrive
 *
 * Every case is parsed whole, byte by byte, and cut in two at every position.  The verdicts must agree.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "http/parser.h"

#define MORE (-1) /* not yet a whole head, nothing wrong with it */
#define OK 200
#define H "Host: shop.example\r\n"
#define POST "POST /mcp HTTP/1.1\r\n" H
#define GET "GET /mcp HTTP/1.1\r\n" H
#define END "\r\n"
#define IN(text) SLICE_LIT(text)

struct head_case {
	const char *name;
	struct slice in;
	int status;
};

static const struct head_case cases[] = {
    /* The corpus of the head. */
    {"plain POST", IN(POST "Content-Length: 5\r\n" END), OK},
    {"chunked POST", IN(POST "Transfer-Encoding: chunked\r\n" END), OK},
    {"length and coding", IN(POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n" END), 400},
    {"coding and length", IN(POST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n" END), 400},
    {"two lengths", IN(POST "Content-Length: 5\r\nContent-Length: 6\r\n" END), 400},
    {"the same length twice", IN(POST "Content-Length: 5\r\nContent-Length: 5\r\n" END), 400},
    {"length list", IN(POST "Content-Length: 5, 5\r\n" END), 400},
    {"length +5", IN(POST "Content-Length: +5\r\n" END), 400},
    {"length -1", IN(POST "Content-Length: -1\r\n" END), 400},
    {"length 5x", IN(POST "Content-Length: 5x\r\n" END), 400},
    {"length 0x5", IN(POST "Content-Length: 0x5\r\n" END), 400},
    {"length empty", IN(POST "Content-Length:\r\n" END), 400},
    {"length blank", IN(POST "Content-Length:   \r\n" END), 400},
    {"length 2^64+5", IN(POST "Content-Length: 18446744073709551621\r\n" END), 413},
    {"coding xchunked", IN(POST "Transfer-Encoding: xchunked\r\n" END), 400},
    {"coding chunked, identity", IN(POST "Transfer-Encoding: chunked, identity\r\n" END), 400},
    {"coding on 1.0", IN("POST /mcp HTTP/1.0\r\n" H "Transfer-Encoding: chunked\r\n" END), 400},
    {"coding gzip, chunked", IN(POST "Transfer-Encoding: gzip, chunked\r\n" END), 501},
    {"space before colon of length", IN(POST "Content-Length : 5\r\n" END), 400},
    {"space before colon of coding", IN(POST "Content-Length: 5\r\nTransfer-Encoding : chunked\r\n" END), 400},
    {"obs-fold", IN(POST "X: a\r\n b\r\n" END), 400},
    {"obs-fold with tab", IN(POST "X: a\r\n\tb\r\n" END), 400},
    {"bare LF after request line", IN("POST /mcp HTTP/1.1\n" H END), 400},
    {"bare LF after field", IN(POST "X: a\n" END), 400},
    {"bare LF at the end", IN(POST "X: a\r\n\n"), 400},
    {"leading space in first field", IN("POST /mcp HTTP/1.1\r\n " H END), 400},
    {"bare CR in value", IN(POST "X: a\rb\r\n" END), 400},
    {"field without colon", IN(POST "Xa\r\n" END), 400},
    {"NUL in value", IN(POST "X: a\0b\r\n" END), 400},
    {"no Host", IN("POST /mcp HTTP/1.1\r\n" END), 400},
    {"two Hosts", IN(POST H END), 400},
    {"two different Hosts", IN(POST "Host: evil.example\r\n" END), 400},
    {"method PO(ST", IN("PO(ST /mcp HTTP/1.1\r\n" H END), 400},
    {"version 1.9x", IN("POST /mcp HTTP/1.9x\r\n" H END), 400},
    {"version 2.0", IN("POST /mcp HTTP/2.0\r\n" H END), 505},
    {"tabs in request line", IN("POST\t/mcp\tHTTP/1.1\r\n" H END), 400},
    {"HTTP/0.9", IN("GET /mcp\r\n"), 400},
    {"two spaces before target", IN("POST  /mcp HTTP/1.1\r\n" H END), 400},
    {"two spaces before version", IN("POST /mcp  HTTP/1.1\r\n" H END), 400},
    {"GET with body", IN(GET "Content-Length: 5\r\n" END), OK},
    {"expect 100-continue", IN(POST "Content-Length: 5\r\nExpect: 100-continue\r\n" END), OK},

    /* Request line. */
    {"GET", IN(GET END), OK},
    {"HTTP/1.0 without Host", IN("GET / HTTP/1.0\r\n" END), OK},
    {"HTTP/1.0 with Host", IN("GET / HTTP/1.0\r\n" H END), OK},
    {"HTTP/1.0 with two Hosts", IN("GET / HTTP/1.0\r\n" H H END), 400},
    {"HTTP/1.2 counts as 1.1", IN("GET / HTTP/1.2\r\n" H END), OK},
    {"HTTP/0.1", IN("GET / HTTP/0.1\r\n" H END), 505},
    {"HTTP/3.0", IN("GET / HTTP/3.0\r\n" H END), 505},
    {"HTTP/2 preface", IN("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 505},
    {"version lower case", IN("GET / http/1.1\r\n" H END), 400},
    {"version HTTP/11", IN("GET / HTTP/11\r\n" H END), 400},
    {"version HTTP/1.10", IN("GET / HTTP/1.10\r\n" H END), 400},
    {"version HTTP/1.", IN("GET / HTTP/1.\r\n" H END), 400},
    {"version HTTP/+1.1", IN("GET / HTTP/+1.1\r\n" H END), 400},
    {"version missing after space", IN("GET / \r\n" H END), 400},
    {"space after version", IN("GET / HTTP/1.1 \r\n" H END), 400},
    {"space before method", IN(" GET / HTTP/1.1\r\n" H END), 400},
    {"no method", IN("/ HTTP/1.1\r\n" H END), 400},
    {"no target", IN("GET HTTP/1.1\r\n" H END), 400},
    {"method lower case is another method", IN("get / HTTP/1.1\r\n" H END), OK},
    {"method unknown", IN("BREW /pot HTTP/1.1\r\n" H END), OK},
    {"method of 32", IN("ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEF / HTTP/1.1\r\n" H END), OK},
    {"method of 33", IN("ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFG / HTTP/1.1\r\n" H END), 501},
    {"method with obs-text", IN("G\xc3\x89T / HTTP/1.1\r\n" H END), 400},
    {"absolute-form", IN("GET http://shop.example/mcp HTTP/1.1\r\n" H END), OK},
    {"absolute-form in other case", IN("GET HTTPS://Shop.Example/mcp HTTP/1.1\r\n" H END), OK},
    {"absolute-form without path", IN("GET http://shop.example HTTP/1.1\r\n" H END), OK},
    {"absolute-form, another Host", IN("GET http://evil.example/mcp HTTP/1.1\r\n" H END), 400},
    {"absolute-form, Host with a port", IN("GET http://a/mcp HTTP/1.1\r\nHost: a:80\r\n" END), 400},
    {"absolute-form without Host", IN("GET http://shop.example/mcp HTTP/1.1\r\n" END), 400},
    {"absolute-form on 1.0", IN("GET http://shop.example/mcp HTTP/1.0\r\n" END), OK},
    {"absolute-form on 1.0, another Host", IN("GET http://a/mcp HTTP/1.0\r\n" H END), 400},
    {"absolute-form with userinfo", IN("GET http://me@shop.example/ HTTP/1.1\r\n" H END), 400},
    {"absolute-form without authority", IN("GET http:///mcp HTTP/1.1\r\n" H END), 400},
    {"absolute-form, scheme only", IN("GET http:// HTTP/1.1\r\n" H END), 400},
    {"absolute-form, another scheme", IN("GET ftp://shop.example/mcp HTTP/1.1\r\n" H END), 400},
    {"absolute-form, half a percent", IN("GET http://shop.example/% HTTP/1.1\r\n" H END), 400},
    {"absolute-form, a fragment", IN("GET http://shop.example#x HTTP/1.1\r\n" H END), 400},
    {"authority-form", IN("CONNECT shop.example:443 HTTP/1.1\r\n" H END), 400},
    {"asterisk-form", IN("OPTIONS * HTTP/1.1\r\n" H END), 400},
    {"target without slash", IN("GET mcp HTTP/1.1\r\n" H END), 400},
    {"target with fragment", IN("GET /mcp#x HTTP/1.1\r\n" H END), 400},
    {"target with quote", IN("GET /m\"cp HTTP/1.1\r\n" H END), 400},
    {"target with backslash", IN("GET /..\\x HTTP/1.1\r\n" H END), 400},
    {"target with angle bracket", IN("GET /<x> HTTP/1.1\r\n" H END), 400},
    {"target with brace", IN("GET /{x} HTTP/1.1\r\n" H END), 400},
    {"target with obs-text", IN("GET /caf\xc3\xa9 HTTP/1.1\r\n" H END), 400},
    {"target with tab", IN("GET /a\tb HTTP/1.1\r\n" H END), 400},
    {"target with NUL", IN("GET /a\0b HTTP/1.1\r\n" H END), 400},
    {"target with DEL", IN("GET /a\x7f HTTP/1.1\r\n" H END), 400},
    {"target with percent", IN("GET /a%20b%2Fc HTTP/1.1\r\n" H END), OK},
    {"target with half a percent", IN("GET /a%2 HTTP/1.1\r\n" H END), 400},
    {"target with bare percent", IN("GET /% HTTP/1.1\r\n" H END), 400},
    {"target with wrong percent", IN("GET /a%zz HTTP/1.1\r\n" H END), 400},
    {"target with query", IN("GET /mcp?a=b&c=/d?e HTTP/1.1\r\n" H END), OK},
    {"target of two slashes", IN("GET //mcp HTTP/1.1\r\n" H END), OK},
    {"one empty line before", IN("\r\n" GET END), OK},
    {"two empty lines before", IN("\r\n\r\n" GET END), 400},
    {"bare LF before", IN("\n" GET END), 400},
    {"bare CR before", IN("\r" GET END), 400},
    {"TLS client hello", IN("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), 400},
    {"NUL first", IN("\0"), 400},

    /* Fields. */
    {"no field at all on 1.0", IN("GET /mcp HTTP/1.0\r\n\r\n"), OK},
    {"empty value", IN(GET "X:\r\n" END), OK},
    {"no space after colon", IN(GET "X:a\r\n" END), OK},
    {"much space around value", IN(GET "X: \t a b \t \r\n" END), OK},
    {"colon in value", IN(GET "X: a:b:c\r\n" END), OK},
    {"obs-text in value", IN(GET "X: \xff\x80\r\n" END), OK},
    {"tab in value", IN(GET "X: a\tb\r\n" END), OK},
    {"every tchar in name", IN(GET "!#$%&'*+-.^_`|~09azAZ: a\r\n" END), OK},
    {"empty name", IN(GET ": a\r\n" END), 400},
    {"space in name", IN(GET "X Y: a\r\n" END), 400},
    {"tab before colon", IN(GET "X\t: a\r\n" END), 400},
    {"slash in name", IN(GET "X/Y: a\r\n" END), 400},
    {"obs-text in name", IN(GET "X\xc3\xa9: a\r\n" END), 400},
    {"NUL in name", IN(GET "X\0: a\r\n" END), 400},
    {"BEL in value", IN(GET "X: \a\r\n" END), 400},
    {"ESC in value", IN(GET "X: \x1b[0m\r\n" END), 400},
    {"DEL in value", IN(GET "X: \x7f\r\n" END), 400},
    {"VT in value", IN(GET "X: a\vb\r\n" END), 400},
    {"CR CR LF", IN(GET "X: a\r\r\n" END), 400},
    {"CR at the end of the head", IN(GET "X: a\r\n\rX"), 400},
    {"LF CR", IN(GET "X: a\n\r" END), 400},
    {"value of blanks then fold", IN(GET "X: \r\n y\r\n" END), 400},
    {"fold of Host", IN("GET / HTTP/1.1\r\nHost:\r\n shop.example\r\n" END), 400},
    {"fold of coding", IN(POST "Transfer-Encoding:\r\n chunked\r\n" END), 400},
    {"line of blanks", IN(GET "  \r\n" END), 400},

    /* Host. */
    {"host with port", IN("GET / HTTP/1.1\r\nHost: localhost:8765\r\n" END), OK},
    {"host upper case name", IN("GET / HTTP/1.1\r\nHOST: LOCALHOST\r\n" END), OK},
    {"host IPv4", IN("GET / HTTP/1.1\r\nHost: 127.0.0.1:80\r\n" END), OK},
    {"host IPv6", IN("GET / HTTP/1.1\r\nHost: [::1]\r\n" END), OK},
    {"host IPv6 with port", IN("GET / HTTP/1.1\r\nHost: [2001:db8::1]:8765\r\n" END), OK},
    {"host IPv4 in IPv6", IN("GET / HTTP/1.1\r\nHost: [::ffff:127.0.0.1]:1\r\n" END), OK},
    {"host with underscore", IN("GET / HTTP/1.1\r\nHost: my_shop:1\r\n" END), OK},
    {"host of digits", IN("GET / HTTP/1.1\r\nHost: 12345\r\n" END), OK},
    {"host empty", IN("GET / HTTP/1.1\r\nHost:\r\n" END), 400},
    {"host of a port only", IN("GET / HTTP/1.1\r\nHost: :80\r\n" END), 400},
    {"host with empty port", IN("GET / HTTP/1.1\r\nHost: a:\r\n" END), 400},
    {"host with too high port", IN("GET / HTTP/1.1\r\nHost: a:65536\r\n" END), 400},
    {"host with a name as port", IN("GET / HTTP/1.1\r\nHost: a:http\r\n" END), 400},
    {"host with two ports", IN("GET / HTTP/1.1\r\nHost: a:1:2\r\n" END), 400},
    {"host with userinfo", IN("GET / HTTP/1.1\r\nHost: me@a\r\n" END), 400},
    {"host with path", IN("GET / HTTP/1.1\r\nHost: a/b\r\n" END), 400},
    {"host list", IN("GET / HTTP/1.1\r\nHost: a, b\r\n" END), 400},
    {"host with space", IN("GET / HTTP/1.1\r\nHost: a b\r\n" END), 400},
    {"host with obs-text", IN("GET / HTTP/1.1\r\nHost: \xc3\xa9\r\n" END), 400},
    {"host with open bracket", IN("GET / HTTP/1.1\r\nHost: [::1\r\n" END), 400},
    {"host IPv6 without bracket", IN("GET / HTTP/1.1\r\nHost: ::1\r\n" END), 400},

    /* Length and coding. */
    {"length 0", IN(POST "Content-Length: 0\r\n" END), OK},
    {"length with leading zeros", IN(POST "Content-Length: 0005\r\n" END), OK},
    {"length name in other case", IN(POST "cOnTeNt-lEnGtH: 5\r\n" END), OK},
    {"length 4 MiB", IN(POST "Content-Length: 4194304\r\n" END), OK},
    {"length 4 MiB and 1", IN(POST "Content-Length: 4194305\r\n" END), 413},
    {"length 2^63", IN(POST "Content-Length: 9223372036854775808\r\n" END), 413},
    {"length 2^64 - 1", IN(POST "Content-Length: 18446744073709551615\r\n" END), 413},
    {"length huge then a letter", IN(POST "Content-Length: 99999999999999999999999x\r\n" END), 400},
    {"length 5 5", IN(POST "Content-Length: 5 5\r\n" END), 400},
    {"length 5.0", IN(POST "Content-Length: 5.0\r\n" END), 400},
    {"length 5;", IN(POST "Content-Length: 5;\r\n" END), 400},
    {"length in Arabic digits", IN(POST "Content-Length: \xd9\xa5\r\n" END), 400},
    {"length twice, one of them empty", IN(POST "Content-Length: 5\r\nContent-Length:\r\n" END), 400},
    {"coding Chunked", IN(POST "Transfer-Encoding: Chunked\r\n" END), OK},
    {"coding empty", IN(POST "Transfer-Encoding:\r\n" END), 400},
    {"coding identity", IN(POST "Transfer-Encoding: identity\r\n" END), 400},
    {"coding chunked twice", IN(POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n" END), 400},
    {"coding chunked, chunked", IN(POST "Transfer-Encoding: chunked, chunked\r\n" END), 400},
    {"coding quoted", IN(POST "Transfer-Encoding: \"chunked\"\r\n" END), 400},
    {"coding with parameter", IN(POST "Transfer-Encoding: chunked;q=1\r\n" END), 400},
    {"coding with comma after", IN(POST "Transfer-Encoding: chunked,\r\n" END), 400},
    {"coding with comma before", IN(POST "Transfer-Encoding: , chunked\r\n" END), 501},
    {"coding with VT", IN(POST "Transfer-Encoding: \vchunked\r\n" END), 400},
    {"coding gzip then field chunked", IN(POST "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n" END), 400},
    {"expect something else", IN(POST "Content-Length: 5\r\nExpect: tea\r\n" END), 417},
    {"expect twice", IN(POST "Expect: 100-continue\r\nExpect: 100-continue\r\n" END), 400},
    {"expect something on 1.0", IN("POST / HTTP/1.0\r\nExpect: tea\r\n" END), OK},

    /* Not yet a verdict. */
    {"nothing", IN(""), MORE},
    {"CR", IN("\r"), MORE},
    {"empty line only", IN("\r\n"), MORE},
    {"half a request line", IN("POST /mc"), MORE},
    {"no empty line", IN(POST "X: a\r\n"), MORE},
    {"CR of the empty line", IN(POST "X: a\r\n\r"), MORE},
    {"first letter of a field", IN(POST "X"), MORE},
    {"half a length", IN(POST "Content-Length: 5"), MORE},
};

struct verdict {
	int r;
	int status;
	size_t consumed;
};

static struct http_limits limits;

static int
setup(void **state)
{
	(void)state;
	http_limits_default(&limits);
	return 0;
}

static struct verdict
feed(struct http_parser *parser, struct slice in, struct http_head *head)
{
	struct http_refusal why = {0, NULL};
	struct verdict v = {.status = OK};

	v.r = http_parse_head(parser, in, &limits, head, &v.consumed, &why);
	if (v.r == ERR_INVALID) {
		assert_non_null(why.reason);
		v.status = why.status;
	} else if (v.r == ERR_AGAIN) {
		v.status = MORE;
	}
	return v;
}

static struct verdict
feed_whole(struct slice in, struct http_head *head)
{
	struct http_parser parser = {0};

	return feed(&parser, in, head);
}

/* First `cut` bytes, then all; stops where a verdict falls. */
static struct verdict
feed_cut(struct slice in, size_t cut, struct http_head *head)
{
	struct http_parser parser = {0};
	struct verdict v = feed(&parser, slice_of(in.ptr, cut), head);

	return v.r == ERR_AGAIN ? feed(&parser, in, head) : v;
}

static struct verdict
feed_bytes(struct slice in, struct http_head *head)
{
	struct http_parser parser = {0};
	struct verdict v = {.r = ERR_AGAIN, .status = MORE};

	for (size_t n = 1; n <= in.len && v.r == ERR_AGAIN; n++) {
		v = feed(&parser, slice_of(in.ptr, n), head);
		if (v.r == ERR_AGAIN)
			assert_int_equal(parser.scan, n); /* each byte is looked at once */
	}
	return v;
}

static void
assert_same(const char *name, size_t cut, struct verdict got, struct verdict want)
{
	if (got.r != want.r || got.status != want.status || got.consumed != want.consumed)
		fail_msg("%s, cut at %zu: %d/%d/%zu instead of %d/%d/%zu", name, cut, got.r, got.status, got.consumed,
			 want.r, want.status, want.consumed);
}

/* A copy of just the size, so that reading beyond is seen. */
static void
check_case(const char *name, struct slice text, int status)
{
	struct http_field fields[128];
	struct http_head head;
	char *copy = malloc(text.len + 1);
	struct slice in;
	struct verdict whole;

	assert_non_null(copy);
	in = slice_of(copy + 1, text.len);
	memcpy(copy + 1, text.ptr, text.len);
	http_head_init(&head, fields, ARRAY_LEN(fields));
	whole = feed_whole(in, &head);
	if (whole.status != status)
		fail_msg("%s: %d instead of %d", name, whole.status, status);
	assert_same(name, SIZE_MAX, feed_bytes(in, &head), whole);
	for (size_t cut = 0; cut <= in.len && in.len < 4096; cut++)
		assert_same(name, cut, feed_cut(in, cut, &head), whole);
	free(copy);
}

static void
test_corpus(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		check_case(cases[i].name, cases[i].in, cases[i].status);
}

/* What follows the head must not change the verdict, nor be consumed. */
static void
test_following_bytes(void **state)
{
	struct http_field fields[128];
	struct http_head head;
	char text[512];

	(void)state;
	http_head_init(&head, fields, ARRAY_LEN(fields));
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct slice in = cases[i].in;
		struct verdict v;

		if (cases[i].status == MORE)
			continue;
		memcpy(text, in.ptr, in.len);
		memcpy(text + in.len, "\n\0\rGARBAGE", 10);
		v = feed_whole(slice_of(text, in.len + 10), &head);
		assert_int_equal(v.status, cases[i].status);
		if (v.status == OK)
			assert_int_equal(v.consumed, in.len);
	}
}

static char *
repeat(const char *before, char c, size_t n, const char *after, size_t *len_r)
{
	size_t a = strlen(before), b = strlen(after);
	char *text = malloc(a + n + b + 1);

	assert_non_null(text);
	memcpy(text, before, a);
	memset(text + a, c, n);
	memcpy(text + a + n, after, b + 1);
	*len_r = a + n + b;
	return text;
}

static void
check_repeat(const char *before, char c, size_t n, const char *after, int status)
{
	size_t len;
	char *text = repeat(before, c, n, after, &len);

	check_case(before, slice_of(text, len), status);
	free(text);
}

static void
test_target_limit(void **state)
{
	(void)state;
	check_repeat("GET /", 'a', limits.target_bytes - 1, " HTTP/1.1\r\n" H END, OK);
	check_repeat("GET /", 'a', limits.target_bytes, " HTTP/1.1\r\n" H END, 414);
	check_repeat("GET /", 'a', 60000, " HTTP/1.1\r\n" H END, 414);
	check_repeat("GET /", 'a', 9000, "", 414); /* refused before the line is whole */
	check_repeat("", 'A', 9000, " / HTTP/1.1\r\n" H END, 414);
}

static void
test_field_limit(void **state)
{
	(void)state;
	check_repeat(GET "X: ", 'a', limits.field_bytes - 3, "\r\n" END, OK);
	check_repeat(GET "X: ", 'a', limits.field_bytes - 2, "\r\n" END, 431);
	check_repeat(GET "X: ", 'a', limits.field_bytes - 2, "", 431);
	check_repeat(GET, 'x', limits.field_bytes + 1, "", 431);
	check_repeat(GET "X: ", ' ', limits.field_bytes, "a\r\n" END, 431);
}

/* `n` fields besides Host. */
static void
check_count(size_t n, int status)
{
	size_t len = 0;
	char *text = malloc(64 + n * 8);

	assert_non_null(text);
	memcpy(text, GET, sizeof(GET) - 1);
	len = sizeof(GET) - 1;
	for (size_t i = 0; i < n; i++) {
		memcpy(text + len, "a:b\r\n", 5);
		len += 5;
	}
	memcpy(text + len, END, 2);
	check_case("many fields", slice_of(text, len + 2), status);
	free(text);
}

static void
test_field_count(void **state)
{
	(void)state;
	check_count(limits.fields_max - 1, OK);
	check_count(limits.fields_max, 431);
	check_count(4000, 431);
}

static void
test_head_limit(void **state)
{
	struct http_limits saved = limits;

	(void)state;
	limits.head_bytes = sizeof(GET END) - 1;
	check_case("fits exactly", IN(GET END), OK);
	limits.head_bytes--;
	check_case("one byte too many", IN(GET END), 431);
	limits.head_bytes = 10;
	check_case("cut in the request line", IN(GET END), 431);
	limits = saved;
}

/* The caller's array is the bound when it is smaller than the limit. */
static void
test_small_array(void **state)
{
	struct http_field fields[2];
	struct http_head head;

	(void)state;
	http_head_init(&head, fields, ARRAY_LEN(fields));
	assert_int_equal(feed_whole(IN(GET "A: b\r\n" END), &head).status, OK);
	assert_int_equal(feed_whole(IN(GET "A: b\r\nC: d\r\n" END), &head).status, 431);
}

static void
test_parts(void **state)
{
	struct http_field fields[8];
	struct http_head head;
	struct slice in = IN("\r\nPOST /mcp/x?a=1?b HTTP/1.1\r\nHost: [::1]:80\r\nMcp-Name: \t x y \t\r\nmcp-name:z\r\n"
			     "Content-Length: 0012\r\n\r\n");

	(void)state;
	http_head_init(&head, fields, ARRAY_LEN(fields));
	assert_int_equal(feed_cut(in, 50, &head).status, OK);
	assert_int_equal(head.method, HTTP_POST);
	assert_true(slice_is(head.method_text, "POST"));
	assert_true(slice_is(head.target, "/mcp/x?a=1?b"));
	assert_true(slice_is(head.path, "/mcp/x"));
	assert_true(slice_is(head.query, "a=1?b"));
	assert_false(head.is_http10);
	assert_true(slice_is(head.host, "[::1]:80"));
	assert_int_equal(head.n_fields, 4);
	assert_true(slice_is(head.fields[1].name, "Mcp-Name"));
	assert_true(slice_is(head.fields[1].value, "x y"));
	assert_int_equal(head.body, HTTP_BODY_LENGTH);
	assert_int_equal(head.content_length, 12);
	assert_int_equal(http_head_count(&head, "MCP-NAME"), 2);
	assert_int_equal(http_head_count(&head, "Origin"), 0);
	assert_true(slice_is(http_head_find(&head, "mCP-nAME")->value, "x y"));
	assert_null(http_head_find(&head, "Origin"));
}

static void
check_absolute(const char *target, const char *host, const char *path, const char *query)
{
	struct http_field fields[8];
	struct http_head head;
	char text[256], copy[256];
	int len = snprintf(text, sizeof(text), "OPTIONS %s HTTP/1.1\r\nHost: Shop.example:1\r\n\r\n", target);

	http_head_init(&head, fields, ARRAY_LEN(fields));
	assert_int_equal(feed_cut(slice_of(text, (size_t)len), 30, &head).status, OK);
	memcpy(copy, text, sizeof(text));
	memset(text, '#', sizeof(text));
	http_head_rebase(&head, text, copy);
	assert_true(slice_is(head.target, target));
	assert_true(slice_is(head.host, host));
	assert_true(slice_is(head.path, path));
	assert_int_equal(head.query.ptr != NULL, query != NULL);
	assert_true(query == NULL || slice_is(head.query, query));
}

static void
test_absolute_form(void **state)
{
	(void)state;
	check_absolute("http://shop.example:1/mcp", "Shop.example:1", "/mcp", NULL);
	check_absolute("https://shop.example:1/mcp?a=/b?", "Shop.example:1", "/mcp", "a=/b?");
	check_absolute("http://shop.example:1", "Shop.example:1", "/", NULL);
	check_absolute("http://shop.example:1/", "Shop.example:1", "/", NULL);
	check_absolute("http://shop.example:1?x", "Shop.example:1", "/", "x");
	check_absolute("http://shop.example:1//other/mcp", "Shop.example:1", "//other/mcp", NULL);
}

/* Found while it is parsed, whatever its letters' case; a name that is like it in length and in most letters is not it.
 */
static void
test_known_fields(void **state)
{
	static const struct {
		enum http_known which;
		const char *name;
	} known[] = {
	    {HTTP_FIELD_CONTENT_TYPE, "content-TYPE"},
	    {HTTP_FIELD_CONTENT_ENCODING, "content-ENCODING"},
	    {HTTP_FIELD_ACCEPT, "aCCept"},
	    {HTTP_FIELD_ORIGIN, "ORIGIN"},
	    {HTTP_FIELD_AUTHORIZATION, "authoriZation"},
	    {HTTP_FIELD_REQUEST_HEADERS, "access-control-request-headers"},
	    {HTTP_FIELD_LAST_EVENT_ID, "LAST-event-id"},
	    {HTTP_FIELD_MCP_PROTOCOL_VERSION, "mcp-PROTOCOL-version"},
	    {HTTP_FIELD_MCP_SESSION_ID, "Mcp-SESSION-Id"},
	    {HTTP_FIELD_MCP_METHOD, "mCP-mETHOD"},
	    {HTTP_FIELD_MCP_NAME, "MCP-NAME"},
	    {HTTP_FIELD_MCP_PARAM, "MCP-pARAM-"},
	    {HTTP_FIELD_MCP_PARAM, "mcp-param-x-long"},
	    {HTTP_FIELD_FORWARDED, "forwardeD"},
	    {HTTP_FIELD_FORWARDED, "x-REAL-ip"},
	    {HTTP_FIELD_FORWARDED, "X-FORWARDED-foR"},
	    {HTTP_FIELD_OTHER, "X-Forwarded-"},
	    {HTTP_FIELD_OTHER, "mcp-param"},
	    {HTTP_FIELD_OTHER, "hos"},
	};
	struct http_field fields[8];
	struct http_head head;
	char text[256];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		const char *name = known[i].name;

		http_head_init(&head, fields, ARRAY_LEN(fields));
		snprintf(text, sizeof(text), GET "%s: 1\r\n%s:2\r\n" END, name, name);
		assert_int_equal(feed_whole(slice_from_str(text), &head).status, OK);
		assert_int_equal(http_head_has(&head, known[i].which), 2);
		assert_true(slice_is(http_head_value(&head, known[i].which), "1"));
		/* Nor may a carriage return stand for a hyphen, from which it differs by the one bit. */
		for (const char *hyphen = strchr(name, '-'); hyphen != NULL; hyphen = strchr(hyphen + 1, '-')) {
			snprintf(text, sizeof(text), GET "%s: 1\r\n" END, name);
			text[strlen(GET) + (size_t)(hyphen - name)] = '\r';
			assert_int_equal(feed_whole(slice_from_str(text), &head).status, 400);
		}
		/* Any other letter makes it another name, or none of a longer kind. */
		for (size_t at = 0; known[i].which != HTTP_FIELD_OTHER && at < strlen(name) && at < 9; at++) {
			snprintf(text, sizeof(text), GET "%s: 1\r\n" END, name);
			text[strlen(GET) + at] = name[at] == '~' ? '!' : '~';
			assert_int_equal(feed_whole(slice_from_str(text), &head).status, OK);
			assert_int_equal(http_head_has(&head, known[i].which), 0);
			assert_int_equal(http_head_has(&head, HTTP_FIELD_OTHER), 1);
		}
	}
}

static void
test_methods(void **state)
{
	static const struct {
		const char *line;
		enum http_method method;
	} rows[] = {
	    {"GET / HTTP/1.0\r\n\r\n", HTTP_GET},	    {"POST / HTTP/1.0\r\n\r\n", HTTP_POST},
	    {"DELETE / HTTP/1.0\r\n\r\n", HTTP_DELETE},	    {"OPTIONS / HTTP/1.0\r\n\r\n", HTTP_OPTIONS},
	    {"HEAD / HTTP/1.0\r\n\r\n", HTTP_HEAD},	    {"PUT / HTTP/1.0\r\n\r\n", HTTP_PUT},
	    {"PATCH / HTTP/1.0\r\n\r\n", HTTP_PATCH},	    {"get / HTTP/1.0\r\n\r\n", HTTP_METHOD_OTHER},
	    {"GETX / HTTP/1.0\r\n\r\n", HTTP_METHOD_OTHER}, {"TRACE / HTTP/1.0\r\n\r\n", HTTP_METHOD_OTHER},
	};
	struct http_head head;

	(void)state;
	http_head_init(&head, NULL, 0);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(feed_whole(slice_from_str(rows[i].line), &head).status, OK);
		assert_int_equal(head.method, rows[i].method);
		assert_null(head.query.ptr);
	}
}

static void
check_keep_alive(const char *version, const char *fields_text, bool wanted)
{
	struct http_field fields[8];
	struct http_head head;
	char text[256];
	int len = snprintf(text, sizeof(text), "GET / HTTP/%s\r\n" H "%s\r\n", version, fields_text);

	http_head_init(&head, fields, ARRAY_LEN(fields));
	assert_int_equal(feed_whole(slice_of(text, (size_t)len), &head).status, OK);
	assert_int_equal(head.keep_alive, wanted);
}

static void
test_keep_alive(void **state)
{
	(void)state;
	check_keep_alive("1.1", "", true);
	check_keep_alive("1.1", "Connection: close\r\n", false);
	check_keep_alive("1.1", "Connection: Close\r\n", false);
	check_keep_alive("1.1", "Connection: TE ,close, x\r\n", false);
	check_keep_alive("1.1", "Connection: closed\r\n", true);
	check_keep_alive("1.1", "Connection: keep-alive\r\nConnection: close\r\n", false);
	check_keep_alive("1.0", "", false);
	check_keep_alive("1.0", "Connection: Keep-Alive\r\n", true);
	check_keep_alive("1.0", "Connection: keep-alive, close\r\n", false);
}

static void
check_expect(const char *text, bool wanted)
{
	struct http_field fields[8];
	struct http_head head;

	http_head_init(&head, fields, ARRAY_LEN(fields));
	assert_int_equal(feed_whole(slice_from_str(text), &head).status, OK);
	assert_int_equal(head.expect_continue, wanted);
}

static void
test_expect(void **state)
{
	(void)state;
	check_expect(POST "Content-Length: 5\r\nExpect: 100-Continue\r\n" END, true);
	check_expect(POST "Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n" END, true);
	check_expect(POST "Expect: 100-continue\r\n" END, false); /* there is no body to wait for */
	check_expect("POST / HTTP/1.0\r\nContent-Length: 5\r\nExpect: 100-continue\r\n" END, false);
}

static void
test_rebase(void **state)
{
	struct http_field fields[8];
	struct http_head head;
	char a[] = "GET /p?q HTTP/1.1\r\nHost: h\r\nX: y\r\n\r\n";
	char b[sizeof(a)];

	(void)state;
	http_head_init(&head, fields, ARRAY_LEN(fields));
	assert_int_equal(feed_whole(slice_of(a, sizeof(a) - 1), &head).status, OK);
	memcpy(b, a, sizeof(a));
	memset(a, '#', sizeof(a));
	http_head_rebase(&head, a, b);
	assert_true(slice_is(head.method_text, "GET"));
	assert_true(slice_is(head.target, "/p?q"));
	assert_true(slice_is(head.path, "/p"));
	assert_true(slice_is(head.query, "q"));
	assert_true(slice_is(head.host, "h"));
	assert_true(slice_is(head.fields[1].name, "X"));
	assert_true(slice_is(head.fields[1].value, "y"));
}

static void
test_list_has(void **state)
{
	(void)state;
	assert_true(http_list_has(IN("a, B ,c"), "b"));
	assert_true(http_list_has(IN("b"), "B"));
	assert_false(http_list_has(IN("ab, bc"), "b"));
	assert_false(http_list_has(IN(""), "b"));
	assert_false(http_list_has(IN(",,"), "b"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_corpus),	 cmocka_unit_test(test_following_bytes),
	    cmocka_unit_test(test_target_limit), cmocka_unit_test(test_field_limit),
	    cmocka_unit_test(test_field_count),	 cmocka_unit_test(test_head_limit),
	    cmocka_unit_test(test_small_array),	 cmocka_unit_test(test_known_fields),
	    cmocka_unit_test(test_parts),	 cmocka_unit_test(test_absolute_form),
	    cmocka_unit_test(test_methods),	 cmocka_unit_test(test_keep_alive),
	    cmocka_unit_test(test_expect),	 cmocka_unit_test(test_rebase),
	    cmocka_unit_test(test_list_has),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
