/*
 * number.c - see number.h
 */
#include "config/number.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/err.h"

struct unit {
	const char *word;
	uint64_t factor;
};

/* Largest first: formatting takes the first that divides, parsing any. */
static const struct unit size_units[] = {
    {"G", 1ull << 30},	 {"M", 1ull << 20},   {"K", 1ull << 10},   {"", 1},
    {"GiB", 1ull << 30}, {"MiB", 1ull << 20}, {"KiB", 1ull << 10}, {"B", 1},
};
static const struct unit duration_units[] = {
    {"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}, {"min", 60000}, {"", 1},
};

static int
parse_with_unit(struct slice text, const struct unit *units, size_t n_units, uint64_t *value_r)
{
	size_t digits = 0;
	uint64_t count;
	struct slice word;
	size_t i;
	int r;

	while (digits < text.len && text.ptr[digits] >= '0' && text.ptr[digits] <= '9')
		digits++;
	r = slice_to_u64(slice_sub(text, 0, digits), UINT64_MAX, &count);
	if (r < 0)
		return r;
	word = slice_trim(slice_sub(text, digits, text.len));
	for (i = 0; i < n_units; i++) {
		if (!slice_is(word, units[i].word))
			continue;
		if (count > UINT64_MAX / units[i].factor)
			return ERR_LIMIT;
		*value_r = count * units[i].factor;
		return 0;
	}
	return ERR_INVALID;
}

static void
format_with_unit(uint64_t value, const struct unit *units, char *out_r)
{
	while (units->factor > 1 && (value == 0 || value % units->factor != 0))
		units++;
	snprintf(out_r, NUMBER_CAP, "%" PRIu64 "%s", value / units->factor, units->word);
}

int
number_parse_size(struct slice text, uint64_t *bytes_r)
{
	return parse_with_unit(text, size_units, ARRAY_LEN(size_units), bytes_r);
}

int
number_parse_duration(struct slice text, uint64_t *ms_r)
{
	return parse_with_unit(text, duration_units, ARRAY_LEN(duration_units), ms_r);
}

void
number_format_size(uint64_t bytes, char out_r[static NUMBER_CAP])
{
	format_with_unit(bytes, size_units, out_r);
}

void
number_format_duration(uint64_t ms, char out_r[static NUMBER_CAP])
{
	format_with_unit(ms, duration_units, out_r);
}

int
number_parse_percent(struct slice text, double *percent_r)
{
	uint64_t whole = 0, hundredths = 0;
	struct slice decimals;
	ptrdiff_t dot;
	int r;

	if (text.len > 0 && text.ptr[text.len - 1] == '%')
		text = slice_trim(slice_sub(text, 0, text.len - 1));
	dot = slice_find(text, '.');
	r = slice_to_u64(dot < 0 ? text : slice_sub(text, 0, (size_t)dot), UINT32_MAX, &whole);
	if (r < 0)
		return r;
	if (dot >= 0) {
		decimals = slice_sub(text, (size_t)dot + 1, text.len);
		if (decimals.len > 2)
			return ERR_INVALID;
		r = slice_to_u64(decimals, 99, &hundredths);
		if (r < 0)
			return r;
		if (decimals.len == 1)
			hundredths *= 10;
	}
	*percent_r = (double)(whole * 100 + hundredths) / 100.0;
	return 0;
}

/* By hand, because printf would follow the locale's decimal point. */
void
number_format_percent(double percent, char out_r[static NUMBER_CAP])
{
	uint64_t hundredths = (uint64_t)(percent * 100.0 + 0.5);
	unsigned rest = (unsigned)(hundredths % 100);

	if (rest == 0)
		snprintf(out_r, NUMBER_CAP, "%" PRIu64, hundredths / 100);
	else
		snprintf(out_r, NUMBER_CAP, "%" PRIu64 ".%02u", hundredths / 100, rest);
}

/* The number in text[from..from+len); all digits are there already. */
static int
digits_at(struct slice text, size_t from, size_t len)
{
	int value = 0;
	size_t i;

	for (i = from; i < from + len; i++)
		value = value * 10 + (text.ptr[i] - '0');
	return value;
}

/* `form` has 9 where a digit must stand; every other character stands for itself. */
static bool
has_form(struct slice text, const char *form)
{
	size_t i;

	if (text.len != strlen(form))
		return false;
	for (i = 0; i < text.len; i++) {
		bool is_digit = text.ptr[i] >= '0' && text.ptr[i] <= '9';

		if (form[i] == '9' ? !is_digit : text.ptr[i] != form[i])
			return false;
	}
	return true;
}

int
number_parse_date(struct slice text, uint64_t *wall_ms_r)
{
	bool is_day = has_form(text, "9999-99-99");
	struct tm tm = {0}, given;
	time_t seconds;

	if (!is_day && !has_form(text, "9999-99-99T99:99:99Z"))
		return ERR_INVALID;
	tm.tm_year = digits_at(text, 0, 4) - 1900;
	tm.tm_mon = digits_at(text, 5, 2) - 1;
	tm.tm_mday = digits_at(text, 8, 2);
	if (!is_day) {
		tm.tm_hour = digits_at(text, 11, 2);
		tm.tm_min = digits_at(text, 14, 2);
		tm.tm_sec = digits_at(text, 17, 2);
	}
	given = tm;
	seconds = timegm(&tm);
	/* timegm() makes 1 March of 30 February: a date that it had to move is none. */
	if (tm.tm_year < 70 || tm.tm_mon != given.tm_mon || tm.tm_mday != given.tm_mday ||
	    tm.tm_hour != given.tm_hour || tm.tm_min != given.tm_min || tm.tm_sec != given.tm_sec)
		return ERR_INVALID;
	*wall_ms_r = ((uint64_t)seconds + (is_day ? 86400 : 0)) * 1000;
	return 0;
}

void
number_format_date(uint64_t wall_ms, char out_r[static CLOCK_ISO_CAP])
{
	clock_format_iso(wall_ms, out_r);
}
