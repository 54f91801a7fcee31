/*
 * jwt_keys.h - a key set, as the verifier sees it (private to auth/)
 */
#ifndef AUTH_JWT_KEYS_H
#define AUTH_JWT_KEYS_H

#include <jansson.h>
#include <stdbool.h>

#include "auth/jwt.h"

enum jwt_algorithm { JWT_RS256, JWT_PS256, JWT_ES256, JWT_EDDSA, JWT_ALGORITHMS };

/* JWT_ALGORITHMS when it is none of ours. */
enum jwt_algorithm jwt_algorithm_of(const char *name);

struct jwt_key {
	json_t *jwk;	/* public members only */
	const char *id; /* in jwk; NULL: it has none */
	bool serves[JWT_ALGORITHMS];
};

struct jwt_keys {
	size_t n;
	struct jwt_key keys[JWT_KEYS_MAX];
};

#endif
