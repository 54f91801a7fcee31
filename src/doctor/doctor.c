#include "doctor/doctor.h"

#include <event2/event.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/fiber.h"
#include "base/pool.h"
#include "findings.h"
#include "json/get.h"
#include "magento/client.h"
#include "magento/graphql.h"
#include "magento/login.h"
#include "magento/param.h"

#define POOL_MAX (16u * 1024 * 1024)
#define ROUTE_QUERY_MAX 9
#define CLOCK_SKEW_S 300 /* Magento refuses OAuth timestamps more than 600 s ahead */

struct examination {
	const struct config *config;
	const struct config_store *store;
	struct doctor_report *report;
	struct event_base *base;
	struct pool *pool;
	struct magento_credentials credentials;
	struct magento_client client;
};

void
finding_add(struct doctor_report *report, enum doctor_verdict verdict, const char *point, const char *fmt, ...)
{
	struct doctor_finding *finding = &report->findings[report->n];
	va_list ap;

	must(report->n < DOCTOR_FINDINGS_MAX);
	finding->verdict = verdict;
	snprintf(finding->point, sizeof(finding->point), "%s", point);
	va_start(ap, fmt);
	vsnprintf(finding->text, sizeof(finding->text), fmt, ap);
	va_end(ap);
	report->n++;
}

/* ---- reachable? ---- */

static const char *
outage_cure(enum fetch_outcome outcome)
{
	switch (outcome) {
	case FETCH_RESOLVE:
		return "the name cannot be resolved: check base_url and this machine's DNS";
	case FETCH_CONNECT:
		return "no connection: check address, port, firewall, and that the shop runs";
	case FETCH_TLS:
		return "no TLS connection: the certificate is not trusted here (magento.ca_file), has expired, or is "
		       "for another name";
	case FETCH_TIMEOUT:
		return "no answer in time (magento.read_timeout_ms)";
	case FETCH_BROKEN:
		return "the connection broke, or what answers speaks no HTTP";
	case FETCH_TOO_LARGE:
		return "the answer is too large to be the shop's";
	case FETCH_OK:
	case FETCH_NOMEM:
		break;
	}
	return "out of memory";
}

static void
judge_clock(struct examination *x, int64_t date_s)
{
	int64_t ahead_s = (int64_t)(clock_wall_ms() / 1000) - date_s;

	if (date_s < 0)
		finding_add(x->report, DOCTOR_NOTE, "clock", "the shop does not say what time it has");
	else if (ahead_s > CLOCK_SKEW_S)
		finding_add(
		    x->report, DOCTOR_WRONG, "clock",
		    "this machine's clock is %lld s ahead of the shop's: OAuth signatures are refused from 600 s on; "
		    "run a time service on both",
		    (long long)ahead_s);
	else if (ahead_s < -CLOCK_SKEW_S)
		finding_add(x->report, DOCTOR_NOTE, "clock",
			    "this machine's clock is %lld s behind the shop's; run a time service on both",
			    (long long)-ahead_s);
	else
		finding_add(x->report, DOCTOR_FINE, "clock", "agrees with the shop's");
}

static void
judge_tls(struct examination *x)
{
	if (strncmp(x->store->base_url, "https://", 8) != 0)
		finding_add(x->report, DOCTOR_NOTE, "TLS",
			    "base_url is plain http: who is on the way can read and change everything");
	else if (!x->config->magento.verify_tls)
		finding_add(x->report, DOCTOR_NOTE, "TLS", "the certificate is not checked (magento.verify_tls = no)");
	else
		finding_add(x->report, DOCTOR_FINE, "TLS", "the certificate is trusted");
}

