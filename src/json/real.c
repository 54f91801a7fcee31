/*
 * real.c - shortest form of a double: 15 significant digits are enough for what people write, 17 for every double
 */
#include "json/real.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The sign, 17 digits, the point, "e-308" and the NUL fit well. */
#define REAL_TEXT_MAX 40

int
json_real_put(struct buf *out, double value)
{
	char text[REAL_TEXT_MAX];
	int digits = 15;

	if (!isfinite(value))
		return buf_put_str(out, "null");
	do {
		snprintf(text, sizeof(text), "%.*g", digits, value);
	} while (strtod(text, NULL) != value && ++digits <= 17);
	return buf_printf(out, strpbrk(text, ".e") == NULL ? "%s.0" : "%s", text);
}
