#include "coupon_order.h"

#include "base/err.h"
#include "coupon_list.h"
#include "coupon_space.h"
#include "json/get.h"
#include "magento/error.h"
#include "results.h"
#include "rule_desk.h"

#define SLICE_SIZE 250
#define SPARE_SLICES 8 /* for the rest of slices that came out short */

size_t
coupon_order_steps(int64_t qty)
{
	return (size_t)((qty + SLICE_SIZE - 1) / SLICE_SIZE) + SPARE_SLICES;
}

static int64_t
left_of(const struct coupon_order *order)
{
	return order->qty - (int64_t)json_array_size(order->made);
}

static int
add_code(struct coupon_order *order, json_t *code, json_t *slice)
{
	const char *text = json_string_value(code);

	if (text == NULL || json_object_get(order->made_set, text) != NULL)
		return 0;
	if (json_object_set_new(order->made_set, text, json_true()) < 0 || json_array_append(order->made, code) < 0)
		return -1;
	return slice != NULL ? json_array_append(slice, code) : 0;
}

static int
add_codes(struct coupon_order *order, json_t *codes)
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
pick_new(const struct coupon_order *order, const json_t *items, int64_t wanted, json_t *found)
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
find_new(struct coupon_order *order, int64_t wanted, json_t *found, struct fault *fault)
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
reopen(struct coupon_order *order, size_t slice)
{
	struct fault noting;

	fault_init(&noting);
	if (deed_note(&order->deed, slice, KEEPER_PENDING, NULL, &noting) < 0)
		fault_fini(&noting);
	return -1;
}

static int
take_found(struct coupon_order *order, size_t slice, json_t *found, struct fault *fault)
{
	if (json_array_size(found) == 0) {
		reopen(order, slice);
		return rule_may_go_on(&order->sc, fault);
	}
	order->recovered = true;
	if (add_codes(order, found) < 0)
		return result_out_of_memory(fault);
	if (deed_note(&order->deed, slice, KEEPER_UPDATED, json_pack("{s:O, s:b}", "codes", found, "recovered", 1),
		      fault) < 0)
		return -1;
	return rule_may_go_on(&order->sc, fault);
}

/* Reads until all of the slice are there, or it can no longer arrive.  What there is then counts as made. */
static int
settle(struct coupon_order *order, size_t slice, int64_t wanted, uint64_t sent_wall_ms, struct fault *fault)
{
	json_t *found = json_array();
	int r = found != NULL ? 0 : result_out_of_memory(fault);

	while (r == 0) {
		r = find_new(order, wanted, found, fault);
		if (r < 0 || (int64_t)json_array_size(found) >= wanted ||
		    !rule_wait_for_write(&order->sc, sent_wall_ms))
			break;
	}
	if (r == 0)
		r = take_found(order, slice, found, fault);
	json_decref(found);
	return r;
}

/* ---- one slice ---- */

static json_t *
build_spec(const struct coupon_order *order, int64_t quantity)
{
	const json_t *params = order->params;
	json_t *spec =
	    json_pack("{s:I, s:I, s:I, s:s}", "rule_id", (json_int_t)order->rule_id, "quantity", (json_int_t)quantity,
		      "length", (json_int_t)json_get_int(params, "length", COUPON_LENGTH_DEFAULT), "format",
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
take_codes(struct coupon_order *order, size_t slice, json_t *codes, struct fault *fault)
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
conclude_slice(struct coupon_order *order, size_t slice, int64_t wanted, const struct magento_reply *reply,
	       struct fault *why, struct fault *fault)
{
	uint64_t sent_wall_ms = rule_is_answered(reply->status) ? 0 : order->deed.steps[slice].at_wall_ms;
	size_t before = json_array_size(order->made);

	if (why->code == FAULT_NONE && json_is_array(reply->body))
		return result_clean(reply->body) < 0 ? result_out_of_memory(fault)
						     : take_codes(order, slice, reply->body, fault);
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
order_slice(struct coupon_order *order, size_t slice, struct fault *fault)
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
		r = deed_note(&order->deed, slice, KEEPER_SENT, json_pack("{s:I}", "quantity", (json_int_t)wanted),
			      fault);
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
make_slice(struct coupon_order *order, size_t slice, struct fault *fault)
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

/* Steps that an earlier call has done come first, so that what is in doubt is told from what is known. */
int
coupon_order_make(struct coupon_order *order, struct fault *fault)
{
	size_t n = order->deed.n_steps;
	int r = 0;

	for (size_t i = 0; r == 0 && i < n && (left_of(order) > 0 || order->deed.steps[i].status == KEEPER_UPDATED);
	     i++)
		r = make_slice(order, i, fault);
	if (r == 0 && left_of(order) > 0)
		r = fault_set(fault, FAULT_MAGENTO_API_ERROR, NULL, "Magento makes fewer codes than it is asked for.");
	return r;
}
