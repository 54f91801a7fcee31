/*
 * uri_template.h - URIs held against a template (private to action/)
 *
 * Of RFC 6570 this much: literal text, {name} for one path segment or a part of it, and {?name,name} at the end, whose
 * names may come in any order or be absent.  A value of a path is 1 to URI_VALUE_MAX bytes; percent-encoding is taken
 * off, and what comes out is UTF-8 without control characters and, in a path, neither `.` nor `..` and without slash
 * or backslash.  A query name that the template does not list, or that comes twice, makes the URI a stranger.
 */
#ifndef ACTION_URI_TEMPLATE_H
#define ACTION_URI_TEMPLATE_H

#include <jansson.h>
#include <stdbool.h>

#include "base/compiler.h"
#include "base/slice.h"

#define URI_MAX 2048
#define URI_VALUE_MAX 512

/* Is the template one of those above?  For the rows, at start. */
bool uri_template_is_good(const char *uri_template);

/* 0 with the variables as strings in `variables` (an object; may be NULL), ERR_NOT_FOUND, ERR_NOMEM. */
int uri_template_match(const char *uri_template, struct slice uri, json_t *variables) MUST_CHECK;

#endif
