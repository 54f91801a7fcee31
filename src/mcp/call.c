#include "call.h"

#include "asking.h"
#include "client.h"
#include "exchange.h"
#include "json/get.h"
#include "rounds.h"

/* ---- the login that a legacy session remembers ---- */

static int
remember_login(void *ctx, struct login_ref login, struct login_ref *before_r, bool *has_before_r)
{
	struct mcp_exchange *x = ctx;

	return mcp_session_remember_login(x->server->options.env->sessions, slice_from_str(x->request.principal->name),
					  slice_from_str(x->session_id), action_now(), login, before_r, has_before_r);
}

static void
forget_login(void *ctx, struct login_ref login)
{
	struct mcp_exchange *x = ctx;

	mcp_session_forget_login(x->server->options.env->sessions, slice_from_str(x->request.principal->name),
				 slice_from_str(x->session_id), action_now(), login);
}

static struct action_memory
memory_of(struct mcp_exchange *x)
{
	if (!x->has_session)
		return (struct action_memory){.has_login = false};
	return (struct action_memory){
	    .has_login = x->session.has_login,
	    .login = x->session.login,
	    .remember = remember_login,
	    .forget = forget_login,
	    .ctx = x,
	};
}

/* ---- the outcome ---- */

static void
answer_missing_capability(struct mcp_exchange *x, const struct fault *from)
{
	struct rpc_fault fault;

	rpc_fault_init(&fault);
	rpc_fault_set(&fault, RPC_CAPABILITY_MISSING, json_incref(from->details), "%s", from->message);
	exchange_answer_fault(x, &fault);
}

/* The legacy eras have no error for it. */
static void
tell_missing_capability(struct mcp_exchange *x, const struct fault *from)
{
	struct action_outcome outcome = {.result = NULL};
	struct fault fault;

	fault_init(&fault);
	fault_set(&fault, FAULT_FORBIDDEN, json_incref(from->details), "%s", from->message);
	outcome.fault = &fault;
	x->done(x, &outcome);
	fault_fini(&fault);
}

/* a right that the issuer of the token can still grant.  Others are told like any refusal. */
static const char *
missing_scope(const struct mcp_exchange *x, const struct fault *fault)
{
	if (fault->code != FAULT_FORBIDDEN || !x->request.principal->by_token)
		return NULL;
	return json_get_str(fault->details, "missing_scope", NULL);
}

static void
answer_missing_scope(struct mcp_exchange *x, const struct fault *from, const char *scope)
{
	struct rpc_fault fault;

	rpc_fault_init(&fault);
	rpc_fault_set(&fault, RPC_FORBIDDEN, json_pack("{s:s}", "scope", scope), "%s", from->message);
	x->fault_code = (int)from->code;
	x->missing_scope = scope;
	exchange_answer_fault_with(x, 403, &fault);
}

/* the caller has as many calls as he may.  Other quotas, such as that of purges, are the tool's own answer. */
static bool
is_over_limit(const struct fault *fault)
{
	return fault->code == FAULT_RATE_LIMITED && json_object_get(fault->details, "limit") != NULL;
}

static void
answer_over_limit(struct mcp_exchange *x, const struct fault *from)
{
	json_int_t wait_s = json_integer_value(json_object_get(from->details, "retry_after_s"));
	struct rpc_fault fault;

	rpc_fault_init(&fault);
	rpc_fault_set(&fault, RPC_TOO_MANY, json_incref(from->details), "%s", from->message);
	x->fault_code = (int)from->code;
	x->retry_after_s = (uint32_t)wait_s;
	exchange_answer_fault_with(x, 429, &fault);
}

static void
on_done(void *ctx, const struct action_outcome *outcome)
{
	struct mcp_exchange *x = ctx;
	enum fault_code code = outcome->fault != NULL ? outcome->fault->code : FAULT_NONE;

	x->running = NULL;
	if (code == FAULT_INPUT_REQUIRED)
		rounds_answer(x, outcome->fault);
	else if (code == FAULT_CAPABILITY_MISSING && exchange_is_modern(x))
		answer_missing_capability(x, outcome->fault);
	else if (code == FAULT_CAPABILITY_MISSING)
		tell_missing_capability(x, outcome->fault);
	else if (code != FAULT_NONE && missing_scope(x, outcome->fault) != NULL)
		answer_missing_scope(x, outcome->fault, missing_scope(x, outcome->fault));
	else if (code != FAULT_NONE && is_over_limit(outcome->fault))
		answer_over_limit(x, outcome->fault);
	else
		x->done(x, outcome);
}

static struct action_request
request_of(struct mcp_exchange *x, const struct action *action, struct json_view arguments)
{
	struct action_request request = {
	    .action = action,
	    .arguments = arguments,
	    .principal = x->request.principal,
	    .memory = memory_of(x),
	    .request_id = x->request.request_id,
	    .address = x->request.address,
	    .source = x->request.source,
	};

	client_fill_peer(x, &request.peer);
	return request;
}

static void
start(struct mcp_exchange *x, const struct action_request *request, call_done_fn done)
{
	x->done = done;
	if (action_dispatch(x->server->options.env, request, on_done, x, &x->running) < 0)
		exchange_answer_shortage(x);
}

/* Such a look asks nothing: R-270 names the only methods whose results may be questions. */
void
call_look_up(struct mcp_exchange *x, const struct action *action, struct action_subject subject, json_t *arguments,
	     call_done_fn done)
{
	struct action_request request = request_of(x, action, json_view_of(arguments));

	request.subject = subject;
	request.peer.can = 0;
	start(x, &request, done);
}

void
call_run(struct mcp_exchange *x, const struct action *action, struct json_view arguments, call_done_fn done)
{
	struct action_request request;
	struct rpc_fault fault;

	rpc_fault_init(&fault);
	if (exchange_is_modern(x) && rounds_open(x, &fault) < 0) {
		exchange_answer_fault(x, &fault);
		return;
	}
	if (client_read_progress_token(x) < 0) {
		exchange_answer_shortage(x);
		return;
	}
	request = request_of(x, action, arguments);
	request.peer.ask = exchange_is_modern(x) ? rounds_ask : asking_ask;
	start(x, &request, done);
}

/* ---- the end of a result ---- */

bool
call_is_cacheable(const struct mcp_exchange *x)
{
	return exchange_is_modern(x) && !x->was_asked;
}

void
call_put_tail(const struct mcp_exchange *x, struct buf *out)
{
	if (!exchange_is_modern(x)) {
		buf_put_char(out, '}');
		return;
	}
	if (x->was_asked)
		buf_put_str(out, ",\"ttlMs\":0,\"cacheScope\":\"private\"");
	buf_put_slice(out, buf_slice(&x->server->modern_tail));
}
