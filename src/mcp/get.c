/*
 * get.c - HTTP GET: a legacy session's own stream, or the rest of a broken one
 *
 * The shared table says which worker holds the stream of a session, so there is one.  A holder that is dead is
 * replaced; one that lives is replaced by whoever comes back with the id of one of its events, for then the client has
 * lost that connection.  What happened in between is not kept: the ids carry what the lists were like, and where they
 * differ by now the client is told.
 */
#include "base/err.h"
#include "streams.h"
#include "watch.h"

static void
refuse(struct mcp_exchange *x, int http_status, const char *text)
{
	struct rpc_fault fault;

	rpc_fault_init(&fault);
	rpc_fault_set(&fault, RPC_INVALID_REQUEST, NULL, "%s", text);
	exchange_answer_fault_with(x, http_status, &fault);
}

static struct mcp_session_stream
stream_of(const struct watcher *watcher)
{
	const struct mcp_peers *peers = watcher->x->server->options.peers;
	struct mcp_session_stream stream = {.serial = watcher->serial};

	if (peers != NULL) {
		stream.slot = peers->slot;
		stream.pid = peers->pid;
		stream.generation = peers->generation;
	}
	return stream;
}

static int
swap(const struct mcp_exchange *x, const struct mcp_session_stream *expect, const struct mcp_session_stream *want,
     struct mcp_session_stream *holder_r)
{
	return mcp_session_swap_stream(x->server->options.env->sessions, slice_from_str(x->request.principal->name),
				       slice_from_str(x->session_id), x->server->now, expect, want, holder_r);
}

bool
get_event_id(const struct watcher *watcher, struct event_id *id_r)
{
	const struct mcp_exchange *x = watcher->x;
	struct mcp_session_stream stream = stream_of(watcher);

	if (x->protocol != MCP_2025_11_25 || x->request.transport != MCP_HTTP)
		return false;
	*id_r = (struct event_id){
	    .is_get = true,
	    .slot = stream.slot,
	    .pid = stream.pid,
	    .generation = stream.generation,
	    .serial = stream.serial,
	    .number = watcher->number,
	};
	for (size_t i = 0; i < FRAME_LISTS_COUNT; i++)
		id_r->digests[i] = x->server->digests[i];
	return true;
}

void
get_release(struct watcher *watcher)
{
	struct mcp_session_stream mine = stream_of(watcher);

	(void)swap(watcher->x, &mine, NULL, NULL); /* a session that is over has none */
}

/* ---- one stream per session ---- */

static bool
is_here(const struct mcp_session_stream *holder, const struct mcp_session_stream *mine)
{
	return holder->slot == mine->slot && holder->pid == mine->pid && holder->generation == mine->generation;
}

static struct watcher *
find_here(struct mcp_server *server, uint32_t serial)
{
	struct watcher *watcher;

	LIST_FOREACH(watcher, &server->watchers, link)
	{
		if (watcher->serial == serial)
			return watcher;
	}
	return NULL;
}

static bool
may_replace(struct mcp_server *server, const struct mcp_session_stream *holder, const struct mcp_session_stream *mine,
	    const struct event_id *from)
{
	if (from != NULL && from->slot == holder->slot && from->pid == holder->pid &&
	    from->generation == holder->generation && from->serial == holder->serial)
		return true;
	if (is_here(holder, mine))
		return find_here(server, holder->serial) == NULL;
	return !peers_is_alive(server, holder->slot, holder->pid);
}

static void
dismiss(struct mcp_exchange *x, const struct mcp_session_stream *holder, const struct mcp_session_stream *mine)
{
	struct watcher *old = is_here(holder, mine) ? find_here(x->server, holder->serial) : NULL;
	struct frame frame = {
	    .kind = FRAME_STREAM_END,
	    .principal = slice_from_str(x->request.principal->name),
	    .session = slice_from_str(x->session_id),
	    .stream = holder->serial,
	};

	if (old != NULL)
		exchange_answer_empty(old->x, 200);
	else if (!is_here(holder, mine))
		(void)peers_post(x->server, holder->slot, &frame);
}

