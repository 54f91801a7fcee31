/*
 * notice.h - what happens to plans, told to the clients that watch them (private to action/)
 *
 * Only the plan's owner learns of it.  Costs nothing where nobody has asked (env->on_change NULL).
 */
#ifndef ACTION_NOTICE_H
#define ACTION_NOTICE_H

#include "action/action.h"

/* A plan has been stored, or has been carried out: the list of plans is another one. */
void notice_plans(const struct action_call *call);

/* A plan is being carried out from now on, was interrupted, or has ended: reading it gives something else. */
void notice_plan(const struct action_call *call, const char *plan_id);

#endif
