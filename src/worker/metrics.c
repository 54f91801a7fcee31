/*
 * metrics.c - Prometheus text exposition, format 0.0.4
 *
 * Sums over all workers come from the board, so any worker may be asked and totals never go backwards when one dies.
 */
#include <inttypes.h>

#include "shm/breaker.h"
#include "worker_private.h"

static void
put_head(struct buf *out, const char *name, const char *type, const char *help)
{
	buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void
put_single(struct buf *out, const char *name, const char *type, const char *help, uint64_t value)
{
	put_head(out, name, type, help);
	buf_printf(out, "%s %" PRIu64 "\n", name, value);
}

/* ---- the server as a whole ---- */

/* One counter by a label: a family of counters of the board. */
struct split {
	const char *name, *help, *label;
	struct {
		const char *value;
		enum board_counter which;
	} parts[6]; /* up to one without a value */
};

static const struct split splits[] = {
    {"magento_mcp_limited_total",
     "Refusals because a caller or an address wanted more than it may, by limit.",
     "limit",
     {{"requests", BOARD_LIMITED_REQUESTS},
      {"calls", BOARD_LIMITED_CALLS},
      {"sessions", BOARD_LIMITED_SESSIONS},
      {"streams", BOARD_STREAMS_REFUSED},
      {"connections", BOARD_LIMITED_CONNECTIONS},
      {"queued_bytes", BOARD_LIMITED_BYTES}}},
    {"magento_mcp_http_responses_total",
     "HTTP answers by class of status.",
     "status",
     {{"2xx", BOARD_RESPONSES_2XX},
      {"3xx", BOARD_RESPONSES_3XX},
      {"4xx", BOARD_RESPONSES_4XX},
      {"5xx", BOARD_RESPONSES_5XX}}},
    {"magento_mcp_http_timeouts_total",
     "Connections closed because a client took too long over it; idle: because it asked for nothing more.",
     "over",
     {{"head", BOARD_TIMEOUTS_HEAD},
      {"body", BOARD_TIMEOUTS_BODY},
      {"answer", BOARD_TIMEOUTS_WRITE},
      {"idle", BOARD_TIMEOUTS_IDLE}}},
};

static void
put_split(struct worker *worker, struct buf *out, const struct split *split)
{
	put_head(out, split->name, "counter", split->help);
	for (size_t i = 0; i < ARRAY_LEN(split->parts) && split->parts[i].value != NULL; i++)
		buf_printf(out, "%s{%s=\"%s\"} %" PRIu64 "\n", split->name, split->label, split->parts[i].value,
			   board_total(worker->segment, split->parts[i].which));
}

static void
put_totals(struct worker *worker, struct buf *out)
{
	static const struct {
		enum board_counter which;
		const char *name;
		const char *help;
	} rows[] = {
	    {BOARD_REQUESTS, "magento_mcp_http_requests_total", "HTTP requests answered."},
	    {BOARD_CONNECTIONS_TOTAL, "magento_mcp_connections_total", "Client connections accepted."},
	    {BOARD_CONNECTIONS_REFUSED, "magento_mcp_connections_refused_total",
	     "Connections answered 503 for want of descriptors or room."},
	    {BOARD_BYTES_IN, "magento_mcp_http_received_bytes_total", "Bytes received from clients."},
	    {BOARD_BYTES_OUT, "magento_mcp_http_sent_bytes_total", "Bytes sent to clients."},
	    {BOARD_CLIENTS_GONE, "magento_mcp_clients_gone_total", "Clients that left before they had their answer."},
	    {BOARD_LOG_DROPPED, "magento_mcp_log_lines_dropped_total", "Log lines lost because the sink was full."},
	    {BOARD_AUDIT_LOST, "magento_mcp_audit_lost_total", "Audit records that could not be written."},
	    {BOARD_REFUSED_UNTOLD, "magento_mcp_refusals_not_told_total",
	     "Refused requests that the log counts but does not show: limits.refused_lines."},
	    {BOARD_AUTH_REFUSED, "magento_mcp_auth_refused_total", "Requests without a valid client token."},
	    {BOARD_PENALTIES, "magento_mcp_penalties_total",
	     "Bad tokens refused with 429, because their address had sent too many."},
	    {BOARD_RATE_LIMITED, "magento_mcp_rate_limited_total", "Tool calls refused by a rate limit."},
	    {BOARD_ISSUER_FETCHES, "magento_mcp_issuer_fetches_total",
	     "Times that the authorization server's keys were fetched."},
	    {BOARD_ISSUER_FAILURES, "magento_mcp_issuer_failures_total",
	     "Times that the authorization server's keys could not be fetched."},
	    {BOARD_INBOX_RECEIVED, "magento_mcp_inbox_frames_total", "Messages that workers got from each other."},
	    {BOARD_INBOX_DROPPED, "magento_mcp_inbox_dropped_total",
	     "Messages to another worker that were lost: it had gone, or did not read them."},
	    {BOARD_INBOX_STALE, "magento_mcp_inbox_stale_total",
	     "Messages that came too late: the worker they were meant for had been replaced."},
	    {BOARD_STREAMS_OPENED, "magento_mcp_streams_opened_total", "Event streams begun."},
	    {BOARD_STREAMS_RESUMED, "magento_mcp_streams_resumed_total",
	     "Event streams taken up again with Last-Event-ID."},
	    {BOARD_STREAMS_REFUSED, "magento_mcp_streams_refused_total",
	     "Event streams refused because the caller or the worker holds too many."},
	    {BOARD_STREAMS_CUT, "magento_mcp_streams_cut_total", "Event streams cut because the reader was too slow."},
	    {BOARD_EVENTS_SENT, "magento_mcp_events_sent_total", "Events sent on streams."},
	    {BOARD_EVENTS_DROPPED, "magento_mcp_events_dropped_total",
	     "Events that were not kept or not delivered for want of room."},
	    {BOARD_TURNS, "magento_mcp_loop_turns_total", "Turns of the event loops."},
	    {BOARD_LAG_OVER_10MS, "magento_mcp_loop_lag_over_10ms_total",
	     "Turns of an event loop that took 10 ms or more; all its other clients waited."},
	    {BOARD_LAG_OVER_50MS, "magento_mcp_loop_lag_over_50ms_total",
	     "Turns of an event loop that took 50 ms or more."},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		put_single(out, rows[i].name, "counter", rows[i].help, board_total(worker->segment, rows[i].which));
	for (size_t i = 0; i < ARRAY_LEN(splits); i++)
		put_split(worker, out, &splits[i]);
	put_single(out, "magento_mcp_connections", "gauge", "Client connections open now.",
		   board_total_gauge(worker->segment, BOARD_CONNECTIONS_NOW));
	put_single(out, "magento_mcp_streams", "gauge", "Event streams open now.",
		   board_total_gauge(worker->segment, BOARD_STREAMS_NOW));
	put_single(out, "magento_mcp_listeners", "gauge", "GET streams and subscriptions open now.",
		   board_total_gauge(worker->segment, BOARD_LISTENERS));
	put_single(out, "magento_mcp_streams_kept", "gauge", "Broken streams whose events are kept for their clients.",
		   board_total_gauge(worker->segment, BOARD_STREAMS_KEPT));
	put_single(out, "magento_mcp_streams_kept_bytes", "gauge", "Bytes of those events.",
		   board_total_gauge(worker->segment, BOARD_STREAM_BYTES_KEPT));
	put_single(out, "magento_mcp_workers_batch", "gauge",
		   "Busy workers that let others finish before they run: server.scheduling.",
		   board_total_gauge(worker->segment, BOARD_IS_BATCH));
	put_single(out, "magento_mcp_calls_in_flight", "gauge", "Tool calls running now.",
		   board_total_gauge(worker->segment, BOARD_CALLS_IN_FLIGHT));
}

static void
put_table(struct worker *worker, struct buf *out)
{
	static const struct {
		enum table_kind kind;
		const char *name;
	} kinds[] = {{TABLE_LOGIN, "login"},
		     {TABLE_MCP_SESSION, "mcp_session"},
		     {TABLE_TOKEN, "token"},
		     {TABLE_QUOTA, "quota"},
		     {TABLE_NONCE, "nonce"}};
	struct table_stats stats;

	table_stats(worker->table, &stats);
	put_single(out, "magento_mcp_table_slots", "gauge", "Records that the shared table can hold.",
		   segment_slots(worker->segment));
	put_head(out, "magento_mcp_table_records", "gauge", "Records in the shared table, by kind.");
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		buf_printf(out, "magento_mcp_table_records{kind=\"%s\"} %zu\n", kinds[i].name,
			   table_count(worker->table, kinds[i].kind));
	put_single(out, "magento_mcp_table_evictions_total", "counter", "Records that made room for others.",
		   stats.evictions);
	put_single(out, "magento_mcp_table_expired_total", "counter", "Records whose time was over.", stats.expired);
	put_single(out, "magento_mcp_table_full_total", "counter", "Records that found no room.", stats.full);
	put_single(out, "magento_mcp_table_owner_deaths_total", "counter",
		   "Locks taken over from a worker that died holding them.", stats.owner_deaths);
	put_single(out, "magento_mcp_table_corrupt_total", "counter", "Records dropped because their checksum failed.",
		   stats.dropped_corrupt);
}

static void
put_service(struct worker *worker, struct buf *out)
{
	put_single(out, "magento_mcp_crash_loops_total", "counter",
		   "Times that workers crashed again and again for the same reason; the log tells which.",
		   board_service_total(worker->segment, BOARD_CRASH_LOOPS));
	put_single(out, "magento_mcp_keeper_respawns_total", "counter", "Keepers started in place of one that died.",
		   board_service_total(worker->segment, BOARD_KEEPER_RESPAWNS));
}

/* ---- each worker ---- */

static void
put_workers(struct worker *worker, struct buf *out)
{
	put_head(out, "magento_mcp_worker_up", "gauge",
		 "1 for each worker that is ready, 0 for one that starts or drains.");
	for (uint32_t slot = 0; slot < BOARD_ROWS; slot++) {
		enum board_state state = board_state(board_row(worker->segment, slot));

		if (state != BOARD_EMPTY && state != BOARD_DEAD)
			buf_printf(out, "magento_mcp_worker_up{slot=\"%" PRIu32 "\"} %d\n", slot, state == BOARD_READY);
	}
	put_head(out, "magento_mcp_worker_loop_lag_max_seconds", "gauge",
		 "Longest delay of a heartbeat, due every 250 ms, since the worker began.");
	for (uint32_t slot = 0; slot < BOARD_ROWS; slot++) {
		struct board_status status;

		board_read(board_row(worker->segment, slot), &status);
		if (status.state == BOARD_READY || status.state == BOARD_DRAINING)
			buf_printf(out, "magento_mcp_worker_loop_lag_max_seconds{slot=\"%" PRIu32 "\"} %.6f\n", slot,
				   (double)status.lag_max_us / 1e6);
	}
	put_head(out, "magento_mcp_worker_starts_total", "counter",
		 "Workers started in each slot; more than one: respawns.");
	for (uint32_t slot = 0; slot < BOARD_ROWS; slot++) {
		struct board_status status;

		board_read(board_row(worker->segment, slot), &status);
		if (status.counters[BOARD_STARTS] > 0)
			buf_printf(out, "magento_mcp_worker_starts_total{slot=\"%" PRIu32 "\"} %" PRIu64 "\n", slot,
				   status.counters[BOARD_STARTS]);
	}
}

/* ---- who holds the loops ---- */

static void
put_holders(struct worker *worker, struct buf *out)
{
	struct board_holder holders[BOARD_HOLDERS];
	size_t n = board_total_holders(worker->segment, holders);

	put_head(out, "magento_mcp_loop_held_total", "counter",
		 "Times that one tool or callback held an event loop for 10 ms or more.");
	for (size_t i = 0; i < n; i++)
		buf_printf(out, "magento_mcp_loop_held_total{holder=\"%s\"} %" PRIu64 "\n", holders[i].name,
			   holders[i].times);
	put_head(out, "magento_mcp_loop_held_seconds_total", "counter", "Time of those.");
	for (size_t i = 0; i < n; i++)
		buf_printf(out, "magento_mcp_loop_held_seconds_total{holder=\"%s\"} %.3f\n", holders[i].name,
			   (double)holders[i].held_ms / 1e3);
	put_head(out, "magento_mcp_loop_held_longest_seconds", "gauge", "The longest of those.");
	for (size_t i = 0; i < n; i++)
		buf_printf(out, "magento_mcp_loop_held_longest_seconds{holder=\"%s\"} %.3f\n", holders[i].name,
			   (double)holders[i].longest_ms / 1e3);
}

/* ---- tools and stores ---- */

static void
put_histogram(struct buf *out, const char *name, const char *label, const char *value,
	      const uint64_t buckets[static BOARD_BUCKETS], uint64_t sum_us)
{
	uint64_t count = 0;

	for (size_t i = 0; i < BOARD_BUCKETS; i++) {
		count += buckets[i];
		if (board_bucket_ms[i] == UINT32_MAX)
			buf_printf(out, "%s_bucket{%s=\"%s\",le=\"+Inf\"} %" PRIu64 "\n", name, label, value, count);
		else
			buf_printf(out, "%s_bucket{%s=\"%s\",le=\"%g\"} %" PRIu64 "\n", name, label, value,
				   board_bucket_ms[i] / 1000.0, count);
	}
	buf_printf(out, "%s_sum{%s=\"%s\"} %.6f\n%s_count{%s=\"%s\"} %" PRIu64 "\n", name, label, value,
		   (double)sum_us / 1e6, name, label, value, count);
}

/* One family of actions: their errors and how long they took. */
struct family {
	const char *errors, *errors_help;
	const char *duration, *duration_help;
	const char *label;
	uint32_t first, end; /* numbers of action_registry_index() */
	const char *(*name)(const struct action_registry *registry, size_t index);
};

static void
put_family(struct worker *worker, struct buf *out, const struct family *family)
{
	struct board_tool total;

	put_head(out, family->errors, "counter", family->errors_help);
	for (uint32_t i = family->first; i < family->end; i++) {
		board_total_tool(worker->segment, i, &total);
		buf_printf(out, "%s{%s=\"%s\"} %" PRIu64 "\n", family->errors, family->label,
			   family->name(worker->registry, i), total.errors);
	}
	put_head(out, family->duration, "histogram", family->duration_help);
	for (uint32_t i = family->first; i < family->end; i++) {
		board_total_tool(worker->segment, i, &total);
		put_histogram(out, family->duration, family->label, family->name(worker->registry, i), total.buckets,
			      total.duration_us);
	}
}

static const char *
action_name(const struct action_registry *registry, size_t index)
{
	return action_registry_action_at(registry, index)->name;
}

static void
put_tools(struct worker *worker, struct buf *out)
{
	uint32_t tools = (uint32_t)action_registry_count(worker->registry);
	const struct family families[] = {
	    {"magento_mcp_tool_errors_total", "Tool calls that ended in an error.", "magento_mcp_tool_duration_seconds",
	     "Time that tool calls took.", "tool", 0, tools, action_registry_tool_name},
	    {"magento_mcp_guide_errors_total", "Prompts, resources and suggestions that ended in an error.",
	     "magento_mcp_guide_duration_seconds", "Time that prompts, resources and suggestions took.", "action",
	     tools, (uint32_t)action_registry_action_count(worker->registry), action_name},
	};

	for (size_t i = 0; i < ARRAY_LEN(families); i++)
		put_family(worker, out, &families[i]);
}

static const char *
upstream_name(const struct worker *worker, uint32_t upstream)
{
	return upstream < worker->config->n_stores ? worker->config->stores[upstream].name : "other";
}

static void
put_upstreams(struct worker *worker, struct buf *out)
{
	static const char *const reasons[BOARD_FAILURES] = {"connect",	 "tls",	     "timeout",	 "reset",
							    "too_large", "http_4xx", "http_5xx", "other"};
	uint32_t n = (uint32_t)worker->config->n_stores + 1;
	struct board_upstream total;

	put_head(out, "magento_mcp_upstream_failures_total", "counter", "Requests to a store that failed, by reason.");
	for (uint32_t i = 0; i < n && i < BOARD_UPSTREAMS; i++) {
		board_total_upstream(worker->segment, i, &total);
		for (size_t why = 0; why < BOARD_FAILURES; why++)
			buf_printf(out, "magento_mcp_upstream_failures_total{store=\"%s\",reason=\"%s\"} %" PRIu64 "\n",
				   upstream_name(worker, i), reasons[why], total.failures[why]);
	}
	put_head(out, "magento_mcp_upstream_breaker_open", "gauge",
		 "1 while a store that does not answer is left alone.");
	for (uint32_t i = 0; i + 1 < n && i < BOARD_UPSTREAMS; i++)
		buf_printf(out, "magento_mcp_upstream_breaker_open{store=\"%s\"} %d\n", upstream_name(worker, i),
			   breaker_is_open(worker->segment, i));
	put_head(out, "magento_mcp_upstream_duration_seconds", "histogram", "Time that requests to a store took.");
	for (uint32_t i = 0; i < n && i < BOARD_UPSTREAMS; i++) {
		board_total_upstream(worker->segment, i, &total);
		put_histogram(out, "magento_mcp_upstream_duration_seconds", "store", upstream_name(worker, i),
			      total.buckets, total.duration_us);
	}
}

int
metrics_render(struct worker *worker, struct buf *out)
{
	put_head(out, "magento_mcp_build_info", "gauge", "Version of the program.");
	buf_printf(out, "magento_mcp_build_info{version=\"%s\",generation=\"%" PRIu32 "\"} 1\n", MAGENTO_MCP_VERSION,
		   worker->generation);
	put_totals(worker, out);
	put_table(worker, out);
	put_service(worker, out);
	put_workers(worker, out);
	put_holders(worker, out);
	put_tools(worker, out);
	put_upstreams(worker, out);
	return out->failed;
}
