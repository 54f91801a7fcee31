/*
 * guard.h - guardrails that need no I/O (private to action/)
 */
#ifndef ACTION_GUARD_H
#define ACTION_GUARD_H

#include <jansson.h>
#include <stddef.h>

#include "action/action.h"

/* CONFIRMATION_REQUIRED unless `confirm` is true and `reason` says something, while guardrails.tier2_confirm is on. */
int guard_confirm(const struct action_call *call, json_t *params, struct fault *fault) MUST_CHECK;

/* BULK_CAP_EXCEEDED {count, cap, setting} when count > cap. */
int guard_cap(size_t count, size_t cap, const char *setting, struct fault *fault) MUST_CHECK;

#endif
