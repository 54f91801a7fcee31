/*
 * clock.c - reading the clocks, and Unix time as text
 */
#include "base/clock.h"

#include <string.h>
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

static char *
put_digits(char *at, uint32_t value, int n)
{
	for (int i = n - 1; i >= 0; i--) {
		at[i] = (char)('0' + value % 10);
		value /= 10;
	}
	return at + n;
}

static char *
put_part(char *at, uint32_t value, char end)
{
	at = put_digits(at, value, 2);
	*at = end;
	return at + 1;
}

/*
 * gmtime_r() reads the TZ database and takes a lock on the way, which a log line has no use for.  The year begins in
 * March here, so that the leap day is its last; 719468 is the number of days from 0000-03-01 to 1970-01-01.
 */
static char *
put_date(char *at, uint64_t seconds)
{
	uint32_t days = (uint32_t)(seconds / 86400) + 719468;
	uint32_t era = days / 146097;
	uint32_t day_of_era = days % 146097;
	uint32_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	uint32_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	uint32_t month = (5 * day_of_year + 2) / 153; /* 0 is March */
	uint32_t day = day_of_year - (153 * month + 2) / 5 + 1;
	uint32_t year = era * 400 + year_of_era + (month >= 10 ? 1 : 0);

	at = put_digits(at, year, 4);
	*at++ = '-';
	at = put_part(at, month < 10 ? month + 3 : month - 9, '-');
	return put_part(at, day, 'T');
}

#define SECONDS_LEN 19

/* Many texts are made of the present second, and of one that is as far off as a session lives. */
#define KEPT 4
static struct {
	size_t next;
	struct {
		uint64_t ends; /* the second after it; 0: none */
		char text[SECONDS_LEN];
	} of[KEPT];
} kept;

static const char *
make_seconds(uint64_t seconds)
{
	size_t place = kept.next++ % KEPT;
	uint32_t second = (uint32_t)(seconds % 86400);
	char *at = put_date(kept.of[place].text, seconds);

	at = put_part(at, second / 3600, ':');
	at = put_part(at, second / 60 % 60, ':');
	put_digits(at, second % 60, 2);
	kept.of[place].ends = seconds + 1;
	return kept.of[place].text;
}

static const char *
text_of(uint64_t seconds)
{
	for (size_t i = 0; i < KEPT; i++) {
		if (kept.of[i].ends == seconds + 1)
			return kept.of[i].text;
	}
	return make_seconds(seconds);
}

/* Gives the place behind. */
static char *
put_seconds(char *at, uint64_t wall_ms)
{
	uint64_t seconds = wall_ms / 1000 < LAST_SECOND ? wall_ms / 1000 : LAST_SECOND;

	memcpy(at, text_of(seconds), SECONDS_LEN);
	return at + SECONDS_LEN;
}

void
clock_format_iso(uint64_t wall_ms, char out_r[static CLOCK_ISO_CAP])
{
	char *at = put_seconds(out_r, wall_ms);

	at[0] = 'Z';
	at[1] = '\0';
}

void
clock_format_iso_ms(uint64_t wall_ms, char out_r[static CLOCK_ISO_CAP])
{
	char *at = put_seconds(out_r, wall_ms);

	*at++ = '.';
	at = put_digits(at, (uint32_t)(wall_ms % 1000), 3);
	at[0] = 'Z';
	at[1] = '\0';
}
