#include "guard.h"

#include <string.h>

#include "action/env.h"
#include "json/get.h"

static bool
is_blank(const char *text)
{
	return text[strspn(text, " \t\r\n")] == '\0';
}

bool
guard_is_confirmed(const struct action_call *call, const json_t *params)
{
	bool confirmed = json_get_bool(params, "confirm", false);
	bool has_reason = !is_blank(json_get_str(params, "reason", ""));

	return !call->env->config->guardrails.tier2_confirm || (confirmed && has_reason);
}

int
guard_confirm(const struct action_call *call, const json_t *params, struct fault *fault)
{
	if (guard_is_confirmed(call, params))
		return 0;
	return fault_set(
	    fault, FAULT_CONFIRMATION_REQUIRED, json_pack("{s:s}", "action", call->action->name),
	    "This changes the shop. Show the change to the user, then call again with confirm: true and a reason.");
}

int
guard_cap(size_t count, size_t cap, const char *setting, struct fault *fault)
{
	if (count <= cap)
		return 0;
	return fault_set(
	    fault, FAULT_BULK_CAP_EXCEEDED,
	    json_pack("{s:I, s:I, s:s}", "count", (json_int_t)count, "cap", (json_int_t)cap, "setting", setting),
	    "%zu would be affected, at most %zu may be at once. Narrow the selection, or ask the operator about %s.",
	    count, cap, setting);
}
