/*
 * share.h - what one name (a caller, a client's address) takes of things that are limited, counted over all workers
 *
 * A name has one record.  In it stand a bucket of requests, which fills at a rate and holds a burst, and for each
 * worker that uses the name how much of each thing it holds: a lease, not a count of what happens at this moment.  A
 * worker takes leases in handfuls and hands out of them by itself (worker/holders.h), so that most requests touch no
 * shared memory.  It always says the whole of what it holds, never a difference: what is said twice does no harm.
 *
 * What a dead worker held is given back by whoever looks next: leases of workers that the board does not show are
 * dropped.  Nobody has to clean up after a kill, and nothing can leak.
 *
 * Runs in: worker.
 */
#ifndef SESSION_SHARE_H
#define SESSION_SHARE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/slice.h"
#include "session/sessions.h"

/* What is held and given back. */
enum share_thing { SHARE_CALLS, SHARE_STREAMS, SHARE_QUEUED_KIB, SHARE_CONNECTIONS, SHARE_THINGS };

/* 0: no limit. */
struct share_rule {
	uint32_t per_second;
	uint32_t burst; /* at least 1 where per_second is set */
	uint32_t limit[SHARE_THINGS];
};

struct share_bucket {
	uint64_t milli;	    /* thousandths of a request */
	uint64_t filled_ms; /* 0: full */
};

/*
 * Takes up to n requests of a bucket and gives how many there were; *wait_ms_r is 0 or the time until there is one.
 * Pure.
 */
uint32_t share_bucket_take(struct share_bucket *bucket, const struct share_rule *rule, uint32_t n, uint64_t now_ms,
			   uint64_t *wait_ms_r);
/* Puts back n that were taken and not used. */
void share_bucket_return(struct share_bucket *bucket, const struct share_rule *rule, uint32_t n);

/* Who asks, and who of the others still lives. */
struct share_worker {
	uint32_t slot;
	uint32_t pid;
	bool (*is_alive)(void *ctx, uint32_t slot, uint32_t pid); /* fast and pure: it is called under a lock */
	void *ctx;
};

struct share_key {
	uint64_t lo, hi;
};
struct share_key share_key(const struct sessions *s, const char *kind, struct slice name);

struct share_ask {
	uint32_t returns;	      /* requests that were granted and not used: back into the bucket */
	uint32_t requests;	      /* wanted out of it */
	uint32_t used[SHARE_THINGS];  /* in use here: these are never refused */
	uint32_t wants[SHARE_THINGS]; /* to be held from now on, not less than used */
};

struct share_grant {
	uint32_t requests;
	uint64_t wait_ms; /* 0, or the time until the bucket has another one */
	uint32_t held[SHARE_THINGS];
};

/*
 * One look at the record of a name.  0, even when nothing was granted.  ERR_FULL: the table has no room for it; nothing
 * is granted.  A record in which nobody holds anything ends by itself when its bucket is full again; one in which
 * somebody does wants a look every SHARE_REFRESH_MS.
 */
#define SHARE_REFRESH_MS 20000
#define SHARE_WORKERS_MAX 64
int share_settle(struct sessions *s, struct share_key key, const struct share_rule *rule,
		 const struct share_worker *self, const struct share_ask *ask, uint64_t now_ms,
		 struct share_grant *grant_r) MUST_CHECK;

/* Records of shares and penalties at present, at most `limit`: they must not crowd out logins. */
size_t share_count(const struct sessions *s, size_t limit);

#endif
