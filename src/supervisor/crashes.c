/*
 * crashes.c - see crashes.h
 */
#include "supervisor/crashes.h"

#include <stddef.h>

/* The row of this cause, else the one whose window began first: an empty row, as long as there is one. */
static struct crash_kind *
find(struct crashes *c, uint64_t cause)
{
	struct crash_kind *oldest = &c->kinds[0];
	size_t i;

	for (i = 0; i < CRASHES_KINDS; i++) {
		if (c->kinds[i].count > 0 && c->kinds[i].cause == cause)
			return &c->kinds[i];
		if (c->kinds[i].from_ms < oldest->from_ms)
			oldest = &c->kinds[i];
	}
	oldest->count = 0;
	return oldest;
}

bool
crashes_note(struct crashes *c, uint64_t cause, uint64_t now_ms)
{
	struct crash_kind *kind = find(c, cause);

	if (kind->count == 0 || now_ms - kind->from_ms >= CRASHES_WINDOW_MS)
		*kind = (struct crash_kind){.cause = cause, .from_ms = now_ms};
	kind->count++;
	return kind->count == CRASHES_LOUD;
}
