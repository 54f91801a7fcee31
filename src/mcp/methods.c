#include "methods.h"

#include <string.h>

#include "capabilities.h"
#include "watch.h"

/* */
static void
serve_ping(struct mcp_exchange *x)
{
	exchange_answer_result(x, SLICE_LIT("{}"));
}

static void
serve_discover(struct mcp_exchange *x)
{
	exchange_answer_result(x, buf_slice(&x->server->discover));
}

static const struct method methods[] = {
    {"ping", METHOD_LEGACY, NULL, NULL, serve_ping},
    {"logging/setLevel", METHOD_LEGACY, NULL, NULL, legacy_serve_set_level},
    {"server/discover", METHOD_MODERN, NULL, NULL, serve_discover},
    {"tools/list", METHOD_BOTH, NULL, NULL, tools_serve_list},
    {"tools/call", METHOD_BOTH, "name", NULL, tools_serve_call},
    {"prompts/list", METHOD_BOTH, NULL, capabilities_has_prompts, prompts_serve_list},
    {"prompts/get", METHOD_BOTH | METHOD_TREE, "name", capabilities_has_prompts, prompts_serve_get},
    {"resources/list", METHOD_BOTH | METHOD_TREE, NULL, capabilities_has_resources, resources_serve_list},
    {"resources/templates/list", METHOD_BOTH, NULL, capabilities_has_resources, resources_serve_templates},
    {"resources/read", METHOD_BOTH | METHOD_TREE, "uri", capabilities_has_resources, resources_serve_read},
    {"resources/subscribe", METHOD_LEGACY | METHOD_TREE, NULL, capabilities_has_resources, subscribe_serve_add},
    {"resources/unsubscribe", METHOD_LEGACY | METHOD_TREE, NULL, capabilities_has_resources, subscribe_serve_remove},
    {"subscriptions/listen", METHOD_MODERN | METHOD_TREE, NULL, NULL, listen_serve},
    {"completion/complete", METHOD_BOTH | METHOD_TREE, NULL, capabilities_has_completions, completion_serve},
};

const struct method *
method_find(const struct mcp_server *server, enum method_era era, const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
		const struct method *method = &methods[i];

		if ((method->flags & era) != 0 && strcmp(method->name, name) == 0)
			return method->is_offered == NULL || method->is_offered(server) ? method : NULL;
	}
	return NULL;
}
