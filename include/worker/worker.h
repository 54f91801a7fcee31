/*
 * worker.h - the process that serves: one event loop, its connections, its fibers, its row on the board
 *
 * Started by the supervisor with the descriptors of shm/heritage.h, never by hand.
 */
#ifndef WORKER_WORKER_H
#define WORKER_WORKER_H

#include "base/compiler.h"

/* The role `worker`: argv is "magento-mcp" "worker" SLOT.  Gives the exit status of the process (shm/heritage.h). */
int worker_main(int argc, char **argv) MUST_CHECK;

#endif
