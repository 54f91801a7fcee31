#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "action/cms/cms_text.h"
#include "json/get.h"

static json_t *
diff(const char *from, const char *to)
{
	json_t *a = from != NULL ? json_string(from) : json_null(), *b = to != NULL ? json_string(to) : json_null();
	json_t *result = cms_text_diff(a, b);

	assert_non_null(result);
	json_decref(a);
	json_decref(b);
	return result;
}

static void
short_texts_are_shown_whole(void **state)
{
	json_t *d = diff("old", "new");

	(void)state;
	assert_string_equal(json_get_str(d, "from", ""), "old");
	assert_string_equal(json_get_str(d, "to", ""), "new");
	assert_int_equal(json_object_size(d), 2);
	json_decref(d);

	d = diff(NULL, "new");
	assert_true(json_is_null(json_object_get(d, "from")));
	assert_string_equal(json_get_str(d, "to", ""), "new");
	json_decref(d);
}

/* 1000 x, a changed word, 1000 y: the window begins 60 characters before the difference. */
static void
long_texts_are_shown_around_the_difference(void **state)
{
	char from[2101], to[2101];
	const char *shown;
	json_t *d;

	(void)state;
	memset(from, 'x', 1000);
	memset(from + 1000, 'y', 1100);
	from[2100] = '\0';
	memcpy(to, from, sizeof(to));
	memcpy(to + 1000, "NEW", 3);
	to[2050] = '\0';
	d = diff(from, to);
	assert_int_equal(json_get_int(d, "from_length", 0), 2100);
	assert_int_equal(json_get_int(d, "to_length", 0), 2050);
	shown = json_get_str(d, "to", "");
	assert_int_equal(strlen(shown), 3 + CMS_EXCERPT_MAX + 3);
	assert_memory_equal(shown, "...xxx", 6);
	assert_memory_equal(shown + 3 + 59, "xNEWy", 5);
	assert_memory_equal(shown + 3 + CMS_EXCERPT_MAX, "...", 3);
	json_decref(d);
}

static void
one_long_side_is_enough(void **state)
{
	char to[401];
	json_t *d;

	(void)state;
	memset(to, 'a', 400);
	to[400] = '\0';
	d = diff(NULL, to);
	assert_true(json_is_null(json_object_get(d, "from")));
	assert_int_equal(json_get_int(d, "from_length", -1), 0);
	assert_int_equal(json_get_int(d, "to_length", 0), 400);
	assert_int_equal(strlen(json_get_str(d, "to", "")), CMS_EXCERPT_MAX + 3);
	json_decref(d);
}

/* Characters are counted, and none is cut: ü and ö share their first byte. */
static void
characters_stay_whole(void **state)
{
	char from[1001], to[1001];
	json_t *d;

	(void)state;
	for (int i = 0; i < 500; i++) {
		memcpy(from + i * 2, "\xc3\xbc", 2);
		memcpy(to + i * 2, i == 400 ? "\xc3\xb6" : "\xc3\xbc", 2);
	}
	from[1000] = to[1000] = '\0';
	d = diff(from, to);
	assert_int_equal(json_get_int(d, "from_length", 0), 500);
	assert_int_equal(strlen(json_get_str(d, "to", "")), 3 + 160 * 2); /* 60 before, 100 to the end */
	assert_memory_equal(json_get_str(d, "to", "") + 3 + 120, "\xc3\xb6", 2);
	json_decref(d);
}

static void
shortening(void **state)
{
	char text[500];
	json_t *whole, *part;

	(void)state;
	memset(text, 'z', sizeof(text));
	whole = json_stringn(text, sizeof(text));
	part = cms_text_short(whole);
	assert_int_equal(json_string_length(part), CMS_EXCERPT_MAX + 3);
	json_decref(part);
	json_decref(whole);
	part = cms_text_short(json_true());
	assert_true(json_is_true(part));
	json_decref(part);
}

static void
risks(void **state)
{
	static const struct {
		const char *html;
		bool script, directive, handler;
	} cases[] = {
	    {"<p>plain</p>", false, false, false},
	    {"", false, false, false},
	    {"<SCRIPT src=x>", true, false, false},
	    {"{{widget type=\"x\"}}", false, true, false},
	    {"{ {not one} }", false, false, false},
	    {"<img src=x onerror=alert(1)>", false, false, true},
	    {"<a href='x'\n ONCLICK = \"f()\">", false, false, true},
	    {"<svg/onload=f()>", false, false, true},
	    {"<a title=\"x\"onclick=f()>", false, false, true},
	    {"once on = 5, onclick=1 outside of tags", false, false, false},
	    {"1 < 2 onclick=3", false, false, false},
	    {"<p on=5>", false, false, false},
	    {"<p class=one>onclick=x</p>", false, false, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct cms_risks found = cms_text_risks(cases[i].html);

		if (found.script != cases[i].script || found.directive != cases[i].directive ||
		    found.handler != cases[i].handler)
			fail_msg("%s: %d %d %d", cases[i].html, found.script, found.directive, found.handler);
	}
}

static void
identifiers(void **state)
{
	(void)state;
	assert_true(cms_text_matches("home", "home"));
	assert_true(cms_text_matches("home", "HOME"));
	assert_false(cms_text_matches("home", "home-old"));
	assert_false(cms_text_matches("home", "my-home"));
	assert_true(cms_text_matches("home%", "home"));
	assert_true(cms_text_matches("home%", "home-old"));
	assert_true(cms_text_matches("%-old", "home-old-old"));
	assert_false(cms_text_matches("%-old", "home-older"));
	assert_true(cms_text_matches("a%b%c", "aXbYbZc"));
	assert_false(cms_text_matches("a%b%c", "aXcYb"));
	assert_false(cms_text_matches("a_c", "abc"));
	assert_true(cms_text_matches("%", ""));
	assert_false(cms_text_matches("", "a"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(short_texts_are_shown_whole),
	    cmocka_unit_test(long_texts_are_shown_around_the_difference),
	    cmocka_unit_test(one_long_side_is_enough),
	    cmocka_unit_test(characters_stay_whole),
	    cmocka_unit_test(shortening),
	    cmocka_unit_test(risks),
	    cmocka_unit_test(identifiers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
