/*
 * prompt_text.h - the text of a prompt: lines with places for the user's values (private to action/)
 *
 * <name> stands for the value of an argument, quoted as JSON, so that a value can neither end its quotes nor begin a
 * line (R-221); <#name> for the bare value of an argument whose schema allows digits only.  A line may depend on an
 * argument: "name" it was given, "!name" it was not.
 */
#ifndef ACTION_GUIDE_PROMPT_TEXT_H
#define ACTION_GUIDE_PROMPT_TEXT_H

#include <jansson.h>

#include "base/buf.h"
#include "base/compiler.h"

struct prompt_line {
	const char *when; /* NULL: always */
	const char *text; /* NULL ends the lines */
};

/* Appends the lines that hold, each with a newline.  A place without an argument is a bug: must().  The buffer's
 * failure. */
int prompt_text_put(struct buf *out, const struct prompt_line *lines, const json_t *arguments) MUST_CHECK;

#endif
