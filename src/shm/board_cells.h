/*
 * board_cells.h - words of the board that all workers share, for the breaker (private to shm/)
 */
#ifndef SHM_BOARD_CELLS_H
#define SHM_BOARD_CELLS_H

#include <stdint.h>

struct segment;

/* Eight words of this upstream, zero at first; NULL when there is no such upstream. */
_Atomic uint64_t *board_breaker_cells(struct segment *seg, uint32_t upstream);

#endif
