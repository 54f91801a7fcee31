/*
 * lists.h - lists of rows: rendered once for each revision, one page, cut to what the caller may use (private to mcp/)
 */
#ifndef MCP_LISTS_H
#define MCP_LISTS_H

#include "exchange.h"

#define LISTS_TTL_MS 300000

/* One element as this revision knows it: a new reference, or NULL without memory. */
typedef json_t *(*list_item_fn)(const struct action_registry *registry, size_t index, enum mcp_protocol protocol);

/*
 * Fills *list, which is zeroed but for action_of, with {"KEY":[n elements]...} for every revision.  Elements are made
 * for two of them: those since 2025-06-18 are the same.  ERR_NOMEM, ERR_LIMIT; list_fini() in any case.
 */
int list_render(struct mcp_server *server, struct list *list, const char *key, size_t n, list_item_fn item) MUST_CHECK;
void list_fini(struct list *list);

/* The result that a revision gets, of all elements. */
struct slice list_text(const struct list *list, enum mcp_protocol protocol);

/*
 * Answers with the list of this revision: the elements whose action is for the caller.  It is one page, so no
 * cursor was ever given out.
 */
void list_serve(struct mcp_exchange *x, const struct list *list);

void lists_refuse_cursor(struct mcp_exchange *x);

#endif
