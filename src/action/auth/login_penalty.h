/*
 * login_penalty.h - who tries credentials again and again that no shop takes waits, longer each time
 *
 * Held against the caller and, unless it is exempt, his address, whatever accounts he tries: those have a guard of
 * their own (session/quota.h).  Only the shop's refusal counts, not a shop that cannot be reached.
 */
#ifndef ACTION_AUTH_LOGIN_PENALTY_H
#define ACTION_AUTH_LOGIN_PENALTY_H

#include <stdbool.h>

#include "action/action.h"
#include "base/compiler.h"

/* -1 with RATE_LIMITED while caller or address have to wait. */
int login_penalty_check(const struct action_call *call, struct fault *fault) MUST_CHECK;
void login_penalty_settle(const struct action_call *call, bool has_worked, const struct fault *fault);

#endif
