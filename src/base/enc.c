/*
 * enc.c - base64, base64url, hex and percent; JSON text is in enc_json.c
 *
 * Every put is whole or not at all: what was written before a failure is taken back.
 */
#include "base/enc.h"

#include <stdbool.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/err.h"

static const char base64_alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char base64url_alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static void
encode_group(const unsigned char *in, const char *alphabet, char *quad_r)
{
	uint32_t bits = (uint32_t)in[0] << 16 | (uint32_t)in[1] << 8 | in[2];

	quad_r[0] = alphabet[bits >> 18];
	quad_r[1] = alphabet[bits >> 12 & 0x3F];
	quad_r[2] = alphabet[bits >> 6 & 0x3F];
	quad_r[3] = alphabet[bits & 0x3F];
}

static int
base64_put(struct buf *out, struct slice bytes, const char *alphabet, bool padded)
{
	const unsigned char *in = (const unsigned char *)bytes.ptr;
	size_t rest = bytes.len % 3;
	unsigned char last[3] = {0};
	char quad[4];
	char *to;
	int r;

	if (bytes.len > SIZE_MAX / 2)
		return buf_reserve(out, SIZE_MAX); /* fails for every buffer, and marks it */
	r = buf_reserve(out, bytes.len / 3 * 4 + (rest == 0 ? 0 : padded ? 4 : rest + 1));
	if (r < 0 || bytes.len == 0)
		return r;
	to = out->ptr + out->len;
	for (size_t i = 0; i < bytes.len / 3; i++, in += 3, to += 4)
		encode_group(in, alphabet, to);
	*to = '\0';
	out->len = (size_t)(to - out->ptr);
	if (rest == 0)
		return 0;
	memcpy(last, in, rest);
	encode_group(last, alphabet, quad);
	memset(quad + rest + 1, '=', 3 - rest);
	return buf_put(out, quad, padded ? sizeof(quad) : rest + 1);
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

static char *
put_escape(char *to, char c)
{
	static const char digits[] = "0123456789ABCDEF";
	unsigned char byte = (unsigned char)c;

	to[0] = '%';
	to[1] = digits[byte >> 4];
	to[2] = digits[byte & 0x0F];
	return to + 3;
}

#ifdef __SSE2__
static __m128i
are_between(__m128i bytes, char first, char last)
{
	return _mm_and_si128(_mm_cmpgt_epi8(bytes, _mm_set1_epi8((char)(first - 1))),
			     _mm_cmplt_epi8(bytes, _mm_set1_epi8((char)(last + 1))));
}

/* Of sixteen bytes, a bit for each that is not unreserved; as signed numbers those beyond ASCII are below all others.
 */
static unsigned
reserved_16(__m128i bytes)
{
	__m128i letters = are_between(_mm_or_si128(bytes, _mm_set1_epi8(0x20)), 'a', 'z');
	__m128i slashes = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('/'));
	__m128i others = _mm_andnot_si128(slashes, are_between(bytes, '-', '9'));

	others = _mm_or_si128(others, _mm_cmpeq_epi8(bytes, _mm_set1_epi8('_')));
	others = _mm_or_si128(others, _mm_cmpeq_epi8(bytes, _mm_set1_epi8('~')));
	return ~(unsigned)_mm_movemask_epi8(_mm_or_si128(letters, others)) & 0xFFFF;
}

/* While sixteen bytes are left; those behind one that is escaped are overwritten by what comes. */
static char *
put_blocks(char *to, struct slice *text)
{
	while (text->len >= 16) {
		__m128i block = _mm_loadu_si128((const __m128i *)(const void *)text->ptr);
		unsigned reserved = reserved_16(block);
		size_t run = reserved == 0 ? 16 : (size_t)__builtin_ctz(reserved);

		_mm_storeu_si128((__m128i *)(void *)to, block);
		to += run;
		if (reserved != 0)
			to = put_escape(to, text->ptr[run++]);
		*text = slice_of(text->ptr + run, text->len - run);
	}
	return to;
}
#else
static char *
put_blocks(char *to, struct slice *text)
{
	(void)text;
	return to;
}
#endif

int
enc_percent_put(struct buf *out, struct slice text)
{
	char *to;
	int r;

	r = reserve_percent(out, text);
	if (r < 0 || text.len == 0)
		return r;
	to = put_blocks(out->ptr + out->len, &text);
	for (size_t i = 0; i < text.len; i++) {
		if (unreserved[(unsigned char)text.ptr[i]])
			*to++ = text.ptr[i];
		else
			to = put_escape(to, text.ptr[i]);
	}
	*to = '\0';
	out->len = (size_t)(to - out->ptr);
	return 0;
}
