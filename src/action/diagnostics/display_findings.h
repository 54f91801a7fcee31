/*
 * display_findings.h - what the judges of a product have found (private to the display_*.c files)
 *
 * Equal issues of several store views become one issue that names them all.
 */
#ifndef ACTION_DISPLAY_FINDINGS_H
#define ACTION_DISPLAY_FINDINGS_H

#include <jansson.h>
#include <stdbool.h>

#include "base/compiler.h"

enum verdict { VERDICT_BAD, VERDICT_OK, VERDICT_UNKNOWN };

/* What has been found so far. */
struct findings {
	json_t *facts, *product;
	json_t *checks;	 /* result */
	json_t *groups;	 /* [{detail, views, action}]: equal issues of several views are one issue */
	json_t *actions; /* result */
	bool failed;	 /* no memory for one of them */
};

/* One check of one view (NULL: of the product as a whole). */
struct place {
	struct findings *findings;
	json_t *view;
	const char *check;
};

int display_findings_init(struct findings *findings, json_t *facts) MUST_CHECK;
void display_findings_fini(struct findings *findings);

/* Notes the outcome of a check.  `action` is what the caller can do about a VERDICT_BAD. */
void display_record(struct place *place, enum verdict verdict, const char *action, const char *fmt, ...)
    PRINTF_LIKE(4, 5);

/* The issues as sentences; "No issues detected." when there are none.  A new reference, or NULL without memory. */
json_t *display_issues(const struct findings *findings) MUST_CHECK;

/* Members of a product's extension_attributes, and text of a custom attribute ("" when there is none). */
const json_t *display_extension(const json_t *product, const char *name);
const char *display_attribute(const json_t *product, const char *code);

/* Judges in files of their own. */
void display_judge_category(struct place *place);
void display_judge_stocks(struct findings *findings);
void display_judge_children(struct place *place);

#endif
