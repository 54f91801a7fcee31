/*
 * ini.h - a strict reader of INI text, one item at a time
 *
 *   # comment, also ;            only at the start of a line
 *   [section]
 *   [section "NAME"]             NAME: letters, digits, . _ @ -, at most 64, the first a letter or digit
 *   key = value                  key: lower-case letters, digits, _; the value is trimmed and otherwise taken as it is
 *
 * Text is UTF-8 without byte order mark; lines are at most INI_LINE_MAX bytes and end with LF or CRLF.  Control
 * characters other than HTAB are refused.  The reader knows no keys; it is pure and allocates nothing.
 */
#ifndef CONFIG_INI_H
#define CONFIG_INI_H

#include <stdbool.h>

#include "base/compiler.h"
#include "base/err.h"
#include "base/slice.h"

#define INI_LINE_MAX 8192

enum ini_kind { INI_END, INI_SECTION, INI_SETTING };

struct ini_reader {
	struct slice rest;
	unsigned line;
	bool in_section;
};

struct ini_item {
	enum ini_kind kind;
	unsigned line;	      /* of this item, from 1; set on failure too */
	struct slice section; /* INI_SECTION */
	struct slice name;    /* INI_SECTION: SLICE_NONE when there is none */
	struct slice key;     /* INI_SETTING */
	struct slice value;
};

void ini_init(struct ini_reader *reader, struct slice text); /* borrows text for as long as items are used */

/* 0 and an item, or ERR_INVALID with a text that repeats nothing of the line (it may hold a secret). */
int ini_next(struct ini_reader *reader, struct ini_item *item_r, struct err *err) MUST_CHECK;

/* The form of NAME above; for names that come from elsewhere. */
bool ini_is_name(struct slice name);

#endif
