#include "plan_uri.h"

#include <stdio.h>

void
plan_uri(const char *id, char uri_r[static PLAN_URI_CAP])
{
	snprintf(uri_r, PLAN_URI_CAP, PLAN_URI_PREFIX "%s", id);
}
