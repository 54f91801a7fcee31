#include "projection.h"

#include <string.h>

enum { DEPTH_MAX = 20 };

/* Reads "a,b[c],d" up to the end or the closing bracket into { a: null, b: { c: null }, … }; NULL if malformed. */
static json_t *
parse_fields(const char **cursor, int depth)
{
	json_t *fields = json_object();

	while (fields != NULL) {
		size_t len = strcspn(*cursor, ",[]");
		const char *name = *cursor;
		json_t *inner = json_null();

		*cursor += len;
		if (**cursor == '[') {
			++*cursor;
			inner = depth < DEPTH_MAX ? parse_fields(cursor, depth + 1) : NULL;
			if (inner == NULL || **cursor != ']') {
				json_decref(inner);
				json_decref(fields);
				return NULL;
			}
			++*cursor;
		}
		if (len > 0)
			json_object_setn_new(fields, name, len, inner);
		else
			json_decref(inner);
		if (**cursor != ',')
			break;
		++*cursor;
	}
	return fields;
}

static json_t *project(json_t *value, json_t *fields);

static json_t *
project_list(json_t *list, json_t *fields)
{
	json_t *out = json_array(), *member;
	size_t i;

	json_array_foreach(list, i, member)
	    json_array_append_new(out, json_is_object(member) ? project(member, fields) : json_incref(member));
	return out;
}

/* Magento makes null of an empty list whose members would be thinned out. */
static json_t *
project_member(json_t *value, json_t *fields)
{
	if (json_is_array(value) && json_array_size(value) == 0 && json_is_object(fields))
		return json_null();
	if (!json_is_object(fields))
		return json_incref(value);
	if (json_is_array(value))
		return project_list(value, fields);
	return json_is_object(value) ? project(value, fields) : json_incref(value);
}

static json_t *
project(json_t *value, json_t *fields)
{
	json_t *out = json_object(), *member;
	const char *name;

	/* The order of the answer stays, whatever the order of the fields. */
	json_object_foreach(value, name, member)
	{
		json_t *inner = json_object_get(fields, name);

		if (inner != NULL)
			json_object_set_new(out, name, project_member(member, inner));
	}
	if (json_object_size(out) > 0)
		return out;
	json_decref(out);
	return json_array();
}

json_t *
projection_apply_query(const struct request *req, json_t *value)
{
	const char *text = request_find_query(req, "fields");
	json_t *fields, *out;

	if (text == NULL)
		return value;
	fields = parse_fields(&text, 0);
	if (fields == NULL || *text != '\0')
		out = json_array();
	else
		out = json_is_array(value) ? project_list(value, fields) : project(value, fields);
	json_decref(fields);
	json_decref(value);
	return out;
}
