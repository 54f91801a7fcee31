/*
 * peers.c - the other workers, as the protocol core sees them: its frames go by inbox
 */
#include <unistd.h>

#include "base/clock.h"
#include "inbox.h"
#include "worker_private.h"

_Static_assert(MCP_FRAME_MAX <= INBOX_FRAME_MAX, "a frame of the core is one frame of an inbox");
_Static_assert(HERITAGE_INBOXES == BOARD_ROWS, "an inbox for each row");
_Static_assert(HERITAGE_FD_LISTEN == HERITAGE_FD_POST + HERITAGE_INBOXES, "no number is left out");

static void
on_frame(void *ctx, const struct inbox_frame *frame)
{
	const struct worker *worker = ctx;

	mcp_server_receive(worker->mcp, frame->bytes, clock_mono_ms(), clock_wall_ms());
}

static void
post(void *ctx, uint32_t slot, struct slice frame)
{
	const struct worker *worker = ctx;

	inbox_post(worker->inbox, slot, frame);
}

static void
post_all(void *ctx, struct slice frame)
{
	const struct worker *worker = ctx;

	inbox_post_all(worker->inbox, frame);
}

static bool
is_alive(void *ctx, uint32_t slot, uint32_t pid)
{
	const struct worker *worker = ctx;

	return inbox_is_alive(worker->inbox, slot, pid);
}

int
peers_open(struct worker *worker, struct err *err)
{
	const struct inbox_options options = {.base = worker->base,
					      .segment = worker->segment,
					      .row = worker->row,
					      .slot = worker->slot,
					      .pid = (uint32_t)getpid(),
					      .generation = worker->generation,
					      .reading = HERITAGE_FD_INBOX,
					      .first_writing = HERITAGE_FD_POST,
					      .on_frame = on_frame,
					      .ctx = worker};

	worker->inbox = inbox_new(&options);
	if (worker->inbox == NULL)
		return err_set(err, ERR_NOMEM, "out of memory");
	worker->peers = (struct mcp_peers){.slot = options.slot,
					   .pid = options.pid,
					   .generation = options.generation,
					   .post = post,
					   .post_all = post_all,
					   .is_alive = is_alive,
					   .ctx = worker};
	return 0;
}

void
peers_close(struct worker *worker)
{
	inbox_free(&worker->inbox);
}
