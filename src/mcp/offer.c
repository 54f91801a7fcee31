#include "offer.h"

#include "json/get.h"

json_t *
offer_arguments(const struct mcp_exchange *x, json_t *params, const char *named)
{
	json_t *arguments = params != NULL ? json_pack("{s:o}", "params", params) : NULL;
	json_t *handle = json_object_get(json_object_get(x->params, "_meta"), OFFER_META_SESSION);
	int r = 0;

	if (arguments == NULL)
		return NULL;
	if (named != NULL)
		r = json_object_set_new(arguments, "session", json_string(named));
	else if (handle != NULL)
		r = json_object_set(arguments, "session", handle);
	if (r < 0) {
		json_decref(arguments);
		return NULL;
	}
	return arguments;
}

/* Not json_pack()'s "s*": without memory that leaves the member out and calls it a success. */
int
offer_put_text(json_t *tree, const char *key, const char *text)
{
	if (tree == NULL)
		return -1;
	return text != NULL ? json_object_set_new(tree, key, json_string(text)) : 0;
}

/* ---- refusals ---- */

static int
rpc_code_of(enum fault_code code)
{
	switch (code) {
	case FAULT_MAGENTO_API_ERROR:
	case FAULT_FASTLY_API_ERROR:
	case FAULT_RATE_LIMITED:
	case FAULT_INTERNAL_ERROR:
		return RPC_INTERNAL_ERROR;
	default:
		return RPC_INVALID_PARAMS;
	}
}

void
offer_refuse_as(struct mcp_exchange *x, int rpc_code, const struct fault *fault, json_t *data)
{
	struct rpc_fault refusal;

	x->fault_code = (int)fault->code;
	if (data == NULL)
		data = json_object();
	json_object_set_new(data, "code", json_string(fault_code_name(fault->code)));
	if (fault->details != NULL)
		json_object_set(data, "details", fault->details);
	rpc_fault_init(&refusal);
	rpc_fault_set(&refusal, rpc_code, data, "%s", fault->message);
	exchange_answer_fault(x, &refusal);
}

void
offer_refuse(struct mcp_exchange *x, const struct fault *fault, json_t *data)
{
	offer_refuse_as(x, rpc_code_of(fault->code), fault, data);
}
