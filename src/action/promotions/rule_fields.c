#include "rule_fields.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arguments.h"
#include "base/clock.h"
#include "json/clone.h"
#include "json/get.h"
#include "results.h"
#include "rule_conditions.h"

enum kind { KIND_TEXT, KIND_DATE, KIND_FLAG, KIND_NUMBER, KIND_IDS, KIND_LABELS, KIND_TREE };

/* Every member of a body that we write. */
static const struct field {
	const char *name;
	enum kind kind;
	const char *fallback; /* JSON for a new rule; NULL: left out */
} fields[] = {
    {"name", KIND_TEXT, NULL},
    {"description", KIND_TEXT, "\"\""},
    {"website_ids", KIND_IDS, NULL},
    {"customer_group_ids", KIND_IDS, NULL},
    {"from_date", KIND_DATE, NULL},
    {"to_date", KIND_DATE, NULL},
    {"is_active", KIND_FLAG, "false"},
    {"simple_action", KIND_TEXT, NULL},
    {"discount_amount", KIND_NUMBER, NULL},
    {"discount_qty", KIND_NUMBER, "0"},
    {"discount_step", KIND_NUMBER, "0"},
    {"apply_to_shipping", KIND_FLAG, "false"},
    {"stop_rules_processing", KIND_FLAG, "false"},
    {"sort_order", KIND_NUMBER, "0"},
    {"coupon_type", KIND_TEXT, "\"NO_COUPON\""},
    {"use_auto_generation", KIND_FLAG, "false"},
    {"uses_per_customer", KIND_NUMBER, "0"},
    {"uses_per_coupon", KIND_NUMBER, "0"},
    {"store_labels", KIND_LABELS, NULL},
    {"condition", KIND_TREE, NULL},
    {"action_condition", KIND_TREE, NULL},
    {"simple_free_shipping", KIND_NUMBER, "\"0\""},
    {"is_rss", KIND_FLAG, "false"},
};

static const struct field *
field_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		if (strcmp(fields[i].name, name) == 0)
			return &fields[i];
	}
	return NULL;
}

static int
object_to(json_t *violations, const char *path, const char *member, const char *text)
{
	char where[200];

	snprintf(where, sizeof(where), "%s.%s", path, member);
	return arguments_violation(violations, where, "%s", text);
}

/* ---- building ---- */

static int
build_coupon_type(const json_t *given, const char *path, json_t *violations, json_t *body)
{
	const char *type = json_get_str(given, "coupon_type", NULL);
	bool is_auto, says_auto = json_get_bool(given, "use_auto_generation", false);

	if (type == NULL)
		return 0;
	if (strcmp(type, "no_coupon") == 0) {
		if (says_auto)
			return object_to(violations, path, "use_auto_generation",
					 "does not go with coupon_type no_coupon");
		return json_object_set_new(body, "coupon_type", json_string("NO_COUPON"));
	}
	is_auto = strcmp(type, "auto") == 0;
	if (json_get(given, "use_auto_generation") != NULL && says_auto != is_auto)
		return object_to(violations, path, "use_auto_generation",
				 "contradicts coupon_type: auto means true, specific_coupon means false");
	if (json_object_set_new(body, "coupon_type", json_string("SPECIFIC_COUPON")) < 0)
		return -1;
	return json_object_set_new(body, "use_auto_generation", json_boolean(is_auto));
}

static int
build_conditions(const json_t *given, const char *param, enum rule_side side, const struct config_list *more,
		 const char *path, json_t *violations, json_t *body)
{
	json_t *conditions = json_get(given, param);
	json_t *tree = NULL;
	char where[100];

	if (conditions == NULL)
		return 0;
	snprintf(where, sizeof(where), "%s.%s", path, param);
	if (rule_conditions_build(side, conditions, more, where, violations, &tree) < 0)
		return -1;
	if (tree == NULL)
		return 0;
	return json_object_set_new(body, side == RULE_SIDE_CART ? "condition" : "action_condition", tree);
}

