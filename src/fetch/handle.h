/*
 * handle.h - an easy handle of curl, set up once for all the requests that it will carry
 *
 * Setting all options anew costs more than all else that is ours in a request on a kept-alive connection.  So curl's
 * callbacks are given the handle, which knows whose request it carries, and what the last request asked for is changed
 * only where the next one asks for something else.
 */
#ifndef FETCH_HANDLE_H
#define FETCH_HANDLE_H

#include <curl/curl.h>
#include <stdbool.h>

#include "base/compiler.h"
#include "fetch/fetch.h"
#include "loop.h"
#include "origin.h"

struct fetch_job;

struct handle {
	CURL *easy;
	struct fetch_job *job; /* whose request it carries; NULL: nobody's */
	struct origin *origin; /* whose URL it has; NULL: it has to be given one */
	const char *method;    /* NULL: GET */
	bool has_body;
	bool is_private; /* speaks HTTP/1.1 only */
	char error[CURL_ERROR_SIZE];
};

/* `share` has the TLS sessions; both outlive all connections.  NULL: no memory. */
struct handle *handle_new(CURLSH *share, struct loop *loop, const struct fetch_options *options);
void handle_free(struct handle **handle);

/* As good as new, after anything.  ERR_NOMEM: fit to be freed only. */
int handle_reset(struct handle *handle, CURLSH *share, struct loop *loop,
		 const struct fetch_options *options) MUST_CHECK;

/* Forgets the job after a complete reply, so that another may follow; false: it has to be reset for that. */
bool handle_strip(struct handle *handle) MUST_CHECK;

/* Where the request goes: to `url`, which is at `origin`.  ERR_NOMEM. */
int handle_set_url(struct handle *handle, struct origin *origin, const char *url) MUST_CHECK;

/* `body` is not copied; NULL: none.  ERR_NOMEM. */
int handle_set_method(struct handle *handle, enum fetch_method method, const struct buf *body) MUST_CHECK;

void handle_set_private(struct handle *handle, bool is_private);

#endif
