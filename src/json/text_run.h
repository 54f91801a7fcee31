/*
 * text_run.h - the part of a string that stands for itself (private to json/)
 */
#ifndef JSON_TEXT_RUN_H
#define JSON_TEXT_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define TEXT_RUN_EACH(value) (UINT64_C(0x0101010101010101) * (value))

static inline bool
text_run_has(char c)
{
	return (unsigned char)c >= 0x20 && (unsigned char)c < 0x7f && c != '"' && c != '\\';
}

/* Of eight bytes: bit 7 of each from 0x7F on, below 0x20, or one of the two; exact up to the first such byte. */
static inline uint64_t
text_run_stops(const char *p)
{
	uint64_t word, quote, backslash;

	memcpy(&word, p, sizeof(word));
	quote = word ^ TEXT_RUN_EACH('"');
	backslash = word ^ TEXT_RUN_EACH('\\');
	return (word | (word + TEXT_RUN_EACH(1)) | (word - TEXT_RUN_EACH(0x20)) | (quote - TEXT_RUN_EACH(1)) |
		(backslash - TEXT_RUN_EACH(1))) &
	       TEXT_RUN_EACH(0x80);
}

#ifdef __SSE2__
/* The same of sixteen bytes, a bit for each, and all of them exact: as signed numbers those beyond ASCII are small. */
static inline unsigned
text_run_stops_16(const char *p)
{
	__m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)p);
	__m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
	__m128i backslash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
	__m128i del = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7f));
	__m128i strange = _mm_cmplt_epi8(bytes, _mm_set1_epi8(0x20));

	return (unsigned)_mm_movemask_epi8(_mm_or_si128(_mm_or_si128(strange, del), _mm_or_si128(quote, backslash)));
}
#endif

/* The first byte that is no printing ASCII, a quote or a backslash; or `end`. */
static inline const char *
text_run_end(const char *p, const char *end)
{
#ifdef __SSE2__
	for (; end - p >= 16; p += 16) {
		unsigned stops = text_run_stops_16(p);

		if (stops != 0)
			return p + __builtin_ctz(stops);
	}
#endif
	while (end - p >= 8) {
		uint64_t stops = text_run_stops(p);

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
		if (stops != 0)
			return p + __builtin_ctzll(stops) / 8;
#else
		if (stops != 0)
			break;
#endif
		p += 8;
	}
	while (p < end && text_run_has(*p))
		p++;
	return p;
}

#endif
