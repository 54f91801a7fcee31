/*
 * heartbeat.h - is a worker's loop turning?  Pure decisions on times
 *
 * A worker beats every 250 ms.  Older than 2 s is worth a log line, older than 10 s means hung.  When the supervisor
 * itself was late (stopped, starved, machine overloaded), the workers may have been too: the ages are then counted from
 * the moment the supervisor was on time again.  All times are CLOCK_MONOTONIC, which stands still while the machine is
 * suspended.
 */
#ifndef SUPERVISOR_HEARTBEAT_H
#define SUPERVISOR_HEARTBEAT_H

#include <stdbool.h>
#include <stdint.h>

#define HEARTBEAT_LATE_MS 2000
#define HEARTBEAT_HUNG_MS 10000
#define HEARTBEAT_ABORT_MS 2000 /* from SIGABRT to SIGKILL */
#define HEARTBEAT_TICK_MS 500	/* how often the supervisor looks */
#define HEARTBEAT_LAG_MS 1000	/* a tick this much late means that the supervisor itself was held up */

enum heartbeat_verdict { HEARTBEAT_FRESH, HEARTBEAT_LATE, HEARTBEAT_HUNG };

/* The supervisor's own punctuality. */
struct heartbeat_watch {
	uint64_t due_ms;     /* next tick */
	uint64_t forgive_ms; /* silence before this moment does not count */
	uint64_t lag_ms;     /* how late the last tick was */
};

/* True when a tick is due; then the watch has noted its own lag and set the next tick. */
bool heartbeat_tick(struct heartbeat_watch *w, uint64_t now_ms);

/* True when the last tick came in time: the condition for WATCHDOG=1. */
bool heartbeat_on_time(const struct heartbeat_watch *w);

/* Milliseconds of silence that count; 0 when the beat is newer than now. */
uint64_t heartbeat_age(const struct heartbeat_watch *w, uint64_t beat_ms, uint64_t now_ms);

enum heartbeat_verdict heartbeat_judge(uint64_t age_ms);

#endif
