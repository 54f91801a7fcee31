/*
 * optional_route.h - routes that stock Magento lacks and a module may add (private to action/)
 *
 * Their paths are configured: [optional_routes].  That a shop has no such route is remembered for ten minutes, per
 * worker; this memory is the one mutable thing in this file that outlives a call.
 */
#ifndef ACTION_OPTIONAL_ROUTE_H
#define ACTION_OPTIONAL_ROUTE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "json/fault.h"
#include "magento/client.h"
#include "store.h"

#define OPTIONAL_ROUTE_MISS_MS (10 * 60 * 1000)
#define OPTIONAL_ROUTE_QUERY_MAX 8

struct optional_route {
	const char *path; /* below /V1 */
	const struct magento_param *query;
	size_t n_query;
};

enum optional_route_state {
	OPTIONAL_ROUTE_OFF,	/* configured as empty */
	OPTIONAL_ROUTE_MISSING, /* the shop did not have it a short while ago */
	OPTIONAL_ROUTE_ASK
};

/* What is to be done about a configured route ("/V1/indexer/status").  route_r is filled for ASK. */
enum optional_route_state optional_route_look(struct store_client *sc, const char *configured,
					      struct optional_route *route_r);

void optional_route_missed(const char *base_url, const char *configured, uint64_t now_mono_ms);
bool optional_route_was_missed(const char *base_url, const char *configured, uint64_t now_mono_ms);

#endif
