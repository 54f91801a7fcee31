/*
 * breaker.h - a store that does not answer is left alone for a while, by all workers at once
 *
 *   closed     requests go out; BREAKER_FAILURES failures in a row, counted over all workers, open it
 *   open       for BREAKER_OPEN_MS nothing goes out: callers get an error at once instead of waiting for a time-out
 *   half open  one request per BREAKER_PROBE_MS goes out as a probe; the first success closes it
 *
 * The state lies on the board as plain words that any worker may change: a lost update costs a probe, never more.
 *
 * Runs in: worker.  Never blocks.
 */
#ifndef SHM_BREAKER_H
#define SHM_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"

struct segment;

#define BREAKER_FAILURES 5
#define BREAKER_OPEN_MS 5000
#define BREAKER_PROBE_MS 1000

/* May a request go out now?  When not, *retry_after_ms_r says when one may.  Unknown upstreams always may. */
bool breaker_allows(struct segment *seg, uint32_t upstream, uint64_t now_ms, uint64_t *retry_after_ms_r) MUST_CHECK;

void breaker_success(struct segment *seg, uint32_t upstream);
void breaker_failure(struct segment *seg, uint32_t upstream, uint64_t now_ms);
bool breaker_is_open(struct segment *seg, uint32_t upstream); /* or half open: for metrics */

#endif
