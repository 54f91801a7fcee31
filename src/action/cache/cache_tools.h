/*
 * cache_tools.h - what the cache tools share, and the one with a file of its own (private to action/)
 */
#ifndef ACTION_CACHE_TOOLS_H
#define ACTION_CACHE_TOOLS_H

#include <jansson.h>

#include "cache_backends.h"
#include "json/schema.h"
#include "shapes.h"
#include "store.h"

/* Counts one purge of the call's store; to be called once the call is known to be valid.  RATE_LIMITED. */
int cache_take_rate(const struct action_call *call, struct fault *fault) MUST_CHECK;

typedef int (*cache_work_fn)(struct store_client *sc, json_t *params, json_t **result_r, struct fault *fault);
int cache_run(struct action_call *call, json_t *params, cache_work_fn work, json_t **result_r,
	      struct fault *fault) MUST_CHECK;

/* message (`done` when all is well), purged, backends, tags.  A new reference, or NULL. */
json_t *cache_common_result(const struct cache_backends *b, const struct cache_purge *purge, const char *done);

extern const struct json_schema cache_backends_shape;
#define CACHE_COMMON_RESULT_PROPS                                                                                      \
	{"message", &shape_text, true, NULL},                                                                          \
	    {"purged", &shape_flag, true, "Whether all back ends accepted everything"},                                \
	    {"backends", &cache_backends_shape, true, "What each cache said; empty when none was asked"},              \
	{                                                                                                              \
		"tags", &shape_texts, false, "Cache tags that were purged"                                             \
	}

/* cache.purge_by_url, in cache_by_url.c */
extern const struct json_schema cache_by_url_params;
extern const struct json_schema cache_by_url_result;
int cache_by_url_run(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault);
int cache_by_url_ask(struct action_call *call, const json_t *params, struct buf *text, struct fault *fault);

#endif
