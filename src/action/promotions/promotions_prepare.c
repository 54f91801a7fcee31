/*
 * promotions_prepare.c - promotions.prepare_cart_price_rule_create: a new rule, checked and kept as a plan
 */
#include <string.h>

#include "action/env.h"
#include "arguments.h"
#include "base/clock.h"
#include "json/get.h"
#include "plan.h"
#include "promotions.h"
#include "results.h"
#include "rule_desk.h"
#include "rule_fields.h"
#include "shapes.h"
#include "store.h"

#define COMMIT_TOOL "promotions_commit_cart_price_rule_create"

struct draft {
	struct store_client sc;
	json_t *params;
	json_t *body;	  /* owned: what will be sent */
	json_t *warnings; /* owned */
	const char *code; /* of the coupon; NULL: none */
};

/* ---- checks ---- */

static int
check_code(const struct draft *draft, json_t *violations)
{
	if (draft->code == NULL || strcmp(json_get_str(draft->params, "coupon_type", ""), "specific_coupon") == 0)
		return 0;
	return arguments_violation(violations, "params.coupon_code", "goes with coupon_type specific_coupon only");
}

/* All that can be told without asking the shop. */
static int
build(struct draft *draft, const struct action_call *call, struct fault *fault)
{
	double cap = call->env->config->guardrails.max_discount_pct;
	json_t *violations = json_array();

	if (violations == NULL || draft->warnings == NULL ||
	    rule_fields_build(draft->params, rule_more_conditions(call), "params", violations, &draft->body) < 0 ||
	    rule_fields_complete(draft->body) < 0 || rule_fields_check(draft->body, cap, "params", violations) < 0 ||
	    check_code(draft, violations) < 0) {
		json_decref(violations);
		return result_out_of_memory(fault);
	}
	if (json_array_size(violations) > 0)
		return arguments_refuse(violations, fault);
	json_decref(violations);
	return 0;
}

static int
check_references(struct draft *draft, struct fault *fault)
{
	json_t *violations = json_array();

	if (violations == NULL)
		return result_out_of_memory(fault);
	if (rule_check_references(&draft->sc, draft->body, "params", violations, draft->warnings, fault) < 0) {
		json_decref(violations);
		return -1;
	}
	if (json_array_size(violations) > 0)
		return arguments_refuse(violations, fault);
	json_decref(violations);
	return 0;
}

/* ---- warnings ---- */

static int
say(struct draft *draft, const char *text)
{
	return text != NULL ? json_array_append_new(draft->warnings, json_string(text)) : -1;
}

static int
warn_same_name(struct draft *draft, struct fault *fault)
{
	struct criteria criteria;
	json_t *items = NULL;
	int64_t total = 0;
	int r = 0;

	criteria_init(&criteria, draft->sc.call->pool);
	criteria_where(&criteria, "name", "eq", json_get_str(draft->body, "name", ""));
	criteria_page(&criteria, 1, 1);
	criteria_param(&criteria, "fields", "items[rule_id],total_count");
	if (rule_list(&draft->sc, "/salesRules/search", &criteria, &items, &total, fault) < 0)
		return -1;
	if (json_array_size(items) > 0)
		r = say(draft, pool_printf(draft->sc.call->pool,
					   "There is a rule of this name already (rule_id %lld). Both would apply.",
					   (long long)json_get_int(json_array_get(items, 0), "rule_id", 0)));
	json_decref(items);
	return r == 0 ? 0 : result_out_of_memory(fault);
}

static int
warn(struct draft *draft, struct fault *fault)
{
	const char *type = json_get_str(draft->params, "coupon_type", "");
	char today[RULE_DATE_CAP];

	rule_today(clock_wall_ms(), today);
	if (rule_is_active(draft->body) &&
	    say(draft, "The rule will be live as soon as it is created (is_active true).") < 0)
		return result_out_of_memory(fault);
	if (rule_fields_warn(draft->body, today, draft->warnings) < 0)
		return result_out_of_memory(fault);
	if (strcmp(type, "specific_coupon") == 0 && draft->code == NULL &&
	    say(draft, "coupon_type is specific_coupon, but there is no coupon_code: nobody can use the rule until it "
		       "has one.") < 0)
		return result_out_of_memory(fault);
	return warn_same_name(draft, fault);
}

