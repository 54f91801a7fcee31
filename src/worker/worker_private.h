/*
 * worker_private.h - the worker's one struct, passed down to its parts
 */
#ifndef WORKER_WORKER_PRIVATE_H
#define WORKER_WORKER_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>

#include "action/env.h"
#include "action/registry.h"
#include "auth/auth.h"
#include "base/fiber.h"
#include "base/pool.h"
#include "config/config.h"
#include "drain.h"
#include "event_stream.h"
#include "fetch/fetch.h"
#include "hosts.h"
#include "http/listener.h"
#include "http/server.h"
#include "magento/scope.h"
#include "mcp/server.h"
#include "scheduling.h"
#include "session/sessions.h"
#include "shm/board.h"
#include "shm/heritage.h"
#include "shm/segment.h"
#include "shm/table.h"

struct event;
struct keeper;
struct audit;
struct event_base;
struct issuer;
struct holders;
struct config_network;

struct worker {
	const struct action_product *product; /* what it serves */
	uint32_t slot;
	uint32_t generation;
	uint32_t n_listeners;
	uint32_t n_admin;
	uint32_t n_workers; /* of a generation; each sweeps its share of the table */
	uint64_t started_mono_ms;

	struct config *config;
	struct segment *segment;
	struct segment_keys *keys;
	struct table *table;
	struct sessions sessions;
	struct board_row *row;

	struct event_base *base;
	struct event *control_event;
	struct event *pulse_event;
	struct {
		struct event *event;
		uint64_t looks;
		uint64_t requests; /* at the last look */
		bool is_due;	   /* there is something to give back */
	} settle;
	struct scheduling scheduling;
	struct event *sweep_event;
	struct event *drain_event;
	struct event *signal_events[2];
	struct {
		uint64_t connections, refused, log_dropped, streams_cut, events_dropped;
		uint64_t turns, long_turns, very_long_turns, audit_lost;
		uint64_t bytes_in, bytes_out, clients_gone;
		uint64_t timeouts_head, timeouts_body, timeouts_write, timeouts_idle;
		uint64_t filled;
	} counted; /* what the board already has, or the log */
	uint64_t full_quiet_until_ms;
	uint64_t audit_gap;	/* records lost since one was written */
	uint64_t next_pulse_us; /* when the heartbeat is due: what it comes later by is the loop's lag */
	struct {
		uint64_t quiet_until_ms, unsaid;
	} held; /* what the log says of those who held the loop */

	struct fiber_pool *fibers;
	struct pool_shelf pools; /* of calls */
	struct fetch *fetch;
	struct keeper *keeper;
	struct audit *audit;
	int audit_fd; /* handed over by the supervisor; -1: there is none, open the file */
	struct scope_cache *scopes;
	struct action_registry *registry;
	struct action_env env;
	struct auth *auth;
	struct issuer *issuer; /* NULL unless auth.mode = oauth */
	struct inbox *inbox;   /* NULL: there are no other workers (stdio) */
	struct mcp_peers peers;
	struct mcp_server *mcp;
	struct hosts hosts;
	struct hosts admin_hosts;
	struct holders *holders;       /* of callers and addresses */
	struct config_network *exempt; /* addresses without limits */
	size_t n_exempt;

	struct http_server *http; /* /mcp */
	struct http_server *admin;
	struct event_streams streams; /* of /mcp */
	struct http_listener *listeners[HERITAGE_LISTENERS_MAX];
	uint32_t repeat_tenths[CONFIG_STORES_MAX + 1]; /* saved repetitions of each store's requests, in tenths */
	struct drain drain;
	uint64_t request_counter;
	char request_prefix[24]; /* of ids: GENERATION.SLOT. */
	size_t request_prefix_len;
	int exit_status;
};

/*
 * env.c: what actions run with, the same in a worker and in a stdio process.  env_open_sessions() wants config,
 * segment, keys and slot; env_make() also base.  env_free() frees what both made, base, keys and segment.
 */
struct keeper_options;
int env_open_sessions(struct worker *worker, struct err *err) MUST_CHECK;
int env_make(struct worker *worker, const struct keeper_options *keeper, struct err *err) MUST_CHECK;
void env_free(struct worker *worker);

/* endpoint_http.c: the MCP endpoint. */
extern const struct http_server_ops endpoint_http_ops;

/* At each pulse: quiet streams are kept open, broken ones let go. */
void endpoint_http_pulse(struct worker *worker, uint64_t now_ms);

/* admin.c: /healthz, /readyz, /metrics. */
extern const struct http_server_ops admin_ops;

/* metrics.c: the whole exposition, sums over all workers. */
int metrics_render(struct worker *worker, struct buf *out) MUST_CHECK;

/* observe.c: counters of tools and upstreams. */
void observe_env(struct worker *worker);

/* peers.c: the other workers, as the protocol core sees them. */
int peers_open(struct worker *worker, struct err *err) MUST_CHECK;
void peers_close(struct worker *worker);

/* lag.c: the event loop until it is told to break, with an account of who held it. */
int
lag_loop(struct worker *worker) MUST_CHECK; /* until it is told to end; ERR_IO: the loop has failed, and is logged */

/* pulse.c: heartbeat, lag, gauges; sweeping of the table. */
int pulse_start(struct worker *worker) MUST_CHECK;
void pulse_stop(struct worker *worker);

/* settle.c: what may wait until the worker is READY; memory given back after busy times.  Negative: no memory. */
int settle_start(struct worker *worker) MUST_CHECK;
void settle_stop(struct worker *worker);

/* retire.c: what the supervisor and signals ask for. */
int retire_start(struct worker *worker) MUST_CHECK;
void retire_stop(struct worker *worker);

/*
 * records.c: from records_hold() on, audit and log lines wait for records_flush(), which is called before answers leave
 * and at the end of each turn of the loop.
 */
void records_hold(struct worker *worker);
void records_flush(void *worker);

/* last_words.c: what a dying worker leaves on the board. */
void last_words_install(struct board_row *row);

/* pause.c: lets a fiber wait on the loop. */
int pause_ms(void *base, uint32_t ms);

#endif
