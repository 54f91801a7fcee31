/*
 * test_sse.c - framing of events
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"
#include "http/sse.h"

static void
test_events(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 1000);
	assert_int_equal(http_sse_put_event(&out, SLICE_NONE, SLICE_LIT("{\"a\":1}")), 0);
	assert_int_equal(http_sse_put_event(&out, SLICE_LIT("s-7"), SLICE_LIT("x")), 0);
	assert_int_equal(http_sse_put_event(&out, SLICE_LIT("s-8"), SLICE_NONE), 0);
	assert_int_equal(http_sse_put_retry(&out, 1500), 0);
	assert_string_equal(buf_cstr(&out), "data: {\"a\":1}\n\n"
					    "id: s-7\ndata: x\n\n"
					    "id: s-8\ndata: \n\n"
					    "retry: 1500\n\n");
	buf_fini(&out);
}

static void
test_refused(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 1000);
	assert_int_equal(http_sse_put_event(&out, SLICE_NONE, SLICE_LIT("a\nb")), ERR_INVALID);
	assert_int_equal(http_sse_put_event(&out, SLICE_NONE, SLICE_LIT("a\rb")), ERR_INVALID);
	assert_int_equal(http_sse_put_event(&out, SLICE_LIT("1\n2"), SLICE_LIT("a")), ERR_INVALID);
	assert_int_equal(http_sse_put_event(&out, SLICE_LIT("1\0"), SLICE_LIT("a")), ERR_INVALID);
	assert_int_equal(out.len, 0);
	buf_fini(&out);
}

/* No half event is left in a buffer that is too small. */
static void
test_all_or_nothing(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 20);
	assert_int_equal(http_sse_put_event(&out, SLICE_NONE, SLICE_LIT("1")), 0);
	assert_int_equal(http_sse_put_event(&out, SLICE_NONE, SLICE_LIT("much too long for it")), ERR_LIMIT);
	assert_string_equal(buf_cstr(&out), "data: 1\n\n");
	buf_fini(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_events),
	    cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_all_or_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
