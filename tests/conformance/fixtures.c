/*
 * fixtures.c - the product that the suite meets, and what its parts share
 */
#include "fixtures.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "json/parse.h"

#define TEXT_MAX 4096

static const struct action_table *const tools[] = {
    &fixture_content_table, &fixture_schema_table, &fixture_telling_table, &fixture_flood_table,
    &fixture_asking_table,  &fixture_rounds_table, &fixture_change_table,  NULL,
};
static const struct action_prompt_table *const prompts[] = {&fixture_prompts, NULL};
static const struct action_resource_table *const resources[] = {&fixture_resources, NULL};

const struct action_product fixtures = {
    .name = "magento-mcp-conformance",
    .title = "Conformance fixtures",
    .instructions = "Fixtures of the official conformance suite. Nothing here is of use to a model.",
    .tools = tools,
    .prompts = prompts,
    .resources = resources,
};

const struct json_schema fixture_nothing = {.type = JSON_T_OBJECT};
const struct json_schema fixture_anything = {.type = JSON_T_OBJECT, .extra = JSON_EXTRA_ALLOWED};
const char fixture_nothing_text[] = "{\"type\":\"object\",\"properties\":{},\"additionalProperties\":false}";

int
fixture_give(json_t *result, json_t **result_r, struct fault *fault)
{
	*result_r = result;
	return result != NULL ? 0 : fault_set(fault, FAULT_INTERNAL_ERROR, NULL, "Out of memory. Try again later.");
}

int
fixture_give_text(json_t **result_r, struct fault *fault, const char *fmt, ...)
{
	char text[TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return fixture_give(json_pack("{s:[{s:s, s:s}]}", "content", "type", "text", "text", text), result_r, fault);
}

json_t *
fixture_json(const char *text)
{
	json_t *root = NULL;
	int r = json_parse(slice_from_str(text), NULL, &root, NULL);

	must(r == 0 || r == ERR_NOMEM);
	return root;
}

/* ---- questions ---- */

static int
make_question(const char *key, enum action_question_kind kind, json_t *params, struct action_question *question_r,
	      struct fault *fault)
{
	json_t *made = NULL;

	*question_r = (struct action_question){.key = key, .kind = kind, .params = params};
	return fixture_give(params, &made, fault);
}

int
fixture_form(const char *key, const char *message, const char *schema, struct action_question *question_r,
	     struct fault *fault)
{
	json_t *params = json_pack("{s:s, s:o}", "message", message, "requestedSchema", fixture_json(schema));

	return make_question(key, ACTION_ELICIT_FORM, params, question_r, fault);
}

int
fixture_sample(const char *key, const char *text, int max_tokens, struct action_question *question_r,
	       struct fault *fault)
{
	json_t *params = json_pack("{s:[{s:s, s:{s:s, s:s}}], s:i}", "messages", "role", "user", "content", "type",
				   "text", "text", text, "maxTokens", max_tokens);

	return make_question(key, ACTION_SAMPLE, params, question_r, fault);
}

int
fixture_list_roots(const char *key, struct action_question *question_r, struct fault *fault)
{
	return make_question(key, ACTION_LIST_ROOTS, json_object(), question_r, fault);
}

int
fixture_ask(struct action_call *call, struct action_question *questions, size_t n, json_t *keep, json_t **answers_r,
	    struct fault *fault)
{
	int r = action_ask(call, questions, n, keep, answers_r, fault);

	for (size_t i = 0; i < n; i++)
		json_decref(questions[i].params);
	json_decref(keep);
	return r;
}

const char *
fixture_answer_text(const json_t *answers, const char *key, const char *member)
{
	const json_t *answer = json_get_object(answers, key);

	if (strcmp(json_get_str(answer, "action", ""), "accept") != 0)
		return NULL;
	return json_get_str(json_get_object(answer, "content"), member, NULL);
}

int
fixture_pause(struct action_call *call, uint32_t ms, struct fault *fault)
{
	if (call->env->wait_ms(call->env->waiter, ms) == 0)
		return 0;
	return fault_set(fault, FAULT_CANCELLED, NULL, "The call was cancelled.");
}
