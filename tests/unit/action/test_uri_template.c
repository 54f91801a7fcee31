/*
 * test_uri_template.c - which URIs a template knows, and what it finds in them
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "action/uri_template.h"
#include "base/err.h"
#include "json/get.h"

#define PLAN "x://plans/{id}{?from,to}"

static void
templates(void **state)
{
	static const char *const good[] = {"x://a", "x://{a}", "x://{a}/b/{c}", "x://a{?b}", "x://{a}.json", PLAN};
	static const char *const bad[] = {"",		"x://{",     "x://}",	"x://{}",    "x://{a-b}",
					  "x://{a}{b}", "x://{?a}b", "x://{?}", "x://{?a,}", "x://{?,a}",
					  "x://a?b",	"x://a#b",   "x://{+a}"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		assert_true(uri_template_is_good(good[i]));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(uri_template_is_good(bad[i]));
}

struct found {
	const char *pattern, *uri, *name, *value;
};

static void
variables_are_decoded(void **state)
{
	static const struct found rows[] = {
	    {"x://plans/{id}", "x://plans/7", "id", "7"},   {PLAN, "x://plans/7", "id", "7"},
	    {PLAN, "x://plans/7?from=100", "from", "100"},  {PLAN, "x://plans/7?to=5&from=100", "from", "100"},
	    {PLAN, "x://plans/7?from=", "from", ""},	    {PLAN, "x://plans/a%20b%C3%A4", "id", "a b\xc3\xa4"},
	    {PLAN, "x://plans/%2e%2e%2E", "id", "..."},	    {PLAN, "x://plans/7?from=a%2Fb+c", "from", "a/b+c"},
	    {PLAN, "x://plans/7?from=a=b", "from", "a=b"},  {"x://{a}/of/{b}", "x://1/of/2", "b", "2"},
	    {"x://{a}.json", "x://name.json", "a", "name"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		json_t *variables = json_object();

		assert_int_equal(uri_template_match(rows[i].pattern, slice_from_str(rows[i].uri), variables), 0);
		assert_string_equal(json_get_str(variables, rows[i].name, "(absent)"), rows[i].value);
		assert_int_equal(uri_template_match(rows[i].pattern, slice_from_str(rows[i].uri), NULL), 0);
		json_decref(variables);
	}
}

/* */
static void
strangers_are_not_taken(void **state)
{
	static const char *const uris[] = {
	    "",
	    "x://plans",
	    "x://plans/",
	    "x://plans/7/",
	    "x://plans/7/8",
	    "x://plans/.",
	    "x://plans/..",
	    "x://plans/%2e",
	    "x://plans/%2E%2e",
	    "x://plans/a%2fb",
	    "x://plans/a%5Cb",
	    "x://plans/a\\b",
	    "x://plans/%",
	    "x://plans/%1",
	    "x://plans/%zz",
	    "x://plans/%00",
	    "x://plans/%0a",
	    "x://plans/%7f",
	    "x://plans/%ff",
	    "x://plans/%C3",
	    "x://plans/7?",
	    "x://plans/7?from",
	    "x://plans/7?x=1",
	    "x://plans/7?from=1&from=2",
	    "x://plans/7?from=1&",
	    "x://plans/7?=1",
	    "x://plans/7#a",
	    "x://plans/7?from=%0A",
	    "X://plans/7",
	    "x://plans/7?fro=1",
	};
	char long_one[URI_MAX + 16] = "x://plans/";

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(uris); i++) {
		if (uri_template_match(PLAN, slice_from_str(uris[i]), NULL) != ERR_NOT_FOUND)
			fail_msg("%s", uris[i]);
	}
	memset(long_one + 10, 'a', URI_VALUE_MAX);
	assert_int_equal(uri_template_match(PLAN, slice_from_str(long_one), NULL), 0);
	memset(long_one + 10, 'a', URI_VALUE_MAX + 1);
	assert_int_equal(uri_template_match(PLAN, slice_from_str(long_one), NULL), ERR_NOT_FOUND);
	memset(long_one + 10, '?', URI_MAX);
	assert_int_equal(uri_template_match(PLAN, slice_of(long_one, URI_MAX + 1), NULL), ERR_NOT_FOUND);
	/* A NUL within the text. */
	assert_int_equal(uri_template_match(PLAN, SLICE_LIT("x://plans/7\0a"), NULL), ERR_NOT_FOUND);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(templates),
	    cmocka_unit_test(variables_are_decoded),
	    cmocka_unit_test(strangers_are_not_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
