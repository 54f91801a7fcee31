/*
 * asking.c - tools with one question, which works the same whether the answer comes on a stream or with the next call
 * (R-272, R-281, R-284)
 */
#include "fixtures.h"

#include <stdlib.h>

#define SAMPLE_TOKENS 100
#define SHOWN_MAX 1024

/* Asks one thing and tells the whole answer. */
static int
ask_and_tell(struct action_call *call, struct action_question *question, const char *what, json_t **result_r,
	     struct fault *fault)
{
	json_t *answers = NULL;
	char *text;
	int r;

	if (fixture_ask(call, question, 1, NULL, &answers, fault) < 0)
		return -1;
	text = json_dumps(json_get(answers, question->key), JSON_COMPACT);
	r = fixture_give_text(result_r, fault, "%s: %.*s", what, SHOWN_MAX, text != NULL ? text : "");
	free(text);
	json_decref(answers);
	return r;
}

static int
run_sampling(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	struct action_question question;

	if (fixture_sample("answer", json_get_str(params, "prompt", "Say something."), SAMPLE_TOKENS, &question,
			   fault) < 0)
		return -1;
	return ask_and_tell(call, &question, "LLM response", result_r, fault);
}

static int
ask_form(struct action_call *call, const char *message, const char *schema, const char *what, json_t **result_r,
	 struct fault *fault)
{
	struct action_question question;

	if (fixture_form("answer", message, schema, &question, fault) < 0)
		return -1;
	return ask_and_tell(call, &question, what, result_r, fault);
}

static int
run_elicitation(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	static const char schema[] = "{\"type\":\"object\",\"properties\":{"
				     "\"username\":{\"type\":\"string\",\"description\":\"Your name\"},"
				     "\"email\":{\"type\":\"string\",\"description\":\"Your address\"}},"
				     "\"required\":[\"username\",\"email\"]}";

	return ask_form(call, json_get_str(params, "message", "Who are you?"), schema, "User response", result_r,
			fault);
}

static int
run_defaults(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	static const char schema[] = "{\"type\":\"object\",\"properties\":{"
				     "\"name\":{\"type\":\"string\",\"default\":\"John Doe\"},"
				     "\"age\":{\"type\":\"integer\",\"default\":30},"
				     "\"score\":{\"type\":\"number\",\"default\":95.5},"
				     "\"status\":{\"type\":\"string\",\"enum\":[\"active\",\"inactive\",\"pending\"],"
				     "\"default\":\"active\"},"
				     "\"verified\":{\"type\":\"boolean\",\"default\":true}},\"required\":[]}";

	(void)params;
	return ask_form(call, "Look over what is filled in.", schema, "Elicitation completed", result_r, fault);
}

static int
run_enums(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	static const char schema[] =
	    "{\"type\":\"object\",\"properties\":{"
	    "\"untitledSingle\":{\"type\":\"string\",\"enum\":[\"option1\",\"option2\",\"option3\"]},"
	    "\"titledSingle\":{\"type\":\"string\",\"oneOf\":[{\"const\":\"value1\",\"title\":\"First Option\"},"
	    "{\"const\":\"value2\",\"title\":\"Second Option\"},{\"const\":\"value3\",\"title\":\"Third Option\"}]},"
	    "\"legacyEnum\":{\"type\":\"string\",\"enum\":[\"opt1\",\"opt2\",\"opt3\"],"
	    "\"enumNames\":[\"Option One\",\"Option Two\",\"Option Three\"]},"
	    "\"untitledMulti\":{\"type\":\"array\",\"items\":{\"type\":\"string\","
	    "\"enum\":[\"option1\",\"option2\",\"option3\"]}},"
	    "\"titledMulti\":{\"type\":\"array\",\"items\":{\"anyOf\":["
	    "{\"const\":\"value1\",\"title\":\"First Choice\"},{\"const\":\"value2\",\"title\":\"Second Choice\"},"
	    "{\"const\":\"value3\",\"title\":\"Third Choice\"}]}}},\"required\":[]}";

	(void)params;
	return ask_form(call, "Choose.", schema, "Elicitation completed", result_r, fault);
}

static int
run_confirmation(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	static const char schema[] =
	    "{\"type\":\"object\",\"properties\":{\"ok\":{\"type\":\"boolean\"}},\"required\":[\"ok\"]}";

	(void)params;
	return ask_form(call, "Shall it go on?", schema, "User response", result_r, fault);
}

static int
run_missing_capability(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	struct action_question question;

	(void)params;
	if (fixture_sample("answer", "Say something.", SAMPLE_TOKENS, &question, fault) < 0)
		return -1;
	return ask_and_tell(call, &question, "LLM response", result_r, fault);
}

static const struct json_prop prompt_props[] = {JSON_REQUIRED("prompt", .type = JSON_T_STRING), {0}};
static const struct json_schema prompt_params = {.type = JSON_T_OBJECT, .props = prompt_props};
static const struct json_prop message_props[] = {JSON_REQUIRED("message", .type = JSON_T_STRING), {0}};
static const struct json_schema message_params = {.type = JSON_T_OBJECT, .props = message_props};

static const struct action rows[] = {
    {
	.name = "test_sampling",
	.title = "Sampling",
	.description = "Asks the client's model.",
	.tier = ACTION_SAFE,
	.flags = ACTION_CONTENT | ACTION_READ_ONLY,
	.params = &prompt_params,
	.input_schema =
	    "{\"type\":\"object\",\"properties\":{\"prompt\":{\"type\":\"string\",\"description\":\"What to ask\"}},"
	    "\"required\":[\"prompt\"],\"additionalProperties\":false}",
	.run = run_sampling,
    },
    {
	.name = "test_elicitation",
	.title = "Elicitation",
	.description = "Asks the user for a name and an address.",
	.tier = ACTION_SAFE,
	.flags = ACTION_CONTENT | ACTION_READ_ONLY,
	.params = &message_params,
	.input_schema =
	    "{\"type\":\"object\",\"properties\":{\"message\":{\"type\":\"string\",\"description\":\"What to say\"}},"
	    "\"required\":[\"message\"],\"additionalProperties\":false}",
	.run = run_elicitation,
    },
    {FIXTURE_TOOL("test_elicitation_sep1034_defaults", "Defaults", "Asks with a default for each type.", run_defaults)},
    {FIXTURE_TOOL("test_elicitation_sep1330_enums", "Choices", "Asks with each form of a choice.", run_enums)},
    {FIXTURE_TOOL("test_streaming_elicitation", "Question on a stream", "Asks for a confirmation.", run_confirmation)},
    {FIXTURE_TOOL("test_missing_capability", "Needs sampling", "Cannot do without the client's model.",
		  run_missing_capability)},
};

const struct action_table fixture_asking_table = {rows, ARRAY_LEN(rows)};
