/*
 * pricing.c - the pricing domain: what its tools take and give, and the table of them
 */
#include <string.h>

#include "catalog/match.h"
#include "dates.h"
#include "plan.h"
#include "price_targets.h"
#include "pricing_private.h"
#include "shapes.h"

static int
run_commit(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	return commit_run(call, params, &price_commit_ops, result_r, fault);
}

static int
ask_commit(struct action_call *call, const json_t *params, struct buf *text, struct fault *fault)
{
	return commit_question(call, params, &price_commit_ops, text, fault);
}

/* ---- shapes ---- */

static const struct json_schema price_shape = {.type = JSON_T_NUMBER,
					       .minimum = JSON_BOUND(0),
					       .maximum = JSON_BOUND(PRICE_MAX),
					       .description = "New regular price, at most 4 decimals"};
static const struct json_schema special_shape = {
    .type = JSON_T_NUMBER,
    .nullable = true,
    .minimum = JSON_BOUND(0),
    .maximum = JSON_BOUND(PRICE_MAX),
    .description = "New special price, at most 4 decimals; null removes it; 0 sells for nothing"};
static const struct json_schema date_shape = {.type = JSON_T_STRING,
					      .nullable = true,
					      .match = date_is_moment,
					      .pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}( [0-9]{2}:[0-9]{2}:[0-9]{2})?$",
					      .hint = "a date such as 2026-12-24 or 2026-12-24 18:00:00"};

static const char *const targets[] = {"price", "special_price", NULL};
static const struct json_schema target_shape = {
    .type = JSON_T_STRING, .enumeration = targets, .description = "Which price gets the result"};
static const struct json_schema percent_shape = {
    .type = JSON_T_NUMBER,
    .minimum = JSON_BOUND(-90),
    .maximum = JSON_BOUND(500),
    .description = "Percent added to the present regular price; -10 takes a tenth off"};
static const struct json_schema amount_shape = {.type = JSON_T_NUMBER,
						.minimum = JSON_BOUND(-PRICE_MAX),
						.maximum = JSON_BOUND(PRICE_MAX),
						.description = "Amount added to the present regular price"};
static const struct json_schema round_shape = {.type = JSON_T_NUMBER,
					       .minimum = JSON_BOUND(0.01),
					       .maximum = JSON_BOUND(100),
					       .description = "Round to a multiple of this, such as 0.05"};
static const struct json_schema ending_shape = {.type = JSON_T_NUMBER,
						.minimum = JSON_BOUND(0),
						.maximum = JSON_BOUND(0.99),
						.description =
						    "Then take the nearest price that ends so, such as 0.99"};
static const struct json_prop adjust_props[] = {
    {"target", &target_shape, true, NULL},  {"percent", &percent_shape, false, NULL},
    {"amount", &amount_shape, false, NULL}, {"round_to", &round_shape, false, NULL},
    {"ending", &ending_shape, false, NULL}, {0},
};
static const struct json_schema adjust_shape = {
    .type = JSON_T_OBJECT,
    .props = adjust_props,
    .description = "Change relative to the present regular price, by either percent or amount"};

#define DATE_TEXT " of the special price, UTC; null removes the date"
static const struct json_prop updates_props[] = {
    {"price", &price_shape, false, NULL},
    {"special_price", &special_shape, false, NULL},
    {"special_from_date", &date_shape, false, "First moment" DATE_TEXT},
    {"special_to_date", &date_shape, false, "Last moment" DATE_TEXT},
    {"adjust", &adjust_shape, false, NULL},
    {0},
};
static const struct json_schema updates_shape = {.type = JSON_T_OBJECT,
						 .props = updates_props,
						 .min_properties = 1,
						 .description =
						     "New values for all matching products; goes with match"};

static const struct json_prop item_props[] = {
    {"sku", &shape_sku, true, NULL},
    {"price", &price_shape, false, NULL},
    {"special_price", &special_shape, false, NULL},
    {"special_from_date", &date_shape, false, "First moment" DATE_TEXT},
    {"special_to_date", &date_shape, false, "Last moment" DATE_TEXT},
    {0},
};
static const struct json_schema item_shape = {.type = JSON_T_OBJECT, .props = item_props};
static const struct json_schema items_shape = {.type = JSON_T_ARRAY,
					       .items = &item_shape,
					       .min_items = 1,
					       .description =
						   "Own values for each product; instead of match and price_updates"};

static const struct json_prop prepare_props[] = {
    {"match", &match_shape, false, "Which products; needs price_updates"},
    {"price_updates", &updates_shape, false, NULL},
    {"items", &items_shape, false, NULL},
    {"scope", &shape_scope, false, "Where to write; needed unless a default is set"},
    {"sample_size", &plan_sample_size_shape, false, NULL},
    {0},
};
static const struct json_schema prepare_params = {.type = JSON_T_OBJECT, .props = prepare_props};

static const struct json_schema number_shape = {.type = JSON_T_NUMBER};
static const struct json_prop summary_props[] = {
    {"min_change_pct", &number_shape, false, "Smallest change in percent; absent when all prices were 0"},
    {"max_change_pct", &number_shape, false, "Largest"},
    {"total_before", &number_shape, true,
     "Sum of the prices that change, before; a first special price counts against the regular"},
    {"total_after", &number_shape, true, NULL},
    {0},
};
static const struct json_schema summary_shape = {.type = JSON_T_OBJECT, .props = summary_props};
static const struct json_prop result_props[] = {PLAN_RESULT_PROPS, {"summary", &summary_shape, false, NULL}, {0}};
static const struct json_schema prepare_result = {.type = JSON_T_OBJECT, .props = result_props};

/* ---- the rows ---- */

static const struct action rows[] = {
    {
	.name = "pricing.prepare_bulk_price_update",
	.title = "Plan new prices",
	.description =
	    "Plan new prices or special prices for all products that match; shows old and new prices and warns "
	    "about large changes. Commit with pricing_commit_bulk_price_update.",
	.tier = ACTION_RISK,
	.flags = ACTION_NEEDS_LOGIN | ACTION_READ_ONLY | ACTION_OPEN_WORLD,
	.scope = "pricing:write",
	.params = &prepare_params,
	.result = &prepare_result,
	.run = price_prepare,
    },
    {
	.name = "pricing.commit_bulk_price_update",
	.title = "Carry out new prices",
	.description = "Carry out a plan of pricing_prepare_bulk_price_update.",
	.tier = ACTION_RISK,
	.flags = ACTION_NEEDS_LOGIN | ACTION_DESTRUCTIVE | ACTION_IDEMPOTENT | ACTION_OPEN_WORLD | ACTION_CONFIRM,
	.scope = "pricing:write",
	.params = &commit_params,
	.result = &commit_result,
	.run = run_commit,
	.question = ask_commit,
    },
};

const struct action_table action_pricing_table = {rows, ARRAY_LEN(rows)};
