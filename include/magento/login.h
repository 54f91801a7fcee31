/*
 * login.h - are these credentials good, and what do they prove it with?
 *
 * Runs in: worker, on a fiber.
 */
#ifndef MAGENTO_LOGIN_H
#define MAGENTO_LOGIN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/secret.h"
#include "base/slice.h"
#include "json/fault.h"
#include "magento/client.h"

/* An admin token and what its JWT says of itself.  The signature is the shop's to check, not ours. */
struct magento_token {
	struct secret token;
	uint64_t expires_wall_ms; /* 0: not said */
	uint64_t user_id;	  /* 0: not said */
};

/*
 * Gets an admin token for user name and password, with the authenticator's code where the account has 2FA (otp
 * SLICE_NONE otherwise).  client->credentials are not used.  NOT_AUTHENTICATED for a refusal, VALIDATION_ERROR when the
 * account needs otp or a provider that cannot be used here; MAGENTO_API_ERROR.  Never repeated: six failures lock an
 * account.
 */
int magento_login_admin(struct magento_client *client, struct slice username, struct slice password, struct slice otp,
			struct magento_token *token_r, struct fault *fault) MUST_CHECK;

/* What verification found.  Strings are constants. */
struct magento_verdict {
	const char *verified_route; /* path below /V1 that answered 2xx; NULL when every route tried needs a missing
				       permission */
	const char *warning;	    /* NULL, or what these credentials cannot do */
};

/*
 * Asks the store whether client->credentials work, with the cheapest routes in turn.  0, or NOT_AUTHENTICATED with the
 * likely cause; MAGENTO_API_ERROR.  OAuth credentials whose signature was accepted are good even without any
 * permission.
 */
int magento_login_verify(struct magento_client *client, struct magento_verdict *verdict_r,
			 struct fault *fault) MUST_CHECK;

/* Reads exp and uid of a JWT.  False when it is none; then *token_r's numbers are 0. */
bool magento_login_read_jwt(struct slice jwt, uint64_t *expires_wall_ms_r, uint64_t *user_id_r);

#endif
