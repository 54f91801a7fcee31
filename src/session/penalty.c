/*
 * penalty.c - see penalty.h
 */
#include "session/penalty.h"

#include <stddef.h>
#include <string.h>

#include "base/err.h"
#include "session/handle.h"

#define DOUBLINGS_MAX 20

struct stored {
	uint64_t failures;
	uint64_t until_ms;
};

struct failing {
	const struct penalty_rule *rule;
	uint64_t now_ms;
	uint64_t waits_ms; /* already */
	uint64_t wait_ms;
};

static struct table_id
id_of(const struct sessions *s, const char *kind, struct slice name)
{
	return table_id(s->table, TABLE_QUOTA, slice_from_str(kind), name);
}

static void
load(const struct table_record *rec, struct stored *stored_r)
{
	*stored_r = (struct stored){0, 0};
	if (rec->len == sizeof(*stored_r))
		memcpy(stored_r, rec->payload, sizeof(*stored_r));
}

static uint64_t
left_ms(const struct stored *stored, uint64_t now_ms)
{
	return stored->until_ms > now_ms ? stored->until_ms - now_ms : 0;
}

uint64_t
penalty_wait_ms(struct sessions *s, const char *kind, struct slice name, uint64_t now_ms)
{
	struct table_record rec;
	struct stored stored;

	if (table_read(s->table, TABLE_QUOTA, id_of(s, kind, name), now_ms, &rec) < 0)
		return 0;
	load(&rec, &stored);
	return left_ms(&stored, now_ms);
}

static uint64_t
price_ms(const struct penalty_rule *rule, uint64_t failures)
{
	uint64_t doublings, ms;

	if (failures <= rule->free)
		return 0;
	doublings = failures - rule->free - 1;
	ms = rule->first_ms << (doublings < DOUBLINGS_MAX ? doublings : DOUBLINGS_MAX);
	return ms < rule->max_ms ? ms : rule->max_ms;
}

static int
fail(struct table_record *rec, void *ctx)
{
	struct failing *failing = ctx;
	struct stored stored;

	load(rec, &stored);
	failing->waits_ms = left_ms(&stored, failing->now_ms);
	if (failing->waits_ms > 0)
		return ERR_LIMIT; /* the record stays as it is */
	stored.failures++;
	failing->wait_ms = price_ms(failing->rule, stored.failures);
	stored.until_ms = failing->now_ms + failing->wait_ms;
	rec->deadline_ms = stored.until_ms + PENALTY_FORGET_MS;
	rec->len = sizeof(stored);
	memcpy(rec->payload, &stored, sizeof(stored));
	return 0;
}

uint64_t
penalty_add(struct sessions *s, const char *kind, struct slice name, const struct penalty_rule *rule, uint64_t now_ms,
	    uint64_t *wait_ms_r)
{
	struct failing failing = {.rule = rule, .now_ms = now_ms};
	struct table_record blank;
	int r;

	*wait_ms_r = 0;
	if (rule->max_ms == 0)
		return 0;
	memset(&blank, 0, offsetof(struct table_record, payload));
	blank.kind = TABLE_QUOTA;
	blank.owner = table_owner(s->table, SHARES_OWNER);
	r = table_upsert(s->table, id_of(s, kind, name), &blank, now_ms, fail, &failing);
	(void)r; /* without room there is no penalty */
	*wait_ms_r = failing.wait_ms;
	return failing.waits_ms;
}

static int
forget(struct table_record *rec, void *ctx)
{
	const uint64_t *now_ms = ctx;
	struct stored stored;

	load(rec, &stored);
	return left_ms(&stored, *now_ms) > 0 ? ERR_LIMIT : TABLE_REMOVE_IT;
}

void
penalty_forget(struct sessions *s, const char *kind, struct slice name, uint64_t now_ms)
{
	int r = table_update(s->table, TABLE_QUOTA, id_of(s, kind, name), now_ms, forget, &now_ms);

	(void)r; /* mostly there is nothing to forget */
}
