/*
 * redirect_list.c - chains in the list of URL rewrites that a module offers
 */
#include <stdio.h>
#include <string.h>

#include "action/env.h"
#include "base/clock.h"
#include "batch.h"
#include "json/get.h"
#include "page_limit.h"
#include "optional_route.h"
#include "redirect_graph.h"
#include "redirect_report.h"
#include "results.h"

#define ROWS_PAGE 500
#define ROWS_MAX 20000
#define NOTE "From the shop's URL rewrites. Redirects made by the web server or CDN are not visible here."

struct listing {
	struct redirect_report *report;
	const char *configured;
	struct optional_route route;
	struct redirect_graph graph;
	int64_t only_store;
	uint32_t page_size;
	int64_t total; /* rows, as the module says */
	bool is_truncated;
};

static const json_t *
rows_of(const json_t *body)
{
	return json_is_array(body) ? body : json_get_array(body, "items");
}

static size_t
ask_page(struct listing *listing, struct batch *batch, uint32_t number)
{
	struct criteria criteria;

	criteria_init(&criteria, batch->sc->call->pool);
	criteria_where(&criteria, "redirect_type", "neq", "0");
	criteria_page(&criteria, listing->page_size, number);
	for (size_t i = 0; i < listing->route.n_query; i++)
		criteria_param(&criteria, listing->route.query[i].name, listing->route.query[i].value);
	return batch_get_criteria(batch, MAGENTO_SCOPE_ALL, listing->route.path, &criteria);
}

static int
take_rows(struct listing *listing, const json_t *body, struct fault *fault)
{
	const json_t *rows = rows_of(body);

	for (size_t i = 0; i < json_array_size(rows); i++) {
		if (redirect_graph_add(&listing->graph, json_array_get(rows, i), listing->only_store) < 0)
			return result_out_of_memory(fault);
	}
	return 0;
}

/* 1: the shop has no such list.  A page that holds less than all says how many rows there are. */
static int
read_first(struct listing *listing, struct fault *fault)
{
	struct fault why;
	struct batch batch;
	int r;

	fault_init(&why);
	batch_init(&batch, listing->report->sc, 1);
	ask_page(listing, &batch, 1);
	r = batch_run(&batch, fault);
	if (r == 0 && batch_fault(&batch, 0) != NULL) {
		fault_move(&why, &batch.faults[0]);
		if (batch_is_no_route(&why)) {
			optional_route_missed(listing->report->sc->magento.base_url, listing->configured,
					      clock_mono_ms());
			r = 1;
		} else if (page_limit(&why, listing->page_size) > 0) {
			listing->page_size = page_limit(&why, listing->page_size);
			r = 2;
		} else {
			fault_move(fault, &why);
			r = -1;
		}
	} else if (r == 0 && rows_of(batch_body(&batch, 0)) == NULL) {
		r = 1;
	} else if (r == 0) {
		listing->total = json_get_int(batch_body(&batch, 0), "total_count", 0);
		r = take_rows(listing, batch_body(&batch, 0), fault);
	}
	batch_fini(&batch);
	fault_fini(&why);
	return r == 2 ? read_first(listing, fault) : r;
}

static int
read_rest(struct listing *listing, struct fault *fault)
{
	int64_t rows = listing->total < ROWS_MAX ? listing->total : ROWS_MAX;
	uint32_t pages = (uint32_t)((rows + listing->page_size - 1) / listing->page_size);
	struct batch batch;
	int r;

	listing->is_truncated = listing->total > ROWS_MAX;
	batch_init(&batch, listing->report->sc, pages);
	for (uint32_t number = 2; number <= pages; number++)
		ask_page(listing, &batch, number);
	r = batch_run(&batch, fault);
	for (size_t i = 0; r == 0 && i < batch.n; i++) {
		if (batch_fault(&batch, i) != NULL) {
			fault_move(fault, &batch.faults[i]);
			r = -1;
		} else {
			r = take_rows(listing, batch_body(&batch, i), fault);
		}
	}
	batch_fini(&batch);
	return r;
}

/* {"1":"default"}; empty without the permission to read the tree. */
static int
read_codes(struct redirect_report *report, json_t **codes_r, struct fault *fault)
{
	struct store_client *sc = report->sc;
	const struct scope_tree *tree = NULL;
	json_t *codes = json_object();

	if (codes == NULL)
		return result_out_of_memory(fault);
	if (scope_tree_get(&sc->magento, sc->call->env->scopes, false, &tree, NULL, fault) < 0) {
		if (fault->code != FAULT_FORBIDDEN || report->view != NULL) {
			json_decref(codes);
			return -1;
		}
		fault_fini(fault);
		fault_init(fault);
	}
	for (size_t i = 0; tree != NULL && i < tree->n_views; i++) {
		char id[24];

		snprintf(id, sizeof(id), "%lld", (long long)tree->views[i].id);
		if (json_object_set_new(codes, id, json_string(tree->views[i].code)) < 0) {
			json_decref(codes);
			return result_out_of_memory(fault);
		}
	}
	*codes_r = codes;
	return 0;
}

static int
render_listing(struct listing *listing, const json_t *codes, json_t **result_r, struct fault *fault)
{
	struct redirect_chains chains;

	if (redirect_graph_chains(&listing->graph, listing->report->max_depth, codes, &chains) < 0)
		return result_out_of_memory(fault);
	*result_r =
	    json_pack("{s:b, s:s, s:I, s:I, s:O, s:I, s:s}", "available", 1, "source", "module_route",
		      "total_redirects", (json_int_t)listing->graph.n_redirects, "chains_found", (json_int_t)chains.n,
		      "chains", chains.list, "max_depth_checked", (json_int_t)listing->report->max_depth, "note", NOTE);
	if (*result_r != NULL &&
	    (listing->is_truncated || chains.is_truncated || chains.n > json_array_size(chains.list)))
		json_object_set_new(*result_r, "truncated", json_true());
	redirect_chains_fini(&chains);
	return *result_r != NULL ? 0 : result_out_of_memory(fault);
}

int
redirect_list_report(struct redirect_report *report, json_t **result_r, struct fault *fault)
{
	struct listing listing = {.report = report,
				  .configured = report->sc->call->env->config->optional_routes.url_rewrites,
				  .page_size = ROWS_PAGE,
				  .only_store = report->target.view_id};
	json_t *codes = NULL;
	int r;

	if (optional_route_look(report->sc, listing.configured, &listing.route) != OPTIONAL_ROUTE_ASK)
		return 1;
	r = redirect_graph_init(&listing.graph) < 0 ? result_out_of_memory(fault) : read_first(&listing, fault);
	if (r == 0)
		r = read_rest(&listing, fault);
	if (r == 0)
		r = read_codes(report, &codes, fault);
	if (r == 0)
		r = render_listing(&listing, codes, result_r, fault);
	json_decref(codes);
	redirect_graph_fini(&listing.graph);
	return r;
}
