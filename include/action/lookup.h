/*
 * lookup.h - the server's own actions: what a row suggests, and what a row lists
 *
 * Completions and lists of resources run through the dispatcher like tools: on a fiber, with the caller's login where
 * there is one, counted and recorded.  Which row is meant stands in the request (action_request.subject).
 */
#ifndef ACTION_LOOKUP_H
#define ACTION_LOOKUP_H

#include "action/action.h"
#include "action/resource.h"

/*
 * Params {"prefix": text, "chosen": {name: text}}; subject.complete.  Result {"values":[...],"hasMore",("total")}.  A
 * caller who may not see anything gets nothing, not a fault.
 */
extern const struct action action_lookup_complete;

/* Params {"from","max"}; subject.list.  Result {"items":[...],"hasMore"}. */
extern const struct action action_lookup_list;

#endif
