/*
 * methods.h - which methods there are, in which era, and who serves them (private to mcp/)
 */
#ifndef MCP_METHODS_H
#define MCP_METHODS_H

#include <stdbool.h>

#include "exchange.h"

enum method_era { METHOD_LEGACY = 1 << 0, METHOD_MODERN = 1 << 1, METHOD_BOTH = METHOD_LEGACY | METHOD_MODERN };
#define METHOD_TREE (1 << 2) /* is served with x->params made */

struct method {
	const char *name;
	unsigned flags;		/* enum method_era bits, METHOD_TREE */
	const char *name_param; /* the member of params that Mcp-Name repeats, or NULL */
	bool (*is_offered)(const struct mcp_server *server); /* NULL: always; else as advertised */
	void (*serve)(struct mcp_exchange *x);
};

/* NULL: this era has no such method, or this product offers nothing behind it. */
const struct method *method_find(const struct mcp_server *server, enum method_era era, const char *name);

#endif
