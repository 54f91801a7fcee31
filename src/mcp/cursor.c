#include "cursor.h"

#include <string.h>

#include "base/enc.h"
#include "base/err.h"
#include "session/seal.h"

#define PURPOSE "cursor"
#define FORM 1 /* of the bytes below */
#define POSITION_LEN 9
#define BYTES_LEN (POSITION_LEN + SEAL_MAC_LEN)
#define SIGNED_MAX 1024

static void
put_u32(uint8_t *at, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> (24 - 8 * i));
}

static uint32_t
get_u32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* What is signed: position, list, caller; lengths keep the last two apart. */
static int
put_signed(struct buf *out, const uint8_t position[static POSITION_LEN], const struct cursor_use *use)
{
	buf_put(out, position, POSITION_LEN);
	buf_put_u64(out, use->list.len);
	buf_put_char(out, ':');
	buf_put_slice(out, use->list);
	buf_put_slice(out, use->principal);
	return out->failed;
}

int
cursor_put(struct buf *out, const struct segment_keys *keys, const struct cursor_use *use, const struct cursor *cursor)
{
	uint8_t bytes[BYTES_LEN] = {FORM};
	struct buf text;
	int r;

	put_u32(bytes + 1, cursor->row);
	put_u32(bytes + 5, cursor->from);
	buf_init(&text, SIGNED_MAX);
	r = put_signed(&text, bytes, use);
	if (r == 0)
		r = seal_mac(keys, PURPOSE, buf_slice(&text), bytes + POSITION_LEN);
	if (r == 0)
		r = enc_base64url_put(out, slice_of((const char *)bytes, sizeof(bytes)));
	buf_fini(&text);
	return r;
}

static int
check(const uint8_t bytes[static BYTES_LEN], const struct segment_keys *keys, const struct cursor_use *use)
{
	struct buf text;
	int r;

	buf_init(&text, SIGNED_MAX);
	r = put_signed(&text, bytes, use);
	if (r == 0 &&
	    !seal_mac_ok(keys, PURPOSE, buf_slice(&text), slice_of((const char *)bytes + POSITION_LEN, SEAL_MAC_LEN)))
		r = ERR_INVALID;
	buf_fini(&text);
	return r == 0 && bytes[0] != FORM ? ERR_INVALID : r;
}

int
cursor_take(struct slice text, const struct segment_keys *keys, const struct cursor_use *use, struct cursor *cursor_r)
{
	uint8_t bytes[BYTES_LEN];
	struct buf plain;
	int r;

	if (text.len != CURSOR_TEXT_LEN)
		return ERR_INVALID;
	buf_init(&plain, BYTES_LEN);
	r = enc_base64url_decode(text, &plain);
	if (r == 0 && plain.len != BYTES_LEN)
		r = ERR_INVALID;
	if (r == 0) {
		memcpy(bytes, plain.ptr, BYTES_LEN);
		r = check(bytes, keys, use);
	}
	buf_fini(&plain);
	if (r == 0)
		*cursor_r = (struct cursor){.row = get_u32(bytes + 1), .from = get_u32(bytes + 5)};
	return r;
}
