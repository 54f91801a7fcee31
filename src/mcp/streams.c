/*
 * streams.c - events of calls: kept, sent, read again
 */
#include "streams.h"

#include "base/err.h"

/* A client that comes back too early costs a little, one that waits too long sees the answer late. */
#define COME_BACK_MS 1000

static struct event_id
id_of(const struct mcp_server *server, const struct stream *stream)
{
	const struct mcp_peers *peers = server->options.peers;
	struct event_id id = {.serial = stream->serial, .number = stream->last};

	if (peers != NULL) {
		id.slot = peers->slot;
		id.pid = peers->pid;
		id.generation = peers->generation;
	}
	return id;
}

int
streams_pass(struct mcp_exchange *x, const struct event_id *at, struct slice message)
{
	char text[EVENT_ID_CAP];

	return x->channel.send(x->channel.ctx, &(struct mcp_event){.id = event_id_format(at, text), .data = message});
}

/* an event without data, so that the client knows where it is, and that it is listened to. */
int
streams_prime(struct mcp_exchange *x, const struct event_id *at)
{
	return streams_pass(x, at, SLICE_NONE);
}

/* ---- the call's side ---- */

static bool
is_due(const struct mcp_exchange *x)
{
	return x->protocol == MCP_2025_11_25 && x->request.transport == MCP_HTTP && x->has_session &&
	       x->msg.kind == RPC_REQUEST && x->has_client && x->request.takes_events;
}

void
streams_begin(struct mcp_exchange *x)
{
	struct event_id id;

	if (x->stream != NULL || !is_due(x) || exchange_keep_id(x) < 0)
		return;
	x->stream = stream_new(x->server->events, slice_from_str(x->session.principal), slice_from_str(x->session_id));
	if (x->stream == NULL) /* then it is answered without events */
		return;
	x->stream->call = x;
	id = id_of(x->server, x->stream);
	(void)streams_prime(x, &id); /* mcp_server_hangup() follows if it failed */
}

/* Those who read in the call's own client's place. */
static void
tell_readers(struct mcp_server *server, struct stream *stream, const struct event_id *id, struct slice message)
{
	if (stream->reader != NULL)
		(void)streams_pass(stream->reader, id, message);
	replay_offer(server, stream);
}

int
streams_send(struct mcp_exchange *x, struct slice message)
{
	struct mcp_server *server = x->server;
	struct stream *stream = x->stream;
	struct event_id id;

	stream_put(server->events, stream, message);
	id = id_of(server, stream);
	tell_readers(server, stream, &id, message);
	if (x->has_client)
		(void)streams_pass(x, &id, message);
	else if (stream->reader == NULL && stream_event_after(stream, stream->last - 1) == NULL)
		return ERR_NOMEM;
	return 0;
}

static void
answer_end(struct mcp_exchange *x, uint32_t retry_ms)
{
	x->retry_ms = retry_ms;
	exchange_answer_empty(x, 200);
}

static void
end_reader(struct stream *stream, uint32_t retry_ms)
{
	struct mcp_exchange *reader = stream->reader;

	if (reader == NULL)
		return;
	stream->reader = NULL;
	reader->reads = NULL;
	answer_end(reader, retry_ms);
}

struct slice
streams_finish(struct mcp_exchange *x, struct slice message, char text_r[static EVENT_ID_CAP])
{
	struct mcp_server *server = x->server;
	struct stream *stream = x->stream;
	struct slice text = SLICE_NONE;
	struct event_id id;

	x->stream = NULL;
	stream->call = NULL;
	if (message.len > 0) {
		stream_put(server->events, stream, message);
		id = id_of(server, stream);
		text = event_id_format(&id, text_r);
		tell_readers(server, stream, &id, message);
	}
	end_reader(stream, 0);
	if (stream->remote.waits)
		replay_dismiss(server, stream, FRAME_END_DONE);
	stream_end(server->events, stream, server->now.mono_ms);
	return text;
}

