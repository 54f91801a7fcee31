/*
 * descriptors.h - how many clients a worker takes, so that descriptors are left for its own work; the rule alone, pure
 *
 * Where clients could take every descriptor, no connection to a shop could be made, which looks like a shop that is
 * down: the breaker that all workers share would open.  Clients above the number wait in the listening socket's queue.
 */
#ifndef WORKER_DESCRIPTORS_H
#define WORKER_DESCRIPTORS_H

#include <stdint.h>

/* Sockets, table, log, audit, event loop, keeper, the inboxes of all workers. */
#define DESCRIPTORS_BASE 96
/* That and connections to shops and to the admin listener, as many as a worker ever has. */
#define DESCRIPTORS_OWN 448

/*
 * Of `limit` descriptors (RLIMIT_NOFILE).  At least 1, at most `wanted`.  Where the limit is low, there is one
 * connection to a shop for each client.
 */
uint32_t descriptors_for_clients(uint64_t limit, uint32_t wanted);

#endif
