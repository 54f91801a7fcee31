/*
 * pause.c - lets a fiber wait for a moment without holding up the loop
 */
#include <event2/event.h>

#include "base/err.h"
#include "base/turn.h"
#include "worker_private.h"

struct pause {
	struct event *timer;
	struct fiber_wait wait;
};

static void
on_time(evutil_socket_t fd, short what, void *ctx)
{
	struct pause *pause = ctx;

	turn_enter("timer");
	(void)fd;
	(void)what;
	fiber_wait_done(&pause->wait);
}

static void
on_cancel(void *ctx)
{
	struct pause *pause = ctx;

	event_del(pause->timer);
}

int
pause_ms(void *base, uint32_t ms)
{
	struct timeval delay = {.tv_sec = ms / 1000, .tv_usec = (suseconds_t)(ms % 1000) * 1000};
	struct pause pause = {.timer = NULL};
	int r;

	pause.timer = evtimer_new(base, on_time, &pause);
	if (pause.timer == NULL || evtimer_add(pause.timer, &delay) < 0) {
		if (pause.timer != NULL)
			event_free(pause.timer);
		return ERR_NOMEM;
	}
	fiber_wait_init(&pause.wait, on_cancel, &pause);
	r = fiber_wait_for(&pause.wait);
	event_free(pause.timer);
	return r;
}
