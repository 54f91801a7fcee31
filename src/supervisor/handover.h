/*
 * handover.h - the supervisor's state as text, for the program that takes its place in the same process
 *
 * Before the exec the old program writes it into a memfd; the new one reads it and goes on with the same children,
 * sockets and shared memory.  One line for each thing, a word and numbers: `worker slot=0 pid=17 pidfd=9 ...`, at the
 * end perhaps ` text=`, which takes the rest of the line.  What a reader does not know it ignores; what is missing is
 * 0, or -1 for a descriptor.  So a later version may add, never change: whoever changes a meaning raises
 * HERITAGE_HANDOVER, and the dry run of the new program refuses before anything has happened.
 *
 * Descriptors keep their numbers.  Nothing secret is written: configurations are in their own sealed memfds.
 */
#ifndef SUPERVISOR_HANDOVER_H
#define SUPERVISOR_HANDOVER_H

#include <stddef.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/err.h"
#include "supervisor/house.h"

#define HANDOVER_TEXT_MAX (256 * 1024)
#define HANDOVER_FDS_MAX 640

/* All descriptors that the text names. */
struct handover_fds {
	int fds[HANDOVER_FDS_MAX];
	size_t n;
};

/* The two that are no part of the house before they have been mapped. */
struct handover_memory {
	int table_fd;
	int keys_fd;
	uint64_t generation; /* the last number given */
};

int handover_write(const struct house *h, struct buf *out, struct handover_fds *fds_r) MUST_CHECK;

/*
 * Fills a house that house_init() made; every descriptor is checked to be open and set CLOEXEC.  ERR_CORRUPT: the text
 * is none of ours, or a descriptor is missing; ERR_NOMEM.
 */
int handover_read(struct house *h, struct slice text, struct handover_memory *memory_r, struct err *err) MUST_CHECK;

#endif
