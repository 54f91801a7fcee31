#include "entity.h"

#include "demo.h"
#include "errors.h"
#include "text.h"

#include <string.h>
#include <strings.h>

json_t *
entity_find_wrapped(const struct request *req, const char *name, struct reply *reply)
{
	json_t *body = json_object_get(req->body, name);

	if (json_is_object(body))
		return body;
	error_set_required_one(reply, name);
	return NULL;
}

const json_t *
entity_find_list(const struct request *req, const char *name, const char *type, struct reply *reply)
{
	const json_t *list = json_object_get(req->body, name);
	long long max = req->demo->settings.max_list_items;

	if (!json_is_array(list)) {
		error_set_required_one(reply, name);
		return NULL;
	}
	if (max > 0 && json_array_size(list) > (size_t)max) {
		reply_set_json(reply, 400,
			       json_pack("{s:s, s:{s:s, s:I}}", "message", "Maximum items of type \"%type\" is %max",
					 "parameters", "type", type, "max", (json_int_t)max));
		return NULL;
	}
	return list;
}

static json_t *
convert_number(const char *text, bool integer)
{
	double number;

	if (text == NULL || !text_parse_number(text, &number) || number > 1e15 || number < -1e15)
		return NULL;
	if (integer && number != (double)(json_int_t)number)
		return NULL;
	return text_number_json(number);
}

static json_t *
convert_bool(const char *text)
{
	if (text == NULL)
		return NULL;
	if (strcmp(text, "1") == 0 || strcasecmp(text, "true") == 0)
		return json_true();
	if (strcmp(text, "0") == 0 || strcmp(text, "") == 0 || strcasecmp(text, "false") == 0)
		return json_false();
	return NULL;
}

static json_t *
convert_integers(const json_t *list)
{
	json_t *out = json_is_array(list) ? json_array() : NULL, *member;
	char buf[TEXT_NUMBER_MAX];
	size_t i;

	json_array_foreach(list, i, member)
	{
		json_t *number = convert_number(text_from_json(member, buf), true);

		if (number == NULL) {
			json_decref(out);
			return NULL;
		}
		json_array_append_new(out, number);
	}
	return out;
}

static json_t *
convert(enum member_kind kind, json_t *value)
{
	char buf[TEXT_NUMBER_MAX];
	const char *text = text_from_json(value, buf);

	if (json_is_null(value))
		return json_null();
	switch (kind) {
	case MEMBER_INT:
		return convert_number(text, true);
	case MEMBER_FLOAT:
		return convert_number(text, false);
	case MEMBER_BOOL:
		return convert_bool(text);
	case MEMBER_TEXT:
		return text != NULL ? json_string(text) : NULL;
	case MEMBER_INTS:
		return convert_integers(value);
	default:
		return json_deep_copy(value);
	}
}

static const struct member *
find_member(const struct member *members, const char *name)
{
	char snake[TEXT_NAME_MAX];

	if (!text_make_snake_case(name, snake))
		return NULL;
	for (; members->name != NULL; members++) {
		if (strcmp(members->name, snake) == 0)
			return members;
	}
	return NULL;
}

json_t *
entity_read(const struct member *members, json_t *body, struct reply *reply)
{
	static const char *const kinds[] = {"int", "float", "boolean", "string", "int", "array", "array"};
	json_t *draft = json_object(), *value;
	const char *name;

	json_object_foreach(body, name, value)
	{
		const struct member *member = find_member(members, name);
		json_t *converted = member != NULL ? convert(member->kind, value) : NULL;
		char buf[TEXT_NUMBER_MAX];
		const char *text = text_from_json(value, buf);

		if (converted == NULL) {
			if (member == NULL)
				error_set_unsupported(reply, name);
			else
				error_set_type(reply, member->name, text != NULL ? text : "array", kinds[member->kind]);
			json_decref(draft);
			return NULL;
		}
		json_object_set_new(draft, member->name, converted);
	}
	return draft;
}

json_t *
entity_render(const struct member *members, const json_t *row)
{
	json_t *out = json_object();

	for (; members->name != NULL; members++) {
		json_t *value = json_object_get(row, members->name);

		if (value != NULL && !json_is_null(value) && members->kind != MEMBER_HIDDEN)
			json_object_set(out, members->name, value);
	}
	return out;
}

int
entity_read_id(const char *text, json_int_t *id_r, struct reply *reply)
{
	long long id;

	if (text_parse_integer(text, &id)) {
		*id_r = id;
		return 0;
	}
	reply_set_json(
	    reply, 400,
	    json_pack(
		"{s:o}", "message",
		json_sprintf("The \"%s\" value's type is invalid. The \"int\" type was expected. Verify and try again.",
			     text)));
	return -1;
}

json_int_t
entity_pick_id(const struct request *req, const json_t *entity, const char *id_name, json_int_t path_id)
{
	if (json_object_size(req->body) == 1)
		return path_id;
	return json_integer_value(json_object_get(entity, id_name));
}
