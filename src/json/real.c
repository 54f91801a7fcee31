/*
 * real.c - shortest form of a double: 15 significant digits are enough for what people write, 17 for every double
 */
#include "json/real.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The sign, 17 digits, the point, "e-308" and the NUL fit well. */
#define REAL_TEXT_MAX 40

#define DECIMALS 4
#define DECIMAL_SCALE 10000
#define DECIMAL_MAX 1e14 /* so many ten-thousandths keep 15 digits, which tell every double of that size apart */

/* Amounts of money and weights: few digits before the point, at most four behind it.  0: not such a number. */
static int
put_decimal(struct buf *out, double value)
{
	double scaled = value * DECIMAL_SCALE;
	int64_t whole;
	char digits[DECIMALS + 1] = "0000";
	size_t n = DECIMALS;

	if (!(scaled > -DECIMAL_MAX && scaled < DECIMAL_MAX) || (value == 0 && signbit(value)))
		return 0;
	whole = llround(scaled);
	if ((double)whole / DECIMAL_SCALE != value)
		return 0;
	if (whole < 0)
		buf_put_char(out, '-');
	whole = whole < 0 ? -whole : whole;
	buf_put_u64(out, (uint64_t)whole / DECIMAL_SCALE);
	for (uint64_t rest = (uint64_t)whole % DECIMAL_SCALE; rest > 0; rest /= 10)
		digits[--n] = (char)('0' + rest % 10);
	for (n = DECIMALS; n > 1 && digits[n - 1] == '0';)
		n--;
	buf_put_char(out, '.');
	return buf_put(out, digits, n) < 0 ? out->failed : 1;
}

int
json_real_put(struct buf *out, double value)
{
	char text[REAL_TEXT_MAX];
	int digits = 15, r;

	if (!isfinite(value))
		return buf_put_str(out, "null");
	r = put_decimal(out, value);
	if (r != 0)
		return r < 0 ? r : 0;
	do {
		snprintf(text, sizeof(text), "%.*g", digits, value);
	} while (strtod(text, NULL) != value && ++digits <= 17);
	return buf_printf(out, strpbrk(text, ".e") == NULL ? "%s.0" : "%s", text);
}
