/*
 * client.h - what the client of an exchange can be asked, and what it wants to hear while a call runs (private to mcp/)
 *
 * Modern: all of it comes from the request's own _meta.  Legacy: capabilities from initialize and the level
 * from logging/setLevel, both kept in the session; the progress token from the request.
 */
#ifndef MCP_CLIENT_H
#define MCP_CLIENT_H

#include <stdbool.h>

#include "action/peer.h"
#include "json/view.h"
#include "mcp/protocol.h"

struct mcp_exchange;

/* A string without a NUL. */
bool client_is_text(struct json_view value);

/* clientInfo with name and version. */
bool client_info_is_whole(struct json_view info);

/* ClientCapabilities as bits of enum action_question_kind, as far as the revision knows them. */
unsigned client_capabilities(struct json_view capabilities, enum mcp_protocol protocol);

/* The name of a level; 0, or ERR_INVALID. */
int client_log_level(struct json_view name, enum action_log_level *level_r) MUST_CHECK;

/* Reads params._meta.progressToken, which must be a string or an integer; anything else is no token. */
int client_read_progress_token(struct mcp_exchange *x) MUST_CHECK;

/* What goes into an action_request; its ctx is the exchange.  `ask` is not filled in. */
void client_fill_peer(struct mcp_exchange *x, struct action_peer *peer);

#endif