/* ---- the plan ---- */

/* The rule, and its coupon as a second write. */
static json_t *
build_item(const struct draft *draft)
{
	json_t *writes = json_pack("[{s:s, s:{}, s:O}]", "scope", MAGENTO_SCOPE_ALL, "from", "to", draft->body);
	json_t *item;

	if (draft->code != NULL &&
	    json_array_append_new(writes, json_pack("{s:s, s:{}, s:{s:s}}", "scope", MAGENTO_SCOPE_ALL, "from", "to",
						    "coupon_code", draft->code)) < 0) {
		json_decref(writes);
		return NULL;
	}
	item = json_pack("{s:{s:O}, s:o, s:O}", "key", "name", json_object_get(draft->body, "name"), "writes", writes,
			 "rule", draft->body);
	if (item != NULL && draft->code != NULL &&
	    json_object_set_new(item, "coupon_code", json_string(draft->code)) < 0) {
		json_decref(item);
		return NULL;
	}
	return item;
}

static int
fill_plan(const struct draft *draft, struct plan *plan)
{
	const struct reach_write write = {.prefix = MAGENTO_SCOPE_ALL};
	const char *name;
	json_t *value;
	json_t *item = build_item(draft);

	if (item == NULL || plan_add(plan, item) < 0)
		return -1;
	json_object_foreach(draft->body, name, value)
	{
		if (plan_effective(plan, &write, name) < 0)
			return -1;
	}
	for (size_t i = 0; i < json_array_size(draft->warnings); i++)
		plan_warn(plan, "%s", json_string_value(json_array_get(draft->warnings, i)));
	return 0;
}

static int
keep(struct draft *draft, json_t **result_r, struct fault *fault)
{
	struct plan *plan = plan_new(draft->sc.call, PROMOTIONS_CREATE_PAIR, COMMIT_TOOL, "cart price rule");
	json_t *extra =
	    json_pack("{s:O, s:s}", "rule_preview", draft->body, "message",
		      "The cart price rule has been checked and planned, not created. To create it call " COMMIT_TOOL
		      " with this plan_id.");
	int r;

	if (plan == NULL || extra == NULL || fill_plan(draft, plan) < 0)
		r = result_out_of_memory(fault);
	else
		r = plan_finish(plan, draft->params, NULL, extra, NULL, result_r, fault);
	plan_free(&plan);
	json_decref(extra);
	return r;
}

static int
run(struct draft *draft, json_t **result_r, struct fault *fault)
{
	if (check_references(draft, fault) < 0 || warn(draft, fault) < 0)
		return -1;
	return keep(draft, result_r, fault);
}

int
promotions_prepare_create(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	struct draft draft = {
	    .params = params, .warnings = json_array(), .code = json_get_str(params, "coupon_code", NULL)};
	int r = build(&draft, call, fault);

	if (r == 0) {
		r = store_open(&draft.sc, call, fault);
		if (r == 0)
			r = run(&draft, result_r, fault);
		store_close(&draft.sc);
	}
	json_decref(draft.body);
	json_decref(draft.warnings);
	return r;
}

/* ---- shapes ---- */

static const struct json_schema preview = {
    .type = JSON_T_OBJECT, .extra = JSON_EXTRA_ALLOWED, .description = "Exactly what will be sent to Magento"};
static const struct json_prop result_props[] = {
    PLAN_RESULT_PROPS,
    {"rule_preview", &preview, true, NULL},
    {0},
};
const struct json_schema promotions_prepare_create_result = {.type = JSON_T_OBJECT, .props = result_props};
