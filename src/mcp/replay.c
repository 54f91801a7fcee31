/*
 * replay.c - a stream of one worker, read by a client of another one
 *
 * The reader pulls piece by piece: it says which event it knows and how much of the next one, and gets bytes, or is
 * told to wait, or that this is the end.  A pull can be repeated at any time with the same effect, so nothing is lost
 * with a lost frame; and as there is one piece under way at most, neither side queues anything.
 */
#include <stdlib.h>

#include "base/err.h"
#include "streams.h"

#define PULL_AGAIN_MS 2000 /* after so long without a word */
#define GIVE_UP_MS 10000   /* a stream that nobody has confirmed */
#define COME_BACK_MS 1000

/* ---- the reader ---- */

static void
pull(struct remote_stream *remote)
{
	struct mcp_exchange *x = remote->x;
	struct frame frame = {
	    .kind = FRAME_PULL,
	    .principal = slice_from_str(x->session.principal),
	    .session = slice_from_str(x->session_id),
	    .stream = remote->at.serial,
	    .number = remote->at.number,
	    .offset = remote->part.len,
	    .total = remote->has_begun ? 1 : 0,
	    .cookie = remote->cookie,
	};

	remote->asked_ms = x->server->now.mono_ms;
	(void)peers_post(x->server, remote->at.slot, &frame); /* the tick tries again */
}

void
replay_begin(struct mcp_exchange *x, const struct event_id *id)
{
	struct mcp_server *server = x->server;
	struct remote_stream *remote;

	if (!peers_is_alive(server, id->slot, id->pid)) {
		streams_refuse(x);
		return;
	}
	remote = calloc(1, sizeof(*remote));
	if (remote == NULL) {
		exchange_answer_shortage(x);
		return;
	}
	remote->x = x;
	remote->at = *id;
	remote->cookie = ++server->last_cookie;
	remote->since_ms = server->now.mono_ms;
	buf_init(&remote->part, server->options.keep_events_bytes);
	LIST_INSERT_HEAD(&server->remote_streams, remote, link);
	x->remote = remote;
	pull(remote);
}

void
replay_leave(struct mcp_exchange *x)
{
	if (x->remote == NULL)
		return;
	LIST_REMOVE(x->remote, link);
	buf_fini(&x->remote->part);
	free(x->remote);
	x->remote = NULL;
}

static void
give_up(struct remote_stream *remote)
{
	struct mcp_exchange *x = remote->x;

	if (!remote->has_begun) {
		streams_refuse(x);
		return;
	}
	x->retry_ms = COME_BACK_MS;
	exchange_answer_empty(x, 200);
}

static void
look_after(struct mcp_server *server, struct remote_stream *remote)
{
	if (!peers_is_alive(server, remote->at.slot, remote->at.pid))
		give_up(remote);
	else if (!remote->has_begun && server->now.mono_ms >= remote->since_ms + GIVE_UP_MS)
		exchange_answer_shortage(remote->x);
	else if (server->now.mono_ms >= remote->asked_ms + PULL_AGAIN_MS)
		pull(remote);
}

void
replay_tick(struct mcp_server *server)
{
	struct remote_stream *remote = LIST_FIRST(&server->remote_streams);

	while (remote != NULL) {
		struct remote_stream *next = LIST_NEXT(remote, link);

		look_after(server, remote);
		remote = next;
	}
}

/* NULL: the reader is gone, or the frame is not from whom it was asked. */
static struct remote_stream *
find_remote(struct mcp_server *server, const struct frame *frame)
{
	struct remote_stream *remote;

	LIST_FOREACH(remote, &server->remote_streams, link)
	{
		if (remote->cookie == frame->cookie)
			return remote->at.slot == frame->slot && remote->at.pid == frame->pid ? remote : NULL;
	}
	return NULL;
}

/* The first word from the other worker: the stream is there. */
static void
begin(struct remote_stream *remote)
{
	if (remote->has_begun)
		return;
	remote->has_begun = true;
	(void)streams_prime(remote->x, &remote->at);
}

/* False: not what was asked for, a piece that came twice. */
static bool
take_piece(struct remote_stream *remote, const struct frame *frame)
{
	return frame->number == remote->at.number + 1 && frame->offset == remote->part.len &&
	       frame->total <= remote->part.max && frame->body.len <= frame->total - frame->offset &&
	       buf_put_slice(&remote->part, frame->body) == 0;
}

