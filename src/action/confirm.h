/*
 * confirm.h - the user's word before a change: given with the call, or asked for (private to action/)
 *
 * A call that carries `confirm` and `reason` has it.  Else a client that takes forms is asked, and what its user says
 * becomes the call's parameters, as if they had come with it.  Any other call is refused (guard_confirm).
 */
#ifndef ACTION_CONFIRM_H
#define ACTION_CONFIRM_H

#include <jansson.h>
#include <stdbool.h>

#include "action/action.h"

/* Is the user to be asked before this call may do its work? */
bool confirm_must_ask(const struct action_call *call, const json_t *params);

/*
 * [fiber] Asks.  0: the user has agreed, and *params is a copy with `confirm` and `reason`.  -1: CONFIRMATION_REQUIRED
 * (declined), FAULT_INPUT_REQUIRED, what the action's own question refuses, NOT_AUTHENTICATED when the login ended
 * while the user was thinking.  Nothing has been written or counted.
 */
int confirm_ask(struct action_call *call, json_t **params, struct fault *fault) MUST_CHECK;

#endif
