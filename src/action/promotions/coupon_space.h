/*
 * coupon_space.h - how many coupon codes of a length there are (private to action/)
 *
 * When too few codes are left Magento silently makes longer ones, and codes that are few are soon guessed.  Pure.
 */
#ifndef ACTION_COUPON_SPACE_H
#define ACTION_COUPON_SPACE_H

#include <stdbool.h>
#include <stdint.h>

#define COUPON_SPACE_LENGTH_MAX 32

enum coupon_format { COUPON_ALPHANUMERIC, COUPON_ALPHABETICAL, COUPON_NUMERIC };

/* "alphanumeric", "alphabetical", "numeric"; any other word is the first. */
enum coupon_format coupon_format_of(const char *word);
const char *coupon_format_magento(enum coupon_format format); /* "alphanum", "alpha", "num" */

/* Are there at least `times` codes for each one wanted? */
bool coupon_space_holds(enum coupon_format format, unsigned length, uint64_t qty, uint64_t times);

/* The shortest length for which there are. */
unsigned coupon_space_length(enum coupon_format format, uint64_t qty, uint64_t times);

#endif
