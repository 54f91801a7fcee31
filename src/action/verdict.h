/*
 * verdict.h - what a plan that could not be claimed comes to (private to action/)
 */
#ifndef ACTION_VERDICT_H
#define ACTION_VERDICT_H

#include <jansson.h>

#include "json/fault.h"
#include "keeper/keeper.h"

/*
 * 1: carried out before under this very key, *result_r is that result with "replayed": true.  -1: PLAN_NOT_FOUND
 * (unknown, or committed before: the message says when), PLAN_EXPIRED, IDEMPOTENCY_CONFLICT.
 */
int verdict_answer(const struct keeper_verdict *verdict, json_t **result_r, struct fault *fault);

#endif
