/* Cart price rules and coupons. */

#include "demo.h"
#include "entity.h"
#include "errors.h"
#include "projection.h"
#include "routes.h"
#include "text.h"

#include <string.h>

static const struct column rule_columns[] = {
    {"rule_id", "rule_id"},
    {"name", "name"},
    {"description", "description"},
    {"is_active", "is_active"},
    {"coupon_type", "coupon_type"},
    {"from_date", "from_date"},
    {"to_date", "to_date"},
    {"sort_order", "sort_order"},
    {"simple_action", "simple_action"},
    {"discount_amount", "discount_amount"},
    {"discount_qty", "discount_qty"},
    {"discount_step", "discount_step"},
    {"apply_to_shipping", "apply_to_shipping"},
    {"stop_rules_processing", "stop_rules_processing"},
    {"is_advanced", "is_advanced"},
    {"is_rss", "is_rss"},
    {"times_used", "times_used"},
    {"use_auto_generation", "use_auto_generation"},
    {"uses_per_coupon", "uses_per_coupon"},
    {"uses_per_customer", "uses_per_customer"},
    {"simple_free_shipping", "simple_free_shipping"},
    {NULL, NULL},
};

static json_t *
render_rule(const struct criteria_source *source, size_t row)
{
	return rule_render(json_array_get(source->rows, row));
}

void
routes_rules_search(struct request *req, struct reply *reply)
{
	table_answer(req, reply, req->demo->promotions.rules.rows, rule_columns, render_rule);
}

void
routes_rules_get(struct request *req, struct reply *reply)
{
	json_int_t id;
	const json_t *rule;

	if (entity_read_id(req->args[0], &id, reply) < 0)
		return;
	rule = table_find(&req->demo->promotions.rules, id);
	if (rule == NULL)
		error_set(reply, 404, "No such entity.");
	else
		reply_set_json(reply, 200, projection_apply_query(req, rule_render(rule)));
}

/* POST and PUT: what differs is only where the id comes from. */
static void
save_rule(struct request *req, struct reply *reply, bool put, json_int_t path_id)
{
	json_t *body = entity_find_wrapped(req, "rule", reply);
	json_t *draft = body != NULL ? rule_read(body, reply) : NULL;
	json_int_t id;

	if (draft == NULL)
		return;
	id = put ? entity_pick_id(req, draft, "rule_id", path_id)
		 : json_integer_value(json_object_get(draft, "rule_id"));
	id = rule_save(&req->demo->promotions, id, draft, reply);
	if (id != 0)
		writes_note_id(&req->demo->writes, req, "rules", id, req->body);
	json_decref(draft);
}

void
routes_rules_post(struct request *req, struct reply *reply)
{
	save_rule(req, reply, false, 0);
}

void
routes_rules_put(struct request *req, struct reply *reply)
{
	json_int_t id;

	if (entity_read_id(req->args[0], &id, reply) == 0)
		save_rule(req, reply, true, id);
}

void
routes_rules_delete(struct request *req, struct reply *reply)
{
	json_int_t id;

	if (entity_read_id(req->args[0], &id, reply) < 0)
		return;
	if (rule_remove(&req->demo->promotions, id)) {
		writes_note_id(&req->demo->writes, req, "rules", id, NULL);
		reply_set_json(reply, 200, json_true());
	} else {
		error_set(reply, 404, "No such entity.");
	}
}
