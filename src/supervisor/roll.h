/*
 * roll.h - from one generation of workers to the next: pure decisions
 *
 * The new generation starts whole; when all of it is READY the old one retires; any failure discards the new one and
 * changes nothing else.  At most ROLL_RETIRING_MAX generations retire at a time: one more cuts the oldest.
 */
#ifndef SUPERVISOR_ROLL_H
#define SUPERVISOR_ROLL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ROLL_READY_MS 30000 /* a generation must be READY within this time, a single worker too */
#define ROLL_RETIRING_MAX 2

enum roll_verdict { ROLL_WAIT, ROLL_READY, ROLL_FAILED };

/* A generation that is starting. */
struct roll_count {
	uint32_t wanted;
	uint32_t ready;
	uint32_t gave_up;    /* exit status 2 */
	uint32_t died_early; /* other deaths before READY */
	bool is_first;	     /* the first generation: nothing to fall back to, early deaths are tried again */
	uint64_t started_ms;
	uint64_t ready_limit_ms;
};

enum roll_verdict roll_judge(const struct roll_count *count, uint64_t now_ms);

/* A generation that retires, for roll_cut(). */
struct roll_retiring {
	uint32_t number;
	uint32_t processes; /* still alive */
	bool is_cut;	    /* was told to stop already */
};

/*
 * Index of the generation to cut before `wanted` more workers can start with `free_slots` free, or -1: either there is
 * room (*has_room_r) or it is a matter of waiting for those that were cut.
 */
int roll_cut(const struct roll_retiring *all, size_t n, uint32_t wanted, uint32_t free_slots, bool *has_room_r);

#endif
