/*
 * cache_backends.c - from the configuration to purges, and from what the caches said to one answer
 */
#include "cache_backends.h"

#include <stdio.h>
#include <string.h>

#include "action/env.h"
#include "base/clock.h"
#include "base/pool.h"
#include "magento/error.h"
#include "results.h"

#define TIMEOUT_MS 15000

static const char no_backend[] =
    "No cache back end is configured (Fastly: FASTLY_SERVICE_ID and FASTLY_API_TOKEN; Varnish: cache.varnish_hosts). "
    "Nothing was purged. Changes saved through Magento normally invalidate its own page cache.";

/* ---- Which ---- */

static const struct config_store *
store_of(const struct action_call *call)
{
	const struct config_store *store = config_store_find(call->env->config, slice_from_str(call->login.store));

	if (store == NULL || strcmp(store->base_url, call->login.base_url) != 0)
		return NULL;
	return store;
}

static uint32_t
time_left(const struct action_call *call)
{
	uint64_t now = clock_mono_ms();

	if (call->deadline_mono_ms <= now)
		return 1;
	return call->deadline_mono_ms - now < TIMEOUT_MS ? (uint32_t)(call->deadline_mono_ms - now) : TIMEOUT_MS;
}

void
cache_backends_find(struct cache_backends *b, struct action_call *call)
{
	const struct config *config = call->env->config;
	const struct config_store *store = store_of(call);
	const struct config_list *hosts;

	*b = (struct cache_backends){.call = call};
	if (store == NULL)
		return;
	b->varnish.fetch = b->fastly.fetch = call->env->fetch;
	b->varnish.timeout_ms = b->fastly.timeout_ms = time_left(call);
	b->fastly.api_url = config->fastly.api_url;
	b->fastly.soft = config->fastly.soft_purge;
	b->fastly.parallel = config->magento.requests_per_call;
	hosts = config_store_varnish(config, store);
	b->varnish.hosts = hosts->items;
	b->varnish.n_hosts = hosts->n;
	b->has_fastly = config_store_fastly(config, store, &b->fastly.service_id, &b->fastly.api_token);
}

bool
cache_backends_exist(const struct cache_backends *b)
{
	return b->has_fastly || b->varnish.n_hosts > 0;
}

/* ---- What came of it ---- */

int
cache_purge_init(struct cache_purge *purge, struct fault *fault)
{
	memset(purge, 0, sizeof(*purge));
	purge->fastly_failure.ok = purge->varnish_failure.ok = true;
	purge->backends = json_array();
	purge->tags = json_array();
	return purge->backends != NULL && purge->tags != NULL ? 0 : result_out_of_memory(fault);
}

void
cache_purge_fini(struct cache_purge *purge)
{
	json_decref(purge->backends);
	json_decref(purge->tags);
	purge->backends = purge->tags = NULL;
}

static int
failed(int r, struct fault *fault)
{
	if (r == ERR_CANCELLED)
		return fault_set(fault, FAULT_CANCELLED, NULL, "The call was cancelled.");
	if (r == ERR_NOMEM)
		return result_out_of_memory(fault);
	if (r == ERR_UNSUPPORTED)
		return fault_set(fault, FAULT_INTERNAL_ERROR, NULL, FETCH_UNLOADED);
	return fault_set(fault, FAULT_INTERNAL_ERROR, NULL, "A purge was built wrongly and not sent.");
}

static int
add_backend(struct cache_purge *purge, const char *name, const char *host, const struct cdn_result *result)
{
	json_t *row = json_pack("{s:s, s:b}", "backend", name, "ok", result->ok);
	int r = row != NULL ? 0 : -1;

	if (r == 0 && host != NULL)
		r |= json_object_set_new(row, "host", json_string(host));
	if (r == 0 && result->status != 0)
		r |= json_object_set_new(row, "status", json_integer(result->status));
	if (r == 0 && result->purge_id[0] != '\0')
		r |= json_object_set_new(row, "purge_id", json_string(result->purge_id));
	if (r == 0 && !result->ok)
		r |= json_object_set_new(row, "error", json_string(result->error));
	return r == 0 ? json_array_append_new(purge->backends, row) : (json_decref(row), -1);
}

static int
note(struct cache_purge *purge, const char *name, const char *host, const struct cdn_result *result,
     struct fault *fault)
{
	struct cdn_result *failure = host == NULL ? &purge->fastly_failure : &purge->varnish_failure;

	if (result->ok)
		purge->accepted++;
	else
		purge->refused++;
	if (!result->ok && failure->ok)
		*failure = *result;
	if (result->purge_id[0] != '\0' && purge->purge_id[0] == '\0')
		snprintf(purge->purge_id, sizeof(purge->purge_id), "%s", result->purge_id);
	return add_backend(purge, name, host, result) == 0 ? 0 : result_out_of_memory(fault);
}

static int
note_tags(struct cache_purge *purge, const char *const *tags, size_t n, struct fault *fault)
{
	for (size_t i = 0; i < n; i++) {
		if (json_array_append_new(purge->tags, json_string(tags[i])) < 0)
			return result_out_of_memory(fault);
	}
	return 0;
}

/* ---- Purging ---- */

