/*
 * holders.c - see holders.h
 */
#include "holders.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/err.h"
#include "base/hash.h"

#define BUCKETS 1024 /* of the hash table */
#define HOLDERS_MAX 16384
#define NAME_CAP 68
#define SPARE_PART 64	     /* of a limit that a worker keeps at hand */
#define SPARE_SECOND_PART 16 /* of what comes in a second */
#define REQUESTS_AT_ONCE 256
#define QUIET_MS 1000	      /* after which what is left over goes back */
#define FORGET_MS (60 * 1000) /* a holder that has nothing */

struct holder {
	LIST_ENTRY(holder) link;
	enum holder_kind kind;
	struct share_key key;
	struct share_rule rule;
	struct share_bucket own_bucket; /* where the table is not asked */
	uint32_t requests;		/* granted and not used yet */
	uint64_t empty_until_ms;	/* no need to ask before */
	uint32_t used[SHARE_THINGS];
	uint32_t held[SHARE_THINGS];
	uint64_t settled_ms;
	uint64_t seen_ms;
	uint64_t shut_until_ms;
	uint64_t forgiven_ms;
	struct {
		uint64_t until_ms; /* the time that lines are counted in */
		uint32_t told, missed;
	} news[HOLDER_NEWS];
	char name[NAME_CAP];
};

LIST_HEAD(holder_list, holder);

struct holders {
	struct holders_options options;
	struct holder_list buckets[BUCKETS];
	size_t n;
	bool is_crowded;
	struct holder others;
};

struct holders *
holders_new(const struct holders_options *options)
{
	struct holders *holders = calloc(1, sizeof(*holders));

	if (holders == NULL)
		return NULL;
	holders->options = *options;
	holders->others = (struct holder){.kind = HOLDER_ADDRESS, .name = "others"};
	return holders;
}

static void
holder_free(struct holders *holders, struct holder *holder)
{
	LIST_REMOVE(holder, link);
	holders->n--;
	free(holder);
}

void
holders_free(struct holders **holders_p)
{
	struct holders *holders = *holders_p;

	if (holders == NULL)
		return;
	for (size_t i = 0; i < BUCKETS; i++) {
		while (!LIST_EMPTY(&holders->buckets[i]))
			holder_free(holders, LIST_FIRST(&holders->buckets[i]));
	}
	free(holders);
	*holders_p = NULL;
}

/* ---- finding ---- */

static struct holder *
make(struct holders *holders, enum holder_kind kind, const char *name, const struct share_rule *rule)
{
	static const char *const kinds[] = {"caller", "address"};
	struct holder *holder = calloc(1, sizeof(*holder));

	if (holder == NULL)
		return NULL;
	holder->kind = kind;
	holder->rule = *rule;
	if (slice_to_str(slice_from_str(name), holder->name, sizeof(holder->name)) < 0) {
		free(holder);
		return NULL;
	}
	if (holders->options.sessions != NULL)
		holder->key = share_key(holders->options.sessions, kinds[kind], slice_from_str(name));
	return holder;
}

int
holders_find(struct holders *holders, enum holder_kind kind, const char *name, const struct share_rule *rule,
	     uint64_t now_ms, struct holder **holder_r)
{
	struct holder_list *bucket = &holders->buckets[hash_crc32c((uint32_t)kind, name, strlen(name)) % BUCKETS];
	struct holder *holder;

	LIST_FOREACH(holder, bucket, link)
	{
		if (holder->kind == kind && strcmp(holder->name, name) == 0)
			break;
	}
	*holder_r = holder;
	if (holder == NULL && rule == NULL)
		return ERR_NOT_FOUND;
	if (holder == NULL && holders->n < HOLDERS_MAX) {
		holder = make(holders, kind, name, rule);
		if (holder == NULL)
			return ERR_NOMEM;
		LIST_INSERT_HEAD(bucket, holder, link);
		holders->n++;
		*holder_r = holder;
	}
	if (holder != NULL)
		holder->seen_ms = now_ms;
	return 0;
}

bool
holder_is_address(const struct holder *holder)
{
	return holder->kind == HOLDER_ADDRESS;
}

const char *
holder_name(const struct holder *holder)
{
	return holder != NULL ? holder->name : NULL;
}

/* ---- leases ---- */

