/*
 * rights.h - may this caller do this, to this store (private to action/)
 *
 * Three may say that nothing is to be changed: the server, the caller's token, the store.  All are judged here, and so
 * are scopes and stores.
 */
#ifndef ACTION_RIGHTS_H
#define ACTION_RIGHTS_H

#include "action/action.h"
#include "base/compiler.h"

/* The login has been found by then, if there is one.  -1 with FORBIDDEN: what is missing, and who can give it. */
int rights_check(const struct action_call *call, struct fault *fault) MUST_CHECK;

#endif
