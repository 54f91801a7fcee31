/*
 * coupons_generate.c - promotions.generate_coupons: codes made in slices, each exactly once
 *
 * With an idempotency_key the call is a deed of its own: its plan holds the rule's highest coupon id from before, a step is
 * a slice, and a call that died is gone on with by the next one with this key.  A slice whose answer was lost is settled
 * by reading the rule's coupons above that id.
 */
#include <stdio.h>
#include <string.h>

#include "action/env.h"
#include "arguments.h"
#include "base/err.h"
#include "coupon_list.h"
#include "coupon_space.h"
#include "deed.h"
#include "guard.h"
#include "json/get.h"
#include "magento/error.h"
#include "once.h"
#include "plan.h"
#include "promotions.h"
#include "results.h"
#include "rule_desk.h"
#include "rule_fields.h"
#include "rule_shapes.h"
#include "shapes.h"
#include "store.h"

#define SLICE_SIZE 250
#define SPARE_SLICES 8 /* for the rest of slices that came out short */
#define LENGTH_DEFAULT 12
#define SPACE_NEEDED 10
#define SPACE_WANTED 1000

struct order {
	struct store_client sc;
	struct deed deed;
	json_t *params;
	int64_t rule_id;
	int64_t qty;
	int64_t base_id;    /* highest coupon id before the first slice */
	json_t *made;	    /* owned: codes, in the order they were made */
	json_t *made_set;   /* owned: the same as keys of an object */
	json_t *warnings;   /* owned */
	bool recovered;	    /* some were found by reading */
	bool is_kept;	    /* the key belongs to the deed's plan now */
};

static size_t
slices_of(int64_t qty)
{
	return (size_t)((qty + SLICE_SIZE - 1) / SLICE_SIZE) + SPARE_SLICES;
}

static int64_t
left_of(const struct order *order)
{
	return order->qty - (int64_t)json_array_size(order->made);
}

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
	unsigned length = (unsigned)json_get_int(params, "length", LENGTH_DEFAULT);
	uint64_t qty = (uint64_t)json_get_int(params, "qty", 0);
	char text[200];

	if (guard_cap((size_t)qty, call->env->config->guardrails.max_coupon_qty, "guardrails.max_coupon_qty", fault) < 0)
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
check_rule(struct order *order, struct fault *fault)
{
	json_t *rule = NULL, *uses = json_get(order->params, "uses_per_coupon");
	char text[200];
	int r = 0;

	if (rule_read(&order->sc, order->rule_id, "rule_id,coupon_type,use_auto_generation,uses_per_coupon", &rule, fault) < 0)
		return -1;
	if (!rule_takes_generated_coupons(rule)) {
		r = refuse("params.rule_id",
		    "is a rule without generated coupons: call promotions_update_rule with patch {\"coupon_type\":\"auto\"}", fault);
	} else if (uses != NULL && !rule_fields_same("uses_per_coupon", uses, json_object_get(rule, "uses_per_coupon"))) {
		snprintf(text, sizeof(text),
		    "must equal the rule's own limit, %lld: coupons cannot differ from their rule. Change it with "
		    "promotions_update_rule",
		    (long long)json_get_int(rule, "uses_per_coupon", 0));
		r = refuse("params.uses_per_coupon", text, fault);
	}
	json_decref(rule);
	return r;
}

/* ---- codes ---- */

static int
add_code(struct order *order, json_t *code, json_t *slice)
{
	const char *text = json_string_value(code);

	if (text == NULL || json_object_get(order->made_set, text) != NULL)
		return 0;
	if (json_object_set_new(order->made_set, text, json_true()) < 0 || json_array_append(order->made, code) < 0)
		return -1;
	return slice != NULL ? json_array_append(slice, code) : 0;
}

static int
add_codes(struct order *order, json_t *codes)
{
	for (size_t i = 0; i < json_array_size(codes); i++) {
		if (add_code(order, json_array_get(codes, i), NULL) < 0)
			return -1;
	}
	return 0;
}

/* ---- a slice whose answer was lost ---- */

