/*
 * backoff.h - when to start a worker again: a pure function of its slot's history
 *
 * Died before READY: 0.1 s, doubling to 30 s, +-20 % jitter.  Died after READY: at once, at most BACKOFF_BURST times
 * per second and slot, so that a client who can crash his worker cannot close the shop.  READY clears the history: only
 * deaths in a row are a crash loop, while somebody who kills workers at random meets one that starts now and then.  A
 * new generation begins with an empty history.
 */
#ifndef SUPERVISOR_BACKOFF_H
#define SUPERVISOR_BACKOFF_H

#include <stdbool.h>
#include <stdint.h>

#define BACKOFF_FIRST_MS 100
#define BACKOFF_MAX_MS 30000
#define BACKOFF_BURST 5
#define BACKOFF_WINDOW_MS 1000

/* Zeroed at the start of a generation. */
struct backoff {
	uint32_t failures;  /* deaths before READY in a row */
	uint32_t in_window; /* immediate respawns since window_from_ms */
	uint64_t window_from_ms;
};

struct backoff_death {
	uint64_t now_ms;
	bool was_ready;
	uint64_t jitter; /* any random number */
};

/* Milliseconds to wait before the next start. */
uint64_t backoff_next(struct backoff *b, const struct backoff_death *death);

#endif
