/*
 * rule_fields.h - the fields of a cart price rule: what a caller may say, what Magento is told, what must hold (private
 * to action/)
 *
 * Callers say coupon_type no_coupon, specific_coupon or auto, and conditions as in rule_conditions.h; a body has
 * Magento's words and classes instead.  All checks are made on a body, or on a stored rule with a body laid over it.
 * Pure.
 */
#ifndef ACTION_RULE_FIELDS_H
#define ACTION_RULE_FIELDS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "config/config.h"

#define RULE_DATE_CAP 11 /* YYYY-MM-DD and a NUL */

/*
 * The members of a body for what is given, in Magento's words; coupon_code is not among them.  Control characters are
 * left out of its texts, as they are of what Magento answers: the two are compared.  What is wrong is
 * appended to `violations` under `path`.  -1 without memory.
 */
int rule_fields_build(const json_t *given, const struct config_list *more_conditions, const char *path,
		      json_t *violations, json_t **body_r) MUST_CHECK;

/* Says explicitly what a new rule is to be where nothing was given: Magento's own defaults are not ours.  -1 without
 * memory. */
int rule_fields_complete(json_t *body) MUST_CHECK;

/* `rule` with `body` laid over it: the rule as it would be.  A new reference, or NULL without memory. */
json_t *rule_fields_merge(json_t *rule, json_t *body) MUST_CHECK;

/* What must hold for every rule that this server writes; appends to `violations`.  -1 without memory. */
int rule_fields_check(const json_t *rule, double max_discount_pct, const char *path, json_t *violations) MUST_CHECK;

/* What must hold for a rule that is on: websites, groups, a coupon type that Magento knows. */
int rule_fields_check_live(const json_t *rule, const char *path, json_t *violations) MUST_CHECK;

/* Does the stored value say what was sent?  Labels: those that were sent are there. */
bool rule_fields_same(const char *field, const json_t *sent, const json_t *stored);

/* Names of the body's members that the stored rule does not have as sent; a new array, or NULL without memory. */
json_t *rule_fields_missing(const json_t *body, const json_t *stored) MUST_CHECK;

/* Sentences about a rule that is right, but perhaps not meant.  `today` is YYYY-MM-DD.  -1 without memory. */
int rule_fields_warn(const json_t *rule, const char *today, json_t *warnings) MUST_CHECK;

bool rule_is_active(const json_t *rule);
bool rule_takes_generated_coupons(const json_t *rule);
void rule_today(uint64_t wall_ms, char today_r[static RULE_DATE_CAP]);

#endif
