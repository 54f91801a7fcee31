/*
 * offer.h - what prompts, resources and completions have in common (private to mcp/)
 */
#ifndef MCP_OFFER_H
#define MCP_OFFER_H

#include "exchange.h"

/* The key of params._meta that names a login, as the argument `session` does for tools. */
#define OFFER_META_SESSION "io.github.magento-mcp/session"

/*
 * {"params":params,"session":handle} for call_run(): params is taken; the handle is `named`, or else the one in _meta.
 * NULL without memory.
 */
json_t *offer_arguments(const struct mcp_exchange *x, json_t *params, const char *named) MUST_CHECK;

/* A member with a text; none for NULL.  -1 without memory, also when there is no tree. */
int offer_put_text(json_t *tree, const char *key, const char *text) MUST_CHECK;

/*
 * Answers a refusal as a JSON-RPC error: what the caller can mend is -32602, our own and the shop's trouble -32603
 * .  `data` is taken and completed by {"code","details"?}; may be NULL.
 */
void offer_refuse(struct mcp_exchange *x, const struct fault *fault, json_t *data);

/* The same with a given code. */
void offer_refuse_as(struct mcp_exchange *x, int rpc_code, const struct fault *fault, json_t *data);

#endif
