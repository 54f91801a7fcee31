/*
 * promotions_create.c - promotions.commit_cart_price_rule_create: the rule of a plan, and its coupon, exactly once
 *
 * Step 0 of the deed is the rule, step 1 its coupon.  Before the POST the highest rule id is noted: when the answer is
 * lost, a rule of that name above it is the one that was asked for.
 */
#include <string.h>
#include <strings.h>

#include "action/env.h"
#include "arguments.h"
#include "deed.h"
#include "json/get.h"
#include "promotions.h"
#include "results.h"
#include "rule_desk.h"
#include "rule_fields.h"
#include "rule_shapes.h"
#include "shapes.h"
#include "store.h"

#define STEP_RULE 0
#define STEP_COUPON 1
#define STEPS 2
#define TRIES_MAX 2 /* of a POST whose answer was lost and that turned out not to have arrived */
#define FOUND_MAX 100

struct creation {
	struct store_client sc;
	struct deed deed;
	json_t *body;	      /* borrowed from the plan */
	const char *code;     /* borrowed; NULL: no coupon */
	json_t *rule;	      /* owned: as Magento has it */
	json_t *coupon;	      /* owned; NULL: none */
	json_t *coupon_error; /* owned text; NULL: none */
	bool is_answered;     /* the last POST in doubt was answered: it is not under way any more */
	struct fault last;    /* why it is in doubt */
};

static int
refuse_odd(struct fault *fault)
{
	return fault_set(fault, FAULT_MAGENTO_API_ERROR, json_pack("{s:s}", "kind", "not_json"),
			 "Magento answered something that is not what was created.");
}

/* A POST and its answer, which must be an object; *in_doubt_r: it may have been carried out all the same. */
static int
post(struct creation *c, const char *path, json_t *body, json_t **answer_r, bool *in_doubt_r, struct fault *fault)
{
	const struct magento_request request = {
	    .method = FETCH_POST, .scope = MAGENTO_SCOPE_ALL, .path = path, .body = body};
	struct magento_reply reply;
	int r;

	*in_doubt_r = false;
	if (body == NULL)
		return result_out_of_memory(fault);
	magento_reply_init(&reply);
	r = magento_call(&c->sc.magento, &request, &reply, fault);
	*in_doubt_r = reply.in_doubt;
	c->is_answered = rule_is_answered(reply.status);
	if (r == 0 && !json_is_object(reply.body)) {
		*in_doubt_r = true;
		r = refuse_odd(fault);
	} else if (r == 0) {
		r = result_clean(reply.body) < 0 ? result_out_of_memory(fault) : 0;
		*answer_r = json_incref(reply.body);
	}
	magento_reply_fini(&reply);
	return r;
}

/* ---- the rule ---- */

/* Rules of this name that are newer than `highest`. */
static int
find_newer(struct creation *c, int64_t highest, json_t **items_r, struct fault *fault)
{
	struct criteria criteria;

	criteria_init(&criteria, c->sc.call->pool);
	criteria_where(&criteria, "name", "eq", json_get_str(c->body, "name", ""));
	criteria_where(&criteria, "rule_id", "gt", pool_printf(c->sc.call->pool, "%lld", (long long)highest));
	criteria_sort(&criteria, "rule_id", "ASC");
	criteria_page(&criteria, FOUND_MAX, 1);
	return rule_list(&c->sc, "/salesRules/search", &criteria, items_r, NULL, fault);
}

/* The one that is as sent; NULL: none.  *other_r: the id of one that has the name only. */
static json_t *
pick_equal(const struct creation *c, const json_t *items, int64_t *other_r)
{
	*other_r = 0;
	for (size_t i = 0; i < json_array_size(items); i++) {
		json_t *item = json_array_get(items, i), *missing;
		bool is_equal;

		if (strcmp(json_get_str(item, "name", ""), json_get_str(c->body, "name", "")) != 0)
			continue;
		missing = rule_fields_missing(c->body, item);
		is_equal = missing != NULL && json_array_size(missing) == 0;
		json_decref(missing);
		if (is_equal)
			return json_incref(item);
		*other_r = json_get_int(item, "rule_id", 0);
	}
	return NULL;
}

