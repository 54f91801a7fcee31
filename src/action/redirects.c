/*
 * redirects.c - seo.report_redirect_chains: from a module's list, or by following addresses of the storefront
 */
#include "redirects.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "action/env.h"
#include "arguments.h"
#include "base/clock.h"
#include "batch.h"
#include "json/get.h"
#include "magento/graphql.h"
#include "magento/product.h"
#include "magento/scope.h"
#include "match.h"
#include "optional_route.h"
#include "redirect_graph.h"
#include "redirect_start.h"
#include "redirect_trace.h"
#include "results.h"
#include "shapes.h"
#include "store.h"

#define ROWS_PAGE 500
#define ROWS_MAX 20000
#define ADDRESSES_MAX 100

#define NOTE_NONE                                                                                                      \
	"Stock Magento lists no redirects over its API. To find chains: give urls or skus here to follow, install a module " \
	"with a URL rewrite route and set optional_routes.url_rewrites, or look into the table url_rewrite of the database."
#define NOTE_TRACED                                                                                                    \
	"Only the given addresses were followed. Magento may resolve steps in between by itself: the number of redirects is " \
	"the least there is."
#define NOTE_LISTED "From the shop's URL rewrites. Redirects made by the web server or CDN are not visible here."

struct report {
	struct store_client *sc;
	json_t *params;
	struct scope_target target;
	const char *view; /* asked for, or NULL: the default one */
	uint32_t max_depth;
};

/* ---- from a module's list ---- */

struct listing {
	struct report *report;
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

/* What the administrator allows, when that is the complaint; else 0. */
static uint32_t
allowed_size(const struct fault *why)
{
	static const char text[] = "Maximum SearchCriteria pageSize is ";
	const char *at = strstr(why->message, text);
	unsigned long size = at != NULL ? strtoul(at + sizeof(text) - 1, NULL, 10) : 0;

	return size < ROWS_PAGE ? (uint32_t)size : 0;
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
			optional_route_missed(listing->report->sc->magento.base_url, listing->configured, clock_mono_ms());
			r = 1;
		} else if (listing->page_size == ROWS_PAGE && allowed_size(&why) > 0) {
			listing->page_size = allowed_size(&why);
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
read_codes(struct report *report, json_t **codes_r, struct fault *fault)
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
	*result_r = json_pack("{s:b, s:s, s:I, s:I, s:O, s:I, s:s}", "available", 1, "source", "module_route", "total_redirects",
	    (json_int_t)listing->graph.n_redirects, "chains_found", (json_int_t)chains.n, "chains", chains.list,
	    "max_depth_checked", (json_int_t)listing->report->max_depth, "note", NOTE_LISTED);
	if (*result_r != NULL && (listing->is_truncated || chains.is_truncated || chains.n > json_array_size(chains.list)))
		json_object_set_new(*result_r, "truncated", json_true());
	redirect_chains_fini(&chains);
	return *result_r != NULL ? 0 : result_out_of_memory(fault);
}

/* 1: the shop has no such list. */
static int
report_listing(struct report *report, json_t **result_r, struct fault *fault)
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

/* ---- by following addresses ---- */

struct tracing {
	struct report *report;
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
		const char *path =
		    redirect_start_path(sc->call->pool, json_string_value(json_array_get(urls, i)), configs, sc->magento.base_url, &view);
		char where[48];

		if (tracing->report->view != NULL)
			view = tracing->report->view;
		else if (view != NULL)
			view = pool_strdup(sc->call->pool, view);
		snprintf(where, sizeof(where), "params.urls[%zu]", i);
		if (path == NULL)
			arguments_violation(violations, where, "must be a path, or a URL under a base URL of this shop");
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
read_suffix(struct report *report, const char **suffix_r, struct fault *fault)
{
	json_t *data = NULL;
	int r = graphql_query(&report->sc->magento, report->view, "{storeConfig{product_url_suffix}}", NULL, &data, fault);

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
	    .cap = ADDRESSES_MAX};
	struct match_products products = {NULL, NULL};
	json_t *match;
	int r;

