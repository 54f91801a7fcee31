/*
 * cms_text.h - the texts of CMS pages and blocks: where two differ, what is risky in them, which identifiers a pattern
 * means (private to action/)
 *
 * Pure.
 */
#ifndef ACTION_CMS_TEXT_H
#define ACTION_CMS_TEXT_H

#include <jansson.h>
#include <stdbool.h>

#include "base/compiler.h"

#define CMS_EXCERPT_MAX 300 /* characters shown of a text that is longer */

/*
 * {"from","to"} of a text.  Texts longer than CMS_EXCERPT_MAX characters are shown around the first difference ("..."
 * marks a cut) with "from_length" and "to_length" in characters.  A new reference, NULL without memory.
 */
json_t *cms_text_diff(const json_t *from, const json_t *to) MUST_CHECK;

/* The same text, or what is left of it when it is long.  A new reference, NULL without memory. */
json_t *cms_text_short(const json_t *text) MUST_CHECK;

/* What the storefront or Magento will act upon: Magento stores and shows it unfiltered. */
struct cms_risks {
	bool script;	/* <script */
	bool directive; /* {{ */
	bool handler;	/* an attribute such as onclick= within a tag */
};
struct cms_risks cms_text_risks(const char *html);

/* Does an identifier fit a pattern, in which % stands for any text?  Letter case does not matter, as in the shop. */
bool cms_text_matches(const char *pattern, const char *identifier);

#endif
