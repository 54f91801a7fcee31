/* Reading, saving and showing cart price rules. */

#include "entity.h"
#include "errors.h"
#include "promotions.h"
#include "scope.h"
#include "text.h"

#include <ctype.h>
#include <string.h>

enum { GROUP_COUNT = 4, DATE_LEN = 10 };

static const struct member members[] = {
    {"rule_id", MEMBER_INT},
    {"name", MEMBER_TEXT},
    {"store_labels", MEMBER_ANY},
    {"description", MEMBER_TEXT},
    {"website_ids", MEMBER_INTS},
    {"customer_group_ids", MEMBER_INTS},
    {"from_date", MEMBER_TEXT},
    {"to_date", MEMBER_TEXT},
    {"uses_per_customer", MEMBER_INT},
    {"is_active", MEMBER_BOOL},
    {"condition", MEMBER_ANY},
    {"action_condition", MEMBER_ANY},
    {"stop_rules_processing", MEMBER_BOOL},
    {"is_advanced", MEMBER_BOOL},
    {"product_ids", MEMBER_INTS},
    {"sort_order", MEMBER_INT},
    {"simple_action", MEMBER_TEXT},
    {"discount_amount", MEMBER_FLOAT},
    {"discount_qty", MEMBER_FLOAT},
    {"discount_step", MEMBER_INT},
    {"apply_to_shipping", MEMBER_BOOL},
    {"times_used", MEMBER_INT},
    {"is_rss", MEMBER_BOOL},
    {"coupon_type", MEMBER_TEXT},
    {"use_auto_generation", MEMBER_BOOL},
    {"uses_per_coupon", MEMBER_INT},
    {"simple_free_shipping", MEMBER_TEXT},
    {"extension_attributes", MEMBER_HIDDEN},
    {NULL, MEMBER_HIDDEN},
};

static const char *const coupon_words[] = {"0", "NO_COUPON", "SPECIFIC_COUPON", "AUTO"};

/* The words and their numbers; anything else becomes the number of no type at all. */
static json_int_t
parse_coupon_type(const char *text)
{
	for (int i = COUPON_TYPE_NONE; i <= COUPON_TYPE_AUTO; i++) {
		if (strcmp(text, coupon_words[i]) == 0 || (text[0] == '0' + i && text[1] == '\0'))
			return i;
	}
	return COUPON_TYPE_BROKEN;
}

/* "YYYY-MM-DD" at the start: what follows is cut off. */
static bool
is_date(const char *text)
{
	for (int i = 0; i < DATE_LEN; i++) {
		if (i == 4 || i == 7 ? text[i] != '-' : !isdigit((unsigned char)text[i]))
			return false;
	}
	return true;
}

static void
cut_date(json_t *draft, const char *name)
{
	const char *text = json_string_value(json_object_get(draft, name));

	if (text != NULL && is_date(text))
		json_object_set_new(draft, name, json_stringn(text, DATE_LEN));
}

json_t *
rule_read(json_t *body, struct reply *reply)
{
	json_t *draft = entity_read(members, body, reply), *value;

	if (draft == NULL)
		return NULL;
	if (json_number_value(json_object_get(draft, "discount_amount")) < 0) {
		error_set(reply, 400, "Please choose a valid discount amount.");
		json_decref(draft);
		return NULL;
	}
	cut_date(draft, "from_date");
	cut_date(draft, "to_date");
	value = json_object_get(draft, "coupon_type");
	if (json_is_string(value))
		json_object_set_new(draft, "coupon_type", json_integer(parse_coupon_type(json_string_value(value))));
	value = json_object_get(draft, "condition");
	if (json_is_object(value))
		json_object_set_new(draft, "condition", conditions_normalise(value, false));
	value = json_object_get(draft, "action_condition");
	if (json_is_object(value))
		json_object_set_new(draft, "action_condition", conditions_normalise(value, true));
	return draft;
}

static json_t *
make_default(void)
{
	return json_pack("{s:[], s:[], s:[], s:i, s:b, s:o, s:o, s:b, s:b, s:i, s:i, s:i, s:b, s:i, s:b, s:i, s:b,"
			 " s:i}",
			 "store_labels", "website_ids", "customer_group_ids", "uses_per_customer", 0, "is_active", 0,
			 "condition", conditions_default(false), "action_condition", conditions_default(true),
			 "stop_rules_processing", 1, "is_advanced", 1, "sort_order", 0, "discount_amount", 0,
			 "discount_step", 0, "apply_to_shipping", 0, "times_used", 0, "is_rss", 0, "coupon_type",
			 COUPON_TYPE_NONE, "use_auto_generation", 0, "uses_per_coupon", 0);
}

