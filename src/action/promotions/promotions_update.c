/*
 * promotions_update.c - changing a rule that there is: promotions.update_rule, .enable_rule, .disable_rule
 */
#include <string.h>

#include "action/env.h"
#include "arguments.h"
#include "base/clock.h"
#include "json/get.h"
#include "once.h"
#include "promotions.h"
#include "results.h"
#include "rule_desk.h"
#include "rule_fields.h"
#include "rule_shapes.h"
#include "shapes.h"
#include "store.h"

/* A change of one rule under way. */
struct change {
	struct store_client sc;
	json_t *params;
	int64_t rule_id;
	json_t *body;	  /* owned: what is to be stored */
	json_t *rule;	  /* owned: the rule as it is */
	json_t *merged;	  /* owned: the rule as it is to be */
	json_t *warnings; /* owned */
	bool is_repeat;	  /* an earlier call with this key may have done it */
	bool changed;	  /* the shop may have changed */
};

typedef int (*change_fn)(struct change *change, json_t **result_r, struct fault *fault);

static double
cap_of(const struct change *change)
{
	return change->sc.call->env->config->guardrails.max_discount_pct;
}

static int
warn(struct change *change, const json_t *rule)
{
	char today[RULE_DATE_CAP];

	rule_today(clock_wall_ms(), today);
	return rule_fields_warn(rule, today, change->warnings);
}

/* Refuses when there are violations, which are taken. */
static int
refuse_any(json_t *violations, struct fault *fault)
{
	if (violations == NULL)
		return result_out_of_memory(fault);
	if (json_array_size(violations) > 0)
		return arguments_refuse(violations, fault);
	json_decref(violations);
	return 0;
}

static int
work(struct change *change, struct action_call *call, change_fn fn, json_t **result_r, struct fault *fault)
{
	int r = store_open(&change->sc, call, fault);

	if (r == 0)
		r = change->warnings != NULL ? fn(change, result_r, fault) : result_out_of_memory(fault);
	store_close(&change->sc);
	return r;
}

/* Runs fn once for an idempotency_key; takes the body. */
static int
run_once(struct action_call *call, json_t *params, json_t *body, change_fn fn, json_t **result_r, struct fault *fault)
{
	struct change change = {
	    .params = params, .rule_id = json_get_int(params, "rule_id", 0), .body = body, .warnings = json_array()};
	struct once once;
	int r = once_begin(&once, call, params, result_r, fault);

	if (r == 0) {
		change.is_repeat = once.is_repeat;
		r = work(&change, call, fn, result_r, fault);
		if (r == 0)
			once_finish(&once, *result_r);
		else
			once_abandon(&once, !change.changed && !change.is_repeat);
	}
	json_decref(change.body);
	json_decref(change.rule);
	json_decref(change.merged);
	json_decref(change.warnings);
	return r < 0 ? -1 : 0;
}

/* ---- promotions.update_rule ---- */

static int
build_patch(const struct action_call *call, const json_t *params, json_t **body_r, struct fault *fault)
{
	json_t *patch = json_get_object(params, "patch");
	json_t *violations = json_array();
	int64_t rule_id = json_get_int(params, "rule_id", 0);

	if (violations == NULL ||
	    rule_fields_build(patch, rule_more_conditions(call), "params.patch", violations, body_r) < 0) {
		json_decref(violations);
		return result_out_of_memory(fault);
	}
	if (json_get_int(patch, "rule_id", rule_id) != rule_id)
		arguments_violation(violations, "params.patch.rule_id",
				    "must be the same as params.rule_id, or left out");
	else if (json_array_size(violations) == 0 && json_object_size(*body_r) == 0)
		arguments_violation(violations, "params.patch", "must name at least one field to change");
	if (refuse_any(violations, fault) == 0)
		return 0;
	json_decref(*body_r);
	*body_r = NULL;
	return -1;
}

/* Leaves only what differs from the rule; *changes_r tells what that is. */
static int
drop_unchanged(struct change *change, json_t **changes_r)
{
	json_t *changes = json_object();
	const char *name;
	json_t *value;
	void *next;
	int r = changes != NULL ? 0 : -1;

	json_object_foreach_safe(change->body, next, name, value)
	{
		json_t *before = json_object_get(change->rule, name);

		if (rule_fields_same(name, value, before))
			r |= json_object_del(change->body, name);
		else
			r |= json_object_set_new(
			    changes, name,
			    json_pack("{s:O, s:O}", "from", before != NULL ? before : json_null(), "to", value));
	}
	*changes_r = changes;
	return r;
}

