/*
 * promotions.h - the tools of the promotions domain, file by file; the rows are in promotions.c (private to action/)
 */
#ifndef ACTION_PROMOTIONS_H
#define ACTION_PROMOTIONS_H

#include "action/action.h"

typedef int promotions_run_fn(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault);
typedef int promotions_ask_fn(struct action_call *call, const json_t *params, struct buf *text, struct fault *fault);

/* promotions_search.c */
promotions_run_fn promotions_search;
extern const struct json_schema promotions_search_params, promotions_search_result;

/* promotions_update.c */
promotions_run_fn promotions_update, promotions_enable, promotions_disable;
promotions_ask_fn promotions_ask_update, promotions_ask_enable;
extern const struct json_schema promotions_update_params, promotions_update_result;
extern const struct json_schema promotions_enable_params, promotions_enable_result;
extern const struct json_schema promotions_disable_params, promotions_disable_result;

/* promotions_prepare.c, promotions_create.c */
#define PROMOTIONS_CREATE_PAIR "promotions.cart_price_rule_create"
promotions_run_fn promotions_prepare_create, promotions_commit_create;
promotions_ask_fn promotions_ask_create;
extern const struct json_schema promotions_prepare_create_result;
extern const struct json_schema promotions_commit_create_params, promotions_commit_create_result;

/* coupons_generate.c, coupons_export.c */
promotions_run_fn coupons_generate, coupons_export;
promotions_ask_fn coupons_ask_generate;
extern const struct json_schema coupons_generate_params, coupons_generate_result;
extern const struct json_schema coupons_export_params, coupons_export_result;

#endif
