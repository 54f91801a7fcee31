/*
 * inbox.h - frames from worker to worker: one datagram each, never a wait, never a silent loss
 *
 * Every slot has a datagram pair (shm/heritage.h).  A worker reads its own and writes to all.  A frame is meant for one
 * process: the one that the board shows in the slot when it is posted.  When that one has been replaced before it read
 * the frame, its successor counts it (BOARD_INBOX_STALE) and throws it away.
 *
 * What does not fit into a peer's socket waits here, at most INBOX_QUEUE_BYTES for each peer, in order.  What finds no
 * room there either, or nobody alive, is counted as BOARD_INBOX_DROPPED.
 *
 * Everything runs on the worker's loop; inbox_post() may be called from a fiber, too.
 */
#ifndef WORKER_INBOX_H
#define WORKER_INBOX_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "shm/board.h"
#include "shm/heritage.h"

#define INBOX_FRAME_MAX (64u * 1024)
#define INBOX_QUEUE_BYTES (1024u * 1024)

struct event_base;
struct inbox;

/* Slot and pid of the worker that sent a frame; its bytes are valid during the call. */
struct inbox_frame {
	uint32_t slot;
	uint32_t pid;
	uint64_t generation;
	struct slice bytes;
};

struct inbox_options {
	struct event_base *base;
	struct segment *segment; /* its board tells who lives where */
	struct board_row *row;	 /* our own, for the counters */
	uint32_t slot;		 /* our own; so are pid and generation */
	uint32_t pid;
	uint64_t generation;
	int reading;	   /* non-blocking, as the writing ends are; all borrowed */
	int first_writing; /* HERITAGE_INBOXES of them from this number on */
	void (*on_frame)(void *ctx, const struct inbox_frame *frame); /* may post, may not free the inbox */
	void *ctx;
};

struct inbox *inbox_new(const struct inbox_options *options); /* NULL without memory */
void inbox_free(struct inbox **inbox);			      /* what still waits is counted as dropped */

void inbox_post(struct inbox *inbox, uint32_t slot, struct slice frame);
void inbox_post_all(struct inbox *inbox, struct slice frame); /* to every other worker that lives */

/* Whether this process serves, or is about to serve, the slot. */
bool inbox_is_alive(const struct inbox *inbox, uint32_t slot, uint32_t pid);

#endif
