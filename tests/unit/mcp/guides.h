/*
 * guides.h - a few prompts and resources, so that the protocol core is tested without a shop
 *
 *	prompt greet        says its arguments and whose login it runs with
 *	prompt ask          asks the user for a name first
 *	prompt fail         is refused with the fault that its argument names by number
 *	test://fixed        the same for everybody
 *	test://items/{id}{?session,deep}  120 of them are listed; tells its params; asks for "ask"; refuses 404 and such
 */
#ifndef TEST_MCP_GUIDES_H
#define TEST_MCP_GUIDES_H

#include "action/product.h"
#include "actions.h"
#include "json/write.h"

#define ITEMS 120

static inline json_t *
message_of(const char *text)
{
	return json_pack("{s:[{s:s, s:{s:s, s:s}}]}", "messages", "role", "user", "content", "type", "text", "text",
			 text);
}

static inline int
run_greet(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	char text[1024];

	snprintf(text, sizeof(text), "%s, %s! %s", json_get_str(params, "mood", "Hello"),
		 json_get_str(params, "name", ""), call->has_login ? call->login.username : "nobody");
	return finished(message_of(text), result_r, fault);
}

/* The name that the user gives; 0 with a reference to the answers. */
static inline int
ask_for_name(struct action_call *call, json_t **answers_r, struct fault *fault)
{
	json_t *params =
	    json_pack("{s:s, s:s, s:{s:s, s:{s:{s:s}}, s:[s]}}", "mode", "form", "message", "Who?", "requestedSchema",
		      "type", "object", "properties", "name", "type", "string", "required", "name");
	const struct action_question question = {.key = "who", .kind = ACTION_ELICIT_FORM, .params = params};
	int r =
	    params != NULL ? action_ask(call, &question, 1, NULL, answers_r, fault) : finished(NULL, answers_r, fault);

	json_decref(params);
	return r;
}

static inline int
run_ask_name(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	json_t *answers = NULL;
	int r = ask_for_name(call, &answers, fault);

	(void)params;
	if (r == 0)
		r = finished(
		    message_of(json_get_str(json_object_get(json_object_get(answers, "who"), "content"), "name", "?")),
		    result_r, fault);
	json_decref(answers);
	return r;
}

static inline int
run_fail(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	(void)call, (void)result_r;
	return fault_set(fault, (enum fault_code)atoi(json_get_str(params, "code", "0")), json_pack("{s:i}", "x", 1),
			 "It failed. Do better.");
}

static inline int
complete_mood(struct action_call *call, const char *prefix, const json_t *chosen, struct action_completions *out,
	      struct fault *fault)
{
	static const char *const moods[] = {"Good day", "Good night", "Hello"};

	(void)fault;
	for (size_t i = 0; i < ARRAY_LEN(moods); i++) {
		if (strncmp(moods[i], prefix, strlen(prefix)) == 0)
			json_array_append_new(out->values, json_string(moods[i]));
	}
	if (call->has_login)
		json_array_append_new(out->values, json_string(call->login.username));
	if (json_get_str(chosen, "name", NULL) != NULL)
		json_array_append(out->values, json_object_get(chosen, "name"));
	out->has_total = true;
	out->total = json_array_size(out->values);
	return 0;
}

static inline int
complete_hidden(struct action_call *call, const char *prefix, const json_t *chosen, struct action_completions *out,
		struct fault *fault)
{
	(void)call, (void)prefix, (void)chosen;
	json_array_append_new(out->values, json_string("secret"));
	return fault_set(fault, FAULT_FORBIDDEN, NULL, "You may not see that. Ask the operator.");
}

static const struct action_prompt_argument greet_arguments[] = {
    {"name", "Name", "Who is greeted", true, complete_hidden},
    {"mood", NULL, "How", false, complete_mood},
    {"session", NULL, "Handle", false, NULL},
};
static const struct action_prompt_argument fail_arguments[] = {{"code", NULL, NULL, true, NULL}};
static const struct json_prop greet_props[] = {
    {"name", &any_text, true, NULL}, {"mood", &any_text, false, NULL}, {"session", &any_text, false, NULL}, {0}};
static const struct json_schema greet_params = {.type = JSON_T_OBJECT, .props = greet_props};
static const struct json_prop fail_props[] = {{"code", &any_text, true, NULL}, {0}};
static const struct json_schema fail_params = {.type = JSON_T_OBJECT, .props = fail_props};