/* The tags and, behind them, their other spellings. */
static const char **
fastly_keys(struct pool *pool, const char *const *tags, size_t n, size_t *n_r)
{
	const char **keys = pool_alloc(pool, 2 * n * sizeof(*keys));
	char other[FASTLY_KEY_CAP];

	*n_r = n;
	for (size_t i = 0; keys != NULL && i < n; i++) {
		keys[i] = tags[i];
		if (!fastly_key_of_tag(tags[i], other))
			continue;
		keys[*n_r] = pool_strdup(pool, other);
		if (keys[(*n_r)++] == NULL)
			return NULL;
	}
	return keys;
}

static int
purge_fastly_tags(const struct cache_backends *b, const char *const *tags, size_t n, struct cache_purge *purge,
		  struct fault *fault)
{
	struct cdn_result result;
	size_t n_keys;
	const char **keys = fastly_keys(b->call->pool, tags, n, &n_keys);
	int r;

	if (keys == NULL)
		return result_out_of_memory(fault);
	r = fastly_purge_keys(&b->fastly, keys, n_keys, &result);
	if (r < 0)
		return failed(r, fault);
	if (note_tags(purge, keys + n, n_keys - n, fault) < 0)
		return -1;
	return note(purge, "fastly", NULL, &result, fault);
}

int
cache_purge_varnish(const struct cache_backends *b, const char *const *tags, size_t n, struct cache_purge *purge,
		    struct fault *fault)
{
	size_t n_hosts = b->varnish.n_hosts;
	struct cdn_result *results = pool_alloc(b->call->pool, (n_hosts + 1) * sizeof(*results));
	int r;

	if (results == NULL)
		return result_out_of_memory(fault);
	r = varnish_purge_tags(&b->varnish, tags, n, results);
	if (r < 0)
		return failed(r, fault);
	for (size_t i = 0; i < n_hosts; i++) {
		if (note(purge, "varnish", b->varnish.hosts[i], &results[i], fault) < 0)
			return -1;
	}
	return 0;
}

int
cache_purge_tags(const struct cache_backends *b, const char *const *tags, size_t n, struct cache_purge *purge,
		 struct fault *fault)
{
	if (!cache_backends_exist(b))
		return 0;
	if (note_tags(purge, tags, n, fault) < 0)
		return -1;
	if (b->has_fastly && purge_fastly_tags(b, tags, n, purge, fault) < 0)
		return -1;
	return b->varnish.n_hosts > 0 ? cache_purge_varnish(b, tags, n, purge, fault) : 0;
}

int
cache_purge_fastly_urls(const struct cache_backends *b, const char *const *urls, size_t n, struct cdn_result *results_r,
			struct cache_purge *purge, struct fault *fault)
{
	struct cdn_result all = {.ok = true, .retry_after_s = -1};
	size_t n_failed = 0;
	int r = fastly_purge_urls(&b->fastly, urls, n, results_r);

	if (r < 0)
		return failed(r, fault);
	for (size_t i = 0; i < n; i++) {
		if (!results_r[i].ok && n_failed++ == 0)
			all = results_r[i];
		else if (all.ok)
			all.status = results_r[i].status;
	}
	if (n_failed > 0 && n_failed < n)
		purge->accepted++;
	return note(purge, "fastly", NULL, &all, fault);
}

/* ---- Judging ---- */

static json_t *
details_of(const struct cdn_result *failure)
{
	return failure->status != 0 ? json_pack("{s:i}", "statusCode", failure->status) : json_object();
}

static int
refuse_rate(const struct cdn_result *failure, struct fault *fault)
{
	json_t *details = details_of(failure);

	if (failure->retry_after_s >= 0)
		json_object_set_new(details, "retry_after_s", json_integer(failure->retry_after_s));
	return fault_set(fault, FAULT_RATE_LIMITED, details, "%s", failure->error);
}

int
cache_purge_judge(const struct cache_backends *b, const struct cache_purge *purge, struct fault *fault)
{
	const struct cdn_result *failure = b->has_fastly ? &purge->fastly_failure : &purge->varnish_failure;
	json_t *details;

	if (purge->refused == 0 || purge->accepted > 0)
		return 0;
	if (b->has_fastly && failure->status == 429)
		return refuse_rate(failure, fault);
	if (b->has_fastly)
		return fault_set(fault, FAULT_FASTLY_API_ERROR, details_of(failure), "%s", failure->error);
	details = details_of(failure);
	json_object_set_new(details, "backend", json_string("varnish"));
	json_object_set_new(details, "kind",
			    json_string(failure->status != 0 ? MAGENTO_KIND_REJECTED : MAGENTO_KIND_NETWORK));
	return fault_set(fault, FAULT_MAGENTO_API_ERROR, details, "%s", failure->error);
}

bool
cache_purge_is_complete(const struct cache_backends *b, const struct cache_purge *purge)
{
	return cache_backends_exist(b) && purge->refused == 0;
}

const char *
cache_purge_message(const struct cache_backends *b, const struct cache_purge *purge, const char *done)
{
	if (!cache_backends_exist(b))
		return no_backend;
	if (purge->refused > 0)
		return "Not every cache accepted the purge: see backends.";
	return done;
}
