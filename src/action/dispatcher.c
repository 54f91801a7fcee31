#include "action/dispatcher.h"

#include <stdlib.h>
#include <string.h>

#include "arguments.h"
#include "base/fiber.h"
#include "base/log.h"
#include "base/turn.h"
#include "confirm.h"
#include "guard.h"
#include "record.h"
#include "results.h"
#include "rights.h"

#define CALL_RETRY_S 1
#define CALL_POOL_MAX (64u * 1024 * 1024)

struct action_running {
	struct action_call call;
	json_t *sent;	/* arguments as they came, of a call that was refused for them or before; else NULL */
	json_t *params; /* NULL until they have been checked */
	json_t *result;
	bool must_ask;	/* the user has not agreed yet */
	bool has_begun; /* past all checks */
	struct fault fault;
	action_done_fn done; /* NULL once cancelled */
	void *ctx;
	struct fiber *fiber;	       /* NULL before and after the work */
	struct action_running **owner; /* told of the end while action_dispatch() runs, else NULL */
	uint64_t began_us;
	bool is_counted; /* among the caller's running calls */
	void *source;	 /* until it is counted */
	struct action_ticket ticket;
};

struct session_now
action_now(void)
{
	return (struct session_now){.mono_ms = turn_mono_ms(), .wall_ms = turn_wall_ms()};
}

static void
running_free(struct action_running *running)
{
	struct pool_shelf *shelf = running->call.env->pools;
	struct pool *pool = running->call.pool; /* holds all else, the login too, and is overwritten */

	if (running->is_counted)
		running->call.env->end_call(running->call.env->observer, &running->ticket);
	json_decref(running->sent);
	json_decref(running->params);
	json_decref(running->result);
	buf_fini(&running->call.text);
	fault_fini(&running->fault);
	principal_release(&running->call.principal);
	pool_shelf_put(shelf, &pool);
}

/* A failed record is in the log already; what has been done stays done. */
static void
record_end(const struct action_running *running)
{
	const json_t *params = running->params != NULL ? running->params : running->sent;
	const struct fault *fault = running->fault.code != FAULT_NONE ? &running->fault : NULL;
	enum audit_phase phase = running->has_begun ? AUDIT_END : AUDIT_REFUSED;
	int r;

	if (running->fault.code == FAULT_INPUT_REQUIRED)
		phase = AUDIT_ASKED;
	r = record_call(&running->call, phase, params, running->result, fault);
	(void)r;
}

/* What cannot be recorded must not be done, unless the operator thinks otherwise. */
static int
record_begin(struct action_running *running)
{
	if (!record_is_write(running->call.action) ||
	    record_call(&running->call, AUDIT_BEGIN, running->params, NULL, NULL) == 0 ||
	    running->call.env->config->audit.on_failure == CONFIG_ALLOW)
		return 0;
	return fault_set(
	    &running->fault, FAULT_INTERNAL_ERROR, NULL,
	    "The audit log cannot be written, so nothing was changed (audit.on_failure). The operator should look at "
	    "its disk.");
}

/* Ends a call, told or untold. */
static void
finish(struct action_running *running)
{
	struct action_env *env = running->call.env;
	struct action_outcome outcome = {
	    .action = running->call.action,
	    .result = running->result,
	    .text = running->fault.code == FAULT_NONE && running->result == NULL ? &running->call.text : NULL,
	    .fault = running->fault.code != FAULT_NONE ? &running->fault : NULL,
	};

	if (running->owner != NULL)
		*running->owner = NULL;
	(void)turn_read_us();
	record_end(running);
	if (env->on_call != NULL)
		env->on_call(env->observer, running->call.action, (int)running->fault.code,
			     turn_mono_us() - running->began_us);
	if (running->done != NULL)
		running->done(running->ctx, &outcome);
	running_free(running);
}

/* What did not fit counts, too: the caller is told so. */
static bool
has_text(const struct action_call *call)
{
	return call->text.len > 0 || call->text.failed != 0;
}

static void
work(void *arg)
{
	struct action_running *running = arg;
	int r = 0;

	turn_pass(running->call.action->name);
	if (running->must_ask)
		r = confirm_ask(&running->call, &running->params, &running->fault);

	if (r == 0) {
		running->has_begun = true;
		r = record_begin(running);
	}
	if (r == 0)
		r = running->call.action->run(&running->call, running->params, &running->result, &running->fault);
	if (r < 0)
		buf_fini(&running->call.text);
	must((r == 0) == (running->fault.code == FAULT_NONE));
	must((r == 0) == (running->result != NULL || has_text(&running->call)));
	must(running->result == NULL || !has_text(&running->call));
	running->fiber = NULL;
	finish(running);
}

/* ---- the checks ---- */

static int
not_authenticated(struct fault *fault)
{
	return fault_set(fault, FAULT_NOT_AUTHENTICATED, NULL, "Not authenticated. Call auth_login first.");
}

/* The login that the handle names, or that the transport remembers. */
static int
use_login(struct action_call *call, struct slice handle)
{
	struct slice principal = slice_from_str(call->principal->name);

	if (handle.ptr != NULL) {
		if (login_ref_of(call->env->sessions, principal, handle, &call->login_ref) < 0)
			return -1;
	} else if (call->memory.has_login) {
		call->login_ref = call->memory.login;
	} else {
		return -1;
	}
	if (login_use(call->env->sessions, principal, call->login_ref, call->began, call->pool, &call->login) < 0)
		return -1;
	call->has_login = true;
	return 0;
}

