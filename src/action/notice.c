#include "notice.h"

#include "action/change.h"
#include "action/env.h"
#include "guide/plan_uri.h"

static void
tell(const struct action_call *call, enum action_change_kind kind, struct slice uri)
{
	const struct action_change change = {
	    .kind = kind, .uri = uri, .principal = slice_from_str(call->principal->name)};

	call->env->on_change(call->env->watcher, &change);
}

void
notice_plans(const struct action_call *call)
{
	if (call->env->on_change != NULL)
		tell(call, ACTION_CHANGE_RESOURCES, SLICE_NONE);
}

void
notice_plan(const struct action_call *call, const char *plan_id)
{
	char uri[PLAN_URI_CAP];

	if (call->env->on_change == NULL)
		return;
	plan_uri(plan_id, uri);
	tell(call, ACTION_CHANGE_RESOURCE, slice_from_str(uri));
}
