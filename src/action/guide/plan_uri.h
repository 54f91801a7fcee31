/*
 * plan_uri.h - the URI under which a plan is read and watched (private to action/)
 */
#ifndef ACTION_GUIDE_PLAN_URI_H
#define ACTION_GUIDE_PLAN_URI_H

#include "keeper/keeper.h"

#define PLAN_URI_PREFIX "magento://plans/"
#define PLAN_URI_CAP (sizeof(PLAN_URI_PREFIX) + KEEPER_ID_LEN)

/* "magento://plans/ID", NUL-terminated.  `id` is a plan's id. */
void plan_uri(const char *id, char uri_r[static PLAN_URI_CAP]);

#endif
