/*
 * promotions_ask.c - what the user is asked before a rule is created, changed or enabled, and before coupons are made
 */
#include <string.h>

#include "action/env.h"
#include "guard.h"
#include "json/get.h"
#include "plan_question.h"
#include "promotions.h"
#include "rule_desk.h"
#include "rule_fields.h"

int
promotions_ask_create(struct action_call *call, const json_t *params, struct buf *text, struct fault *fault)
{
	static const struct plan_words words = {.noun = "cart price rules", .creates = true};

	return plan_question(call, params, PROMOTIONS_CREATE_PAIR, &words, text, fault);
}

/* ---- a rule that there is ---- */

static int
read_rule(struct action_call *call, const json_t *params, json_t **rule_r, struct fault *fault)
{
	struct store_client sc;
	int r = store_open(&sc, call, fault);

	if (r == 0)
		r = rule_read(&sc, json_get_int(params, "rule_id", 0), NULL, rule_r, fault);
	store_close(&sc);
	return r;
}

/* the cart price rule 5 "Summer" (enabled, by_percent 10) */
static void
put_rule(struct buf *text, const json_t *rule)
{
	buf_printf(text, "the cart price rule %lld ", (long long)json_get_int(rule, "rule_id", 0));
	plan_question_value(text, json_object_get(rule, "name"));
	buf_printf(text, " (%s, %s ", rule_is_active(rule) ? "enabled" : "disabled",
		   json_get_str(rule, "simple_action", "no discount"));
	plan_question_value(text, json_object_get(rule, "discount_amount"));
	buf_put_str(text, ")");
}

int
promotions_ask_update(struct action_call *call, const json_t *params, struct buf *text, struct fault *fault)
{
	json_t *patch = json_get_object(params, "patch"), *rule = NULL, *to;
	const char *name;

	if (read_rule(call, params, &rule, fault) < 0)
		return -1;
	buf_put_str(text, "Change ");
	put_rule(text, rule);
	buf_put_str(text, "?");
	json_object_foreach(patch, name, to)
	{
		json_t *from = json_object_get(rule, name);

		buf_printf(text, "\n- %s: ", name);
		if (from != NULL) {
			plan_question_value(text, from);
			buf_put_str(text, " -> ");
		}
		plan_question_value(text, to);
	}
	json_decref(rule);
	return 0;
}

int
promotions_ask_enable(struct action_call *call, const json_t *params, struct buf *text, struct fault *fault)
{
	json_t *rule = NULL;

	if (read_rule(call, params, &rule, fault) < 0)
		return -1;
	buf_put_str(text, "Enable ");
	put_rule(text, rule);
	buf_put_str(text, "? Its discount applies to carts from then on.");
	json_decref(rule);
	return 0;
}

int
coupons_ask_generate(struct action_call *call, const json_t *params, struct buf *text, struct fault *fault)
{
	long long qty = (long long)json_get_int(params, "qty", 0);
	json_t *rule = NULL;

	if (guard_cap((size_t)qty, call->env->config->guardrails.max_coupon_qty, "guardrails.max_coupon_qty", fault) <
		0 ||
	    read_rule(call, params, &rule, fault) < 0)
		return -1;
	buf_printf(text, "Generate %lld coupon code%s for ", qty, qty == 1 ? "" : "s");
	put_rule(text, rule);
	buf_put_str(text, "?");
	json_decref(rule);
	return 0;
}
