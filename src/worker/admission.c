/*
 * admission.c - see admission.h
 */
#include "admission.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "config/network.h"
#include "inbox.h"
#include "rpc/fault.h"
#include "session/penalty.h"
#include "worker_private.h"

#define CROWD_PART 8 /* of the table's slots */
#define TELL_MS 10000
#define FORGIVE_MS 1000 /* no need to look for old failures more often */

static bool
is_alive(void *ctx, uint32_t slot, uint32_t pid)
{
	const struct worker *worker = ctx;

	return inbox_is_alive(worker->inbox, slot, pid);
}

static int
read_exempt(struct worker *worker)
{
	const struct config_list *list = &worker->config->limits.exempt_addresses;

	worker->exempt = calloc(list->n + 1, sizeof(*worker->exempt));
	if (worker->exempt == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < list->n; i++) {
		if (config_network_parse(slice_from_str(list->items[i]), &worker->exempt[worker->n_exempt]) == 0)
			worker->n_exempt++;
	}
	return 0;
}

int
admission_open(struct worker *worker)
{
	struct holders_options options = {
	    .sessions = worker->sessions.table != NULL ? &worker->sessions : NULL,
	    .self = {.slot = worker->slot, .pid = (uint32_t)getpid(), .is_alive = is_alive, .ctx = worker},
	    .crowd_max = segment_slots(worker->segment) / CROWD_PART,
	};

	worker->holders = holders_new(&options);
	return worker->holders != NULL ? read_exempt(worker) : ERR_NOMEM;
}

void
admission_close(struct worker *worker)
{
	holders_free(&worker->holders);
	free(worker->exempt);
	worker->exempt = NULL;
	worker->n_exempt = 0;
}

/* ---- what is told ---- */

void
admission_tell(struct holder *holder, const char *limit)
{
	uint32_t missed = 0;

	if (holder == NULL || !holder_may_tell(holder, TELL_MS, clock_mono_ms(), &missed))
		return;
	log_write(LOG_NOTICE, "limited", LOG_STR("limit", limit),
		  LOG_STR(holder_is_address(holder) ? "address" : "principal", holder_name(holder)),
		  LOG_U64("not_told", missed), LOG_END);
}

void
admission_note(const struct worker *worker, struct holder *holder, enum board_counter which, const char *limit)
{
	board_add(worker->row, which, 1);
	admission_tell(holder, limit);
}

static uint32_t
seconds(uint64_t ms)
{
	return (uint32_t)((ms + 999) / 1000);
}

static int
refuse(struct refusal *refusal_r, uint64_t wait_ms, const char *message)
{
	*refusal_r = (struct refusal){
	    .status = 429, .code = RPC_TOO_MANY, .message = message, .retry_after_s = seconds(wait_ms)};
	return -1;
}

/* ---- addresses ---- */

static bool
is_exempt(const struct worker *worker, const uint8_t address[static CONFIG_ADDRESS_BYTES])
{
	for (size_t i = 0; i < worker->n_exempt; i++) {
		if (config_network_has(&worker->exempt[i], address))
			return true;
	}
	return false;
}

/* Without memory nothing is counted: whoever comes has other troubles. */
static struct holder *
find_address(const struct worker *worker, const char *peer, uint64_t now_ms)
{
	const struct config *config = worker->config;
	const struct share_rule rule = {
	    .per_second = config->limits.address_requests_per_second,
	    .burst = config->limits.address_requests_burst,
	    .limit = {[SHARE_CONNECTIONS] = config->limits.connections_per_address},
	};
	uint8_t address[CONFIG_ADDRESS_BYTES];
	char name[CONFIG_NETWORK_NAME_CAP];
	struct holder *holder = NULL;

	if (config_network_peer(slice_from_str(peer), address) < 0 || is_exempt(worker, address))
		return NULL;
	config_network_name(address, name);
	if (holders_find(worker->holders, HOLDER_ADDRESS, name, &rule, now_ms, &holder) < 0)
		return NULL;
	return holder;
}

bool
admission_connect(void *ctx, const char *peer, void **source_r)
{
	const struct worker *worker = ctx;
	uint64_t now_ms = clock_mono_ms();
	struct holder *holder = find_address(worker, peer, now_ms);

	if (!holders_take(worker->holders, holder, SHARE_CONNECTIONS, 1, now_ms)) {
		admission_note(worker, holder, BOARD_LIMITED_CONNECTIONS, "connections_per_address");
		return false;
	}
	*source_r = holder;
	return true;
}

void
admission_disconnect(void *ctx, void *source)
{
	const struct worker *worker = ctx;

	holders_give(worker->holders, source, SHARE_CONNECTIONS, 1, clock_mono_ms());
}

const char *
admission_address(const void *source)
{
	return holder_name(source);
}

int
admission_judge_address(const struct worker *worker, void *source, struct refusal *refusal_r)
{
	uint64_t wait_ms = source != NULL ? holders_request(worker->holders, source, clock_mono_ms()) : 0;

	if (wait_ms == 0)
		return 0;
	admission_note(worker, source, BOARD_LIMITED_REQUESTS, "address_requests_per_second");
	return refuse(refusal_r, wait_ms,
		      "Too many requests from this address. Wait as long as Retry-After says; the operator can raise "
		      "limits.address_requests_per_second.");
}

/* ---- bad tokens ---- */

static const char penalty_kind[] = "bad token";

/* The table is not part of what a const worker protects. */
static struct sessions *
sessions_of(const struct worker *worker)
{
	return worker->env.sessions;
}