static int
refuse_other(int64_t rule_id, struct fault *fault)
{
	return fault_set(
	    fault, FAULT_MAGENTO_API_ERROR, json_pack("{s:s, s:I}", "kind", "rejected", "rule_id", (json_int_t)rule_id),
	    "Whether the rule was created is not certain: rule %lld has the name, but differs. Look at it with "
	    "promotions_get_rule; nothing is created a second time.",
	    (long long)rule_id);
}

/*
 * What became of a POST that left at step.at_wall_ms.  0: c->rule is set when it arrived, else it did not and will not.
 */
static int
settle_rule(struct creation *c, struct fault *fault)
{
	const struct deed_step *step = &c->deed.steps[STEP_RULE];
	uint64_t sent_wall_ms = c->is_answered ? 0 : step->at_wall_ms;
	int64_t highest = json_get_int(step->detail, "highest", 0), other = 0;

	do {
		json_t *items = NULL;

		if (find_newer(c, highest, &items, fault) < 0)
			return -1;
		c->rule = pick_equal(c, items, &other);
		json_decref(items);
	} while (c->rule == NULL && other == 0 && rule_wait_for_write(&c->sc, sent_wall_ms));
	if (c->rule == NULL && other != 0)
		return refuse_other(other, fault);
	return rule_may_go_on(&c->sc, fault);
}

static int
note_rule(struct creation *c, struct fault *fault)
{
	return deed_note(&c->deed, STEP_RULE, KEEPER_UPDATED,
			 json_pack("{s:I}", "rule_id", (json_int_t)json_get_int(c->rule, "rule_id", 0)), fault);
}

/* The step can be tried again by a later call.  The fault that is set stays: it is what the caller must know. */
static int
give_up(struct creation *c, size_t step)
{
	struct fault noting;

	fault_init(&noting);
	if (deed_note(&c->deed, step, KEEPER_PENDING, NULL, &noting) < 0)
		fault_fini(&noting);
	return -1;
}

/* One POST.  0 with c->rule, or without: in doubt, to be settled.  -1: refused, nothing was created. */
static int
try_rule(struct creation *c, struct fault *fault)
{
	json_t *body;
	bool in_doubt;
	int64_t highest;
	int r;

	if (rule_may_go_on(&c->sc, fault) < 0 ||
	    rule_highest_id(&c->sc, "/salesRules/search", "rule_id", 0, &highest, fault) < 0 ||
	    deed_note(&c->deed, STEP_RULE, KEEPER_SENT, json_pack("{s:I}", "highest", (json_int_t)highest), fault) < 0)
		return -1;
	body = json_pack("{s:O}", "rule", c->body);
	r = post(c, "/salesRules", body, &c->rule, &in_doubt, fault);
	json_decref(body);
	if (r == 0)
		return 0;
	if (!in_doubt)
		return give_up(c, STEP_RULE);
	fault_move(&c->last, fault);
	return 0;
}

static int
create_rule(struct creation *c, struct fault *fault)
{
	const struct deed_step *step = &c->deed.steps[STEP_RULE];

	if (step->status == KEEPER_UPDATED)
		return rule_read(&c->sc, json_get_int(step->detail, "rule_id", 0), NULL, &c->rule, fault);
	if (step->status == KEEPER_SENT && settle_rule(c, fault) < 0)
		return -1;
	for (int i = 0; c->rule == NULL && i < TRIES_MAX; i++) {
		if (try_rule(c, fault) < 0)
			return -1;
		if (c->rule == NULL && settle_rule(c, fault) < 0)
			return -1;
		if (c->rule == NULL && c->is_answered)
			break;
	}
	if (c->rule != NULL)
		return note_rule(c, fault);
	fault_move(fault, &c->last);
	return give_up(c, STEP_RULE);
}

/* ---- its coupon ---- */

static int64_t
rule_id_of(const struct creation *c)
{
	return json_get_int(c->rule, "rule_id", 0);
}

/* The coupon of this code, if it belongs to our rule. */
static int
find_coupon(struct creation *c, struct fault *fault)
{
	struct criteria criteria;
	json_t *items = NULL, *found;

	criteria_init(&criteria, c->sc.call->pool);
	criteria_where(&criteria, "code", "eq", c->code);
	criteria_page(&criteria, 1, 1);
	if (rule_list(&c->sc, "/coupons/search", &criteria, &items, NULL, fault) < 0)
		return -1;
	found = json_array_get(items, 0);
	if (found != NULL && json_get_int(found, "rule_id", 0) == rule_id_of(c))
		c->coupon = json_incref(found);
	json_decref(items);
	return 0;
}