	if (json_array_size(skus) == 0)
		return 0;
	match = json_pack("{s:O}", "sku_list", skus);
	r = match == NULL ? result_out_of_memory(fault) : match_resolve(tracing->report->sc, match, &query, &products, fault);
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
	json_t *chain = json_pack("{s:O, s:O, s:I, s:b}", "start", json_array_get(trace->steps, 0), "chain", trace->steps, "depth",
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
	const char *note = NOTE_TRACED;

	if (note != NULL && json_array_size(tracing->left_out) > 0) {
		note = pool_printf(pool, "%s %zu SKUs do not exist or have no URL key, the first is %s.", note,
		    json_array_size(tracing->left_out), json_string_value(json_array_get(tracing->left_out, 0)));
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
		*result_r = json_pack("{s:b, s:s, s:I, s:I, s:O, s:I, s:s}", "available", 1, "source", "graphql", "total_redirects",
		    (json_int_t)summary.redirects, "chains_found", (json_int_t)summary.found, "chains", summary.chains,
		    "max_depth_checked", (json_int_t)tracing->report->max_depth, "note", note);
	}
	if (*result_r != NULL && json_array_size(summary.dead_ends) > 0)
		json_object_set(*result_r, "dead_ends", summary.dead_ends);
	if (*result_r != NULL && summary.is_truncated)
		json_object_set_new(*result_r, "truncated", json_true());
	json_decref(summary.chains);
	json_decref(summary.dead_ends);
	return *result_r != NULL ? 0 : result_out_of_memory(fault);
}

static int
report_traces(struct report *report, json_t **result_r, struct fault *fault)
{
	struct tracing tracing = {.report = report,
	    .traces = pool_alloc(report->sc->call->pool, REDIRECT_TRACES_MAX * sizeof(*tracing.traces)),
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

/* ---- the whole ---- */

static int
report_nothing(struct report *report, json_t **result_r, struct fault *fault)
{
	*result_r = json_pack("{s:b, s:s, s:i, s:i, s:[], s:I, s:s}", "available", 0, "source", "none", "total_redirects", 0,
	    "chains_found", 0, "chains", "max_depth_checked", (json_int_t)report->max_depth, "note", NOTE_NONE);
	return *result_r != NULL ? 0 : result_out_of_memory(fault);
}

static int
run_report(struct report *report, json_t **result_r, struct fault *fault)
{
	struct store_client *sc = report->sc;
	struct scope given;
	int r;

	if (scope_from_json(json_object_get(report->params, "scope"), "params.scope", &given, fault) < 0 ||
	    scope_resolve_read(&sc->magento, sc->call->env->scopes, &given, sc->call->login.scope.store_view, &report->target,
		fault) < 0)
		return -1;
	if (strcmp(report->target.prefix, MAGENTO_SCOPE_ALL) != 0)
		report->view = report->target.prefix;
	if (json_get_array_len(report->params, "urls") + json_get_array_len(report->params, "skus") > 0)
		return report_traces(report, result_r, fault);
	r = report_listing(report, result_r, fault);
	return r == 1 ? report_nothing(report, result_r, fault) : r;
}

int
redirects_run(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	struct store_client sc;
	struct report report = {.sc = &sc, .params = params, .max_depth = (uint32_t)json_get_int(params, "max_depth", 5)};
	int r = store_open(&sc, call, fault);

	if (r == 0)
		r = run_report(&report, result_r, fault);
	if (r == 0 && result_clean(*result_r) < 0) {
		json_decref(*result_r);
		*result_r = NULL;
		r = result_out_of_memory(fault);
	}
	store_close(&sc);
	return r;
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
    .max_items = ADDRESSES_MAX,
    .description = "Addresses to follow: paths, or URLs under a base URL of this shop"};
static const struct json_schema skus = {.type = JSON_T_ARRAY,
    .items = &shape_sku,
    .max_items = ADDRESSES_MAX,
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

static const struct json_prop dead_props[] = {{"start", &shape_text, true, NULL}, {"chain", &shape_texts, true, NULL}, {0}};
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
