/*
 * grammar.c - which characters may stand where
 */
#include "http/grammar.h"

#include <stdint.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/enc.h"

enum {
	TCHAR = 1,
	TEXT = 2,
	TARGET = 4,
	NAME = 8, /* of a host: RFC 3986 unreserved */
	DIGIT = 16
};

#define ALL_OF_A_NAME (TCHAR | TEXT | TARGET | NAME)

/* Entries that are not named are 0: controls. */
static const uint8_t classes[256] = {
    ['\t'] = TEXT,
    [' '] = TEXT,
    ['!'] = TCHAR | TEXT | TARGET,
    ['"'] = TEXT,
    ['#'] = TCHAR | TEXT,
    ['$'] = TCHAR | TEXT | TARGET,
    ['%'] = TCHAR | TEXT | TARGET,
    ['&'] = TCHAR | TEXT | TARGET,
    ['\''] = TCHAR | TEXT | TARGET,
    ['('] = TEXT | TARGET,
    [')'] = TEXT | TARGET,
    ['*'] = TCHAR | TEXT | TARGET,
    ['+'] = TCHAR | TEXT | TARGET,
    [','] = TEXT | TARGET,
    ['-'] = ALL_OF_A_NAME,
    ['.'] = ALL_OF_A_NAME,
    ['/'] = TEXT | TARGET,
    ['0' ... '9'] = ALL_OF_A_NAME | DIGIT,
    [':'] = TEXT | TARGET,
    [';'] = TEXT | TARGET,
    ['<'] = TEXT,
    ['='] = TEXT | TARGET,
    ['>'] = TEXT,
    ['?'] = TEXT | TARGET,
    ['@'] = TEXT | TARGET,
    ['A' ... 'Z'] = ALL_OF_A_NAME,
    ['['] = TEXT,
    ['\\'] = TEXT,
    [']'] = TEXT,
    ['^'] = TCHAR | TEXT,
    ['_'] = ALL_OF_A_NAME,
    ['`'] = TCHAR | TEXT,
    ['a' ... 'z'] = ALL_OF_A_NAME,
    ['{'] = TEXT,
    ['|'] = TCHAR | TEXT,
    ['}'] = TEXT,
    ['~'] = ALL_OF_A_NAME,
    [0x80 ... 0xFF] = TEXT,
};

static bool
is_class(char c, unsigned wanted)
{
	return (classes[(uint8_t)c] & wanted) != 0;
}

bool
grammar_is_tchar(char c)
{
	return is_class(c, TCHAR);
}

bool
grammar_is_text(char c)
{
	return is_class(c, TEXT);
}

#ifdef __SSE2__
/* How many of sixteen bytes, from the first on, are neither a control nor DEL; HTAB counts as a control here. */
#define STEP 16
static inline size_t
plain_bytes(const char *at)
{
	__m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
	__m128i controls = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1F)), bytes);
	__m128i odd = _mm_or_si128(controls, _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7F)));
	unsigned marks = (unsigned)_mm_movemask_epi8(odd);

	return marks == 0 ? STEP : (size_t)__builtin_ctz(marks);
}
#else
#define EACH_BYTE(b) (0x0101010101010101u * (uint64_t)(b))

/* Of eight bytes of printable ASCII all, else none: what is odd is looked at byte by byte. */
#define STEP 8
static inline size_t
plain_bytes(const char *at)
{
	uint64_t word;

	memcpy(&word, at, sizeof(word));
	return (((word - EACH_BYTE(0x20)) | (word + EACH_BYTE(1)) | word) & EACH_BYTE(0x80)) == 0 ? STEP : 0;
}
#endif

size_t
grammar_text_run(struct slice s)
{
	size_t at = 0;

	while (s.len - at >= STEP) {
		size_t n = plain_bytes(s.ptr + at);

		at += n;
		if (n < STEP)
			break;
	}
	while (at < s.len && is_class(s.ptr[at], TEXT))
		at++;
	return at;
}

static bool
is_all(struct slice s, unsigned wanted)
{
	for (size_t i = 0; i < s.len; i++) {
		if (!is_class(s.ptr[i], wanted))
			return false;
	}
	return s.len > 0;
}

bool
grammar_is_token(struct slice s)
{
	return is_all(s, TCHAR);
}

static bool
is_path_or_query(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (!is_class(s.ptr[i], TARGET))
			return false;
		if (s.ptr[i] != '%')
			continue;
		if (s.len - i < 3 || enc_hex_value(s.ptr[i + 1]) < 0 || enc_hex_value(s.ptr[i + 2]) < 0)
			return false;
	}
	return true;
}

bool
grammar_is_target(struct slice s)
{
	return s.len > 0 && s.ptr[0] == '/' && is_path_or_query(s);
}

static bool
is_bracketed_ip(struct slice s)
{
	if (s.len < 4 || s.ptr[0] != '[' || s.ptr[s.len - 1] != ']')
		return false;
	for (size_t i = 1; i < s.len - 1; i++) {
		if (enc_hex_value(s.ptr[i]) < 0 && s.ptr[i] != ':' && s.ptr[i] != '.')
			return false;
	}
	return true;
}

bool
grammar_is_host(struct slice s)
{
	size_t colon = s.len;
	struct slice name;
	uint64_t port;

	while (colon > 0 && is_class(s.ptr[colon - 1], DIGIT))
		colon--;
	if (colon > 0 && s.ptr[colon - 1] == ':') {
		if (slice_to_u64(slice_sub(s, colon, s.len - colon), 65535, &port) < 0)
			return false;
		name = slice_of(s.ptr, colon - 1);
	} else {
		name = s;
	}
	return is_all(name, NAME) || is_bracketed_ip(name);
}

bool
grammar_split_absolute(struct slice s, struct slice *authority_r, struct slice *rest_r)
{
	static const struct slice schemes[] = {SLICE_LIT("http://"), SLICE_LIT("https://")};
	struct slice after = SLICE_NONE;
	size_t end = 0;

	for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
		if (slice_eq_nocase(slice_sub(s, 0, schemes[i].len), schemes[i]))
			after = slice_sub(s, schemes[i].len, s.len);
	}
	while (end < after.len && after.ptr[end] != '/' && after.ptr[end] != '?')
		end++;
	*authority_r = slice_sub(after, 0, end);
	*rest_r = slice_sub(after, end, after.len);
	return grammar_is_host(*authority_r) && is_path_or_query(*rest_r);
}
