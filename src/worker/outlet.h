/*
 * outlet.h - lines to a client that reads when it likes: each goes out whole and in order, or none follows
 *
 * What the client does not read at once waits here, at most OUTLET_MAX bytes; when more would wait the output is given
 * up, since half a line would spoil all that follow.  Runs in: stdio.
 */
#ifndef WORKER_OUTLET_H
#define WORKER_OUTLET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/slice.h"

#define OUTLET_MAX (256 * 1024 * 1024)

struct event;
struct event_base;

struct outlet {
	int fd;
	struct buf waiting;
	struct event *write_event;
	struct event *hangup_event; /* NULL: the end of the reader shows at the next write only */
	bool is_broken;
	void (*on_less)(void *ctx);   /* from the loop: some of what waited has gone */
	void (*on_broken)(void *ctx); /* nobody reads any more; once, perhaps from within outlet_write() */
	void *ctx;
};

/* `fd` stays the caller's and should not block.  The callbacks are set by the caller, before or after. */
int outlet_open(struct outlet *outlet, struct event_base *base, int fd) MUST_CHECK;
void outlet_close(struct outlet *outlet); /* fine when it was never opened, but zeroed */

/* The message and a line feed.  On any stack. */
void outlet_write(struct outlet *outlet, struct slice message);

size_t outlet_waiting(const struct outlet *outlet); /* bytes */

#endif