/* Labels are saved one by one: those of other stores stay. */
static void
merge_labels(json_t *rule, const json_t *labels)
{
	json_t *stored = json_deep_copy(json_object_get(rule, "store_labels")), *label, *other;
	size_t i, k;

	json_array_foreach(labels, i, label)
	{
		json_array_foreach(stored, k, other)
		{
			if (json_equal(json_object_get(other, "store_id"), json_object_get(label, "store_id"))) {
				json_array_remove(stored, k);
				break;
			}
		}
		if (json_string_length(json_object_get(label, "store_label")) > 0)
			json_array_append(stored, label);
	}
	json_object_set_new(rule, "store_labels", stored);
}

/* null changes nothing, an empty date takes the date away, a quantity of 0 is none. */
static void
merge(json_t *rule, json_t *draft)
{
	const char *name;
	json_t *value;

	json_object_foreach(draft, name, value)
	{
		bool date = strcmp(name, "from_date") == 0 || strcmp(name, "to_date") == 0;

		if (json_is_null(value) || strcmp(name, "rule_id") == 0)
			continue;
		if (strcmp(name, "store_labels") == 0)
			merge_labels(rule, value);
		else if ((date && json_string_length(value) == 0) ||
			 (strcmp(name, "discount_qty") == 0 && json_number_value(value) == 0))
			json_object_del(rule, name);
		else
			json_object_set(rule, name, value);
	}
}

static bool
all_known(const json_t *ids, json_int_t first, json_int_t end)
{
	json_t *id;
	size_t i;

	json_array_foreach(ids, i, id)
	{
		if (json_integer_value(id) < first || json_integer_value(id) >= end)
			return false;
	}
	return true;
}

/* -1 and 400 if the period makes no sense. */
static int
check_period(const json_t *rule, struct reply *reply)
{
	const char *from = json_string_value(json_object_get(rule, "from_date"));
	const char *to = json_string_value(json_object_get(rule, "to_date"));

	if (from == NULL || to == NULL || (is_date(from) && is_date(to) && strcmp(from, to) <= 0))
		return 0;
	error_set(reply, 400, "End Date must follow Start Date.; ");
	return -1;
}

/* The answer repeats the labels that were sent, whatever is stored. */
static json_t *
render_answer(const json_t *rule, json_t *draft)
{
	json_t *out = rule_render(rule), *labels = json_object_get(draft, "store_labels");

	if (json_is_array(labels))
		json_object_set(out, "store_labels", labels);
	return out;
}

/* -1 and an error if the rule, as it would be, cannot be saved. */
static int
check(struct promotions *promotions, const json_t *rule, bool exists, struct reply *reply)
{
	if (check_period(rule, reply) < 0)
		return -1;
	if (all_known(json_object_get(rule, "website_ids"), WEBSITE_BASE, WEBSITE_EU + 1) &&
	    all_known(json_object_get(rule, "customer_group_ids"), 0, GROUP_COUNT))
		return 0;
	/* A new row went in before its links to websites and groups failed, so its id is used up. */
	if (!exists)
		promotions->rules.next_id++;
	error_set_internal(reply);
	return -1;
}

json_int_t
rule_save(struct promotions *promotions, json_int_t id, json_t *draft, struct reply *reply)
{
	json_t *row = id != 0 ? table_find(&promotions->rules, id) : NULL;
	json_t *rule = row != NULL ? json_copy(row) : make_default();
	json_int_t saved = 0;

	merge(rule, draft);
	if (id != 0 && row == NULL) {
		error_set(reply, 404, "No such entity.");
	} else if (check(promotions, rule, row != NULL, reply) == 0) {
		if (row == NULL)
			row = table_add(&promotions->rules, json_object());
		saved = json_integer_value(json_object_get(row, "rule_id"));
		json_object_clear(row);
		json_object_update(row, rule);
		json_object_set_new(row, "rule_id", json_integer(saved));
		coupons_follow_rule(promotions, row);
		reply_set_json(reply, 200, render_answer(row, draft));
	}
	json_decref(rule);
	return saved;
}

json_t *
rule_render(const json_t *rule)
{
	json_t *out = entity_render(members, rule);
	json_int_t type = json_integer_value(json_object_get(rule, "coupon_type"));

	json_object_set_new(out, "coupon_type", json_string(coupon_words[type]));
	return out;
}

bool
rule_remove(struct promotions *promotions, json_int_t id)
{
	if (!table_remove(&promotions->rules, id))
		return false;
	for (size_t i = json_array_size(promotions->coupons.rows); i > 0; i--) {
		const json_t *coupon = json_array_get(promotions->coupons.rows, i - 1);

		if (json_integer_value(json_object_get(coupon, "rule_id")) == id)
			coupon_remove(promotions, json_integer_value(json_object_get(coupon, "coupon_id")));
	}
	return true;
}