/* 5.0 means 5, and is sent as that. */
static json_t *
as_whole(json_t *value)
{
	int64_t whole;

	return json_is_real(value) && json_is_integral(value, &whole) ? json_integer(whole) : json_incref(value);
}

static json_t *
whole_label(const json_t *label)
{
	return json_pack("{s:I, s:s}", "store_id", (json_int_t)json_get_int(label, "store_id", 0), "store_label",
			 json_get_str(label, "store_label", ""));
}

/* A parameter's value as it is sent. */
static json_t *
build_value(enum kind kind, json_t *value)
{
	json_t *list;

	if (kind != KIND_IDS && kind != KIND_LABELS)
		return as_whole(value);
	list = json_array();
	for (size_t i = 0; list != NULL && i < json_array_size(value); i++) {
		json_t *one = json_array_get(value, i);

		if (json_array_append_new(list, kind == KIND_IDS ? as_whole(one) : whole_label(one)) < 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

static int
build_plain(const json_t *given, json_t *body)
{
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		json_t *value = json_get(given, fields[i].name);

		if (value == NULL || fields[i].kind == KIND_TREE || strcmp(fields[i].name, "coupon_type") == 0)
			continue;
		if (json_object_set_new(body, fields[i].name, build_value(fields[i].kind, value)) < 0)
			return -1;
	}
	return 0;
}

int
rule_fields_build(const json_t *given, const struct config_list *more_conditions, const char *path, json_t *violations,
		  json_t **body_r)
{
	json_t *body = json_object();

	*body_r = NULL;
	if (body == NULL || build_plain(given, body) < 0 || build_coupon_type(given, path, violations, body) < 0 ||
	    build_conditions(given, "conditions", RULE_SIDE_CART, more_conditions, path, violations, body) < 0 ||
	    build_conditions(given, "action_conditions", RULE_SIDE_ITEMS, more_conditions, path, violations, body) <
		0 ||
	    result_clean(body) < 0) {
		json_decref(body);
		return -1;
	}
	*body_r = body;
	return 0;
}

static int
set_missing(json_t *body, const char *name, json_t *value)
{
	if (json_object_get(body, name) == NULL)
		return json_object_set_new(body, name, value);
	json_decref(value);
	return 0;
}

int
rule_fields_complete(json_t *body)
{
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		if (fields[i].fallback != NULL &&
		    set_missing(body, fields[i].name, json_loads(fields[i].fallback, JSON_DECODE_ANY, NULL)) < 0)
			return -1;
	}
	if (set_missing(body, "condition", rule_conditions_none(RULE_SIDE_CART)) < 0)
		return -1;
	return set_missing(body, "action_condition", rule_conditions_none(RULE_SIDE_ITEMS));
}

json_t *
rule_fields_merge(json_t *rule, json_t *body)
{
	json_t *merged = json_clone_shallow(rule);

	if (merged != NULL && json_object_update(merged, body) < 0) {
		json_decref(merged);
		return NULL;
	}
	return merged;
}

/* ---- values in a normal form ---- */

static double
number_of(const json_t *value)
{
	if (json_is_string(value))
		return strtod(json_string_value(value), NULL);
	if (json_is_boolean(value))
		return json_is_true(value);
	return json_is_number(value) ? json_number_value(value) : 0;
}

/* Four places: what Magento's columns keep. */
static bool
same_number(const json_t *a, const json_t *b)
{
	return fabs(number_of(a) - number_of(b)) < 0.00005;
}

static const char *
text_of(const json_t *value)
{
	return json_is_string(value) ? json_string_value(value) : "";
}

static bool
same_text(const json_t *a, const json_t *b)
{
	return strcmp(text_of(a), text_of(b)) == 0;
}

static bool
same_date(const json_t *a, const json_t *b)
{
	return strncmp(text_of(a), text_of(b), RULE_DATE_CAP - 1) == 0;
}

static bool
holds_number(const json_t *list, const json_t *wanted)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		if (same_number(json_array_get(list, i), wanted))
			return true;
	}
	return false;
}

