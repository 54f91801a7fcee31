/*
 * OAuth 1.0a as Magento 2.4 checks it: HMAC-SHA256 only, parameters in PHP's natural order, the path normalised
 * before it is signed, nonces used up before the signature is looked at. Written from Magento's observed behaviour
 * and on purpose without any code of the client under test, so that the two can disagree.
 */
#ifndef DEMO_OAUTH_H
#define DEMO_OAUTH_H

#include "request.h"

#include <stdbool.h>

/* Nonces already used. Two generations, so that a long benchmark does not grow without end. */
struct nonces {
	json_t *young; /* set of "consumer id:nonce" */
	json_t *old;
};

int nonces_init(struct nonces *nonces);
void nonces_fini(struct nonces *nonces);

/*
 * Verifies the "Authorization: OAuth …" header of a request received at now_s. On success sets req->caller and
 * req->role and returns 0. A header without any parameter is no login at all: returns 0 and sets nothing. Otherwise
 * fills in the reply and returns -1.
 *
 * origin is scheme://host[:port] as the client addressed it, without a default port.
 */
int oauth_verify(struct request *req, struct nonces *nonces, const char *origin, long long now_s, struct reply *reply);

#endif
