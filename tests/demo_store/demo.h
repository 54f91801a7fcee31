/*
 * Everything one running demo store knows. There is one thread, so handlers may change it freely.
 */
#ifndef DEMO_DEMO_H
#define DEMO_DEMO_H

#include "catalog.h"
#include "categories.h"
#include "faults.h"
#include "oauth.h"
#include "reqlog.h"
#include "tokens.h"

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
	bool bearer;		       /* integration tokens work as bearer tokens */
	char oauth_host[DEMO_URL_MAX]; /* scheme://host[:port] signatures are made for; empty: as each request says */
};

struct demo {
	struct settings settings;
	struct settings initial;
	char base_url[DEMO_URL_MAX]; /* with a slash at the end */
	struct catalog *catalog;
	struct categories categories;
	struct tokens tokens;
	struct nonces nonces;
	struct faults faults;
	struct reqlog log;
};

/* Fills the shop as initial says. 0, or -1 if memory or randomness is short. */
int demo_init(struct demo *demo, const struct settings *initial);
void demo_fini(struct demo *demo);

/* Back to the start: data, settings, nonces, locks, faults, log. Tokens already issued stay good. */
int demo_reset(struct demo *demo);

/* Seconds since 1970 on the shop's own clock. */
long long demo_now_s(const struct demo *demo);

#endif
