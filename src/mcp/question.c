#include "question.h"

#include <string.h>

#include "base/rand.h"
#include "base/slice.h"
#include "json/get.h"

const char *
question_method(enum action_question_kind kind)
{
	switch (kind) {
	case ACTION_ELICIT_FORM:
	case ACTION_ELICIT_URL:
		return "elicitation/create";
	case ACTION_SAMPLE:
		return "sampling/createMessage";
	case ACTION_LIST_ROOTS:
		break;
	}
	return "roots/list";
}

static int
set_mode(json_t *params, enum action_question_kind kind, enum mcp_protocol protocol)
{
	char id[RAND_UUID_LEN + 1];

	if (protocol < MCP_2025_11_25)
		return json_object_get(params, "mode") != NULL ? json_object_del(params, "mode") : 0;
	if (json_object_set_new(params, "mode", json_string(kind == ACTION_ELICIT_URL ? "url" : "form")) < 0)
		return -1;
	if (kind != ACTION_ELICIT_URL || protocol != MCP_2025_11_25)
		return 0;
	rand_uuid(id);
	return json_object_set_new(params, "elicitationId", json_string(id));
}

json_t *
question_params(const struct action_question *question, enum mcp_protocol protocol)
{
	json_t *params;

	if (question->kind != ACTION_ELICIT_FORM && question->kind != ACTION_ELICIT_URL)
		return json_incref(question->params);
	params = json_object();
	if (json_object_update(params, question->params) == 0 && set_mode(params, question->kind, protocol) == 0)
		return params;
	json_decref(params);
	return NULL;
}

/* ---- a form's content ---- */

static size_t
count_characters(const json_t *text)
{
	const char *ptr = json_string_value(text);
	size_t n = 0;

	for (size_t i = 0; i < json_string_length(text); i++)
		n += ((unsigned char)ptr[i] & 0xC0) != 0x80;
	return n;
}

/* Is it one of `enum`, or the const of one of `oneOf` or `anyOf`?  Without any of these everything is. */
static bool
is_choice(const json_t *schema, const json_t *value)
{
	const json_t *plain = json_get_array(schema, "enum");
	const json_t *titled = json_get_array(schema, "oneOf");
	const json_t *choice;
	size_t i;

	if (titled == NULL)
		titled = json_get_array(schema, "anyOf");
	if (plain == NULL && titled == NULL)
		return true;
	json_array_foreach(plain, i, choice)
	{
		if (json_equal(choice, value))
			return true;
	}
	json_array_foreach(titled, i, choice)
	{
		if (json_equal(json_object_get(choice, "const"), value))
			return true;
	}
	return false;
}

static bool
is_text(const json_t *schema, const json_t *value)
{
	int64_t n;

	if (!json_is_string(value) || strlen(json_string_value(value)) != json_string_length(value))
		return false;
	n = (int64_t)count_characters(value);
	return n >= json_get_int(schema, "minLength", 0) && n <= json_get_int(schema, "maxLength", INT64_MAX) &&
	       is_choice(schema, value);
}

static bool
is_number(const json_t *schema, const json_t *value, bool is_integer)
{
	int64_t integral;
	double number = json_number_value(value);

	if (!json_is_number(value) || (is_integer && !json_is_integral(value, &integral)))
		return false;
	return number >= json_get_num(schema, "minimum", number) && number <= json_get_num(schema, "maximum", number);
}

static bool
is_selection(const json_t *schema, const json_t *value)
{
	const json_t *items = json_get_object(schema, "items");
	int64_t n = (int64_t)json_array_size(value);
	const json_t *item;
	size_t i;

	if (!json_is_array(value) || n < json_get_int(schema, "minItems", 0) ||
	    n > json_get_int(schema, "maxItems", INT64_MAX))
		return false;
	json_array_foreach(value, i, item)
	{
		if (!json_is_string(item) || !is_choice(items, item))
			return false;
	}
	return true;
}

/* The schema is our own: a type that it may not have fits nothing. */
static bool
fits(const json_t *schema, const json_t *value)
{
	const char *type = json_get_str(schema, "type", "");

	if (strcmp(type, "string") == 0)
		return is_text(schema, value);
	if (strcmp(type, "boolean") == 0)
		return json_is_boolean(value);
	if (strcmp(type, "integer") == 0 || strcmp(type, "number") == 0)
		return is_number(schema, value, type[0] == 'i');
	return strcmp(type, "array") == 0 && is_selection(schema, value);
}

static bool
is_content(const json_t *schema, const json_t *content)
{
	json_t *properties = json_get_object(schema, "properties");
	const json_t *required = json_get_array(schema, "required");
	const json_t *name;
	const char *key;
	json_t *property;
	size_t i;

	if (!json_is_object(content))
		return false;
	json_array_foreach(required, i, name)
	{
		if (json_object_get(content, json_string_value(name)) == NULL)
			return false;
	}
	json_object_foreach(properties, key, property)
	{
		const json_t *value = json_object_get(content, key);

		if (value != NULL && !fits(property, value))
			return false;
	}
	return true;
}

static bool
is_elicit_result(const struct action_question *question, const json_t *answer)
{
	const char *action = json_get_str(answer, "action", "");

	if (strcmp(action, "decline") == 0 || strcmp(action, "cancel") == 0)
		return true;
	if (strcmp(action, "accept") != 0)
		return false;
	return question->kind == ACTION_ELICIT_URL ||
	       is_content(json_get_object(question->params, "requestedSchema"), json_object_get(answer, "content"));
}

bool
question_is_answered(const struct action_question *question, const json_t *answer)
{
	switch (question->kind) {
	case ACTION_ELICIT_FORM:
	case ACTION_ELICIT_URL:
		return is_elicit_result(question, answer);
	case ACTION_SAMPLE:
		return json_get(answer, "content") != NULL;
	case ACTION_LIST_ROOTS:
		break;
	}
	return json_get_array(answer, "roots") != NULL;
}
