/*
 * keeper_child.h - a keeper of one's own, for a process without a supervisor
 *
 * Started when the first call needs it, by fork and exec of this same program, on a socketpair that is its only
 * connection.  There is at most one; after it has gone, the next call starts another.  It ends with its connection,
 * with its control socket and with its parent.
 *
 * Runs in: stdio.
 */
#ifndef WORKER_KEEPER_CHILD_H
#define WORKER_KEEPER_CHILD_H

#include <stdint.h>
#include <sys/types.h>

#include "config/config.h"

struct keeper_child {
	const struct config *config; /* borrowed */
	pid_t pid;		     /* -1: none */
	int control;
	uint64_t abandoned_ms; /* when it was found to have lost its connection; 0: it has not */
};

void keeper_child_init(struct keeper_child *child, const struct config *config);

/* For keeper_options.connect; ctx is the struct.  ERR_AGAIN while an earlier one has not gone yet. */
int keeper_child_connect(void *ctx);

/* At SIGCHLD. */
void keeper_child_reap(struct keeper_child *child);

/* Waits until it has gone: its connection is closed by now.  One that does not go is killed. */
void keeper_child_end(struct keeper_child *child);

#endif
