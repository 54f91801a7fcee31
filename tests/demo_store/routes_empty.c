/*
 * Lists the demo shop has next to nothing in. They answer so that a client can probe what it may see.
 */

#include "criteria.h"
#include "entity.h"
#include "errors.h"
#include "projection.h"
#include "routes.h"
#include "table.h"

#include <string.h>

void
routes_empty_list(struct request *req, struct reply *reply)
{
	criteria_answer_empty(req, reply);
}

static json_t *
make_groups(void)
{
	static const char *const codes[] = {"NOT LOGGED IN", "General", "Wholesale", "Retailer"};
	json_t *rows = json_array();

	for (int i = 0; i < 4; i++)
		json_array_append_new(rows, json_pack("{s:i, s:s, s:i, s:s}", "id", i, "code", codes[i], "tax_class_id",
						      3, "tax_class_name", "Retail Customer"));
	return rows;
}

void
routes_empty_groups(struct request *req, struct reply *reply)
{
	static const struct column columns[] = {{"id", "id"},
						{"customer_group_id", "id"},
						{"code", "code"},
						{"customer_group_code", "code"},
						{"tax_class_id", "tax_class_id"},
						{NULL, NULL}};
	json_t *rows = make_groups();

	table_answer(req, reply, rows, columns, NULL);
	json_decref(rows);
}

void
routes_empty_group(struct request *req, struct reply *reply)
{
	json_t *rows = make_groups();
	json_int_t id = 1;

	if (strcmp(req->args[0], "default") == 0 || entity_read_id(req->args[0], &id, reply) == 0) {
		json_t *group = id >= 0 ? json_array_get(rows, (size_t)id) : NULL;

		if (group == NULL)
			error_set_no_entity(reply, "id", id);
		else
			reply_set_json(reply, 200, projection_apply_query(req, json_incref(group)));
	}
	json_decref(rows);
}

void
routes_empty_tax_classes(struct request *req, struct reply *reply)
{
	static const struct column columns[] = {
	    {"class_id", "class_id"}, {"class_name", "class_name"}, {"class_type", "class_type"}, {NULL, NULL}};
	json_t *rows =
	    json_pack("[{s:i, s:s, s:s}, {s:i, s:s, s:s}]", "class_id", 2, "class_name", "Taxable Goods", "class_type",
		      "PRODUCT", "class_id", 3, "class_name", "Retail Customer", "class_type", "CUSTOMER");

	table_answer(req, reply, rows, columns, NULL);
	json_decref(rows);
}

void
routes_empty_sales_entity(struct request *req, struct reply *reply)
{
	json_int_t id;

	if (entity_read_id(req->args[0], &id, reply) == 0)
		error_set(reply, 404, "The entity that was requested doesn't exist. Verify the entity and try again.");
}
