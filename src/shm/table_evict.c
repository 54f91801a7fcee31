/*
 * table_evict.c - the owner's least recently used records, found many at a time
 *
 * A walk over the whole table is dear, so it remembers the oldest records that it met.  Clocks only move forward: what
 * a walk did not remember is younger than all that it did, so they go in their order for as long as there are any,
 * those left out that somebody has used since.
 */
#include <string.h>

#include "shm/table.h"

#include "shm/table_private.h"

static uint64_t
load_word(const struct table *tab, uint32_t index)
{
	return atomic_load_explicit(slot_word(tab->seg, index), memory_order_relaxed);
}

static uint64_t
load_seen(const struct table *tab, uint32_t index, uint64_t word)
{
	return atomic_load_explicit(&slot_copy(tab->seg, index, word)[COPY_SEEN], memory_order_relaxed);
}

/* ---- a heap with the youngest on top ---- */

static void
sink(struct elder *heap, size_t n, size_t at)
{
	for (;;) {
		size_t child = 2 * at + 1;
		struct elder swap = heap[at];

		if (child >= n)
			return;
		if (child + 1 < n && heap[child + 1].seen_ms > heap[child].seen_ms)
			child++;
		if (heap[child].seen_ms <= swap.seen_ms)
			return;
		heap[at] = heap[child];
		heap[child] = swap;
		at = child;
	}
}

static void
keep_if_old(struct elders *elders, struct elder fresh)
{
	if (elders->n < ELDERS_MAX) {
		elders->of[elders->n++] = fresh;
		for (size_t i = elders->n; elders->n == ELDERS_MAX && i > 0; i--)
			sink(elders->of, elders->n, i - 1);
	} else if (fresh.seen_ms < elders->of[0].seen_ms) {
		elders->of[0] = fresh;
		sink(elders->of, elders->n, 0);
	}
}

/* The oldest last. */
static void
order(struct elders *elders)
{
	for (size_t i = elders->n / 2; i > 0; i--)
		sink(elders->of, elders->n, i - 1);
	for (size_t end = elders->n; end > 1; end--) {
		struct elder youngest = elders->of[0];

		elders->of[0] = elders->of[end - 1];
		elders->of[end - 1] = youngest;
		sink(elders->of, end - 1, 0);
	}
	for (size_t i = 0; i < elders->n / 2; i++) {
		struct elder swap = elders->of[i];

		elders->of[i] = elders->of[elders->n - 1 - i];
		elders->of[elders->n - 1 - i] = swap;
	}
}

/* ---- the walk ---- */

/* A look without the lock: good enough to choose, not to act upon. */
static void
find_elders(const struct table *tab, struct elders *elders)
{
	uint64_t mask = WORD_LIVE | WORD_KIND_MASK | WORD_OWNER_MASK | WORD_EVICTABLE;
	uint64_t wanted = table_owner_word(elders->kind, elders->owner) | WORD_EVICTABLE;

	elders->n = 0;
	for (uint32_t index = 0; index < tab->seg->slots; index++) {
		uint64_t word = load_word(tab, index);

		if ((word & mask) == wanted)
			keep_if_old(elders, (struct elder){index, word, load_seen(tab, index, word)});
	}
	order(elders);
}

/* ---- evicting ---- */

static bool
evict(struct table *tab, const struct elders *elders, const struct elder *elder, uint64_t now_ms)
{
	struct stripe *stripe = table_lock(tab, elder->index);
	struct image image;
	bool is_it;

	is_it = load_word(tab, elder->index) == elder->word &&
		load_seen(tab, elder->index, elder->word) == elder->seen_ms &&
		table_load_locked(tab, elder->index, &image) && image.word[COPY_OWNER] == elders->owner;
	if (is_it) {
		table_stat(tab, slot_image_expired(&image, now_ms) ? STAT_EXPIRED : STAT_EVICTIONS);
		slot_clear(tab->seg, elder->index);
	}
	stripe_unlock(stripe);
	return is_it;
}

static bool
evict_known(struct table *tab, struct elders *elders, uint64_t now_ms)
{
	while (elders->n > 0) {
		elders->n--;
		if (evict(tab, elders, &elders->of[elders->n], now_ms))
			return true;
	}
	return false;
}

static struct elders *
elders_of(struct table *tab, enum table_kind kind, uint64_t owner)
{
	struct elders *elders = &tab->elders[owner % ELDERS_OWNERS];

	if (elders->owner != owner || elders->kind != kind) {
		elders->owner = owner;
		elders->kind = kind;
		elders->n = 0;
	}
	return elders;
}

int
table_evict_oldest(struct table *tab, enum table_kind kind, uint64_t owner, uint64_t now_ms)
{
	struct elders *elders = elders_of(tab, kind, owner);

	if (evict_known(tab, elders, now_ms))
		return 0;
	find_elders(tab, elders);
	return evict_known(tab, elders, now_ms) ? 0 : ERR_NOT_FOUND;
}