void
replay_receive_piece(struct mcp_server *server, const struct frame *frame)
{
	struct remote_stream *remote = find_remote(server, frame);
	int r = 0;

	if (remote == NULL)
		return;
	begin(remote);
	if (frame->offset > frame->total || !take_piece(remote, frame))
		return;
	if (remote->part.len == frame->total) {
		remote->at.number++;
		r = streams_pass(remote->x, &remote->at, buf_slice(&remote->part));
		buf_clear(&remote->part);
	}
	if (r == 0)
		pull(remote);
}

void
replay_receive_wait(struct mcp_server *server, const struct frame *frame)
{
	struct remote_stream *remote = find_remote(server, frame);

	if (remote != NULL)
		begin(remote);
}

void
replay_receive_ended(struct mcp_server *server, const struct frame *frame)
{
	struct remote_stream *remote = find_remote(server, frame);

	if (remote == NULL)
		return;
	if (frame->number == FRAME_END_UNKNOWN) {
		give_up(remote);
		return;
	}
	begin(remote);
	exchange_answer_empty(remote->x, 200);
}

/* ---- the worker that keeps the stream ---- */

static void
say_ended(struct mcp_server *server, uint32_t slot, uint64_t cookie, enum frame_end end)
{
	struct frame frame = {.kind = FRAME_ENDED, .cookie = cookie, .number = end};

	(void)peers_post(server, slot, &frame);
}

void
replay_dismiss(struct mcp_server *server, struct stream *stream, enum frame_end end)
{
	say_ended(server, stream->remote.slot, stream->remote.cookie, end);
	stream->remote = (struct remote_reader){.cookie = 0};
}

static void
send_piece(struct mcp_server *server, const struct stream *stream, const struct kept_event *event, uint64_t offset)
{
	size_t len = event->len - (size_t)offset;
	struct frame frame = {
	    .kind = FRAME_PIECE,
	    .cookie = stream->remote.cookie,
	    .number = event->number,
	    .offset = offset,
	    .total = event->len,
	    .body = slice_of(event->data + offset, len < FRAME_BODY_MAX ? len : FRAME_BODY_MAX),
	};

	(void)peers_post(server, stream->remote.slot, &frame);
}

void
replay_offer(struct mcp_server *server, struct stream *stream)
{
	const struct kept_event *event;

	if (!stream->remote.waits)
		return;
	stream->remote.waits = false;
	event = stream_event_after(stream, stream->remote.number);
	if (event != NULL)
		send_piece(server, stream, event, 0);
	else
		replay_dismiss(server, stream, FRAME_END_UNKNOWN);
}

static void
serve_pull(struct mcp_server *server, struct stream *stream, const struct frame *frame)
{
	const struct kept_event *event = stream_event_after(stream, frame->number);
	struct frame wait = {.kind = FRAME_WAIT, .cookie = frame->cookie};

	stream->remote.number = frame->number;
	stream->remote.asked_ms = server->now.mono_ms;
	stream->remote.waits = event == NULL && !stream->has_ended;
	if (event != NULL && frame->offset < event->len)
		send_piece(server, stream, event, frame->offset);
	else if (event != NULL)
		replay_dismiss(server, stream, FRAME_END_UNKNOWN);
	else if (stream->has_ended)
		replay_dismiss(server, stream, FRAME_END_DONE);
	else
		(void)peers_post(server, frame->slot, &wait);
}

static bool
is_reader(const struct remote_reader *reader, const struct frame *frame)
{
	return reader->cookie == frame->cookie && reader->slot == frame->slot && reader->pid == frame->pid;
}

void
replay_receive_pull(struct mcp_server *server, const struct frame *frame)
{
	struct stream *stream = stream_find(server->events, frame->principal, frame->session, frame->stream);

	if (frame->cookie == 0)
		return;
	if (stream == NULL || !stream_has_after(stream, frame->number)) {
		say_ended(server, frame->slot, frame->cookie, FRAME_END_UNKNOWN);
		return;
	}
	/* It has been replaced, and did not know it yet when it asked: it takes nothing back. */
	if (!is_reader(&stream->remote, frame) && frame->total != 0) {
		say_ended(server, frame->slot, frame->cookie, FRAME_END_REPLACED);
		return;
	}
	if (!is_reader(&stream->remote, frame)) {
		streams_replace_reader(server, stream);
		stream->remote =
		    (struct remote_reader){.cookie = frame->cookie, .slot = frame->slot, .pid = frame->pid};
	}
	serve_pull(server, stream, frame);
}
