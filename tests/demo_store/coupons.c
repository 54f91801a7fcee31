/* Coupons of cart price rules. */

#include "promotions.h"
#include "scope.h"
#include "text.h"

#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

enum { CODE_MAX = 255 };

int
promotions_init(struct promotions *promotions)
{
	promotions->codes = json_object();
	if (table_init(&promotions->rules, "rule_id") < 0 || table_init(&promotions->coupons, "coupon_id") < 0)
		return -1;
	return promotions->codes != NULL ? 0 : -1;
}

void
promotions_fini(struct promotions *promotions)
{
	table_fini(&promotions->rules);
	table_fini(&promotions->coupons);
	json_decref(promotions->codes);
	promotions->codes = NULL;
}

static void
note_code(struct promotions *promotions, const char *code, json_t *id)
{
	char *key = text_fold(code);

	if (key != NULL && id != NULL)
		json_object_set(promotions->codes, key, id);
	else if (key != NULL)
		json_object_del(promotions->codes, key);
	free(key);
}

json_t *
coupon_find_code(const struct promotions *promotions, const char *code)
{
	char *key = text_fold(code);
	const json_t *id = key != NULL ? json_object_get(promotions->codes, key) : NULL;

	free(key);
	return id != NULL ? table_find(&promotions->coupons, json_integer_value(id)) : NULL;
}

static void
take_limits(json_t *coupon, const json_t *rule)
{
	json_object_set(coupon, "usage_limit", json_object_get(rule, "uses_per_coupon"));
	json_object_set(coupon, "usage_per_customer", json_object_get(rule, "uses_per_customer"));
}

json_t *
coupon_add(struct promotions *promotions, json_int_t rule_id, const char *code, int type, const char *time)
{
	json_t *coupon = table_add(
	    &promotions->coupons, json_pack("{s:I, s:I, s:s, s:i, s:i, s:i, s:n, s:s, s:i}", "coupon_id", (json_int_t)0,
					    "rule_id", rule_id, "code", code, "usage_limit", 0, "usage_per_customer", 0,
					    "times_used", 0, "is_primary", "created_at", time, "type", type));

	take_limits(coupon, table_find(&promotions->rules, rule_id));
	note_code(promotions, code, json_object_get(coupon, "coupon_id"));
	return coupon;
}

void
coupon_rename(struct promotions *promotions, json_t *coupon, const char *code)
{
	note_code(promotions, json_string_value(json_object_get(coupon, "code")), NULL);
	json_object_set_new(coupon, "code", json_string(code));
	note_code(promotions, code, json_object_get(coupon, "coupon_id"));
}

bool
coupon_remove(struct promotions *promotions, json_int_t id)
{
	const json_t *coupon = table_find(&promotions->coupons, id);

	if (coupon == NULL)
		return false;
	note_code(promotions, json_string_value(json_object_get(coupon, "code")), NULL);
	return table_remove(&promotions->coupons, id);
}

void
coupons_follow_rule(struct promotions *promotions, const json_t *rule)
{
	json_t *coupon;
	size_t i;

	json_array_foreach(promotions->coupons.rows, i, coupon)
	{
		if (json_equal(json_object_get(coupon, "rule_id"), json_object_get(rule, "rule_id")))
			take_limits(coupon, rule);
	}
}

static const char *
find_alphabet(const char *format)
{
	if (strcmp(format, "num") == 0)
		return "0123456789";
	return strcmp(format, "alpha") == 0 ? "ABCDEFGHIJKLMNOPQRSTUVWXYZ" : "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
}

/* At most one code in four may be a good one. */
static json_int_t
find_length(const struct coupon_spec *spec, size_t alphabet)
{
	json_int_t length = 0;
	double space = 1;

	while ((length < spec->length && length < CODE_MAX) || (double)spec->quantity / space > 0.25) {
		length++;
		space *= (double)alphabet;
	}
	return length;
}

