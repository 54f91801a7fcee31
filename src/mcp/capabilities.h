/*
 * capabilities.h - what this server offers, as it tells clients (private to mcp/)
 */
#ifndef MCP_CAPABILITIES_H
#define MCP_CAPABILITIES_H

#include <stdbool.h>

#include "exchange.h"
#include "json/write.h"
#include "methods.h"

bool capabilities_has_prompts(const struct mcp_server *server);
bool capabilities_has_resources(const struct mcp_server *server);

/* There are prompts or resources whose arguments can be suggested. */
bool capabilities_has_completions(const struct mcp_server *server);

/* Writes the member "capabilities". */
void capabilities_write(struct json_writer *w, const struct mcp_server *server, enum method_era era);

#endif
