/*
 * stripe.h - robust process-shared mutexes, each over one part of the table
 *
 * A stripe owns a run of groups and the slots behind them; a record's whole probe window lies inside one stripe, so
 * every mutation holds exactly one lock, for microseconds, and calls nothing slow (no malloc, log, JSON, system
 * call).
 *
 * When the owner of a lock dies, the next one to lock gets it with stripe_lock() == STRIPE_OWNER_DIED.  He repairs
 * what the dead one was at (table.c does), then calls stripe_repaired().  If he dies too, the next one begins anew.
 *
 * Runs in: worker.  Never in the supervisor.
 */
#ifndef SHM_STRIPE_H
#define SHM_STRIPE_H

#include <stdatomic.h>
#include <stdint.h>

#include <pthread.h>

#include "base/compiler.h"

enum stripe_state { STRIPE_CLEAN = 0, STRIPE_OWNER_DIED = 1 };

struct stripe {
	_Alignas(64) pthread_mutex_t mutex;
	_Atomic uint32_t working;      /* 1 + index (within the stripe) of the slot being written, 0 = none */
	_Atomic uint32_t owner_deaths; /* how often this stripe was inherited from a dead process */
	uint64_t spare[2];
};

_Static_assert(sizeof(struct stripe) == 64, "a stripe is one cache line");

int stripe_init(struct stripe *stripe) MUST_CHECK; /* ERR_IO, ERR_NOMEM; once, by the maker of the segment */
enum stripe_state stripe_lock(struct stripe *stripe) MUST_CHECK;
void stripe_repaired(struct stripe *stripe);
void stripe_unlock(struct stripe *stripe);

#endif
