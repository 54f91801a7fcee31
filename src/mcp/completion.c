/*
 * completion.c - completion/complete, for both eras
 */
#include <string.h>

#include "action/lookup.h"
#include "call.h"
#include "offer.h"
#include "json/get.h"
#include "session/quota.h"

#define PREFIX_MAX 512
#define PER_MINUTE 300 /* of one caller; a person types slower */
#define WINDOW_MS 60000

/* What is to be completed: a row's argument or variable, found by ref. */
struct target {
	bool is_known;	 /* the ref names a row */
	bool has_member; /* the row has such an argument */
	action_complete_fn complete;
};

static struct target
find_argument(const struct action_prompt *prompt, struct slice name)
{
	struct target target = {.is_known = prompt != NULL};

	for (size_t i = 0; prompt != NULL && i < prompt->n_arguments; i++) {
		if (slice_is(name, prompt->arguments[i].name))
			target = (struct target){true, true, prompt->arguments[i].complete};
	}
	return target;
}

static struct target
find_variable(const struct action_resource *resource, struct slice name)
{
	struct target target = {.is_known = resource != NULL};

	for (size_t i = 0; resource != NULL && i < resource->n_variables; i++) {
		if (slice_is(name, resource->variables[i].name))
			target = (struct target){true, true, resource->variables[i].complete};
	}
	return target;
}

/* By template, or by a URI that a template knows. */
static const struct action_resource *
find_row(const struct action_registry *registry, struct slice uri)
{
	const struct action_resource *row = action_registry_find_template(registry, uri);

	if (row == NULL && action_registry_find_resource(registry, uri, &row, NULL) < 0)
		return NULL;
	return row;
}

static struct target
find_target(const struct action_registry *registry, const json_t *ref, struct slice name)
{
	const char *type = json_get_str(ref, "type", "");

	if (strcmp(type, "ref/prompt") == 0 && json_get_slice(ref, "name").ptr != NULL)
		return find_argument(action_registry_find_prompt(registry, json_get_slice(ref, "name")), name);
	if (strcmp(type, "ref/resource") == 0 && json_get_slice(ref, "uri").ptr != NULL)
		return find_variable(find_row(registry, json_get_slice(ref, "uri")), name);
	return (struct target){.is_known = false};
}

static void
on_done(struct mcp_exchange *x, const struct action_outcome *outcome)
{
	if (outcome->fault != NULL)
		offer_refuse(x, outcome->fault, NULL);
	else
		exchange_answer_tree(x, json_pack("{s:O}", "completion", outcome->result));
}

static void
run_complete(struct mcp_exchange *x, action_complete_fn complete, const char *prefix, json_t *chosen)
{
	struct action_subject subject = {.complete = complete};
	json_t *params = json_pack("{s:s, s:O*}", "prefix", prefix, "chosen", chosen);
	json_t *arguments = offer_arguments(x, params, json_get_str(chosen, "session", NULL));

	if (arguments != NULL)
		call_look_up(x, &action_lookup_complete, subject, arguments, on_done);
	else
		exchange_answer_shortage(x);
	json_decref(arguments);
}

static void
answer_nothing(struct mcp_exchange *x)
{
	exchange_answer_tree(x, json_pack("{s:{s:[], s:b}}", "completion", "values", "hasMore", 0));
}

/* False: answered. */
static bool
has_quota(struct mcp_exchange *x)
{
	struct fault fault;
	uint64_t wait_ms = 0;
	char name[16 + SESSION_PRINCIPAL_MAX];
	int n = snprintf(name, sizeof(name), "complete:%s", x->request.principal->name);
	int r = quota_take(x->server->options.env->sessions, slice_of(name, (size_t)n), PER_MINUTE, WINDOW_MS,
			   x->request.now_mono_ms, &wait_ms);

	if (r == 0)
		return true;
	fault_init(&fault);
	fault_set(&fault, FAULT_RATE_LIMITED, json_pack("{s:I}", "retry_after_s", (json_int_t)((wait_ms + 999) / 1000)),
		  "Too many suggestions were asked for. Wait a moment, or type the value.");
	offer_refuse(x, &fault, NULL);
	fault_fini(&fault);
	return false;
}

void
completion_serve(struct mcp_exchange *x)
{
	const json_t *ref = json_get_object(x->params, "ref");
	const json_t *argument = json_get_object(x->params, "argument");
	json_t *chosen = json_get_object(json_get_object(x->params, "context"), "arguments");
	const char *prefix = json_get_str(argument, "value", NULL);
	struct slice name = json_get_slice(argument, "name");
	struct target target;

	if (ref == NULL || name.ptr == NULL || prefix == NULL) {
		exchange_answer_invalid(
		    x, "completion/complete needs params.ref and params.argument with name and value.");
		return;
	}
	target = find_target(x->server->options.registry, ref, name);
	if (!target.is_known)
		exchange_answer_invalid(x, "params.ref names no prompt or resource template. See prompts/list and "
					   "resources/templates/list.");
	else if (!target.has_member)
		exchange_answer_invalid(x, "params.argument.name is no argument of it.");
	else if (target.complete == NULL || strlen(prefix) > PREFIX_MAX)
		answer_nothing(x);
	else if (has_quota(x))
		run_complete(x, target.complete, prefix, chosen);
}
