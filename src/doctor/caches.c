/*
 * caches.c - whether the caches in front of a store take purges from here
 */
#include "cdn/fastly.h"
#include "cdn/varnish.h"
#include "findings.h"

#define HOSTS_MAX 32 /* as many as the key takes */
#define TIMEOUT_MS 10000

static const char *const nobodys_tag[] = {"magento_mcp_doctor"};

/* No answer may come at another time; a refusal has a cure. */
static enum doctor_verdict
verdict_of(const struct cdn_result *result)
{
	if (result->ok)
		return DOCTOR_FINE;
	return result->status == 0 || result->status == 429 || result->status >= 500 ? DOCTOR_AWAY : DOCTOR_WRONG;
}

static void
look_at_varnish(const struct config_list *hosts, struct fetch *fetch, struct doctor_report *report)
{
	struct cdn_result results[HOSTS_MAX];
	const struct varnish varnish = {
	    .fetch = fetch, .hosts = hosts->items, .n_hosts = hosts->n, .timeout_ms = TIMEOUT_MS};
	size_t bad = 0;

	must(hosts->n <= HOSTS_MAX);
	if (hosts->n == 0) {
		finding_add(report, DOCTOR_NOTE, "Varnish", "not configured");
		return;
	}
	if (varnish_purge_tags(&varnish, nobodys_tag, 1, results) < 0) {
		finding_add(report, DOCTOR_AWAY, "Varnish", "could not be asked");
		return;
	}
	while (bad < hosts->n && results[bad].ok)
		bad++;
	if (bad == hosts->n)
		finding_add(report, DOCTOR_FINE, "Varnish", "takes purges from here (%zu of %zu)", hosts->n, hosts->n);
	else
		finding_add(report, verdict_of(&results[bad]), "Varnish", "%s: %s", hosts->items[bad],
			    results[bad].error);
}

static void
look_at_fastly(const struct config *config, const struct config_store *store, struct fetch *fetch,
	       struct doctor_report *report)
{
	struct fastly fastly = {
	    .fetch = fetch, .api_url = config->fastly.api_url, .timeout_ms = TIMEOUT_MS, .parallel = 1};
	struct cdn_result result;

	if (!config_store_fastly(config, store, &fastly.service_id, &fastly.api_token))
		finding_add(report, DOCTOR_NOTE, "Fastly", "not configured");
	else if (fastly_purge_keys(&fastly, nobodys_tag, 1, &result) < 0)
		finding_add(report, DOCTOR_AWAY, "Fastly", "could not be asked");
	else
		finding_add(report, verdict_of(&result), "Fastly", "%s",
			    result.ok ? "takes purges of this service" : result.error);
}

void
caches_examine(const struct config *config, const struct config_store *store, struct fetch *fetch,
	       struct doctor_report *report)
{
	look_at_varnish(config_store_varnish(config, store), fetch, report);
	look_at_fastly(config, store, fetch, report);
}
