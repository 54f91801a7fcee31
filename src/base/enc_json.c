/*
 * enc_json.c - JSON strings: what stands for itself is found and copied many bytes at a time
 */
#include "base/enc_json.h"

#include <stdint.h>
#include <string.h>

#include "base/enc.h"
#include "base/text_run.h"

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

/* Of four to seven bytes; those in the middle are looked at twice. */
static inline uint64_t
odd_in_few(const char *at, size_t len)
{
	uint32_t begin, end;

	memcpy(&begin, at, sizeof(begin));
	memcpy(&end, at + len - sizeof(end), sizeof(end));
	return text_run_stops_in((uint64_t)begin << 32 | end);
}

size_t
enc_json_plain(struct slice text, size_t pos)
{
	const char *at = text.ptr + pos;

	return (size_t)(text_run_end(at, text.ptr + text.len) - at);
}

#ifdef __SSE2__
#define BLOCK ((size_t)16)

/* Is one of sixteen bytes, eight and eight, odd in either way? */
static inline bool
are_odd(const char *some, const char *others)
{
	__m128i block = _mm_unpacklo_epi64(_mm_loadl_epi64((const __m128i *)(const void *)some),
					   _mm_loadl_epi64((const __m128i *)(const void *)others));

	return (text_run_quotes_16(block) | text_run_strange_16(block)) != 0;
}

/*
 * Sixteen bytes, with a backslash before each that is marked.  Writes up to 15 bytes more than it gives, and reads as
 * many more.
 */
static inline char *
put_block(char *to, const char *from, unsigned quotes)
{
	size_t done = 0;

	for (; quotes != 0; quotes &= quotes - 1) {
		size_t at = (size_t)__builtin_ctz(quotes);

		memcpy(to, from + done, BLOCK);
		to += at - done;
		*to++ = '\\';
		done = at;
	}
	memcpy(to, from + done, BLOCK);
	return to + (BLOCK - done);
}

/* Blocks of which nothing is strange, while there is room whatever they become.  How many bytes were taken. */
static size_t
put_blocks(struct buf *out, const char *from, size_t len)
{
	const char *end = out->ptr + out->cap - 1;
	char *to = out->ptr + out->len;
	size_t at = 0;

	for (; len - at >= 2 * BLOCK && (size_t)(end - to) >= 3 * BLOCK; at += BLOCK) {
		__m128i block = text_run_block(from + at);

		if (text_run_strange_16(block) != 0)
			break;
		to = put_block(to, from + at, text_run_quotes_16(block));
	}
	out->len = (size_t)(to - out->ptr);
	return at;
}
#else
static inline bool
are_odd(const char *some, const char *others)
{
	return (text_run_stops(some) | text_run_stops(others)) != 0;
}

static size_t
put_blocks(struct buf *out, const char *from, size_t len)
{
	(void)out;
	(void)from;
	(void)len;
	return 0;
}
#endif

/* What is left over at the end is looked at together with bytes before it. */
bool
enc_json_is_plain(struct slice text)
{
	const char *at = text.ptr, *end = at + text.len;

	if (text.len < 4) {
		while (at < end && text_run_has(*at))
			at++;
		return at == end;
	}
	if (text.len < 8)
		return odd_in_few(at, text.len) == 0;
	if (text.len <= 16)
		return !are_odd(at, end - 8);
	for (; end - at > 16; at += 16) {
		if (are_odd(at, at + 8))
			return false;
	}
	return !are_odd(end - 16, end - 8);
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
	size_t at = put_blocks(out, from, len);
	const char *end = out->ptr + out->cap - 1;
	char *to = out->ptr + out->len;

	while (len - at >= sizeof(uint64_t) && (size_t)(end - to) >= sizeof(uint64_t) + 2) {
		size_t n = text_run_before(text_run_stops(from + at));

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
		else if (!text_run_has(from[at]))
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
