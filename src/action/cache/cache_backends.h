/*
 * cache_backends.h - the caches in front of a login's store, and what purging them came to (private to action/)
 *
 * A store's own keys come first; cache.varnish_hosts and fastly.* stand in for them in the default store only, so that
 * the tags of one shop never purge another's.  A login at an address without a store section has no caches.
 */
#ifndef ACTION_CACHE_BACKENDS_H
#define ACTION_CACHE_BACKENDS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "action/action.h"
#include "base/compiler.h"
#include "cdn/cdn.h"
#include "cdn/fastly.h"
#include "cdn/varnish.h"
#include "json/fault.h"

struct cache_backends {
	struct action_call *call;
	bool has_fastly;
	struct fastly fastly;
	struct varnish varnish; /* n_hosts 0: none */
};

void cache_backends_find(struct cache_backends *b, struct action_call *call);
bool cache_backends_exist(const struct cache_backends *b);

/* What the caches said. */
struct cache_purge {
	json_t *backends; /* owned: the `backends` of the result */
	json_t *tags;	  /* owned: what was purged by tag, perhaps empty */
	size_t refused;	  /* back ends that did not accept everything */
	size_t accepted;  /* back ends that accepted something */
	char purge_id[CDN_PURGE_ID_MAX + 1];
	struct cdn_result fastly_failure; /* ok: none */
	struct cdn_result varnish_failure;
};

int cache_purge_init(struct cache_purge *purge, struct fault *fault) MUST_CHECK;
void cache_purge_fini(struct cache_purge *purge);

/* Purges these tags everywhere, in Fastly under both spellings. */
int cache_purge_tags(const struct cache_backends *b, const char *const *tags, size_t n, struct cache_purge *purge,
		     struct fault *fault) MUST_CHECK;

/* In Varnish only; results_r has a place for each host. */
int cache_purge_varnish(const struct cache_backends *b, const char *const *tags, size_t n, struct cache_purge *purge,
			struct fault *fault) MUST_CHECK;

/* Single addresses, in Fastly only; results_r[i] tells about urls[i]. */
int cache_purge_fastly_urls(const struct cache_backends *b, const char *const *urls, size_t n,
			    struct cdn_result *results_r, struct cache_purge *purge, struct fault *fault) MUST_CHECK;

/* -1 when there are back ends and none accepted anything: RATE_LIMITED, FASTLY_API_ERROR or MAGENTO_API_ERROR. */
int cache_purge_judge(const struct cache_backends *b, const struct cache_purge *purge, struct fault *fault) MUST_CHECK;

/* Nothing is configured, or something did not accept the purge, or all is well: then `done`. */
const char *cache_purge_message(const struct cache_backends *b, const struct cache_purge *purge, const char *done);
bool cache_purge_is_complete(const struct cache_backends *b, const struct cache_purge *purge);

#endif
