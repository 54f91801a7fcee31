/*
 * enc.c - base64, base64url, hex and percent; JSON text is in enc_json.c
 *
 * Every put is whole or not at all: what was written before a failure is taken back.
 */
#include "base/enc.h"

#include <stdbool.h>
#include <string.h>

#include "base/err.h"

static const char base64_alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char base64url_alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static int
base64_put(struct buf *out, struct slice bytes, const char *alphabet, bool padded)
{
	const unsigned char *in = (const unsigned char *)bytes.ptr;
	char quad[4];
	int r;

	if (bytes.len > SIZE_MAX / 2)
		return buf_reserve(out, SIZE_MAX); /* fails for every buffer, and marks it */
	r = buf_reserve(out, bytes.len / 3 * 4 + (bytes.len % 3 == 0 ? 0 : padded ? 4 : bytes.len % 3 + 1));
	for (size_t i = 0; i < bytes.len && r == 0; i += 3) {
		size_t have = bytes.len - i < 3 ? bytes.len - i : 3;
		uint32_t bits = (uint32_t)in[i] << 16;

		if (have > 1)
			bits |= (uint32_t)in[i + 1] << 8;
		if (have > 2)
			bits |= in[i + 2];
		for (size_t j = 0; j < 4; j++)
			quad[j] = j <= have ? alphabet[bits >> (18 - 6 * j) & 0x3F] : '=';
		r = buf_put(out, quad, padded ? 4 : have + 1);
	}
	return r;
}

int
enc_base64_put(struct buf *out, struct slice bytes)
{
	return base64_put(out, bytes, base64_alphabet, true);
}

int
enc_base64url_put(struct buf *out, struct slice bytes)
{
	return base64_put(out, bytes, base64url_alphabet, false);
}

static int
base64_value(char c, const char *alphabet)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == alphabet[62])
		return 62;
	if (c == alphabet[63])
		return 63;
	return -1;
}

/* Two to four characters without padding to one to three bytes. */
static int
decode_group(const char *text, size_t len, const char *alphabet, struct buf *out)
{
	uint32_t bits = 0;
	char bytes[3];

	for (size_t i = 0; i < 4; i++) {
		int value = i < len ? base64_value(text[i], alphabet) : 0;

		if (value < 0)
			return ERR_INVALID;
		bits = bits << 6 | (uint32_t)value;
	}
	if ((len == 2 && (bits & 0xFFFF) != 0) || (len == 3 && (bits & 0xFF) != 0))
		return ERR_INVALID; /* two texts would mean the same bytes */
	for (size_t i = 0; i < 3; i++)
		bytes[i] = (char)(bits >> (16 - 8 * i) & 0xFF);
	return buf_put(out, bytes, len - 1);
}

static int
base64_decode(struct slice text, const char *alphabet, struct buf *out)
{
	size_t start = out->len;
	int r;

	if (text.len % 4 == 1)
		return ERR_INVALID;
	r = buf_reserve(out, text.len / 4 * 3 + (text.len % 4 == 0 ? 0 : text.len % 4 - 1));
	for (size_t i = 0; i < text.len && r == 0; i += 4)
		r = decode_group(text.ptr + i, text.len - i < 4 ? text.len - i : 4, alphabet, out);
	if (r < 0)
		buf_truncate(out, start);
	return r;
}

int
enc_base64_decode(struct slice text, struct buf *out)
{
	if (text.len % 4 != 0)
		return ERR_INVALID;
	for (int i = 0; i < 2 && text.len > 0 && text.ptr[text.len - 1] == '='; i++)
		text.len--;
	return base64_decode(text, base64_alphabet, out);
}

int
enc_base64url_decode(struct slice text, struct buf *out)
{
	return base64_decode(text, base64url_alphabet, out);
}

int
enc_hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* RFC 3986: letters, digits, "-", ".", "_", "~". */
/* clang-format off */
static const uint8_t unreserved[256] = {
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0,
	1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0,
	0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
	1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 1,
	0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
	1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 1, 0,
};
/* clang-format on */

/* Counts what it needs only where three times the text would not fit. */
static int
reserve_percent(struct buf *out, struct slice text)
{
	size_t escaped = 0;

	if (text.len > SIZE_MAX / 4)
		return buf_reserve(out, SIZE_MAX); /* fails for every buffer, and marks it */
	if (out->failed == 0 && 3 * text.len < out->cap - out->len)
		return 0;
	for (size_t i = 0; i < text.len; i++)
		escaped += !unreserved[(unsigned char)text.ptr[i]];
	return buf_reserve(out, text.len + 2 * escaped);
}

int
enc_percent_put(struct buf *out, struct slice text)
{
	static const char digits[] = "0123456789ABCDEF";
	char *to;
	int r;

	r = reserve_percent(out, text);
	if (r < 0 || text.len == 0)
		return r;
	to = out->ptr + out->len;
	for (size_t i = 0; i < text.len; i++) {
		unsigned char byte = (unsigned char)text.ptr[i];

		if (unreserved[byte]) {
			*to++ = (char)byte;
			continue;
		}
		*to++ = '%';
		*to++ = digits[byte >> 4];
		*to++ = digits[byte & 0x0F];
	}
	*to = '\0';
	out->len = (size_t)(to - out->ptr);
	return 0;
}
