/* Attributes and categories. */

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
find_attribute_field(const char *name)
{
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
find_no_field(const char *name)
{
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

static json_t *
get_category_value(const struct criteria_source *source, size_t row, int field)
{
	const struct categories *categories = source->rows;

	return scoped_get(&categories->rows[row].values[field], source->store);
}

static json_t *
render_category_row(const struct criteria_source *source, size_t row)
{
	const struct categories *categories = source->rows;

	return category_render(&categories->rows[row], source->store);
}

void
routes_catalog_categories(struct request *req, struct reply *reply)
{
	const struct criteria_source source = {.rows = &req->demo->categories,
					       .count = req->demo->categories.count,
					       .store = req->store,
					       .field = categories_find_field,
					       .value = get_category_value,
					       .render = render_category_row};

	criteria_answer(req, reply, &source);
}

/* The category of an id in text; NULL and an error if there is none. */
static struct category *
find_category(const struct request *req, const char *text, struct reply *reply)
{
	struct category *category;
	long long id;

	if (!text_parse_integer(text, &id)) {
		reply_set_json(
		    reply, 400,
		    json_pack(
			"{s:o}", "message",
			json_sprintf(
			    "The \"%s\" value's type is invalid. The \"int\" type was expected. Verify and try again.",
			    text)));
		return NULL;
	}
	category = categories_find(&req->demo->categories, id);
	if (category == NULL)
		error_set_no_entity(reply, "id", id);
	return category;
}

void
routes_catalog_tree(struct request *req, struct reply *reply)
{
	const char *root_text = request_find_query(req, "rootCategoryId"),
		   *depth_text = request_find_query(req, "depth");
	const struct category *root = find_category(req, root_text != NULL ? root_text : "2", reply);
	long long depth = -1;

	if (root == NULL)
		return;
	if (depth_text != NULL && (!text_parse_integer(depth_text, &depth) || depth < 0))
		depth = -1;
	reply_set_json(reply, 200,
		       projection_apply_query(req, categories_render_tree(&req->demo->categories, req->demo->catalog,
									  root, req->store, (int)depth)));
}

void
routes_catalog_category(struct request *req, struct reply *reply)
{
	const struct category *category = find_category(req, req->args[0], reply);

	if (category != NULL)
		reply_set_json(reply, 200, projection_apply_query(req, category_render(category, req->store)));
}

static void
append_link(json_t *list, const struct product *product, int category_id)
{
	json_t *link;
	size_t i;

	json_array_foreach(product->links, i, link)
	{
		if (atoi(json_string_value(json_object_get(link, "category_id"))) == category_id)
			json_array_append_new(list, json_pack("{s:O, s:O, s:O}", "sku",
							      product_get(product, ATTR_SKU, SCOPE_ALL), "position",
							      json_object_get(link, "position"), "category_id",
							      json_object_get(link, "category_id")));
	}
}

void
routes_catalog_category_products(struct request *req, struct reply *reply)
{
	const struct category *category = find_category(req, req->args[0], reply);
	const struct catalog *catalog = req->demo->catalog;
	json_t *list;

	if (category == NULL)
		return;
	list = json_array();
	for (size_t i = 0; i < catalog->count; i++)
		append_link(list, catalog->rows[i], category->id);
	reply_set_json(reply, 200, projection_apply_query(req, list));
}

static int
check_url_key(const struct categories *categories, const struct category *category, const json_t *body,
	      struct reply *reply)
{
	json_t *entry;
	size_t i;

	json_array_foreach(json_object_get(body, "custom_attributes"), i, entry)
	{
		const char *code = json_string_value(json_object_get(entry, "attribute_code"));
		const char *value = json_string_value(json_object_get(entry, "value"));

		if (code == NULL || value == NULL || strcmp(code, "url_key") != 0 ||
		    !categories_has_url_key(categories, value, category))
			continue;
		error_set_listed(reply, 400, "Could not save category: %1", json_pack("[s]", ERROR_URL_KEY_TAKEN));
		return -1;
	}
	return 0;
}

static int
check_category_body(json_t *body, struct reply *reply)
{
	const char *name;
	json_t *value;

	json_object_foreach(body, name, value)
	{
		int field = categories_find_field(name);

		if (strcmp(name, "custom_attributes") == 0 || strcmp(name, "extension_attributes") == 0)
			continue;
		if (field < 0 || field >= CAT_DISPLAY_MODE) {
			error_set_unsupported(reply, name);
			return -1;
		}
	}
	return 0;
}

static void
write_category(struct category *category, int store, const json_t *body)
{
	json_t *name = json_object_get(body, "name"), *active = json_object_get(body, "is_active"), *entry;
	size_t i;

	if (json_is_string(name))
		scoped_set(&category->values[CAT_NAME], REACH_STORE, store, json_incref(name));
	if (json_is_boolean(active))
		scoped_set(&category->values[CAT_ACTIVE], REACH_STORE, store, json_incref(active));
	json_array_foreach(json_object_get(body, "custom_attributes"), i, entry)
	{
		const char *code = json_string_value(json_object_get(entry, "attribute_code"));
		json_t *value = json_object_get(entry, "value");
		int field = code != NULL ? categories_find_field(code) : -1;

		if (field >= CAT_DISPLAY_MODE)
			scoped_set(&category->values[field], REACH_STORE, store,
				   json_is_string(value) ? json_incref(value) : NULL);
	}
}

void
routes_catalog_put_category(struct request *req, struct reply *reply)
{
	struct category *category = find_category(req, req->args[0], reply);
	json_t *body = json_object_get(req->body, "category");

	if (category == NULL)
		return;
	if (!json_is_object(body)) {
		error_set_required_one(reply, "category");
		return;
	}
	if (check_category_body(body, reply) < 0 || check_url_key(&req->demo->categories, category, body, reply) < 0)
		return;
	write_category(category, req->store, body);
	req->demo->catalog->generation++; /* the tree shows names */
	reply_set_json(reply, 200, category_render(category, req->store));
}
