/*
 * fastly.h - purging a Fastly service through Fastly's API
 *
 * The token goes to `api_url` and nowhere else: redirects are not followed and what is purged never becomes a host that
 * we talk to.  https://www.fastly.com/documentation/reference/api/purging/
 *
 * Runs in: worker, on a fiber.
 */
#ifndef CDN_FASTLY_H
#define CDN_FASTLY_H

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/secret.h"
#include "cdn/cdn.h"
#include "fetch/fetch.h"

#define FASTLY_API_URL "https://api.fastly.com"
#define FASTLY_KEYS_MAX 256 /* surrogate keys of one request */

struct fastly { /* all borrowed */
	struct fetch *fetch;
	const char *api_url; /* without a trailing slash */
	const char *service_id;
	const struct secret *api_token;
	bool soft; /* mark as stale instead of removing */
	uint32_t timeout_ms;
	uint32_t parallel; /* URLs purged side by side */
};

/*
 * Purges everything that carries one of the surrogate keys, in requests of FASTLY_KEYS_MAX.  0 with *result_r filled,
 * or ERR_CANCELLED, ERR_NOMEM.  n is at least 1.
 */
int fastly_purge_keys(const struct fastly *fastly, const char *const *keys, size_t n,
		      struct cdn_result *result_r) MUST_CHECK;

/* Purges single URLs; results_r[i] tells about urls[i], absolute http(s) URLs.  0, ERR_CANCELLED, ERR_NOMEM. */
int fastly_purge_urls(const struct fastly *fastly, const char *const *urls, size_t n,
		      struct cdn_result *results_r) MUST_CHECK;

/*
 * The surrogate key under which Fastly's Magento module files a tag: cat_p_12 -> p12, cat_c_5 -> c5, cat_c_p_5 -> cp_5,
 * cms_p_3 -> cpg_3, cms_b_x -> cb_x.  False: it has no other spelling, or is no tag of Magento's.
 */
#define FASTLY_KEY_CAP 128
bool fastly_key_of_tag(const char *tag, char key_r[static FASTLY_KEY_CAP]);

#endif