/* Without the table: the limit is this worker's alone. */
static void
grant_alone(struct holder *holder, const struct share_ask *ask, uint64_t now_ms, struct share_grant *grant)
{
	share_bucket_return(&holder->own_bucket, &holder->rule, ask->returns);
	grant->requests = share_bucket_take(&holder->own_bucket, &holder->rule, ask->requests, now_ms, &grant->wait_ms);
	for (int thing = 0; thing < SHARE_THINGS; thing++) {
		uint32_t limit = holder->rule.limit[thing];
		bool is_over = limit != 0 && ask->wants[thing] > limit;

		grant->held[thing] =
		    is_over ? (limit > ask->used[thing] ? limit : ask->used[thing]) : ask->wants[thing];
	}
}

/* Says what is wanted, takes what is granted. */
static void
settle(struct holders *holders, struct holder *holder, const struct share_ask *ask, uint64_t now_ms)
{
	bool is_alone = holders->options.sessions == NULL || (holders->is_crowded && holder->kind == HOLDER_ADDRESS);
	struct share_grant grant = {.requests = 0};

	if (is_alone || share_settle(holders->options.sessions, holder->key, &holder->rule, &holders->options.self, ask,
				     now_ms, &grant) < 0)
		grant_alone(holder, ask, now_ms, &grant);
	holder->requests += grant.requests - ask->returns;
	holder->empty_until_ms = grant.requests == 0 ? now_ms + grant.wait_ms : 0;
	memcpy(holder->held, grant.held, sizeof(holder->held));
	holder->settled_ms = now_ms;
}

