#include "login_penalty.h"

#include "action/env.h"
#include "auth/principal.h"
#include "base/clock.h"
#include "json/fault.h"
#include "session/penalty.h"

/* Who is held to account, and under which kind of name. */
struct accountable {
	const char *kind;
	const char *name; /* NULL: nobody */
};

#define ACCOUNTABLES 2

static void
list(const struct action_call *call, struct accountable list_r[static ACCOUNTABLES])
{
	list_r[0] = (struct accountable){"login of caller", call->principal->name};
	list_r[1] = (struct accountable){"login from address", call->address};
}

int
login_penalty_check(const struct action_call *call, struct fault *fault)
{
	struct accountable who[ACCOUNTABLES];
	uint64_t wait_ms = 0;

	list(call, who);
	for (size_t i = 0; i < ACCOUNTABLES && wait_ms == 0; i++) {
		if (who[i].name != NULL)
			wait_ms = penalty_wait_ms(call->env->sessions, who[i].kind, slice_from_str(who[i].name),
						  clock_mono_ms());
	}
	if (wait_ms == 0)
		return 0;
	return fault_set(fault, FAULT_RATE_LIMITED,
			 json_pack("{s:I}", "retry_after_s", (json_int_t)((wait_ms + 999) / 1000)),
			 "Too many logins in a row were refused. Wait, then try again with credentials that work.");
}

void
login_penalty_settle(const struct action_call *call, bool has_worked, const struct fault *fault)
{
	const struct config *config = call->env->config;
	const struct penalty_rule rule = {.free = config->limits.penalty_free,
					  .first_ms = config->limits.penalty_first_ms,
					  .max_ms = config->limits.penalty_max_ms};
	struct accountable who[ACCOUNTABLES];
	uint64_t wait_ms;

	if (!has_worked && fault->code != FAULT_NOT_AUTHENTICATED)
		return;
	list(call, who);
	for (size_t i = 0; i < ACCOUNTABLES; i++) {
		if (who[i].name == NULL)
			continue;
		if (has_worked)
			penalty_forget(call->env->sessions, who[i].kind, slice_from_str(who[i].name), clock_mono_ms());
		else
			(void)penalty_add(call->env->sessions, who[i].kind, slice_from_str(who[i].name), &rule,
					  clock_mono_ms(), &wait_ms);
	}
}
