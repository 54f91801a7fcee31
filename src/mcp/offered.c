/*
 * offered.c - what this product offers that can change, and what it looks like
 */
#include <string.h>

#include "base/hash.h"
#include "capabilities.h"
#include "lists.h"
#include "watch.h"

unsigned
watch_offered(const struct mcp_server *server)
{
	unsigned kinds = WATCH_KIND(ACTION_CHANGE_TOOLS);

	if (capabilities_has_prompts(server))
		kinds |= WATCH_KIND(ACTION_CHANGE_PROMPTS);
	if (capabilities_has_resources(server))
		kinds |= WATCH_KIND(ACTION_CHANGE_RESOURCES) | WATCH_KIND(ACTION_CHANGE_RESOURCE);
	return kinds;
}

/* With its NUL, so that "ab","c" is not "a","bc". */
static uint32_t
mix(uint32_t seed, const char *text)
{
	return text != NULL ? hash_crc32c(seed, text, strlen(text) + 1) : hash_crc32c(seed, "\1", 1);
}

static uint32_t
mix_action(uint32_t seed, const struct action *action)
{
	return mix(mix(seed, action->title), action->description);
}

static uint32_t
digest_prompts(const struct action_product *product)
{
	uint32_t digest = 0;

	for (size_t t = 0; product->prompts[t] != NULL; t++) {
		for (size_t i = 0; i < product->prompts[t]->n; i++) {
			const struct action_prompt *prompt = &product->prompts[t]->rows[i];

			digest = mix_action(mix(digest, prompt->name), &prompt->action);
			for (size_t a = 0; a < prompt->n_arguments; a++)
				digest = mix(mix(digest, prompt->arguments[a].name), prompt->arguments[a].description);
		}
	}
	return digest;
}

static uint32_t
digest_resources(const struct action_product *product)
{
	uint32_t digest = 0;

	for (size_t t = 0; product->resources[t] != NULL; t++) {
		for (size_t i = 0; i < product->resources[t]->n; i++) {
			const struct action_resource *resource = &product->resources[t]->rows[i];

			digest = mix(mix(digest, resource->uri), resource->uri_template);
			digest = mix_action(mix(digest, resource->name), &resource->action);
		}
	}
	return digest;
}

void
watch_digest_lists(const struct mcp_server *server, uint64_t digests_r[static FRAME_LISTS_COUNT])
{
	struct slice tools = list_text(&server->tools, MCP_2026_07_28);

	digests_r[0] = hash_crc32c(server->options.env->config->server.read_only ? 1 : 0, tools.ptr, tools.len);
	digests_r[1] = digest_prompts(server->product);
	digests_r[2] = digest_resources(server->product);
}
