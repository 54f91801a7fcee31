/*
 * number.h - numbers with units, and dates
 *
 * size:      bytes, or K M G (also KiB MiB GiB), powers of 1024
 * duration:  milliseconds, or ms s m h d
 * percent:   at most two decimals, a % may follow
 * date:      YYYY-MM-DD (the last day that counts, so the value is the next midnight UTC), or YYYY-MM-DDTHH:MM:SSZ
 */
#ifndef CONFIG_NUMBER_H
#define CONFIG_NUMBER_H

#include <stdint.h>

#include "base/clock.h"
#include "base/compiler.h"
#include "base/slice.h"

#define NUMBER_CAP 32

/* ERR_INVALID: no such form; ERR_LIMIT: too big for 64 bits. */
int number_parse_size(struct slice text, uint64_t *bytes_r) MUST_CHECK;
int number_parse_duration(struct slice text, uint64_t *ms_r) MUST_CHECK;
int number_parse_percent(struct slice text, double *percent_r) MUST_CHECK;
int number_parse_date(struct slice text, uint64_t *wall_ms_r) MUST_CHECK;

/* With the largest unit that leaves a whole number. */
void number_format_size(uint64_t bytes, char out_r[static NUMBER_CAP]);
void number_format_duration(uint64_t ms, char out_r[static NUMBER_CAP]);
void number_format_percent(double percent, char out_r[static NUMBER_CAP]);
void number_format_date(uint64_t wall_ms, char out_r[static CLOCK_ISO_CAP]);

#endif
