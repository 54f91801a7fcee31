/*
 * token.h - the admin token of a configured user name and password, shared by all workers, renewed by one of them
 *
 * `name` says whose token it is (store and user name).  Whoever finds it missing or about to end gets TOKEN_RENEW and
 * with it a lease: he alone asks the shop, then calls token_store() or token_fail() with the fence of the lease.  The
 * others go on with the old token while it lasts, else TOKEN_WAIT.  A worker that dies with the lease loses it when
 * its time is over.
 *
 * After the shop refused user name or password nobody tries again until token_reset() (the next auth_login), because
 * six failures lock the account.
 *
 * Runs in: worker, stdio.
 */
#ifndef SESSION_TOKEN_H
#define SESSION_TOKEN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/secret.h"
#include "base/slice.h"
#include "session/sessions.h"

enum token_verdict {
	TOKEN_USE = 0,	  /* *token_r is good */
	TOKEN_RENEW = 1,  /* get a new one, then token_store() or token_fail() */
	TOKEN_WAIT = 2,	  /* another one is at it; ask again soon (wait_ms) */
	TOKEN_REFUSED = 3 /* the shop refused; do not try */
};

struct token {
	struct secret bearer;
	uint64_t expires_wall_ms;
	uint64_t version; /* changes with every new token */
	uint64_t fence;	  /* with TOKEN_RENEW: shows that the lease is ours */
	uint64_t wait_ms; /* with TOKEN_WAIT: until the lease ends at the latest */
};

#define TOKEN_LEASE_MS 30000
#define TOKEN_MARGIN_MS 60000 /* renewed so long before its end */

/* A verdict, or ERR_FULL, ERR_NOMEM.  *token_r holds a secret after TOKEN_USE: wipe it. */
int token_acquire(struct sessions *s, struct slice name, struct session_now now, struct token *token_r) MUST_CHECK;

/* ERR_NOT_FOUND: the lease is no longer ours (another one took over); the token may be used once all the same. */
int token_store(struct sessions *s, struct slice name, struct session_now now, uint64_t fence, struct slice bearer,
		uint64_t expires_wall_ms) MUST_CHECK;

/* `refused`: the shop said no to user name or password.  Otherwise (network) the lease is given back. */
void token_fail(struct sessions *s, struct slice name, struct session_now now, uint64_t fence, bool refused);

/* The shop answered 401 to the token of this version: forget it, unless a newer one came meanwhile. */
void token_invalidate(struct sessions *s, struct slice name, struct session_now now, uint64_t version);

/* auth_login: a refusal is forgotten, the next token_acquire() may try again.  A good token stays. */
void token_reset(struct sessions *s, struct slice name, struct session_now now);

#endif
