/*
 * record.h - one call in the audit log (private to action/)
 */
#ifndef ACTION_RECORD_H
#define ACTION_RECORD_H

#include <jansson.h>
#include <stdint.h>

#include "action/action.h"
#include "audit/audit.h"

/* Does this action change the shop? */
bool record_is_write(const struct action *action);

/* Does the name of a parameter say that it is a secret?  What ACTION_TAKES_SECRETS has to say, too. */
bool record_takes_secrets(const struct json_schema *params);

/*
 * Records the call.  `params` are what the caller sent (checked or not), `result` or `fault` what came of it; all may
 * be NULL.  -1 when the log could not be written.
 */
int record_call(const struct action_call *call, enum audit_phase phase, const json_t *params, json_t *result,
		const struct fault *fault) MUST_CHECK;

#endif
