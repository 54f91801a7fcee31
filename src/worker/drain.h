/*
 * drain.h - how a worker retires; the rules alone, pure
 *
 *   SERVING  --retire-->  LAME     listeners closed; one more request per kept connection is answered, then it closes;
 *                                  idle connections are KEPT: a client may be sending on one right now
 *   LAME     ---------->  CLOSING  no connection is left, or the lame period is over: idle connections are closed
 *   CLOSING  ---------->  CUT      nothing runs any more, or the deadline has passed
 */
#ifndef WORKER_DRAIN_H
#define WORKER_DRAIN_H

#include <stddef.h>
#include <stdint.h>

#define DRAIN_LAME_MS 10000

enum drain_state { DRAIN_SERVING, DRAIN_LAME, DRAIN_CLOSING, DRAIN_CUT };

struct drain {
	enum drain_state state;
	uint64_t lame_until_ms; /* monotonic */
	uint64_t cut_at_ms;
};

/* Begins, or shortens what has begun; never gives more time than before. */
void drain_begin(struct drain *drain, uint64_t now_ms, uint64_t deadline_ms);

/* The state after looking at the worker: open connections and running calls (those without a client count too). */
enum drain_state drain_step(struct drain *drain, uint64_t now_ms, size_t connections, size_t calls);

#endif
