/* Coupons: search, read, write, generate. */

#include "demo.h"
#include "entity.h"
#include "errors.h"
#include "projection.h"
#include "routes.h"
#include "text.h"

#include <string.h>

#define NOT_SAVED "Error occurred when saving coupon: %1"
#define NOT_GENERATED "Error occurred when generating coupons: %1"

static const struct member members[] = {
    {"coupon_id", MEMBER_INT},
    {"rule_id", MEMBER_INT},
    {"code", MEMBER_TEXT},
    {"usage_limit", MEMBER_INT},
    {"usage_per_customer", MEMBER_INT},
    {"times_used", MEMBER_INT},
    {"expiration_date", MEMBER_TEXT},
    {"is_primary", MEMBER_BOOL},
    {"created_at", MEMBER_TEXT},
    {"type", MEMBER_INT},
    {"extension_attributes", MEMBER_HIDDEN},
    {NULL, MEMBER_HIDDEN},
};

static const struct member spec_members[] = {
    {"rule_id", MEMBER_INT},
    {"quantity", MEMBER_INT},
    {"length", MEMBER_INT},
    {"format", MEMBER_TEXT},
    {"prefix", MEMBER_TEXT},
    {"suffix", MEMBER_TEXT},
    {"delimiter", MEMBER_TEXT},
    {"delimiter_at_every", MEMBER_INT},
    {"extension_attributes", MEMBER_HIDDEN},
    {NULL, MEMBER_HIDDEN},
};

static const struct column columns[] = {
    {"coupon_id", "coupon_id"},
    {"rule_id", "rule_id"},
    {"code", "code"},
    {"usage_limit", "usage_limit"},
    {"times_used", "times_used"},
    {"usage_per_customer", "usage_per_customer"},
    {"type", "type"},
    {"is_primary", "is_primary"},
    {"created_at", "created_at"},
    {"expiration_date", "expiration_date"},
    {NULL, NULL},
};

void
routes_coupons_search(struct request *req, struct reply *reply)
{
	table_answer(req, reply, req->demo->promotions.coupons.rows, columns, NULL);
}

/* The coupon of the path; NULL and an error if there is none. */
static json_t *
find_coupon(const struct request *req, struct reply *reply)
{
	json_int_t id;
	json_t *coupon;

	if (entity_read_id(req->args[0], &id, reply) < 0)
		return NULL;
	coupon = table_find(&req->demo->promotions.coupons, id);
	if (coupon == NULL)
		error_set(reply, 404, "No such entity.");
	return coupon;
}

void
routes_coupons_get(struct request *req, struct reply *reply)
{
	json_t *coupon = find_coupon(req, reply);

	if (coupon != NULL)
		reply_set_json(reply, 200, projection_apply_query(req, json_copy(coupon)));
}

static int
refuse(struct reply *reply, const char *message, json_t *why)
{
	error_set_listed(reply, 400, message, json_pack("[o]", why));
	return -1;
}

/* The rule of a coupon; NULL and 400 if there is none. */
static const json_t *
find_rule(const struct request *req, json_int_t id, const char *message, struct reply *reply)
{
	const json_t *rule = table_find(&req->demo->promotions.rules, id);

	if (rule == NULL)
		refuse(reply, message, json_sprintf("No such entity with rule_id = %lld", (long long)id));
	return rule;
}

/* -1 and 400 if a rule takes no coupon of this code. */
static int
check_manual(const struct request *req, json_int_t rule_id, const char *code, const json_t *except, struct reply *reply)
{
	const json_t *rule = find_rule(req, rule_id, NOT_SAVED, reply), *other;

	if (rule == NULL)
		return -1;
	if (json_integer_value(json_object_get(rule, "coupon_type")) < COUPON_TYPE_SPECIFIC)
		return refuse(reply, NOT_SAVED, json_string("Specified rule does not allow coupons"));
	if (except == NULL && json_is_true(json_object_get(rule, "use_auto_generation")))
		return refuse(reply, NOT_SAVED, json_string("Specified rule only allows auto generated coupons"));
	other = coupon_find_code(&req->demo->promotions, code);
	if (other != NULL && other != except)
		return refuse(reply, "%1 already exists.", json_string("Coupon with the same code"));
	return 0;
}

