/*
 * display_check.h - diagnostics.product_display_check: facts and judgement (private to action/)
 *
 * The facts are one JSON object, so that the judge is a pure function:
 *
 *	{"today":"2026-11-22", "product":{...}, "has_msi":true, "sites":[...], "levels":{...},     see stock.h
 *	 "categories":[{id,name,is_active,path}] | "categories_error":text, "views_error"?:text,
 *	 "views":[{"code", "website_code"?, "website_id"?, "root_category_id"?,
 *	           "product":{...} | "error":text, "children":[...] | "children_error":text,
 *	           "url"?:"p-1.html", "route":{...}|null | "route_error":text}]}
 *
 * Without the permission to read the store tree there is one view, "all" or the one that was asked for.
 */
#ifndef ACTION_DISPLAY_CHECK_H
#define ACTION_DISPLAY_CHECK_H

#include "action/action.h"

/* The result of the tool.  A new reference, or NULL without memory. */
json_t *display_judge(json_t *facts) MUST_CHECK;

/* The same for a SKU that nobody knows. */
json_t *display_not_found(const char *sku) MUST_CHECK;

/* Do these website ids of a product ("website_ids") hold the view's website?  True when the website is not known. */
bool display_is_assigned(const json_t *product, const json_t *view);

int display_check_run(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault);
extern const struct json_schema display_check_params, display_check_result;

#endif
