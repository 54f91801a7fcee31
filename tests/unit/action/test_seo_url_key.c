#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "action/seo/seo_url_key.h"

static enum seo_url_key_verdict
transform(const char *old_key, json_t *rule, char *new_r)
{
	enum seo_url_key_verdict verdict = seo_url_key_transform(old_key, rule, new_r);

	json_decref(rule);
	return verdict;
}

static void
check(const char *old_key, json_t *rule, const char *expected)
{
	char key[SEO_URL_KEY_CAP];

	assert_int_equal(transform(old_key, rule, key), SEO_URL_KEY_OK);
	assert_string_equal(key, expected);
}

static void
test_prefix_and_suffix(void **state)
{
	(void)state;
	check("blue-widget", json_pack("{s:s}", "prefix", "new-"), "new-blue-widget");
	check("blue-widget", json_pack("{s:s}", "suffix", "-2026"), "blue-widget-2026");
	check("blue-widget", json_pack("{s:s, s:s}", "prefix", "a-", "suffix", "-z"), "a-blue-widget-z");
}

static void
test_replace_comes_last(void **state)
{
	(void)state;
	check("p-1", json_pack("{s:s, s:{s:s, s:s}}", "prefix", "p-", "replace", "search", "p-p", "replacement", "q"),
	      "q-1");
}

static void
test_every_occurrence_or_the_first(void **state)
{
	(void)state;
	check("a-b-a-b-a", json_pack("{s:{s:s, s:s}}", "replace", "search", "a", "replacement", "x"), "x-b-x-b-x");
	check("a-b-a-b-a", json_pack("{s:{s:s, s:s, s:b}}", "replace", "search", "a", "replacement", "x", "all", 0),
	      "x-b-a-b-a");
	/* What was put in is not looked at again. */
	check("aa", json_pack("{s:{s:s, s:s}}", "replace", "search", "a", "replacement", "aa"), "aaaa");
}

static void
test_search_is_no_pattern(void **state)
{
	(void)state;
	check("abc", json_pack("{s:{s:s, s:s}}", "replace", "search", ".*", "replacement", "x"), "abc");
}

static void
test_hyphens_are_tidied(void **state)
{
	(void)state;
	check("a-b", json_pack("{s:s}", "prefix", "--x--"), "x-a-b");
	check("a-old-b", json_pack("{s:{s:s, s:s}}", "replace", "search", "old", "replacement", ""), "a-b");
	check("old-b", json_pack("{s:{s:s, s:s}}", "replace", "search", "old", "replacement", ""), "b");
	check("b-old", json_pack("{s:{s:s, s:s}}", "replace", "search", "old", "replacement", ""), "b");
}

static void
test_what_cannot_be_a_key(void **state)
{
	char key[SEO_URL_KEY_CAP], deep[300];

	(void)state;
	assert_int_equal(
	    transform("old", json_pack("{s:{s:s, s:s}}", "replace", "search", "old", "replacement", "-"), key),
	    SEO_URL_KEY_EMPTY);
	assert_string_equal(key, "");
	assert_int_equal(transform("Caf\xc3\xa9", json_pack("{s:s}", "prefix", "a"), key), SEO_URL_KEY_ODD);
	assert_int_equal(transform("a.html", json_pack("{s:s}", "prefix", "a"), key), SEO_URL_KEY_ODD);
	memset(deep, 'a', sizeof(deep));
	deep[255] = '\0';
	assert_int_equal(
	    transform(deep, json_pack("{s:{s:s, s:s}}", "replace", "search", "b", "replacement", "c"), key),
	    SEO_URL_KEY_OK);
	assert_int_equal(strlen(key), 255);
	assert_int_equal(transform(deep, json_pack("{s:s}", "prefix", "x"), key), SEO_URL_KEY_TOO_LONG);
	assert_int_equal(transform(deep,
				   json_pack("{s:{s:s, s:s}}", "replace", "search", "a", "replacement",
					     "0123456789012345678901234567890123456789012345678901234567890123"),
				   key),
			 SEO_URL_KEY_TOO_LONG);
}

static void
test_already_there(void **state)
{
	json_t *rule = json_pack("{s:s, s:s}", "prefix", "new-", "suffix", "-x");

	(void)state;
	assert_true(seo_url_key_has("new-a", rule));
	assert_true(seo_url_key_has("a-x", rule));
	assert_false(seo_url_key_has("a-new-", rule));
	assert_false(seo_url_key_has("x", rule));
	json_decref(rule);
}

static void
test_every_refusal_has_a_reason(void **state)
{
	(void)state;
	for (int v = SEO_URL_KEY_EMPTY; v <= SEO_URL_KEY_ODD; v++)
		assert_true(strlen(seo_url_key_reason((enum seo_url_key_verdict)v)) > 10);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_prefix_and_suffix),
	    cmocka_unit_test(test_replace_comes_last),
	    cmocka_unit_test(test_every_occurrence_or_the_first),
	    cmocka_unit_test(test_search_is_no_pattern),
	    cmocka_unit_test(test_hyphens_are_tidied),
	    cmocka_unit_test(test_what_cannot_be_a_key),
	    cmocka_unit_test(test_already_there),
	    cmocka_unit_test(test_every_refusal_has_a_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
