/*
 * penalty.h - who fails again and again waits, longer each time
 *
 * Counted under a name of the caller's choice (a client's address, a caller), over all workers.  The first failures
 * cost nothing; each one after them makes the name wait, at first for first_ms, then twice as long each time, at most
 * max_ms.  While it waits nothing is counted, so hammering on changes nothing.  What is not repeated for forget_ms
 * after the wait is forgotten, and so is all that came before a success.
 *
 * Runs in: worker, stdio.
 */
#ifndef SESSION_PENALTY_H
#define SESSION_PENALTY_H

#include <stdint.h>

#include "base/slice.h"
#include "session/sessions.h"

struct penalty_rule {
	uint32_t free; /* failures that cost nothing */
	uint64_t first_ms;
	uint64_t max_ms; /* 0: there are no penalties */
};

#define PENALTY_FORGET_MS (10 * 60 * 1000ull)

/* How long the name has to wait from now on; 0: not at all.  Takes no lock. */
uint64_t penalty_wait_ms(struct sessions *s, const char *kind, struct slice name, uint64_t now_ms);

/*
 * A failure: counted unless the name is waiting.  Gives how long it had to wait already when it failed; 0: it had not,
 * and *wait_ms_r says how long it has to from now on.  Where the table has no room nothing is counted.
 */
uint64_t penalty_add(struct sessions *s, const char *kind, struct slice name, const struct penalty_rule *rule,
		     uint64_t now_ms, uint64_t *wait_ms_r);

/* A success: forgotten, unless the name is waiting: then a neighbour behind the same address has succeeded. */
void penalty_forget(struct sessions *s, const char *kind, struct slice name, uint64_t now_ms);

#endif
