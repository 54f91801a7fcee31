#include "notice.h"

#include "action/change.h"
#include "action/env.h"
#include "keeper/keeper.h"

#define PLAN_URI "magento://plans/"

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
	struct buf uri;

	if (call->env->on_change == NULL)
		return;
	buf_init(&uri, sizeof(PLAN_URI) + KEEPER_NAME_MAX);
	/* Without memory a notice is lost: who watches asks again one day. */
	if (buf_printf(&uri, PLAN_URI "%s", plan_id) == 0)
		tell(call, ACTION_CHANGE_RESOURCE, buf_slice(&uri));
	buf_fini(&uri);
}
