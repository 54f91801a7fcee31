/*
 * upkeep.c - what a server does without being asked: time passes, it retires, it is counted
 */
#include "asking.h"
#include "streams.h"
#include "watch.h"

#define READ_MS 3000 /* a reader that is there asks more often */

/* A worker that begins tells what it offers; those who offer something else tell their clients. */
static void
announce(struct mcp_server *server)
{
	struct frame frame = {.kind = FRAME_LISTS};

	for (size_t i = 0; i < FRAME_LISTS_COUNT; i++)
		frame.digests[i] = server->digests[i];
	server->has_announced = true;
	(void)peers_post_all(server, &frame);
}

void
mcp_server_tick(struct mcp_server *server, uint64_t now_mono_ms)
{
	if (now_mono_ms > server->now.mono_ms) {
		server->now.wall_ms += now_mono_ms - server->now.mono_ms;
		server->now.mono_ms = now_mono_ms;
	}
	if (!server->has_announced)
		announce(server);
	asking_tick(server, server->now.mono_ms);
	streams_tick(server);
	watch_tick(server);
}

void
mcp_server_retire(struct mcp_server *server)
{
	server->is_retiring = true;
	watch_retire(server);
}

bool
mcp_server_is_read(const struct mcp_server *server)
{
	uint64_t now_ms = server->now.mono_ms;

	return event_store_is_read(server->events, now_ms > READ_MS ? now_ms - READ_MS : 0);
}

void
mcp_server_gauges(const struct mcp_server *server, struct mcp_gauges *gauges_r)
{
	struct event_store_stats kept;

	event_store_stats(server->events, &kept);
	*gauges_r = (struct mcp_gauges){
	    .listeners = server->n_watchers,
	    .kept_streams = kept.streams,
	    .kept_bytes = kept.bytes,
	    .dropped_events = kept.dropped + server->undelivered,
	    .foreign_frames = server->foreign_frames,
	};
}
