/*
 * crashes.h - the same crash again and again is worth one loud line
 *
 * Workers that die after READY are replaced at once, so that nobody can close the shop by crashing them; what keeps
 * crashing them must not stay unnoticed because of that.  Pure: time and cause are arguments.
 */
#ifndef SUPERVISOR_CRASHES_H
#define SUPERVISOR_CRASHES_H

#include <stdbool.h>
#include <stdint.h>

#define CRASHES_KINDS 16
#define CRASHES_WINDOW_MS 60000
#define CRASHES_LOUD 5 /* so many of one kind within the window */

struct crash_kind {
	uint64_t cause; /* hash of last words, or of the signal */
	uint64_t from_ms;
	uint32_t count;
};

/* Zeroed at the start. */
struct crashes {
	struct crash_kind kinds[CRASHES_KINDS];
};

/* Counts one crash.  True once per window and cause: when its count reaches CRASHES_LOUD. */
bool crashes_note(struct crashes *c, uint64_t cause, uint64_t now_ms);

#endif
