/*
 * env.h - what a worker lends to its actions
 *
 * One per worker, made at start; all members are borrowed and outlive every call.
 */
#ifndef ACTION_ENV_H
#define ACTION_ENV_H

#include <jansson.h>
#include <stdint.h>

#include "config/config.h"
#include "fetch/fetch.h"

struct sessions;
struct keeper;
struct audit;
struct fiber_pool;
struct pool_shelf;
struct scope_cache;
struct action;
struct action_change;
struct principal;

/* Who a running call is counted by; the worker's own. */
struct action_ticket {
	void *caller;
	void *address;
};

struct action_env {
	const struct config *config;
	struct sessions *sessions; /* logins, MCP sessions, quotas, tokens: shared by all workers */
	struct keeper *keeper;	   /* plans, journal, idempotency keys: outlive everything */
	struct audit *audit;	   /* NULL: no audit log */
	struct fetch *fetch;
	struct fiber_pool *fibers;
	struct pool_shelf *pools;   /* memory of calls; NULL: each makes its own */
	struct scope_cache *scopes; /* store trees this worker has read */
	json_t *no_params;	    /* an empty object for all calls without any; NULL: each makes its own */

	/* Lets the present fiber wait.  0, or ERR_CANCELLED.  NULL: such waits fail. */
	int (*wait_ms)(void *ctx, uint32_t ms);
	void *waiter;

	/* Counters and log; may be NULL in tests. */
	void (*on_call)(void *ctx, const struct action *action, int fault_code, uint64_t took_us);
	void (*on_upstream)(void *ctx, const char *store, int status, enum fetch_outcome outcome, uint64_t took_us);
	/* May be NULL.  False: this store has not answered for a while and is left alone. */
	bool (*may_send)(void *ctx, const char *store, uint64_t *retry_after_ms_r);
	/* May be NULL.  False: the budget of repeated requests to this store is used up. */
	bool (*may_repeat)(void *ctx, const char *store);
	/*
	 * May be NULL.  One more call of this caller, from this source, begins: NULL, and end_call() follows with the
	 * ticket; or, when there are as many as may be, the key of the limit.
	 */
	const char *(*begin_call)(void *ctx, const struct principal *principal, void *source,
				  struct action_ticket *ticket_r);
	void (*end_call)(void *ctx, const struct action_ticket *ticket);
	void *observer;

	/* Something that clients may be watching has changed (action/change.h).  May be NULL. */
	void (*on_change)(void *ctx, const struct action_change *change);
	void *watcher;
};

#endif
