/*
 * scheduling.h - a busy worker that shares its core wakes without interrupting whoever runs there
 *
 * A process that wakes up takes the core from the one that runs, as a rule.  Where that is the proxy or the client that
 * is just sending, it is interrupted after each request, and each costs a turn of the loop of its own: nearly twice.
 * Under SCHED_BATCH (sched(7)) a worker waits until the other one sleeps or has had its slice, and then serves all that
 * has come meanwhile.  Beside somebody who computes without pause that is some milliseconds of waiting for each turn,
 * too much for few clients.  So the worker looks at itself with each pulse:
 *
 *   it went to sleep SCHEDULING_BUSY times a second or more        batch
 *   batch, and it went to sleep less than SCHEDULING_QUIET times   normal
 *   batch, and it waited SCHEDULING_WAIT_US for a core each time   normal, and for SCHEDULING_HOLD_MS no more of it
 *
 * Who sends in bursts makes it wait for half a millisecond, perhaps for one; who computes, for a slice: four.
 *
 * Runs in: worker.
 */
#ifndef WORKER_SCHEDULING_H
#define WORKER_SCHEDULING_H

#include <stdbool.h>
#include <stdint.h>

#define SCHEDULING_BUSY 1000 /* per second */
#define SCHEDULING_QUIET 50
#define SCHEDULING_WAIT_US 2000 /* on average */
#define SCHEDULING_HOLD_MS 60000

/* Sums since the process began. */
struct scheduling_sample {
	uint64_t at_ms;
	uint64_t sleeps;
	uint64_t runs; /* times that it got a core */
	uint64_t waited_us;
};

struct scheduling {
	int fd; /* what the kernel tells of our waiting; -1: normal for good */
	bool is_batch;
	uint64_t normal_until_ms;
	struct scheduling_sample last;
};

/*
 * Before the worker gives up the file system.  Where the kernel does not tell, or somebody has chosen a policy for this
 * process already (CPUSchedulingPolicy= of the unit, chrt), nothing will be done.
 */
void scheduling_open(struct scheduling *scheduling);
void scheduling_close(struct scheduling *scheduling);

/* Now and then: looks, judges, and tells the kernel.  Refused: says so in the log, once, and stays normal. */
void scheduling_pulse(struct scheduling *scheduling, uint64_t now_ms);

/* Should it be batch from now on?  The rule alone; keeps the sample. */
bool scheduling_judge(struct scheduling *scheduling, const struct scheduling_sample *now);

#endif
