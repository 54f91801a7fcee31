/*
 * share.c - see share.h
 */
#include "session/share.h"

#include <stddef.h>
#include <string.h>

#include "base/err.h"
#include "session/handle.h"

#define MILLI 1000u
#define KEEP_MS (3 * SHARE_REFRESH_MS)

struct lease {
	uint32_t slot;
	uint32_t pid;
	uint32_t held[SHARE_THINGS];
};

/* The payload; its length ends with the last lease. */
struct stored {
	struct share_bucket bucket;
	uint64_t n;
	struct lease leases[SHARE_WORKERS_MAX];
};

_Static_assert(sizeof(struct stored) <= SEGMENT_PAYLOAD_MAX, "a lease for each worker fits a record");

/* ---- the bucket ---- */

static void
fill(struct share_bucket *bucket, const struct share_rule *rule, uint64_t now_ms)
{
	uint64_t most = (uint64_t)rule->burst * MILLI;
	uint64_t passed = now_ms > bucket->filled_ms ? now_ms - bucket->filled_ms : 0;

	if (bucket->filled_ms == 0 || passed > most / rule->per_second)
		bucket->milli = most;
	else
		bucket->milli += passed * rule->per_second;
	if (bucket->milli > most)
		bucket->milli = most;
	if (now_ms > bucket->filled_ms)
		bucket->filled_ms = now_ms;
}

uint32_t
share_bucket_take(struct share_bucket *bucket, const struct share_rule *rule, uint32_t n, uint64_t now_ms,
		  uint64_t *wait_ms_r)
{
	uint64_t there;

	*wait_ms_r = 0;
	if (rule->per_second == 0)
		return n;
	fill(bucket, rule, now_ms);
	there = bucket->milli / MILLI;
	if (there > n)
		there = n;
	bucket->milli -= there * MILLI;
	if (bucket->milli < MILLI)
		*wait_ms_r = (MILLI - bucket->milli + rule->per_second - 1) / rule->per_second;
	return (uint32_t)there;
}

void
share_bucket_return(struct share_bucket *bucket, const struct share_rule *rule, uint32_t n)
{
	uint64_t most = (uint64_t)rule->burst * MILLI;

	bucket->milli += (uint64_t)n * MILLI;
	if (bucket->milli > most)
		bucket->milli = most;
}

/* ---- the record ---- */

struct settling {
	const struct share_rule *rule;
	const struct share_worker *self;
	const struct share_ask *ask;
	struct share_grant *grant;
	uint64_t now_ms;
};

static void
load(const struct table_record *rec, struct stored *stored_r)
{
	size_t head = offsetof(struct stored, leases);

	memset(stored_r, 0, head);
	if (rec->len < head || rec->len > sizeof(*stored_r))
		return;
	memcpy(stored_r, rec->payload, rec->len);
	if (stored_r->n > SHARE_WORKERS_MAX || rec->len != head + stored_r->n * sizeof(struct lease))
		memset(stored_r, 0, head);
}

static void
save(const struct stored *stored, struct table_record *rec)
{
	rec->len = (uint32_t)(offsetof(struct stored, leases) + stored->n * sizeof(struct lease));
	memcpy(rec->payload, stored, rec->len);
}

/* Our own lease is told anew, those of the dead are nobody's. */
static void
drop_leases(struct stored *stored, const struct share_worker *self)
{
	uint64_t kept = 0;

	for (uint64_t i = 0; i < stored->n; i++) {
		const struct lease *lease = &stored->leases[i];

		if (lease->slot != self->slot && self->is_alive(self->ctx, lease->slot, lease->pid))
			stored->leases[kept++] = *lease;
	}
	stored->n = kept;
}

static uint32_t
grant_thing(const struct stored *stored, const struct settling *settling, int thing)
{
	uint32_t limit = settling->rule->limit[thing];
	uint32_t used = settling->ask->used[thing];
	uint32_t wants = settling->ask->wants[thing];
	uint64_t others = 0;

	if (limit == 0)
		return wants;
	for (uint64_t i = 0; i < stored->n; i++)
		others += stored->leases[i].held[thing];
	if (others + wants <= limit)
		return wants;
	return others + used < limit ? (uint32_t)(limit - others) : used;
}

static int
settle(struct table_record *rec, void *ctx)
{
	struct settling *settling = ctx;
	struct share_grant *grant = settling->grant;
	struct lease own = {.slot = settling->self->slot, .pid = settling->self->pid};
	struct stored stored;
	bool holds = false;

	load(rec, &stored);
	drop_leases(&stored, settling->self);
	share_bucket_return(&stored.bucket, settling->rule, settling->ask->returns);
	grant->requests = share_bucket_take(&stored.bucket, settling->rule, settling->ask->requests, settling->now_ms,
					    &grant->wait_ms);
	for (int thing = 0; thing < SHARE_THINGS; thing++) {
		own.held[thing] = grant->held[thing] = grant_thing(&stored, settling, thing);
		holds = holds || own.held[thing] > 0;
	}
	if (holds && stored.n < SHARE_WORKERS_MAX)
		stored.leases[stored.n++] = own;
	save(&stored, rec);
	return 0;
}

/* How long the record says more than its absence would. */
static uint64_t
keep_ms(const struct share_rule *rule)
{
	uint64_t full_ms = rule->per_second > 0 ? (uint64_t)rule->burst * MILLI / rule->per_second + 1 : 0;

	return full_ms > KEEP_MS ? full_ms : KEEP_MS;
}

static struct table_id
id_of(struct share_key key)
{
	return (struct table_id){key.lo, key.hi};
}

struct share_key
share_key(const struct sessions *s, const char *kind, struct slice name)
{
	struct table_id id = table_id(s->table, TABLE_QUOTA, slice_from_str(kind), name);

	return (struct share_key){id.lo, id.hi};
}

int
share_settle(struct sessions *s, struct share_key key, const struct share_rule *rule, const struct share_worker *self,
	     const struct share_ask *ask, uint64_t now_ms, struct share_grant *grant_r)
{
	struct settling settling = {rule, self, ask, grant_r, now_ms};
	struct table_record blank;
	int r;

	memset(&blank, 0, offsetof(struct table_record, payload));
	memset(grant_r, 0, sizeof(*grant_r));
	blank.kind = TABLE_QUOTA;
	blank.owner = table_owner(s->table, SHARES_OWNER);
	blank.idle_ms = keep_ms(rule);
	r = table_upsert(s->table, id_of(key), &blank, now_ms, settle, &settling);
	if (r < 0)
		memset(grant_r, 0, sizeof(*grant_r));
	return r;
}

size_t
share_count(const struct sessions *s, size_t limit)
{
	return table_count_owner(s->table, TABLE_QUOTA, table_owner(s->table, SHARES_OWNER), limit);
}
