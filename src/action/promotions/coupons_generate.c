/*
 * coupons_generate.c - promotions.generate_coupons: codes made in slices, each exactly once
 *
 * With an idempotency_key the call is a deed of its own: its plan holds the rule's highest coupon id from before, a
 * step is a slice, and a call that died is gone on with by the next one with this key.  A slice whose answer was lost
 * is settled by reading the rule's coupons above that id.
 */
#include <stdio.h>
#include <string.h>

#include "action/env.h"
#include "arguments.h"
#include "coupon_order.h"
#include "coupon_space.h"
#include "deed.h"
#include "guard.h"
#include "json/get.h"
#include "once.h"
#include "plan.h"
#include "promotions.h"
#include "results.h"
#include "rule_desk.h"
#include "rule_fields.h"
#include "rule_shapes.h"
#include "shapes.h"
#include "store.h"

#define SPACE_NEEDED 10
#define SPACE_WANTED 1000

/* ---- checks ---- */

static int
refuse(const char *path, const char *message, struct fault *fault)
{
	json_t *violations = json_array();

	arguments_violation(violations, path, "%s", message);
	return arguments_refuse(violations, fault);
}

/* What needs no question to the shop. */
static int
check_params(const struct action_call *call, const json_t *params, json_t *warnings, struct fault *fault)
{
	enum coupon_format format = coupon_format_of(json_get_str(params, "format", ""));
	unsigned length = (unsigned)json_get_int(params, "length", COUPON_LENGTH_DEFAULT);
	uint64_t qty = (uint64_t)json_get_int(params, "qty", 0);
	char text[200];

	if (guard_cap((size_t)qty, call->env->config->guardrails.max_coupon_qty, "guardrails.max_coupon_qty", fault) <
	    0)
		return -1;
	if (!coupon_space_holds(format, length, qty, SPACE_NEEDED)) {
		snprintf(text, sizeof(text), "is too short for so many codes: use length >= %u",
			 coupon_space_length(format, qty, SPACE_NEEDED));
		return refuse("params.length", text, fault);
	}
	if (coupon_space_holds(format, length, qty, SPACE_WANTED))
		return 0;
	snprintf(text, sizeof(text), "The codes are easy to guess: of so short ones there are few. Use length >= %u.",
		 coupon_space_length(format, qty, SPACE_WANTED));
	return json_array_append_new(warnings, json_string(text)) == 0 ? 0 : result_out_of_memory(fault);
}

static int
check_rule(struct coupon_order *order, struct fault *fault)
{
	json_t *rule = NULL, *uses = json_get(order->params, "uses_per_coupon");
	char text[200];
	int r = 0;

	if (rule_read(&order->sc, order->rule_id, "rule_id,coupon_type,use_auto_generation,uses_per_coupon", &rule,
		      fault) < 0)
		return -1;
	if (!rule_takes_generated_coupons(rule)) {
		r = refuse("params.rule_id",
			   "is a rule without generated coupons: call promotions_update_rule with patch "
			   "{\"coupon_type\":\"auto\"}",
			   fault);
	} else if (uses != NULL &&
		   !rule_fields_same("uses_per_coupon", uses, json_object_get(rule, "uses_per_coupon"))) {
		snprintf(text, sizeof(text),
			 "must equal the rule's own limit, %lld: coupons cannot differ from their rule. Change it with "
			 "promotions_update_rule",
			 (long long)json_get_int(rule, "uses_per_coupon", 0));
		r = refuse("params.uses_per_coupon", text, fault);
	}
	json_decref(rule);
	return r;
}

/* ---- all of them ---- */

