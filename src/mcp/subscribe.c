/*
 * subscribe.c - resources/subscribe and resources/unsubscribe of the legacy eras
 *
 * What a session is subscribed to stands in the shared table, so any worker may be asked and any may tell.
 */
#include <string.h>

#include "base/err.h"
#include "json/get.h"
#include "watch.h"

static void
refuse(struct mcp_exchange *x, int code, json_t *data, const char *text)
{
	struct rpc_fault fault;

	rpc_fault_init(&fault);
	rpc_fault_set(&fault, code, data, "%s", text);
	exchange_answer_fault(x, &fault);
}

bool
subscribe_can_watch(const struct mcp_server *server, struct slice uri)
{
	const struct action_resource *resource = NULL;

	return action_registry_find_resource(server->options.registry, uri, &resource, NULL) == 0 &&
	       resource->can_watch;
}

static void
add(struct mcp_exchange *x, struct slice uri)
{
	int r = mcp_session_subscribe(x->server->options.env->sessions, slice_from_str(x->request.principal->name),
				      slice_from_str(x->session_id), x->server->now, uri);

	if (r == 0)
		exchange_answer_result(x, SLICE_LIT("{}"));
	else if (r == ERR_LIMIT)
		refuse(x, RPC_INVALID_PARAMS, NULL,
		       "A session can be subscribed to 32 resources. Send resources/unsubscribe for one of them.");
	else
		refuse(x, RPC_INVALID_REQUEST, NULL, "This session has ended.");
}

void
subscribe_serve_add(struct mcp_exchange *x)
{
	struct slice uri = json_get_slice(x->params, "uri");

	if (uri.ptr == NULL)
		refuse(x, RPC_INVALID_PARAMS, NULL, "params.uri must be the URI of a resource.");
	else if (!subscribe_can_watch(x->server, uri))
		refuse(x, RPC_RESOURCE_NOT_FOUND, json_pack("{s:s%}", "uri", uri.ptr, uri.len),
		       "There is no such resource that can be watched. See resources/list and "
		       "resources/templates/list.");
	else
		add(x, uri);
}

void
subscribe_serve_remove(struct mcp_exchange *x)
{
	struct slice uri = json_get_slice(x->params, "uri");

	if (uri.ptr == NULL) {
		refuse(x, RPC_INVALID_PARAMS, NULL, "params.uri must be the URI of a resource.");
		return;
	}
	(void)mcp_session_unsubscribe(x->server->options.env->sessions, slice_from_str(x->request.principal->name),
				      slice_from_str(x->session_id), x->server->now, uri);
	exchange_answer_result(x, SLICE_LIT("{}"));
}
