/*
 * jwt.h - OAuth access tokens that are signed JWTs (RFC 9068, RFC 7515, RFC 7519), judged against a set of public keys
 *
 * Pure: key set, expectation and time are arguments.  Signatures are checked by libjose (RS256, PS256, ES256) and, for
 * EdDSA, by libcrypto; no other algorithm is known here, so neither `none` nor a MAC made with a public key can pass.
 * A key serves only the algorithm of its own type, and its `alg` and `use` if it names them (RFC 8725).
 *
 * Runs in: worker.
 */
#ifndef AUTH_JWT_H
#define AUTH_JWT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"
#include "base/slice.h"

#define JWT_BYTES_MAX (16 * 1024)
#define JWT_KEYS_BYTES_MAX (256 * 1024)
#define JWT_KEYS_MAX 64
#define JWT_LEEWAY_S 60 /* by which two clocks may differ */
#define JWT_RSA_BITS_MIN 2048

/* ---- the issuer's keys: a JWK set (RFC 7517) ---- */

struct jwt_keys;

/*
 * Keeps the keys that can verify: RSA of at least JWT_RSA_BITS_MIN bits, EC on P-256, OKP on Ed25519, not meant for
 * encryption.  Others are passed over.  ERR_INVALID: not a key set, or one without a key of use; ERR_LIMIT: larger than
 * the bounds above; ERR_NOMEM.
 */
int jwt_keys_parse(struct slice json, struct jwt_keys **keys_r, struct err *err) MUST_CHECK;
void jwt_keys_free(struct jwt_keys **keys);
bool jwt_keys_equal(const struct jwt_keys *a, const struct jwt_keys *b); /* the same keys in the same order */

/* ---- a token ---- */

enum jwt_verdict {
	JWT_OK = 0,
	JWT_MALFORMED,	   /* not three base64url parts around two JSON objects, or `crit`, or a foreign `typ` */
	JWT_BAD_ALGORITHM, /* none, a MAC, or anything else that is not on the list */
	JWT_UNKNOWN_KEY,   /* signed with a key that is not in the set: the set may be old */
	JWT_BAD_SIGNATURE,
	JWT_WRONG_ISSUER,
	JWT_WRONG_AUDIENCE, /* made for somebody else (RFC 8707) */
	JWT_EXPIRED,
	JWT_NOT_YET,	/* nbf or iat lie in the future */
	JWT_INCOMPLETE, /* no sub, no exp, or of the wrong type */
	JWT_NO_MEMORY
};

struct jwt_expectation {
	const char *issuer;	  /* equal to `iss`, byte for byte */
	const char *audience;	  /* one of `aud` */
	const char *scopes_claim; /* NULL: `scope` (a string of words), else this claim: a string or an array */
};

struct jwt_claims {
	json_t *all;	       /* owned: jwt_claims_fini() */
	const char *subject;   /* in `all` */
	const char *client_id; /* client_id or azp; "" when there is none */
	const json_t *scopes;  /* the claim as it came; NULL: none */
	uint64_t expires_s;    /* Unix time */
};

/*
 * Loads libjose, which takes some milliseconds; the first token does it where nobody did before.  ERR_UNSUPPORTED: it
 * is not there.
 */
int jwt_open(struct err *err) MUST_CHECK;

/* Fills *claims_r only for JWT_OK. */
enum jwt_verdict jwt_verify(struct slice token, const struct jwt_keys *keys, const struct jwt_expectation *expectation,
			    uint64_t now_s, struct jwt_claims *claims_r) MUST_CHECK;
void jwt_claims_fini(struct jwt_claims *claims);

/* Calls fn for each scope of the claims; a string is split at spaces (RFC 6749). */
void jwt_claims_each_scope(const struct jwt_claims *claims, void (*fn)(void *ctx, struct slice scope), void *ctx);

const char *jwt_verdict_text(enum jwt_verdict verdict); /* safe to show; "" for JWT_OK */

#endif
