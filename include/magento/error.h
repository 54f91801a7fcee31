/*
 * error.h - what an answer of Magento that is no success means to our caller
 *
 * Pure: an answer in, a fault out.  The decision that needs another request (a 401 that may be credentials or rights)
 * is the client's; this file only sorts the texts.
 */
#ifndef MAGENTO_ERROR_H
#define MAGENTO_ERROR_H

#include <jansson.h>
#include <stdint.h>

#include "fetch/fetch.h"
#include "json/fault.h"

/* details.kind of MAGENTO_API_ERROR. */
#define MAGENTO_KIND_REJECTED "rejected" /* understood and refused */
#define MAGENTO_KIND_NO_ROUTE "no_route" /* this Magento has no such route */
#define MAGENTO_KIND_INTERNAL "internal" /* failed inside; report_id when there is one */
#define MAGENTO_KIND_TIMEOUT "timeout"
#define MAGENTO_KIND_NETWORK "network"
#define MAGENTO_KIND_NOT_JSON "not_json" /* HTML, text, or nothing */
#define MAGENTO_KIND_TOO_LARGE "too_large"

/* The permission without which the store tree cannot be read. */
#define MAGENTO_RESOURCE_STORE "Magento_Backend::store"

struct magento_answer {
	int status;
	json_t *body;	       /* borrowed; NULL: not JSON */
	int64_t retry_after_s; /* -1: not said */
	const char *route;     /* for details, such as "GET /rest/all/V1/products/A"; may be NULL */
};

/* What the text of a 400 or 401 says about the credentials. */
enum magento_refusal {
	MAGENTO_REFUSAL_NONE,	/* not about credentials */
	MAGENTO_REFUSAL_DENIED, /* "isn't authorized": bad token or missing permission, the text does not say which */
	MAGENTO_REFUSAL_BAD,	/* signature, token or consumer refused */
	MAGENTO_REFUSAL_NONCE,	/* nonce or timestamp refused: the clock, or a repeated request */
	MAGENTO_REFUSAL_SIGN_IN /* wrong user name, password or one-time code, or the account is locked */
};

enum magento_refusal magento_error_refusal(int status, const json_t *body);

/*
 * Fills *fault for any answer that is not 2xx: NOT_FOUND, RATE_LIMITED, NOT_AUTHENTICATED (OAuth texts), else
 * MAGENTO_API_ERROR with details {statusCode, route, parameters?, report_id?, kind}.  A 401 "isn't authorized" becomes
 * NOT_AUTHENTICATED here; use the next two when it is known better.  Gives -1.
 */
int magento_error_answer(const struct magento_answer *answer, struct fault *fault);

/* FORBIDDEN: the role lacks parameters.resources of this 401.  Gives -1. */
int magento_error_forbidden(const struct magento_answer *answer, struct fault *fault);

/* A 2xx answer whose body is not JSON.  Gives -1. */
int magento_error_not_json(const struct magento_answer *answer, struct fault *fault);

/* No complete answer: kind timeout, network or too_large.  outcome is not FETCH_OK; `sent` as in the reply.  Gives -1.
 */
int magento_error_transport(enum fetch_outcome outcome, bool sent, const char *route, struct fault *fault);

/* Does the answer say this (untemplated) message?  For the few refusals that callers act upon. */
bool magento_error_is(const json_t *body, const char *message);

#define MAGENTO_TEXT_NO_ROUTE "Request does not match any route."
#define MAGENTO_TEXT_NO_STORE "Specified request cannot be processed." /* unknown store view code in the path */
#define MAGENTO_TEXT_PAGE_SIZE "Maximum SearchCriteria pageSize is %max"
#define MAGENTO_TEXT_LIST_SIZE "Maximum items of type \"%type\" is %max"

#endif