static bool
is_reachable(struct examination *x)
{
	const char *url = pool_printf(x->pool, "%s/rest/all/V1/store/websites", x->store->base_url);
	struct fetch_header accept = {"Accept", "application/json"};
	struct fetch_request request = {.method = FETCH_GET,
					.url = url,
					.headers = &accept,
					.n_headers = 1,
					.timeout_ms = (uint32_t)x->config->magento.read_timeout_ms,
					.max_reply_bytes = x->config->magento.max_reply_bytes,
					.wants_date = true};
	struct fetch_reply reply;
	bool reached;

	fetch_reply_init(&reply);
	if (url == NULL || fetch_wait(x->client.fetch, &request, 1, &reply) < 0)
		reply.outcome = FETCH_NOMEM;
	reached = reply.outcome == FETCH_OK;
	if (reply.outcome == FETCH_TLS) {
		finding_add(x->report, DOCTOR_WRONG, "TLS", "%s", outage_cure(reply.outcome));
	} else if (!reached) {
		finding_add(x->report, DOCTOR_AWAY, "reachable", "%s", outage_cure(reply.outcome));
	} else if (strcmp(reply.content_type, "application/json") != 0) {
		finding_add(
		    x->report, DOCTOR_WRONG, "reachable",
		    "something answers (%d), but not Magento's REST API: check base_url, and what stands in front "
		    "of the shop",
		    reply.status);
		reached = false;
	} else {
		finding_add(x->report, DOCTOR_FINE, "reachable", "Magento answers in %llu ms",
			    (unsigned long long)(reply.took_us / 1000));
		judge_tls(x);
		judge_clock(x, reply.date_s);
	}
	fetch_reply_fini(&reply);
	return reached;
}

/* ---- credentials ---- */

static void
use_oauth(struct examination *x)
{
	x->credentials.kind = MAGENTO_AUTH_OAUTH;
	x->credentials.consumer_key = x->store->oauth_consumer_key;
	x->credentials.consumer_secret = x->store->oauth_consumer_secret;
	x->credentials.token = x->store->oauth_token;
	x->credentials.token_secret = x->store->oauth_token_secret;
}

static bool
get_admin_token(struct examination *x)
{
	struct magento_token token;
	struct fault fault;
	int r;

	fault_init(&fault);
	r = magento_login_admin(&x->client, secret_slice(&x->store->admin_username),
				secret_slice(&x->store->admin_password), SLICE_NONE, &token, &fault);
	if (r < 0) {
		finding_add(x->report, DOCTOR_WRONG, "credentials", "admin account: %s", fault.message);
	} else {
		x->credentials.kind = MAGENTO_AUTH_BEARER;
		x->credentials.bearer = token.token;
		secret_wipe(&token.token);
	}
	fault_fini(&fault);
	return r == 0;
}

static bool
get_credentials(struct examination *x, const char **kind_r)
{
	if (secret_is_set(&x->store->oauth_consumer_key)) {
		*kind_r = "OAuth";
		use_oauth(x);
		return true;
	}
	if (secret_is_set(&x->store->integration_token)) {
		*kind_r = "integration token";
		x->credentials.kind = MAGENTO_AUTH_BEARER;
		x->credentials.bearer = x->store->integration_token;
		return true;
	}
	*kind_r = "admin account";
	if (secret_is_set(&x->store->admin_username))
		return get_admin_token(x);
	finding_add(x->report, DOCTOR_NOTE, "credentials", "none are configured: each auth_login must bring its own");
	return false;
}

static bool
has_good_credentials(struct examination *x)
{
	struct magento_verdict verdict;
	struct fault fault;
	const char *kind;
	int r;

	if (!get_credentials(x, &kind))
		return false;
	fault_init(&fault);
	r = magento_login_verify(&x->client, &verdict, &fault);
	if (r == 0)
		finding_add(x->report, DOCTOR_FINE, "credentials", "%s: accepted", kind);
	else
		finding_add(x->report, fault.code == FAULT_NOT_AUTHENTICATED ? DOCTOR_WRONG : DOCTOR_AWAY,
			    "credentials", "%s: %s", kind, fault.message);
	if (r == 0)
		x->client.verified_route = verdict.verified_route;
	fault_fini(&fault);
	return r == 0;
}

/* ---- permissions ---- */

