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

static struct slice
some_bytes(struct slice name)
{
	return name.ptr == NULL ? SLICE_LIT("") : name;
}

static uint64_t
owner_of(const struct table *tab, struct slice name)
{
	uint64_t owner = hash_sip64(segment_keys_hash(tab->keys), name.ptr, name.len);

	return owner == 0 ? 1 : owner;
}

/* NULL: it is too long to be kept. */
static const struct known_name *
know(struct table *tab, struct slice name)
{
	struct known_name *known = &tab->known;

	if (name.len > sizeof(known->text))
		return NULL;
	if (known->is_known && known->len == name.len && memcmp(known->text, name.ptr, name.len) == 0)
		return known;
	memcpy(known->text, name.ptr, name.len);
	known->len = name.len;
	known->hash = hash_sip128(segment_keys_hash(tab->keys), name.ptr, name.len);
	known->owner = owner_of(tab, name);
	known->is_known = true;
	return known;
}

static struct hash128
scope_hash(struct table *tab, struct slice scope)
{
	const struct known_name *known = know(tab, scope);

	return known != NULL ? known->hash : hash_sip128(segment_keys_hash(tab->keys), scope.ptr, scope.len);
}

/* Hashed one by one, so that no two pairs of scope and name give the same bytes. */
struct table_id
table_id(struct table *tab, enum table_kind kind, struct slice scope, struct slice name)
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
	input.scope = scope_hash(tab, some_bytes(scope));
	input.name = hash_sip128(key, some_bytes(name).ptr, name.len);
	hash = hash_sip128(key, &input, sizeof(input));
	return (struct table_id){hash.lo, hash.hi};
}

uint64_t
table_owner(struct table *tab, struct slice principal)
{
	struct slice name = some_bytes(principal);
	const struct known_name *known = know(tab, name);

	return known != NULL ? known->owner : owner_of(tab, name);
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
