/*
 * env.c - what actions run with, the same in a worker and in a stdio process: sessions in the table, the way to the
 * shops, the keeper, the audit log, and the protocol core in front of them
 */
#include <event2/event.h>
#include <unistd.h>

#include "audit/audit.h"
#include "base/clock.h"
#include "base/fd.h"
#include "keeper/keeper.h"
#include "worker_private.h"

#define FIBERS_MAX 4096
#define FIBERS_IDLE 64
#define SCOPE_CACHE_STORES 64
#define SCOPE_CACHE_MS 60000
#define CONNECTIONS_TOTAL 256
#define SESSIONS_PART 4 /* of the table: no caller fills it alone */

int
env_open_sessions(struct worker *worker, struct err *err)
{
	const struct config *config = worker->config;
	struct session_limits limits;
	int r = table_new(worker->segment, worker->keys, &worker->table);

	if (r < 0)
		return err_set(err, (enum err_code)r, "the shared table cannot be used: %s", err_name(r));
	session_limits_default(&limits);
	limits.login_idle_ms = config->session.idle_ms;
	limits.login_age_ms = config->session.max_age_ms;
	limits.mcp_idle_ms = config->session.idle_ms;
	limits.mcp_age_ms = config->session.max_age_ms;
	limits.logins_per_principal = config->session.logins_per_principal;
	limits.mcp_per_address = config->limits.sessions_per_address;
	limits.mcp_per_principal = config->session.mcp_sessions_per_principal;
	if (limits.mcp_per_principal > segment_slots(worker->segment) / SESSIONS_PART)
		limits.mcp_per_principal = segment_slots(worker->segment) / SESSIONS_PART;
	limits.login_failures = config->session.failed_logins;
	limits.login_failure_window_ms = config->session.failed_login_window_ms;
	sessions_init(&worker->sessions, worker->table, worker->keys, &limits);
	worker->row = board_claim_row(worker->segment, worker->slot, getpid(), worker->generation, clock_mono_ms());
	if (worker->row == NULL)
		return err_set(err, ERR_INVALID, "there is no row %u on the board", worker->slot);
	return 0;
}

static struct fetch *
open_fetch(struct worker *worker, struct err *err)
{
	const struct config *config = worker->config;
	const struct fetch_options options = {
	    .ca_file = config->magento.ca_file[0] != '\0' ? config->magento.ca_file : NULL,
	    .verify_tls = config->magento.verify_tls,
	    .connect_timeout_ms = (uint32_t)config->magento.connect_timeout_ms,
	    .connections_per_host = config->magento.connections_per_store,
	    .connections_total = CONNECTIONS_TOTAL,
	    .user_agent = "magento-mcp/" MAGENTO_MCP_VERSION,
	    .scrubs_memory = true,
	};

	return fetch_new(worker->base, &options, err);
}

static void
on_change(void *ctx, const struct action_change *change)
{
	struct worker *worker = ctx;

	mcp_server_change(worker->mcp, change);
}

static void
fill_env(struct worker *worker)
{
	worker->env = (struct action_env){
	    .config = worker->config,
	    .sessions = &worker->sessions,
	    .keeper = worker->keeper,
	    .audit = worker->audit,
	    .fetch = worker->fetch,
	    .fibers = worker->fibers,
	    .pools = &worker->pools,
	    .scopes = worker->scopes,
	    .no_params = json_object(),
	    .wait_ms = pause_ms,
	    .waiter = worker->base,
	    .on_change = on_change,
	    .watcher = worker,
	};
	observe_env(worker);
}

static struct mcp_server *
make_core(struct worker *worker)
{
	const struct mcp_options options = {
	    .title = worker->config->server.name,
	    .version = MAGENTO_MCP_VERSION,
	    .registry = worker->registry,
	    .env = &worker->env,
	    .peers = worker->inbox != NULL ? &worker->peers : NULL,
	    .max_result_bytes = worker->config->magento.max_result_bytes,
	    .ask_timeout_ms = worker->config->session.ask_timeout_ms,
	    .keep_events_ms = worker->config->http.stream_keep_ms,
	    .keep_events_bytes = worker->config->http.stream_keep_bytes,
	};

	return mcp_server_new(&options);
}

/* A worker was given the file; whoever has no supervisor opens it. */
static struct audit *
open_audit(struct worker *worker, struct err *err)
{
	bool is_off = worker->config->audit.path[0] == '\0';
	struct audit *audit;

	if (worker->audit_fd < 0)
		return audit_open(worker->config->audit.path, err);
	if (is_off)
		fd_close(&worker->audit_fd);
	audit = audit_adopt(is_off ? -1 : worker->audit_fd);
	if (audit == NULL)
		err_set(err, ERR_NOMEM, "out of memory");
	else
		audit_share_end(audit, board_audit_end(worker->segment));
	return audit;
}

int
env_make(struct worker *worker, const struct keeper_options *keeper, struct err *err)
{
	worker->fibers = fiber_pool_new(FIBERS_MAX, FIBERS_IDLE);
	worker->scopes = scope_cache_new(SCOPE_CACHE_STORES, SCOPE_CACHE_MS);
	worker->registry = action_registry_new(worker->product);
	if (worker->fibers == NULL || worker->scopes == NULL || worker->registry == NULL)
		return err_set(err, ERR_NOMEM, "out of memory");
	worker->fetch = open_fetch(worker, err);
	if (worker->fetch == NULL)
		return err->code < 0 ? err->code : ERR_NOMEM;
	worker->keeper = keeper_new(worker->base, keeper, err);
	if (worker->keeper == NULL)
		return err->code;
	worker->audit = open_audit(worker, err);
	if (worker->audit == NULL)
		return err->code;
	fill_env(worker);
	worker->mcp = make_core(worker);
	return worker->mcp != NULL ? 0 : err_set(err, ERR_NOMEM, "out of memory");
}

void
env_free(struct worker *worker)
{
	mcp_server_free(&worker->mcp);
	peers_close(worker); /* the core may have had a last word for them */
	keeper_free(&worker->keeper);
	audit_free(&worker->audit);
	fetch_free(&worker->fetch);
	fiber_pool_free(&worker->fibers);
	json_decref(worker->env.no_params);
	pool_shelf_fini(&worker->pools);
	scope_cache_free(&worker->scopes);
	action_registry_free(&worker->registry);
	auth_free(&worker->auth);
	if (worker->base != NULL)
		event_base_free(worker->base);
	worker->base = NULL;
	table_free(&worker->table);
	segment_keys_free(&worker->keys);
	segment_free(&worker->segment);
}
