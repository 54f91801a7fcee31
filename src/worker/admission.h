/*
 * admission.h - how much more a caller, or a client's address, may have: what the endpoint asks before it serves
 *
 * Limits hold over all workers (holders.h).  Addresses of limits.exempt_addresses, and Unix sockets, have no limits of
 * addresses.  Refusals are 429 with Retry-After, counted, and told in the log once in ten seconds for each name.
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

/* on_connect and on_disconnect of http/. */
bool admission_connect(void *ctx, const char *peer, void **source_r);
void admission_disconnect(void *ctx, void *source);

/* The name of a source for penalties; NULL: exempt. */
const char *admission_address(const void *source);

/* One request from there, of him.  0, or -1 with *refusal_r. */
int admission_judge_address(const struct worker *worker, void *source, struct refusal *refusal_r) MUST_CHECK;
int admission_judge_caller(const struct worker *worker, const struct principal *principal,
			   struct refusal *refusal_r) MUST_CHECK;

/* A token that is nobody's: where its address is shut out, *refusal becomes 429. */
void admission_bad_token(const struct worker *worker, void *source, struct refusal *refusal);
void admission_good_token(const struct worker *worker, void *source);

/*
 * Takes one of a thing for a caller; the holder has to be given to admission_give() for it.  ERR_LIMIT: he has as many
 * as he may; ERR_NOMEM.
 */
int admission_take(const struct worker *worker, const struct principal *principal, enum share_thing thing, uint32_t n,
		   struct holder **holder_r) MUST_CHECK;
void admission_give(const struct worker *worker, struct holder *holder, enum share_thing thing, uint32_t n);

/* Counts a refusal, and tells of it in the log now and then.  `limit` is the name of the limit. */
void admission_note(const struct worker *worker, struct holder *holder, enum board_counter which, const char *limit);

/* Only tells of it. */
void admission_tell(struct holder *holder, const char *limit);

/* A session that this caller may not have. */
void admission_note_sessions(const struct worker *worker, const struct principal *principal);

/* Hooks of the dispatcher for calls. */
void admission_env(struct worker *worker);

#endif
