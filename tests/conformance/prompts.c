/*
 * prompts.c - prompts: with and without arguments, with each kind of content, and with a question
 */
#include "fixtures.h"

#include <stdio.h>
#include <string.h>

#define TEXT_MAX 2048

static json_t *
user_text(const char *text)
{
	return json_pack("{s:s, s:{s:s, s:s}}", "role", "user", "content", "type", "text", "text", text);
}

static int
run_simple(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	(void)call, (void)params;
	return fixture_give(json_pack("{s:[o]}", "messages", user_text("This is a simple prompt for testing.")),
			    result_r, fault);
}

static int
run_arguments(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	char text[TEXT_MAX];

	(void)call;
	snprintf(text, sizeof(text), "Prompt with arguments: arg1='%s', arg2='%s'", json_get_str(params, "arg1", ""),
		 json_get_str(params, "arg2", ""));
	return fixture_give(json_pack("{s:[o]}", "messages", user_text(text)), result_r, fault);
}

static int
run_resource(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	json_t *message = json_pack("{s:s, s:{s:s, s:{s:s, s:s, s:s}}}", "role", "user", "content", "type", "resource",
				    "resource", "uri", json_get_str(params, "resourceUri", ""), "mimeType",
				    "text/plain", "text", "Embedded resource content for testing.");

	(void)call;
	return fixture_give(
	    json_pack("{s:[o, o]}", "messages", message, user_text("Please process the embedded resource above.")),
	    result_r, fault);
}

static int
run_image(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	json_t *message = json_pack("{s:s, s:{s:s, s:s, s:s}}", "role", "user", "content", "type", "image", "data",
				    FIXTURE_PNG, "mimeType", "image/png");

	(void)call, (void)params;
	return fixture_give(json_pack("{s:[o, o]}", "messages", message, user_text("Please analyze the image above.")),
			    result_r, fault);
}

static int
run_question(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	static const char schema[] =
	    "{\"type\":\"object\",\"properties\":{\"context\":{\"type\":\"string\"}},\"required\":[\"context\"]}";
	struct action_question question;
	json_t *answers = NULL;
	const char *context;
	char text[TEXT_MAX];

	(void)params;
	if (fixture_form("user_context", "What context should the prompt use?", schema, &question, fault) < 0 ||
	    fixture_ask(call, &question, 1, NULL, &answers, fault) < 0)
		return -1;
	context = fixture_answer_text(answers, "user_context", "context");
	snprintf(text, sizeof(text), "Prompt with context: %s", context != NULL ? context : "none");
	json_decref(answers);
	return fixture_give(json_pack("{s:[o]}", "messages", user_text(text)), result_r, fault);
}

/* ---- completion ---- */

static int
complete_word(struct action_call *call, const char *prefix, const json_t *chosen, struct action_completions *out,
	      struct fault *fault)
{
	static const char *const words[] = {"test", "testing", "text", "value1", "value2"};
	int r = 0;

	(void)call, (void)chosen;
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(words); i++) {
		if (strncmp(words[i], prefix, strlen(prefix)) == 0)
			r = json_array_append_new(out->values, json_string(words[i]));
	}
	return r == 0 ? 0 : fault_set(fault, FAULT_INTERNAL_ERROR, NULL, "Out of memory. Try again later.");
}

static const struct action_prompt_argument two_arguments[] = {
    {.name = "arg1", .description = "First test argument", .required = true, .complete = complete_word},
    {.name = "arg2", .description = "Second test argument", .required = true, .complete = complete_word},
};
static const struct action_prompt_argument uri_argument[] = {
    {.name = "resourceUri", .description = "URI of the resource to embed", .required = true},
};
static const struct json_prop two_props[] = {
    JSON_REQUIRED("arg1", .type = JSON_T_STRING),
    JSON_REQUIRED("arg2", .type = JSON_T_STRING),
    {0},
};
static const struct json_schema two_params = {.type = JSON_T_OBJECT, .props = two_props};
static const struct json_prop uri_props[] = {JSON_REQUIRED("resourceUri", .type = JSON_T_STRING), {0}};
static const struct json_schema uri_params = {.type = JSON_T_OBJECT, .props = uri_props};

#define PROMPT(its_name, its_title, its_description, its_params, its_run)                                              \
	.name = its_name, .action = {.name = "prompts." its_name,                                                      \
				     .title = its_title,                                                               \
				     .description = its_description,                                                   \
				     .tier = ACTION_SAFE,                                                              \
				     .flags = ACTION_READ_ONLY,                                                        \
				     .params = its_params,                                                             \
				     .run = its_run}

static const struct action_prompt rows[] = {
    {PROMPT("test_simple_prompt", "Simple", "A prompt without arguments.", &fixture_nothing, run_simple)},
    {PROMPT("test_prompt_with_arguments", "Arguments", "A prompt with two arguments.", &two_params, run_arguments),
     .arguments = two_arguments, .n_arguments = ARRAY_LEN(two_arguments)},
    {PROMPT("test_prompt_with_embedded_resource", "Resource", "A prompt with a resource in it.", &uri_params,
	    run_resource),
     .arguments = uri_argument, .n_arguments = ARRAY_LEN(uri_argument)},
    {PROMPT("test_prompt_with_image", "Image", "A prompt with a picture in it.", &fixture_nothing, run_image)},
    {PROMPT("test_input_required_result_prompt", "Question", "A prompt that asks the user first.", &fixture_nothing,
	    run_question)},
};

const struct action_prompt_table fixture_prompts = {rows, ARRAY_LEN(rows)};