static int
find_login(struct action_running *running, struct json_view arguments)
{
	const struct action *action = running->call.action;
	struct slice handle = SLICE_NONE;

	if (action->input_schema == NULL && arguments_session(arguments, &handle, &running->fault) < 0)
		return -1;
	if (!(action->flags & (ACTION_NEEDS_LOGIN | ACTION_TAKES_LOGIN)) || use_login(&running->call, handle) == 0)
		return 0;
	return action->flags & ACTION_NEEDS_LOGIN ? not_authenticated(&running->fault) : 0;
}

/* A handle alone is told from parameters without a tree. */
static int
check_arguments(struct action_running *running, struct json_view arguments)
{
	const struct action *action = running->call.action;

	if (action->input_schema == NULL && arguments_are_none(arguments))
		return arguments_params_none(running->call.env->no_params, action->params, &running->params,
					     &running->fault);
	if (action->input_schema != NULL)
		return arguments_as_they_are(arguments, action->params, &running->params, &running->fault);
	return arguments_params(arguments, action->params, &running->params, &running->fault);
}

static int
check(struct action_running *running, struct json_view arguments)
{
	if (find_login(running, arguments) < 0 || rights_check(&running->call, &running->fault) < 0)
		return -1;
	if (check_arguments(running, arguments) < 0)
		return -1;
	running->must_ask = confirm_must_ask(&running->call, running->params);
	if (running->must_ask || !(running->call.action->flags & ACTION_CONFIRM))
		return 0;
	return guard_confirm(&running->call, running->params, &running->fault);
}

/* What was refused for another reason costs nothing. */
static int
count_call(struct action_running *running)
{
	struct action_env *env = running->call.env;
	const char *limit;

	if (env->begin_call == NULL)
		return 0;
	limit = env->begin_call(env->observer, running->call.principal, running->source, &running->ticket);
	if (limit == NULL) {
		running->is_counted = true;
		return 0;
	}
	return fault_set(&running->fault, FAULT_RATE_LIMITED,
			 json_pack("{s:s, s:i}", "limit", strchr(limit, '.') + 1, "retry_after_s", CALL_RETRY_S),
			 "As many calls as may are running. Wait for one to end; the operator can raise %s.", limit);
}

/* What is refused is recorded as it came; without memory for that, the record has no parameters. */
static void
keep_sent(struct action_running *running, struct json_view arguments)
{
	if (running->params == NULL && json_view_tree(arguments, &running->sent) < 0)
		running->sent = NULL;
}

/* ---- ---- */

static struct action_running *
running_new(struct action_env *env, const struct action_request *request, action_done_fn done, void *ctx)
{
	struct pool *pool = pool_shelf_take(env->pools, CALL_POOL_MAX);
	struct action_running *running = pool != NULL ? pool_alloc(pool, sizeof(*running)) : NULL;

	if (running == NULL) {
		pool_shelf_put(env->pools, &pool);
		return NULL;
	}
	fault_init(&running->fault);
	running->done = done;
	running->ctx = ctx;
	running->began_us = turn_mono_us();
	running->call.action = request->action;
	running->call.subject = request->subject;
	running->call.env = env;
	running->call.pool = pool;
	running->call.principal = principal_hold(request->principal);
	running->call.request_id = request->request_id != NULL ? pool_strdup(pool, request->request_id) : NULL;
	running->source = request->source;
	running->call.address = request->address != NULL ? pool_strdup(pool, request->address) : NULL;
	running->call.memory = request->memory;
	running->call.peer = request->peer;
	running->call.progress_told = -1;
	buf_init(&running->call.text, (size_t)env->config->magento.max_result_bytes);
	running->call.began = action_now();
	running->call.deadline_mono_ms = running->call.began.mono_ms + env->config->magento.call_timeout_ms;
	return running;
}

int
action_dispatch(struct action_env *env, const struct action_request *request, action_done_fn done, void *ctx,
		struct action_running **running_r)
{
	struct action_running *running = running_new(env, request, done, ctx);
	struct action_running *alive = running;
	int r;

	*running_r = NULL;
	if (running == NULL)
		return ERR_NOMEM;
	running->owner = &alive;
	if (check(running, request->arguments) < 0 || count_call(running) < 0) {
		keep_sent(running, request->arguments);
		finish(running);
		return 0;
	}
	r = fiber_start(env->fibers, work, running, &running->fiber);
	if (r < 0) {
		running_free(running);
		return r;
	}
	/* What `running_r` points into may be gone once the outcome has been told. */
	if (alive != NULL) {
		alive->owner = NULL;
		*running_r = alive;
	}
	return 0;
}

void
action_cancel(struct action_running **running)
{
	struct action_running *r = *running;

	*running = NULL;
	if (r == NULL)
		return;
	r->done = NULL;
	/* What cannot be cut short goes on; the caller's memory may be gone by then. */
	r->call.memory.remember = NULL;
	r->call.memory.forget = NULL;
	r->call.peer = (struct action_peer){0};
	fiber_cancel(r->fiber);
}
