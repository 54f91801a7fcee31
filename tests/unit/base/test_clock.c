/*
 * test_clock.c - the two clocks and ISO 8601
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/compiler.h"

static void
test_clocks_agree_with_the_kernel(void **test_state)
{
	uint64_t before = (uint64_t)time(NULL);
	uint64_t wall = clock_wall_ms();
	uint64_t us = clock_mono_us();
	uint64_t ms = clock_mono_ms();
	struct timespec now;

	(void)test_state;
	clock_gettime(CLOCK_MONOTONIC, &now);
	assert_true(wall / 1000 + 1 >= before && wall / 1000 <= (uint64_t)time(NULL) + 1);
	assert_true(ms >= us / 1000);
	assert_true(ms <= (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000);
	assert_true(clock_mono_us() >= us);
}

static void
test_iso(void **test_state)
{
	static const struct {
		uint64_t ms;
		const char *text;
	} cases[] = {
	    {0, "1970-01-01T00:00:00.000Z"},
	    {951782399999, "2000-02-28T23:59:59.999Z"},
	    {951782400000, "2000-02-29T00:00:00.000Z"},
	    {951868800000, "2000-03-01T00:00:00.000Z"},
	    {1795342617123, "2026-11-22T10:16:57.123Z"},
	    {4107542400000, "2100-03-01T00:00:00.000Z"},
	    {253402300799999, "9999-12-31T23:59:59.999Z"},
	    {253402300800000, "9999-12-31T23:59:59.000Z"}, /* four digits are all there are */
	};
	char text[CLOCK_ISO_CAP];

	(void)test_state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		clock_format_iso_ms(cases[i].ms, text);
		assert_string_equal(text, cases[i].text);
		clock_format_iso(cases[i].ms, text);
		assert_memory_equal(text, cases[i].text, 19);
		assert_string_equal(text + 19, "Z");
	}
	clock_format_iso_ms(UINT64_MAX, text);
	assert_memory_equal(text, "9999-12-31T23:59:59.", 20);
}

/* Every day of four centuries, and a prime number of seconds on, against gmtime_r(). */
static void
test_iso_against_libc(void **test_state)
{
	char text[CLOCK_ISO_CAP], expected[CLOCK_ISO_CAP];
	struct tm tm;

	(void)test_state;
	for (time_t second = 0; second < (time_t)86400 * 146097; second += 86399) {
		assert_non_null(gmtime_r(&second, &tm));
		strftime(expected, sizeof(expected), "%Y-%m-%dT%H:%M:%SZ", &tm);
		clock_format_iso((uint64_t)second * 1000, text);
		assert_string_equal(text, expected);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_clocks_agree_with_the_kernel),
	    cmocka_unit_test(test_iso),
	    cmocka_unit_test(test_iso_against_libc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
