/*
 * Cart price rules and their coupons.
 *
 * A rule's row has the members of the web API, but coupon_type as the stored number: 1 none, 2 specific, 3 auto, 0 for
 * whatever was sent and is none of these. Filters see that number.
 */
#ifndef DEMO_PROMOTIONS_H
#define DEMO_PROMOTIONS_H

#include "request.h"
#include "table.h"

#include <jansson.h>
#include <stdbool.h>

enum { COUPON_TYPE_BROKEN, COUPON_TYPE_NONE, COUPON_TYPE_SPECIFIC, COUPON_TYPE_AUTO };

struct promotions {
	struct table rules;
	struct table coupons;
	json_t *codes; /* folded code → coupon id */
};

/* Empty; -1 if memory is short. */
int promotions_init(struct promotions *promotions);
void promotions_fini(struct promotions *promotions);

/* Three rules, among them one with a code and one with generated codes. */
void promotions_seed(struct promotions *promotions);

/* --- Rules (rules.c) --- */

/* A body read and checked, as rule_save() wants it; NULL and an error if it is refused. New reference. */
json_t *rule_read(json_t *body, struct reply *reply);

/*
 * Merges a draft into the rule with the id, or into a new one for id 0, and answers with it. The answer of an unknown
 * id is 404, that of an unknown website or customer group 500. Returns the rule's id, 0 if nothing was saved.
 */
json_int_t rule_save(struct promotions *promotions, json_int_t id, json_t *draft, struct reply *reply);

/* The rule as it is shown. New reference. */
json_t *rule_render(const json_t *rule);

/* Takes its coupons with it; false if there is none. */
bool rule_remove(struct promotions *promotions, json_int_t id);

/* --- Conditions (conditions.c) --- */

/* A condition tree as Magento stores it: the root is always a combine, unknown classes vanish. New reference. */
json_t *conditions_normalise(const json_t *sent, bool of_items);

/* What a rule has that was saved without one. New reference. */
json_t *conditions_default(bool of_items);

/* --- Coupons (coupons.c) --- */

/* The coupon with a code in any letter case; NULL if there is none. Borrowed. */
json_t *coupon_find_code(const struct promotions *promotions, const char *code);

/* Adds a coupon with the limits of its rule; time is "YYYY-MM-DD HH:MM:SS". Borrowed. */
json_t *coupon_add(struct promotions *promotions, json_int_t rule_id, const char *code, int type, const char *time);

void coupon_rename(struct promotions *promotions, json_t *coupon, const char *code);
bool coupon_remove(struct promotions *promotions, json_int_t id);

/* Takes the limits of the rule over into its coupons. */
void coupons_follow_rule(struct promotions *promotions, const json_t *rule);

/* How the codes of POST /V1/coupons/generate are to look. */
struct coupon_spec {
	json_int_t rule_id;
	json_int_t quantity;
	json_int_t length;
	const char *format; /* alphanum, alpha or num */
	const char *prefix;
	const char *suffix;
	const char *delimiter;
	json_int_t delimiter_at_every; /* 0: nowhere */
};

/* Makes coupons, longer than asked for if the codes would be too easy to guess. List of codes, new reference. */
json_t *coupons_generate(struct promotions *promotions, const struct coupon_spec *spec, const char *time);

#endif
