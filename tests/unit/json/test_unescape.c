/*
 * test_unescape.c - what strings stand for, and names compared in any spelling
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "json/scan.h"

#define S(literal)                                                                                                     \
	{                                                                                                              \
		literal, sizeof(literal) - 1                                                                           \
	}

static void
strings_are_unescaped(void **state)
{
	static const struct {
		struct slice raw, text;
	} cases[] = {
	    {S(""), S("")},
	    {S("plain"), S("plain")},
	    {S("\\\"\\\\\\/\\b\\f\\n\\r\\t"), S("\"\\/\b\f\n\r\t")},
	    {S("tools\\/list"), S("tools/list")},
	    {S("\\u0041\\u00e9\\u20AC"), S("A\xC3\xA9\xE2\x82\xAC")},
	    {S("x\\ud83d\\uDE00y"), S("x\xF0\x9F\x98\x80y")},
	    {S("\\uDBFF\\uDFFF"), S("\xF4\x8F\xBF\xBF")},
	    {S("a\\u0000b"), S("a\0b")},
	    {S("\xC3\xA9\\n"), S("\xC3\xA9\n")},
	    {S("\\u007f\\u0080\\u07FF\\u0800"), S("\x7F\xC2\x80\xDF\xBF\xE0\xA0\x80")},
	};
	struct buf out;

	(void)state;
	buf_init(&out, 256);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		buf_clear(&out);
		(void)buf_put_str(&out, ">");
		assert_int_equal(json_scan_unescape(cases[i].raw, &out), 0);
		assert_true(slice_eq(slice_sub(buf_slice(&out), 1, 256), cases[i].text));
	}
	buf_fini(&out);
}

static void
bad_escapes_leave_the_buffer_alone(void **state)
{
	static const char *const cases[] = {
	    "a\\",	"\\x",	   "\\u",	    "\\u12", "\\u12g4", "\\ud800", "\\ud800\\u0041",
	    "\\ud800x", "\\udc00", "ok\\ud800\\ud8"};
	struct buf out;

	(void)state;
	buf_init(&out, 256);
	(void)buf_put_str(&out, "before");
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(json_scan_unescape(slice_from_str(cases[i]), &out), ERR_INVALID);
		assert_string_equal(buf_cstr(&out), "before");
	}
	assert_int_equal(json_scan_unescape(slice_of("\\\0", 2), &out), ERR_INVALID);
	buf_fini(&out);
}

static void
the_buffer_has_the_last_word(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 3);
	assert_int_equal(json_scan_unescape(SLICE_LIT("a\\u0062cd"), &out), ERR_LIMIT);
	assert_int_equal(out.len, 0);
	buf_fini(&out);
}

static void
keys_are_compared_unescaped(void **state)
{
	(void)state;
	assert_true(json_scan_key_is(SLICE_LIT("method"), "method"));
	assert_true(json_scan_key_is(SLICE_LIT("\\u006dethod"), "method"));
	assert_true(json_scan_key_is(SLICE_LIT("m\\u0065thod"), "method"));
	assert_true(json_scan_key_is(SLICE_LIT("a\\/b"), "a/b"));
	assert_true(json_scan_key_is(SLICE_LIT(""), ""));
	assert_false(json_scan_key_is(SLICE_LIT("metho"), "method"));
	assert_false(json_scan_key_is(SLICE_LIT("methods"), "method"));
	assert_false(json_scan_key_is(SLICE_LIT("Method"), "method"));
	assert_false(json_scan_key_is(SLICE_LIT("method\\u0000"), "method"));
	assert_false(json_scan_key_is(SLICE_LIT("method\\"), "method"));
	assert_false(json_scan_key_is(SLICE_LIT(""), "method"));
	assert_false(json_scan_key_is(SLICE_LIT("method"), ""));
}

static void
two_keys_are_compared(void **state)
{
	(void)state;
	assert_true(json_scan_keys_equal(SLICE_LIT("abc"), SLICE_LIT("abc")));
	assert_true(json_scan_keys_equal(SLICE_LIT("abc"), SLICE_LIT("\\u0061b\\u0063")));
	assert_true(json_scan_keys_equal(SLICE_LIT("\\u0061bc"), SLICE_LIT("a\\u0062c")));
	assert_true(json_scan_keys_equal(SLICE_LIT("\\ud83d\\ude00x"), SLICE_LIT("\xF0\x9F\x98\x80x")));
	assert_true(json_scan_keys_equal(SLICE_LIT(""), SLICE_LIT("")));
	assert_false(json_scan_keys_equal(SLICE_LIT(""), SLICE_LIT("a")));
	assert_false(json_scan_keys_equal(SLICE_LIT("abc"), SLICE_LIT("abcd")));
	assert_false(json_scan_keys_equal(SLICE_LIT("\\u0061bc"), SLICE_LIT("abd")));
}

static void
quotes_come_off(void **state)
{
	(void)state;
	assert_true(slice_is(json_scan_unquote(SLICE_LIT("\"a\"")), "a"));
	assert_int_equal(json_scan_unquote(SLICE_LIT("\"\"")).len, 0);
	assert_int_equal(json_scan_unquote(SLICE_NONE).len, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(strings_are_unescaped),	    cmocka_unit_test(bad_escapes_leave_the_buffer_alone),
	    cmocka_unit_test(the_buffer_has_the_last_word), cmocka_unit_test(keys_are_compared_unescaped),
	    cmocka_unit_test(two_keys_are_compared),	    cmocka_unit_test(quotes_come_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
