#include "aside.h"

#include <stddef.h>

static void
run(void *arg)
{
	struct aside *aside = arg;

	aside->fn(aside->ctx);
	aside->fiber = NULL;
	if (aside->waiter != NULL)
		fiber_wait_done(aside->waiter);
}

bool
aside_start(struct aside *aside, struct fiber_pool *fibers, void (*fn)(void *ctx), void *ctx)
{
	*aside = (struct aside){.fn = fn, .ctx = ctx};
	return fiber_start(fibers, run, aside, &aside->fiber) == 0;
}

bool
aside_is_running(const struct aside *aside)
{
	return aside->fiber != NULL;
}

static void
on_cancel(void *arg)
{
	struct aside *aside = arg;

	/* It ends at once, and with that the wait; or the wait is left and begun anew. */
	fiber_cancel(aside->fiber);
}

void
aside_join(struct aside *aside)
{
	struct fiber_wait wait;

	if (aside->fiber != NULL && fiber_is_cancelled(fiber_current()))
		fiber_cancel(aside->fiber);
	for (bool can_stop = true; aside->fiber != NULL; can_stop = false) {
		int r;

		fiber_wait_init(&wait, can_stop ? on_cancel : NULL, aside);
		aside->waiter = &wait;
		r = fiber_wait_for(&wait);
		(void)r;
		aside->waiter = NULL;
	}
}
