/*
 * mourn.h - a worker has died: what killed it, and what it left as last words
 */
#ifndef SUPERVISOR_MOURN_H
#define SUPERVISOR_MOURN_H

#include "supervisor/house.h"

/* The first reason of a generation's trouble stays its reason. */
void mourn_keep_reason(struct worker *w);

#endif
