/*
 * slice.c - looking at borrowed bytes
 */
#include "base/slice.h"

#include <string.h>

#include "base/err.h"

static unsigned char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (unsigned char)(c - 'A' + 'a') : (unsigned char)c;
}

/* Not strncasecmp(): that one follows the locale and stops at a NUL. */
bool
slice_fold_eq(const char *a, const char *b, size_t len)
{
	size_t i = 0;

	while (len - i >= 8 && memcmp(a + i, b + i, 8) == 0)
		i += 8;
	for (; i < len; i++) {
		if (a[i] != b[i] && lower(a[i]) != lower(b[i]))
			return false;
	}
	return true;
}

bool
slice_has_prefix(struct slice s, const char *prefix)
{
	size_t len = strlen(prefix);

	return s.len >= len && slice_is(slice_of(s.ptr, len), prefix);
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

struct slice
slice_trim(struct slice s)
{
	while (s.len > 0 && is_blank(s.ptr[s.len - 1]))
		s.len--;
	while (s.len > 0 && is_blank(s.ptr[0])) {
		s.ptr++;
		s.len--;
	}
	return s;
}

ptrdiff_t
slice_find(struct slice s, char c)
{
	const char *hit;

	if (s.len == 0)
		return -1;
	hit = memchr(s.ptr, (unsigned char)c, s.len);
	return hit == NULL ? -1 : hit - s.ptr;
}

bool
slice_next(struct slice *rest, char sep, struct slice *part_r)
{
	ptrdiff_t at;

	*part_r = *rest;
	if (rest->ptr == NULL)
		return false;
	at = slice_find(*rest, sep);
	if (at < 0) {
		*rest = SLICE_NONE;
		return true;
	}
	part_r->len = (size_t)at;
	*rest = slice_sub(*rest, (size_t)at + 1, SIZE_MAX);
	return true;
}

int
slice_to_u64(struct slice s, uint64_t max, uint64_t *value_r)
{
	uint64_t value = 0;
	bool over = false;

	if (s.len == 0)
		return ERR_INVALID;
	for (size_t i = 0; i < s.len; i++) {
		unsigned digit = (unsigned char)s.ptr[i] - (unsigned)'0';

		if (digit > 9)
			return ERR_INVALID;
		if (over || value > (UINT64_MAX - digit) / 10)
			over = true;
		else
			value = value * 10 + digit;
	}
	if (over || value > max)
		return ERR_LIMIT;
	*value_r = value;
	return 0;
}

int
slice_to_str(struct slice s, char *dst, size_t cap)
{
	if (cap > 0)
		dst[0] = '\0';
	if (slice_find(s, '\0') >= 0)
		return ERR_INVALID;
	if (s.len >= cap)
		return ERR_LIMIT;
	if (s.len > 0)
		memcpy(dst, s.ptr, s.len);
	dst[s.len] = '\0';
	return 0;
}

size_t
slice_utf8_len(struct slice s)
{
	const unsigned char *p = (const unsigned char *)s.ptr;
	unsigned char low = 0x80, high = 0xBF; /* what the second byte may be, Unicode table 3-7 */
	size_t len;

	if (s.len == 0)
		return 0;
	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xC2 || p[0] > 0xF4)
		return 0;
	len = p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : 4;
	if (p[0] == 0xE0)
		low = 0xA0;
	if (p[0] == 0xED)
		high = 0x9F;
	if (p[0] == 0xF0)
		low = 0x90;
	if (p[0] == 0xF4)
		high = 0x8F;
	if (s.len < len || p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < len; i++) {
		if ((p[i] & 0xC0) != 0x80)
			return 0;
	}
	return len;
}

/* Eight plain ASCII bytes at a time: nearly all text is. */
static size_t
ascii_run(struct slice s)
{
	size_t i = 0;
	uint64_t word;

	while (s.len - i >= sizeof(word)) {
		memcpy(&word, s.ptr + i, sizeof(word));
		if (word & 0x8080808080808080u)
			break;
		i += sizeof(word);
	}
	return i;
}

bool
slice_is_utf8(struct slice s)
{
	size_t pos = 0;

	while (pos < s.len) {
		size_t step;

		pos += ascii_run(slice_sub(s, pos, SIZE_MAX));
		if (pos == s.len)
			break;
		step = slice_utf8_len(slice_sub(s, pos, SIZE_MAX));
		if (step == 0)
			return false;
		pos += step;
	}
	return true;
}
