/*
 * redirects.c - seo.report_redirect_chains: from a module's list, or by following addresses of the storefront
 */
#include "redirects.h"

#include <string.h>

#include "action/env.h"
#include "json/get.h"
#include "magento/scope.h"
#include "redirect_report.h"
#include "results.h"
#include "shapes.h"
#include "store.h"

#define NOTE_NONE                                                                                                      \
	"Stock Magento lists no redirects over its API. To find chains: give urls or skus here to follow, install a "  \
	"module "                                                                                                      \
	"with a URL rewrite route and set optional_routes.url_rewrites, or look into the table url_rewrite of the "    \
	"database."

static int
report_nothing(struct redirect_report *report, json_t **result_r, struct fault *fault)
{
	*result_r = json_pack("{s:b, s:s, s:i, s:i, s:[], s:I, s:s}", "available", 0, "source", "none",
			      "total_redirects", 0, "chains_found", 0, "chains", "max_depth_checked",
			      (json_int_t)report->max_depth, "note", NOTE_NONE);
	return *result_r != NULL ? 0 : result_out_of_memory(fault);
}

static int
run_report(struct redirect_report *report, json_t **result_r, struct fault *fault)
{
	struct store_client *sc = report->sc;
	struct scope given;
	int r;

	if (scope_from_json(json_object_get(report->params, "scope"), "params.scope", &given, fault) < 0 ||
	    scope_resolve_read(&sc->magento, sc->call->env->scopes, &given, sc->call->login.scope.store_view,
			       &report->target, fault) < 0)
		return -1;
	if (strcmp(report->target.prefix, MAGENTO_SCOPE_ALL) != 0)
		report->view = report->target.prefix;
	if (json_get_array_len(report->params, "urls") + json_get_array_len(report->params, "skus") > 0)
		return redirect_follow_report(report, result_r, fault);
	r = redirect_list_report(report, result_r, fault);
	return r == 1 ? report_nothing(report, result_r, fault) : r;
}

static int
report_redirects(struct store_client *sc, json_t *params, json_t **result_r, struct fault *fault)
{
	struct redirect_report report = {
	    .sc = sc, .params = params, .max_depth = (uint32_t)json_get_int(params, "max_depth", 5)};
	int r = run_report(&report, result_r, fault);

	if (r == 0 && result_clean(*result_r) < 0) {
		json_decref(*result_r);
		*result_r = NULL;
		r = result_out_of_memory(fault);
	}
	return r;
}

int
redirects_run(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	return store_run(call, params, result_r, fault, report_redirects);
}

/* ---- shapes ---- */

static const struct json_schema max_depth = {.type = JSON_T_INTEGER,
					     .minimum = JSON_BOUND(1),
					     .maximum = JSON_BOUND(10),
					     .default_json = "5",
					     .description = "Most redirects to follow"};
static const struct json_schema address = {.type = JSON_T_STRING, .min_length = 1, .max_length = 2048};
static const struct json_schema addresses = {.type = JSON_T_ARRAY,
					     .items = &address,
					     .max_items = REDIRECT_ADDRESSES_MAX,
					     .description =
						 "Addresses to follow: paths, or URLs under a base URL of this shop"};
static const struct json_schema skus = {.type = JSON_T_ARRAY,
					.items = &shape_sku,
					.max_items = REDIRECT_ADDRESSES_MAX,
					.unique_items = true,
					.description = "Follow the addresses of these products"};

static const struct json_prop params_props[] = {
    {"max_depth", &max_depth, false, NULL},
    {"urls", &addresses, false, NULL},
    {"skus", &skus, false, NULL},
    {"scope", &shape_scope, false, "One store view; default: that of the URL, else the shop's default view"},
    {0},
};
const struct json_schema redirects_params = {.type = JSON_T_OBJECT, .props = params_props};

static const char *const source_words[] = {"module_route", "graphql", "none", NULL};
static const struct json_schema source = {.type = JSON_T_STRING, .enumeration = source_words};

static const struct json_prop chain_props[] = {
    {"start", &shape_text, true, NULL},
    {"chain", &shape_texts, true, "From the start to the last address"},
    {"depth", &shape_count, true, "Redirects in it"},
    {"loop", &shape_flag, true, NULL},
    {"store_view_code", &shape_text, false, NULL},
    {0},
};
static const struct json_schema chain = {.type = JSON_T_OBJECT, .props = chain_props};
static const struct json_schema chains = {.type = JSON_T_ARRAY, .items = &chain};

static const struct json_prop dead_props[] = {
    {"start", &shape_text, true, NULL}, {"chain", &shape_texts, true, NULL}, {0}};
static const struct json_schema dead = {.type = JSON_T_OBJECT, .props = dead_props};
static const struct json_schema deads = {.type = JSON_T_ARRAY, .items = &dead};

static const struct json_prop result_props[] = {
    {"available", &shape_flag, true, "Whether redirects could be seen at all"},
    {"source", &source, true, NULL},
    {"total_redirects", &shape_count, true, NULL},
    {"chains_found", &shape_count, true, "Chains of two redirects or more, and loops"},
    {"chains", &chains, true, "The first 50"},
    {"max_depth_checked", &shape_count, true, NULL},
    {"dead_ends", &deads, false, "Addresses that lead to nothing"},
    {"truncated", &shape_flag, false, "There is more than was read or shown"},
    {"note", &shape_text, true, "What is not visible, and how to get it"},
    {0},
};
const struct json_schema redirects_result = {.type = JSON_T_OBJECT, .props = result_props};