/* Codes of a page that are not known yet, as long as more are wanted. */
static int
pick_new(const struct order *order, const json_t *items, int64_t wanted, json_t *found)
{
	for (size_t i = 0; i < json_array_size(items) && (int64_t)json_array_size(found) < wanted; i++) {
		const json_t *item = json_array_get(items, i);

		if (json_object_get(order->made_set, json_get_str(item, "code", "")) == NULL &&
		    json_array_append(found, json_object_get(item, "code")) < 0)
			return -1;
	}
	return 0;
}

/* Codes above the noted id that are not known yet, at most as many as were asked for. */
static int
find_new(struct order *order, int64_t wanted, json_t *found, struct fault *fault)
{
	struct coupon_list list = {.sc = &order->sc,
	    .rule_id = order->rule_id,
	    .fields = "coupon_id,code",
	    .after = order->base_id,
	    .size = COUPON_LIST_SIZE};
	size_t n;

	json_array_clear(found);
	do {
		json_t *items = NULL;
		int r;

		if (coupon_list_next(&list, COUPON_LIST_SIZE, &items, NULL, fault) < 0)
			return -1;
		n = json_array_size(items);
		r = pick_new(order, items, wanted, found);
		json_decref(items);
		if (r < 0)
			return result_out_of_memory(fault);
	} while (n > 0 && (int64_t)json_array_size(found) < wanted);
	return 0;
}

/* The step can be tried again. */
static int
reopen(struct order *order, size_t slice)
{
	struct fault noting;

	fault_init(&noting);
	if (deed_note(&order->deed, slice, KEEPER_PENDING, NULL, &noting) < 0)
		fault_fini(&noting);
	return -1;
}

static int
take_found(struct order *order, size_t slice, json_t *found, struct fault *fault)
{
	if (json_array_size(found) == 0) {
		reopen(order, slice);
		return rule_may_go_on(&order->sc, fault);
	}
	order->recovered = true;
	if (add_codes(order, found) < 0)
		return result_out_of_memory(fault);
	if (deed_note(&order->deed, slice, KEEPER_UPDATED, json_pack("{s:O, s:b}", "codes", found, "recovered", 1), fault) < 0)
		return -1;
	return rule_may_go_on(&order->sc, fault);
}

/* Reads until all of the slice are there, or it can no longer arrive.  What there is then counts as made. */
static int
settle(struct order *order, size_t slice, int64_t wanted, uint64_t sent_wall_ms, struct fault *fault)
{
	json_t *found = json_array();
	int r = found != NULL ? 0 : result_out_of_memory(fault);

	while (r == 0) {
		r = find_new(order, wanted, found, fault);
		if (r < 0 || (int64_t)json_array_size(found) >= wanted || !rule_wait_for_write(&order->sc, sent_wall_ms))
			break;
	}
	if (r == 0)
		r = take_found(order, slice, found, fault);
	json_decref(found);
	return r;
}

/* ---- one slice ---- */

static json_t *
build_spec(const struct order *order, int64_t quantity)
{
	const json_t *params = order->params;
	json_t *spec = json_pack("{s:I, s:I, s:I, s:s}", "rule_id", (json_int_t)order->rule_id, "quantity", (json_int_t)quantity,
	    "length", (json_int_t)json_get_int(params, "length", LENGTH_DEFAULT), "format",
	    coupon_format_magento(coupon_format_of(json_get_str(params, "format", ""))));
	static const char *const texts[] = {"prefix", "suffix"};

	for (size_t i = 0; spec != NULL && i < ARRAY_LEN(texts); i++) {
		const char *text = json_get_str(params, texts[i], "");

		if (text[0] != '\0' && json_object_set_new(spec, texts[i], json_string(text)) < 0) {
			json_decref(spec);
			return NULL;
		}
	}
	return spec != NULL ? json_pack("{s:o}", "couponSpec", spec) : NULL;
}

static int
take_codes(struct order *order, size_t slice, json_t *codes, struct fault *fault)
{
	json_t *mine = json_array();
	int r = mine != NULL ? 0 : -1;

	for (size_t i = 0; r == 0 && i < json_array_size(codes); i++)
		r = add_code(order, json_array_get(codes, i), mine);
	if (r < 0)
		r = result_out_of_memory(fault);
	else
		r = deed_note(&order->deed, slice, KEEPER_UPDATED, json_pack("{s:O}", "codes", mine), fault);
	json_decref(mine);
	return r;
}

