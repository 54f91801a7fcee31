#include "watch.h"

#include <stdlib.h>

#include "base/enc.h"
#include "base/err.h"
#include "rpc/answer.h"

#define LOOK_MS 15000 /* how often a session is looked up that nothing happens in */
#define MESSAGE_SLACK 512

static const char *const notifications[] = {
    [ACTION_CHANGE_TOOLS] = "notifications/tools/list_changed",
    [ACTION_CHANGE_PROMPTS] = "notifications/prompts/list_changed",
    [ACTION_CHANGE_RESOURCES] = "notifications/resources/list_changed",
    [ACTION_CHANGE_RESOURCE] = "notifications/resources/updated",
};

/* ---- begin and end ---- */

/* */
static uint64_t
deadline_of(const struct mcp_exchange *x)
{
	const struct mcp_request *request = &x->request;
	uint64_t expires = request->principal->expires_ms;

	if (expires == 0)
		return UINT64_MAX;
	return request->now_mono_ms + (expires > request->now_wall_ms ? expires - request->now_wall_ms : 0);
}

int
watch_begin(struct mcp_exchange *x, unsigned kinds, size_t n_uris, struct watcher **watcher_r)
{
	struct mcp_server *server = x->server;
	struct watcher *watcher;

	*watcher_r = NULL;
	if (server->n_watchers >= WATCH_MAX)
		return ERR_FULL;
	watcher = calloc(1, sizeof(*watcher) + n_uris * sizeof(watcher->uris[0]));
	if (watcher == NULL)
		return ERR_NOMEM;
	watcher->x = x;
	watcher->kinds = kinds;
	watcher->n_uris = n_uris;
	watcher->deadline_ms = deadline_of(x);
	watcher->looked_ms = server->now.mono_ms;
	LIST_INSERT_HEAD(&server->watchers, watcher, link);
	server->n_watchers++;
	x->watcher = watcher;
	*watcher_r = watcher;
	return 0;
}

void
watch_leave(struct mcp_exchange *x)
{
	struct watcher *watcher = x->watcher;

	if (watcher == NULL)
		return;
	x->watcher = NULL;
	LIST_REMOVE(watcher, link);
	x->server->n_watchers--;
	if (watcher->serial != 0)
		get_release(watcher);
	free(watcher);
}

void
watch_end(struct watcher *watcher)
{
	if (watcher->serial == 0) {
		listen_end(watcher);
		return;
	}
	watcher->x->retry_ms = WATCH_COME_BACK_MS;
	exchange_answer_empty(watcher->x, 200);
}

/* ---- telling ---- */

/* each message names the subscription that it belongs to. */
static int
put_params(struct buf *out, const struct watcher *watcher, const struct action_change *change)
{
	bool is_tagged = watcher->serial == 0, has_uri = change->kind == ACTION_CHANGE_RESOURCE;

	buf_put_char(out, '{');
	if (is_tagged) {
		buf_put_str(out, "\"_meta\":{\"io.modelcontextprotocol/subscriptionId\":");
		buf_put_slice(out, watcher->x->msg.id);
		buf_put_char(out, '}');
	}
	if (has_uri) {
		buf_put_str(out, is_tagged ? ",\"uri\":" : "\"uri\":");
		enc_json_put(out, change->uri);
	}
	return buf_put_char(out, '}');
}

static int
render(struct buf *out, const struct watcher *watcher, const struct action_change *change)
{
	struct buf params;
	int r;

	buf_init(&params, out->max);
	r = put_params(&params, watcher, change);
	if (r == 0)
		r = rpc_write_notification(out, notifications[change->kind], buf_slice(&params));
	buf_fini(&params);
	return r;
}

void
watch_send_change(struct watcher *watcher, const struct action_change *change)
{
	struct mcp_exchange *x = watcher->x;
	char text[EVENT_ID_CAP];
	struct mcp_event event = {.id = SLICE_NONE};
	struct event_id id;
	struct buf out;
	int r;

	buf_init(&out, 6 * change->uri.len + x->msg.id.len + MESSAGE_SLACK);
	r = render(&out, watcher, change);
	if (r == 0) {
		watcher->number++;
		event.data = buf_slice(&out);
		if (watcher->serial != 0 && get_event_id(watcher, &id))
			event.id = event_id_format(&id, text);
		r = x->channel.send(x->channel.ctx, &event);
	}
	if (r < 0)
		x->server->undelivered++;
	buf_fini(&out);
}

static bool
wants(const struct watcher *watcher, const struct action_change *change, uint64_t uri)
{
	const char *principal = watcher->x->request.principal->name;

	if ((watcher->kinds & WATCH_KIND(change->kind)) == 0)
		return false;
	if (change->principal.len > 0 && !slice_is(change->principal, principal))
		return false;
	if (change->kind != ACTION_CHANGE_RESOURCE || watcher->serial != 0)
		return true;
	for (size_t i = 0; i < watcher->n_uris; i++) {
		if (watcher->uris[i] == uri)
			return true;
	}
	return false;
}

