/*
 * unescape.c - what a JSON string stands for
 */
#include <string.h>

#include "json/scan.h"

/* One character of a string as written: plain bytes (one at a time), or an escape turned into UTF-8. */
struct reader {
	struct slice raw;
	size_t at;
	char utf8[4];
};

static size_t
encode(uint32_t point, char *utf8)
{
	if (point < 0x80) {
		utf8[0] = (char)point;
		return 1;
	}
	if (point < 0x800) {
		utf8[0] = (char)(0xC0 | point >> 6);
		utf8[1] = (char)(0x80 | (point & 0x3F));
		return 2;
	}
	if (point < 0x10000) {
		utf8[0] = (char)(0xE0 | point >> 12);
		utf8[1] = (char)(0x80 | (point >> 6 & 0x3F));
		utf8[2] = (char)(0x80 | (point & 0x3F));
		return 3;
	}
	utf8[0] = (char)(0xF0 | point >> 18);
	utf8[1] = (char)(0x80 | (point >> 12 & 0x3F));
	utf8[2] = (char)(0x80 | (point >> 6 & 0x3F));
	utf8[3] = (char)(0x80 | (point & 0x3F));
	return 4;
}

/* The value of \uXXXX at `at`, or ERR_INVALID. */
static int
unit_at(struct slice raw, size_t at)
{
	int value = 0;

	if (raw.len < 6 || at > raw.len - 6 || raw.ptr[at] != '\\' || raw.ptr[at + 1] != 'u')
		return ERR_INVALID;
	for (size_t i = at + 2; i < at + 6; i++) {
		const char *digits = "0123456789abcdef";
		char c = raw.ptr[i] >= 'A' && raw.ptr[i] <= 'F' ? (char)(raw.ptr[i] | 0x20) : raw.ptr[i];
		const char *hit = c == '\0' ? NULL : strchr(digits, c);

		if (hit == NULL)
			return ERR_INVALID;
		value = value * 16 + (int)(hit - digits);
	}
	return value;
}

static int
next_unicode(struct reader *in, struct slice *piece_r)
{
	int unit = unit_at(in->raw, in->at);
	uint32_t point = (uint32_t)unit;

	if (unit < 0 || (unit >= 0xDC00 && unit <= 0xDFFF))
		return ERR_INVALID;
	in->at += 6;
	if (unit >= 0xD800 && unit <= 0xDBFF) {
		int low = unit_at(in->raw, in->at);

		if (low < 0xDC00 || low > 0xDFFF)
			return ERR_INVALID;
		in->at += 6;
		point = 0x10000 + ((uint32_t)(unit - 0xD800) << 10) + (uint32_t)(low - 0xDC00);
	}
	*piece_r = slice_of(in->utf8, encode(point, in->utf8));
	return 0;
}

static int
next_escape(struct reader *in, struct slice *piece_r)
{
	static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
	const char *hit;

	if (in->at + 1 >= in->raw.len || in->raw.ptr[in->at + 1] == '\0')
		return ERR_INVALID;
	if (in->raw.ptr[in->at + 1] == 'u')
		return next_unicode(in, piece_r);
	hit = strchr(letters, in->raw.ptr[in->at + 1]);
	if (hit == NULL)
		return ERR_INVALID;
	*piece_r = slice_of(&meanings[hit - letters], 1);
	in->at += 2;
	return 0;
}

/* 1 and a piece, 0 at the end, or ERR_INVALID. */
static int
next_piece(struct reader *in, struct slice *piece_r)
{
	const char *first = in->raw.ptr + in->at;
	const char *stop;
	size_t left = in->raw.len - in->at;
	int r;

	if (left == 0)
		return 0;
	if (*first == '\\') {
		r = next_escape(in, piece_r);
		return r < 0 ? r : 1;
	}
	stop = memchr(first, '\\', left);
	*piece_r = slice_of(first, stop == NULL ? left : (size_t)(stop - first));
	in->at += piece_r->len;
	return 1;
}

int
json_scan_unescape(struct slice raw, struct buf *out)
{
	struct reader in = {.raw = raw};
	size_t start = out->len;
	struct slice piece;
	int r;

	for (r = next_piece(&in, &piece); r > 0; r = next_piece(&in, &piece))
		(void)buf_put_slice(out, piece);
	if (r == 0)
		r = out->failed;
	if (r < 0)
		buf_truncate(out, start);
	return r;
}

bool
json_scan_keys_equal(struct slice a, struct slice b)
{
	struct reader left = {.raw = a}, right = {.raw = b};
	struct slice x = SLICE_NONE, y = SLICE_NONE;

	for (;;) {
		int more_x = x.len > 0 ? 1 : next_piece(&left, &x);
		int more_y = y.len > 0 ? 1 : next_piece(&right, &y);
		size_t common = x.len < y.len ? x.len : y.len;

		if (more_x <= 0 || more_y <= 0)
			return more_x == 0 && more_y == 0;
		if (!slice_eq(slice_sub(x, 0, common), slice_sub(y, 0, common)))
			return false;
		x = slice_sub(x, common, x.len);
		y = slice_sub(y, common, y.len);
	}
}

bool
json_scan_key_is(struct slice raw, const char *literal)
{
	struct reader in = {.raw = raw};
	struct slice rest = slice_from_str(literal), piece;
	int r;

	for (r = next_piece(&in, &piece); r > 0; r = next_piece(&in, &piece)) {
		if (!slice_eq(piece, slice_sub(rest, 0, piece.len)))
			return false;
		rest = slice_sub(rest, piece.len, rest.len);
	}
	return r == 0 && rest.len == 0;
}

struct slice
json_scan_unquote(struct slice token)
{
	return token.len < 2 ? SLICE_NONE : slice_of(token.ptr + 1, token.len - 2);
}