static int
settle_coupon(struct creation *c, struct fault *fault)
{
	uint64_t sent_wall_ms = c->is_answered ? 0 : c->deed.steps[STEP_COUPON].at_wall_ms;

	do {
		if (find_coupon(c, fault) < 0)
			return -1;
	} while (c->coupon == NULL && rule_wait_for_write(&c->sc, sent_wall_ms));
	return rule_may_go_on(&c->sc, fault);
}

static bool
is_about_the_call(const struct fault *fault)
{
	return fault->code == FAULT_NOT_AUTHENTICATED || fault->code == FAULT_CANCELLED ||
	       fault->code == FAULT_INTERNAL_ERROR;
}

/* The rule stays; the caller is told why there is no code.  What is about the call as a whole stays a fault. */
static int
take_refusal(struct creation *c, struct fault *fault)
{
	if (is_about_the_call(fault))
		return give_up(c, STEP_COUPON);
	c->coupon_error = json_string(fault->message);
	fault_fini(fault);
	fault_init(fault);
	if (c->coupon_error == NULL)
		return result_out_of_memory(fault);
	return deed_note(&c->deed, STEP_COUPON, KEEPER_ERROR, json_pack("{s:O}", "error", c->coupon_error), fault);
}

/* One POST.  0 with a coupon, with an error, or with neither: in doubt. */
static int
try_coupon(struct creation *c, struct fault *fault)
{
	json_t *body;
	bool in_doubt;
	int r;

	if (rule_may_go_on(&c->sc, fault) < 0 || deed_note(&c->deed, STEP_COUPON, KEEPER_SENT, NULL, fault) < 0)
		return -1;
	body = json_pack("{s:{s:I, s:s, s:b}}", "coupon", "rule_id", (json_int_t)rule_id_of(c), "code", c->code,
			 "is_primary", 1);
	r = post(c, "/coupons", body, &c->coupon, &in_doubt, fault);
	json_decref(body);
	if (r == 0 && strcasecmp(json_get_str(c->coupon, "code", ""), c->code) != 0)
		r = fault_set(fault, FAULT_MAGENTO_API_ERROR, NULL,
			      "Magento accepted the request but did not store code");
	if (r == 0)
		return 0;
	if (!in_doubt)
		return take_refusal(c, fault);
	fault_move(&c->last, fault);
	return 0;
}

static int
create_coupon(struct creation *c, struct fault *fault)
{
	const struct deed_step *step = &c->deed.steps[STEP_COUPON];

	if (c->code == NULL)
		return 0;
	if (step->status == KEEPER_ERROR) {
		c->coupon_error = json_incref(json_object_get(step->detail, "error"));
		return 0;
	}
	if (step->status == KEEPER_UPDATED)
		return find_coupon(c, fault);
	if (step->status == KEEPER_SENT && settle_coupon(c, fault) < 0)
		return -1;
	for (int i = 0; c->coupon == NULL && c->coupon_error == NULL && i < TRIES_MAX; i++) {
		if (try_coupon(c, fault) < 0)
			return -1;
		if (c->coupon == NULL && c->coupon_error == NULL && settle_coupon(c, fault) < 0)
			return -1;
		if (c->is_answered)
			break;
	}
	if (c->coupon_error != NULL)
		return 0;
	if (c->coupon == NULL) {
		fault_move(fault, &c->last);
		return take_refusal(c, fault);
	}
	return deed_note(&c->deed, STEP_COUPON, KEEPER_UPDATED,
			 json_pack("{s:I}", "coupon_id", (json_int_t)json_get_int(c->coupon, "coupon_id", 0)), fault);
}

/* ---- the whole ---- */

/* Today's guardrails, and what the rule refers to: the plan may be a day old. */
static int
recheck(struct creation *c, struct fault *fault)
{
	json_t *violations = json_array(), *warnings = json_array();
	double cap = c->sc.call->env->config->guardrails.max_discount_pct;
	int r;

	if (violations == NULL || warnings == NULL || rule_fields_check(c->body, cap, "rule", violations) < 0)
		r = result_out_of_memory(fault);
	else
		r = rule_check_references(&c->sc, c->body, "rule", violations, warnings, fault);
	json_decref(warnings);
	if (r == 0 && json_array_size(violations) > 0)
		return arguments_refuse(violations, fault);
	json_decref(violations);
	return r;
}

