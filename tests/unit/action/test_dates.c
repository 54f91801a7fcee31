/*
 * test_dates.c - days and moments: their form, and whether the calendar has them
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "action/dates.h"
#include "base/slice.h"

static const char *const days[] = {"2026-01-31", "2024-02-29", "2028-02-29", "2000-02-29", "1970-01-01", "0001-01-01"};
static const char *const moments[] = {"2026-12-31 23:59:59", "2026-06-30 00:00:00"};
static const char *const neither[] = {
    "",		  "2026-02-29", "1900-02-29", "2026-13-01", "2026-00-10",  "2026-04-31",	  "2026-01-00",
    "2026-1-1",	  "2026-1-01",	"2026-01-1",  "2026/01/01", "2026-01-01 ", "2026-01-01T00:00:00", "0000-01-01",
    "next week!", "+026-01-01", "-026-01-01"};
static const char *const no_moments[] = {"2026-01-01 24:00:00", "2026-01-01 00:60:00", "2026-01-01 00:00:60",
					 "2026-02-29 00:00:00", "2026-01-01 00:00",    "2026-01-01 00:00:00Z",
					 "2026-01-01 -1:00:00"};

static void
expect(const char *const *texts, size_t n, bool is_day, bool is_moment)
{
	for (size_t i = 0; i < n; i++) {
		if (date_is_day(texts[i], strlen(texts[i])) != is_day ||
		    date_is_moment(texts[i], strlen(texts[i])) != is_moment)
			fail_msg("%s", texts[i]);
	}
}

static void
forms_and_calendar(void **state)
{
	(void)state;
	expect(days, ARRAY_LEN(days), true, true);
	expect(moments, ARRAY_LEN(moments), false, true);
	expect(neither, ARRAY_LEN(neither), false, false);
	expect(no_moments, ARRAY_LEN(no_moments), false, false);
}

/* A text is as long as it is said to be, whatever stands in or behind it. */
static void
lengths(void **state)
{
	(void)state;
	assert_true(date_is_day("2026-01-31 12:00:00", 10));
	assert_false(date_is_day("2026-01-3", 9));
	assert_false(date_is_moment("2026-01-31\0 x", 12));
	assert_false(date_is_moment("2026-01-31\00012:00:00", 19));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(forms_and_calendar),
	    cmocka_unit_test(lengths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
