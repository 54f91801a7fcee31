/*
 * auth.h - who sends this HTTP request
 *
 * Judged on every request from its headers alone, before the body is looked at:
 *   auth.mode = none    everybody is `anonymous`; a request that came through a proxy (Forwarded, X-Forwarded-*) is
 *                       refused, since a proxy on this host would publish a server that trusts whoever can reach it
 *   auth.mode = token   `Authorization: Bearer TOKEN`, looked up by SHA-256 among the configured principals
 *   auth.mode = oauth   an access token of auth.issuer, a JWT for auth.resource; tokens of configured
 *                       principals are taken, too
 * Runs in: worker.  No I/O: the issuer's keys are brought by whoever fetches them.
 */
#ifndef AUTH_AUTH_H
#define AUTH_AUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "auth/principal.h"
#include "base/buf.h"
#include "base/compiler.h"
#include "base/slice.h"

struct auth;

/* What of a request matters here. */
struct auth_input {
	struct slice authorization; /* the only Authorization field; SLICE_NONE when absent */
	size_t n_authorization;	    /* how many such fields the request had */
	bool was_forwarded;	    /* has Forwarded, X-Forwarded-For, -Host, -Proto or X-Real-IP */
};

struct auth_verdict {
	const struct principal *principal; /* held: principal_release(); NULL when refused */
	int status;			   /* 400, 401, 403 or 503 when refused */
	const char *challenge;		   /* WWW-Authenticate value, or NULL */
	const char *message;		   /* safe to show */
	bool was_bad;			   /* the token is nobody's, and never was: forged, or of somebody else */
	bool wants_keys;		   /* the issuer's keys are missing or old: they should be fetched */
};

/* `config` is borrowed and must outlive the result. */
struct auth *auth_new(const struct config *config);
void auth_free(struct auth **auth);

struct auth_verdict auth_judge(struct auth *auth, const struct auth_input *input, uint64_t now_wall_ms);

/* auth.mode = oauth: a fresh JWK set of the issuer.  As jwt_keys_parse(); on failure the old keys stay. */
int auth_take_keys(struct auth *auth, struct slice jwks, struct err *err) MUST_CHECK;

/* The document of RFC 9728 for /.well-known/oauth-protected-resource; SLICE_NONE unless auth.mode = oauth. */
struct slice auth_resource_metadata(const struct auth *auth);

/* WWW-Authenticate for a call that lacks `scope`.  ERR_LIMIT. */
int auth_put_scope_challenge(const struct auth *auth, struct buf *out, const char *scope) MUST_CHECK;

#endif
