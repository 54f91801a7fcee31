/*
 * csv.h - rows of comma-separated values (RFC 4180) that a spreadsheet may open without harm (private to action/)
 *
 * Rows end with CRLF.  A field with a comma, a quote, CR or LF is quoted, its quotes doubled.  A field that a
 * spreadsheet would take for a formula (it begins with = + - @, a tab or CR) gets an apostrophe in front, and is
 * counted.
 */
#ifndef ACTION_CSV_H
#define ACTION_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

struct csv {
	struct buf *out; /* borrowed; holds the failure, if any */
	size_t escaped;	 /* fields that got an apostrophe */
	bool in_row;
};

void csv_init(struct csv *csv, struct buf *out);
void csv_field(struct csv *csv, struct slice text);
void csv_field_int(struct csv *csv, int64_t value); /* a number is no formula: never escaped */
void csv_end_row(struct csv *csv);

#endif
