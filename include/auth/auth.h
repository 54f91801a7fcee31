/*
 * auth.h - who sends this HTTP request
 *
 * Judged on every request from its headers alone, before the body is looked at:
 *   auth.mode = none    everybody is `anonymous`; a request that came through a proxy (Forwarded, X-Forwarded-*) is
 *                       refused, since a proxy on this host would publish a server that trusts whoever can reach it
 *   auth.mode = token   `Authorization: Bearer TOKEN`, looked up by SHA-256 among the configured principals
 * Runs in: worker.  No I/O.
 */
#ifndef AUTH_AUTH_H
#define AUTH_AUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "auth/principal.h"
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
	const struct principal *principal; /* NULL when refused */
	int status;			   /* 400, 401 or 403 when refused */
	const char *challenge;		   /* WWW-Authenticate value, or NULL */
	const char *message;		   /* safe to show */
};

/* `config` is borrowed and must outlive the result. */
struct auth *auth_new(const struct config *config);
void auth_free(struct auth **auth);

struct auth_verdict auth_judge(const struct auth *auth, const struct auth_input *input, uint64_t now_wall_ms);

#endif
