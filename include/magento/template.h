/*
 * template.h - the text of a Magento error, with its placeholders filled in and nothing in it that must not be shown
 *
 * Magento's error body is {"message","parameters"?,"errors"?}; the message is a template in one of three styles:
 *   %1 %2 with a list                       by position
 *   %fieldName with an object               by name
 *   %SKU %price with a list                 in order of first appearance, a repeated name shares its value
 * The longest placeholder that fits is taken (%10 before %1, %fieldName before %field); what has no value stays.
 *
 * The result is one line of safe text: no control characters, tags, SQL, file paths or stack traces (such a part is
 * replaced by "internal Magento error"), at most TEMPLATE_TEXT_MAX characters.  Pure; runs anywhere.
 */
#ifndef MAGENTO_TEMPLATE_H
#define MAGENTO_TEMPLATE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/slice.h"

#define TEMPLATE_TEXT_MAX 200 /* characters of shop text that may stand in a message of ours */
#define TEMPLATE_TEXT_BYTES (TEMPLATE_TEXT_MAX * 4 + 4) /* the same in UTF-8, with the mark of a cut */
#define TEMPLATE_INTERNAL "internal Magento error"

/*
 * Appends the text of an error body (or of one entry of a list of row errors) with its errors[] behind it.  Appends
 * nothing when there is no message.  ERR_NOMEM, ERR_LIMIT.
 */
int template_text(const json_t *body, struct buf *out) MUST_CHECK;

/* Only fills in; `parameters` may be NULL.  The result is raw and must pass template_clean_put before it is shown. */
int template_fill(struct slice message, const json_t *parameters, struct buf *out) MUST_CHECK;

/* Appends shop text in its safe form, cut after max_chars characters ("..." marks the cut). */
int template_clean_put(struct buf *out, struct slice text, size_t max_chars);

/* Holds the text SQL, a file path, code or a stack trace? */
bool template_is_internal(struct slice text);

/* "webapi-6b02a8ca1b62b" out of a message, or SLICE_NONE; points into `text`. */
struct slice template_report_id(struct slice text);

#endif
