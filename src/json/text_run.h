/*
 * text_run.h - the part of a string that stands for itself (private to json/)
 */
#ifndef JSON_TEXT_RUN_H
#define JSON_TEXT_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define TEXT_RUN_EACH(value) (UINT64_C(0x0101010101010101) * (value))

static inline bool
text_run_has(char c)
{
	return (unsigned char)c >= 0x20 && (unsigned char)c < 0x80 && c != '"' && c != '\\';
}

/* Of eight bytes: bit 7 of each that is not ASCII, below 0x20, or one of the two; exact up to the first such byte. */
static inline uint64_t
text_run_stops(const char *p)
{
	uint64_t word, quote, backslash;

	memcpy(&word, p, sizeof(word));
	quote = word ^ TEXT_RUN_EACH('"');
	backslash = word ^ TEXT_RUN_EACH('\\');
	return (word | (word - TEXT_RUN_EACH(0x20)) | (quote - TEXT_RUN_EACH(1)) | (backslash - TEXT_RUN_EACH(1))) &
	       TEXT_RUN_EACH(0x80);
}

/* The first byte that is no printing ASCII, a quote or a backslash; or `end`. */
static inline const char *
text_run_end(const char *p, const char *end)
{
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
