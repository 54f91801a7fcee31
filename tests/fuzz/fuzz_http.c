/*
 * fuzz_http.c - request heads: any split gives the verdict of the whole; an accepted head, written out again in its
 * plainest form, parses to the same head
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "http/parser.h"

#define FIELDS 32

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct verdict {
	int r;
	int status;
	size_t consumed;
};

static const struct http_limits limits = {
    .target_bytes = 200,
    .field_bytes = 300,
    .head_bytes = 1000,
    .fields_max = FIELDS,
    .body_bytes = 4096,
};

static struct verdict
feed(struct http_parser *parser, struct slice in, struct http_head *head)
{
	struct http_refusal why = {0, NULL};
	struct verdict v = {0};

	v.r = http_parse_head(parser, in, &limits, head, &v.consumed, &why);
	must(v.r == 0 || v.r == ERR_AGAIN || (v.r == ERR_INVALID && why.status >= 400 && why.reason != NULL));
	v.status = why.status;
	return v;
}

/* In pieces of `step` bytes, each call with a copy at another place. */
static struct verdict
feed_in_steps(struct slice in, size_t step, struct http_head *head)
{
	struct http_parser parser = {0};
	struct verdict v = {.r = ERR_AGAIN};

	for (size_t n = step; v.r == ERR_AGAIN && n < in.len + step; n += step)
		v = feed(&parser, slice_sub(in, 0, n), head);
	return v;
}

static void
must_be_same(struct verdict a, struct verdict b)
{
	must(a.r == b.r && a.status == b.status && a.consumed == b.consumed);
}

static void
write_plainly(const struct http_head *head, struct buf *out)
{
	buf_put_slice(out, head->method_text);
	buf_put_char(out, ' ');
	buf_put_slice(out, head->target);
	buf_put_str(out, head->is_http10 ? " HTTP/1.0\r\n" : " HTTP/1.1\r\n");
	for (size_t i = 0; i < head->n_fields; i++) {
		buf_put_slice(out, head->fields[i].name);
		buf_put_char(out, ':');
		buf_put_slice(out, head->fields[i].value);
		buf_put_str(out, "\r\n");
	}
	buf_put_str(out, "\r\n");
}

static void
must_be_equal(const struct http_head *a, const struct http_head *b)
{
	must(a->method == b->method && a->is_http10 == b->is_http10 && a->keep_alive == b->keep_alive);
	must(a->expect_continue == b->expect_continue && a->body == b->body && a->content_length == b->content_length);
	must(slice_eq(a->target, b->target) && slice_eq(a->path, b->path) && slice_eq(a->query, b->query));
	must(slice_eq(a->host, b->host) && a->n_fields == b->n_fields);
	for (size_t i = 0; i < a->n_fields; i++) {
		must(slice_eq(a->fields[i].name, b->fields[i].name));
		must(slice_eq(a->fields[i].value, b->fields[i].value));
	}
}

/* Things that hold for every accepted head and that smuggling would break. */
static const struct {
	enum http_known which;
	const char *name;
} known[] = {
    {HTTP_FIELD_HOST, "Host"},
    {HTTP_FIELD_CONNECTION, "Connection"},
    {HTTP_FIELD_CONTENT_LENGTH, "Content-Length"},
    {HTTP_FIELD_TRANSFER_ENCODING, "Transfer-Encoding"},
    {HTTP_FIELD_EXPECT, "Expect"},
    {HTTP_FIELD_CONTENT_TYPE, "Content-Type"},
    {HTTP_FIELD_CONTENT_ENCODING, "Content-Encoding"},
    {HTTP_FIELD_ACCEPT, "Accept"},
    {HTTP_FIELD_ORIGIN, "Origin"},
    {HTTP_FIELD_AUTHORIZATION, "Authorization"},
    {HTTP_FIELD_REQUEST_HEADERS, "Access-Control-Request-Headers"},
    {HTTP_FIELD_LAST_EVENT_ID, "Last-Event-ID"},
    {HTTP_FIELD_MCP_PROTOCOL_VERSION, "MCP-Protocol-Version"},
    {HTTP_FIELD_MCP_SESSION_ID, "Mcp-Session-Id"},
    {HTTP_FIELD_MCP_METHOD, "Mcp-Method"},
    {HTTP_FIELD_MCP_NAME, "Mcp-Name"},
};

/* Host and an absolute target never say two things. */
static void
must_name_one_host(const struct http_head *head)
{
	struct slice host = http_head_value(head, HTTP_FIELD_HOST);
	ptrdiff_t colon = head->target.ptr[0] == '/' ? -1 : slice_find(head->target, ':');

	must(host.ptr == NULL || slice_eq_nocase(head->host, host));
	must(colon < 0 || slice_eq_nocase(slice_sub(head->target, (size_t)colon + 3, head->host.len), head->host));
	must(host.ptr != NULL || colon >= 0 || head->host.len == 0);
}

static void
must_be_sound(const struct http_head *head, struct slice in, size_t consumed)
{
	must(consumed <= in.len && consumed <= limits.head_bytes);
	must(memcmp(in.ptr + consumed - 4, "\r\n\r\n", 4) == 0);
	must(memchr(in.ptr, '\0', consumed) == NULL);
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		const struct http_field *first = http_head_find(head, known[i].name);

		must(http_head_has(head, known[i].which) == http_head_count(head, known[i].name));
		must(http_head_value(head, known[i].which).ptr == (first != NULL ? first->value.ptr : NULL));
	}
	must(http_head_count(head, "Host") == 1 || (head->is_http10 && http_head_count(head, "Host") == 0));
	must(http_head_count(head, "Content-Length") + http_head_count(head, "Transfer-Encoding") <= 1);
	must((head->body == HTTP_BODY_CHUNKED) == (http_head_find(head, "Transfer-Encoding") != NULL));
	must(head->content_length <= limits.body_bytes);
	must(head->path.len > 0 && head->path.ptr[0] == '/');
	must_name_one_host(head);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_of((const char *)data, size);
	struct http_field fields[2][FIELDS];
	struct http_head head, again;
	struct http_parser parser = {0};
	struct verdict whole;
	struct buf plain;

	http_head_init(&head, fields[0], FIELDS);
	http_head_init(&again, fields[1], FIELDS);
	whole = feed(&parser, in, &head);
	if (size > 0) {
		must_be_same(feed_in_steps(in, 1, &again), whole);
		must_be_same(feed_in_steps(in, 1 + data[0] % 16, &again), whole);
	}
	if (whole.r < 0)
		return 0;
	must_be_equal(&head, &again);
	must_be_sound(&head, in, whole.consumed);
	buf_init(&plain, 4096);
	write_plainly(&head, &plain);
	must(plain.failed == 0);
	parser = (struct http_parser){0};
	must(feed(&parser, buf_slice(&plain), &again).r == 0);
	must_be_equal(&head, &again);
	buf_fini(&plain);
	return 0;
}
