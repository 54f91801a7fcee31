/*
 * admission.h - how much more a caller, or a client's address, may have: what the endpoint asks before it serves
 *
 * Limits hold over all workers (holders.h).  Addresses of limits.exempt_addresses, and Unix sockets, have no limits of
 * addresses.  Refusals are 429 with Retry-After, counted, and told in the log now and then (telling.h).
 *
 * Bad tokens are penalised (session/penalty.h): an address that keeps sending some is shut out for a while.  A good
 * token is served even then, so nobody can shut out his neighbours behind the same address; nobody can guess one
 * either, so nothing is lost by looking.
 */
#ifndef WORKER_ADMISSION_H
#define WORKER_ADMISSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "holders.h"
#include "reply.h"
#include "shm/board.h"

struct principal;
struct worker;

/* Wants config, sessions (its table NULL: this process counts for itself), row, slot and inbox.  ERR_NOMEM. */
int admission_open(struct worker *worker) MUST_CHECK;
void admission_close(struct worker *worker);

/*
 * on_connect, on_disconnect and on_waiting of http/.  A source is what is known of a connection's client; NULL: nothing
 * of his is counted.
 */
bool admission_connect(void *ctx, const char *peer, void **source_r);
void admission_disconnect(void *ctx, void *source);
bool admission_waiting(void *ctx, void *source, uint32_t kib);

/* The caller whose request is on this connection now: what waits there is counted against him. */
void admission_meet(void *source, const struct principal *principal);

/* Who a source's address is, and his name for penalties; NULL: exempt. */
struct holder *admission_holder(const void *source);
const char *admission_address(const void *source);

/* One request from there, of him.  0, or -1 with *refusal_r. */
int admission_judge_address(const struct worker *worker, void *source, struct refusal *refusal_r) MUST_CHECK;
int admission_judge_caller(const struct worker *worker, const struct principal *principal,
			   struct refusal *refusal_r) MUST_CHECK;

/* A token that is nobody's: where its address is shut out, *refusal becomes 429. */
void admission_bad_token(const struct worker *worker, void *source, struct refusal *refusal);
void admission_good_token(const struct worker *worker, void *source);

/* Who holds what was taken. */
struct admission_claim {
	struct holder *caller;
	struct holder *address;
};

/*
 * Takes one of a thing for a caller and for the address of his connection (`source`, may be NULL), of both or of none;
 * *claim_r is to be given back.  ERR_NOMEM; ERR_LIMIT when there are as many as may be: that is told in the log,
 * counted where the thing has a counter of its own, and *limit_r (may be NULL) is the key of the limit.
 */
int admission_take(const struct worker *worker, const struct principal *principal, void *source, enum share_thing thing,
		   struct admission_claim *claim_r, const char **limit_r) MUST_CHECK;
void admission_give(const struct worker *worker, const struct admission_claim *claim, enum share_thing thing);

/* A session that this caller may not have. */
void admission_note_sessions(const struct worker *worker, const struct principal *principal);

/* Hooks of the dispatcher for calls. */
void admission_env(struct worker *worker);

#endif
