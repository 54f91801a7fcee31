/*
 * indexers.h - what a module's list of indexers says (private to action/); pure
 */
#ifndef ACTION_INDEXERS_H
#define ACTION_INDEXERS_H

#include <jansson.h>

#include "base/compiler.h"

/*
 * The result of diagnostics.indexer_status_report from an answer: a list, or {"items": list}, of objects with
 * indexer_id (or id), title, status, mode?, updated?.  Anything else is `available: false`.  NULL without memory.
 */
json_t *indexers_render(const json_t *body) MUST_CHECK;

/* Nothing is known; `why` (may be NULL) is said first. */
json_t *indexers_unavailable(const char *why) MUST_CHECK;

#endif
