/*
 * test_slice.c - comparing, cutting, numbers, UTF-8
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/slice.h"

static void
test_equality(void **test_state)
{
	(void)test_state;
	assert_true(slice_is(SLICE_LIT("abc"), "abc"));
	assert_false(slice_is(SLICE_LIT("abc"), "abcd"));
	assert_false(slice_is(SLICE_LIT("abcd"), "abc"));
	assert_true(slice_is(SLICE_NONE, ""));
	assert_true(slice_eq(SLICE_NONE, SLICE_LIT("")));
	assert_true(slice_eq(slice_from_str(NULL), SLICE_NONE));
	assert_null(slice_from_str(NULL).ptr);
	assert_true(slice_eq(SLICE_LIT("a\0b"), SLICE_LIT("a\0b")));
	assert_false(slice_eq(SLICE_LIT("a\0b"), SLICE_LIT("a\0c")));
	assert_false(slice_eq_nocase(SLICE_LIT("a\0b"), SLICE_LIT("a\0c")));
	assert_true(slice_is_nocase(SLICE_LIT("Content-TYPE"), "content-type"));
	assert_false(slice_is_nocase(SLICE_LIT("content"), "content-"));
	assert_false(slice_is_nocase(SLICE_LIT("[\x40"), "{\x60")); /* 0x20 apart, but not letters */
	assert_false(slice_is_nocase(SLICE_LIT("\xC4"), "\xE4"));
}

static void
test_prefix_find_sub(void **test_state)
{
	(void)test_state;
	assert_true(slice_has_prefix(SLICE_LIT("Bearer x"), "Bearer "));
	assert_false(slice_has_prefix(SLICE_LIT("Bear"), "Bearer"));
	assert_true(slice_has_prefix(SLICE_NONE, ""));
	assert_int_equal(slice_find(SLICE_LIT("a=b=c"), '='), 1);
	assert_int_equal(slice_find(SLICE_LIT("abc"), '='), -1);
	assert_int_equal(slice_find(SLICE_LIT("a\xFF"), '\xFF'), 1);
	assert_int_equal(slice_find(SLICE_NONE, 'a'), -1);
	assert_true(slice_is(slice_sub(SLICE_LIT("abcdef"), 2, 3), "cde"));
	assert_true(slice_is(slice_sub(SLICE_LIT("abcdef"), 4, SIZE_MAX), "ef"));
	assert_true(slice_is(slice_sub(SLICE_LIT("abcdef"), 6, 1), ""));
	assert_true(slice_is(slice_sub(SLICE_LIT("abcdef"), SIZE_MAX, SIZE_MAX), ""));
	assert_null(slice_sub(SLICE_NONE, 3, 3).ptr);
}

static void
test_trim(void **test_state)
{
	(void)test_state;
	assert_true(slice_is(slice_trim(SLICE_LIT(" \t a b \t")), "a b"));
	assert_true(slice_is(slice_trim(SLICE_LIT(" \t ")), ""));
	assert_true(slice_is(slice_trim(SLICE_LIT("\r\na\n")), "\r\na\n"));
	assert_true(slice_is(slice_trim(SLICE_NONE), ""));
}

static void
assert_parts(struct slice text, const char *expected)
{
	char joined[128] = "";
	struct slice part;

	while (slice_next(&text, ',', &part)) {
		size_t len = strlen(joined);

		snprintf(joined + len, sizeof(joined) - len, "[%.*s]", SLICE_FMT(part));
	}
	assert_string_equal(joined, expected);
	assert_false(slice_next(&text, ',', &part));
}

static void
test_next(void **test_state)
{
	(void)test_state;
	assert_parts(SLICE_LIT("a,b,c"), "[a][b][c]");
	assert_parts(SLICE_LIT("a"), "[a]");
	assert_parts(SLICE_LIT("a,,b,"), "[a][][b][]");
	assert_parts(SLICE_LIT(","), "[][]");
	assert_parts(SLICE_LIT(""), "[]");
	assert_parts(SLICE_NONE, "");
}

static void
test_to_u64(void **test_state)
{
	static const char *const invalid[] = {
	    "", " 1", "1 ", "+1", "-1", "0x1", "1.0", "1e3", "a", "1\xB2", "99999999999999999999x"};
	static const struct {
		const char *text;
		uint64_t max;
		int r;
		uint64_t value;
	} cases[] = {
	    {"0", 0, 0, 0},
	    {"1", 0, ERR_LIMIT, 0},
	    {"007", 10, 0, 7},
	    {"100", 100, 0, 100},
	    {"101", 100, ERR_LIMIT, 0},
	    {"18446744073709551615", UINT64_MAX, 0, UINT64_MAX},
	    {"18446744073709551614", UINT64_MAX, 0, UINT64_MAX - 1},
	    {"18446744073709551616", UINT64_MAX, ERR_LIMIT, 0},
	    {"18446744073709551620", UINT64_MAX, ERR_LIMIT, 0},
	    {"184467440737095516150", UINT64_MAX, ERR_LIMIT, 0},
	    {"99999999999999999999999999999999", UINT64_MAX, ERR_LIMIT, 0},
	    {"0000000000000000000000000000000000000001", UINT64_MAX, 0, 1},
	};
	uint64_t value;

	(void)test_state;
	for (size_t i = 0; i < ARRAY_LEN(invalid); i++) {
		int r = slice_to_u64(slice_from_str(invalid[i]), UINT64_MAX, &value);

		assert_int_equal(r, ERR_INVALID);
	}
	assert_int_equal(slice_to_u64(SLICE_NONE, 1, &value), ERR_INVALID);
	assert_int_equal(slice_to_u64(SLICE_LIT("1\0"), 10, &value), ERR_INVALID);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		value = 0;
		assert_int_equal(slice_to_u64(slice_from_str(cases[i].text), cases[i].max, &value), cases[i].r);
		assert_true(value == cases[i].value);
	}
}

