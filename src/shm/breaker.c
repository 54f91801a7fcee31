#include "shm/breaker.h"

#include <stdatomic.h>
#include <stddef.h>

#include "board_cells.h"

/* The cells of one upstream. */
enum { FAILURES, OPEN_UNTIL_MS, PROBE_AT_MS };

bool
breaker_allows(struct segment *seg, uint32_t upstream, uint64_t now_ms, uint64_t *retry_after_ms_r)
{
	_Atomic uint64_t *cells = board_breaker_cells(seg, upstream);
	uint64_t open_until_ms, probe_at_ms;

	*retry_after_ms_r = 0;
	if (cells == NULL || atomic_load(&cells[FAILURES]) < BREAKER_FAILURES)
		return true;
	open_until_ms = atomic_load(&cells[OPEN_UNTIL_MS]);
	if (now_ms < open_until_ms) {
		*retry_after_ms_r = open_until_ms - now_ms;
		return false;
	}
	/* Whoever moves the time of the next probe may send this one. */
	probe_at_ms = atomic_load(&cells[PROBE_AT_MS]);
	if (now_ms >= probe_at_ms &&
	    atomic_compare_exchange_strong(&cells[PROBE_AT_MS], &probe_at_ms, now_ms + BREAKER_PROBE_MS))
		return true;
	*retry_after_ms_r = probe_at_ms > now_ms ? probe_at_ms - now_ms : BREAKER_PROBE_MS;
	return false;
}

void
breaker_success(struct segment *seg, uint32_t upstream)
{
	_Atomic uint64_t *cells = board_breaker_cells(seg, upstream);

	if (cells != NULL && atomic_load_explicit(&cells[FAILURES], memory_order_relaxed) != 0)
		atomic_store(&cells[FAILURES], 0);
}

void
breaker_failure(struct segment *seg, uint32_t upstream, uint64_t now_ms)
{
	_Atomic uint64_t *cells = board_breaker_cells(seg, upstream);

	/* A failed probe does not open it anew: probes go on, so that a store that is back is noticed within a second.
	 */
	if (cells != NULL && atomic_fetch_add(&cells[FAILURES], 1) + 1 == BREAKER_FAILURES)
		atomic_store(&cells[OPEN_UNTIL_MS], now_ms + BREAKER_OPEN_MS);
}

bool
breaker_is_open(struct segment *seg, uint32_t upstream)
{
	_Atomic uint64_t *cells = board_breaker_cells(seg, upstream);

	return cells != NULL && atomic_load(&cells[FAILURES]) >= BREAKER_FAILURES;
}