/* What became of a request.  `why` is its failure; it becomes the call's when nothing came of it. */
static int
conclude_slice(struct order *order, size_t slice, int64_t wanted, const struct magento_reply *reply, struct fault *why,
    struct fault *fault)
{
	uint64_t sent_wall_ms = rule_is_answered(reply->status) ? 0 : order->deed.steps[slice].at_wall_ms;
	size_t before = json_array_size(order->made);

	if (why->code == FAULT_NONE && json_is_array(reply->body))
		return result_clean(reply->body) < 0 ? result_out_of_memory(fault) : take_codes(order, slice, reply->body, fault);
	if (why->code != FAULT_NONE && !reply->in_doubt) {
		fault_move(fault, why);
		return reopen(order, slice);
	}
	if (settle(order, slice, wanted, sent_wall_ms, fault) < 0)
		return -1;
	if (json_array_size(order->made) > before)
		return 0;
	if (why->code == FAULT_NONE)
		fault_set(why, FAULT_MAGENTO_API_ERROR, json_pack("{s:s}", "kind", MAGENTO_KIND_NOT_JSON),
		    "Magento answered something that is no list of codes.");
	fault_move(fault, why);
	return -1;
}

static int
order_slice(struct order *order, size_t slice, struct fault *fault)
{
	int64_t wanted = left_of(order) < SLICE_SIZE ? left_of(order) : SLICE_SIZE;
	struct magento_request request = {.method = FETCH_POST,
	    .scope = MAGENTO_SCOPE_ALL,
	    .path = "/coupons/generate",
	    .body = build_spec(order, wanted)};
	struct magento_reply reply;
	struct fault why;
	int r;

	if (request.body == NULL)
		return result_out_of_memory(fault);
	fault_init(&why);
	magento_reply_init(&reply);
	r = rule_may_go_on(&order->sc, fault);
	if (r == 0)
		r = deed_note(&order->deed, slice, KEEPER_SENT, json_pack("{s:I}", "quantity", (json_int_t)wanted), fault);
	if (r == 0) {
		if (magento_call(&order->sc.magento, &request, &reply, &why) < 0)
			must(why.code != FAULT_NONE);
		r = conclude_slice(order, slice, wanted, &reply, &why, fault);
	}
	fault_fini(&why);
	magento_reply_fini(&reply);
	json_decref(request.body);
	return r;
}

/* One step: known from an earlier call, in doubt since then, or to be done. */
static int
make_slice(struct order *order, size_t slice, struct fault *fault)
{
	const struct deed_step *step = &order->deed.steps[slice];

	if (step->status == KEEPER_UPDATED) {
		order->recovered = order->recovered || json_get_bool(step->detail, "recovered", false);
		return add_codes(order, json_get_array(step->detail, "codes")) == 0 ? 0 : result_out_of_memory(fault);
	}
	if (step->status == KEEPER_SENT &&
	    settle(order, slice, json_get_int(step->detail, "quantity", SLICE_SIZE), step->at_wall_ms, fault) < 0)
		return -1;
	if (order->deed.steps[slice].status == KEEPER_UPDATED || left_of(order) <= 0)
		return 0;
	return order_slice(order, slice, fault);
}

/* ---- all of them ---- */

static int
render(struct order *order, json_t **result_r, struct fault *fault)
{
	json_int_t n = (json_int_t)json_array_size(order->made);
	char message[80];

	snprintf(message, sizeof(message), "Generated %lld coupon(s)", (long long)n);
	*result_r = json_pack("{s:s, s:O, s:I, s:I, s:I, s:O}", "message", message, "coupons", order->made, "generated", n,
	    "requested", (json_int_t)order->qty, "rule_id", (json_int_t)order->rule_id, "warnings", order->warnings);
	if (*result_r == NULL || (order->recovered && json_object_set_new(*result_r, "recovered", json_true()) < 0))
		return result_out_of_memory(fault);
	return 0;
}

