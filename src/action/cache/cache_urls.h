/*
 * cache_urls.h - addresses that a caller wants purged: are they the shop's, and which entity do they show (private to
 * action/)
 */
#ifndef ACTION_CACHE_URLS_H
#define ACTION_CACHE_URLS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "json/fault.h"
#include "magento/url.h"
#include "store.h"

struct cache_url {
	const char *text;	/* as given */
	struct url_parts parts; /* into text; path without query */
	size_t base_len;	/* length of the longest base path it lies under */
	const char *cms;	/* identifier of the CMS page it shows, whose id is still unknown */
	const char **tags;	/* in the call's pool */
	size_t n_tags;
	const char *error; /* why it has no tags */
};

/* A base URL of the shop. */
struct cache_base {
	struct url_parts parts; /* path without a slash at its end */
	const char *view;	/* "" when the shop would not say */
	int64_t view_id;
};

struct cache_urls {
	struct store_client *sc;
	struct cache_url *items;
	size_t n;
	struct cache_base *bases;
	size_t n_bases;
};

/* Takes the parameter `urls` apart.  VALIDATION_ERROR with every offending path.  Asks nobody. */
int cache_urls_read(struct cache_urls *urls, struct store_client *sc, json_t *list, struct fault *fault) MUST_CHECK;

/* VALIDATION_ERROR for addresses that lie under no base URL of the shop. */
int cache_urls_place(struct cache_urls *urls, struct fault *fault) MUST_CHECK;

/* Is this the most precise base URL of the address?  Several views may share it. */
bool cache_url_is_of_view(const struct cache_url *url, const struct cache_base *base);

/*
 * Finds the tags of the product, category or CMS page behind each address; one without gets `error`.  Fails only when
 * the shop cannot be asked at all.
 */
int cache_urls_resolve(struct cache_urls *urls, struct fault *fault) MUST_CHECK;

#endif