static const char *
message_of(const struct creation *c)
{
	if (c->coupon_error == NULL)
		return "Cart price rule created successfully";
	return "Cart price rule created, but its coupon code could not be, see coupon_error. The rule stays, and "
	       "nobody can use "
	       "it without a code: add another one in the admin panel, or switch the rule off with "
	       "promotions_disable_rule.";
}

static int
render(struct creation *c, json_t **result_r, struct fault *fault)
{
	json_t *differences = rule_fields_missing(c->body, c->rule);
	bool differs = json_array_size(differences) > 0;
	json_t *result =
	    json_pack("{s:s, s:O, s:O*, s:O*, s:s}", "message", message_of(c), "rule", c->rule, "coupon", c->coupon,
		      "coupon_error", c->coupon_error, "plan_id", keeper_claim_plan(c->deed.claim));

	if (differences == NULL || result == NULL ||
	    (differs && json_object_set(result, "differences", differences) < 0)) {
		json_decref(differences);
		json_decref(result);
		return result_out_of_memory(fault);
	}
	json_decref(differences);
	deed_finish(&c->deed, !differs && c->coupon_error == NULL, result);
	*result_r = result;
	return 0;
}

static int
carry_out(struct creation *c, json_t **result_r, struct fault *fault)
{
	c->body = json_get_object(c->deed.item, "rule");
	c->code = json_get_str(c->deed.item, "coupon_code", NULL);
	if (c->body == NULL)
		return fault_set(fault, FAULT_INTERNAL_ERROR, NULL, "The plan could not be read: it is damaged.");
	if (c->deed.steps[STEP_RULE].status == KEEPER_PENDING && recheck(c, fault) < 0)
		return -1;
	if (create_rule(c, fault) < 0 || create_coupon(c, fault) < 0)
		return -1;
	return render(c, result_r, fault);
}

int
promotions_commit_create(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	struct creation c = {.code = NULL};
	int r;

	fault_init(&c.last);
	r = deed_claim(&c.deed, call, PROMOTIONS_CREATE_PAIR, json_get_str(params, "plan_id", ""),
		       json_get_str(params, "idempotency_key", NULL), STEPS, result_r, fault);

	if (r == 0) {
		r = store_open(&c.sc, call, fault);
		if (r == 0)
			r = carry_out(&c, result_r, fault);
		store_close(&c.sc);
	}
	deed_end(&c.deed);
	json_decref(c.rule);
	json_decref(c.coupon);
	json_decref(c.coupon_error);
	fault_fini(&c.last);
	return r < 0 ? -1 : 0;
}

/* ---- shapes ---- */

static bool
match_uuid(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (is_dash ? text[i] != '-' : strchr("0123456789abcdefABCDEF", text[i]) == NULL)
			return false;
	}
	return len == KEEPER_ID_LEN;
}

static const struct json_prop params_props[] = {
    JSON_REQUIRED("plan_id", .type = JSON_T_STRING, .match = match_uuid,
		  .pattern = "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$",
		  .hint = "must be the plan_id of the prepare tool",
		  .description = "plan_id of promotions_prepare_cart_price_rule_create"),
    SHAPE_CONFIRM_PROPS,
    {0},
};
const struct json_schema promotions_commit_create_params = {.type = JSON_T_OBJECT, .props = params_props};

static const struct json_schema coupon = {
    .type = JSON_T_OBJECT, .extra = JSON_EXTRA_ALLOWED, .description = "Magento's coupon"};
static const struct json_prop result_props[] = {
    {"message", &shape_text, true, NULL},
    {"rule", &rule_object_shape, true, "Magento's rule"},
    {"coupon", &coupon, false, NULL},
    {"coupon_error", &shape_text, false, "Why the code could not be created; the rule stays"},
    {"differences", &shape_texts, false, "Members of the rule that Magento did not store as they were sent"},
    {"plan_id", &shape_text, true, NULL},
    {"replayed", &shape_flag, true, "The stored result of an earlier call with the same idempotency_key"},
    {0},
};
const struct json_schema promotions_commit_create_result = {.type = JSON_T_OBJECT, .props = result_props};
