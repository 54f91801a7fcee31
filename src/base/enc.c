/*
 * enc.c - base64, base64url, hex, percent and JSON text
 *
 * Every put is whole or not at all: what was written before a failure is taken back.
 */
#include "base/enc.h"

#include <endian.h>
#include <stdbool.h>
#include <string.h>

#include "base/err.h"
#include "base/enc_json.h"

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

int
enc_percent_put(struct buf *out, struct slice text)
{
	static const char digits[] = "0123456789ABCDEF";
	size_t escaped = 0;
	char *to;
	int r;

	if (text.len > SIZE_MAX / 4)
		return buf_reserve(out, SIZE_MAX); /* fails for every buffer, and marks it */
	for (size_t i = 0; i < text.len; i++)
		escaped += !unreserved[(unsigned char)text.ptr[i]];
	r = buf_reserve(out, text.len + 2 * escaped);
	if (escaped == 0 || r < 0)
		return r < 0 ? r : buf_put_slice(out, text);
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
	out->len += text.len + 2 * escaped;
	return 0;
}

/* The letter behind the backslash, or 0 when there is no short form. */
static char
short_escape(unsigned char c)
{
	switch (c) {
	case '"':
	case '\\':
		return (char)c;
	case '\b':
		return 'b';
	case '\f':
		return 'f';
	case '\n':
		return 'n';
	case '\r':
		return 'r';
	case '\t':
		return 't';
	default:
		return 0;
	}
}

size_t
enc_json_step(struct slice text, size_t *pos_io, char dst[static ENC_JSON_STEP_MAX])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char c = (unsigned char)text.ptr[*pos_io];
	char letter = short_escape(c);
	size_t len = slice_utf8_len(slice_sub(text, *pos_io, SIZE_MAX));

	*pos_io += len > 0 ? len : 1;
	if (letter != 0) {
		memcpy(dst, (char[]){'\\', letter}, 2);
		return 2;
	}
	if (c < 0x20 || c == 0x7F) {
		memcpy(dst, (char[]){'\\', 'u', '0', '0', digits[c >> 4], digits[c & 0x0F]}, 6);
		return 6;
	}
	if (len == 0) {
		memcpy(dst, "\xEF\xBF\xBD", 3);
		return 3;
	}
	memcpy(dst, text.ptr + *pos_io - len, len);
	return len;
}

#define EACH_BYTE(b) (0x0101010101010101u * (uint64_t)(b))

/*
 * Of eight bytes, those that are a control, a quote, a backslash, or from 0x7F on: their highest bits.  Known tricks
 * for zero bytes; what is carried over may mark a byte behind one that is marked rightly, never one before it.
 */
static inline uint64_t
odd_in_word(uint64_t word)
{
	uint64_t quote = word ^ EACH_BYTE('"'), backslash = word ^ EACH_BYTE('\\');

	return ((word - EACH_BYTE(0x20)) | (word + EACH_BYTE(1)) | word | (quote - EACH_BYTE(1)) |
		(backslash - EACH_BYTE(1))) &
	       EACH_BYTE(0x80);
}

static inline uint64_t
odd_bits(const char *at)
{
	uint64_t word;

	memcpy(&word, at, sizeof(word));
	return odd_in_word(le64toh(word));
}

/* Of four to seven bytes; those in the middle are looked at twice. */
static inline uint64_t
odd_in_few(const char *at, size_t len)
{
	uint32_t begin, end;

	memcpy(&begin, at, sizeof(begin));
	memcpy(&end, at + len - sizeof(end), sizeof(end));
	return odd_in_word((uint64_t)begin << 32 | end);
}

/* How many bytes stand before the first that is marked. */
static size_t
plain_bytes(uint64_t odd)
{
	return odd == 0 ? sizeof(odd) : (size_t)__builtin_ctzll(odd) / 8;
}

static bool
is_plain_byte(char c)
{
	return c >= 0x20 && c < 0x7F && c != '"' && c != '\\';
}

size_t
enc_json_plain(struct slice text, size_t pos)
{
	size_t at = pos;

	while (text.len - at >= sizeof(uint64_t)) {
		size_t n = plain_bytes(odd_bits(text.ptr + at));

		at += n;
		if (n < sizeof(uint64_t))
			return at - pos;
	}
	while (at < text.len && is_plain_byte(text.ptr[at]))
		at++;
	return at - pos;
}

/* What is left over at the end is looked at together with bytes before it. */
bool
enc_json_is_plain(struct slice text)
{
	const char *at = text.ptr, *end = at + text.len;
	uint64_t odd = 0;

	if (text.len < 4) {
		for (; at < end; at++)
			odd |= !is_plain_byte(*at);
		return odd == 0;
	}
	if (text.len < sizeof(odd))
		return odd_in_few(at, text.len) == 0;
	for (; (size_t)(end - at) > sizeof(odd) && odd == 0; at += sizeof(odd))
		odd = odd_bits(at);
	return (odd | odd_bits(end - sizeof(odd))) == 0;
}

static bool
needs_backslash(char c)
{
	return c == '"' || c == '\\';
}

/*
 * JSON in JSON is plain text with a quote every few bytes: written eight bytes at a time where there is room for more
 * than what they can become, up to what takes a closer look.  How many bytes were taken.
 */
static size_t
put_usual(struct buf *out, const char *from, size_t len)
{
	const char *end = out->ptr + out->cap - 1;
	char *to = out->ptr + out->len;
	size_t at = 0;

	while (len - at >= sizeof(uint64_t) && (size_t)(end - to) >= sizeof(uint64_t) + 2) {
		size_t n = plain_bytes(odd_bits(from + at));

		memcpy(to, from + at, sizeof(uint64_t));
		to += n;
		at += n;
		if (n == sizeof(uint64_t))
			continue;
		if (!needs_backslash(from[at]))
			goto out;
		*to++ = '\\';
		*to++ = from[at++];
	}
	for (; at < len && end - to >= 2; at++) {
		if (needs_backslash(from[at]))
			*to++ = '\\';
		else if (!is_plain_byte(from[at]))
			break;
		*to++ = from[at];
	}
out:
	out->len = (size_t)(to - out->ptr);
	return at;
}

/* There is room. */
static void
put_plain(struct buf *out, struct slice text)
{
	char *to = out->ptr + out->len;

	*to++ = '"';
	if (text.len > 0)
		memcpy(to, text.ptr, text.len);
	memcpy(to + text.len, "\"", 2);
	out->len += text.len + 2;
}

int
enc_json_put(struct buf *out, struct slice text)
{
	char step[ENC_JSON_STEP_MAX];
	size_t start = out->len;
	size_t pos = 0;
	int r;

	if (text.len > SIZE_MAX / 2)
		return buf_reserve(out, SIZE_MAX); /* fails for every buffer, and marks it */
	r = buf_reserve(out, text.len + 2);
	if (r == 0 && enc_json_is_plain(text)) {
		put_plain(out, text);
		return 0;
	}
	if (r == 0)
		r = buf_put_char(out, '"');
	while (pos < text.len && r == 0) {
		pos += put_usual(out, text.ptr + pos, text.len - pos);
		if (pos < text.len)
			r = buf_put(out, step, enc_json_step(text, &pos, step));
	}
	if (r == 0)
		r = buf_put_char(out, '"');
	if (r < 0)
		buf_truncate(out, start);
	return r;
}
