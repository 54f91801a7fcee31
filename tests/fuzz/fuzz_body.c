/*
 * fuzz_body.c - request bodies: any split gives the verdict, the data and the end of the whole
 *
 * The first byte chooses: 0 chunked, else Content-Length of that many bytes.
 */
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "http/body.h"

#define BODY_MAX 300

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct verdict {
	int r;
	int status;
	size_t used;
};

static const struct http_limits limits = {.body_bytes = BODY_MAX, .chunk_extra_bytes = 50};

static struct verdict
feed(const struct http_head *head, struct slice in, size_t step, struct buf *out)
{
	struct http_refusal why = {0, NULL};
	struct verdict v = {.r = ERR_AGAIN};
	struct http_body body;

	http_body_init(&body, head, &limits);
	while (v.r == ERR_AGAIN && v.used < in.len) {
		struct slice piece = slice_sub(in, v.used, step);
		uint64_t sure = http_body_wants(&body);
		size_t before = out->len;
		size_t used = SIZE_MAX;

		v.r = http_body_feed(&body, piece, out, &used, &why);
		must(used <= piece.len && (v.r != ERR_AGAIN || used == piece.len));
		must(v.r < 0 || used > 0 || head->body == HTTP_BODY_NONE);
		if (sure >= piece.len)
			must(out->len - before == piece.len);
		v.used += used;
	}
	must(v.r == 0 || v.r == ERR_AGAIN || (v.r == ERR_INVALID && (why.status == 400 || why.status == 413)));
	v.status = why.status;
	return v;
}

static void
must_be_same(struct verdict a, const struct buf *a_out, struct verdict b, const struct buf *b_out)
{
	must(a.r == b.r && a.status == b.status && a.used == b.used);
	must(slice_eq(buf_slice(a_out), buf_slice(b_out)));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct http_head head = {.body = HTTP_BODY_CHUNKED};
	struct buf whole_out, out;
	struct verdict whole;
	struct slice in;

	if (size < 2)
		return 0;
	if (data[0] != 0)
		head = (struct http_head){.body = HTTP_BODY_LENGTH, .content_length = data[0]};
	in = slice_of((const char *)data + 1, size - 1);
	buf_init(&whole_out, BODY_MAX);
	buf_init(&out, BODY_MAX);
	whole = feed(&head, in, in.len, &whole_out);
	for (size_t step = 1; step <= 3; step++) {
		buf_clear(&out);
		must_be_same(feed(&head, in, step, &out), &out, whole, &whole_out);
	}
	if (whole.r == 0 && head.body == HTTP_BODY_LENGTH)
		must(whole_out.len == head.content_length && whole.used == head.content_length);
	if (whole.r == 0 && head.body == HTTP_BODY_CHUNKED)
		must(whole.used >= 5 && memcmp(in.ptr + whole.used - 2, "\r\n", 2) == 0);
	buf_fini(&whole_out);
	buf_fini(&out);
	return 0;
}
