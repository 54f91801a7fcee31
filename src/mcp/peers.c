/*
 * peers.c - the other workers: frames go out and come in
 */
#include <string.h>

#include "asking.h"
#include "base/err.h"
#include "exchange.h"
#include "streams.h"
#include "watch.h"

/* ---- out ---- */

static int
seal(const struct mcp_server *server, struct frame *frame, struct buf *out)
{
	if (server->options.peers == NULL)
		return ERR_CLOSED;
	frame->slot = server->options.peers->slot;
	frame->pid = server->options.peers->pid;
	return frame_write(out, frame);
}

int
peers_post(const struct mcp_server *server, uint32_t slot, struct frame *frame)
{
	struct buf out;
	int r;

	buf_init(&out, MCP_FRAME_MAX);
	r = seal(server, frame, &out);
	if (r == 0)
		server->options.peers->post(server->options.peers->ctx, slot, buf_slice(&out));
	buf_fini(&out);
	return r;
}

int
peers_post_all(const struct mcp_server *server, struct frame *frame)
{
	struct buf out;
	int r;

	buf_init(&out, MCP_FRAME_MAX);
	r = seal(server, frame, &out);
	if (r == 0)
		server->options.peers->post_all(server->options.peers->ctx, buf_slice(&out));
	buf_fini(&out);
	return r;
}

bool
peers_is_alive(const struct mcp_server *server, uint32_t slot, uint32_t pid)
{
	const struct mcp_peers *peers = server->options.peers;

	return peers != NULL && peers->is_alive(peers->ctx, slot, pid);
}

/* ---- in ---- */

static void
receive_session_end(struct mcp_server *server, const struct frame *frame)
{
	watch_end_session(server, frame->principal, frame->session);
	streams_end_session(server, frame->principal, frame->session);
}

static void (*const handlers[FRAME_KINDS])(struct mcp_server *server, const struct frame *frame) = {
    [FRAME_CANCEL] = exchange_receive_cancel,  [FRAME_RESPONSE] = asking_receive,
    [FRAME_CHANGE] = watch_receive_change,     [FRAME_LISTS] = watch_receive_lists,
    [FRAME_SESSION_END] = receive_session_end, [FRAME_STREAM_END] = watch_receive_stream_end,
    [FRAME_PULL] = replay_receive_pull,	       [FRAME_PIECE] = replay_receive_piece,
    [FRAME_WAIT] = replay_receive_wait,	       [FRAME_ENDED] = replay_receive_ended,
};

void
mcp_server_receive(struct mcp_server *server, struct slice frame, uint64_t now_mono_ms, uint64_t now_wall_ms)
{
	struct frame read;

	server->now = (struct session_now){.mono_ms = now_mono_ms, .wall_ms = now_wall_ms};
	if (frame_read(frame, &read) < 0 || handlers[read.kind] == NULL)
		server->foreign_frames++;
	else
		handlers[read.kind](server, &read);
}
