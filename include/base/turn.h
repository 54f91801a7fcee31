/*
 * turn.h - one turn of the event loop: how long it took, and who held it
 *
 * While a callback runs, everybody else waits.  So each callback of the loop says its name when it begins, code that
 * knows better (a tool) says a better one, and a fiber that waits takes its name along.  Between two names lies a
 * *stretch*; one of TURN_LONG_MS or more is told to whoever listens.  A name costs one look at the kernel's coarse
 * clock, which the processor keeps at hand, so lengths are true to the kernel's tick (1 to 10 ms, mostly 4).
 *
 *	turn_enter("accept");			a callback begins
 *	turn_pass(action->name);		it runs a tool
 *	turn_end();				the loop is about to wait
 *
 * State is process-global, as the log's: one thread, one loop.  Processes that never call turn_end() measure nothing.
 */
#ifndef BASE_TURN_H
#define BASE_TURN_H

#include <stdbool.h>
#include <stdint.h>

#define TURN_LONG_MS 10
#define TURN_VERY_LONG_MS 50

/* Holder of a long turn in which no single stretch was long. */
#define TURN_MANY "many"

struct turn_totals {
	uint64_t turns;
	uint64_t long_turns;	  /* TURN_LONG_MS or more */
	uint64_t very_long_turns; /* TURN_VERY_LONG_MS or more; they count as long, too */
};

/* A stretch of held_ms has ended.  Must not call turn_enter(). */
typedef void (*turn_held_fn)(void *ctx, const char *name, uint64_t held_ms);

/* Measures from now on.  `held` may be NULL. */
void turn_watch(turn_held_fn held, void *ctx);

/* `name` is static: it may be told long after. */
void turn_enter(const char *name);
void turn_pass(const char *name); /* within a callback, to somebody else or back: what the clocks said stays */
const char *turn_holder(void);	  /* NULL between turns */
void turn_end(void);
void turn_totals(struct turn_totals *totals_r);

/*
 * What the clocks said since turn_enter(), read when it is first asked for: for whatever may be a callback old, such as
 * idle clocks, limits, signatures and the times in log lines.  turn_read_us() reads anew: for durations.  Between
 * turns, and without turn_watch(), each call reads.
 */
uint64_t turn_mono_us(void);
uint64_t turn_mono_ms(void);
uint64_t turn_wall_ms(void);
uint64_t turn_read_us(void);

/* ---- the same with the time passed in ---- */

struct turn {
	const char *holder; /* NULL: no turn is under way */
	uint64_t began_ms;
	uint64_t since_ms; /* the holder's */
	bool had_long;	   /* a stretch of this turn has been told */
	turn_held_fn held;
	void *ctx;
	struct turn_totals totals;
};

void turn_enter_at(struct turn *turn, const char *name, uint64_t now_ms);
void turn_end_at(struct turn *turn, uint64_t now_ms);

#endif
