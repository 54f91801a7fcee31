/*
 * text.h - short texts in fixed arrays that are always whole UTF-8
 *
 * jansson refuses a string that is not UTF-8, so a text that was cut in the middle of a character, or that quotes
 * foreign bytes, must be mended before it goes into a tree.
 */
#ifndef JSON_TEXT_H
#define JSON_TEXT_H

#include <stdarg.h>
#include <stddef.h>

#include "base/compiler.h"
#include "base/slice.h"

/* Like vsnprintf; what is too long is cut between characters; bytes that are not UTF-8, and control characters other
 * than line feed and tab, become '?'. */
void json_text_format(char *dst, size_t cap, const char *fmt, va_list ap) PRINTF_LIKE(3, 0);

/* The longest front part of `text` that has at most `max` bytes and does not end within a character. */
struct slice json_text_clip(struct slice text, size_t max);

#endif