/* Right after a POST the answer knows only what was sent; the stored defaults show from the next request on. */
static json_t *
render_created(json_t *coupon, const json_t *draft)
{
	json_t *out = json_copy(coupon), *used = json_object_get(draft, "times_used");

	json_object_set_new(out, "times_used", used != NULL ? json_incref(used) : json_null());
	if (json_object_get(draft, "type") == NULL)
		json_object_del(out, "type");
	return out;
}

static void
create(struct request *req, const json_t *draft, struct reply *reply)
{
	json_int_t rule_id = json_integer_value(json_object_get(draft, "rule_id"));
	const char *code = json_string_value(json_object_get(draft, "code"));
	json_t *coupon;
	char time[20];

	if (check_manual(req, rule_id, code != NULL ? code : "", NULL, reply) < 0)
		return;
	text_put_time(demo_now_s(req->demo), time);
	coupon = coupon_add(&req->demo->promotions, rule_id, code != NULL ? code : "", 0, time);
	if (json_is_true(json_object_get(draft, "is_primary")))
		json_object_set_new(coupon, "is_primary", json_true());
	writes_note_id(&req->demo->writes, req, "coupons", json_integer_value(json_object_get(coupon, "coupon_id")),
		       req->body);
	reply_set_json(reply, 200, render_created(coupon, draft));
}

/* Limits are the rule's, whatever was sent. */
static void
update(struct request *req, json_t *coupon, const json_t *draft, struct reply *reply)
{
	const char *code = json_string_value(json_object_get(draft, "code"));
	json_int_t rule_id = json_integer_value(json_object_get(coupon, "rule_id"));

	if (code != NULL && check_manual(req, rule_id, code, coupon, reply) < 0)
		return;
	if (code != NULL)
		coupon_rename(&req->demo->promotions, coupon, code);
	writes_note_id(&req->demo->writes, req, "coupons", json_integer_value(json_object_get(coupon, "coupon_id")),
		       req->body);
	reply_set_json(reply, 200, json_copy(coupon));
}

void
routes_coupons_post(struct request *req, struct reply *reply)
{
	json_t *body = entity_find_wrapped(req, "coupon", reply);
	json_t *draft = body != NULL ? entity_read(members, body, reply) : NULL;

	if (draft != NULL)
		create(req, draft, reply);
	json_decref(draft);
}

void
routes_coupons_put(struct request *req, struct reply *reply)
{
	json_t *body = entity_find_wrapped(req, "coupon", reply);
	json_t *draft = body != NULL ? entity_read(members, body, reply) : NULL;
	json_t *coupon = draft != NULL ? find_coupon(req, reply) : NULL;

	if (coupon != NULL && entity_pick_id(req, draft, "coupon_id", 1) == 0)
		create(req, draft, reply);
	else if (coupon != NULL)
		update(req, coupon, draft, reply);
	json_decref(draft);
}

void
routes_coupons_delete(struct request *req, struct reply *reply)
{
	const json_t *coupon = find_coupon(req, reply);
	json_int_t id = json_integer_value(json_object_get(coupon, "coupon_id"));

	if (coupon == NULL)
		return;
	coupon_remove(&req->demo->promotions, id);
	writes_note_id(&req->demo->writes, req, "coupons", id, NULL);
	reply_set_json(reply, 200, json_true());
}

