/*
 * worker.h - the process that serves: one event loop, its connections, its fibers, its row on the board
 *
 * Started by the supervisor with the descriptors of shm/heritage.h, never by hand.
 */
#ifndef WORKER_WORKER_H
#define WORKER_WORKER_H

#include "action/product.h"
#include "base/compiler.h"

/* The role `worker` for the product.  Gives the exit status of the process (shm/heritage.h). */
int worker_main(const struct action_product *product) MUST_CHECK;

#endif