/* the client's connection is given free; what comes is kept for it. */
bool
exchange_can_let_go(const struct mcp_exchange *x)
{
	return x->stream != NULL || is_due(x);
}

void
exchange_let_go(struct mcp_exchange *x, uint32_t retry_ms)
{
	streams_begin(x);
	if (x->stream == NULL || !x->has_client)
		return;
	x->retry_ms = retry_ms;
	exchange_dismiss_client(x);
}

/* ---- the reader's side ---- */

void
streams_refuse(struct mcp_exchange *x)
{
	struct rpc_fault fault;

	rpc_fault_init(&fault);
	rpc_fault_set(
	    &fault, RPC_INVALID_REQUEST, NULL,
	    "Nothing is kept behind this Last-Event-ID. Send the request again if its answer is still needed.");
	exchange_answer_fault_with(x, 404, &fault);
}

void
streams_replace_reader(struct mcp_server *server, struct stream *stream)
{
	if (stream->call != NULL && stream->call->has_client)
		exchange_dismiss_client(stream->call);
	end_reader(stream, 0);
	if (stream->remote.cookie != 0)
		replay_dismiss(server, stream, FRAME_END_REPLACED);
}

/* The reader is told what has been; for a stream that has ended that is all. */
static void
read_here(struct mcp_exchange *x, struct stream *stream, const struct event_id *from)
{
	const struct kept_event *event;
	struct event_id at = *from;
	int r;

	streams_replace_reader(x->server, stream);
	r = streams_prime(x, &at);
	TAILQ_FOREACH(event, &stream->events, link)
	{
		if (r < 0 || event->number <= from->number)
			continue;
		at.number = event->number;
		r = streams_pass(x, &at, slice_of(event->data, event->len));
	}
	if (stream->has_ended) {
		answer_end(x, r < 0 ? COME_BACK_MS : 0);
		return;
	}
	stream->reader = x;
	x->reads = stream;
}

static bool
is_ours(const struct mcp_server *server, const struct event_id *id)
{
	const struct mcp_peers *peers = server->options.peers;

	return peers == NULL ||
	       (id->slot == peers->slot && id->pid == peers->pid && id->generation == peers->generation);
}

void
streams_resume(struct mcp_exchange *x, const struct event_id *id)
{
	struct mcp_server *server = x->server;
	struct stream *stream;

	if (!is_ours(server, id)) {
		replay_begin(x, id);
		return;
	}
	stream = stream_find(server->events, slice_from_str(x->session.principal), slice_from_str(x->session_id),
			     id->serial);
	if (stream == NULL || !stream_has_after(stream, id->number))
		streams_refuse(x);
	else
		read_here(x, stream, id);
}

/* ---- ends ---- */

void
streams_leave(struct mcp_exchange *x)
{
	struct stream *stream = x->stream;

	if (stream != NULL) { /* stopped: there will be no answer to come back for */
		x->stream = NULL;
		stream->call = NULL;
		end_reader(stream, 0);
		if (stream->remote.cookie != 0)
			replay_dismiss(x->server, stream, FRAME_END_DONE);
		stream_free(x->server->events, stream);
	}
	if (x->reads != NULL)
		x->reads->reader = NULL;
	x->reads = NULL;
	replay_leave(x);
}

void
streams_tick(struct mcp_server *server)
{
	event_store_expire(server->events, server->now.mono_ms);
	replay_tick(server);
}

static bool
reads_in(const struct mcp_exchange *x, struct slice principal, struct slice session)
{
	return (x->reads != NULL || x->remote != NULL) && slice_is(session, x->session_id) &&
	       slice_is(principal, x->session.principal);
}

void
streams_end_session(struct mcp_server *server, struct slice principal, struct slice session)
{
	struct mcp_exchange *x = LIST_FIRST(&server->exchanges);

	while (x != NULL) {
		struct mcp_exchange *next = LIST_NEXT(x, link);

		if (reads_in(x, principal, session))
			answer_end(x, 0);
		x = next;
	}
	event_store_forget(server->events, principal, session);
}
