/*
 * price_targets.h - from what a caller wants to new prices: checks, arithmetic, rounding (private to action/)
 *
 * Values are in the normal form of fields.h: {"price":10.0,"special_price":null,"special_from_date":null,
 * "special_to_date":"2026-12-31 00:00:00"}.  Pure.
 */
#ifndef ACTION_PRICE_TARGETS_H
#define ACTION_PRICE_TARGETS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"

#define PRICE_MAX 99999999.9999

enum { PRICE_REGULAR, PRICE_SPECIAL, PRICE_FROM, PRICE_TO, PRICE_N_FIELDS };
extern const char *const price_field_names[PRICE_N_FIELDS]; /* "price", "special_price", ... */

/*
 * What a schema cannot say about {match | items, price_updates}: appends {path, message} to `violations`.  -1 without
 * memory.
 */
int price_check(const json_t *params, json_t *violations) MUST_CHECK;

/*
 * A price `adjust`ed by percent or amount: rounded half up to two decimals, then to a multiple of round_to, then to the
 * nearest price with that ending.  May be below 0.
 */
double price_adjust(double base, const json_t *adjust);

/* The four values of a product as Magento gives it.  A new reference, NULL without memory. */
json_t *price_values(const json_t *product) MUST_CHECK;

/* Why a product (with type_id and custom_attributes) has no price of its own; NULL when it has. */
const char *price_obstacle(const json_t *product);

/*
 * What of `present` changes to what: a new object of fields, empty when nothing does.  *skip_r is NULL, or why the
 * product must be left out.  NULL without memory.
 */
json_t *price_decide(const json_t *present, const json_t *update, const char **skip_r) MUST_CHECK;

/* Is this one of the fields that the price routes carry? */
bool price_is_field(const char *name);

/* Are two values of a field the same? */
bool price_same(const char *field, const json_t *a, const json_t *b);

#endif