/* Generated coupons need a coupon type that has coupons. */
static int
check_generation(const struct change *change, json_t *violations)
{
	if (!json_is_true(json_object_get(change->body, "use_auto_generation")) ||
	    rule_takes_generated_coupons(change->merged))
		return 0;
	return arguments_violation(violations, "params.patch.use_auto_generation", "needs coupon_type auto");
}

/* Everything that must hold is held against the rule as it would be, not against the patch alone. */
static int
check_update(struct change *change, struct fault *fault)
{
	json_t *violations = json_array();
	int r = -1;

	change->merged = rule_fields_merge(change->rule, change->body);
	if (violations == NULL || change->merged == NULL) {
		result_out_of_memory(fault);
	} else if (rule_fields_check(change->merged, cap_of(change), "params.patch", violations) < 0 ||
		   check_generation(change, violations) < 0 ||
		   (rule_is_active(change->merged) &&
		    rule_fields_check_live(change->merged, "params.patch", violations) < 0)) {
		result_out_of_memory(fault);
	} else if (rule_check_references(&change->sc, change->body, "params.patch", violations, change->warnings,
					 fault) == 0) {
		return refuse_any(violations, fault);
	}
	json_decref(violations);
	return r;
}

static int
render_update(struct change *change, const char *message, json_t *changes, json_t **result_r, struct fault *fault)
{
	if (rule_is_active(change->rule) && warn(change, change->rule) < 0)
		return result_out_of_memory(fault);
	*result_r = json_pack("{s:s, s:O, s:O, s:O}", "message", message, "rule", change->rule, "changes", changes,
			      "warnings", change->warnings);
	return *result_r != NULL ? 0 : result_out_of_memory(fault);
}

/* Writes, and reads the rule again: the answer of a PUT shows labels as sent where Magento has kept the old ones. */
static int
write_update(struct change *change, struct fault *fault)
{
	json_t *stored = NULL;

	if (rule_may_go_on(&change->sc, fault) < 0 ||
	    rule_write(&change->sc, change->rule_id, change->body, &change->changed, &stored, fault) < 0)
		return -1;
	json_decref(stored);
	stored = NULL;
	if (rule_read(&change->sc, change->rule_id, NULL, &stored, fault) < 0)
		return -1;
	json_decref(change->rule);
	change->rule = stored;
	return rule_compare(change->body, stored, fault);
}

static int
update(struct change *change, json_t **result_r, struct fault *fault)
{
	static const char done[] = "Rule updated successfully";
	json_t *changes = NULL;
	int r;

	if (rule_read(&change->sc, change->rule_id, NULL, &change->rule, fault) < 0 || check_update(change, fault) < 0)
		return -1;
	if (drop_unchanged(change, &changes) < 0)
		r = result_out_of_memory(fault);
	else if (json_object_size(change->body) == 0)
		r = render_update(change,
				  change->is_repeat ? done : "Nothing to change: the rule is already like that.",
				  changes, result_r, fault);
	else
		r = write_update(change, fault) < 0 ? -1 : render_update(change, done, changes, result_r, fault);
	json_decref(changes);
	return r;
}

int
promotions_update(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	json_t *body = NULL;

	if (build_patch(call, params, &body, fault) < 0)
		return -1;
	return run_once(call, params, body, update, result_r, fault);
}

/* ---- promotions.enable_rule ---- */

static int
check_enable(struct change *change, struct fault *fault)
{
	json_t *violations = json_array();

	change->merged = rule_fields_merge(change->rule, change->body);
	if (violations == NULL || change->merged == NULL ||
	    rule_fields_check(change->merged, cap_of(change), "rule", violations) < 0 ||
	    rule_fields_check_live(change->merged, "rule", violations) < 0) {
		json_decref(violations);
		return result_out_of_memory(fault);
	}
	return refuse_any(violations, fault);
}

