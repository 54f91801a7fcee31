/*
 * table_open.c - a process's handle of the table: ids, owners, statistics; no lock is taken here
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "shm/table.h"
#include "shm/table_private.h"

int
table_new(struct segment *seg, const struct segment_keys *keys, struct table **tab_r)
{
	struct table *tab;

	if (!segment_keys_match(keys, seg))
		return ERR_INVALID;
	tab = calloc(1, sizeof(*tab));
	if (tab == NULL)
		return ERR_NOMEM;
	tab->seg = seg;
	tab->keys = keys;
	tab->stripe_groups = seg->groups / seg->stripes;
	tab->sweep_at = UINT32_MAX;
	*tab_r = tab;
	return 0;
}

void
table_free(struct table **tab)
{
	free(*tab);
	*tab = NULL;
}

uint32_t
table_payload_max(const struct table *tab)
{
	return tab->seg->payload_bytes;
}

/* Hashed one by one, so that no two pairs of scope and name give the same bytes. */
struct table_id
table_id(const struct table *tab, enum table_kind kind, struct slice scope, struct slice name)
{
	const uint8_t *key = segment_keys_hash(tab->keys);
	struct {
		uint64_t kind;
		uint64_t scope_len;
		struct hash128 scope;
		struct hash128 name;
	} input;
	struct hash128 hash;

	memset(&input, 0, sizeof(input));
	input.kind = kind;
	input.scope_len = scope.len;
	input.scope = hash_sip128(key, scope.ptr == NULL ? "" : scope.ptr, scope.len);
	input.name = hash_sip128(key, name.ptr == NULL ? "" : name.ptr, name.len);
	hash = hash_sip128(key, &input, sizeof(input));
	return (struct table_id){hash.lo, hash.hi};
}

uint64_t
table_owner(const struct table *tab, struct slice principal)
{
	uint64_t owner =
	    hash_sip64(segment_keys_hash(tab->keys), principal.ptr == NULL ? "" : principal.ptr, principal.len);

	return owner == 0 ? 1 : owner;
}

void
table_stat(const struct table *tab, enum stat_index which)
{
	atomic_fetch_add_explicit(&tab->seg->header->stats[which], 1, memory_order_relaxed);
}

void
table_stats(const struct table *tab, struct table_stats *stats_r)
{
	uint64_t at[STAT_COUNT];

	for (int i = 0; i < STAT_COUNT; i++)
		at[i] = atomic_load_explicit(&tab->seg->header->stats[i], memory_order_relaxed);
	*stats_r = (struct table_stats){
	    .inserts = at[STAT_INSERTS],
	    .updates = at[STAT_UPDATES],
	    .removals = at[STAT_REMOVALS],
	    .expired = at[STAT_EXPIRED],
	    .evictions = at[STAT_EVICTIONS],
	    .full = at[STAT_FULL],
	    .owner_deaths = at[STAT_OWNER_DEATHS],
	    .dropped_corrupt = at[STAT_DROPPED_CORRUPT],
	    .locked_reads = at[STAT_LOCKED_READS],
	};
}
