#include "rights.h"

#include "action/dispatcher.h"
#include "action/env.h"
#include "auth/principal.h"
#include "json/fault.h"
#include "record.h"

/* Nothing is changed for anybody, or not by him. */
static bool
is_read_only_for(const struct action_env *env, const struct principal *principal)
{
	return env->config->server.read_only || principal->is_read_only;
}

static const struct config_store *
store_of(const struct action_call *call)
{
	return call->has_login ? config_store_find(call->env->config, slice_from_str(call->login.store)) : NULL;
}

static int
check_read_only(const struct action_call *call, struct fault *fault)
{
	const struct config_store *store = store_of(call);

	if (!record_is_write(call->action))
		return 0;
	if (call->env->config->server.read_only) {
		return fault_set(fault, FAULT_FORBIDDEN, NULL,
				 "This server is read-only (server.read_only). The operator can allow changes.");
	}
	if (call->principal->is_read_only) {
		return fault_set(fault, FAULT_FORBIDDEN, NULL,
				 "Your client token is read-only. Ask the operator for one that may change the shop.");
	}
	if (store != NULL && store->read_only) {
		return fault_set(fault, FAULT_FORBIDDEN, NULL,
				 "The store %s is read-only on this server (store.%s.read_only).", store->name,
				 store->name);
	}
	return 0;
}

int
rights_check(const struct action_call *call, struct fault *fault)
{
	const char *store = call->has_login ? call->login.store : NULL;

	if (!principal_has_scope(call->principal, call->action->scope, store)) {
		return fault_set(fault, FAULT_FORBIDDEN, json_pack("{s:s}", "missing_scope", call->action->scope),
				 "Your client token does not include %s. Ask the operator for a token with that scope.",
				 call->action->scope);
	}
	if (check_read_only(call, fault) < 0)
		return -1;
	if (store != NULL && !principal_may_use_store(call->principal, store)) {
		return fault_set(fault, FAULT_FORBIDDEN, NULL,
				 "Your client token does not include the store %s. Ask the operator for access.",
				 store);
	}
	return 0;
}

bool
action_is_for(const struct action_env *env, const struct action *action, const struct principal *principal)
{
	return principal_has_scope_somewhere(principal, action->scope) &&
	       !(is_read_only_for(env, principal) && record_is_write(action));
}

bool
action_all_are_for(const struct action_env *env, const struct principal *principal)
{
	return principal_may_all(principal) && !is_read_only_for(env, principal);
}