/* ERR_EXISTS: the session has a stream. */
static int
take_hold(struct watcher *watcher, const struct event_id *from)
{
	struct mcp_exchange *x = watcher->x;
	struct mcp_session_stream mine = stream_of(watcher), holder;
	int r = swap(x, NULL, &mine, &holder);

	if (r != ERR_EXISTS || !may_replace(x->server, &holder, &mine, from))
		return r;
	r = swap(x, &holder, &mine, NULL);
	if (r == 0)
		dismiss(x, &holder, &mine);
	return r;
}

/* ---- opening ---- */

/* R-100; and what the client cannot have heard of. */
static void
greet(struct watcher *watcher, const struct event_id *from)
{
	struct mcp_server *server = watcher->x->server;
	struct event_id id;

	if (get_event_id(watcher, &id))
		(void)streams_prime(watcher->x, &id);
	for (size_t i = 0; from != NULL && i < FRAME_LISTS_COUNT; i++) {
		struct action_change change = {.kind = (enum action_change_kind)(ACTION_CHANGE_TOOLS + i)};

		if (from->digests[i] != server->digests[i] && (watcher->kinds & WATCH_KIND(change.kind)) != 0)
			watch_send_change(watcher, &change);
	}
}

static void
refuse_stream(struct mcp_exchange *x, int r)
{
	if (r == ERR_EXISTS)
		refuse(
		    x, 409,
		    "This session has an open stream already. Close it, or come back with the id of its last event.");
	else
		refuse(x, 404, "This session is not known or has ended.");
}

static void
open_stream(struct mcp_exchange *x, const struct event_id *from)
{
	struct mcp_server *server = x->server;
	struct watcher *watcher;
	int r;

	if (watch_begin(x, watch_offered(server), 0, &watcher) < 0) {
		exchange_answer_shortage(x);
		return;
	}
	watcher->serial = ++server->last_watcher;
	r = take_hold(watcher, from);
	if (r < 0) {
		watcher->serial = 0; /* it holds nothing */
		refuse_stream(x, r);
		return;
	}
	greet(watcher, from);
	if (server->is_retiring)
		watch_end(watcher);
}

static void
serve(struct mcp_exchange *x)
{
	struct slice last = x->request.headers.last_event_id;
	struct event_id from;

	if (legacy_open_session(x) < 0)
		return;
	if (!x->request.takes_events)
		refuse(x, 406, "Accept must include text/event-stream.");
	else if (last.ptr == NULL)
		open_stream(x, NULL);
	else if (event_id_parse(last, &from) < 0)
		refuse(x, 400, "This Last-Event-ID was not given by this server.");
	else if (from.is_get)
		open_stream(x, &from);
	else
		streams_resume(x, &from);
}

bool
mcp_exchange_is_open(const struct mcp_exchange *exchange)
{
	return exchange->watcher != NULL || exchange->reads != NULL;
}

void
mcp_server_get(struct mcp_server *server, const struct mcp_request *request, const struct mcp_channel *channel,
	       struct mcp_exchange **exchange_r)
{
	struct mcp_exchange *x = exchange_new(server, request, channel);
	struct mcp_exchange *alive = x;

	server->now = (struct session_now){.mono_ms = request->now_mono_ms, .wall_ms = request->now_wall_ms};
	*exchange_r = NULL;
	if (x == NULL) {
		channel->answer(channel->ctx, &(struct mcp_answer){.http_status = 503, .method = "", .tool = ""});
		return;
	}
	x->is_get = true;
	x->method = "GET";
	x->msg.kind = RPC_NOTIFICATION; /* there is no id to answer with */
	x->protocol = MCP_LATEST_LEGACY;
	x->owner = &alive;
	serve(x);
	if (alive != NULL) {
		alive->owner = NULL;
		*exchange_r = alive;
	}
}
