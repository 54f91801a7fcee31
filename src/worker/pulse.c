/*
 * pulse.c - the heartbeat: proves to the supervisor that the loop turns (P16), measures how late it turns (P17), and
 * keeps the gauges and the table fresh
 */
#include <event2/event.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "holders.h"
#include "base/turn.h"
#include "worker_private.h"

#define PULSE_MS 250
#define SWEEP_MS 1000
#define FULL_SAID_MS 10000
#define SWEEP_ROUNDS 60 /* the whole table once a minute */

static void
put_gauges(struct worker *worker, const struct mcp_gauges *core)
{
	const struct http_stats *stats = http_server_stats(worker->http);

	board_set(worker->row, BOARD_CONNECTIONS_NOW, stats->connections_now);
	board_set(worker->row, BOARD_CALLS_IN_FLIGHT, fiber_pool_alive(worker->fibers));
	board_set(worker->row, BOARD_STREAMS_NOW, worker->streams.n_open);
	board_set(worker->row, BOARD_LISTENERS, core->listeners);
	board_set(worker->row, BOARD_STREAMS_KEPT, core->kept_streams);
	board_set(worker->row, BOARD_STREAM_BYTES_KEPT, core->kept_bytes);
}

static void
bring(struct worker *worker, enum board_counter which, uint64_t now, uint64_t *before)
{
	if (now > *before)
		board_add(worker->row, which, now - *before);
	*before = now;
}

/* Counters that other modules keep for themselves; the board gets what came since the last time. */
static void
put_counters(struct worker *worker, const struct mcp_gauges *core)
{
	const struct http_stats *stats = http_server_stats(worker->http);
	struct turn_totals turns;

	turn_totals(&turns);
	bring(worker, BOARD_TURNS, turns.turns, &worker->counted.turns);
	bring(worker, BOARD_LAG_OVER_10MS, turns.long_turns, &worker->counted.long_turns);
	bring(worker, BOARD_LAG_OVER_50MS, turns.very_long_turns, &worker->counted.very_long_turns);
	bring(worker, BOARD_CONNECTIONS_TOTAL, stats->connections_total, &worker->counted.connections);
	bring(worker, BOARD_CONNECTIONS_REFUSED, stats->accept_refused, &worker->counted.refused);
	bring(worker, BOARD_STREAMS_CUT, stats->streams_cut, &worker->counted.streams_cut);
	bring(worker, BOARD_BYTES_IN, stats->bytes_in, &worker->counted.bytes_in);
	bring(worker, BOARD_BYTES_OUT, stats->bytes_out, &worker->counted.bytes_out);
	bring(worker, BOARD_TIMEOUTS_HEAD, stats->timeouts_head, &worker->counted.timeouts_head);
	bring(worker, BOARD_TIMEOUTS_BODY, stats->timeouts_body, &worker->counted.timeouts_body);
	bring(worker, BOARD_TIMEOUTS_WRITE, stats->timeouts_write, &worker->counted.timeouts_write);
	bring(worker, BOARD_TIMEOUTS_IDLE, stats->timeouts_idle, &worker->counted.timeouts_idle);
	bring(worker, BOARD_CLIENTS_GONE, stats->clients_gone, &worker->counted.clients_gone);
	bring(worker, BOARD_EVENTS_DROPPED, core->dropped_events, &worker->counted.events_dropped);
	bring(worker, BOARD_LOG_DROPPED, log_dropped(), &worker->counted.log_dropped);
}

/* One line for each time that it fills up, and not more than one in FULL_SAID_MS. */
static void
tell_full(struct worker *worker, uint64_t now_ms)
{
	const struct http_stats *stats = http_server_stats(worker->http);

	if (stats->accept_paused == worker->counted.filled || now_ms < worker->full_quiet_until_ms)
		return;
	worker->counted.filled = stats->accept_paused;
	worker->full_quiet_until_ms = now_ms + FULL_SAID_MS;
	log_write(LOG_WARN, "connections_full", LOG_U64("connections", stats->connections_now),
		  LOG_STR("cure", "raise server.max_connections or server.workers, or let idle connections go sooner "
				  "(http.idle_timeout_ms)"),
		  LOG_END);
}

static void
on_pulse(evutil_socket_t fd, short what, void *ctx)
{
	struct worker *worker = ctx;
	uint64_t now_us = clock_mono_us();
	struct mcp_gauges core;

	turn_enter("heartbeat");
	(void)fd;
	(void)what;
	board_heartbeat(worker->row, now_us / 1000);
	board_lag(worker->row, now_us > worker->next_pulse_us ? now_us - worker->next_pulse_us : 0);
	worker->next_pulse_us = now_us + PULSE_MS * 1000;
	mcp_server_gauges(worker->mcp, &core);
	put_gauges(worker, &core);
	put_counters(worker, &core);
	tell_full(worker, now_us / 1000);
	scheduling_pulse(&worker->scheduling, now_us / 1000);
	board_set(worker->row, BOARD_IS_BATCH, worker->scheduling.is_batch);
	endpoint_http_pulse(worker, now_us / 1000);
}

static void
on_sweep(evutil_socket_t fd, short what, void *ctx)
{
	struct worker *worker = ctx;
	uint32_t groups = segment_groups(worker->segment);
	uint32_t workers = worker->n_workers;
	size_t budget = groups / workers / SWEEP_ROUNDS + 1;

	turn_enter("sweep");
	(void)fd;
	(void)what;
	holders_tick(worker->holders, clock_mono_ms());
	mcp_server_tick(worker->mcp, clock_mono_ms());
	sessions_sweep(&worker->sessions, worker->slot % workers, workers, budget, action_now());
}

int
pulse_start(struct worker *worker)
{
	const struct timeval pulse = {.tv_sec = 0, .tv_usec = PULSE_MS * 1000};
	const struct timeval sweep = {.tv_sec = SWEEP_MS / 1000, .tv_usec = 0};

	worker->next_pulse_us = clock_mono_us() + PULSE_MS * 1000;
	worker->pulse_event = event_new(worker->base, -1, EV_PERSIST, on_pulse, worker);
	worker->sweep_event = event_new(worker->base, -1, EV_PERSIST, on_sweep, worker);
	if (worker->pulse_event == NULL || worker->sweep_event == NULL)
		return ERR_NOMEM;
	if (event_add(worker->pulse_event, &pulse) < 0 || event_add(worker->sweep_event, &sweep) < 0)
		return ERR_NOMEM;
	return 0;
}

void
pulse_stop(struct worker *worker)
{
	if (worker->pulse_event != NULL)
		event_free(worker->pulse_event);
	if (worker->sweep_event != NULL)
		event_free(worker->sweep_event);
	worker->pulse_event = worker->sweep_event = NULL;
}