static void
make_code(const struct coupon_spec *spec, const char *alphabet, json_int_t length, char *code)
{
	unsigned char random[CODE_MAX] = {0};
	size_t len = (size_t)snprintf(code, CODE_MAX, "%.100s", spec->prefix), letters = strlen(alphabet);

	(void)RAND_bytes(random, sizeof(random));
	for (json_int_t i = 0; i < length && len + 2 < CODE_MAX; i++) {
		bool cut = spec->delimiter_at_every > 0 && i > 0 && i % spec->delimiter_at_every == 0;

		if (cut && spec->delimiter[0] != '\0')
			code[len++] = spec->delimiter[0];
		code[len++] = alphabet[random[i] % letters];
	}
	snprintf(code + len, CODE_MAX - len, "%s", spec->suffix);
}

json_t *
coupons_generate(struct promotions *promotions, const struct coupon_spec *spec, const char *time)
{
	const char *alphabet = find_alphabet(spec->format);
	json_int_t length = find_length(spec, strlen(alphabet));
	json_t *codes = json_array();
	char code[CODE_MAX];

	for (json_int_t i = 0; i < spec->quantity; i++) {
		do {
			make_code(spec, alphabet, length, code);
		} while (coupon_find_code(promotions, code) != NULL);
		coupon_add(promotions, spec->rule_id, code, 1, time);
		json_array_append_new(codes, json_string(code));
	}
	return codes;
}

static json_int_t
seed_rule(struct promotions *promotions, json_t *body)
{
	struct reply reply = {0};
	json_t *draft = rule_read(body, &reply);
	json_int_t id = draft != NULL ? rule_save(promotions, 0, draft, &reply) : 0;

	json_decref(draft);
	json_decref(body);
	reply_fini(&reply);
	return id;
}

void
promotions_seed(struct promotions *promotions)
{
	static const char time[] = "2026-11-22 08:28:06";
	char code[24];
	json_int_t id;

	seed_rule(promotions,
		  json_pack("{s:s, s:[i, i], s:[i, i, i, i], s:b, s:b, s:s, s:i, s:{s:s, s:s, s:s, s:[{s:s, s:s, s:s, "
			    "s:s}]}}",
			    "name", "Ten percent off 50 and more", "website_ids", WEBSITE_BASE, WEBSITE_EU,
			    "customer_group_ids", 0, 1, 2, 3, "is_active", 1, "stop_rules_processing", 0,
			    "simple_action", "by_percent", "discount_amount", 10, "condition", "condition_type",
			    "Magento\\SalesRule\\Model\\Rule\\Condition\\Combine", "aggregator_type", "all", "value",
			    "1", "conditions", "condition_type", "Magento\\SalesRule\\Model\\Rule\\Condition\\Address",
			    "operator", ">=", "attribute_name", "base_subtotal", "value", "50"));
	id = seed_rule(promotions, json_pack("{s:s, s:[i], s:[i, i], s:b, s:s, s:i, s:s, s:i}", "name",
					     "Newsletter welcome", "website_ids", WEBSITE_BASE, "customer_group_ids", 0,
					     1, "is_active", 1, "simple_action", "by_fixed", "discount_amount", 5,
					     "coupon_type", "SPECIFIC_COUPON", "uses_per_coupon", 100));
	json_object_set_new(coupon_add(promotions, id, "WELCOME5", 0, time), "is_primary", json_true());
	id = seed_rule(promotions, json_pack("{s:s, s:[i], s:[i, i], s:s, s:i, s:s, s:b, s:i}", "name", "Summer codes",
					     "website_ids", WEBSITE_BASE, "customer_group_ids", 0, 1, "simple_action",
					     "by_percent", "discount_amount", 15, "coupon_type", "SPECIFIC_COUPON",
					     "use_auto_generation", 1, "uses_per_coupon", 1));
	for (int i = 1; i <= 5; i++) {
		snprintf(code, sizeof(code), "SUMMER-%04d", i * 1999 % 10000);
		coupon_add(promotions, id, code, 1, time);
	}
}
