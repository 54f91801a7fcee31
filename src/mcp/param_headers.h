/*
 * param_headers.h - arguments that travel in Mcp-Param-* too, so that a proxy can route by them (private to mcp/)
 *
 * A tool says so by "x-mcp-header" in its published schema; only one with a schema text of its own can.
 */
#ifndef MCP_PARAM_HEADERS_H
#define MCP_PARAM_HEADERS_H

#include <jansson.h>

#include "action/action.h"
#include "base/compiler.h"
#include "mcp/server.h"
#include "rpc/fault.h"

/* Field and argument are the same, or both are absent; else -1 with *fault. */
int param_headers_check(const struct mcp_headers *headers, const struct action *action, struct json_view arguments,
			struct rpc_fault *fault) MUST_CHECK;

#endif
