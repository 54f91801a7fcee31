/*
 * real.h - a double as the shortest JSON number that reads back as the same double
 */
#ifndef JSON_REAL_H
#define JSON_REAL_H

#include "base/buf.h"

/* null for NaN and infinity.  The result always has a point or an exponent.  Needs the numeric locale "C". */
int json_real_put(struct buf *out, double value);

#endif