static int
enable(struct change *change, json_t **result_r, struct fault *fault)
{
	const char *message = "Rule enabled successfully";

	if (rule_read(&change->sc, change->rule_id, NULL, &change->rule, fault) < 0 || check_enable(change, fault) < 0)
		return -1;
	if (rule_is_active(change->rule)) {
		if (!change->is_repeat)
			message = "The rule is enabled already; nothing was changed.";
	} else {
		json_decref(change->rule);
		change->rule = NULL;
		if (rule_may_go_on(&change->sc, fault) < 0 ||
		    rule_write(&change->sc, change->rule_id, change->body, &change->changed, &change->rule, fault) < 0)
			return -1;
	}
	if (warn(change, change->rule) < 0)
		return result_out_of_memory(fault);
	*result_r =
	    json_pack("{s:s, s:O, s:O}", "message", message, "rule", change->rule, "warnings", change->warnings);
	return *result_r != NULL ? 0 : result_out_of_memory(fault);
}

int
promotions_enable(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	json_t *body = json_pack("{s:b}", "is_active", 1);

	if (body == NULL)
		return result_out_of_memory(fault);
	return run_once(call, params, body, enable, result_r, fault);
}

/* ---- promotions.disable_rule ---- */

static int
disable(struct store_client *sc, json_t *params, json_t **result_r, struct fault *fault)
{
	json_t *body = json_pack("{s:b}", "is_active", 0), *rule = NULL;
	bool changed;
	int r = body != NULL ? 0 : result_out_of_memory(fault);

	if (r == 0)
		r = rule_write(sc, json_get_int(params, "rule_id", 0), body, &changed, &rule, fault);
	if (r == 0) {
		*result_r = json_pack("{s:s, s:o}", "message", "Rule disabled successfully", "rule", rule);
		r = *result_r != NULL ? 0 : result_out_of_memory(fault);
	}
	json_decref(body);
	return r;
}

int
promotions_disable(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	return store_run(call, params, result_r, fault, disable);
}

/* ---- shapes ---- */

static const struct json_prop update_props[] = {
    {"rule_id", &rule_id_shape, true, NULL},
    {"patch", &rule_patch_shape, true, NULL},
    SHAPE_CONFIRM_PROPS,
    {0},
};
const struct json_schema promotions_update_params = {.type = JSON_T_OBJECT, .props = update_props};

static const struct json_schema any = {.type = JSON_T_ANY};
static const struct json_prop change_props[] = {{"from", &any, true, "null: not set"}, {"to", &any, true, NULL}, {0}};
static const struct json_schema change_shape = {.type = JSON_T_OBJECT, .props = change_props};
static const struct json_schema changes_shape = {.type = JSON_T_OBJECT, .extra_schema = &change_shape};
static const struct json_prop update_result_props[] = {
    {"message", &shape_text, true, NULL},
    {"rule", &rule_object_shape, true, "The rule as it is now"},
    {"changes", &changes_shape, true, "Member of Magento's rule -> {from, to}"},
    {"warnings", &shape_texts, true, NULL},
    {"replayed", &shape_flag, true, "The stored result of an earlier call with the same idempotency_key"},
    {0},
};
const struct json_schema promotions_update_result = {.type = JSON_T_OBJECT, .props = update_result_props};

static const struct json_prop enable_props[] = {{"rule_id", &rule_id_shape, true, NULL}, SHAPE_CONFIRM_PROPS, {0}};
const struct json_schema promotions_enable_params = {.type = JSON_T_OBJECT, .props = enable_props};
static const struct json_prop enable_result_props[] = {
    {"message", &shape_text, true, NULL},
    {"rule", &rule_object_shape, true, "The rule as it is now"},
    {"warnings", &shape_texts, true, NULL},
    {"replayed", &shape_flag, true, "The stored result of an earlier call with the same idempotency_key"},
    {0},
};
const struct json_schema promotions_enable_result = {.type = JSON_T_OBJECT, .props = enable_result_props};

static const struct json_prop disable_props[] = {{"rule_id", &rule_id_shape, true, NULL}, {0}};
const struct json_schema promotions_disable_params = {.type = JSON_T_OBJECT, .props = disable_props};
static const struct json_prop disable_result_props[] = {
    {"message", &shape_text, true, NULL}, {"rule", &rule_object_shape, true, "The rule as it is now"}, {0}};
const struct json_schema promotions_disable_result = {.type = JSON_T_OBJECT, .props = disable_result_props};
