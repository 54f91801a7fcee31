/*
 * call.h - an action run for an exchange: tools, prompts and resources alike (private to mcp/)
 */
#ifndef MCP_CALL_H
#define MCP_CALL_H

#include <jansson.h>

#include "action/dispatcher.h"

struct buf;
struct mcp_exchange;

/* Answers the exchange; the outcome holds a result, or a fault that a client may see. */
typedef void (*call_done_fn)(struct mcp_exchange *x, const struct action_outcome *outcome);

/*
 * Runs the action with the login that the session remembers and with the client as its peer.  `done` is called once,
 * perhaps before this returns, unless the exchange ends before or is answered here: a requestState or inputResponses
 * that cannot be taken, questions for the client, a capability that it lacks, no room for a call.
 */
void call_run(struct mcp_exchange *x, const struct action *action, struct json_view arguments, call_done_fn done);

/* The same for one of the server's own lookups (action/lookup.h). */
void call_look_up(struct mcp_exchange *x, const struct action *action, struct action_subject subject, json_t *arguments,
		  call_done_fn done);

/*
 * Ends a result object whose last member has been put: resultType and _meta in the modern era, with ttlMs 0 and
 * cacheScope private when the client was asked for it, else just the bracket.  So ttlMs and cacheScope are put
 * before this only if call_is_cacheable().
 */
void call_put_tail(const struct mcp_exchange *x, struct buf *out);
bool call_is_cacheable(const struct mcp_exchange *x);

#endif
