/*
 * sse.c - framing of server-sent events
 */
#include "http/sse.h"

#include "base/err.h"

static bool
is_one_line(struct slice s)
{
	return slice_find(s, '\n') < 0 && slice_find(s, '\r') < 0;
}

/* All or nothing: a half-written event would swallow the next one. */
static int
finish(struct buf *out, size_t before)
{
	if (out->failed < 0)
		buf_truncate(out, before);
	return out->failed;
}

int
http_sse_put_event(struct buf *out, struct slice id, struct slice data)
{
	size_t before = out->len;

	if (!is_one_line(id) || slice_find(id, '\0') >= 0 || !is_one_line(data))
		return ERR_INVALID;
	if (id.len > 0) {
		buf_put_str(out, "id: ");
		buf_put_slice(out, id);
		buf_put_char(out, '\n');
	}
	buf_put_str(out, "data: ");
	buf_put_slice(out, data);
	buf_put_str(out, "\n\n");
	return finish(out, before);
}

int
http_sse_put_retry(struct buf *out, uint32_t retry_ms)
{
	size_t before = out->len;

	buf_put_str(out, "retry: ");
	buf_put_u64(out, retry_ms);
	buf_put_str(out, "\n\n");
	return finish(out, before);
}
