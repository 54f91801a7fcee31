/*
 * oauth.h - callers who come with an access token (private to auth/)
 *
 * A token that was found good is remembered by its SHA-256 until it expires or the issuer's keys change, so that a busy
 * client costs one hash per request and not one signature.  What is remembered is bounded.
 */
#ifndef AUTH_OAUTH_H
#define AUTH_OAUTH_H

#include <stdbool.h>
#include <stdint.h>

#include "auth/jwt.h"
#include "auth/principal.h"

#define OAUTH_SETS 128
#define OAUTH_WAYS 8 /* tokens remembered at most: their product */
#define OAUTH_SCOPES_MAX 64

struct oauth;

struct oauth_answer {
	const struct principal *principal; /* held; NULL when refused */
	enum jwt_verdict verdict;
	bool lacks_keys; /* there is no key set yet */
};

struct oauth *oauth_new(const struct config *config);
void oauth_free(struct oauth **oauth); /* principals that are still held live on */
struct oauth_answer oauth_judge(struct oauth *oauth, struct slice token, uint64_t now_wall_ms) MUST_CHECK;

/* Takes the keys; all tokens are judged anew when they differ from those before. */
void oauth_set_keys(struct oauth *oauth, struct jwt_keys **keys);

#endif
