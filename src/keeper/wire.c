/*
 * wire.c - one frame at a time, so that never more than a frame has to be made contiguous
 */
#include "wire.h"

#include <event2/buffer.h>

#include "base/err.h"

static int
next_frame(struct evbuffer *input, struct slice *frame_r)
{
	size_t have = evbuffer_get_length(input);
	const unsigned char *bytes;
	int len;

	if (have < MESSAGE_HEAD_LEN)
		return 0;
	bytes = evbuffer_pullup(input, MESSAGE_HEAD_LEN);
	if (bytes == NULL)
		return ERR_NOMEM;
	len = message_frame_len(slice_of((const char *)bytes, MESSAGE_HEAD_LEN));
	if (len < 0 || have < (size_t)len)
		return len < 0 ? len : 0;
	bytes = evbuffer_pullup(input, len);
	if (bytes == NULL)
		return ERR_NOMEM;
	*frame_r = slice_of((const char *)bytes, (size_t)len);
	return len;
}

int
wire_read(struct message_reader *reader, struct evbuffer *input)
{
	struct slice frame;
	int len, r;

	for (;;) {
		len = next_frame(input, &frame);
		if (len <= 0)
			return len;
		r = message_read(reader, &frame);
		if (evbuffer_drain(input, (size_t)len) < 0)
			return ERR_NOMEM;
		if (r != 0)
			return r;
	}
}

int
wire_write(struct evbuffer *output, uint16_t type, uint32_t call, struct slice payload)
{
	struct buf frames;
	int r;

	buf_init(&frames, MESSAGE_MAX + MESSAGE_MAX / 64);
	r = message_put_frames(&frames, type, call, payload);
	if (r == 0 && evbuffer_add(output, frames.ptr, frames.len) < 0)
		r = ERR_NOMEM;
	buf_fini(&frames);
	return r;
}
