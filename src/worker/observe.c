/*
 * observe.c - counts what actions and upstreams do, in this worker's row of the board
 */
#include <string.h>

#include "worker_private.h"

static void
on_call(void *ctx, const struct action *action, int fault_code, uint64_t took_us)
{
	struct worker *worker = ctx;
	uint32_t tool = (uint32_t)action_registry_index(worker->registry, action);

	if (fault_code == FAULT_RATE_LIMITED)
		board_add(worker->row, BOARD_RATE_LIMITED, 1);
	board_tool_done(worker->row, tool, fault_code != FAULT_NONE, took_us);
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

static void
on_upstream(void *ctx, const char *store, int status, enum fetch_outcome outcome, uint64_t took_us)
{
	struct worker *worker = ctx;
	uint32_t upstream = upstream_index(worker, store);

	if (outcome == FETCH_OK && status < 400)
		board_upstream_done(worker->row, upstream, took_us);
	else
		board_upstream_failed(worker->row, upstream, failure_of(status, outcome), took_us);
}

void
observe_env(struct worker *worker)
{
	worker->env.on_call = on_call;
	worker->env.on_upstream = on_upstream;
	worker->env.observer = worker;
}
