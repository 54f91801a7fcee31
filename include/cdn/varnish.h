/*
 * varnish.h - purging by tag in Varnish machines that run Magento's VCL
 *
 * Magento's VCL takes PURGE with the header X-Magento-Tags-Pattern, a regular expression that it bans on the header
 * X-Magento-Tags of cached pages.  It answers 200, 405 when our address is not in its acl `purge`, and 400 when it does
 * not know the header.
 *
 * Runs in: worker, on a fiber.
 */
#ifndef CDN_VARNISH_H
#define CDN_VARNISH_H

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "cdn/cdn.h"
#include "fetch/fetch.h"

#define VARNISH_PATTERN_MAX 7000 /* bytes of one header: Varnish takes 8 KiB by default */

struct varnish { /* all borrowed */
	struct fetch *fetch;
	const char *const *hosts; /* HOST:PORT, from the configuration only */
	size_t n_hosts;
	uint32_t timeout_ms;
};

/*
 * Purges the tags on every host, the hosts side by side; results_r[i] tells about hosts[i].  More tags than one header
 * holds go in several requests; a host that failed gets no further one.  A tag is [A-Za-z0-9_-]+, at most 100 bytes:
 * otherwise ERR_INVALID and nothing is sent.  0, ERR_CANCELLED, ERR_NOMEM.
 */
int varnish_purge_tags(const struct varnish *varnish, const char *const *tags, size_t n,
		       struct cdn_result *results_r) MUST_CHECK;

#endif
