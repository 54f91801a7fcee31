/*
 * message.c - frames, fields and lists; nothing but bytes
 */
#include "message.h"

#include <string.h>

#include "base/err.h"

#define NUMBER_BIT 0x80
#define FLAG_MORE 1
#define ENTRY_LEN 19 /* without its detail */
#define NO_TEXT UINT32_MAX

static void
put_le(uint8_t *at, uint64_t value, size_t len)
{
	for (size_t i = 0; i < len; i++)
		at[i] = (uint8_t)(value >> (8 * i));
}

static uint64_t
get_le(const char *at, size_t len)
{
	uint64_t value = 0;

	for (size_t i = 0; i < len; i++)
		value |= (uint64_t)(uint8_t)at[i] << (8 * i);
	return value;
}

static void
put_number(struct buf *out, uint64_t value, size_t len)
{
	uint8_t bytes[8];

	put_le(bytes, value, len);
	buf_put(out, bytes, len);
}

/* Takes `len` bytes off the front; false, and *rest stays, when there are fewer. */
static bool
take(struct slice *rest, size_t len, struct slice *part_r)
{
	if (rest->len < len)
		return false;
	*part_r = slice_of(rest->ptr, len);
	rest->ptr += len;
	rest->len -= len;
	return true;
}

static bool
take_number(struct slice *rest, size_t len, uint64_t *value_r)
{
	struct slice part;

	if (!take(rest, len, &part))
		return false;
	*value_r = get_le(part.ptr, len);
	return true;
}

static bool
take_text(struct slice *rest, struct slice *text_r)
{
	uint64_t len;

	return take_number(rest, 4, &len) && take(rest, len, text_r);
}

static void
put_text(struct buf *out, struct slice text)
{
	put_number(out, text.len, 4);
	buf_put_slice(out, text);
}

/* ---- Fields ---- */

void
message_put_text(struct buf *payload, enum message_text tag, struct slice text)
{
	if (text.ptr == NULL)
		return;
	buf_put_char(payload, (char)tag);
	put_text(payload, text);
}

void
message_put_number(struct buf *payload, enum message_number tag, uint64_t value)
{
	if (value == 0)
		return;
	buf_put_char(payload, (char)(NUMBER_BIT | tag));
	put_number(payload, value, 8);
}

size_t
message_begin_text(struct buf *payload, enum message_text tag)
{
	buf_put_char(payload, (char)tag);
	put_number(payload, 0, 4);
	return payload->len;
}

void
message_end_text(struct buf *payload, size_t mark)
{
	if (payload->failed == 0)
		put_le((uint8_t *)payload->ptr + mark - 4, payload->len - mark, 4);
}

static int
decode_number(struct slice *rest, unsigned tag, struct message *message)
{
	uint64_t value;

	if (!take_number(rest, 8, &value))
		return ERR_INVALID;
	if (tag >= MESSAGE_NUMBERS)
		return 0;
	if (message->number[tag] != 0)
		return ERR_INVALID;
	message->number[tag] = value;
	return 0;
}

static int
decode_text(struct slice *rest, unsigned tag, struct message *message)
{
	struct slice text;

	if (!take_text(rest, &text))
		return ERR_INVALID;
	if (tag >= MESSAGE_TEXTS)
		return 0;
	if (message->text[tag].ptr != NULL)
		return ERR_INVALID;
	message->text[tag] = text;
	return 0;
}

