/*
 * test_ini.c - the INI reader on good and hostile text
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "config/ini.h"

/* All items as text: [section] or [section|name], key=value, or !LINE text of the refusal. */
static const char *
trace(struct slice text, struct buf *out)
{
	struct ini_reader reader;
	struct ini_item item;
	struct err err;

	buf_clear(out);
	ini_init(&reader, text);
	for (;;) {
		if (ini_next(&reader, &item, &err) < 0) {
			assert_int_equal(err.code, ERR_INVALID);
			(void)buf_printf(out, "!%u %s", item.line, err.text);
			return buf_cstr(out);
		}
		if (item.kind == INI_END)
			return buf_cstr(out);
		if (item.kind == INI_SETTING)
			(void)buf_printf(out, "%u %.*s=%.*s\n", item.line, SLICE_FMT(item.key), SLICE_FMT(item.value));
		else if (item.name.ptr == NULL)
			(void)buf_printf(out, "%u [%.*s]\n", item.line, SLICE_FMT(item.section));
		else
			(void)buf_printf(out, "%u [%.*s|%.*s]\n", item.line, SLICE_FMT(item.section),
					 SLICE_FMT(item.name));
	}
}

static void
test_good(void **state)
{
	static const struct {
		const char *text;
		const char *items;
	} cases[] = {
	    {"", ""},
	    {"\n\n", ""},
	    {"# a\n; b\n  # c\n", ""},
	    {"[a]", "1 [a]\n"},
	    {"[a]\nk=v", "1 [a]\n2 k=v\n"},
	    {"[a]\r\nk = v\r\n", "1 [a]\n2 k=v\n"},
	    {"  [a]  \n\tk\t=\tv w \n", "1 [a]\n2 k=v w\n"},
	    {"[a]\nk=\n", "1 [a]\n2 k=\n"},
	    {"[a]\nk=a=b#c;d\n", "1 [a]\n2 k=a=b#c;d\n"},
	    {"[a]\nk=\"q\"\n", "1 [a]\n2 k=\"q\"\n"},
	    {"[a]\nk=\xc3\xa4\n", "1 [a]\n2 k=\xc3\xa4\n"},
	    {"[store \"Main.1_a@b-c\"]\n", "1 [store|Main.1_a@b-c]\n"},
	    {"[store   \"x\"]\n\n[store\t\"y\"]", "1 [store|x]\n3 [store|y]\n"},
	    {"[a]\n[b]\nkey_2=1", "1 [a]\n2 [b]\n3 key_2=1\n"},
	};
	struct buf out;
	size_t i;

	(void)state;
	buf_init(&out, 65536);
	for (i = 0; i < ARRAY_LEN(cases); i++)
		assert_string_equal(trace(slice_from_str(cases[i].text), &out), cases[i].items);
	buf_fini(&out);
}

