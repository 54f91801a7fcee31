/*
 * test_url.c - base URLs: normal form, refusals, covering
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include "config/url.h"

static void
test_normal_form(void **state)
{
	static const struct {
		const char *url;
		const char *normal;
	} cases[] = {
	    {"https://shop.example.com", "https://shop.example.com"},
	    {"HTTPS://Shop.Example.COM/", "https://shop.example.com"},
	    {"https://a:443/", "https://a"},
	    {"http://a:80", "http://a"},
	    {"http://a:443", "http://a:443"},
	    {"https://a:80///", "https://a:80"},
	    {"https://a:08443", "https://a:8443"},
	    {"https://a/Sub/Path/", "https://a/Sub/Path"},
	    {"https://a/x%20y~-._!$&'()*+,;=", "https://a/x%20y~-._!$&'()*+,;="},
	    {"http://127.0.0.1:8080/m2", "http://127.0.0.1:8080/m2"},
	    {"http://[::1]:8080/", "http://[::1]:8080"},
	    {"http://[2001:DB8::1]", "http://[2001:db8::1]"},
	    {"https://xn--bcher-kva.example", "https://xn--bcher-kva.example"},
	};
	char normal[CONFIG_URL_MAX + 1], again[CONFIG_URL_MAX + 1];
	struct err err;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(config_url_normalise(slice_from_str(cases[i].url), normal, &err), 0);
		assert_string_equal(normal, cases[i].normal);
		assert_int_equal(config_url_normalise(slice_from_str(normal), again, &err), 0);
		assert_string_equal(again, normal);
	}
}

static void
test_refusals(void **state)
{
	static const struct slice cases[] = {
	    SLICE_LIT(""),
	    SLICE_LIT("a"),
	    SLICE_LIT("//a"),
	    SLICE_LIT("ftp://a"),
	    SLICE_LIT("file:///etc/passwd"),
	    SLICE_LIT("http:/a"),
	    SLICE_LIT("http://"),
	    SLICE_LIT("https:///x"),
	    SLICE_LIT("https://:80"),
	    SLICE_LIT("https://u@a"),
	    SLICE_LIT("https://u:hunter2@a"),
	    SLICE_LIT("https://a@b@c"),
	    SLICE_LIT("https://a?x=1"),
	    SLICE_LIT("https://a#x"),
	    SLICE_LIT("https://a/?"),
	    SLICE_LIT("https://a b"),
	    SLICE_LIT(" https://a"),
	    SLICE_LIT("https://a\\b"),
	    SLICE_LIT("https://a\n"),
	    SLICE_LIT("https://a\0b"),
	    SLICE_LIT("https://b\xc3\xbc"
		      "cher.example"),
	    SLICE_LIT("https://a:"),
	    SLICE_LIT("https://a:0"),
	    SLICE_LIT("https://a:65536"),
	    SLICE_LIT("https://a:x"),
	    SLICE_LIT("https://a:-1"),
	    SLICE_LIT("https://.a"),
	    SLICE_LIT("https://a,b"),
	    SLICE_LIT("https://a%2eb"),
	    SLICE_LIT("https://a/../b"),
	    SLICE_LIT("https://a/./b"),
	    SLICE_LIT("https://a//b"),
	    SLICE_LIT("https://a/b:c"),
	    SLICE_LIT("https://a/b@c"),
	    SLICE_LIT("https://[::1"),
	    SLICE_LIT("https://[]"),
	    SLICE_LIT("https://[::g]"),
	    SLICE_LIT("https://[::1]x"),
	    SLICE_LIT("https://[1.2.3.4]"),
	    SLICE_LIT("https://::1"),
	    SLICE_LIT("https://a/b\"c"),
	};
	char normal[CONFIG_URL_MAX + 1];
	struct err err;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		if (config_url_normalise(cases[i], normal, &err) != ERR_INVALID)
			fail_msg("taken: %.*s", SLICE_FMT(cases[i]));
		assert_null(strstr(err.text, "hunter2"));
	}
}

static void
test_length(void **state)
{
	char url[600], normal[CONFIG_URL_MAX + 1];
	struct err err;
	size_t len;

	(void)state;
	memset(url, 'a', sizeof(url));
	memcpy(url, "https://h/", 10);
	for (len = sizeof(url); len > 10; len--) {
		int r = config_url_normalise(slice_of(url, len), normal, &err);

		if (r == 0)
			break;
		assert_int_equal(r, ERR_LIMIT);
	}
	assert_int_equal(strlen(normal), len);
	assert_in_range(len, 490, CONFIG_URL_MAX);
}

static void
test_covers(void **state)
{
	(void)state;
	assert_true(config_url_covers("https://a", "https://a"));
	assert_true(config_url_covers("https://a", "https://a/b"));
	assert_true(config_url_covers("https://a/b", "https://a/b/c"));
	assert_false(config_url_covers("https://a", "https://a.evil.example"));
	assert_false(config_url_covers("https://a", "https://a:8443"));
	assert_false(config_url_covers("https://a/b", "https://a/bc"));
	assert_false(config_url_covers("https://a/b", "https://a"));
	assert_false(config_url_covers("https://a", "http://a"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_normal_form),
	    cmocka_unit_test(test_refusals),
	    cmocka_unit_test(test_length),
	    cmocka_unit_test(test_covers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
