/*
 * promotions.c - the promotions domain: cart price rules and their coupons
 */
#include "promotions.h"

#include "json/get.h"
#include "rule_desk.h"
#include "rule_shapes.h"
#include "store.h"

/* ---- promotions.get_rule ---- */

static int
get(struct store_client *sc, json_t *params, json_t **result_r, struct fault *fault)
{
	return rule_read(sc, json_get_int(params, "rule_id", 0), NULL, result_r, fault);
}

static int
run_get(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	return store_run(call, params, result_r, fault, get);
}

static const struct json_prop get_props[] = {{"rule_id", &rule_id_shape, true, NULL}, {0}};
static const struct json_schema get_params = {.type = JSON_T_OBJECT, .props = get_props};

/* ---- the rows ---- */

#define READS (ACTION_NEEDS_LOGIN | ACTION_READ_ONLY | ACTION_IDEMPOTENT | ACTION_OPEN_WORLD)
#define CHANGES (ACTION_NEEDS_LOGIN | ACTION_OPEN_WORLD | ACTION_CONFIRM)

static const struct action rows[] = {
    {
	.name = "promotions.prepare_cart_price_rule_create",
	.title = "Plan a new cart price rule",
	.description = "Check a new cart price rule and plan its creation; creates nothing. Commit with "
		       "promotions_commit_cart_price_rule_create.",
	.tier = ACTION_RISK,
	.flags = ACTION_NEEDS_LOGIN | ACTION_READ_ONLY | ACTION_OPEN_WORLD,
	.scope = "promotions:write",
	.params = &rule_create_shape,
	.result = &promotions_prepare_create_result,
	.run = promotions_prepare_create,
    },
    {
	.name = "promotions.commit_cart_price_rule_create",
	.title = "Create a planned cart price rule",
	.description = "Create the cart price rule of a plan.",
	.tier = ACTION_RISK,
	.flags = CHANGES | ACTION_IDEMPOTENT,
	.scope = "promotions:write",
	.params = &promotions_commit_create_params,
	.result = &promotions_commit_create_result,
	.run = promotions_commit_create,
	.question = promotions_ask_create,
    },
    {
	.name = "promotions.search_rules",
	.title = "Search cart price rules",
	.description = "Search cart price rules by name, website or state.",
	.tier = ACTION_SAFE,
	.flags = READS,
	.scope = "promotions:read",
	.params = &promotions_search_params,
	.result = &promotions_search_result,
	.run = promotions_search,
    },
    {
	.name = "promotions.get_rule",
	.title = "Get a cart price rule",
	.description = "Get one cart price rule with its conditions and labels.",
	.tier = ACTION_SAFE,
	.flags = READS,
	.scope = "promotions:read",
	.params = &get_params,
	.result = &rule_object_shape,
	.run = run_get,
    },
    {
	.name = "promotions.update_rule",
	.title = "Change a cart price rule",
	.description = "Change fields of a cart price rule; fields not given stay.",
	.tier = ACTION_RISK,
	.flags = CHANGES | ACTION_DESTRUCTIVE | ACTION_IDEMPOTENT,
	.scope = "promotions:write",
	.params = &promotions_update_params,
	.result = &promotions_update_result,
	.run = promotions_update,
	.question = promotions_ask_update,
    },
    {
	.name = "promotions.enable_rule",
	.title = "Enable a cart price rule",
	.description = "Switch a cart price rule on.",
	.tier = ACTION_RISK,
	.flags = CHANGES | ACTION_DESTRUCTIVE | ACTION_IDEMPOTENT,
	.scope = "promotions:write",
	.params = &promotions_enable_params,
	.result = &promotions_enable_result,
	.run = promotions_enable,
	.question = promotions_ask_enable,
    },
    {
	.name = "promotions.disable_rule",
	.title = "Disable a cart price rule",
	.description = "Switch a cart price rule off; needs no confirmation, so it can stop a wrong discount at once.",
	.tier = ACTION_SAFE,
	.flags = ACTION_NEEDS_LOGIN | ACTION_IDEMPOTENT | ACTION_OPEN_WORLD | ACTION_WRITES,
	.scope = "promotions:write",
	.params = &promotions_disable_params,
	.result = &promotions_disable_result,
	.run = promotions_disable,
    },
    {
	.name = "promotions.generate_coupons",
	.title = "Generate coupon codes",
	.description = "Generate random coupon codes for a rule whose coupons are auto-generated.",
	.tier = ACTION_RISK,
	.flags = CHANGES,
	.scope = "promotions:write",
	.params = &coupons_generate_params,
	.result = &coupons_generate_result,
	.run = coupons_generate,
	.question = coupons_ask_generate,
    },
    {
	.name = "promotions.export_coupons",
	.title = "Export coupon codes",
	.description = "Export the coupon codes of a rule as CSV with their usage.",
	.tier = ACTION_SAFE,
	.flags = READS,
	.scope = "promotions:read",
	.params = &coupons_export_params,
	.result = &coupons_export_result,
	.run = coupons_export,
    },
};

const struct action_table action_promotions_table = {rows, ARRAY_LEN(rows)};
