/*
 * dates.h - days and moments as Magento writes them, and whether there are such (private to action/)
 *
 * Form and calendar are checked, years from 1 on; nothing is said of time zones.  Pure.
 */
#ifndef ACTION_DATES_H
#define ACTION_DATES_H

#include <stdbool.h>
#include <stddef.h>

/* "YYYY-MM-DD".  The text need not end there, and may hold a NUL. */
bool date_is_day(const char *text, size_t len);

/* The same, or with a time of day behind it: "YYYY-MM-DD HH:MM:SS". */
bool date_is_moment(const char *text, size_t len);

#endif
