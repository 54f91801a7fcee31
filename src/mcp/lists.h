/*
 * lists.h - lists that are the same for every caller: rendered once for each revision, one page (private to mcp/)
 */
#ifndef MCP_LISTS_H
#define MCP_LISTS_H

#include "exchange.h"

#define LISTS_TTL_MS 300000

/* One element as this revision knows it: a new reference, or NULL without memory. */
typedef json_t *(*lists_item_fn)(const struct action_registry *registry, size_t index, enum mcp_protocol protocol);

/* Fills lists[] with {"KEY":[n elements]...} for every revision.  ERR_NOMEM, ERR_LIMIT. */
int lists_render(struct mcp_server *server, struct buf *lists, const char *key, size_t n,
		 lists_item_fn item) MUST_CHECK;

/* Answers with the list of this revision.  It is one page, so no cursor was ever given out. */
void lists_serve(struct mcp_exchange *x, const struct buf *lists);

void lists_refuse_cursor(struct mcp_exchange *x);

#endif
