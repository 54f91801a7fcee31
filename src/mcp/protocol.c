#include "mcp/protocol.h"

#include <string.h>

static const char *const names[] = {
    [MCP_UNKNOWN] = "",
    [MCP_2025_03_26] = "2025-03-26",
    [MCP_2025_06_18] = "2025-06-18",
    [MCP_2025_11_25] = "2025-11-25",
    [MCP_2026_07_28] = MCP_MODERN_VERSION,
};

const char *
mcp_protocol_name(enum mcp_protocol protocol)
{
	return names[protocol];
}

enum mcp_protocol
mcp_protocol_parse(struct slice text)
{
	for (size_t i = MCP_2025_03_26; i < ARRAY_LEN(names); i++) {
		if (slice_is(text, names[i]))
			return (enum mcp_protocol)i;
	}
	return MCP_UNKNOWN;
}

static bool
is_date(struct slice text)
{
	if (text.len != strlen("2026-07-28"))
		return false;
	for (size_t i = 0; i < text.len; i++) {
		bool is_dash = i == 4 || i == 7;

		if (is_dash ? text.ptr[i] != '-' : text.ptr[i] < '0' || text.ptr[i] > '9')
			return false;
	}
	return true;
}

/* ISO dates sort like text. */
bool
mcp_protocol_is_modern_text(struct slice text)
{
	return is_date(text) && memcmp(text.ptr, MCP_MODERN_VERSION, text.len) >= 0;
}