static int
render(struct coupon_order *order, json_t **result_r, struct fault *fault)
{
	json_int_t n = (json_int_t)json_array_size(order->made);
	char message[80];

	snprintf(message, sizeof(message), "Generated %lld coupon(s)", (long long)n);
	*result_r = json_pack("{s:s, s:O, s:I, s:I, s:I, s:O}", "message", message, "coupons", order->made, "generated",
			      n, "requested", (json_int_t)order->qty, "rule_id", (json_int_t)order->rule_id, "warnings",
			      order->warnings);
	if (*result_r == NULL || (order->recovered && json_object_set_new(*result_r, "recovered", json_true()) < 0))
		return result_out_of_memory(fault);
	return 0;
}

/* Why there are fewer than asked for. */
static int
say_stopped(struct coupon_order *order, const char *why)
{
	char text[FAULT_MESSAGE_MAX + 200];

	snprintf(text, sizeof(text), "Only %zu of %lld were generated: %s", json_array_size(order->made),
		 (long long)order->qty, why);
	return json_array_append_new(order->warnings, json_string(text));
}

/*
 * Codes that exist are told, whatever happened to the rest.  An unfinished deed is left open: the next call with its
 * key goes on.
 */
static int
conclude(struct coupon_order *order, int r, json_t **result_r, struct fault *fault)
{
	if (r < 0 && (json_array_size(order->made) == 0 || fault->code == FAULT_CANCELLED))
		return -1;
	if (r < 0 && say_stopped(order, fault->message) < 0)
		return result_out_of_memory(fault);
	fault_fini(fault);
	fault_init(fault);
	if (render(order, result_r, fault) < 0)
		return -1;
	if (r == 0)
		deed_finish(&order->deed, true, *result_r);
	else if (json_object_set_new(*result_r, "replayed", json_false()) < 0)
		return result_out_of_memory(fault);
	return 0;
}

static int
make_all(struct coupon_order *order, json_t **result_r, struct fault *fault)
{
	int r = coupon_order_make(order, fault);

	return conclude(order, r, result_r, fault);
}

/* ---- beginning, and going on ---- */

static json_t *
build_item(const struct coupon_order *order)
{
	return json_pack("{s:{s:I}, s:I, s:[]}", "key", "rule_id", (json_int_t)order->rule_id, "base_id",
			 (json_int_t)order->base_id, "writes");
}

/* The deed is kept as a plan under the key, and claimed at once. */
static int
keep(struct coupon_order *order, const char *key, json_t **result_r, struct fault *fault)
{
	struct plan *plan =
	    plan_new(order->sc.call, order->sc.call->action->name, "promotions_generate_coupons", "coupons");
	json_t *item = build_item(order), *shown = NULL;
	char id[PLAN_ID_CAP];
	int r;

	if (plan == NULL || item == NULL || plan_add(plan, item) < 0)
		r = result_out_of_memory(fault);
	else
		r = plan_finish(plan, order->params, NULL, NULL, id, &shown, fault);
	plan_free(&plan);
	json_decref(shown);
	if (r == 0)
		r = deed_claim(&order->deed, order->sc.call, order->sc.call->action->name, id, key,
			       coupon_order_steps(order->qty), result_r, fault);
	order->is_kept = order->deed.claim != NULL;
	return r;
}

static int
begin(struct coupon_order *order, struct once *once, json_t **result_r, struct fault *fault)
{
	const char *key = json_get_str(order->params, "idempotency_key", NULL);

	if (check_rule(order, fault) < 0 ||
	    rule_highest_id(&order->sc, "/coupons/search", "coupon_id", order->rule_id, &order->base_id, fault) < 0)
		return -1;
	if (once->claim == NULL)
		return deed_begin(&order->deed, order->sc.call, build_item(order), coupon_order_steps(order->qty),
				  fault);
	return keep(order, key, result_r, fault);
}

static int
go_on(struct coupon_order *order, const struct once *once, json_t **result_r, struct fault *fault)
{
	int r = deed_claim(&order->deed, order->sc.call, order->sc.call->action->name, once->plan_id,
			   json_get_str(order->params, "idempotency_key", NULL), coupon_order_steps(order->qty),
			   result_r, fault);

	order->base_id = json_get_int(order->deed.item, "base_id", 0);
	return r;
}

