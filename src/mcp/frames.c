/*
 * frames.c - frames as bytes: a head of 12, then the fields of the kind, numbers as 8 bytes, texts behind a length of 4
 */
#include "frames.h"

#include <stddef.h>
#include <string.h>

#include "base/err.h"

#define HEAD_LEN 12
#define FIELDS_MAX 7

enum field_name {
	FIELD_NONE, /* ends a list */
	FIELD_PRINCIPAL,
	FIELD_SESSION,
	FIELD_ID,
	FIELD_BODY,
	FIELD_STREAM,
	FIELD_NUMBER,
	FIELD_OFFSET,
	FIELD_TOTAL,
	FIELD_COOKIE,
	FIELD_TOOLS,
	FIELD_PROMPTS,
	FIELD_RESOURCES,
	FIELD_COUNT
};

/* Where a field stands in struct frame; a text if it has a maximum, else a number. */
static const struct {
	size_t at;
	size_t max;
} fields[FIELD_COUNT] = {
    [FIELD_PRINCIPAL] = {offsetof(struct frame, principal), FRAME_PRINCIPAL_MAX},
    [FIELD_SESSION] = {offsetof(struct frame, session), FRAME_SESSION_MAX},
    [FIELD_ID] = {offsetof(struct frame, id), FRAME_ID_MAX},
    [FIELD_BODY] = {offsetof(struct frame, body), FRAME_BODY_MAX},
    [FIELD_STREAM] = {offsetof(struct frame, stream), 0},
    [FIELD_NUMBER] = {offsetof(struct frame, number), 0},
    [FIELD_OFFSET] = {offsetof(struct frame, offset), 0},
    [FIELD_TOTAL] = {offsetof(struct frame, total), 0},
    [FIELD_COOKIE] = {offsetof(struct frame, cookie), 0},
    [FIELD_TOOLS] = {offsetof(struct frame, digests[0]), 0},
    [FIELD_PROMPTS] = {offsetof(struct frame, digests[1]), 0},
    [FIELD_RESOURCES] = {offsetof(struct frame, digests[2]), 0},
};

static const uint8_t layouts[FRAME_KINDS][FIELDS_MAX + 1] = {
    [FRAME_CANCEL] = {FIELD_PRINCIPAL, FIELD_SESSION, FIELD_ID},
    [FRAME_RESPONSE] = {FIELD_PRINCIPAL, FIELD_SESSION, FIELD_ID, FIELD_BODY},
    [FRAME_CHANGE] = {FIELD_NUMBER, FIELD_PRINCIPAL, FIELD_BODY},
    [FRAME_LISTS] = {FIELD_TOOLS, FIELD_PROMPTS, FIELD_RESOURCES},
    [FRAME_SESSION_END] = {FIELD_PRINCIPAL, FIELD_SESSION},
    [FRAME_STREAM_END] = {FIELD_PRINCIPAL, FIELD_SESSION, FIELD_STREAM},
    [FRAME_PULL] = {FIELD_PRINCIPAL, FIELD_SESSION, FIELD_STREAM, FIELD_NUMBER, FIELD_OFFSET, FIELD_TOTAL,
		    FIELD_COOKIE},
    [FRAME_PIECE] = {FIELD_COOKIE, FIELD_NUMBER, FIELD_OFFSET, FIELD_TOTAL, FIELD_BODY},
    [FRAME_WAIT] = {FIELD_COOKIE},
    [FRAME_ENDED] = {FIELD_COOKIE, FIELD_NUMBER},
};

/* ---- writing ---- */

static void
put_number(struct buf *out, uint64_t value, size_t width)
{
	for (size_t i = 0; i < width; i++)
		buf_put_char(out, (char)(value >> (8 * i) & 0xff));
}

static int
put_field(struct buf *out, const struct frame *frame, enum field_name name)
{
	const char *at = (const char *)frame + fields[name].at;
	struct slice text;
	uint64_t number;

	if (fields[name].max == 0) {
		memcpy(&number, at, sizeof(number));
		put_number(out, number, 8);
		return 0;
	}
	memcpy(&text, at, sizeof(text));
	if (text.len > fields[name].max)
		return ERR_LIMIT;
	put_number(out, text.len, 4);
	buf_put_slice(out, text);
	return 0;
}

int
frame_write(struct buf *out, const struct frame *frame)
{
	must(frame->kind > 0 && frame->kind < FRAME_KINDS);
	buf_put_char(out, FRAME_VERSION);
	buf_put_char(out, (char)frame->kind);
	put_number(out, 0, 2);
	put_number(out, frame->slot, 4);
	put_number(out, frame->pid, 4);
	for (const uint8_t *name = layouts[frame->kind]; *name != FIELD_NONE; name++) {
		int r = put_field(out, frame, (enum field_name) * name);

		if (r < 0)
			return r;
	}
	return out->failed;
}

/* ---- reading ---- */

static int
take_number(struct slice *rest, size_t width, uint64_t *value_r)
{
	*value_r = 0;
	if (rest->len < width)
		return ERR_INVALID;
	for (size_t i = 0; i < width; i++)
		*value_r |= (uint64_t)(unsigned char)rest->ptr[i] << (8 * i);
	*rest = slice_sub(*rest, width, rest->len - width);
	return 0;
}

static int
take_field(struct slice *rest, enum field_name name, struct frame *frame)
{
	char *at = (char *)frame + fields[name].at;
	struct slice text;
	uint64_t number;

	if (take_number(rest, fields[name].max == 0 ? 8 : 4, &number) < 0)
		return ERR_INVALID;
	if (fields[name].max == 0) {
		memcpy(at, &number, sizeof(number));
		return 0;
	}
	if (number > fields[name].max || number > rest->len)
		return ERR_INVALID;
	text = slice_sub(*rest, 0, (size_t)number);
	memcpy(at, &text, sizeof(text));
	*rest = slice_sub(*rest, (size_t)number, rest->len - (size_t)number);
	return 0;
}

static int
take_head(struct slice *rest, struct frame *frame)
{
	uint64_t version, kind, unused, slot, pid;

	if (rest->len < HEAD_LEN || rest->len > MCP_FRAME_MAX)
		return ERR_INVALID;
	if (take_number(rest, 1, &version) < 0 || take_number(rest, 1, &kind) < 0 ||
	    take_number(rest, 2, &unused) < 0 || take_number(rest, 4, &slot) < 0 || take_number(rest, 4, &pid) < 0)
		return ERR_INVALID;
	if (version != FRAME_VERSION || kind == 0 || kind >= FRAME_KINDS || unused != 0)
		return ERR_INVALID;
	frame->kind = (enum frame_kind)kind;
	frame->slot = (uint32_t)slot;
	frame->pid = (uint32_t)pid;
	return 0;
}

int
frame_read(struct slice bytes, struct frame *frame_r)
{
	struct slice rest = bytes;

	memset(frame_r, 0, sizeof(*frame_r));
	if (take_head(&rest, frame_r) < 0)
		return ERR_INVALID;
	for (const uint8_t *name = layouts[frame_r->kind]; *name != FIELD_NONE; name++) {
		if (take_field(&rest, (enum field_name) * name, frame_r) < 0)
			return ERR_INVALID;
	}
	return rest.len == 0 ? 0 : ERR_INVALID;
}
