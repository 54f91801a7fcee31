/*
 * clock.c - reading the clocks, and Unix time as text
 */
#include "base/clock.h"

#include <stdio.h>
#include <time.h>

#include "base/err.h"

static uint64_t
read_us(clockid_t id)
{
	struct timespec now;
	int r;

	r = clock_gettime(id, &now);
	must(r == 0);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

uint64_t
clock_mono_ms(void)
{
	return read_us(CLOCK_MONOTONIC) / 1000;
}

uint64_t
clock_mono_us(void)
{
	return read_us(CLOCK_MONOTONIC);
}

uint64_t
clock_coarse_ms(void)
{
	return read_us(CLOCK_MONOTONIC_COARSE) / 1000;
}

uint64_t
clock_wall_ms(void)
{
	return read_us(CLOCK_REALTIME) / 1000;
}

#define LAST_SECOND 253402300799u /* 9999-12-31T23:59:59Z; ISO 8601 years have four digits */

/*
 * gmtime_r() reads the TZ database and takes a lock on the way, which a log line has no use for.  The year begins in
 * March here, so that the leap day is its last; 719468 is the number of days from 0000-03-01 to 1970-01-01.
 */
static size_t
format_seconds(uint64_t seconds, char out_r[static CLOCK_ISO_CAP])
{
	uint32_t days = (uint32_t)(seconds / 86400) + 719468;
	uint32_t second = (uint32_t)(seconds % 86400);
	uint32_t era = days / 146097;
	uint32_t day_of_era = days % 146097;
	uint32_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	uint32_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	uint32_t month = (5 * day_of_year + 2) / 153; /* 0 is March */
	uint32_t day = day_of_year - (153 * month + 2) / 5 + 1;
	uint32_t year = era * 400 + year_of_era + (month >= 10 ? 1 : 0);

	month = month < 10 ? month + 3 : month - 9;
	return (size_t)snprintf(out_r, CLOCK_ISO_CAP, "%04u-%02u-%02uT%02u:%02u:%02u", year % 10000, month % 100,
				day % 100, second / 3600 % 24, second / 60 % 60, second % 60);
}

void
clock_format_iso(uint64_t wall_ms, char out_r[static CLOCK_ISO_CAP])
{
	uint64_t seconds = wall_ms / 1000 < LAST_SECOND ? wall_ms / 1000 : LAST_SECOND;
	size_t len = format_seconds(seconds, out_r);

	snprintf(out_r + len, CLOCK_ISO_CAP - len, "Z");
}

void
clock_format_iso_ms(uint64_t wall_ms, char out_r[static CLOCK_ISO_CAP])
{
	uint64_t seconds = wall_ms / 1000 < LAST_SECOND ? wall_ms / 1000 : LAST_SECOND;
	size_t len = format_seconds(seconds, out_r);

	snprintf(out_r + len, CLOCK_ISO_CAP - len, ".%03uZ", (unsigned)(wall_ms % 1000));
}
