/*
 * admission.c - see admission.h
 */
#include "admission.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/turn.h"
#include "config/network.h"
#include "inbox.h"
#include "rpc/fault.h"
#include "session/penalty.h"
#include "telling.h"
#include "worker_private.h"

#define CROWD_PART 8	/* of the table's slots */
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
	    .on_missed = telling_missed,
	};

	worker->holders = holders_new(&options);
	return worker->holders != NULL ? read_exempt(worker) : ERR_NOMEM;
}

void
admission_close(struct worker *worker)
{
	if (worker->holders != NULL)
		holders_tell_missed(worker->holders, UINT64_MAX);
	holders_free(&worker->holders);
	free(worker->exempt);
	worker->exempt = NULL;
	worker->n_exempt = 0;
}

static void
note(const struct worker *worker, struct holder *holder, enum board_counter which, const char *limit)
{
	board_add(worker->row, which, 1);
	telling_limited(holder, limit);
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

static uint32_t
kib_of(uint64_t bytes)
{
	return (uint32_t)((bytes + 1023) / 1024);
}

/* Without memory nothing is counted: whoever comes has other troubles. */
static struct holder *
find_address(const struct worker *worker, const char *peer, uint64_t now_ms)
{
	const struct config *config = worker->config;
	const struct share_rule rule = {
	    .per_second = config->limits.address_requests_per_second,
	    .burst = config->limits.address_requests_burst,
	    .limit = {[SHARE_CALLS] = config->limits.calls_per_address,
		      [SHARE_STREAMS] = config->limits.streams_per_address,
		      [SHARE_QUEUED_KIB] = kib_of(config->limits.queued_bytes_per_address),
		      [SHARE_CONNECTIONS] = config->limits.connections_per_address},
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

/* A connection's client. */
struct guest {
	struct holder *address;		   /* NULL: exempt */
	const struct principal *principal; /* of the last request; held */
	struct admission_claim waiting;
	uint32_t waiting_kib; /* that it stands for */
};

struct holder *
admission_holder(const void *source)
{
	const struct guest *guest = source;

	return guest != NULL ? guest->address : NULL;
}

bool
admission_connect(void *ctx, const char *peer, void **source_r)
{
	const struct worker *worker = ctx;
	uint64_t now_ms = turn_mono_ms();
	struct guest *guest = calloc(1, sizeof(*guest));

	if (guest == NULL)
		return true;
	guest->address = find_address(worker, peer, now_ms);
	if (!holders_take(worker->holders, guest->address, SHARE_CONNECTIONS, 1, now_ms)) {
		note(worker, guest->address, BOARD_LIMITED_CONNECTIONS, "connections_per_address");
		free(guest);
		return false;
	}
	*source_r = guest;
	return true;
}

void
admission_disconnect(void *ctx, void *source)
{
	const struct worker *worker = ctx;
	struct guest *guest = source;

	holders_give(worker->holders, guest->address, SHARE_CONNECTIONS, 1, turn_mono_ms());
	principal_release(&guest->principal);
	free(guest);
}

/* While something waits it stays with whom it was taken for. */
void
admission_meet(void *source, const struct principal *principal)
{
	struct guest *guest = source;

	if (guest == NULL || guest->principal == principal || guest->waiting_kib > 0)
		return;
	principal_release(&guest->principal);
	guest->principal = principal_hold(principal);
}

const char *
admission_address(const void *source)
{
	return holder_name(admission_holder(source));
}

int
admission_judge_address(const struct worker *worker, void *source, struct refusal *refusal_r)
{
	struct holder *address = admission_holder(source);
	uint64_t wait_ms = address != NULL ? holders_request(worker->holders, address, turn_mono_ms()) : 0;

	if (wait_ms == 0)
		return 0;
	note(worker, address, BOARD_LIMITED_REQUESTS, "address_requests_per_second");
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
	uint64_t now_ms = turn_mono_ms();
	struct holder *address = admission_holder(source);
	uint64_t waits_ms = holder_shut_ms(address, now_ms), wait_ms = 0;

	if (address == NULL)
		return;
	if (waits_ms == 0 && !holders_is_crowded(worker->holders)) {
		waits_ms = penalty_add(sessions_of(worker), penalty_kind, slice_from_str(holder_name(address)), &rule,
				       now_ms, &wait_ms);
		holder_shut_out(address, now_ms + (waits_ms > 0 ? waits_ms : wait_ms));
	}
	if (waits_ms == 0)
		return;
	note(worker, address, BOARD_PENALTIES, "penalty");
	refuse(refusal, waits_ms,
	       "Too many bad tokens came from this address, and this one is not known either. Wait as long as "
	       "Retry-After says, then send a good one.");
}

void
admission_good_token(const struct worker *worker, void *source)
{
	struct holder *address = admission_holder(source);
	uint64_t now_ms;

	if (address == NULL)
		return;
	now_ms = turn_mono_ms();
	if (holder_may_forgive(address, FORGIVE_MS, now_ms))
		penalty_forget(sessions_of(worker), penalty_kind, slice_from_str(holder_name(address)), now_ms);
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
		      [SHARE_QUEUED_KIB] = kib_of(config->limits.queued_bytes_per_principal)},
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
	uint64_t now_ms = turn_mono_ms(), wait_ms;
	struct holder *holder;

	if (worker->config->auth.mode == CONFIG_AUTH_NONE || find_caller(worker, principal, now_ms, &holder) < 0)
		return 0;
	wait_ms = holders_request(worker->holders, holder, now_ms);
	if (wait_ms == 0)
		return 0;
	note(worker, holder, BOARD_LIMITED_REQUESTS, "requests_per_second");
	return refuse(refusal_r, wait_ms,
		      "You send more requests than you may. Wait as long as Retry-After says; the operator can raise "
		      "limits.requests_per_second.");
}

void
admission_note_sessions(const struct worker *worker, const struct principal *principal)
{
	struct holder *holder;

	if (find_caller(worker, principal, turn_mono_ms(), &holder) == 0)
		note(worker, holder, BOARD_LIMITED_SESSIONS, "mcp_sessions");
}

/* ---- what is taken and given back ---- */

/* The keys: what a caller, and what an address may have. */
static const char *const keys[SHARE_THINGS][2] = {
    [SHARE_CALLS] = {"limits.calls_per_principal", "limits.calls_per_address"},
    [SHARE_STREAMS] = {"http.streams_per_principal", "limits.streams_per_address"},
    [SHARE_QUEUED_KIB] = {"limits.queued_bytes_per_principal", "limits.queued_bytes_per_address"},
};

static int
refuse_thing(const struct worker *worker, struct holder *holder, enum share_thing thing, const char **limit_r)
{
	const char *key = keys[thing][holder_is_address(holder)];

	if (limit_r != NULL)
		*limit_r = key;
	if (thing == SHARE_CALLS)
		board_add(worker->row, BOARD_LIMITED_CALLS, 1);
	if (thing == SHARE_QUEUED_KIB)
		board_add(worker->row, BOARD_LIMITED_BYTES, 1);
	telling_limited(holder, strchr(key, '.') + 1);
	return ERR_LIMIT;
}

/* Of both or of none. */
static int
take(const struct worker *worker, const struct admission_claim *claim, enum share_thing thing, uint32_t n,
     const char **limit_r)
{
	uint64_t now_ms = turn_mono_ms();

	if (!holders_take(worker->holders, claim->caller, thing, n, now_ms))
		return refuse_thing(worker, claim->caller, thing, limit_r);
	if (holders_take(worker->holders, claim->address, thing, n, now_ms))
		return 0;
	holders_give(worker->holders, claim->caller, thing, n, now_ms);
	return refuse_thing(worker, claim->address, thing, limit_r);
}

int
admission_take(const struct worker *worker, const struct principal *principal, void *source, enum share_thing thing,
	       struct admission_claim *claim_r, const char **limit_r)
{
	struct admission_claim claim = {NULL, admission_holder(source)};
	int r;

	*claim_r = (struct admission_claim){NULL, NULL};
	if (find_caller(worker, principal, turn_mono_ms(), &claim.caller) < 0)
		return ERR_NOMEM;
	r = take(worker, &claim, thing, 1, limit_r);
	if (r == 0)
		*claim_r = claim;
	return r;
}

static void
give(const struct worker *worker, const struct admission_claim *claim, enum share_thing thing, uint32_t n)
{
	uint64_t now_ms = turn_mono_ms();

	holders_give(worker->holders, claim->caller, thing, n, now_ms);
	holders_give(worker->holders, claim->address, thing, n, now_ms);
}

void
admission_give(const struct worker *worker, const struct admission_claim *claim, enum share_thing thing)
{
	give(worker, claim, thing, 1);
}

/* What waits before anybody was let in is a refusal: little, and not for long. */
bool
admission_waiting(void *ctx, void *source, uint32_t kib)
{
	const struct worker *worker = ctx;
	struct guest *guest = source;

	if (guest == NULL || guest->principal == NULL)
		return true;
	if (guest->waiting_kib == 0) {
		guest->waiting.address = guest->address;
		if (find_caller(worker, guest->principal, turn_mono_ms(), &guest->waiting.caller) < 0)
			return false;
	}
	if (kib < guest->waiting_kib)
		give(worker, &guest->waiting, SHARE_QUEUED_KIB, guest->waiting_kib - kib);
	else if (take(worker, &guest->waiting, SHARE_QUEUED_KIB, kib - guest->waiting_kib, NULL) < 0)
		return false;
	guest->waiting_kib = kib;
	return true;
}

/* ---- calls ---- */

static const char *
begin_call(void *ctx, const struct principal *principal, void *source, struct action_ticket *ticket_r)
{
	struct admission_claim claim;
	const char *limit = NULL;

	(void)!admission_take(ctx, principal, source, SHARE_CALLS, &claim, &limit);
	*ticket_r = (struct action_ticket){claim.caller, claim.address};
	return limit;
}

static void
end_call(void *ctx, const struct action_ticket *ticket)
{
	admission_give(ctx, &(struct admission_claim){ticket->caller, ticket->address}, SHARE_CALLS);
}

void
admission_env(struct worker *worker)
{
	worker->env.begin_call = begin_call;
	worker->env.end_call = end_call;
}
