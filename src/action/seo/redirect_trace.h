/*
 * redirect_trace.h - following addresses of the storefront from redirect to redirect (private to action/)
 *
 * The storefront says over GraphQL where an address leads.  It may resolve steps in between itself, so what is counted
 * is the least there is.
 */
#ifndef ACTION_REDIRECT_TRACE_H
#define ACTION_REDIRECT_TRACE_H

#include <jansson.h>
#include <stdint.h>

#include "json/fault.h"
#include "store.h"

#define REDIRECT_TRACES_MAX 200

enum redirect_state {
	REDIRECT_OPEN,	/* to be asked about */
	REDIRECT_ENDED, /* leads to a page */
	REDIRECT_DEAD,	/* leads to nothing */
	REDIRECT_LOOP,
	REDIRECT_DEEP,	/* goes on behind max_depth */
	REDIRECT_FAILED /* the storefront gave an error */
};

struct redirect_trace {
	const char *view; /* NULL: the default one */
	json_t *steps;	  /* owned: the address asked for, then where it led */
	enum redirect_state state;
	const char *error; /* FAILED; in the call's pool */
};

/* Begins a trace at `path`, without a slash in front.  -1 without memory. */
int redirect_trace_init(struct redirect_trace *trace, const char *view, const char *path) MUST_CHECK;
void redirect_trace_fini(struct redirect_trace *trace);

/* Takes the storefront's answer about the last step: a route object, or null.  Pure.  -1 without memory. */
int redirect_trace_take(struct redirect_trace *trace, const json_t *route, uint32_t max_depth) MUST_CHECK;

/* Asks until no trace is open.  MAGENTO_API_ERROR when the storefront cannot be asked at all. */
int redirect_trace_run(struct store_client *sc, struct redirect_trace *traces, size_t n, uint32_t max_depth,
		       struct fault *fault) MUST_CHECK;

size_t redirect_trace_depth(const struct redirect_trace *trace); /* redirects passed */

#endif
