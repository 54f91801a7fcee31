/*
 * tools.c - `magento-mcp tools`: what clients get, straight from the actions' rows
 */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "action/registry.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "json/write.h"

#define JSON_MAX (4 * 1024 * 1024)
#define OPTION_JSON OPTIONS_FIRST_OWN

static const char *
tier_name(enum action_tier tier)
{
	static const char *const names[] = {
	    [ACTION_SAFE] = "Safe", [ACTION_RISK] = "Risk", [ACTION_CRITICAL] = "Critical"};

	return names[tier];
}

static json_t *
describe(const struct action_registry *registry, size_t index)
{
	const struct action *action = action_registry_at(registry, index);

	return json_pack("{s:s, s:s, s:s, s:s, s:i, s:s, s:b, s:s*, s:o, s:o, s:{s:b, s:b, s:b, s:b}}", "name",
	    action_registry_tool_name(registry, index), "action", action->name, "title", action->title, "description",
	    action->description, "tier", (int)action->tier, "tier_name", tier_name(action->tier), "requires_login",
	    (action->flags & ACTION_NEEDS_LOGIN) != 0, "scope", action->scope, "inputSchema", action_input_schema(action),
	    "outputSchema", action_output_schema(action), "annotations", "readOnlyHint",
	    (action->flags & ACTION_READ_ONLY) != 0, "destructiveHint", (action->flags & ACTION_DESTRUCTIVE) != 0,
	    "idempotentHint", (action->flags & ACTION_IDEMPOTENT) != 0, "openWorldHint",
	    (action->flags & ACTION_OPEN_WORLD) != 0);
}

static int
print_json(const struct action_registry *registry)
{
	json_t *list = json_array();
	struct buf out;
	int r = list != NULL ? 0 : -1;

	buf_init(&out, JSON_MAX);
	for (size_t i = 0; r == 0 && i < action_registry_count(registry); i++)
		r = json_array_append_new(list, describe(registry, i));
	if (r == 0)
		r = json_dump_to(&out, list);
	if (r == 0)
		puts(buf_cstr(&out));
	json_decref(list);
	buf_fini(&out);
	return r;
}

static int
print_table(const struct action_registry *registry)
{
	for (size_t i = 0; i < action_registry_count(registry); i++) {
		const struct action *action = action_registry_at(registry, i);

		printf("%-28s %-8s %s\n", action_registry_tool_name(registry, i), tier_name(action->tier), action->title);
	}
	return 0;
}

static int
take_option(void *ctx, int val, const char *arg, struct err *err)
{
	bool *as_json = ctx;

	(void)val;
	(void)arg;
	(void)err;
	*as_json = true;
	return 0;
}

int
cli_tools(int argc, char **argv)
{
	static const struct option extra[] = {{"json", no_argument, NULL, OPTION_JSON}, {NULL, 0, NULL, 0}};
	bool as_json = false;
	const struct options_spec spec = {
	    .usage = "tools [--json]",
	    .help = "Lists the tools that MCP clients get.\n  --json   with descriptions and schemas",
	    .extra = extra,
	    .take = take_option,
	    .ctx = &as_json,
	};
	struct action_registry *registry;
	struct options options;
	int status = options_parse(argc, argv, &spec, &options);

	if (status >= 0)
		return status;
	registry = action_registry_new_magento();
	status = registry != NULL && (as_json ? print_json(registry) : print_table(registry)) == 0 ? OPTIONS_FINE : OPTIONS_RETRY;
	if (status != OPTIONS_FINE)
		options_complain("out of memory");
	action_registry_free(&registry);
	return status;
}