static const struct action_prompt guide_prompts[] = {
    {.name = "greet",
     .action = {TEST_ACTION("prompts.greet", ACTION_TAKES_LOGIN | ACTION_TAKES_SECRETS, &greet_params, run_greet)},
     .arguments = greet_arguments,
     .n_arguments = ARRAY_LEN(greet_arguments)},
    {.name = "ask", .action = {TEST_ACTION("prompts.ask", 0, &no_params, run_ask_name)}},
    {.name = "fail",
     .action = {TEST_ACTION("prompts.fail", 0, &fail_params, run_fail)},
     .arguments = fail_arguments,
     .n_arguments = ARRAY_LEN(fail_arguments)},
};
static const struct action_prompt_table guide_prompt_table = {guide_prompts, ARRAY_LEN(guide_prompts)};
static const struct action_prompt_table *const guide_prompt_tables[] = {&guide_prompt_table, NULL};

/* ---- resources ---- */

static inline int
give_params(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	struct buf text;
	int r;

	buf_init(&text, 4096);
	r = json_dump_to(&text, params);
	r = finished(r == 0 ? json_pack("{s:[{s:O, s:s, s:s+++}]}", "contents", "uri", json_object_get(params, "uri"),
					"mimeType", "text/plain", "text",
					call->has_login ? call->login.username : "nobody", " ", buf_cstr(&text), "")
			    : NULL,
		     result_r, fault);
	buf_fini(&text);
	return r;
}

static inline int
run_item(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	const char *id = json_get_str(params, "id", "");
	json_t *answers = NULL;
	int r = 0;

	if (strcmp(id, "gone") == 0)
		return fault_set(fault, FAULT_PLAN_EXPIRED, NULL, "It ran out. Make it again.");
	if (strcmp(id, "broken") == 0)
		return fault_set(fault, FAULT_MAGENTO_API_ERROR, NULL, "The shop does not answer. Try later.");
	if (strcmp(id, "ask") == 0)
		r = ask_for_name(call, &answers, fault);
	json_decref(answers);
	return r == 0 ? give_params(call, params, result_r, fault) : -1;
}

static inline int
list_items(struct action_call *call, uint32_t from, uint32_t max, json_t *list, bool *has_more_r, struct fault *fault)
{
	(void)call;
	for (uint32_t i = from; i < ITEMS && i - from < max; i++) {
		if (json_array_append_new(list, json_pack("{s:o, s:s, s:s}", "uri", json_sprintf("test://items/%u", i),
							  "name", "item", "title", "An item")) < 0)
			return fault_set(fault, FAULT_INTERNAL_ERROR, NULL, "Out of memory. Try again later.");
	}
	*has_more_r = from + max < ITEMS;
	return 0;
}

static const struct json_prop item_props[] = {
    {"uri", &any_text, true, NULL}, {"id", &any_text, true, NULL}, {"deep", &any_text, false, NULL}, {0}};
static const struct json_schema item_params = {.type = JSON_T_OBJECT, .props = item_props};
static const struct json_prop fixed_props[] = {{"uri", &any_text, true, NULL}, {0}};
static const struct json_schema fixed_params = {.type = JSON_T_OBJECT, .props = fixed_props};
static const struct action_resource_variable item_variables[] = {{"id", complete_mood}, {"session", NULL}};

static const struct action_resource guide_resources[] = {
    {.uri = "test://fixed",
     .name = "fixed",
     .mime_type = "text/plain",
     .is_public = true,
     .action = {TEST_ACTION("resources.fixed", 0, &fixed_params, give_params)}},
    {.uri_template = "test://items/{id}{?session,deep}",
     .name = "items",
     .list = list_items,
     .can_watch = true,
     .action = {TEST_ACTION("resources.items", ACTION_TAKES_LOGIN, &item_params, run_item)},
     .variables = item_variables,
     .n_variables = ARRAY_LEN(item_variables)},
};
static const struct action_resource_table guide_resource_table = {guide_resources, ARRAY_LEN(guide_resources)};
static const struct action_resource_table *const guide_resource_tables[] = {&guide_resource_table, NULL};

static const struct action_table *const guide_tool_tables[] = {&test_table, NULL};
static const struct action_product guide_product = {
    .name = "guide-server",
    .title = "A test product with prompts and resources",
    .tools = guide_tool_tables,
    .prompts = guide_prompt_tables,
    .resources = guide_resource_tables,
};
#define WORLD_PRODUCT (&guide_product) /* for world.h */

#endif