/* deleteByIds and deleteByCodes: a list of what is to go, and whether unknown ones matter. */
static void
delete_many(struct request *req, struct reply *reply, const char *name, bool by_code)
{
	const json_t *list = entity_find_list(req, name, by_code ? "string" : "int", reply);
	bool ignore = !json_is_false(json_object_get(req->body, "ignoreInvalidCoupons"));
	json_t *missing = json_array(), *wanted;
	size_t i;

	json_array_foreach(list, i, wanted)
	{
		char buf[TEXT_NUMBER_MAX];
		const char *text = text_from_json(wanted, buf);
		const json_t *coupon = NULL;

		if (text != NULL)
			coupon = by_code ? coupon_find_code(&req->demo->promotions, text)
					 : table_find(&req->demo->promotions.coupons, json_integer_value(wanted));
		if (coupon == NULL)
			json_array_append_new(missing, json_string(text != NULL ? text : ""));
		else
			coupon_remove(&req->demo->promotions, json_integer_value(json_object_get(coupon, "coupon_id")));
	}
	if (list != NULL && !ignore && json_array_size(missing) > 0)
		error_set(reply, 400, "Some coupons are invalid.");
	else if (list != NULL)
		reply_set_json(reply, 200, json_pack("{s:[], s:O}", "failed_items", "missing_items", missing));
	json_decref(missing);
}

void
routes_coupons_delete_ids(struct request *req, struct reply *reply)
{
	delete_many(req, reply, "ids", false);
}

void
routes_coupons_delete_codes(struct request *req, struct reply *reply)
{
	delete_many(req, reply, "codes", true);
}

static const char *
get_text(const json_t *draft, const char *name, const char *otherwise)
{
	const char *text = json_string_value(json_object_get(draft, name));

	return text != NULL ? text : otherwise;
}

/* -1 and 400 if the rule takes no generated codes or the format is none of Magento's three. */
static int
check_spec(const struct request *req, const struct coupon_spec *spec, struct reply *reply)
{
	const json_t *rule;

	if (spec->quantity < 1 || spec->length < 1) {
		error_set(reply, 400, "One or more input exceptions have occurred.");
		return -1;
	}
	rule = find_rule(req, spec->rule_id, NOT_GENERATED, reply);
	if (rule == NULL)
		return -1;
	if (!json_is_true(json_object_get(rule, "use_auto_generation")) &&
	    json_integer_value(json_object_get(rule, "coupon_type")) != COUPON_TYPE_AUTO)
		return refuse(reply, NOT_GENERATED,
			      json_string("Specified rule does not allow automatic coupon generation"));
	if (strcmp(spec->format, "alphanum") != 0 && strcmp(spec->format, "alpha") != 0 &&
	    strcmp(spec->format, "num") != 0)
		return refuse(reply, NOT_GENERATED,
			      json_sprintf("Warning: Undefined array key \"%s\" in "
					   "<magento-root>/vendor/magento/module-sales-rule/Helper/Coupon.php on line "
					   "148",
					   spec->format));
	return 0;
}

void
routes_coupons_generate(struct request *req, struct reply *reply)
{
	json_t *body = entity_find_wrapped(req, "couponSpec", reply);
	json_t *draft = body != NULL ? entity_read(spec_members, body, reply) : NULL;
	const struct coupon_spec spec = {
	    .rule_id = json_integer_value(json_object_get(draft, "rule_id")),
	    .quantity = json_integer_value(json_object_get(draft, "quantity")),
	    .length = json_integer_value(json_object_get(draft, "length")),
	    .format = get_text(draft, "format", "alphanum"),
	    .prefix = get_text(draft, "prefix", ""),
	    .suffix = get_text(draft, "suffix", ""),
	    .delimiter = get_text(draft, "delimiter", ""),
	    .delimiter_at_every = json_integer_value(json_object_get(draft, "delimiter_at_every")),
	};
	char time[20];

	if (draft != NULL && check_spec(req, &spec, reply) == 0) {
		text_put_time(demo_now_s(req->demo), time);
		reply_set_json(reply, 200, coupons_generate(&req->demo->promotions, &spec, time));
		writes_note(&req->demo->writes, req, "coupons", "generate", req->body);
	}
	json_decref(draft);
}
