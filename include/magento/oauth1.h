/*
 * oauth1.h - OAuth 1.0a request signatures (RFC 5849) as Magento 2.4 checks them
 *
 * Magento departs from the RFC in three places, and a client that follows the RFC alone gets 401:
 *   - the method is HMAC-SHA256 and nothing else;
 *   - parameters are sorted by their encoded names in PHP's natural order (strnatcmp), so index 10 comes after 9;
 *   - the path is signed after being decoded once and encoded again: "a%2Fb" is signed as "a/b", "%c3" as "%C3", and
 *     what looks like an escape after decoding stays ("%2541" is signed as "%41").
 *
 * JSON bodies are not signed.  Default ports are left out of the signed URL, others are in it.  oauth_version is left
 * out (RFC 5849 section 3.1): a shop takes 1.0 for granted.
 *
 * Pure; runs anywhere.
 */
#ifndef MAGENTO_OAUTH1_H
#define MAGENTO_OAUTH1_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/secret.h"
#include "base/slice.h"

#define OAUTH1_HEADER_MAX 4096
#define OAUTH1_BASE_MAX (64 * 1024)
#define OAUTH1_PARAMS_MAX 512 /* query parameters of one request */

/*
 * What is signed: the URL as it goes over the wire.  Scheme and host are in lower case and without the scheme's own
 * port (the form of config/url.h), the query is as param_query_put() writes it: each pair has one '=', no name comes
 * twice.
 */
struct oauth1_request {
	const char *method; /* "GET" */
	struct slice url;
};

/* Who signs, and when.  A nonce is never used twice, not even after a failed request: Magento stores it first. */
struct oauth1_signer {
	const struct secret *consumer_key;
	const struct secret *consumer_secret;
	const struct secret *token;
	const struct secret *token_secret;
	uint64_t timestamp_s;
	const char *nonce; /* up to 32 characters: what Magento keeps of one */
};

/*
 * Appends the value of the Authorization header ("OAuth oauth_consumer_key=...").  ERR_INVALID: a URL without host or
 * path, a pair without '=' or with two, a repeated name; ERR_LIMIT, ERR_NOMEM.
 */
int oauth1_authorization(const struct oauth1_request *request, const struct oauth1_signer *signer,
			 struct buf *header_out) MUST_CHECK;

/* The parts of it, for tests: the signature base string, and its base64 signature. */
int oauth1_base_string(const struct oauth1_request *request, const struct oauth1_signer *signer,
		       struct buf *out) MUST_CHECK;
int oauth1_signature(struct slice base_string, const struct oauth1_signer *signer, struct buf *out) MUST_CHECK;

/* Appends the path as the server normalises it before it checks a signature. */
int oauth1_path_put(struct buf *out, struct slice path);

/* Orders like PHP's strnatcmp: < 0, 0, > 0. */
int oauth1_natcmp(struct slice a, struct slice b);

#endif