int
message_decode(struct slice payload, struct message *message_r)
{
	uint64_t tag;
	int r;

	memset(message_r, 0, sizeof(*message_r));
	while (payload.len > 0) {
		if (!take_number(&payload, 1, &tag))
			return ERR_INVALID;
		if ((tag & NUMBER_BIT) != 0)
			r = decode_number(&payload, (unsigned)tag & ~(unsigned)NUMBER_BIT, message_r);
		else
			r = decode_text(&payload, (unsigned)tag, message_r);
		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- Lists ---- */

/* Leaves *rest as the end of a list should. */
static bool
at_end(struct slice *rest)
{
	if (rest->len > 0)
		return false;
	*rest = SLICE_NONE;
	return true;
}

void
message_put_item(struct buf *list, struct slice item)
{
	put_text(list, item);
}

bool
message_next_item(struct slice *rest, struct slice *item_r)
{
	return !at_end(rest) && take_text(rest, item_r);
}

void
message_put_fence(struct buf *list, uint64_t fence)
{
	put_number(list, fence, 8);
}

bool
message_next_fence(struct slice *rest, uint64_t *fence_r)
{
	return !at_end(rest) && take_number(rest, 8, fence_r);
}

void
message_put_entry(struct buf *list, const struct keeper_entry *entry)
{
	put_number(list, entry->item, 4);
	put_number(list, entry->step, 2);
	put_number(list, (uint64_t)entry->status, 1);
	put_number(list, entry->at_wall_ms, 8);
	if (entry->detail.ptr != NULL)
		put_text(list, entry->detail);
	else
		put_number(list, NO_TEXT, 4);
}

bool
message_next_entry(struct slice *rest, struct keeper_entry *entry_r)
{
	struct slice left = *rest;
	struct slice head;
	uint64_t len;

	if (at_end(rest))
		return false;
	if (!take(&left, ENTRY_LEN, &head))
		return false;
	entry_r->item = (uint32_t)get_le(head.ptr, 4);
	entry_r->step = (uint16_t)get_le(head.ptr + 4, 2);
	entry_r->status = (enum keeper_status)(uint8_t)head.ptr[6];
	entry_r->at_wall_ms = get_le(head.ptr + 7, 8);
	entry_r->detail = SLICE_NONE;
	len = get_le(head.ptr + 15, 4);
	if ((unsigned)entry_r->status >= KEEPER_STATUS_COUNT || (len != NO_TEXT && !take(&left, len, &entry_r->detail)))
		return false;
	*rest = left;
	return true;
}

void
message_put_row(struct buf *list, const struct message_row *row)
{
	put_number(list, row->index, 4);
	put_text(list, row->json);
	put_text(list, row->steps);
}

bool
message_next_row(struct slice *rest, struct message_row *row_r)
{
	struct slice left = *rest;
	uint64_t index;

	if (at_end(rest))
		return false;
	if (!take_number(&left, 4, &index) || !take_text(&left, &row_r->json) || !take_text(&left, &row_r->steps))
		return false;
	row_r->index = (uint32_t)index;
	*rest = left;
	return true;
}

/* ---- Frames ---- */

int
message_put_frames(struct buf *out, uint16_t type, uint32_t call, struct slice payload)
{
	uint8_t head[MESSAGE_HEAD_LEN];
	size_t len;

	if (payload.len > MESSAGE_MAX)
		return ERR_LIMIT;
	do {
		len = payload.len < MESSAGE_FRAME_MAX ? payload.len : MESSAGE_FRAME_MAX;
		put_le(head, len, 4);
		head[4] = MESSAGE_VERSION;
		head[5] = len < payload.len ? FLAG_MORE : 0;
		put_le(head + 6, type, 2);
		put_le(head + 8, call, 4);
		buf_put(out, head, sizeof(head));
		if (len > 0)
			buf_put(out, payload.ptr, len);
		payload = slice_sub(payload, len, payload.len - len);
	} while (payload.len > 0);
	return out->failed;
}

void
message_reader_init(struct message_reader *reader)
{
	memset(reader, 0, sizeof(*reader));
	buf_init(&reader->payload, MESSAGE_MAX);
}

void
message_reader_fini(struct message_reader *reader)
{
	buf_fini(&reader->payload);
	reader->open = false;
}

int
message_frame_len(struct slice bytes)
{
	uint64_t len;

	if (bytes.len < MESSAGE_HEAD_LEN)
		return MESSAGE_HEAD_LEN;
	len = get_le(bytes.ptr, 4);
	if ((uint8_t)bytes.ptr[4] != MESSAGE_VERSION)
		return ERR_UNSUPPORTED;
	if (len > MESSAGE_FRAME_MAX || ((uint8_t)bytes.ptr[5] & ~FLAG_MORE) != 0)
		return ERR_INVALID;
	return MESSAGE_HEAD_LEN + (int)len;
}

/* One whole frame, head included. */
static int
read_frame(struct message_reader *reader, struct slice frame)
{
	uint16_t type = (uint16_t)get_le(frame.ptr + 6, 2);
	uint32_t call = (uint32_t)get_le(frame.ptr + 8, 4);
	bool more = ((uint8_t)frame.ptr[5] & FLAG_MORE) != 0;

	if (reader->open && (type != reader->type || call != reader->call))
		return ERR_INVALID;
	if (more && frame.len == MESSAGE_HEAD_LEN)
		return ERR_INVALID; /* would go on for ever */
	reader->type = type;
	reader->call = call;
	reader->open = more;
	buf_put(&reader->payload, frame.ptr + MESSAGE_HEAD_LEN, frame.len - MESSAGE_HEAD_LEN);
	if (reader->payload.failed < 0)
		return reader->payload.failed;
	return more ? 0 : 1;
}

int
message_read(struct message_reader *reader, struct slice *bytes)
{
	struct slice frame;
	int r;

	for (;;) {
		r = message_frame_len(*bytes);
		if (r < 0)
			return r;
		if (!take(bytes, (size_t)r, &frame))
			return 0;
		r = read_frame(reader, frame);
		if (r != 0)
			return r;
	}
}
