/*
 * lag.c - runs the event loop turn by turn, and keeps account of what held it up
 */
#include <event2/event.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/turn.h"
#include "worker_private.h"

#define SAY_EVERY_MS 1000

/* On the board all are counted; the log gets the worst, and not more than one line a second. */
static void
on_held(void *ctx, const char *name, uint64_t held_ms)
{
	struct worker *worker = ctx;
	uint64_t now_ms = clock_coarse_ms();

	board_held(worker->row, name, held_ms);
	if (held_ms < TURN_VERY_LONG_MS)
		return;
	if (now_ms < worker->held.quiet_until_ms) {
		worker->held.unsaid++;
		return;
	}
	log_write(LOG_INFO, "loop_held", LOG_STR("holder", name), LOG_U64("ms", held_ms),
		  LOG_U64("unsaid", worker->held.unsaid), LOG_END);
	worker->held.quiet_until_ms = now_ms + SAY_EVERY_MS;
	worker->held.unsaid = 0;
}

int
lag_loop(struct worker *worker)
{
	int r;

	turn_watch(on_held, worker);
	do {
		r = event_base_loop(worker->base, EVLOOP_ONCE);
		turn_enter("records");
		records_flush(worker);
		turn_end();
	} while (r == 0 && !event_base_got_break(worker->base) && !event_base_got_exit(worker->base));
	if (r < 0)
		log_write(LOG_ERROR, "loop_failed", LOG_STR("error", "the event loop cannot wait any longer"), LOG_END);
	return r < 0 ? ERR_IO : 0;
}
