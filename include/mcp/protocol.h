/*
 * protocol.h - the revisions of MCP that are served
 */
#ifndef MCP_PROTOCOL_H
#define MCP_PROTOCOL_H

#include <stdbool.h>

#include "base/slice.h"

enum mcp_protocol { MCP_UNKNOWN = 0, MCP_2025_03_26, MCP_2025_06_18, MCP_2025_11_25, MCP_2026_07_28 };

#define MCP_LATEST_LEGACY MCP_2025_11_25
#define MCP_MODERN_VERSION "2026-07-28"

const char *mcp_protocol_name(enum mcp_protocol protocol);
enum mcp_protocol mcp_protocol_parse(struct slice text); /* MCP_UNKNOWN when it is not served */

/* Names the modern era: 2026-07-28 or any later date. */
bool mcp_protocol_is_modern_text(struct slice text);

#endif