void
admission_bad_token(const struct worker *worker, void *source, struct refusal *refusal)
{
	const struct config *config = worker->config;
	const struct penalty_rule rule = {.free = config->limits.penalty_free,
					  .first_ms = config->limits.penalty_first_ms,
					  .max_ms = config->limits.penalty_max_ms};
	uint64_t now_ms = clock_mono_ms();
	uint64_t waits_ms = holder_shut_ms(source, now_ms), wait_ms = 0;

	if (source == NULL)
		return;
	if (waits_ms == 0 && !holders_is_crowded(worker->holders)) {
		waits_ms = penalty_add(sessions_of(worker), penalty_kind, slice_from_str(holder_name(source)), &rule,
				       now_ms, &wait_ms);
		holder_shut_out(source, now_ms + (waits_ms > 0 ? waits_ms : wait_ms));
	}
	if (waits_ms == 0)
		return;
	admission_note(worker, source, BOARD_PENALTIES, "penalty");
	refuse(refusal, waits_ms,
	       "Too many bad tokens came from this address, and this one is not known either. Wait as long as "
	       "Retry-After says, then send a good one.");
}

void
admission_good_token(const struct worker *worker, void *source)
{
	uint64_t now_ms;

	if (source == NULL)
		return;
	now_ms = clock_mono_ms();
	if (holder_may_forgive(source, FORGIVE_MS, now_ms))
		penalty_forget(sessions_of(worker), penalty_kind, slice_from_str(holder_name(source)), now_ms);
}

/* ---- callers ---- */

static uint32_t
or_else(uint32_t own, uint32_t usual)
{
	return own != 0 ? own : usual;
}

/* Whoever came without a token shares his name with everybody else on the machine. */
static struct share_rule
rule_of(const struct config *config, const struct principal *principal)
{
	static const struct config_principal nothing = {.name = NULL};
	const struct config_principal *own = config_principal_find(config, slice_from_str(principal->name));
	bool is_shared = config->auth.mode == CONFIG_AUTH_NONE;

	if (own == NULL || principal->by_token)
		own = &nothing;
	return (struct share_rule){
	    .per_second = is_shared ? 0 : or_else(own->requests_per_second, config->limits.requests_per_second),
	    .burst = or_else(own->requests_burst, config->limits.requests_burst),
	    .limit = {[SHARE_CALLS] = is_shared ? 0 : or_else(own->calls, config->limits.calls_per_principal),
		      [SHARE_STREAMS] = or_else(own->streams, config->http.streams_per_principal),
		      [SHARE_QUEUED_KIB] = (uint32_t)((config->limits.queued_bytes_per_principal + 1023) / 1024)},
	};
}

static int
find_caller(const struct worker *worker, const struct principal *principal, uint64_t now_ms, struct holder **holder_r)
{
	struct share_rule rule;

	if (holders_find(worker->holders, HOLDER_CALLER, principal->name, NULL, now_ms, holder_r) == 0)
		return 0;
	rule = rule_of(worker->config, principal);
	return holders_find(worker->holders, HOLDER_CALLER, principal->name, &rule, now_ms, holder_r);
}

int
admission_judge_caller(const struct worker *worker, const struct principal *principal, struct refusal *refusal_r)
{
	uint64_t now_ms = clock_mono_ms(), wait_ms;
	struct holder *holder;

	if (worker->config->auth.mode == CONFIG_AUTH_NONE || find_caller(worker, principal, now_ms, &holder) < 0)
		return 0;
	wait_ms = holders_request(worker->holders, holder, now_ms);
	if (wait_ms == 0)
		return 0;
	admission_note(worker, holder, BOARD_LIMITED_REQUESTS, "requests_per_second");
	return refuse(refusal_r, wait_ms,
		      "You send more requests than you may. Wait as long as Retry-After says; the operator can raise "
		      "limits.requests_per_second.");
}

int
admission_take(const struct worker *worker, const struct principal *principal, enum share_thing thing, uint32_t n,
	       struct holder **holder_r)
{
	uint64_t now_ms = clock_mono_ms();

	*holder_r = NULL;
	if (find_caller(worker, principal, now_ms, holder_r) < 0)
		return ERR_NOMEM;
	return holders_take(worker->holders, *holder_r, thing, n, now_ms) ? 0 : ERR_LIMIT;
}

void
admission_note_sessions(const struct worker *worker, const struct principal *principal)
{
	struct holder *holder;

	if (find_caller(worker, principal, clock_mono_ms(), &holder) == 0)
		admission_note(worker, holder, BOARD_LIMITED_SESSIONS, "mcp_sessions_per_principal");
}

void
admission_give(const struct worker *worker, struct holder *holder, enum share_thing thing, uint32_t n)
{
	if (holder != NULL)
		holders_give(worker->holders, holder, thing, n, clock_mono_ms());
}

/* ---- calls ---- */

static uint64_t
begin_call(void *ctx, const struct principal *principal, void **ticket_r)
{
	const struct worker *worker = ctx;
	struct holder *holder;
	int r = admission_take(worker, principal, SHARE_CALLS, 1, &holder);

	*ticket_r = r == 0 ? holder : NULL;
	if (r != ERR_LIMIT)
		return 0;
	admission_note(worker, holder, BOARD_LIMITED_CALLS, "calls_per_principal");
	return 1000;
}

static void
end_call(void *ctx, void *ticket)
{
	admission_give(ctx, ticket, SHARE_CALLS, 1);
}

void
admission_env(struct worker *worker)
{
	worker->env.begin_call = begin_call;
	worker->env.end_call = end_call;
}
