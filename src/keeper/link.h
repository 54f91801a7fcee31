/*
 * link.h - the worker's connection to the keeper, and calls over it
 *
 * Runs in: worker, stdio.
 */
#ifndef KEEPER_LINK_H
#define KEEPER_LINK_H

#include <sys/queue.h>

#include "message.h"

#define NAME_LIMIT_TEXT "1 to 1024 bytes"

/* What a draft and a claim have in common.  When the keeper is freed before them, they lose it. */
struct handle {
	LIST_ENTRY(handle) link;
	struct keeper *keeper; /* NULL: gone */
	uint64_t fence;	       /* 0: nothing to take up again after a reconnect */
};

void handle_init(struct handle *handle, struct keeper *keeper);
void handle_fini(struct handle *handle);

/*
 * Sends a message and waits for the answer.  keeper NULL: ERR_AGAIN.  The payload may have failed; it is finished
 * either way.  On 0 *message_r points into *answer, which the caller finishes; on failure *answer is empty. may_cancel:
 * for what changes nothing.
 */
int link_call(struct keeper *keeper, uint16_t type, struct buf *payload, bool may_cancel, struct buf *answer,
	      struct message *message_r, struct err *err) MUST_CHECK;

/* For calls whose answer has nothing to read. */
int link_tell(struct keeper *keeper, uint16_t type, struct buf *payload, struct err *err) MUST_CHECK;

/* Breaks the connection: whatever the keeper believes this worker to hold, and that has no handle here, is free. */
void link_drop(struct keeper *keeper);

/* Text of a message in the caller's pool, NUL-terminated; SLICE_NONE stays that. */
struct pool;
int link_text(struct pool *pool, struct slice text, struct slice *copy_r, struct err *err) MUST_CHECK;

/* Puts tool, owner and store; a NULL one only when it may be left out. */
#define PARTY_TOOL 1u
#define PARTY_OWNER 2u
#define PARTY_STORE 4u
int link_put_party(struct buf *payload, const struct keeper_party *party, unsigned needed, struct err *err) MUST_CHECK;
int link_put_name(struct buf *payload, enum message_text tag, const char *name, const char *what,
		  struct err *err) MUST_CHECK;
int link_put_json(struct buf *payload, enum message_text tag, struct slice json, const char *what,
		  struct err *err) MUST_CHECK;

#endif
