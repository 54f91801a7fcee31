/*
 * redirect_follow.c - chains behind given addresses, as the storefront leads through them
 */
#include <stdio.h>
#include <string.h>

#include "action/env.h"
#include "arguments.h"
#include "batch.h"
#include "json/get.h"
#include "magento/graphql.h"
#include "magento/product.h"
#include "catalog/match.h"
#include "redirect_graph.h"
#include "redirect_report.h"
#include "redirect_start.h"
#include "redirect_trace.h"
#include "results.h"

#define NOTE                                                                                                           \
	"Only the given addresses were followed. Magento may resolve steps in between by itself: the number of "       \
	"redirects is "                                                                                                \
	"the least there is."

struct tracing {
	struct redirect_report *report;
	struct redirect_trace *traces;
	size_t n;
	json_t *left_out; /* SKUs that have no address */
};

static int
begin(struct tracing *tracing, const char *view, const char *path, struct fault *fault)
{
	must(tracing->n < REDIRECT_TRACES_MAX);
	return redirect_trace_init(&tracing->traces[tracing->n++], view, path) < 0 ? result_out_of_memory(fault) : 0;
}

static bool
has_url(const json_t *urls)
{
	for (size_t i = 0; i < json_array_size(urls); i++) {
		if (redirect_start_is_url(json_string_value(json_array_get(urls, i))))
			return true;
	}
	return false;
}

/* Base URLs of the store views; without the permission to read them the session's own must do. */
static int
read_configs(struct store_client *sc, json_t **configs_r, struct fault *fault)
{
	struct batch batch;
	int r;

	batch_init(&batch, sc, 1);
	batch_get_fields(&batch, MAGENTO_SCOPE_ALL, "/store/storeConfigs",
			 "id,code,base_url,base_link_url,secure_base_url,secure_base_link_url");
	r = batch_run(&batch, fault);
	if (r == 0 && batch_fault(&batch, 0) != NULL && batch_fault(&batch, 0)->code != FAULT_FORBIDDEN) {
		fault_move(fault, &batch.faults[0]);
		r = -1;
	}
	*configs_r = r == 0 && batch_body(&batch, 0) != NULL ? json_incref(batch_body(&batch, 0)) : NULL;
	batch_fini(&batch);
	return r;
}

static int
begin_urls(struct tracing *tracing, const json_t *configs, struct fault *fault)
{
	struct store_client *sc = tracing->report->sc;
	json_t *urls = json_get_array(tracing->report->params, "urls");
	json_t *violations = json_array();

	for (size_t i = 0; i < json_array_size(urls); i++) {
		const char *view = NULL;
		const char *path = redirect_start_path(sc->call->pool, json_string_value(json_array_get(urls, i)),
						       configs, sc->magento.base_url, &view);
		char where[48];

		if (tracing->report->view != NULL)
			view = tracing->report->view;
		else if (view != NULL)
			view = pool_strdup(sc->call->pool, view);
		snprintf(where, sizeof(where), "params.urls[%zu]", i);
		if (path == NULL)
			arguments_violation(violations, where,
					    "must be a path, or a URL under a base URL of this shop");
		else if (begin(tracing, view, path, fault) < 0)
			break;
	}
	if (fault->code == FAULT_NONE && json_array_size(violations) > 0)
		return arguments_refuse(violations, fault);
	json_decref(violations);
	return fault->code == FAULT_NONE ? 0 : -1;
}

/* The suffix of product addresses; ".html" when the storefront does not say. */
static int
read_suffix(struct redirect_report *report, const char **suffix_r, struct fault *fault)
{
	json_t *data = NULL;
	int r =
	    graphql_query(&report->sc->magento, report->view, "{storeConfig{product_url_suffix}}", NULL, &data, fault);

	*suffix_r = NULL;
	if (r == 0 && json_get_object(data, "storeConfig") != NULL) {
		*suffix_r = pool_strdup(report->sc->call->pool,
					json_get_str(json_get_object(data, "storeConfig"), "product_url_suffix", ""));
	} else if (r == 0) {
		*suffix_r = ".html";
	}
	json_decref(data);
	if (r == 0 && *suffix_r == NULL)
		return result_out_of_memory(fault);
	return r;
}

static int
leave_out(struct tracing *tracing, json_t *sku, struct fault *fault)
{
	return json_array_append(tracing->left_out, sku) < 0 ? result_out_of_memory(fault) : 0;
}

static int
begin_products(struct tracing *tracing, const struct match_products *products, struct fault *fault)
{
	const char *suffix = NULL;

	if (read_suffix(tracing->report, &suffix, fault) < 0)
		return -1;
	for (size_t i = 0; i < json_array_size(products->items); i++) {
		json_t *product = json_array_get(products->items, i);
		const char *key = json_string_value(product_attribute(product, "url_key"));
		const char *path;

		if (key == NULL || key[0] == '\0') {
			if (leave_out(tracing, json_object_get(product, "sku"), fault) < 0)
				return -1;
			continue;
		}
		path = pool_printf(tracing->report->sc->call->pool, "%s%s", key, suffix);
		if (path == NULL)
			return result_out_of_memory(fault);
		if (begin(tracing, tracing->report->view, path, fault) < 0)
			return -1;
	}
	for (size_t i = 0; i < json_array_size(products->not_found); i++) {
		if (leave_out(tracing, json_array_get(products->not_found, i), fault) < 0)
			return -1;
	}
	return 0;
}

