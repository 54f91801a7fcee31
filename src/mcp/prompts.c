/*
 * prompts.c - prompts/list and prompts/get, for both eras
 */
#include "call.h"
#include "offer.h"
#include "json/get.h"
#include "lists.h"

/* ---- prompts/list ---- */

static json_t *
render_argument(const struct action_prompt_argument *argument, enum mcp_protocol protocol)
{
	json_t *tree = json_pack("{s:s, s:b}", "name", argument->name, "required", argument->required);
	int r = offer_put_text(tree, "description", argument->description);

	if (r == 0 && protocol >= MCP_2025_06_18)
		r = offer_put_text(tree, "title", argument->title);
	if (r != 0) {
		json_decref(tree);
		return NULL;
	}
	return tree;
}

static int
put_arguments(json_t *tree, const struct action_prompt *prompt, enum mcp_protocol protocol)
{
	json_t *list;

	if (prompt->n_arguments == 0)
		return 0;
	list = json_array();
	for (size_t i = 0; i < prompt->n_arguments; i++) {
		if (json_array_append_new(list, render_argument(&prompt->arguments[i], protocol)) < 0) {
			json_decref(list);
			return -1;
		}
	}
	return json_object_set_new(tree, "arguments", list);
}

static json_t *
render_prompt(const struct action_registry *registry, size_t index, enum mcp_protocol protocol)
{
	const struct action_prompt *prompt = action_registry_prompt_at(registry, index);
	json_t *tree = json_pack("{s:s, s:s}", "name", prompt->name, "description", prompt->action.description);
	int r = tree != NULL ? 0 : -1;

	if (protocol >= MCP_2025_06_18 && prompt->action.title != NULL)
		r |= json_object_set_new(tree, "title", json_string(prompt->action.title));
	r |= put_arguments(tree, prompt, protocol);
	if (r != 0) {
		json_decref(tree);
		return NULL;
	}
	return tree;
}

static const struct action *
action_of(const struct action_registry *registry, size_t index)
{
	return &action_registry_prompt_at(registry, index)->action;
}

int
prompts_render_lists(struct mcp_server *server)
{
	server->prompts.action_of = action_of;
	return list_render(server, &server->prompts, "prompts", action_registry_prompt_count(server->options.registry),
			   render_prompt);
}

void
prompts_serve_list(struct mcp_exchange *x)
{
	list_serve(x, &x->server->prompts);
}

/* ---- prompts/get ---- */

static void
on_done(struct mcp_exchange *x, const struct action_outcome *outcome)
{
	if (outcome->fault != NULL)
		offer_refuse(x, outcome->fault, NULL);
	else
		exchange_answer_tree(x, json_incref(outcome->result));
}

/* values are strings, and what is required is there. */
static int
check_arguments(const struct action_prompt *prompt, const json_t *given, struct rpc_fault *fault)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)given, name, value)
	{
		if (!json_is_string(value))
			return rpc_fault_set(fault, RPC_INVALID_PARAMS, NULL,
					     "params.arguments.%.64s must be a string.", name);
	}
	for (size_t i = 0; i < prompt->n_arguments; i++) {
		const struct action_prompt_argument *argument = &prompt->arguments[i];

		if (argument->required && json_object_get(given, argument->name) == NULL)
			return rpc_fault_set(fault, RPC_INVALID_PARAMS, NULL, "The prompt %s needs the argument %s.",
					     prompt->name, argument->name);
	}
	return 0;
}

static void
run_prompt(struct mcp_exchange *x, const struct action_prompt *prompt, json_t *given)
{
	json_t *arguments = offer_arguments(x, given != NULL ? json_incref(given) : json_object(),
					    json_get_str(given, "session", NULL));

	if (arguments != NULL)
		call_run(x, &prompt->action, json_view_of(arguments), on_done);
	else
		exchange_answer_shortage(x);
	json_decref(arguments);
}

void
prompts_serve_get(struct mcp_exchange *x)
{
	struct slice name = json_get_slice(x->params, "name");
	json_t *given = json_object_get(x->params, "arguments");
	const struct action_prompt *prompt;
	struct rpc_fault fault;

	rpc_fault_init(&fault);
	if (given != NULL && !json_is_object(given)) {
		exchange_answer_invalid(x, "params.arguments must be an object.");
		return;
	}
	prompt = name.ptr != NULL ? action_registry_find_prompt(x->server->options.registry, name) : NULL;
	if (prompt == NULL)
		exchange_answer_invalid(x, "There is no such prompt. See prompts/list.");
	else if (check_arguments(prompt, given, &fault) < 0)
		exchange_answer_fault(x, &fault);
	else
		run_prompt(x, prompt, given);
}