/* Why there are fewer than asked for. */
static int
say_stopped(struct order *order, const char *why)
{
	char text[FAULT_MESSAGE_MAX + 200];

	snprintf(text, sizeof(text), "Only %zu of %lld were generated: %s", json_array_size(order->made), (long long)order->qty, why);
	return json_array_append_new(order->warnings, json_string(text));
}

/*
 * Codes that exist are told, whatever happened to the rest.  An unfinished deed is left open: the next call with its key
 * goes on.
 */
static int
conclude(struct order *order, int r, json_t **result_r, struct fault *fault)
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

/* Steps that an earlier call has done come first, so that what is in doubt is told from what is known. */
static int
make_all(struct order *order, json_t **result_r, struct fault *fault)
{
	size_t n = order->deed.n_steps;
	int r = 0;

	for (size_t i = 0; r == 0 && i < n && (left_of(order) > 0 || order->deed.steps[i].status == KEEPER_UPDATED); i++)
		r = make_slice(order, i, fault);
	if (r == 0 && left_of(order) > 0)
		r = fault_set(fault, FAULT_MAGENTO_API_ERROR, NULL, "Magento makes fewer codes than it is asked for.");
	return conclude(order, r, result_r, fault);
}

/* ---- beginning, and going on ---- */

static json_t *
build_item(const struct order *order)
{
	return json_pack("{s:{s:I}, s:I, s:[]}", "key", "rule_id", (json_int_t)order->rule_id, "base_id",
	    (json_int_t)order->base_id, "writes");
}

/* The deed is kept as a plan under the key, and claimed at once. */
static int
keep(struct order *order, const char *key, json_t **result_r, struct fault *fault)
{
	struct plan *plan = plan_new(order->sc.call, order->sc.call->action->name, "promotions_generate_coupons", "coupons");
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
		r = deed_claim(&order->deed, order->sc.call, order->sc.call->action->name, id, key, slices_of(order->qty), result_r,
		    fault);
	order->is_kept = order->deed.claim != NULL;
	return r;
}

static int
begin(struct order *order, struct once *once, json_t **result_r, struct fault *fault)
{
	const char *key = json_get_str(order->params, "idempotency_key", NULL);

	if (check_rule(order, fault) < 0 ||
	    rule_highest_id(&order->sc, "/coupons/search", "coupon_id", order->rule_id, &order->base_id, fault) < 0)
		return -1;
	if (once->claim == NULL)
		return deed_begin(&order->deed, order->sc.call, build_item(order), slices_of(order->qty), fault);
	return keep(order, key, result_r, fault);
}

static int
go_on(struct order *order, const struct once *once, json_t **result_r, struct fault *fault)
{
	int r = deed_claim(&order->deed, order->sc.call, order->sc.call->action->name, once->plan_id,
	    json_get_str(order->params, "idempotency_key", NULL), slices_of(order->qty), result_r, fault);

	order->base_id = json_get_int(order->deed.item, "base_id", 0);
	return r;
}

static int
run(struct order *order, struct once *once, json_t **result_r, struct fault *fault)
{
	int r = store_open(&order->sc, order->sc.call, fault);

	if (r == 0)
		r = once->plan_id[0] != '\0' ? go_on(order, once, result_r, fault) : begin(order, once, result_r, fault);
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
	struct order order = {
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
	    .pattern = "^[A-Za-z0-9_-]*$", .hint = "must be letters, digits, _ and -", .description = prop_description)

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
    JSON_OPTIONAL("uses_per_coupon", .type = JSON_T_INTEGER, .minimum = JSON_BOUND(0), .maximum = JSON_BOUND(2147483647),
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
    {"recovered", &shape_flag, false, "An answer of Magento was lost; some codes were found by reading the rule's coupons"},
    {"warnings", &shape_texts, true, NULL},
    {"replayed", &shape_flag, true, "The stored result of an earlier call with the same idempotency_key"},
    {0},
};
const struct json_schema coupons_generate_result = {.type = JSON_T_OBJECT, .props = result_props};
