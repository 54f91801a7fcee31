/*
 * Lists the demo shop has next to nothing in. They answer so that a client can probe what it may see.
 */

#include "errors.h"
#include "projection.h"
#include "criteria.h"
#include "routes.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

void
routes_empty_list(struct request *req, struct reply *reply)
{
	criteria_answer_empty(req, reply);
}

static int
find_column(const char *name, const char *const *columns)
{
	for (int i = 0; columns[i] != NULL; i++) {
		if (strcmp(columns[i], name) == 0)
			return i;
	}
	return -1;
}

static json_t *
render_row(const struct criteria_source *source, size_t row)
{
	return json_incref(json_array_get(source->rows, row));
}

static const char *const group_columns[] = {"id", "code", "tax_class_id", "tax_class_name", NULL};

static int
find_group_field(const char *name)
{
	if (strcmp(name, "customer_group_id") == 0)
		return 0;
	return strcmp(name, "customer_group_code") == 0 ? 1 : find_column(name, group_columns);
}

static json_t *
get_group_value(const struct criteria_source *source, size_t row, int field)
{
	return json_object_get(json_array_get(source->rows, row), group_columns[field]);
}

void
routes_empty_groups(struct request *req, struct reply *reply)
{
	static const char *const codes[] = {"NOT LOGGED IN", "General", "Wholesale", "Retailer"};
	json_t *rows = json_array();
	struct criteria_source source = {.rows = rows,
					 .field = find_group_field,
					 .value = get_group_value,
					 .render = render_row,
					 .unknown_field_is_internal = true};

	for (int i = 0; i < 4; i++)
		json_array_append_new(rows, json_pack("{s:i, s:s, s:i, s:s}", "id", i, "code", codes[i], "tax_class_id",
						      3, "tax_class_name", "Retail Customer"));
	source.count = json_array_size(rows);
	criteria_answer(req, reply, &source);
	json_decref(rows);
}

static const char *const tax_columns[] = {"class_id", "class_name", "class_type", NULL};

static int
find_tax_field(const char *name)
{
	return find_column(name, tax_columns);
}

static json_t *
get_tax_value(const struct criteria_source *source, size_t row, int field)
{
	return json_object_get(json_array_get(source->rows, row), tax_columns[field]);
}

void
routes_empty_tax_classes(struct request *req, struct reply *reply)
{
	json_t *rows =
	    json_pack("[{s:i, s:s, s:s}, {s:i, s:s, s:s}]", "class_id", 2, "class_name", "Taxable Goods", "class_type",
		      "PRODUCT", "class_id", 3, "class_name", "Retail Customer", "class_type", "CUSTOMER");
	const struct criteria_source source = {.rows = rows,
					       .count = 2,
					       .field = find_tax_field,
					       .value = get_tax_value,
					       .render = render_row,
					       .unknown_field_is_internal = true};

	criteria_answer(req, reply, &source);
	json_decref(rows);
}

/* -1 and 400 if the path parameter is no number. */
static int
read_id(const struct request *req, long long *id_r, struct reply *reply)
{
	if (text_parse_integer(req->args[0], id_r))
		return 0;
	reply_set_json(
	    reply, 400,
	    json_pack(
		"{s:o}", "message",
		json_sprintf("The \"%s\" value's type is invalid. The \"int\" type was expected. Verify and try again.",
			     req->args[0])));
	return -1;
}

void
routes_empty_entity(struct request *req, struct reply *reply)
{
	long long id;

	if (read_id(req, &id, reply) == 0)
		error_set_no_entity(reply, "rule_id", id);
}

void
routes_empty_page(struct request *req, struct reply *reply)
{
	long long id;

	if (read_id(req, &id, reply) == 0)
		error_set_listed(reply, 404, "The CMS page with the \"%1\" ID doesn't exist.",
				 json_pack("[s]", req->args[0]));
}

void
routes_empty_sales_entity(struct request *req, struct reply *reply)
{
	long long id;

	if (read_id(req, &id, reply) == 0)
		error_set(reply, 404, "The entity that was requested doesn't exist. Verify the entity and try again.");
}
