/*
 * diagnostics.c - the diagnostics domain: why a product does not show, what can be sold, and the state of the indexers
 */
#include <string.h>

#include "action/action.h"
#include "action/env.h"
#include "base/clock.h"
#include "batch.h"
#include "display_check.h"
#include "indexers.h"
#include "json/get.h"
#include "optional_route.h"
#include "results.h"
#include "salable.h"
#include "shapes.h"
#include "store.h"

/* ---- diagnostics.indexer_status_report ---- */

static int
answer_unavailable(const char *why, json_t **result_r, struct fault *fault)
{
	*result_r = indexers_unavailable(why);
	return *result_r != NULL ? 0 : result_out_of_memory(fault);
}

/* Nobody has the route, or the role may not use it, or it gave something else: three answers, told apart. */
static int
take_failure(struct store_client *sc, const char *configured, json_t **result_r, struct fault *fault)
{
	struct fault why;
	int r;

	fault_init(&why);
	fault_move(&why, fault);
	if (batch_is_no_route(&why)) {
		optional_route_missed(sc->magento.base_url, configured, clock_mono_ms());
		r = answer_unavailable(NULL, result_r, fault);
	} else if (why.code == FAULT_MAGENTO_API_ERROR &&
		   strcmp(json_get_str(why.details, "kind", ""), "not_json") == 0) {
		r = answer_unavailable("The configured route did not answer with JSON (kind not_json).", result_r,
				       fault);
	} else {
		fault_move(fault, &why);
		r = -1;
	}
	fault_fini(&why);
	return r;
}

static int
ask_indexers(struct store_client *sc, const char *configured, const struct optional_route *route, json_t **result_r,
	     struct fault *fault)
{
	struct magento_request request = {.method = FETCH_GET,
					  .scope = MAGENTO_SCOPE_ALL,
					  .path = route->path,
					  .query = route->query,
					  .n_query = route->n_query};
	struct magento_reply reply;
	int r;

	magento_reply_init(&reply);
	r = magento_call(&sc->magento, &request, &reply, fault);
	if (r < 0) {
		r = take_failure(sc, configured, result_r, fault);
	} else {
		*result_r = indexers_render(reply.body);
		r = *result_r != NULL && result_clean(*result_r) == 0 ? 0 : result_out_of_memory(fault);
	}
	magento_reply_fini(&reply);
	return r;
}

static int
report_indexers(struct store_client *sc, json_t *params, json_t **result_r, struct fault *fault)
{
	const char *configured = sc->call->env->config->optional_routes.indexer_status;
	struct optional_route route;

	(void)params;
	if (optional_route_look(sc, configured, &route) == OPTIONAL_ROUTE_ASK)
		return ask_indexers(sc, configured, &route, result_r, fault);
	return answer_unavailable(NULL, result_r, fault);
}

static int
run_indexers(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	return store_run(call, params, result_r, fault, report_indexers);
}

static const struct json_prop indexer_props[] = {
    {"indexer_id", &shape_text, true, NULL},
    {"title", &shape_text, true, NULL},
    {"status", &shape_text, true, "valid, invalid, working or suspended"},
    {"mode", &shape_text, false, NULL},
    {"updated", &shape_text, false, NULL},
    {0},
};
static const struct json_schema indexer = {.type = JSON_T_OBJECT, .props = indexer_props};
static const struct json_schema indexers = {.type = JSON_T_ARRAY, .items = &indexer};
static const struct json_prop stale_props[] = {{"indexer_id", &shape_text, true, NULL},
					       {"title", &shape_text, true, NULL},
					       {"status", &shape_text, true, NULL},
					       {0}};
static const struct json_schema stale = {.type = JSON_T_OBJECT, .props = stale_props};
static const struct json_schema stales = {.type = JSON_T_ARRAY, .items = &stale};

static const struct json_prop indexers_props[] = {
    {"available", &shape_flag, true, "Whether this shop tells the state of its indexers"},
    {"indexers", &indexers, true, NULL},
    {"total", &shape_count, true, NULL},
    {"valid", &shape_count, true, NULL},
    {"invalid", &shape_count, true, NULL},
    {"needs_reindex", &stales, true, NULL},
    {"message", &shape_text, true, NULL},
    {0},
};
static const struct json_schema indexers_result = {.type = JSON_T_OBJECT, .props = indexers_props};

/* ---- the rows ---- */

#define FLAGS (ACTION_NEEDS_LOGIN | ACTION_READ_ONLY | ACTION_IDEMPOTENT | ACTION_OPEN_WORLD)

static const struct action rows[] = {
    {
	.name = "diagnostics.product_display_check",
	.title = "Check why a product does not show",
	.description = "Find out why a product does not show, or shows wrongly, on the storefront.",
	.tier = ACTION_SAFE,
	.flags = FLAGS,
	.scope = "diagnostics:read",
	.params = &display_check_params,
	.result = &display_check_result,
	.run = display_check_run,
    },
    {
	.name = "diagnostics.indexer_status_report",
	.title = "Report indexer status",
	.description = "Report the state of Magento's indexers, if this shop offers it over its API.",
	.tier = ACTION_SAFE,
	.flags = FLAGS,
	.scope = "diagnostics:read",
	.params = &shape_nothing,
	.result = &indexers_result,
	.run = run_indexers,
    },
    {
	.name = "diagnostics.inventory_salable_report",
	.title = "Report salable stock of a product",
	.description = "Show stock, sources and salable quantity of a product per website.",
	.tier = ACTION_SAFE,
	.flags = FLAGS,
	.scope = "diagnostics:read",
	.params = &salable_params,
	.result = &salable_result,
	.run = salable_run,
    },
};

const struct action_table action_diagnostics_table = {rows, ARRAY_LEN(rows)};