static void
test_hostile(void **state)
{
	static const struct {
		struct slice text;
		unsigned line;
		const char *word; /* of the refusal */
	} cases[] = {
	    {SLICE_LIT("k=v"), 1, "before the first section"},
	    {SLICE_LIT("[a]\nk"), 2, "key = value"},
	    {SLICE_LIT("[a]\n=v"), 2, "no key"},
	    {SLICE_LIT("[a]\nK=v"), 2, "no key"},
	    {SLICE_LIT("[a]\nk k=v"), 2, "no key"},
	    {SLICE_LIT("[a]\n1k=v"), 2, "no key"},
	    {SLICE_LIT("[a]\nk-k=v"), 2, "no key"},
	    {SLICE_LIT("[a]\n\xc3\xa4=v"), 2, "no key"},
	    {SLICE_LIT("[a"), 1, "closing bracket"},
	    {SLICE_LIT("["), 1, "closing bracket"},
	    {SLICE_LIT("[]"), 1, "no section"},
	    {SLICE_LIT("[A]"), 1, "no section"},
	    {SLICE_LIT("[a b]"), 1, "no section"},
	    {SLICE_LIT("[a] # c"), 1, "closing bracket"},
	    {SLICE_LIT("[a \"\"]"), 1, "name has a form"},
	    {SLICE_LIT("[a \"b]"), 1, "well quoted"},
	    {SLICE_LIT("[a \"]"), 1, "well quoted"},
	    {SLICE_LIT("[a\"b\"]"), 1, "well quoted"},
	    {SLICE_LIT("[a \"b\"c\"]"), 1, "name has a form"},
	    {SLICE_LIT("[a \"b c\"]"), 1, "name has a form"},
	    {SLICE_LIT("[a \".b\"]"), 1, "name has a form"},
	    {SLICE_LIT("[a \"\xc3\xa4\"]"), 1, "name has a form"},
	    {SLICE_LIT("[a]\n\n#x\nk=a\0b"), 4, "NUL"},
	    {SLICE_LIT("[a]\nk=a\x01"), 2, "control character"},
	    {SLICE_LIT("[a]\nk=a\x7f"), 2, "control character"},
	    {SLICE_LIT("[a]\nk=a\rb\n"), 2, "control character"},
	    {SLICE_LIT("[a]\rk=b"), 1, "control character"},
	    {SLICE_LIT("# \x1b[2J\n"), 1, "control character"},
	    {SLICE_LIT("[a]\nk=\xff"), 2, "UTF-8"},
	    {SLICE_LIT("[a]\nk=\xc0\x80"), 2, "UTF-8"},
	    {SLICE_LIT("[a]\nk=\xed\xa0\x80"), 2, "UTF-8"},
	    {SLICE_LIT("\xef\xbb\xbf[a]\n"), 1, "byte order mark"},
	};
	struct ini_reader reader;
	struct ini_item item;
	struct err err;
	size_t i;
	int r;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		ini_init(&reader, cases[i].text);
		do {
			r = ini_next(&reader, &item, &err);
		} while (r == 0 && item.kind != INI_END);
		assert_int_equal(r, ERR_INVALID);
		assert_int_equal(item.line, cases[i].line);
		if (strstr(err.text, cases[i].word) == NULL)
			fail_msg("case %zu: %s", i, err.text);
	}
}

/* The bound counts the line without its end. */
static void
test_line_bound(void **state)
{
	struct buf text, out;
	size_t i;

	(void)state;
	buf_init(&text, 65536);
	buf_init(&out, 65536);
	(void)buf_put_str(&text, "[a]\nk=");
	for (i = 2; i < INI_LINE_MAX; i++)
		(void)buf_put_char(&text, 'x');
	(void)buf_put_str(&text, "\r\n");
	assert_null(strchr(trace(buf_slice(&text), &out), '!'));

	buf_truncate(&text, text.len - 2);
	(void)buf_put_str(&text, "x\n");
	assert_non_null(strstr(trace(buf_slice(&text), &out), "!2 the line is longer than 8192 bytes"));
	buf_fini(&text);
	buf_fini(&out);
}

/* A line that cannot be read may hold a secret. */
static void
test_refusals_repeat_nothing(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 65536);
	assert_null(strstr(trace(SLICE_LIT("[a]\nhunter2"), &out), "hunter2"));
	assert_null(strstr(trace(SLICE_LIT("[hunter2 "), &out), "hunter2"));
	assert_null(strstr(trace(SLICE_LIT("[a]\nHunter2 = x"), &out), "unter2"));
	buf_fini(&out);
}

static void
test_names(void **state)
{
	char name[66];

	(void)state;
	memset(name, 'a', sizeof(name));
	assert_true(ini_is_name(slice_of(name, 64)));
	assert_false(ini_is_name(slice_of(name, 65)));
	assert_false(ini_is_name(SLICE_NONE));
	assert_false(ini_is_name(SLICE_LIT("a\0b")));
	assert_false(ini_is_name(SLICE_LIT("-a")));
	assert_true(ini_is_name(SLICE_LIT("9-a")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_good),       cmocka_unit_test(test_hostile),
	    cmocka_unit_test(test_line_bound), cmocka_unit_test(test_refusals_repeat_nothing),
	    cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