static bool
is_subset(const json_t *part, const json_t *whole)
{
	for (size_t i = 0; i < json_array_size(part); i++) {
		if (!holds_number(whole, json_array_get(part, i)))
			return false;
	}
	return true;
}

static const char *
label_of(const json_t *labels, int64_t store_id)
{
	for (size_t i = 0; i < json_array_size(labels); i++) {
		const json_t *label = json_array_get(labels, i);

		if (json_get_int(label, "store_id", -1) == store_id)
			return json_get_str(label, "store_label", "");
	}
	return "";
}

static bool
same_labels(const json_t *sent, const json_t *stored)
{
	for (size_t i = 0; i < json_array_size(sent); i++) {
		const json_t *label = json_array_get(sent, i);

		if (strcmp(json_get_str(label, "store_label", ""),
			   label_of(stored, json_get_int(label, "store_id", -1))) != 0)
			return false;
	}
	return true;
}

bool
rule_fields_same(const char *name, const json_t *sent, const json_t *stored)
{
	const struct field *field = field_find(name);

	switch (field != NULL ? field->kind : KIND_TEXT) {
	case KIND_DATE:
		return same_date(sent, stored);
	case KIND_FLAG:
	case KIND_NUMBER:
		return same_number(sent, stored);
	case KIND_IDS:
		return is_subset(sent, stored) && is_subset(stored, sent);
	case KIND_LABELS:
		return same_labels(sent, stored);
	case KIND_TREE:
		return rule_conditions_equal(sent, stored);
	case KIND_TEXT:
		break;
	}
	return same_text(sent, stored);
}

json_t *
rule_fields_missing(const json_t *body, const json_t *stored)
{
	json_t *missing = json_array();

	for (size_t i = 0; missing != NULL && i < ARRAY_LEN(fields); i++) {
		json_t *sent = json_object_get(body, fields[i].name);

		if (sent == NULL || rule_fields_same(fields[i].name, sent, json_object_get(stored, fields[i].name)))
			continue;
		if (json_array_append_new(missing, json_string(fields[i].name)) < 0) {
			json_decref(missing);
			return NULL;
		}
	}
	return missing;
}

/* ---- checks ---- */

static bool
is_action(const json_t *rule, const char *action)
{
	return strcmp(json_get_str(rule, "simple_action", ""), action) == 0;
}

static int
check_discount(const json_t *rule, double max_discount_pct, const char *path, json_t *violations)
{
	double amount = number_of(json_object_get(rule, "discount_amount"));
	char text[300];

	if (!is_action(rule, "by_percent") || amount <= (max_discount_pct < 100 ? max_discount_pct : 100))
		return 0;
	snprintf(
	    text, sizeof(text),
	    "%g percent is over the cap of %g percent. Lower it, or ask the operator about guardrails.max_discount_pct "
	    "(MCP_MAX_DISCOUNT_PCT)",
	    amount, max_discount_pct);
	return object_to(violations, path, "discount_amount", text);
}

static int
check_dates(const json_t *rule, const char *path, json_t *violations)
{
	const char *from = text_of(json_object_get(rule, "from_date"));
	const char *to = text_of(json_object_get(rule, "to_date"));

	if (from[0] == '\0' || to[0] == '\0' || strncmp(to, from, RULE_DATE_CAP - 1) >= 0)
		return 0;
	return object_to(violations, path, "to_date", "must not be before from_date");
}

int
rule_fields_check(const json_t *rule, double max_discount_pct, const char *path, json_t *violations)
{
	if (check_discount(rule, max_discount_pct, path, violations) < 0 || check_dates(rule, path, violations) < 0)
		return -1;
	if (!is_action(rule, "buy_x_get_y") || number_of(json_object_get(rule, "discount_step")) >= 1)
		return 0;
	return object_to(violations, path, "discount_step", "must be 1 or more with buy_x_get_y: it is the X");
}

