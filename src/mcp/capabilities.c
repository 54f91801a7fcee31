#include "capabilities.h"

bool
capabilities_has_prompts(const struct mcp_server *server)
{
	return action_registry_prompt_count(server->options.registry) > 0;
}

bool
capabilities_has_resources(const struct mcp_server *server)
{
	return action_registry_resource_count(server->options.registry) > 0;
}

bool
capabilities_has_completions(const struct mcp_server *server)
{
	return capabilities_has_prompts(server) || capabilities_has_resources(server);
}

static void
write_flags(struct json_writer *w, const char *name, const char *flags)
{
	json_write_key_raw(w, name, slice_from_str(flags));
}

void
capabilities_write(struct json_writer *w, const struct mcp_server *server, enum method_era era)
{
	json_write_key(w, "capabilities");
	json_write_begin_object(w);
	write_flags(w, "tools", "{\"listChanged\":true}");
	if (capabilities_has_prompts(server))
		write_flags(w, "prompts", "{\"listChanged\":true}");
	if (capabilities_has_resources(server))
		write_flags(w, "resources", "{\"subscribe\":true,\"listChanged\":true}");
	if (capabilities_has_completions(server))
		write_flags(w, "completions", "{}");
	if (era == METHOD_LEGACY)
		write_flags(w, "logging", "{}");
	json_write_end(w);
}
