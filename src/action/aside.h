/*
 * aside.h - something that a call does beside its own work, on a fiber of its own (private to action/)
 *
 *	aside_start(&aside, env->fibers, fn, ctx)      false: it could not begin; do it in turn
 *	... work that waits ...
 *	aside_join(&aside)                             always, before what fn uses goes away
 *
 * A cancelled call cancels what runs aside when it joins, and waits for its end.
 *
 * Runs in: worker, on a fiber.
 */
#ifndef ACTION_ASIDE_H
#define ACTION_ASIDE_H

#include <stdbool.h>

#include "base/fiber.h"

struct aside {
	void (*fn)(void *ctx);
	void *ctx;
	struct fiber *fiber;	   /* NULL: not started, or over */
	struct fiber_wait *waiter; /* of who joins */
};

bool aside_start(struct aside *aside, struct fiber_pool *fibers, void (*fn)(void *ctx), void *ctx);
bool aside_is_running(const struct aside *aside);
void aside_join(struct aside *aside); /* of one that was not started too */

#endif