static const struct {
	const char *toolset;
	const char *path;
	const char *permission;
	bool needs_criteria;
} probes[] = {
    {"scope", "/store/websites", "Magento_Backend::store", false},
    {"catalog, pricing, seo", "/products", "Magento_Catalog::products", true},
    {"product attributes", "/products/attributes", "Magento_Catalog::attributes_attributes", true},
    {"promotions", "/salesRules/search", "Magento_SalesRule::quote", true},
    {"cms pages", "/cmsPage/search", "Magento_Cms::page", true},
    {"cms blocks", "/cmsBlock/search", "Magento_Cms::block", true},
    {"inventory (MSI)", "/inventory/sources", "Magento_InventoryApi::source", true},
};

static void
judge_probe(struct examination *x, size_t i, const struct fault *fault)
{
	const char *kind = json_get_str(fault->details, "kind", "");

	switch (fault->code) {
	case FAULT_NONE:
		finding_add(x->report, DOCTOR_FINE, probes[i].toolset, "may be read");
		break;
	case FAULT_FORBIDDEN:
	case FAULT_NOT_AUTHENTICATED:
		finding_add(x->report, DOCTOR_WRONG, probes[i].toolset,
			    "the integration or role lacks %s: give it in the admin panel, or do without these tools",
			    probes[i].permission);
		break;
	default:
		if (strcmp(kind, "no_route") == 0)
			finding_add(x->report, DOCTOR_NOTE, probes[i].toolset,
				    "this Magento has no such route: the module is missing or switched off");
		else
			finding_add(x->report, DOCTOR_AWAY, probes[i].toolset, "%s", fault->message);
		break;
	}
}

static void
probe_permissions(struct examination *x)
{
	const struct magento_param one[] = {{"searchCriteria[pageSize]", "1"}, {"fields", "total_count"}};

	for (size_t i = 0; i < ARRAY_LEN(probes); i++) {
		struct magento_request request = {.method = FETCH_GET,
						  .scope = MAGENTO_SCOPE_ALL,
						  .path = probes[i].path,
						  .query = one,
						  .n_query = probes[i].needs_criteria ? ARRAY_LEN(one) : 0};
		struct magento_reply reply;
		struct fault fault;
		int r;

		fault_init(&fault);
		magento_reply_init(&reply);
		r = magento_call(&x->client, &request, &reply, &fault);
		must((r == 0) == (fault.code == FAULT_NONE));
		judge_probe(x, i, &fault);
		magento_reply_fini(&reply);
		fault_fini(&fault);
	}
}

/* ---- what some tools can use ---- */

static void
probe_graphql(struct examination *x)
{
	json_t *data = NULL;
	struct fault fault;

	fault_init(&fault);
	if (graphql_query(&x->client, NULL, "{storeConfig{product_url_suffix}}", NULL, &data, &fault) == 0)
		finding_add(x->report, DOCTOR_FINE, "GraphQL", "answers: addresses and redirects can be looked up");
	else
		finding_add(x->report, DOCTOR_NOTE, "GraphQL",
			    "does not answer: redirects cannot be followed, and purging by address needs Fastly. %s",
			    fault.message);
	json_decref(data);
	fault_fini(&fault);
}

static void
judge_route(struct examination *x, const char *point, const char *configured, const struct fault *fault)
{
	if (fault->code == FAULT_NONE)
		finding_add(x->report, DOCTOR_FINE, point, "there: %s", configured);
	else if (strcmp(json_get_str(fault->details, "kind", ""), "no_route") == 0)
		finding_add(x->report, DOCTOR_NOTE, point, "not there, as in a stock shop: %s", configured);
	else if (fault->code == FAULT_FORBIDDEN)
		finding_add(x->report, DOCTOR_WRONG, point, "%s: %s", configured, fault->message);
	else
		finding_add(x->report, DOCTOR_NOTE, point, "%s cannot be used: %s", configured, fault->message);
}