static uint32_t
at_most(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static uint32_t
spare(const struct holder *holder, int thing)
{
	return holder->rule.limit[thing] / SPARE_PART;
}

/* What is in use, and of all that is held no more than before. */
static struct share_ask
ask_as_now(const struct holder *holder)
{
	struct share_ask ask = {.requests = 0};

	memcpy(ask.used, holder->used, sizeof(ask.used));
	memcpy(ask.wants, holder->held, sizeof(ask.wants));
	for (int thing = 0; thing < SHARE_THINGS; thing++) {
		if (ask.wants[thing] < ask.used[thing])
			ask.wants[thing] = ask.used[thing];
	}
	return ask;
}

/* A handful, and one. */
static uint32_t
handful(const struct share_rule *rule)
{
	uint32_t n = at_most(rule->burst / SPARE_PART, rule->per_second / SPARE_SECOND_PART);

	return at_most(n, REQUESTS_AT_ONCE) + 1;
}

uint64_t
holders_request(struct holders *holders, struct holder *holder, uint64_t now_ms)
{
	struct share_ask ask;

	if (holder == NULL || holder->rule.per_second == 0)
		return 0;
	holder->seen_ms = now_ms;
	if (holder->requests == 0) {
		if (now_ms < holder->empty_until_ms)
			return holder->empty_until_ms - now_ms;
		ask = ask_as_now(holder);
		ask.requests = handful(&holder->rule);
		settle(holders, holder, &ask, now_ms);
	}
	if (holder->requests == 0)
		return holder->empty_until_ms > now_ms ? holder->empty_until_ms - now_ms : 1;
	holder->requests--;
	return 0;
}

bool
holders_take(struct holders *holders, struct holder *holder, enum share_thing thing, uint32_t n, uint64_t now_ms)
{
	struct share_ask ask;

	if (holder == NULL)
		return true;
	holder->seen_ms = now_ms;
	if (holder->rule.limit[thing] != 0 && holder->used[thing] + n > holder->held[thing]) {
		ask = ask_as_now(holder);
		ask.wants[thing] = holder->used[thing] + n + spare(holder, thing);
		settle(holders, holder, &ask, now_ms);
		if (holder->used[thing] + n > holder->held[thing])
			return false;
	}
	holder->used[thing] += n;
	return true;
}

void
holders_give(struct holders *holders, struct holder *holder, enum share_thing thing, uint32_t n, uint64_t now_ms)
{
	struct share_ask ask;

	if (holder == NULL)
		return;
	must(holder->used[thing] >= n);
	holder->used[thing] -= n;
	holder->seen_ms = now_ms;
	if (holder->rule.limit[thing] == 0 || holder->held[thing] <= holder->used[thing] + 2 * spare(holder, thing))
		return;
	ask = ask_as_now(holder);
	ask.wants[thing] = holder->used[thing] + spare(holder, thing);
	settle(holders, holder, &ask, now_ms);
}

/* ---- penalties, and what is told ---- */

void
holder_shut_out(struct holder *holder, uint64_t until_ms)
{
	if (until_ms > holder->shut_until_ms)
		holder->shut_until_ms = until_ms;
}

uint64_t
holder_shut_ms(const struct holder *holder, uint64_t now_ms)
{
	return holder != NULL && holder->shut_until_ms > now_ms ? holder->shut_until_ms - now_ms : 0;
}

bool
holder_may_forgive(struct holder *holder, uint64_t every_ms, uint64_t now_ms)
{
	if (holder->forgiven_ms != 0 && now_ms < holder->forgiven_ms + every_ms)
		return false;
	holder->forgiven_ms = now_ms;
	return true;
}

bool
holder_may_tell(struct holder *holder, enum holder_news what, const struct holder_pace *pace, uint64_t now_ms,
		uint32_t *missed_r)
{
	bool is_over = now_ms >= holder->news[what].until_ms;

	if (!is_over && holder->news[what].told >= pace->lines) {
		holder->news[what].missed++;
		return false;
	}
	*missed_r = 0;
	if (is_over) {
		*missed_r = holder->news[what].missed;
		holder->news[what].missed = holder->news[what].told = 0;
		holder->news[what].until_ms = now_ms + pace->every_ms;
	}
	holder->news[what].told++;
	return true;
}

struct holder *
holders_others(struct holders *holders)
{
	return &holders->others;
}

static void
tell_missed(struct holders *holders, struct holder *holder, uint64_t now_ms)
{
	for (int what = 0; what < HOLDER_NEWS; what++) {
		uint32_t missed = holder->news[what].missed;

		if (missed == 0 || now_ms < holder->news[what].until_ms)
			continue;
		holder->news[what].missed = 0;
		if (holders->options.on_missed != NULL)
			holders->options.on_missed(holder, (enum holder_news)what, missed);
	}
}

void
holders_tell_missed(struct holders *holders, uint64_t now_ms)
{
	struct holder *holder;

	tell_missed(holders, &holders->others, now_ms);
	for (size_t i = 0; i < BUCKETS; i++) {
		LIST_FOREACH(holder, &holders->buckets[i], link)
		{
			tell_missed(holders, holder, now_ms);
		}
	}
}

/* ---- now and then ---- */

static bool
holds(const struct holder *holder)
{
	for (int thing = 0; thing < SHARE_THINGS; thing++) {
		if (holder->used[thing] > 0 || holder->held[thing] > 0)
			return true;
	}
	return holder->requests > 0;
}

static bool
has_more_than_used(const struct holder *holder)
{
	return holder->requests > 0 || memcmp(holder->used, holder->held, sizeof(holder->used)) != 0;
}

static void
tidy(struct holders *holders, struct holder *holder, uint64_t now_ms)
{
	bool is_quiet = now_ms >= holder->seen_ms + QUIET_MS;
	struct share_ask ask = ask_as_now(holder);

	if (is_quiet && has_more_than_used(holder)) {
		ask.returns = holder->requests;
		memcpy(ask.wants, holder->used, sizeof(ask.wants));
		settle(holders, holder, &ask, now_ms);
	} else if (holds(holder) && now_ms >= holder->settled_ms + SHARE_REFRESH_MS) {
		settle(holders, holder, &ask, now_ms);
	} else if (!holds(holder) && now_ms >= holder->seen_ms + FORGET_MS && holder_shut_ms(holder, now_ms) == 0) {
		holder_free(holders, holder);
	}
}

void
holders_tick(struct holders *holders, uint64_t now_ms)
{
	size_t most = holders->options.crowd_max;

	holders_tell_missed(holders, now_ms);
	holders->is_crowded = holders->options.sessions != NULL && share_count(holders->options.sessions, most) >= most;
	for (size_t i = 0; i < BUCKETS; i++) {
		struct holder *holder = LIST_FIRST(&holders->buckets[i]);

		while (holder != NULL) {
			struct holder *next = LIST_NEXT(holder, link);

			tidy(holders, holder, now_ms);
			holder = next;
		}
	}
}

bool
holders_is_crowded(const struct holders *holders)
{
	return holders->is_crowded;
}
