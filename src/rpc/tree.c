/*
 * tree.c - the parts of a message that are wanted as trees
 */
#include "base/err.h"
#include "json/parse.h"
#include "rpc/message.h"

static int
read_tree(struct slice text, const struct json_limits *limits, json_t **tree_r, struct rpc_fault *fault)
{
	struct err err;
	int r;

	r = json_parse(text, limits, tree_r, &err);
	switch (r) {
	case 0:
		return 0;
	case ERR_EXISTS:
		return rpc_fault_set_envelope(fault, RPC_INVALID_REQUEST, NULL, "%.240s", err.text);
	case ERR_NOMEM:
		return rpc_fault_set(fault, RPC_INTERNAL_ERROR, NULL, "The server is out of memory; try again later.");
	default:
		return rpc_fault_set_envelope(fault, RPC_PARSE_ERROR, NULL, "%.240s", err.text);
	}
}

int
rpc_params(const struct rpc_message *msg, const struct json_limits *limits, json_t **params_r, struct rpc_fault *fault)
{
	struct slice text = msg->params.len > 0 ? msg->params : SLICE_LIT("{}");

	return read_tree(text, limits, params_r, fault);
}

int
rpc_view(const struct rpc_message *msg, const struct json_limits *limits, struct json_view *view_r, json_t **tree_r,
	 struct rpc_fault *fault)
{
	int r;

	*tree_r = NULL;
	*view_r = msg->given;
	if (msg->is_plain)
		return 0;
	r = rpc_params(msg, limits, tree_r, fault);
	*view_r = json_view_of(*tree_r);
	return r;
}

int
rpc_response(const struct rpc_message *msg, const struct json_limits *limits, json_t **value_r, bool *is_error_r,
	     struct rpc_fault *fault)
{
	must(msg->kind == RPC_RESPONSE);
	*is_error_r = msg->error.len > 0;
	return read_tree(*is_error_r ? msg->error : msg->result, limits, value_r, fault);
}
