/* Attributes and attribute sets. */

#include "criteria.h"
#include "demo.h"
#include "errors.h"
#include "projection.h"
#include "routes.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

static const char *const attribute_columns[] = {"attribute_code", "attribute_id",  "frontend_input", "is_user_defined",
						"frontend_label", "is_filterable", "is_required",    "backend_type"};

static int
find_attribute_field(const struct criteria_source *source, const char *name)
{
	(void)source;
	for (size_t i = 0; i < sizeof(attribute_columns) / sizeof(attribute_columns[0]); i++) {
		if (strcmp(attribute_columns[i], name) == 0)
			return (int)i;
	}
	return -1;
}

static json_t *
get_attribute_value(const struct criteria_source *source, size_t row, int field)
{
	const char *name = attribute_columns[field];

	if (strcmp(name, "frontend_label") == 0)
		name = "default_frontend_label";
	return json_object_get(json_array_get(source->rows, row), name);
}

static json_t *
render_attribute_row(const struct criteria_source *source, size_t row)
{
	json_t *object = json_copy(json_array_get(source->rows, row));

	/* The single GET has it, the list has not. */
	json_object_del(object, "extension_attributes");
	return object;
}

void
routes_catalog_attributes(struct request *req, struct reply *reply)
{
	json_t *rows = json_array();
	struct criteria_source source = {.rows = rows,
					 .field = find_attribute_field,
					 .value = get_attribute_value,
					 .render = render_attribute_row,
					 .unknown_field_is_internal = true};

	for (int i = 0; i < ATTR_COUNT; i++) {
		if (attributes[i].id != 0)
			json_array_append_new(rows, attribute_render(i));
	}
	source.count = json_array_size(rows);
	criteria_answer(req, reply, &source);
	json_decref(rows);
}

/* Index of the attribute in the path; -1 and 404 if there is none. */
static int
find_attribute(const struct request *req, struct reply *reply)
{
	int index = attribute_find(req->args[0]);

	if (index >= 0 && attributes[index].id != 0)
		return index;
	error_set_listed(reply, 404,
			 "The attribute with a \"%1\" attributeCode doesn't exist. Verify the attribute and try again.",
			 json_pack("[s]", req->args[0]));
	return -1;
}

void
routes_catalog_attribute(struct request *req, struct reply *reply)
{
	int index = find_attribute(req, reply);

	if (index >= 0)
		reply_set_json(reply, 200, projection_apply_query(req, attribute_render(index)));
}

void
routes_catalog_attribute_options(struct request *req, struct reply *reply)
{
	int index = find_attribute(req, reply);
	json_t *list;

	if (index < 0)
		return;
	list = attribute_render_options(index);
	reply_set_json(reply, 200, projection_apply_query(req, list != NULL ? list : json_array()));
}

static int
find_no_field(const struct criteria_source *source, const char *name)
{
	(void)source;
	(void)name;
	return -1;
}

static json_t *
render_set(const struct criteria_source *source, size_t row)
{
	(void)source;
	(void)row;
	return json_pack("{s:i, s:s, s:i, s:i}", "attribute_set_id", 4, "attribute_set_name", "Default", "sort_order",
			 1, "entity_type_id", 4);
}

void
routes_catalog_sets(struct request *req, struct reply *reply)
{
	const struct criteria_source source = {
	    .count = 1, .field = find_no_field, .render = render_set, .unknown_field_is_internal = true};

	criteria_answer(req, reply, &source);
}
