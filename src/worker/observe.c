/*
 * observe.c - counts what actions and upstreams do, in this worker's row of the board
 */
#include <string.h>

#include "base/clock.h"
#include "base/turn.h"
#include "shm/breaker.h"
#include "worker_private.h"

#define REPEATS_MAX 100

static void
on_call(void *ctx, const struct action *action, int fault_code, uint64_t took_us)
{
	struct worker *worker = ctx;
	uint32_t tool = (uint32_t)action_registry_index(worker->registry, action);

	if (fault_code == FAULT_RATE_LIMITED)
		board_add(worker->row, BOARD_RATE_LIMITED, 1);
	board_tool_done(worker->row, tool, fault_code != FAULT_NONE && fault_code != FAULT_INPUT_REQUIRED, took_us);
}

/* Stores are counted by their place in the configuration; addresses without a section share the place behind them. */
static uint32_t
upstream_index(const struct worker *worker, const char *store)
{
	for (size_t i = 0; store != NULL && i < worker->config->n_stores; i++) {
		if (strcmp(worker->config->stores[i].name, store) == 0)
			return (uint32_t)i;
	}
	return (uint32_t)worker->config->n_stores;
}

static enum board_failure
failure_of(int status, enum fetch_outcome outcome)
{
	switch (outcome) {
	case FETCH_OK:
		return status >= 500 ? BOARD_FAIL_HTTP_5XX : BOARD_FAIL_HTTP_4XX;
	case FETCH_RESOLVE:
	case FETCH_CONNECT:
		return BOARD_FAIL_CONNECT;
	case FETCH_TLS:
		return BOARD_FAIL_TLS;
	case FETCH_TIMEOUT:
		return BOARD_FAIL_TIMEOUT;
	case FETCH_BROKEN:
		return BOARD_FAIL_RESET;
	case FETCH_TOO_LARGE:
		return BOARD_FAIL_TOO_LARGE;
	case FETCH_NOMEM:
		break;
	}
	return BOARD_FAIL_OTHER;
}

/* Did the store fail to answer?  A refusal is an answer. */
static bool
is_outage(int status, enum fetch_outcome outcome)
{
	if (outcome == FETCH_OK)
		return status == 502 || status == 503 || status == 504;
	return outcome != FETCH_TOO_LARGE && outcome != FETCH_NOMEM;
}

/* Addresses without a section may be many different shops: they share no breaker. */
static bool
has_breaker(const struct worker *worker, uint32_t upstream)
{
	return upstream < worker->config->n_stores;
}

static bool
may_send(void *ctx, const char *store, uint64_t *retry_after_ms_r)
{
	struct worker *worker = ctx;
	uint32_t upstream = upstream_index(worker, store);

	return !has_breaker(worker, upstream) ||
	       breaker_allows(worker->segment, upstream, turn_mono_ms(), retry_after_ms_r);
}

/*
 * Repeating is for the odd failure.  Each request earns a tenth of a repetition, up to REPEATS_MAX saved ones, so that
 * a store in trouble gets at most a tenth more than its clients ask for.
 */
static bool
may_repeat(void *ctx, const char *store)
{
	struct worker *worker = ctx;
	uint32_t *tenths = &worker->repeat_tenths[upstream_index(worker, store)];

	if (*tenths < 10)
		return false;
	*tenths -= 10;
	return true;
}

static void
earn_repeat(struct worker *worker, uint32_t upstream)
{
	if (worker->repeat_tenths[upstream] < REPEATS_MAX * 10)
		worker->repeat_tenths[upstream]++;
}

static void
on_upstream(void *ctx, const char *store, int status, enum fetch_outcome outcome, uint64_t took_us)
{
	struct worker *worker = ctx;
	uint32_t upstream = upstream_index(worker, store);

	earn_repeat(worker, upstream);
	if (outcome == FETCH_OK && status < 400)
		board_upstream_done(worker->row, upstream, took_us);
	else
		board_upstream_failed(worker->row, upstream, failure_of(status, outcome), took_us);
	if (!has_breaker(worker, upstream))
		return;
	if (is_outage(status, outcome))
		breaker_failure(worker->segment, upstream, clock_mono_ms());
	else
		breaker_success(worker->segment, upstream);
}

void
observe_env(struct worker *worker)
{
	worker->env.on_call = on_call;
	worker->env.on_upstream = on_upstream;
	worker->env.may_send = may_send;
	worker->env.may_repeat = may_repeat;
	for (size_t i = 0; i < ARRAY_LEN(worker->repeat_tenths); i++)
		worker->repeat_tenths[i] = REPEATS_MAX * 10;
	worker->env.observer = worker;
}
