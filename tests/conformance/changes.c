/*
 * changes.c - tools that tell all who watch that something has changed
 */
#include "fixtures.h"

#include "action/change.h"

static int
tell(struct action_call *call, enum action_change_kind kind, struct slice uri, json_t **result_r, struct fault *fault)
{
	struct action_change change = {.kind = kind, .uri = uri, .principal = SLICE_NONE};

	if (call->env->on_change != NULL)
		call->env->on_change(call->env->watcher, &change);
	return fixture_give_text(result_r, fault, "All who watch have been told.");
}

static int
run_tools(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	(void)params;
	return tell(call, ACTION_CHANGE_TOOLS, SLICE_NONE, result_r, fault);
}

static int
run_prompts(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	(void)params;
	return tell(call, ACTION_CHANGE_PROMPTS, SLICE_NONE, result_r, fault);
}

static int
run_resources(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	(void)params;
	return tell(call, ACTION_CHANGE_RESOURCES, SLICE_NONE, result_r, fault);
}

static int
run_resource(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	(void)params;
	return tell(call, ACTION_CHANGE_RESOURCE, SLICE_LIT(FIXTURE_WATCHED), result_r, fault);
}

static const struct action rows[] = {
    {FIXTURE_TOOL("test_trigger_tool_change", "Tools change", "The list of tools counts as changed.", run_tools)},
    {FIXTURE_TOOL("test_trigger_prompt_change", "Prompts change", "The list of prompts counts as changed.",
		  run_prompts)},
    {FIXTURE_TOOL("test_trigger_resource_list_change", "Resources change", "The list of resources counts as changed.",
		  run_resources)},
    {FIXTURE_TOOL("test_trigger_resource_change", "A resource changes",
		  "The resource " FIXTURE_WATCHED " counts as changed.", run_resource)},
};

const struct action_table fixture_change_table = {rows, ARRAY_LEN(rows)};
