/*
 * stream_world.h - a worker of which only the streams are there, and its clients, for tests
 */
#ifndef STREAM_WORLD_H
#define STREAM_WORLD_H

#include "../http/world.h"
#include "admission.h"
#include "event_stream.h"
#include "shm/board.h"
#include "worker_private.h"

struct stream_world {
	struct world http;
	struct worker worker;
	struct config config;
	struct config_list no_list;
	struct segment *segment;
	struct segment_keys *keys;
};

static inline void
stream_world_open(struct stream_world *w)
{
	const struct segment_config config = {.slots = 64};
	struct err err;

	*w = (struct stream_world){.config = {.http = {.streams_per_principal = 3, .max_streams = 5}}};
	assert_int_equal(segment_keys_create(&w->keys, &err), 0);
	assert_int_equal(segment_create(&config, w->keys, &w->segment, &err), 0);
	world_init(&w->http);
	w->http.ops.on_connect = NULL;
	w->http.ops.on_waiting = NULL;
	w->http.handle = handle_hold;
	w->worker.config = &w->config;
	w->worker.hosts.allowed_hosts = &w->no_list;
	w->worker.hosts.allowed_origins = &w->no_list;
	w->worker.segment = w->segment;
	w->worker.row = board_claim_row(w->segment, 0, 1, 1, 1);
	event_streams_init(&w->worker.streams);
	assert_int_equal(admission_open(&w->worker), 0);
}

static const struct principal anyone = {.name = "anyone"};

static inline void
stream_world_close(struct stream_world *w)
{
	assert_int_equal(w->worker.streams.n_open, 0);
	assert_int_equal(w->worker.streams.n_standing, 0);
	assert_int_equal(w->worker.streams.n_forsaken, 0);
	world_stop(&w->http);
	admission_close(&w->worker);
	segment_free(&w->segment);
	segment_keys_free(&w->keys);
}

/* A client whose request is held. */
static inline struct http_request *
stream_world_visit(struct stream_world *w, struct client *client, const char *request)
{
	size_t n = w->http.n_held;

	client_connect(&w->http, client);
	client_send(client, request);
	world_until(&w->http, w->http.n_held == n + 1);
	return w->http.held[n];
}

static inline uint64_t
stream_world_count(const struct stream_world *w, enum board_counter which)
{
	return board_total(w->segment, which);
}

static inline void
stream_end(struct event_stream *stream)
{
	event_stream_fini(stream);
	http_request_release(&stream->req);
}

#endif
