#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "action/seo/redirect_trace.h"

static struct redirect_trace trace;

static int
set_up(void **state)
{
	(void)state;
	return redirect_trace_init(&trace, NULL, "a.html");
}

static int
tear_down(void **state)
{
	(void)state;
	redirect_trace_fini(&trace);
	return 0;
}

static enum redirect_state
take(const char *url, int code, uint32_t max_depth)
{
	json_t *route = json_pack("{s:s, s:i, s:s}", "relative_url", url, "redirect_code", code, "type", "PRODUCT");

	assert_int_equal(redirect_trace_take(&trace, route, max_depth), 0);
	json_decref(route);
	return trace.state;
}

static void
test_page(void **state)
{
	(void)state;
	assert_int_equal(take("a.html", 0, 5), REDIRECT_ENDED);
	assert_int_equal(redirect_trace_depth(&trace), 0);
}

static void
test_unknown(void **state)
{
	json_t *none = json_null();

	(void)state;
	assert_int_equal(redirect_trace_take(&trace, none, 5), 0);
	assert_int_equal(trace.state, REDIRECT_DEAD);
	assert_int_equal(redirect_trace_depth(&trace), 0);
}

static void
test_chain(void **state)
{
	(void)state;
	assert_int_equal(take("/b.html", 301, 5), REDIRECT_OPEN);
	assert_int_equal(take("c.html", 302, 5), REDIRECT_OPEN);
	assert_int_equal(take("c.html", 0, 5), REDIRECT_ENDED);
	assert_int_equal(redirect_trace_depth(&trace), 2);
	assert_string_equal(json_string_value(json_array_get(trace.steps, 1)), "b.html");
}

static void
test_loop(void **state)
{
	(void)state;
	assert_int_equal(take("b.html", 301, 5), REDIRECT_OPEN);
	assert_int_equal(take("a.html", 301, 5), REDIRECT_LOOP);
	assert_int_equal(redirect_trace_depth(&trace), 2);
}

static void
test_redirect_to_itself(void **state)
{
	(void)state;
	assert_int_equal(take("a.html", 301, 5), REDIRECT_LOOP);
}

static void
test_depth(void **state)
{
	(void)state;
	assert_int_equal(take("b.html", 301, 1), REDIRECT_OPEN);
	assert_int_equal(take("c.html", 301, 1), REDIRECT_DEEP);
	assert_int_equal(redirect_trace_depth(&trace), 1);
}

static void
test_depth_that_is_just_enough(void **state)
{
	(void)state;
	assert_int_equal(take("b.html", 301, 1), REDIRECT_OPEN);
	assert_int_equal(take("b.html", 0, 1), REDIRECT_ENDED);
}

static void
test_another_site(void **state)
{
	(void)state;
	assert_int_equal(take("https://elsewhere.example/x", 301, 5), REDIRECT_ENDED);
	assert_int_equal(redirect_trace_depth(&trace), 1);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    TEST(test_page),
	    TEST(test_unknown),
	    TEST(test_chain),
	    TEST(test_loop),
	    TEST(test_redirect_to_itself),
	    TEST(test_depth),
	    TEST(test_depth_that_is_just_enough),
	    TEST(test_another_site),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
