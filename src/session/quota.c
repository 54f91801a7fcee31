/*
 * quota.c - counters, the guard of admin accounts, one-time values
 */
#include "session/quota.h"

#include <string.h>

#include "base/err.h"
#include "base/rand.h"
#include "shm/table.h"

static struct table_record
blank_record(enum table_kind kind)
{
	struct table_record rec;

	memset(&rec, 0, offsetof(struct table_record, payload));
	rec.kind = kind;
	return rec;
}

/* ---- windows ---- */

struct window {
	uint64_t used;
	uint64_t ends_ms;
};

struct taking {
	uint32_t limit;
	uint64_t window_ms;
	uint64_t now_ms;
	uint64_t retry_after_ms;
};

static int
take(struct table_record *rec, void *ctx)
{
	struct taking *taking = ctx;
	struct window window = {0, taking->now_ms + taking->window_ms};

	if (rec->len == sizeof(window))
		memcpy(&window, rec->payload, sizeof(window));
	if (window.used >= taking->limit) {
		taking->retry_after_ms = window.ends_ms > taking->now_ms ? window.ends_ms - taking->now_ms : 1;
		return ERR_LIMIT;
	}
	window.used++;
	rec->deadline_ms = window.ends_ms;
	rec->len = sizeof(window);
	memcpy(rec->payload, &window, sizeof(window));
	return 0;
}

int
quota_take(struct sessions *s, struct slice name, uint32_t limit, uint64_t window_ms, uint64_t now_ms,
	   uint64_t *retry_after_ms_r)
{
	struct taking taking = {limit, window_ms, now_ms, 0};
	struct table_record blank = blank_record(TABLE_QUOTA);
	int r;

	r = table_upsert(s->table, table_id(s->table, TABLE_QUOTA, SLICE_LIT("quota"), name), &blank, now_ms, take,
			 &taking);
	if (retry_after_ms_r != NULL)
		*retry_after_ms_r = taking.retry_after_ms;
	return r;
}

/* ---- the guard of admin accounts ---- */

struct attempt {
	uint64_t at_ms;
	uint64_t ticket;
};

struct guard {
	uint64_t n;
	struct attempt attempts[LOGIN_GUARD_MAX];
};

struct guarding {
	uint64_t now_ms;
	uint64_t limit;
	uint64_t window_ms;
	uint64_t ticket;
	uint64_t retry_after_ms;
};

static struct guarding
guarding_of(const struct sessions *s, uint64_t now_ms, uint64_t ticket)
{
	uint64_t limit = s->limits.login_failures < LOGIN_GUARD_MAX ? s->limits.login_failures : LOGIN_GUARD_MAX;

	return (struct guarding){
	    .now_ms = now_ms, .limit = limit, .window_ms = s->limits.login_failure_window_ms, .ticket = ticket};
}

static void
guard_get(const struct table_record *rec, struct guard *guard_r)
{
	memset(guard_r, 0, sizeof(*guard_r));
	if (rec->len == sizeof(*guard_r))
		memcpy(guard_r, rec->payload, sizeof(*guard_r));
	if (guard_r->n > LOGIN_GUARD_MAX)
		guard_r->n = LOGIN_GUARD_MAX;
}

/* Drops attempts that are over, and the one of `ticket`. */
static void
guard_drop(struct guard *guard, const struct guarding *guarding, uint64_t ticket)
{
	uint64_t kept = 0;

	for (uint64_t i = 0; i < guard->n; i++)
		if (guard->attempts[i].at_ms + guarding->window_ms > guarding->now_ms &&
		    guard->attempts[i].ticket != ticket)
			guard->attempts[kept++] = guard->attempts[i];
	guard->n = kept;
}

static void
guard_put(const struct guard *guard, const struct guarding *guarding, struct table_record *rec)
{
	rec->deadline_ms = guard->attempts[guard->n - 1].at_ms + guarding->window_ms;
	rec->len = sizeof(*guard);
	memcpy(rec->payload, guard, sizeof(*guard));
}

static int
guard_begin(struct table_record *rec, void *ctx)
{
	struct guarding *guarding = ctx;
	struct guard guard;

	guard_get(rec, &guard);
	guard_drop(&guard, guarding, 0);
	if (guard.n >= guarding->limit) {
		guarding->retry_after_ms = guard.attempts[0].at_ms + guarding->window_ms - guarding->now_ms;
		return ERR_LIMIT;
	}
	guard.attempts[guard.n++] = (struct attempt){guarding->now_ms, guarding->ticket};
	guard_put(&guard, guarding, rec);
	return 0;
}

static int
guard_take_back(struct table_record *rec, void *ctx)
{
	const struct guarding *guarding = ctx;
	struct guard guard;

	guard_get(rec, &guard);
	guard_drop(&guard, guarding, guarding->ticket);
	if (guard.n == 0)
		return TABLE_REMOVE_IT;
	guard_put(&guard, guarding, rec);
	return 0;
}

static struct table_id
guard_id(const struct sessions *s, struct slice account)
{
	return table_id(s->table, TABLE_QUOTA, SLICE_LIT("account"), account);
}

int
login_guard_begin(struct sessions *s, struct slice account, uint64_t now_ms, uint64_t *ticket_r,
		  uint64_t *retry_after_ms_r)
{
	struct guarding guarding = guarding_of(s, now_ms, rand_u64() | 1);
	struct table_record blank = blank_record(TABLE_QUOTA);
	int r;

	r = table_upsert(s->table, guard_id(s, account), &blank, now_ms, guard_begin, &guarding);
	*ticket_r = guarding.ticket;
	if (retry_after_ms_r != NULL)
		*retry_after_ms_r = guarding.retry_after_ms;
	return r;
}

void
login_guard_settle(struct sessions *s, struct slice account, uint64_t now_ms, uint64_t ticket,
		   enum login_guard_outcome outcome)
{
	struct guarding guarding = guarding_of(s, now_ms, ticket);
	int r = 0;

	switch (outcome) {
	case LOGIN_GUARD_REFUSED:
		break;
	case LOGIN_GUARD_SUCCEEDED:
		r = table_remove(s->table, TABLE_QUOTA, guard_id(s, account), now_ms);
		break;
	case LOGIN_GUARD_UNKNOWN:
		r = table_update(s->table, TABLE_QUOTA, guard_id(s, account), now_ms, guard_take_back, &guarding);
		break;
	}
	/* Gone meanwhile (expired, or cleared by another success) is as good as settled. */
	(void)r;
}

/* ---- one-time values ---- */

int
nonce_spend(struct sessions *s, struct slice nonce, uint64_t lifetime_ms, uint64_t now_ms)
{
	struct table_record rec = blank_record(TABLE_NONCE);

	rec.deadline_ms = now_ms + lifetime_ms;
	return table_insert(s->table, table_id(s->table, TABLE_NONCE, SLICE_NONE, nonce), &rec, now_ms);
}
