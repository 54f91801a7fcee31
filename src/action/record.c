#include "record.h"

#include <string.h>

#include "action/env.h"
#include "audit/redact.h"
#include "base/clock.h"
#include "base/log.h"
#include "json/get.h"

#define DIGEST_CAP 17

bool
record_is_write(const struct action *action)
{
	return (action->flags & (ACTION_CONFIRM | ACTION_WRITES)) != 0;
}

/* The numbers of a result: success_count, error_count, ...  NULL: none. */
static json_t *
counts_of(json_t *result)
{
	json_t *counts = NULL;
	const char *key;
	json_t *value;

	json_object_foreach(result, key, value)
	{
		size_t len = strlen(key);

		if (len <= 6 || strcmp(key + len - 6, "_count") != 0 || !json_is_integer(value))
			continue;
		if (counts == NULL)
			counts = json_object();
		json_object_set(counts, key, value);
	}
	return counts;
}

/* A refused call is recorded as it came: its parameters may stand in a member.  NULL: there are none. */
static const json_t *
unwrap(const json_t *params)
{
	const json_t *inner;

	if (json_object_size(params) == 0)
		return NULL;
	inner = json_get_object(params, "params");

	return inner != NULL ? inner : params;
}

static bool
knows(const struct json_schema *params, const char *name)
{
	const struct json_prop *prop = params->props;

	while (prop->name != NULL && strcmp(prop->name, name) != 0)
		prop++;
	return prop->name != NULL;
}

/* A copy in which the values of names that the schema does not know are not told. */
static json_t *
without_strangers(const json_t *params, const struct json_schema *schema)
{
	json_t *told = json_object();
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)params, key, value)
	{
		if (knows(schema, key))
			json_object_set(told, key, value);
		else
			json_object_set_new(told, key, json_string("[unknown]"));
	}
	return told;
}

bool
record_takes_secrets(const struct json_schema *params)
{
	const struct json_prop *prop = params != NULL ? params->props : NULL;

	for (; prop != NULL && prop->name != NULL; prop++) {
		if (redact_name(prop->name) == REDACT_SECRET)
			return true;
	}
	return false;
}

/*
 * What may be told of the parameters, a new reference.  Redaction goes by names, and a name may be misspelt: where a
 * password is expected, the value of "pasword" may be one.
 */
static json_t *
told_params(const struct action *action, const json_t *params)
{
	const json_t *inner;
	json_t *told;

	if (json_object_size(params) == 0 || !(action->flags & ACTION_TAKES_SECRETS))
		return json_incref((json_t *)(uintptr_t)params);
	told = without_strangers(params, action->params);
	inner = json_get_object(params, "params");
	if (inner != NULL)
		json_object_set_new(told, "params", without_strangers(inner, action->params));
	return told;
}

static const char *
plan_id_of(const json_t *params, const json_t *result)
{
	return json_get_str(result, "plan_id", json_get_str(params, "plan_id", NULL));
}

/* Names the login without being good for anything. */
static void
digest_login(const struct action_call *call, char out_r[static DIGEST_CAP])
{
	static const char digits[] = "0123456789abcdef";
	size_t n = call->has_login ? DIGEST_CAP - 1 : 0;

	for (size_t i = 0; i < n; i++)
		out_r[i] = digits[call->login_ref.lo >> (60 - 4 * i) & 15];
	out_r[n] = '\0';
}

static const char *
outcome_of(enum audit_phase phase, const struct fault *fault)
{
	if (phase == AUDIT_BEGIN)
		return NULL;
	if (phase == AUDIT_ASKED)
		return "input_required";
	return fault != NULL ? fault_code_name(fault->code) : "ok";
}

int
record_call(const struct action_call *call, enum audit_phase phase, const json_t *params, json_t *result,
	    const struct fault *fault)
{
	struct session_now now = action_now();
	json_t *counts = counts_of(result);
	json_t *told = told_params(call->action, params);
	const json_t *inner = unwrap(params);
	char digest[DIGEST_CAP];
	struct audit_record record = {
	    .wall_ms = now.wall_ms,
	    .phase = phase,
	    .request_id = call->request_id,
	    .principal = call->principal->name,
	    .session = digest,
	    .username = call->has_login ? call->login.username : NULL,
	    .environment = call->env->config->server.environment,
	    .store = call->has_login ? call->login.base_url : call->refused_store,
	    .tool = call->action->name,
	    .scope = json_object_get(inner, "scope"),
	    .params = told,
	    .plan_id = plan_id_of(inner, result),
	    .reason = json_get_str(inner, "reason", NULL),
	    .outcome = outcome_of(phase, fault),
	    .counts = counts,
	    .duration_ms = phase == AUDIT_BEGIN ? -1 : (int64_t)(now.mono_ms - call->began.mono_ms),
	};
	int r;

	digest_login(call, digest);
	r = phase == AUDIT_BEGIN ? audit_write(call->env->audit, &record) : audit_add(call->env->audit, &record);
	if (r < 0) {
		log_write(LOG_ERROR, "audit_failed", LOG_STR("request_id", call->request_id),
			  LOG_STR("action", call->action->name), LOG_STR("error", err_name(r)), LOG_END);
	}
	json_decref(told);
	json_decref(counts);
	return r;
}
