/*
 * issuer.h - fetches the authorization server's public keys for auth.mode = oauth
 *
 * At start, every auth.jwks_refresh_ms, after a failure sooner, and when a token names a key that we do not have (then
 * at most every ISSUER_PAUSE_MS, so that made-up tokens cannot make us hammer the issuer).  Where the keys lie is taken
 * from auth.jwks_url, else from the issuer's metadata (RFC 8414, then OpenID Connect discovery), which must name the
 * very issuer that was asked.  Old keys stay until new ones have come.
 *
 * Runs in: worker, on the loop.
 */
#ifndef WORKER_ISSUER_H
#define WORKER_ISSUER_H

#include "base/compiler.h"

#define ISSUER_PAUSE_MS 10000

struct worker;
struct issuer;

/* *issuer_r is NULL unless auth.mode = oauth.  ERR_NOMEM. */
int issuer_new(struct worker *worker, struct issuer **issuer_r) MUST_CHECK;
void issuer_free(struct issuer **issuer);

void issuer_want(struct issuer *issuer); /* a token could not be judged for want of a key; NULL is fine */

#endif