/* False: the session is over. */
static bool
look_up(struct watcher *watcher, struct mcp_session *session_r)
{
	struct mcp_exchange *x = watcher->x;
	struct mcp_server *server = x->server;

	watcher->looked_ms = server->now.mono_ms;
	return mcp_session_use(server->options.env->sessions, slice_from_str(x->request.principal->name),
			       slice_from_str(x->session_id), server->now, session_r) == 0;
}

static void
tell_session(struct watcher *watcher, const struct action_change *change, uint64_t uri)
{
	struct mcp_session session;

	if (!look_up(watcher, &session)) {
		watch_end(watcher);
		return;
	}
	if (!session.initialized) /* */
		return;
	if (change->kind != ACTION_CHANGE_RESOURCE || mcp_session_is_subscribed(&session, uri))
		watch_send_change(watcher, change);
}

/* Those of this worker. */
static void
tell_watchers(struct mcp_server *server, const struct action_change *change)
{
	struct watcher *watcher = LIST_FIRST(&server->watchers);
	uint64_t uri = mcp_session_uri_hash(server->options.env->sessions, change->uri);

	while (watcher != NULL) {
		struct watcher *next = LIST_NEXT(watcher, link);

		if (wants(watcher, change, uri) && watcher->serial != 0)
			tell_session(watcher, change, uri);
		else if (wants(watcher, change, uri))
			watch_send_change(watcher, change);
		watcher = next;
	}
}

void
mcp_server_change(struct mcp_server *server, const struct action_change *change)
{
	struct frame frame = {.kind = FRAME_CHANGE,
			      .number = change->kind,
			      .principal = change->principal,
			      .body = change->kind == ACTION_CHANGE_RESOURCE ? change->uri : SLICE_NONE};

	if (peers_post_all(server, &frame) == ERR_NOMEM)
		server->undelivered++;
	tell_watchers(server, change);
}

/* ---- what other workers say ---- */

void
watch_receive_change(struct mcp_server *server, const struct frame *frame)
{
	struct action_change change = {.uri = frame->body, .principal = frame->principal};

	if (frame->number < ACTION_CHANGE_TOOLS || frame->number > ACTION_CHANGE_RESOURCE ||
	    !slice_is_utf8(frame->body)) {
		server->foreign_frames++;
		return;
	}
	change.kind = (enum action_change_kind)frame->number;
	tell_watchers(server, &change);
}

/* Another program serves beside us, after a reload or during an upgrade: what it offers is the news. */
void
watch_receive_lists(struct mcp_server *server, const struct frame *frame)
{
	for (size_t i = 0; i < FRAME_LISTS_COUNT; i++) {
		struct action_change change = {.kind = (enum action_change_kind)(ACTION_CHANGE_TOOLS + i)};

		if (frame->digests[i] == server->digests[i] || frame->digests[i] == server->told_digests[i])
			continue;
		server->told_digests[i] = frame->digests[i];
		tell_watchers(server, &change);
	}
}

void
watch_receive_stream_end(struct mcp_server *server, const struct frame *frame)
{
	struct watcher *watcher;

	LIST_FOREACH(watcher, &server->watchers, link)
	{
		if (watcher->serial != 0 && watcher->serial == frame->stream &&
		    slice_is(frame->session, watcher->x->session_id) &&
		    slice_is(frame->principal, watcher->x->request.principal->name)) {
			exchange_answer_empty(watcher->x, 200);
			return;
		}
	}
}

/* ---- time, and the end ---- */

static void
look_after(struct mcp_server *server, struct watcher *watcher)
{
	struct mcp_session session;

	if (server->now.mono_ms >= watcher->deadline_ms)
		watch_end(watcher);
	else if (watcher->serial != 0 && server->now.mono_ms >= watcher->looked_ms + LOOK_MS &&
		 !look_up(watcher, &session))
		watch_end(watcher);
}

void
watch_tick(struct mcp_server *server)
{
	struct watcher *watcher = LIST_FIRST(&server->watchers);

	while (watcher != NULL) {
		struct watcher *next = LIST_NEXT(watcher, link);

		look_after(server, watcher);
		watcher = next;
	}
}

void
watch_retire(struct mcp_server *server)
{
	while (!LIST_EMPTY(&server->watchers))
		watch_end(LIST_FIRST(&server->watchers));
}

void
watch_end_session(struct mcp_server *server, struct slice principal, struct slice session)
{
	struct watcher *watcher = LIST_FIRST(&server->watchers);

	while (watcher != NULL) {
		struct watcher *next = LIST_NEXT(watcher, link);

		if (watcher->serial != 0 && slice_is(session, watcher->x->session_id) &&
		    slice_is(principal, watcher->x->request.principal->name))
			exchange_answer_empty(watcher->x, 200);
		watcher = next;
	}
}