static void
test_to_str(void **test_state)
{
	char dst[4] = "xxx";

	(void)test_state;
	assert_int_equal(slice_to_str(SLICE_LIT("abc"), dst, sizeof(dst)), 0);
	assert_string_equal(dst, "abc");
	assert_int_equal(slice_to_str(SLICE_LIT("abcd"), dst, sizeof(dst)), ERR_LIMIT);
	assert_string_equal(dst, "");
	assert_int_equal(slice_to_str(SLICE_LIT("a\0b"), dst, sizeof(dst)), ERR_INVALID);
	assert_string_equal(dst, "");
	assert_int_equal(slice_to_str(SLICE_NONE, dst, 1), 0);
	assert_int_equal(slice_to_str(SLICE_LIT(""), dst, 0), ERR_LIMIT);
}

/* ---- UTF-8 ------------------------------------------------------------------------------------------------------- */

static void
test_utf8_table(void **test_state)
{
	static const struct slice good[] = {
	    {"", 0},
	    {"\0", 1},
	    {"plain ascii, longer than a word", 31},
	    {"\x7F", 1},
	    {"\xC2\x80", 2},
	    {"\xDF\xBF", 2},
	    {"\xE0\xA0\x80", 3},
	    {"\xED\x9F\xBF", 3},
	    {"\xEE\x80\x80", 3},
	    {"\xEF\xBF\xBF", 3},
	    {"\xF0\x90\x80\x80", 4},
	    {"\xF4\x8F\xBF\xBF", 4},
	    {"1234567\xC3\xA4", 9},
	};
	static const struct slice bad[] = {
	    {"\x80", 1}, /* a continuation alone */
	    {"\xBF", 1},
	    {"\xC0\x80", 2}, /* overlong forms */
	    {"\xC1\xBF", 2},
	    {"\xE0\x80\x80", 3},
	    {"\xE0\x9F\xBF", 3},
	    {"\xF0\x80\x80\x80", 4},
	    {"\xF0\x8F\xBF\xBF", 4},
	    {"\xED\xA0\x80", 3}, /* surrogates D800, DFFF */
	    {"\xED\xBF\xBF", 3},
	    {"\xF4\x90\x80\x80", 4}, /* 110000 */
	    {"\xF5\x80\x80\x80", 4},
	    {"\xFE", 1},
	    {"\xFF", 1},
	    {"\xC2", 1}, /* cut short */
	    {"\xE2\x82", 2},
	    {"\xF0\x9F\x98", 3},
	    {"\xC2\x41", 2}, /* no continuation where one must be */
	    {"\xC2\xC2\x80", 3},
	    {"\xE2\x41\x80", 3},
	    {"\xE2\x82\x41", 3},
	    {"\xF0\x9F\x98\xC0", 4},
	    {"12345678\xFF", 9},
	    {"123456789abcde\x80", 15},
	};

	(void)test_state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		assert_true(slice_is_utf8(good[i]));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(slice_is_utf8(bad[i]));
	assert_true(slice_is_utf8(SLICE_NONE));
}

static size_t
encode(uint32_t point, char out_r[static 4])
{
	if (point < 0x80) {
		out_r[0] = (char)point;
		return 1;
	}
	if (point < 0x800) {
		out_r[0] = (char)(0xC0 | point >> 6);
		out_r[1] = (char)(0x80 | (point & 0x3F));
		return 2;
	}
	if (point < 0x10000) {
		out_r[0] = (char)(0xE0 | point >> 12);
		out_r[1] = (char)(0x80 | (point >> 6 & 0x3F));
		out_r[2] = (char)(0x80 | (point & 0x3F));
		return 3;
	}
	out_r[0] = (char)(0xF0 | point >> 18);
	out_r[1] = (char)(0x80 | (point >> 12 & 0x3F));
	out_r[2] = (char)(0x80 | (point >> 6 & 0x3F));
	out_r[3] = (char)(0x80 | (point & 0x3F));
	return 4;
}

/* All that the encoding rule can write up to 1FFFFF: exactly the Unicode scalar values are accepted. */
static void
test_utf8_every_code_point(void **test_state)
{
	(void)test_state;
	for (uint32_t point = 0; point <= 0x1FFFFF; point++) {
		char text[4];
		size_t len = encode(point, text);
		bool valid = point <= 0x10FFFF && (point < 0xD800 || point > 0xDFFF);

		if (slice_utf8_len(slice_of(text, len)) != (valid ? len : 0))
			fail_msg("U+%04X", (unsigned)point);
		if (slice_utf8_len(slice_of(text, len - 1)) != 0)
			fail_msg("U+%04X cut short", (unsigned)point);
	}
}

/* Of all two-byte strings exactly these are well formed: two ASCII characters, or C2..DF and a continuation. */
static void
test_utf8_every_pair(void **test_state)
{
	int count = 0;

	(void)test_state;
	for (int pair = 0; pair < 65536; pair++) {
		char text[2] = {(char)(pair >> 8), (char)pair};

		count += slice_is_utf8(slice_of(text, 2));
	}
	assert_int_equal(count, 128 * 128 + 30 * 64);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_equality),
	    cmocka_unit_test(test_prefix_find_sub),
	    cmocka_unit_test(test_trim),
	    cmocka_unit_test(test_next),
	    cmocka_unit_test(test_to_u64),
	    cmocka_unit_test(test_to_str),
	    cmocka_unit_test(test_utf8_table),
	    cmocka_unit_test(test_utf8_every_code_point),
	    cmocka_unit_test(test_utf8_every_pair),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