static int
run(struct coupon_order *order, struct once *once, json_t **result_r, struct fault *fault)
{
	int r = store_open(&order->sc, order->sc.call, fault);

	if (r == 0)
		r = once->plan_id[0] != '\0' ? go_on(order, once, result_r, fault)
					     : begin(order, once, result_r, fault);
	if (order->is_kept)
		once_abandon(once, false);
	if (r == 0)
		r = make_all(order, result_r, fault);
	deed_end(&order->deed);
	store_close(&order->sc);
	return r;
}

int
coupons_generate(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	struct coupon_order order = {
	    .sc = {.call = call},
	    .deed = {.call = call},
	    .params = params,
	    .rule_id = json_get_int(params, "rule_id", 0),
	    .qty = json_get_int(params, "qty", 0),
	    .made = json_array(),
	    .made_set = json_object(),
	    .warnings = json_array(),
	};
	struct once once = {.call = call};
	int r = -1;

	if (order.made == NULL || order.made_set == NULL || order.warnings == NULL)
		result_out_of_memory(fault);
	else if (check_params(call, params, order.warnings, fault) == 0)
		r = once_begin(&once, call, params, result_r, fault);
	if (r == 0) {
		r = run(&order, &once, result_r, fault);
		once_abandon(&once, !order.is_kept);
	}
	json_decref(order.made);
	json_decref(order.made_set);
	json_decref(order.warnings);
	return r < 0 ? -1 : 0;
}

/* ---- shapes ---- */

static bool
match_affix(const char *text, size_t len)
{
	return strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-") == len;
}

static const char *const formats[] = {"alphanumeric", "alphabetical", "numeric", NULL};

#define AFFIX(prop_name, prop_description)                                                                             \
	JSON_OPTIONAL(prop_name, .type = JSON_T_STRING, .max_length = 64, .match = match_affix,                        \
		      .pattern = "^[A-Za-z0-9_-]*$", .hint = "must be letters, digits, _ and -",                       \
		      .description = prop_description)

static const struct json_prop params_props[] = {
    {"rule_id", &rule_id_shape, true, NULL},
    JSON_REQUIRED("qty", .type = JSON_T_INTEGER, .minimum = JSON_BOUND(1), .maximum = JSON_BOUND(1000000000),
		  .description = "How many codes"),
    JSON_OPTIONAL("length", .type = JSON_T_INTEGER, .minimum = JSON_BOUND(4), .maximum = JSON_BOUND(32),
		  .default_json = "12", .description = "Characters without prefix and suffix"),
    JSON_OPTIONAL("format", .type = JSON_T_STRING, .enumeration = formats, .default_json = "\"alphanumeric\"",
		  .description = "Characters of a code"),
    AFFIX("prefix", "Before each code"),
    AFFIX("suffix", "Behind each code"),
    JSON_OPTIONAL("uses_per_coupon", .type = JSON_T_INTEGER, .minimum = JSON_BOUND(0),
		  .maximum = JSON_BOUND(2147483647),
		  .description = "Must equal the rule's own limit; coupons cannot differ"),
    SHAPE_CONFIRM_PROPS,
    {0},
};
const struct json_schema coupons_generate_params = {.type = JSON_T_OBJECT, .props = params_props};

static const struct json_prop result_props[] = {
    {"message", &shape_text, true, NULL},
    {"coupons", &shape_texts, true, "The codes"},
    {"generated", &shape_count, true, NULL},
    {"requested", &shape_count, true, NULL},
    {"rule_id", &rule_id_shape, true, NULL},
    {"recovered", &shape_flag, false,
     "An answer of Magento was lost; some codes were found by reading the rule's coupons"},
    {"warnings", &shape_texts, true, NULL},
    {"replayed", &shape_flag, true, "The stored result of an earlier call with the same idempotency_key"},
    {0},
};
const struct json_schema coupons_generate_result = {.type = JSON_T_OBJECT, .props = result_props};