static void
probe_route(struct examination *x, const char *point, const char *configured)
{
	struct magento_param query[ROUTE_QUERY_MAX] = {{"searchCriteria[pageSize]", "1"}};
	struct magento_request request = {
	    .method = FETCH_GET, .scope = MAGENTO_SCOPE_ALL, .query = query, .n_query = 1};
	struct magento_reply reply;
	struct fault fault;
	char *path, *mark;
	int r;

	if (configured[0] == '\0') {
		finding_add(x->report, DOCTOR_NOTE, point, "switched off by configuration");
		return;
	}
	path = pool_strdup(x->pool, configured + strlen("/V1"));
	must(path != NULL);
	mark = strchr(path, '?');
	if (mark != NULL) {
		*mark = '\0';
		request.n_query += param_query_split(mark + 1, query + 1, ROUTE_QUERY_MAX - 1);
	}
	request.path = path;
	fault_init(&fault);
	magento_reply_init(&reply);
	r = magento_call(&x->client, &request, &reply, &fault);
	must((r == 0) == (fault.code == FAULT_NONE));
	judge_route(x, point, configured, &fault);
	magento_reply_fini(&reply);
	fault_fini(&fault);
}

/* ---- the examination ---- */

static void
examine(void *arg)
{
	struct examination *x = arg;

	if (is_reachable(x)) {
		if (has_good_credentials(x)) {
			probe_permissions(x);
			probe_route(x, "URL rewrites route", x->config->optional_routes.url_rewrites);
			probe_route(x, "indexer status route", x->config->optional_routes.indexer_status);
		}
		probe_graphql(x);
	}
	caches_examine(x->config, x->store, x->client.fetch, x->report);
	event_base_loopbreak(x->base);
}

static void
prepare(struct examination *x, struct fetch *fetch)
{
	x->client.fetch = fetch;
	x->client.pool = x->pool;
	x->client.base_url = x->store->base_url;
	x->client.credentials = &x->credentials;
	x->client.limits = (struct magento_limits){
	    .read_timeout_ms = (uint32_t)x->config->magento.read_timeout_ms,
	    .write_timeout_ms = (uint32_t)x->config->magento.write_timeout_ms,
	    .max_reply_bytes = x->config->magento.max_reply_bytes,
	    .parallel = 1,
	};
}

int
doctor_examine(const struct config *config, const struct config_store *store, struct doctor_report *report_r,
	       struct err *err)
{
	const struct fetch_options options = {
	    .ca_file = config->magento.ca_file[0] != '\0' ? config->magento.ca_file : NULL,
	    .verify_tls = config->magento.verify_tls,
	    .connect_timeout_ms = (uint32_t)config->magento.connect_timeout_ms,
	    .connections_per_host = 2,
	    .connections_total = 4,
	    .user_agent = "magento-mcp/" MAGENTO_MCP_VERSION,
	};
	struct examination x = {.config = config, .store = store, .report = report_r};
	struct fiber_pool *fibers = fiber_pool_new(1, 1);
	struct fetch *fetch = NULL;
	int r = ERR_NOMEM;

	memset(report_r, 0, sizeof(*report_r));
	report_r->store = store->name;
	x.pool = pool_new(POOL_MAX);
	x.base = event_base_new();
	if (x.base != NULL)
		fetch = fetch_new(x.base, &options, err);
	if (fibers != NULL && x.pool != NULL && fetch != NULL) {
		prepare(&x, fetch);
		r = fiber_start(fibers, examine, &x, NULL);
	}
	while (r == 0 && fiber_pool_alive(fibers) > 0)
		event_base_dispatch(x.base);
	secret_wipe_bytes(&x.credentials, sizeof(x.credentials));
	fetch_free(&fetch);
	if (x.base != NULL)
		event_base_free(x.base);
	pool_free(&x.pool);
	fiber_pool_free(&fibers);
	return r == 0 ? 0 : err_set(err, (enum err_code)r, "out of memory");
}

const char *
doctor_verdict_name(enum doctor_verdict verdict)
{
	static const char *const names[] = {
	    [DOCTOR_FINE] = "ok", [DOCTOR_NOTE] = "note", [DOCTOR_WRONG] = "wrong", [DOCTOR_AWAY] = "away"};

	return names[verdict];
}
