/*
 * modern.c - 2026-07-28: every message stands alone
 *
 * The checks come in the order of R-013; each names the rule that it enforces.
 */
#include <string.h>

#include "client.h"
#include "exchange.h"
#include "header_value.h"
#include "methods.h"

#define META_CAPABILITIES "io.modelcontextprotocol/clientCapabilities"
#define META_LOG_LEVEL "io.modelcontextprotocol/logLevel"
#define META_CLIENT_INFO "io.modelcontextprotocol/clientInfo"

static int
mismatch(struct rpc_fault *fault, const char *header, const char *what)
{
	return rpc_fault_set(fault, RPC_HEADER_MISMATCH, NULL, "%s %s.", header, what);
}

static int
out_of_memory(struct rpc_fault *fault)
{
	return rpc_fault_set(fault, RPC_INTERNAL_ERROR, NULL, "The server is out of memory; try again later.");
}

/* */
static bool
has_headers(const struct mcp_exchange *x)
{
	return x->request.transport == MCP_HTTP;
}

/* */
static int
check_version(struct mcp_exchange *x, struct json_view claim, struct rpc_fault *fault)
{
	struct slice header = x->request.headers.protocol_version;
	struct slice claimed = json_view_text(claim);

	if (claimed.ptr == NULL) {
		return rpc_fault_set_envelope(fault, RPC_INVALID_PARAMS, NULL,
					      "params._meta io.modelcontextprotocol/protocolVersion must be a string.");
	}
	if (has_headers(x) && header.ptr == NULL)
		return mismatch(fault, "MCP-Protocol-Version", "is missing");
	if (has_headers(x) && (!header_value_is_plain(header) || !slice_eq(header, claimed)))
		return mismatch(fault, "MCP-Protocol-Version", "does not match the version in params._meta");
	if (!slice_is(claimed, MCP_MODERN_VERSION)) {
		return rpc_fault_set(
		    fault, RPC_VERSION_NOT_SERVED,
		    json_pack("{s:[s], s:s%}", "supported", MCP_MODERN_VERSION, "requested", claimed.ptr, claimed.len),
		    "This protocol version is not served statelessly.");
	}
	return 0;
}

/* */
static int
check_envelope(struct mcp_exchange *x, struct rpc_fault *fault)
{
	struct json_view info = json_view_get(x->meta, META_CLIENT_INFO);

	if (!json_view_is(json_view_get(x->meta, META_CAPABILITIES), JSON_KIND_OBJECT)) {
		return rpc_fault_set_envelope(fault, RPC_INVALID_PARAMS, NULL,
					      "params._meta " META_CAPABILITIES " is missing or not an object.");
	}
	if (json_view_is_there(info) && !client_info_is_whole(info)) {
		return rpc_fault_set_envelope(fault, RPC_INVALID_PARAMS, NULL,
					      "params._meta " META_CLIENT_INFO " must have a name and a version.");
	}
	return 0;
}

/* */
static int
check_method_header(struct mcp_exchange *x, struct rpc_fault *fault)
{
	struct slice header = x->request.headers.method;

	if (header.ptr == NULL)
		return mismatch(fault, "Mcp-Method", "is missing");
	if (!header_value_is_plain(header) || !slice_is(header, x->msg.method))
		return mismatch(fault, "Mcp-Method", "does not match the method of the message");
	return 0;
}

/* ERR_INVALID, ERR_NOMEM. */
static int
compare_name(struct slice header, struct slice name)
{
	struct slice value;
	struct buf room;
	bool equal;
	int r;

	buf_init(&room, header.len);
	r = header_value_decode(header, &room, &value);
	equal = r == 0 && slice_eq(value, name);
	buf_fini(&room);
	if (r < 0)
		return r;
	return equal ? 0 : ERR_INVALID;
}

/* */
static int
check_name_header(struct mcp_exchange *x, const char *member, struct rpc_fault *fault)
{
	struct slice header = x->request.headers.name;
	struct slice name = json_view_text(json_view_get(x->given, member));
	int r = 0;

	if (header.ptr == NULL)
		return mismatch(fault, "Mcp-Name", "is missing");
	if (!header_value_is_plain(header))
		return mismatch(fault, "Mcp-Name", "holds characters that a header cannot carry");
	if (name.ptr != NULL)
		r = compare_name(header, name);
	if (r == ERR_NOMEM)
		return out_of_memory(fault);
	return r < 0 ? mismatch(fault, "Mcp-Name", "does not match the name in params") : 0;
}

/* What the client can and wants to hear, of this request only. */
static int
read_client(struct mcp_exchange *x, struct rpc_fault *fault)
{
	struct json_view level = json_view_get(x->meta, META_LOG_LEVEL);

	x->can = client_capabilities(json_view_get(x->meta, META_CAPABILITIES), x->protocol);
	if (json_view_is_there(level) && client_log_level(level, &x->log_from) < 0) {
		return rpc_fault_set(fault, RPC_INVALID_PARAMS, NULL,
				     "params._meta " META_LOG_LEVEL " must be one of the eight syslog levels, such as "
				     "\"info\".");
	}
	return 0;
}

static int
check(struct mcp_exchange *x, struct json_view claim, const struct method **method_r, struct rpc_fault *fault)
{
	const struct method *method;

	if (check_version(x, claim, fault) < 0 || check_envelope(x, fault) < 0)
		return -1;
	if (has_headers(x) && check_method_header(x, fault) < 0)
		return -1;
	method = method_find(x->server, METHOD_MODERN, x->msg.method);
	if (method == NULL)
		return rpc_fault_set(fault, RPC_METHOD_NOT_FOUND, NULL, "There is no such method.");
	x->method = method->name;
	*method_r = method;
	if (has_headers(x) && method->name_param != NULL && check_name_header(x, method->name_param, fault) < 0)
		return -1;
	if ((method->flags & METHOD_TREE) && exchange_params(x) == NULL)
		return out_of_memory(fault);
	return read_client(x, fault);
}

void
modern_serve(struct mcp_exchange *x, struct json_view claim)
{
	const struct method *method = NULL;
	struct rpc_fault fault;

	x->protocol = MCP_2026_07_28;
	if (x->msg.kind == RPC_NOTIFICATION) { /* R-078; on stdio R-125 */
		exchange_take_cancellation(x);
		exchange_answer_empty(x, 202);
		return;
	}
	rpc_fault_init(&fault);
	if (check(x, claim, &method, &fault) < 0)
		exchange_answer_fault(x, &fault);
	else
		method->serve(x);
}
