/*
 * table_scan.c - what walks over many records: sweep, count
 *
 * The words alone (64 bytes for 8 slots) answer most questions, so a walk reads 1/64 of the table.
 */
#include "shm/table.h"

#include "shm/table_private.h"

static uint64_t
load_word(const struct table *tab, uint32_t index)
{
	return atomic_load_explicit(slot_word(tab->seg, index), memory_order_relaxed);
}

/* ---- sweep ---- */

static bool
group_is_empty(const struct table *tab, uint32_t group)
{
	return table_group_matches(tab, group * GROUP_SLOTS, UINT64_MAX, 0) == (1u << GROUP_SLOTS) - 1;
}

static size_t
sweep_group(struct table *tab, uint32_t group, uint64_t now_ms)
{
	struct stripe *stripe;
	struct image image;
	size_t removed = 0;

	if (group_is_empty(tab, group))
		return 0;
	stripe = table_lock(tab, group * GROUP_SLOTS);
	for (uint32_t i = 0; i < GROUP_SLOTS; i++) {
		uint32_t index = group * GROUP_SLOTS + i;

		if (!table_load_locked(tab, index, &image) || !slot_image_expired(&image, now_ms))
			continue;
		slot_clear(tab->seg, index);
		table_stat(tab, STAT_EXPIRED);
		removed++;
	}
	stripe_unlock(stripe);
	return removed;
}

size_t
table_sweep(struct table *tab, uint32_t part, uint32_t parts, size_t budget, uint64_t now_ms)
{
	uint32_t first, end;
	size_t removed = 0;

	if (parts == 0 || part >= parts)
		return 0;
	first = (uint32_t)((uint64_t)tab->seg->groups * part / parts);
	end = (uint32_t)((uint64_t)tab->seg->groups * (part + 1) / parts);
	if (budget > end - first)
		budget = end - first;
	for (; budget > 0; budget--) {
		if (tab->sweep_at < first || tab->sweep_at >= end)
			tab->sweep_at = first;
		removed += sweep_group(tab, tab->sweep_at, now_ms);
		tab->sweep_at++;
	}
	return removed;
}

/* ---- counting ---- */

static size_t
count_words(const struct table *tab, uint64_t mask, uint64_t wanted, size_t limit)
{
	size_t n = 0;

	for (uint32_t group = 0; group < tab->seg->groups && n < limit; group++) {
		uint32_t bits = table_group_matches(tab, group * GROUP_SLOTS, mask, wanted);

		for (; bits != 0; bits &= bits - 1)
			n++;
	}
	return n < limit ? n : limit;
}

static uint64_t
kind_word(enum table_kind kind)
{
	return WORD_LIVE | (uint64_t)kind << WORD_KIND_SHIFT;
}

uint64_t
table_owner_word(enum table_kind kind, uint64_t owner)
{
	return kind_word(kind) | (owner << WORD_OWNER_SHIFT & WORD_OWNER_MASK);
}

size_t
table_count(const struct table *tab, enum table_kind kind)
{
	return count_words(tab, WORD_LIVE | WORD_KIND_MASK, kind_word(kind), SIZE_MAX);
}

size_t
table_count_owner(const struct table *tab, enum table_kind kind, uint64_t owner, size_t limit)
{
	return count_words(tab, WORD_LIVE | WORD_KIND_MASK | WORD_OWNER_MASK, table_owner_word(kind, owner), limit);
}

size_t
table_count_owner_live(struct table *tab, enum table_kind kind, uint64_t owner, uint64_t now_ms)
{
	uint64_t mask = WORD_LIVE | WORD_KIND_MASK | WORD_OWNER_MASK;
	uint64_t wanted = table_owner_word(kind, owner);
	struct image image;
	size_t n = 0;

	for (uint32_t index = 0; index < tab->seg->slots; index++) {
		struct stripe *stripe;

		if ((load_word(tab, index) & mask) != wanted)
			continue;
		stripe = table_lock(tab, index);
		n += (load_word(tab, index) & mask) == wanted && table_load_locked(tab, index, &image) &&
		     image.word[COPY_OWNER] == owner && !slot_image_expired(&image, now_ms);
		stripe_unlock(stripe);
	}
	return n;
}
