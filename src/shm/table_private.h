/*
 * table_private.h - what table.c, table_open.c, table_scan.c and table_evict.c share
 */
#ifndef SHM_TABLE_PRIVATE_H
#define SHM_TABLE_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "shm/slot.h"

#define ELDERS_MAX 1024
#define ELDERS_OWNERS 4

/* A record as a walk met it. */
struct elder {
	uint32_t index;
	uint64_t word;
	uint64_t seen_ms;
};

/* The least recently used evictable records of one owner, the oldest last. */
struct elders {
	enum table_kind kind;
	uint64_t owner; /* 0: nobody's */
	size_t n;
	struct elder of[ELDERS_MAX];
};

#define KNOWN_NAME_MAX 64

/* The hashes of the name that was asked for last: most requests in a row are of one principal. */
struct known_name {
	bool is_known;
	size_t len;
	char text[KNOWN_NAME_MAX];
	struct hash128 hash;
	uint64_t owner;
};

struct table {
	struct segment *seg;
	const struct segment_keys *keys;
	uint32_t stripe_groups; /* groups of one stripe, a power of two */
	uint32_t sweep_at;	/* next group of this process's share */
	struct elders elders[ELDERS_OWNERS];
	struct known_name known;
};

#define SLOT_NONE UINT32_MAX

static inline uint32_t
table_word_matches(const _Atomic uint64_t *word, uint32_t i, uint64_t mask, uint64_t wanted)
{
	return (uint32_t)((atomic_load_explicit(&word[i], memory_order_relaxed) & mask) == wanted) << i;
}

/*
 * Which words of a group (one bit each) look as wanted.  A word may change at once: whoever acts upon it looks again.
 * Spelled out, since every look-up and every walk spends its time here.
 */
static inline uint32_t
table_group_matches(const struct table *tab, uint32_t first_slot, uint64_t mask, uint64_t wanted)
{
	const _Atomic uint64_t *word = tab->seg->group[first_slot / GROUP_SLOTS].word;

	_Static_assert(GROUP_SLOTS == 8, "all words of a group");
	return table_word_matches(word, 0, mask, wanted) | table_word_matches(word, 1, mask, wanted) |
	       table_word_matches(word, 2, mask, wanted) | table_word_matches(word, 3, mask, wanted) |
	       table_word_matches(word, 4, mask, wanted) | table_word_matches(word, 5, mask, wanted) |
	       table_word_matches(word, 6, mask, wanted) | table_word_matches(word, 7, mask, wanted);
}

/* Locks the stripe of a slot and repairs what a dead owner left. */
struct stripe *table_lock(struct table *tab, uint32_t index);
void table_stat(const struct table *tab, enum stat_index which);

/* What stands in the word of a live record of this kind and owner, under the masks of these. */
uint64_t table_owner_word(enum table_kind kind, uint64_t owner);

/*
 * Loads a slot's record, the lock held; drops it when it fails its checksum or stands where it cannot belong.  False
 * when there is no (longer a) record.
 */
bool table_load_locked(struct table *tab, uint32_t index, struct image *image_r);

#endif
