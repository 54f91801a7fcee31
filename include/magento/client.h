/*
 * client.h - requests to one Magento store, signed, scoped, checked and explained
 *
 * A struct magento_client lives for one tool call (on a fiber) and carries the store's address, a private copy of the
 * credentials and the limits of the call.  All paths are explicit about scope: /rest/all/V1/... or
 * /rest/{store view}/V1/...; bare /rest/V1 is never used.  Failures come as a struct fault in the contract's codes:
 * Magento's templates are filled in, HTML and stack traces are not passed on, and the three meanings of a 401 are told
 * apart.
 *
 * Runs in: worker, on a fiber.
 */
#ifndef MAGENTO_CLIENT_H
#define MAGENTO_CLIENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/pool.h"
#include "base/secret.h"
#include "fetch/fetch.h"
#include "json/fault.h"
#include "magento/param.h"

enum magento_auth { MAGENTO_AUTH_NONE, MAGENTO_AUTH_OAUTH, MAGENTO_AUTH_BEARER };

struct magento_credentials {
	enum magento_auth kind;
	struct secret consumer_key, consumer_secret, token, token_secret; /* OAuth 1.0a */
	struct secret bearer;						  /* integration or admin token */
	uint64_t bearer_expires_wall_ms;				  /* admin token's exp; 0 = not known to end */
};

struct magento_limits {
	uint32_t read_timeout_ms;
	uint32_t write_timeout_ms;
	uint64_t deadline_mono_ms; /* of the whole call; 0 = none */
	size_t max_reply_bytes;
	uint32_t parallel;	 /* requests side by side, per call */
	uint32_t retry_pause_ms; /* before the first repetition; the second waits four times as long; 0 = none */
};

/* Told after each upstream exchange, for metrics and logs.  `route` is the path below /V1, which may hold a sku. */
struct magento_observer {
	void (*on_exchange)(void *ctx, const char *route, int status, enum fetch_outcome outcome, uint64_t took_us);
	/* May be NULL.  False: the store has not answered for a while and is left alone; nothing is sent. */
	bool (*may_send)(void *ctx, uint64_t *retry_after_ms_r);
	/* May be NULL.  False: so much has been repeated lately that more would only add to the store's trouble. */
	bool (*may_repeat)(void *ctx);
	void *ctx;
};

struct magento_client {
	struct fetch *fetch;
	struct pool *pool;			 /* of the call */
	const char *base_url;			 /* in the form of config/url.h */
	struct magento_credentials *credentials; /* borrowed for the call */
	const char *identity;	    /* whose rights these are, and what is kept with them; NULL: nothing is kept */
	const char *verified_route; /* path below /V1 with which these credentials were verified, or NULL */
	struct magento_limits limits;
	struct magento_observer observer;
	bool (*may_connect)(const uint8_t *address, size_t len); /* see fetch.h; NULL for configured stores */
	bool is_private;					 /* the credentials came with a call; see fetch.h */
	bool dead;  /* set when the store refused the credentials beyond doubt: the login should be marked dead */
	int probed; /* the client's own: what the probe after a 401 told, so that one call probes once; starts as 0 */
};

/* Scope prefix of a request. */
#define MAGENTO_SCOPE_ALL "all"

struct magento_request {
	enum fetch_method method;
	const char *scope; /* "all" or a checked store view code */
	const char *path;  /* below /V1, begins with '/', path values already one percent-encoded segment each */
	const struct magento_param *query;
	size_t n_query;
	json_t *body;	/* borrowed; NULL for none */
	bool is_secret; /* the answer is a secret, see fetch.h */

	/*
	 * May be NULL.  Reads the body of a good answer (2xx) in place of a tree: then the reply has none.  0;
	 * ERR_NOMEM; anything else below 0: this is no JSON.
	 */
	int (*read)(void *ctx, struct slice body, size_t max_bytes);
	void *ctx;
};

struct magento_reply {
	int status;    /* 0 when there was no complete answer; also set when a call failed */
	json_t *body;  /* owned; any JSON value, scalars too; NULL when a call failed, or when `read` has read it */
	bool in_doubt; /* a write failed and may have been carried out all the same: settle it by reading */
};

void magento_reply_init(struct magento_reply *reply);
void magento_reply_fini(struct magento_reply *reply);

/*
 * One request.  0 with a 2xx status and the body, parsed or read, or -1 with *fault set.  GETs are repeated (twice at
 * most, with a new OAuth nonce) on connect failure, lost connection, 502, 503, 504 and time-out while the deadline
 * allows.  Writes are repeated only when no byte of them has left.
 */
int magento_call(struct magento_client *client, const struct magento_request *request, struct magento_reply *reply_r,
		 struct fault *fault) MUST_CHECK;

/*
 * Several requests side by side, `limits.parallel` at a time.  faults[i] tells about each; gives the number that
 * failed, or -1 when the call was cancelled (all faults then FAULT_CANCELLED; writes that had been begun are in doubt).
 */
int magento_call_many(struct magento_client *client, const struct magento_request *requests, size_t n,
		      struct magento_reply *replies_r, struct fault *faults) MUST_CHECK;

/*
 * Like magento_call, but any HTTP status with its JSON body (NULL when it is not JSON) is success; only transport
 * failures are faults.  Used by login, which reads meaning into 400 and 401 itself.  `read` is not called.
 */
int magento_call_raw(struct magento_client *client, const struct magento_request *request,
		     struct magento_reply *reply_r, struct fault *fault) MUST_CHECK;

#endif
