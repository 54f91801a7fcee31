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
#define OPTION_MARKDOWN (OPTIONS_FIRST_OWN + 1)

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

	return json_pack(
	    "{s:s, s:s, s:s, s:s, s:i, s:s, s:b, s:s*, s:o, s:o, s:{s:b, s:b, s:b, s:b}}", "name",
	    action_registry_tool_name(registry, index), "action", action->name, "title", action->title, "description",
	    action->description, "tier", (int)action->tier, "tier_name", tier_name(action->tier), "requires_login",
	    (action->flags & ACTION_NEEDS_LOGIN) != 0, "scope", action->scope, "inputSchema",
	    action_input_schema(action), "outputSchema", action_output_schema(action), "annotations", "readOnlyHint",
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

		printf("%-36s %-8s %s\n", action_registry_tool_name(registry, i), tier_name(action->tier),
		       action->title);
	}
	return 0;
}

/* ---- Markdown: the same rows as a page for people ---- */

static const char *
type_of(const json_t *schema)
{
	const json_t *type = json_object_get(schema, "type");

	if (json_is_string(type))
		return json_string_value(type);
	return json_is_array(type) ? json_string_value(json_array_get(type, 0)) : "any";
}

static bool
is_required(const json_t *schema, const char *name)
{
	const json_t *required = json_object_get(schema, "required");

	for (size_t i = 0; i < json_array_size(required); i++) {
		if (strcmp(json_string_value(json_array_get(required, i)), name) == 0)
			return true;
	}
	return false;
}

static void
print_params(const json_t *params)
{
	const char *name;
	json_t *schema;

	if (json_object_size(json_object_get(params, "properties")) == 0) {
		printf("No parameters.\n\n");
		return;
	}
	printf("| Parameter | Type | Needed | |\n|---|---|---|---|\n");
	json_object_foreach(json_object_get(params, "properties"), name, schema)
	{
		const char *text = json_string_value(json_object_get(schema, "description"));

		printf("| `%s` | %s | %s | %s |\n", name, type_of(schema), is_required(params, name) ? "yes" : "",
		       text != NULL ? text : "");
	}
	printf("\n");
}

static void
print_traits(const struct action *action)
{
	printf("%s.%s%s%s%s%s%s\n\n", tier_name(action->tier),
	       action->flags & ACTION_NEEDS_LOGIN ? " Needs a login." : "",
	       action->flags & ACTION_READ_ONLY ? " Changes nothing." : "",
	       action->flags & ACTION_CONFIRM ? " Asks for confirmation." : "", action->scope != NULL ? " Scope `" : "",
	       action->scope != NULL ? action->scope : "", action->scope != NULL ? "`." : "");
}

static void
print_prompt(const struct action_prompt *prompt)
{
	printf("## %s\n\n%s\n\n| Argument | Needed | |\n|---|---|---|\n", prompt->name, prompt->action.description);
	for (size_t i = 0; i < prompt->n_arguments; i++) {
		const struct action_prompt_argument *argument = &prompt->arguments[i];

		printf("| `%s` | %s | %s%s |\n", argument->name, argument->required ? "yes" : "", argument->description,
		       argument->complete != NULL ? ". Values are suggested" : "");
	}
	printf("\n");
}

static const char *
resource_uri(const struct action_resource *resource)
{
	return resource->uri != NULL ? resource->uri : resource->uri_template;
}

static void
print_guides(const struct action_registry *registry)
{
	printf("# Prompts\n\n");
	for (size_t i = 0; i < action_registry_prompt_count(registry); i++)
		print_prompt(action_registry_prompt_at(registry, i));
	printf("# Resources\n\n| URI | Type | |\n|---|---|---|\n");
	for (size_t i = 0; i < action_registry_resource_count(registry); i++) {
		const struct action_resource *resource = action_registry_resource_at(registry, i);

		printf("| `%s` | %s | %s |\n", resource_uri(resource), resource->mime_type,
		       resource->action.description);
	}
}

static int
print_markdown(const struct action_registry *registry)
{
	printf(
	    "# Tools\n\nWritten by `make docs` from the rows that the server runs on. Parameters go into `params`, or "
	    "to the top of the "
	    "arguments; `session` beside them is the handle of `auth_login` for clients that keep no MCP session.\n\n");
	for (size_t i = 0; i < action_registry_count(registry); i++) {
		const struct action *action = action_registry_at(registry, i);
		json_t *schema = action_input_schema(action);

		if (schema == NULL)
			return -1;
		printf("## %s\n\n%s\n\n", action_registry_tool_name(registry, i), action->description);
		print_traits(action);
		print_params(json_object_get(json_object_get(schema, "properties"), "params"));
		json_decref(schema);
	}
	print_guides(registry);
	return 0;
}

/* ---- the command ---- */

enum form { FORM_TABLE, FORM_JSON, FORM_MARKDOWN };

static int
take_option(void *ctx, int val, const char *arg, struct err *err)
{
	enum form *form = ctx;

	(void)arg;
	(void)err;
	*form = val == OPTION_JSON ? FORM_JSON : FORM_MARKDOWN;
	return 0;
}

static int
print(const struct action_registry *registry, enum form form)
{
	switch (form) {
	case FORM_JSON:
		return print_json(registry);
	case FORM_MARKDOWN:
		return print_markdown(registry);
	case FORM_TABLE:
		break;
	}
	return print_table(registry);
}

int
cli_tools(int argc, char **argv)
{
	static const struct option extra[] = {{"json", no_argument, NULL, OPTION_JSON},
					      {"markdown", no_argument, NULL, OPTION_MARKDOWN},
					      {NULL, 0, NULL, 0}};
	enum form form = FORM_TABLE;
	const struct options_spec spec = {
	    .usage = "tools [--json|--markdown]",
	    .help = "Lists the tools that MCP clients get.\n  --json       with descriptions "
		    "and schemas\n  --markdown "
		    "  as a page of documentation",
	    .extra = extra,
	    .take = take_option,
	    .ctx = &form,
	};
	struct action_registry *registry;
	struct options options;
	int status = options_parse(argc, argv, &spec, &options);

	if (status >= 0)
		return status;
	registry = action_registry_new(&action_product_magento);
	status = registry != NULL && print(registry, form) == 0 ? OPTIONS_FINE : OPTIONS_RETRY;
	if (status != OPTIONS_FINE)
		options_complain("out of memory");
	action_registry_free(&registry);
	return status;
}
