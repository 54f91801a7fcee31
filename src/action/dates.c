/*
 * dates.c - see dates.h
 */
#include "dates.h"

#include <string.h>

static const char day_form[] = "9999-99-99";
static const char moment_form[] = "9999-99-99 99:99:99";

/* A 9 in the form stands for any digit. */
static bool
has_form(const char *text, size_t len, const char *form)
{
	if (len != strlen(form))
		return false;
	for (size_t i = 0; i < len; i++) {
		if (form[i] == '9' ? text[i] < '0' || text[i] > '9' : text[i] != form[i])
			return false;
	}
	return true;
}

static int
two_digits(const char *text)
{
	return (text[0] - '0') * 10 + text[1] - '0';
}

static int
days_of(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && is_leap);
}

static bool
exists(const char *text)
{
	int year = two_digits(text) * 100 + two_digits(text + 2);
	int month = two_digits(text + 5), day = two_digits(text + 8);

	return year >= 1 && month >= 1 && month <= 12 && day >= 1 && day <= days_of(year, month);
}

bool
date_is_day(const char *text, size_t len)
{
	return has_form(text, len, day_form) && exists(text);
}

bool
date_is_moment(const char *text, size_t len)
{
	if (!has_form(text, len, moment_form))
		return date_is_day(text, len);
	return exists(text) && two_digits(text + 11) < 24 && two_digits(text + 14) < 60 && two_digits(text + 17) < 60;
}
