/*
 * text.c - short texts that are always whole UTF-8
 */
#include "json/text.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct slice
json_text_clip(struct slice text, size_t max)
{
	size_t len = max;

	if (text.len <= max)
		return text;
	while (len > 0 && ((unsigned char)text.ptr[len] & 0xC0) == 0x80)
		len--;
	return slice_of(text.ptr, len);
}

/* C0 but line feed and tab, DEL, and C1: they steer a terminal, or break a line of a log. */
static bool
is_control(const char *at, size_t len)
{
	unsigned char c = (unsigned char)at[0];

	if (len == 2)
		return c == 0xc2 && (unsigned char)at[1] < 0xa0;
	return len == 1 && ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f);
}

static void
mend(char *text)
{
	struct slice rest = slice_from_str(text);
	char *at = text;

	while (rest.len > 0) {
		size_t step = slice_utf8_len(rest);

		if (step == 0 || is_control(at, step))
			memset(at, '?', step == 0 ? 1 : step);
		step = step == 0 ? 1 : step;
		at += step;
		rest = slice_sub(rest, step, rest.len);
	}
}

void
json_text_format(char *dst, size_t cap, const char *fmt, va_list ap)
{
	int n;

	dst[0] = '\0';
	n = vsnprintf(dst, cap, fmt, ap);
	/* The last byte of a text that was cut is looked at as the byte behind it: is it inside a character? */
	if (n >= (int)cap)
		dst[json_text_clip(slice_of(dst, cap - 1), cap - 2).len] = '\0';
	mend(dst);
}
