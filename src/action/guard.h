/*
 * guard.h - guardrails that need no I/O (private to action/)
 */
#ifndef ACTION_GUARD_H
#define ACTION_GUARD_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "action/action.h"

/* Do `confirm` and `reason` say that the user agrees, or is that not asked for (guardrails.tier2_confirm off)? */
bool guard_is_confirmed(const struct action_call *call, const json_t *params);

/* CONFIRMATION_REQUIRED unless `confirm` is true and `reason` says something, while guardrails.tier2_confirm is on. */
int guard_confirm(const struct action_call *call, const json_t *params, struct fault *fault) MUST_CHECK;

/* BULK_CAP_EXCEEDED {count, cap, setting} when count > cap. */
int guard_cap(size_t count, size_t cap, const char *setting, struct fault *fault) MUST_CHECK;

#endif
