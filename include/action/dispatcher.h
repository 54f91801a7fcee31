/*
 * dispatcher.h - the only way to run an action
 *
 * The checks, in the order of the contract; the first that fails answers: login -> caller's rights -> parameters (all
 * paths at once) -> the user's word, where the action needs it and the client can be asked -> work.  A call refused
 * early costs no quota.  The work runs on a fiber; a call that needs no I/O
 * completes before action_dispatch() returns.
 */
#ifndef ACTION_DISPATCHER_H
#define ACTION_DISPATCHER_H

#include <jansson.h>

#include "action/action.h"
#include "action/env.h"
#include "base/compiler.h"
#include "json/view.h"

struct action_running; /* a call that has not been delivered yet */

struct action_request {
	const struct action *action;
	struct action_subject subject; /* lookups only */
	struct json_view arguments;    /* lent for action_dispatch() alone; of an object, or JSON_VIEW_NONE */
	const struct principal *principal;
	struct action_memory memory; /* copied; its functions are called while the call runs */
	const char *request_id;	     /* copied */
	void *source;		     /* of the connection, for begin_call(); NULL: none */
	const char *address;	     /* copied; of the client, for failed logins; NULL: it is exempt */
	struct action_peer peer;     /* copied; its functions are called while the call runs */
};

struct action_outcome {
	const struct action *action;
	json_t *result;		   /* borrowed; NULL when refused, or when it is a text */
	const struct buf *text;	   /* borrowed; the result as JSON text, or why there is none; else NULL */
	const struct fault *fault; /* NULL when it worked */
};

typedef void (*action_done_fn)(void *ctx, const struct action_outcome *outcome);

/*
 * Runs the action and calls done(ctx, outcome) exactly once, perhaps before this returns, unless the call is cancelled.
 * *running_r is set to NULL when it was delivered at once.  ERR_FULL or ERR_NOMEM when it could not begin; done is then
 * not called.
 */
int action_dispatch(struct action_env *env, const struct action_request *request, action_done_fn done, void *ctx,
		    struct action_running **running_r) MUST_CHECK;

/* Would this caller ever be let in?  What he may not use at all is not shown to him; each call is judged again. */
bool action_is_for(const struct action_env *env, const struct action *action, const struct principal *principal);
bool action_all_are_for(const struct action_env *env, const struct principal *principal); /* so none need be asked */

/* The caller went away: the work is stopped where it can be, done will not be called.  NULL is fine. */
void action_cancel(struct action_running **running);

#endif
