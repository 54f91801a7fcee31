#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "action/seo/redirect_start.h"

#define BASE "https://api.shop.example"

static json_t *configs;
static struct pool *pool;

static int
set_up(void **state)
{
	(void)state;
	pool = pool_new(1024 * 1024);
	configs =
	    json_pack("[{s:s, s:s, s:s}, {s:s, s:s, s:s}, {s:s, s:s}, {s:s, s:s}]", "code", "default", "base_url",
		      "http://shop.example/", "secure_base_url", "https://shop.example/", "code", "second", "base_url",
		      "http://shop.example/", "secure_base_url", "https://shop.example/", "code", "de", "base_link_url",
		      "https://shop.example/de/", "code", "eu", "base_url", "https://eu.example:8443/");
	return pool != NULL && configs != NULL ? 0 : -1;
}

static int
tear_down(void **state)
{
	(void)state;
	json_decref(configs);
	pool_free(&pool);
	return 0;
}

static void
check(const char *address, const char *path, const char *view)
{
	const char *found_view = "untouched";
	const char *found = redirect_start_path(pool, address, configs, BASE, &found_view);

	if (path == NULL) {
		assert_null(found);
		return;
	}
	assert_non_null(found);
	assert_string_equal(found, path);
	if (view == NULL)
		assert_null(found_view);
	else
		assert_string_equal(found_view, view);
}

static void
test_paths(void **state)
{
	(void)state;
	check("a.html", "a.html", NULL);
	check("/a/b.html?x=1#y", "a/b.html", NULL);
	check("//a.html", "a.html", NULL);
	check("/", "/", NULL);
	check("?x", "/", NULL);
}

static void
test_urls_of_the_shop(void **state)
{
	(void)state;
	check("https://shop.example/a.html", "a.html", "default");
	check("HTTP://SHOP.example/a.html?b=c", "a.html", "default");
	check("https://shop.example", "/", "default");
	check("https://shop.example/de/a.html", "a.html", "de");
	check("https://shop.example/define.html", "define.html", "default");
	check("https://eu.example:8443/a.html", "a.html", "eu");
	check("https://api.shop.example/a.html", "a.html", NULL);
}

static void
test_urls_of_others(void **state)
{
	(void)state;
	check("https://evil.example/a.html", NULL, NULL);
	check("https://eu.example/a.html", NULL, NULL);
	check("https://shop.example.evil.example/a.html", NULL, NULL);
	check("https://shop.example@evil.example/a.html", NULL, NULL);
	check("https://", NULL, NULL);
}

static void
test_without_the_list(void **state)
{
	const char *view;

	(void)state;
	assert_string_equal(redirect_start_path(pool, BASE "/x.html", NULL, BASE, &view), "x.html");
	assert_null(redirect_start_path(pool, "https://shop.example/x.html", NULL, BASE, &view));
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    TEST(test_paths),
	    TEST(test_urls_of_the_shop),
	    TEST(test_urls_of_others),
	    TEST(test_without_the_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
