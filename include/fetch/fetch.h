/*
 * fetch.h - HTTP requests to upstreams: one libcurl multi per worker, driven by the worker's event loop
 *
 * Non-blocking throughout.  A request has one deadline; replies are bounded while they arrive; redirects are not
 * followed; only http and https are spoken; certificates are verified.  Every started request completes exactly once:
 * its `done` is called from the loop (never from inside fetch_start), or it is cancelled and `done` is not called.
 *
 * Nothing is repeated behind the caller's back: a request other than GET is not sent a second time when a kept-alive
 * connection turns out to be dead.  No cookies, no netrc, no proxy from the environment.
 *
 * Runs in: worker.
 */
#ifndef FETCH_FETCH_H
#define FETCH_FETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/err.h"
#include "base/slice.h"

struct event_base;
struct fetch;	  /* the worker's client */
struct fetch_job; /* one request under way */

struct fetch_options {
	const char *ca_file; /* NULL: the system's store */
	bool verify_tls;     /* false only by explicit configuration */
	uint32_t connect_timeout_ms;
	uint32_t connections_per_host; /* requests beyond it wait in order */
	uint32_t connections_total;
	const char *user_agent;
	bool scrubs_memory; /* whatever curl frees is overwritten; the same for all of a process */
};

enum fetch_method { FETCH_GET, FETCH_POST, FETCH_PUT, FETCH_DELETE, FETCH_PURGE };

struct fetch_header {
	const char *name;
	const char *value; /* must not hold CR, LF or NUL: the request is refused with ERR_INVALID */
};

struct fetch_request {
	enum fetch_method method;
	const char *url; /* sent as given: no path normalisation */
	const struct fetch_header *headers;
	size_t n_headers;	/* at most eight */
	struct slice body;	/* copied; SLICE_NONE for none */
	uint32_t timeout_ms;	/* waiting for a free connection counts, delay_ms does not */
	uint32_t delay_ms;	/* sent off this much later; 0 = at once.  For the pause before a repetition */
	size_t max_reply_bytes; /* of the body, after decompression */
	bool is_secret;		/* the answer is a secret: no buffer it went through is used again */
	bool is_private;	/* has credentials of a caller: by HTTP/1.1, since HTTP/2's library leaves copies */
	bool wants_date;	/* the reply's date_s */

	/*
	 * Asked about each address (4 or 16 bytes, network order) before connecting to it, and about that of a
	 * connection which is there already; false refuses it, which ends in FETCH_CONNECT when no other is left.
	 * NULL: any.  For addresses that a caller named and we have not checked.
	 */
	bool (*may_connect)(const uint8_t *address, size_t len);
};

/* How a request ended below HTTP. */
enum fetch_outcome {
	FETCH_OK,	 /* a complete HTTP reply, whatever its status */
	FETCH_RESOLVE,	 /* the name could not be resolved */
	FETCH_CONNECT,	 /* no connection: nothing was sent */
	FETCH_TLS,	 /* handshake or certificate: nothing was sent */
	FETCH_TIMEOUT,	 /* the deadline passed; `sent` says whether the request had left */
	FETCH_BROKEN,	 /* connection lost or not HTTP, after something may have been sent */
	FETCH_TOO_LARGE, /* the reply passed max_reply_bytes */
	FETCH_NOMEM	 /* this process is short of memory or descriptors: nothing is said of the upstream */
};

struct fetch_reply {
	enum fetch_outcome outcome;
	int status;		/* 0 unless FETCH_OK */
	bool sent;		/* at least one byte of the request left: it may have reached the upstream */
	char content_type[128]; /* lower case, without parameters; "" when absent */
	int64_t retry_after_s;	/* -1 when absent, or the status is below 300 */
	int64_t date_s;		/* Unix time of the Date field, -1 when absent or not asked for: clocks differ */
	struct buf body;	/* owned by the reply */
	char detail[256];	/* the transport's own words, for the log only */
	uint64_t took_us;
};

void fetch_reply_init(struct fetch_reply *reply);
void fetch_reply_fini(struct fetch_reply *reply);

/* NULL and *err: ERR_NOMEM; ERR_UNSUPPORTED: libcurl is not installed. */
struct fetch *fetch_new(struct event_base *base, const struct fetch_options *options, struct err *err);

/*
 * Loads libcurl, which takes some milliseconds; the first request does it where nobody did before.  ERR_NOMEM,
 * ERR_UNSUPPORTED: the library is not there.
 */
int fetch_open(struct fetch *fetch, struct err *err) MUST_CHECK;

/* For whoever asked for something that ERR_UNSUPPORTED of fetch_start() denies him. */
#define FETCH_UNLOADED                                                                                                 \
	"The server cannot load its HTTP client, so nothing was sent. Its operator finds the reason in the server's "  \
	"log."

void fetch_free(struct fetch **fetch); /* cancels what is under way */
size_t fetch_running(const struct fetch *fetch);

/*
 * Starts a request.  On completion done(ctx, reply) is called; the reply is the callee's to read and to take its body
 * from, and is finished after the call.  *job_r is valid until then.  ERR_NOMEM, ERR_INVALID (header or URL); what
 * fetch_open() gives.
 */
typedef void (*fetch_done_fn)(void *ctx, struct fetch_reply *reply);
int fetch_start(struct fetch *fetch, const struct fetch_request *request, fetch_done_fn done, void *ctx,
		struct fetch_job **job_r) MUST_CHECK;
void fetch_cancel(struct fetch_job **job); /* done will not be called; NULL is fine */

/*
 * The same for straight-line code on a fiber: waits for all `n` requests, which run side by side.  replies[i] must be
 * initialised and are the caller's.  0, or ERR_CANCELLED (all are stopped, replies are empty), or what fetch_start()
 * gives.
 */
int fetch_wait(struct fetch *fetch, const struct fetch_request *requests, size_t n,
	       struct fetch_reply *replies) MUST_CHECK;

#endif
