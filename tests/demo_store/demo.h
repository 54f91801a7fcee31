/*
 * Everything one running demo store knows. There is one thread, so handlers may change it freely.
 */
#ifndef DEMO_DEMO_H
#define DEMO_DEMO_H

#include "catalog.h"
#include "categories.h"
#include "cms.h"
#include "faults.h"
#include "inventory.h"
#include "oauth.h"
#include "promotions.h"
#include "reqlog.h"
#include "table.h"
#include "tokens.h"
#include "writes.h"

#include <stdbool.h>

#define DEMO_URL_MAX 256

/* What the command line sets and POST /_demo/settings changes; POST /_demo/reset goes back to the former. */
struct settings {
	int products;
	long long latency_ms;
	long long token_ttl_s;
	long long clock_skew_s;	       /* added to the clock of this machine */
	long long max_page_size;       /* 0: no limits on the web API */
	long long default_page_size;   /* used while there are limits and a request names no page size */
	long long max_list_items;      /* longest list in a body, 0: no limit */
	bool msi;		       /* the modules of multi source inventory are there */
	bool url_rewrite_route;	       /* GET /V1/url-rewrite exists */
	bool indexer_route;	       /* GET /V1/indexer/status exists */
	bool website_prices;	       /* catalog/price/scope: prices have a value per website */
	bool german_view;	       /* the store view de is active */
	bool bearer;		       /* integration tokens work as bearer tokens */
	char oauth_host[DEMO_URL_MAX]; /* scheme://host[:port] signatures are made for; empty: as each request says */
};

struct demo {
	struct settings settings;
	struct settings initial;
	char base_url[DEMO_URL_MAX]; /* with a slash at the end */
	struct catalog *catalog;
	struct categories categories;
	struct promotions promotions;
	struct cms cms;
	struct inventory inventory;
	struct table redirects; /* urls.h */
	struct writes writes;
	struct tokens tokens;
	struct nonces nonces;
	struct faults faults;
	struct reqlog log;
};

/* Fills the shop as initial says. 0, or -1 if memory or randomness is short. */
int demo_init(struct demo *demo, const struct settings *initial);
void demo_fini(struct demo *demo);

/*
 * Back to the start: data, settings, nonces, locks, faults, logs. Tokens already issued stay good. With bare there are
 * the products, but no category, rule, coupon, page or block that a fresh installation has not.
 */
int demo_reset(struct demo *demo, bool bare);

/* Seconds since 1970 on the shop's own clock. */
long long demo_now_s(const struct demo *demo);

#endif