static int
begin_skus(struct tracing *tracing, struct fault *fault)
{
	json_t *skus = json_get_array(tracing->report->params, "skus");
	const struct match_query query = {.scope = tracing->report->target.prefix,
					  .projection = "id,sku,custom_attributes",
					  .cap = REDIRECT_ADDRESSES_MAX};
	struct match_products products = {NULL, NULL};
	json_t *match;
	int r;

	if (json_array_size(skus) == 0)
		return 0;
	match = json_pack("{s:O}", "sku_list", skus);
	r = match == NULL ? result_out_of_memory(fault)
			  : match_resolve(tracing->report->sc, match, &query, &products, fault);
	if (r == 0)
		r = begin_products(tracing, &products, fault);
	match_products_fini(&products);
	json_decref(match);
	return r;
}

/* ---- what the traces came to ---- */

struct summary {
	json_t *chains, *dead_ends;
	size_t redirects, found, failed;
	const char *error;
	bool is_truncated;
};

static json_t *
chain_of(const struct redirect_trace *trace)
{
	json_t *chain =
	    json_pack("{s:O, s:O, s:I, s:b}", "start", json_array_get(trace->steps, 0), "chain", trace->steps, "depth",
		      (json_int_t)redirect_trace_depth(trace), "loop", trace->state == REDIRECT_LOOP);

	if (chain != NULL && trace->view != NULL)
		json_object_set_new(chain, "store_view_code", json_string(trace->view));
	return chain;
}

static int
summarise(struct summary *summary, const struct redirect_trace *trace)
{
	size_t depth = redirect_trace_depth(trace);
	json_t *dead;

	summary->redirects += depth;
	summary->is_truncated = summary->is_truncated || trace->state == REDIRECT_DEEP;
	if (trace->state == REDIRECT_FAILED) {
		summary->failed++;
		summary->error = trace->error;
	}
	if (trace->state == REDIRECT_DEAD) {
		dead = json_pack("{s:O, s:O}", "start", json_array_get(trace->steps, 0), "chain", trace->steps);
		if (json_array_append_new(summary->dead_ends, dead) < 0)
			return -1;
	}
	if (depth < 2 && trace->state != REDIRECT_LOOP)
		return 0;
	summary->found++;
	if (json_array_size(summary->chains) == REDIRECT_CHAINS_SHOWN) {
		summary->is_truncated = true;
		return 0;
	}
	return json_array_append_new(summary->chains, chain_of(trace));
}

static const char *
note_of(const struct tracing *tracing, const struct summary *summary)
{
	struct pool *pool = tracing->report->sc->call->pool;
	const char *note = NOTE;

	if (note != NULL && json_array_size(tracing->left_out) > 0) {
		note = pool_printf(pool, "%s %zu SKUs do not exist or have no URL key, the first is %s.", note,
				   json_array_size(tracing->left_out),
				   json_string_value(json_array_get(tracing->left_out, 0)));
	}
	if (note != NULL && summary->failed > 0) {
		note = pool_printf(pool, "%s %zu addresses could not be followed: %s", note, summary->failed,
				   summary->error != NULL ? summary->error : "no reason given");
	}
	return note;
}

static int
render_traces(const struct tracing *tracing, json_t **result_r, struct fault *fault)
{
	struct summary summary = {.chains = json_array(), .dead_ends = json_array()};
	int r = summary.chains != NULL && summary.dead_ends != NULL ? 0 : -1;
	const char *note;

	for (size_t i = 0; r == 0 && i < tracing->n; i++)
		r = summarise(&summary, &tracing->traces[i]);
	note = r == 0 ? note_of(tracing, &summary) : NULL;
	if (note != NULL) {
		*result_r = json_pack("{s:b, s:s, s:I, s:I, s:O, s:I, s:s}", "available", 1, "source", "graphql",
				      "total_redirects", (json_int_t)summary.redirects, "chains_found",
				      (json_int_t)summary.found, "chains", summary.chains, "max_depth_checked",
				      (json_int_t)tracing->report->max_depth, "note", note);
	}
	if (*result_r != NULL && json_array_size(summary.dead_ends) > 0)
		json_object_set(*result_r, "dead_ends", summary.dead_ends);
	if (*result_r != NULL && summary.is_truncated)
		json_object_set_new(*result_r, "truncated", json_true());
	json_decref(summary.chains);
	json_decref(summary.dead_ends);
	return *result_r != NULL ? 0 : result_out_of_memory(fault);
}

int
redirect_follow_report(struct redirect_report *report, json_t **result_r, struct fault *fault)
{
	struct tracing tracing = {.report = report,
				  .traces =
				      pool_alloc(report->sc->call->pool, REDIRECT_TRACES_MAX * sizeof(*tracing.traces)),
				  .left_out = json_array()};
	json_t *configs = NULL;
	int r = tracing.traces != NULL && tracing.left_out != NULL ? 0 : result_out_of_memory(fault);

	if (r == 0 && has_url(json_get_array(report->params, "urls")))
		r = read_configs(report->sc, &configs, fault);
	if (r == 0)
		r = begin_urls(&tracing, configs, fault);
	if (r == 0)
		r = begin_skus(&tracing, fault);
	if (r == 0)
		r = redirect_trace_run(report->sc, tracing.traces, tracing.n, report->max_depth, fault);
	if (r == 0)
		r = render_traces(&tracing, result_r, fault);
	for (size_t i = 0; i < tracing.n; i++)
		redirect_trace_fini(&tracing.traces[i]);
	json_decref(tracing.left_out);
	json_decref(configs);
	return r;
}
