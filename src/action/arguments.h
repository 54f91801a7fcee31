/*
 * arguments.h - from what a client sent to an action's parameters
 *
 * Clients send {"params":{...},"session":"..."}, or the parameters at the top (flat form), or params as a string that
 * holds a JSON object, or params null.  All mean the same.
 */
#ifndef ACTION_ARGUMENTS_H
#define ACTION_ARGUMENTS_H

#include <jansson.h>

#include "base/compiler.h"
#include "json/fault.h"
#include "json/schema.h"
#include "json/view.h"

/* The session handle among the arguments, borrowed; SLICE_NONE when there is none.  -1: no such text. */
int arguments_session(struct json_view arguments, struct slice *handle_r, struct fault *fault) MUST_CHECK;

/* Nothing but perhaps a session: there are no parameters, in any form. */
bool arguments_are_none(struct json_view arguments);

/*
 * The parameters, checked against `schema` (VALIDATION_ERROR with every offending path in details), as a new reference;
 * a tree that `arguments` may be is left as it is.  A rule broken by the outer form is refused the same way.
 */
int arguments_params(struct json_view arguments, const struct json_schema *schema, json_t **params_r,
		     struct fault *fault) MUST_CHECK;

/* The same without arguments.  `none` is an empty object to be shared, or NULL for one of its own. */
int arguments_params_none(json_t *none, const struct json_schema *schema, json_t **params_r,
			  struct fault *fault) MUST_CHECK;

/* The same for an action with an `input_schema` of its own: no wrapping, no session. */
int arguments_as_they_are(struct json_view arguments, const struct json_schema *schema, json_t **params_r,
			  struct fault *fault) MUST_CHECK;

/* One more violation for `details`: {path, message}. */
int arguments_violation(json_t *violations, const char *path, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Sets VALIDATION_ERROR from a list of violations, which is taken. */
int arguments_refuse(json_t *violations, struct fault *fault);

#endif
