/*
 * turn.c - stretches of time between names
 */
#include "base/turn.h"

#include <stddef.h>

#include "base/clock.h"

static struct turn state;
static bool is_watching;

static struct {
	uint64_t mono_us;      /* 0: not read since turn_enter() */
	uint64_t wall_ms;      /* as of wall_mono_ms */
	uint64_t wall_mono_ms; /* 0: not read */
} moment;

/* ---- with the time passed in ---- */

static void
end_stretch(struct turn *turn, uint64_t now_ms)
{
	uint64_t held_ms = now_ms - turn->since_ms;

	if (held_ms < TURN_LONG_MS)
		return;
	turn->had_long = true;
	if (turn->held != NULL)
		turn->held(turn->ctx, turn->holder, held_ms);
}

void
turn_enter_at(struct turn *turn, const char *name, uint64_t now_ms)
{
	if (turn->holder == NULL)
		turn->began_ms = now_ms;
	else
		end_stretch(turn, now_ms);
	turn->holder = name;
	turn->since_ms = now_ms;
}

void
turn_end_at(struct turn *turn, uint64_t now_ms)
{
	uint64_t length_ms = now_ms - turn->began_ms;

	if (turn->holder == NULL)
		return;
	end_stretch(turn, now_ms);
	turn->totals.turns++;
	if (length_ms >= TURN_LONG_MS)
		turn->totals.long_turns++;
	if (length_ms >= TURN_VERY_LONG_MS)
		turn->totals.very_long_turns++;
	if (length_ms >= TURN_LONG_MS && !turn->had_long && turn->held != NULL)
		turn->held(turn->ctx, TURN_MANY, length_ms);
	turn->holder = NULL;
	turn->had_long = false;
}

/* ---- this process ---- */

void
turn_watch(turn_held_fn held, void *ctx)
{
	state = (struct turn){.held = held, .ctx = ctx};
	is_watching = true;
}

void
turn_pass(const char *name)
{
	if (is_watching)
		turn_enter_at(&state, name, clock_coarse_ms());
}

void
turn_enter(const char *name)
{
	moment.mono_us = 0;
	turn_pass(name);
}

uint64_t
turn_read_us(void)
{
	moment.mono_us = clock_mono_us();
	return moment.mono_us;
}

uint64_t
turn_mono_us(void)
{
	return state.holder != NULL && moment.mono_us != 0 ? moment.mono_us : turn_read_us();
}

uint64_t
turn_mono_ms(void)
{
	return turn_mono_us() / 1000;
}

/* Read once in each millisecond, so that a clock that is set is followed. */
uint64_t
turn_wall_ms(void)
{
	uint64_t mono_ms = turn_mono_ms();

	if (state.holder == NULL || moment.wall_mono_ms != mono_ms) {
		moment.wall_ms = clock_wall_ms();
		moment.wall_mono_ms = mono_ms;
	}
	return moment.wall_ms;
}

const char *
turn_holder(void)
{
	return state.holder;
}

void
turn_end(void)
{
	if (is_watching)
		turn_end_at(&state, clock_coarse_ms());
}

void
turn_totals(struct turn_totals *totals_r)
{
	*totals_r = state.totals;
}
