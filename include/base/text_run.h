/*
 * text_run.h - the part of a text that stands for itself in JSON: printing ASCII without quote and backslash
 *
 * One idea of it for who reads JSON and who writes it, eight or sixteen bytes at a time.  Pure functions over bytes.
 */
#ifndef BASE_TEXT_RUN_H
#define BASE_TEXT_RUN_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/compiler.h"

#define TEXT_RUN_EACH(value) (UINT64_C(0x0101010101010101) * (value))

static inline bool
text_run_has(char c)
{
	return (unsigned char)c >= 0x20 && (unsigned char)c < 0x7f && c != '"' && c != '\\';
}

/*
 * Of eight bytes: bit 7 of each from 0x7F on, below 0x20, or one of the two.  Known tricks for zero bytes; what is
 * carried over may mark a byte above one that is marked rightly, never one below it.
 */
static inline uint64_t
text_run_stops_in(uint64_t word)
{
	uint64_t quote = word ^ TEXT_RUN_EACH('"');
	uint64_t backslash = word ^ TEXT_RUN_EACH('\\');

	return (word | (word + TEXT_RUN_EACH(1)) | (word - TEXT_RUN_EACH(0x20)) | (quote - TEXT_RUN_EACH(1)) |
		(backslash - TEXT_RUN_EACH(1))) &
	       TEXT_RUN_EACH(0x80);
}

/* Of the eight bytes at p, the first in the lowest bits. */
static inline uint64_t
text_run_stops(const char *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof(word));
	return text_run_stops_in(le64toh(word));
}

/* How many of the eight stand before the first that is marked. */
static inline size_t
text_run_before(uint64_t stops)
{
	return stops == 0 ? sizeof(stops) : (size_t)__builtin_ctzll(stops) / 8;
}

#ifdef __SSE2__
static inline __m128i
text_run_block(const char *p)
{
	return _mm_loadu_si128((const __m128i *)(const void *)p);
}

/* Of sixteen bytes, a bit for each that is a quote or a backslash. */
static inline unsigned
text_run_quotes_16(__m128i block)
{
	__m128i quote = _mm_cmpeq_epi8(block, _mm_set1_epi8('"'));
	__m128i backslash = _mm_cmpeq_epi8(block, _mm_set1_epi8('\\'));

	return (unsigned)_mm_movemask_epi8(_mm_or_si128(quote, backslash));
}

/* The same for those below 0x20 or from 0x7F on; as signed numbers those beyond ASCII are below 0x20, too. */
static inline unsigned
text_run_strange_16(__m128i block)
{
	__m128i low = _mm_cmplt_epi8(block, _mm_set1_epi8(0x20));
	__m128i del = _mm_cmpeq_epi8(block, _mm_set1_epi8(0x7f));

	return (unsigned)_mm_movemask_epi8(_mm_or_si128(low, del));
}
#endif

/* The first byte that is no printing ASCII, a quote or a backslash; or `end`. */
static ALWAYS_INLINE const char *
text_run_end(const char *p, const char *end)
{
#ifdef __SSE2__
	for (; end - p >= 16; p += 16) {
		__m128i block = text_run_block(p);
		unsigned stops = text_run_quotes_16(block) | text_run_strange_16(block);

		if (stops != 0)
			return p + __builtin_ctz(stops);
	}
#endif
	for (; end - p >= 8; p += 8) {
		uint64_t stops = text_run_stops(p);

		if (stops != 0)
			return p + text_run_before(stops);
	}
	while (p < end && text_run_has(*p))
		p++;
	return p;
}

#endif