int
rule_fields_check_live(const json_t *rule, const char *path, json_t *violations)
{
	static const char *const types[] = {"NO_COUPON", "SPECIFIC_COUPON", "AUTO"};
	const char *type = json_get_str(rule, "coupon_type", "");
	size_t known = 0;

	while (known < ARRAY_LEN(types) && strcmp(types[known], type) != 0)
		known++;
	if (json_get_array_len(rule, "website_ids") == 0 &&
	    object_to(
		violations, path, "website_ids",
		"is empty, so the rule never applies. Call promotions_update_rule with patch {\"website_ids\":[...]}") <
		0)
		return -1;
	if (json_get_array_len(rule, "customer_group_ids") == 0 &&
	    object_to(violations, path, "customer_group_ids",
		      "is empty, so the rule never applies. Call promotions_update_rule with patch "
		      "{\"customer_group_ids\":[...]}") < 0)
		return -1;
	if (known < ARRAY_LEN(types))
		return 0;
	return object_to(violations, path, "coupon_type",
			 "is stored as a value that Magento does not know. Call promotions_update_rule with patch "
			 "{\"coupon_type\":\"no_coupon\"}, specific_coupon or auto");
}

/* ---- warnings ---- */

bool
rule_is_active(const json_t *rule)
{
	return number_of(json_object_get(rule, "is_active")) != 0;
}

bool
rule_takes_generated_coupons(const json_t *rule)
{
	return strcmp(json_get_str(rule, "coupon_type", ""), "SPECIFIC_COUPON") == 0 &&
	       number_of(json_object_get(rule, "use_auto_generation")) != 0;
}

static int
say(json_t *warnings, const char *text)
{
	return json_array_append_new(warnings, json_string(text));
}

static int
warn_period(const json_t *rule, const char *today, json_t *warnings)
{
	const char *to = text_of(json_object_get(rule, "to_date"));
	char text[120];

	if (to[0] == '\0')
		return say(warnings, "The rule has no end date: it applies until somebody switches it off.");
	if (strncmp(to, today, RULE_DATE_CAP - 1) >= 0)
		return 0;
	snprintf(text, sizeof(text), "The period of the rule is over (to_date %.10s): it does not apply any more.", to);
	return say(warnings, text);
}

static bool
includes_guests(const json_t *rule)
{
	json_t *groups = json_get_array(rule, "customer_group_ids");

	for (size_t i = 0; i < json_array_size(groups); i++) {
		if (number_of(json_array_get(groups, i)) == 0)
			return true;
	}
	return false;
}

int
rule_fields_warn(const json_t *rule, const char *today, json_t *warnings)
{
	const char *type = json_get_str(rule, "coupon_type", "");
	bool needs_coupon = strcmp(type, "SPECIFIC_COUPON") == 0 || strcmp(type, "AUTO") == 0;

	if (warn_period(rule, today, warnings) < 0)
		return -1;
	if (rule_is_active(rule) && !needs_coupon && rule_conditions_is_empty(json_object_get(rule, "condition")) &&
	    say(warnings, "The rule is active, needs no coupon and has no conditions: it applies to every cart.") < 0)
		return -1;
	if (number_of(json_object_get(rule, "uses_per_customer")) > 0 && includes_guests(rule))
		return say(
		    warnings,
		    "uses_per_customer has no effect for guests (customer group 0): Magento does not know them again.");
	return 0;
}

void
rule_today(uint64_t wall_ms, char today_r[static RULE_DATE_CAP])
{
	char text[CLOCK_ISO_CAP];

	clock_format_iso(wall_ms, text);
	snprintf(today_r, RULE_DATE_CAP, "%.10s", text);
}
