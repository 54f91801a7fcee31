/*
 * table.c - finding, reading and changing one record
 */
#include "shm/table.h"

#include <string.h>

#include "base/secret.h"
#include "shm/table_private.h"

#define READ_TRIES 8

/* The slots where a record of some id may stand: WINDOW_GROUPS groups from its home on, round and round its stripe. */
struct window {
	uint32_t first_group; /* of the stripe */
	uint32_t home;	      /* within the stripe */
	uint32_t mask;	      /* groups of the stripe - 1 */
	uint32_t slots;	      /* in the window */
};

/* ---- windows ---- */

static struct window
window_of(const struct table *tab, struct table_id id)
{
	uint32_t stripe = (uint32_t)(id.lo & 0xffff) & (tab->seg->stripes - 1);
	struct window window;

	window.first_group = stripe * tab->stripe_groups;
	window.mask = tab->stripe_groups - 1;
	window.home = (uint32_t)(id.lo >> 16 & 0xffffff) & window.mask;
	window.slots = (tab->stripe_groups < WINDOW_GROUPS ? tab->stripe_groups : WINDOW_GROUPS) * GROUP_SLOTS;
	return window;
}

static uint32_t
window_slot(const struct window *window, uint32_t i)
{
	uint32_t group = window->first_group + ((window->home + i / GROUP_SLOTS) & window->mask);

	return group * GROUP_SLOTS + i % GROUP_SLOTS;
}

/* Could a record with this image stand in this slot? */
static bool
image_belongs(const struct table *tab, uint32_t index, const struct image *image)
{
	struct table_id id = {image->word[COPY_ID_LO], image->word[COPY_ID_HI]};
	struct window window = window_of(tab, id);
	uint32_t within = index / GROUP_SLOTS - window.first_group;

	if (index / GROUP_SLOTS < window.first_group || within > window.mask)
		return false;
	return ((within - window.home) & window.mask) * GROUP_SLOTS < window.slots;
}

/* ---- the lock ---- */

bool
table_load_locked(struct table *tab, uint32_t index, struct image *image_r)
{
	uint64_t word = atomic_load_explicit(slot_word(tab->seg, index), memory_order_relaxed);

	if (word == 0)
		return false;
	if (slot_load(tab->seg, index, word, image_r) && image_belongs(tab, index, image_r))
		return true;
	slot_drop(tab->seg, index);
	table_stat(tab, STAT_DROPPED_CORRUPT);
	return false;
}

/* After a death: tidy the slot that was in the works, look at every record of the stripe. */
static void
repair(struct table *tab, struct stripe *stripe, uint32_t first_slot)
{
	uint32_t slots = tab->stripe_groups * GROUP_SLOTS;
	uint32_t working = atomic_load_explicit(&stripe->working, memory_order_relaxed);
	struct image image;

	if (working >= 1 && working <= slots)
		slot_tidy(tab->seg, first_slot + working - 1);
	for (uint32_t i = 0; i < slots; i++)
		(void)table_load_locked(tab, first_slot + i, &image);
	atomic_store_explicit(&stripe->working, 0, memory_order_relaxed);
	table_stat(tab, STAT_OWNER_DEATHS);
}

struct stripe *
table_lock(struct table *tab, uint32_t index)
{
	uint32_t slots = tab->stripe_groups * GROUP_SLOTS;
	struct stripe *stripe = &tab->seg->stripe[index / slots];

	if (stripe_lock(stripe) == STRIPE_OWNER_DIED) {
		repair(tab, stripe, index / slots * slots);
		stripe_repaired(stripe);
	}
	return stripe;
}

static struct stripe *
lock_window(struct table *tab, const struct window *window)
{
	return table_lock(tab, window->first_group * GROUP_SLOTS);
}

/* ---- finding ---- */

static uint32_t
find_locked(struct table *tab, const struct window *window, uint32_t kind, struct table_id id, struct image *image_r)
{
	uint64_t wanted = slot_word_find(kind, id);

	for (uint32_t i = 0; i < window->slots; i += GROUP_SLOTS) {
		uint32_t first = window_slot(window, i);

		for (uint32_t bits = table_group_matches(tab, first, WORD_FIND_MASK, wanted); bits != 0;
		     bits &= bits - 1) {
			uint32_t index = first + (uint32_t)__builtin_ctz(bits);

			if (table_load_locked(tab, index, image_r) && slot_image_is(image_r, id))
				return index;
		}
	}
	return SLOT_NONE;
}

enum peek { PEEK_NO, PEEK_YES, PEEK_AGAIN };

/* One try to read a slot without the lock. */
static enum peek
peek_slot(const struct table *tab, uint32_t index, uint64_t wanted, uint64_t *word_r, struct image *image_r)
{
	const _Atomic uint64_t *at = slot_word(tab->seg, index);
	uint64_t seq, word;
	bool good;

	if ((atomic_load_explicit(at, memory_order_relaxed) & WORD_FIND_MASK) != wanted)
		return PEEK_NO;
	seq = atomic_load_explicit(&slot_at(tab->seg, index)->seq, memory_order_acquire);
	/* Acquires what the commit of this word published. */
	word = atomic_load_explicit(at, memory_order_acquire);
	if ((word & WORD_FIND_MASK) != wanted)
		return PEEK_NO;
	good = slot_load(tab->seg, index, word, image_r);
	/* Pairs with the fences in slot.c: had a byte been overwritten, the word or the counter would now show it. */
	atomic_thread_fence(memory_order_acquire);
	if (!good || atomic_load_explicit(at, memory_order_relaxed) != word ||
	    atomic_load_explicit(&slot_at(tab->seg, index)->seq, memory_order_relaxed) - seq >= 128)
		return PEEK_AGAIN;
	*word_r = word;
	return PEEK_YES;
}

/* A lock-free find: PEEK_AGAIN after too many disturbances, or at a damaged record. */
static enum peek
peek_window(const struct table *tab, uint32_t kind, struct table_id id, uint32_t *index_r, uint64_t *word_r,
	    struct image *image_r)
{
	struct window window = window_of(tab, id);
	uint64_t wanted = slot_word_find(kind, id);
	int tries = READ_TRIES;

	for (uint32_t i = 0; i < window.slots; i += GROUP_SLOTS) {
		uint32_t first = window_slot(&window, i);

		for (uint32_t bits = table_group_matches(tab, first, WORD_FIND_MASK, wanted); bits != 0;
		     bits &= bits - 1) {
			uint32_t index = first + (uint32_t)__builtin_ctz(bits);
			enum peek seen = peek_slot(tab, index, wanted, word_r, image_r);

			while (seen == PEEK_AGAIN && --tries > 0)
				seen = peek_slot(tab, index, wanted, word_r, image_r);
			if (seen == PEEK_AGAIN)
				return PEEK_AGAIN;
			if (seen == PEEK_YES && slot_image_is(image_r, id)) {
				*index_r = index;
				return PEEK_YES;
			}
		}
	}
	return PEEK_NO;
}

static enum peek
find_any_way(struct table *tab, uint32_t kind, struct table_id id, uint32_t *index_r, uint64_t *word_r,
	     struct image *image_r)
{
	struct window window = window_of(tab, id);
	struct stripe *stripe;
	enum peek seen;

	seen = peek_window(tab, kind, id, index_r, word_r, image_r);
	if (seen != PEEK_AGAIN)
		return seen;
	table_stat(tab, STAT_LOCKED_READS);
	stripe = lock_window(tab, &window);
	*index_r = find_locked(tab, &window, kind, id, image_r);
	if (*index_r != SLOT_NONE)
		*word_r = atomic_load_explicit(slot_word(tab->seg, *index_r), memory_order_relaxed);
	stripe_unlock(stripe);
	return *index_r == SLOT_NONE ? PEEK_NO : PEEK_YES;
}

int
table_read(struct table *tab, enum table_kind kind, struct table_id id, uint64_t now_ms, struct table_record *rec_r)
{
	struct image image;
	uint32_t index;
	uint64_t word;

	if (find_any_way(tab, kind, id, &index, &word, &image) != PEEK_YES || slot_image_expired(&image, now_ms))
		return ERR_NOT_FOUND;
	slot_image_to(&image, rec_r);
	return 0;
}

int
table_touch(struct table *tab, enum table_kind kind, struct table_id id, uint64_t now_ms)
{
	struct image image;
	uint32_t index;
	uint64_t word;

	if (find_any_way(tab, kind, id, &index, &word, &image) != PEEK_YES || slot_image_expired(&image, now_ms))
		return ERR_NOT_FOUND;
	/*
	 * The record may be replaced between the look and this store; then the clock of the next one is set to the time
	 * at which it was made.
	 */
	slot_touch(tab->seg, index, word, now_ms);
	return 0;
}

/* ---- making room ---- */

static uint32_t
empty_slot(const struct table *tab, const struct window *window)
{
	for (uint32_t i = 0; i < window->slots; i += GROUP_SLOTS) {
		uint32_t first = window_slot(window, i);
		uint32_t bits = table_group_matches(tab, first, UINT64_MAX, 0);

		if (bits != 0)
			return first + (uint32_t)__builtin_ctz(bits);
	}
	return SLOT_NONE;
}

/* Where a record stands that is to go, the owner's oldest so far. */
struct oldest {
	uint32_t index;
	uint64_t seen_ms;
};

/* Gives the slot of an expired record of this group, or SLOT_NONE. */
static uint32_t
judge_group(struct table *tab, uint32_t first, uint64_t owner, uint64_t now_ms, struct oldest *oldest)
{
	struct image image;

	for (uint32_t index = first; index < first + GROUP_SLOTS; index++) {
		slot_load_header(tab->seg, index,
				 atomic_load_explicit(slot_word(tab->seg, index), memory_order_relaxed), &image);
		if (slot_image_expired(&image, now_ms))
			return index;
		if (image.word[COPY_OWNER] == owner && (image.word[COPY_KIND_FLAGS] & TABLE_EVICTABLE) &&
		    image.word[COPY_SEEN] < oldest->seen_ms)
			*oldest = (struct oldest){index, image.word[COPY_SEEN]};
	}
	return SLOT_NONE;
}

/*
 * What may go of a window without an empty slot: anything expired; else the owner's least recently used evictable
 * record.  All that time the stripe is locked, so only headers are looked at, and the next group's are on their way
 * from memory meanwhile.  Who goes on account of a header that is damaged would have been dropped at the next look.
 */
static uint32_t
victim_slot(struct table *tab, const struct window *window, uint64_t owner, uint64_t now_ms)
{
	struct oldest oldest = {SLOT_NONE, UINT64_MAX};

	slot_prefetch(tab->seg, window_slot(window, 0));
	for (uint32_t i = 0; i < window->slots; i += GROUP_SLOTS) {
		uint32_t expired;

		slot_prefetch(tab->seg, window_slot(window, i + GROUP_SLOTS));
		expired = judge_group(tab, window_slot(window, i), owner, now_ms, &oldest);
		if (expired != SLOT_NONE) {
			table_stat(tab, STAT_EXPIRED);
			return expired;
		}
	}
	if (owner == 0 || oldest.index == SLOT_NONE)
		return SLOT_NONE;
	table_stat(tab, STAT_EVICTIONS);
	return oldest.index;
}

/* `index` is where an expired record of the same id stands, or SLOT_NONE. */
static int
insert_locked(struct table *tab, const struct window *window, uint32_t index, struct image *image, uint64_t now_ms)
{
	if (index != SLOT_NONE)
		table_stat(tab, STAT_EXPIRED);
	else
		index = empty_slot(tab, window);
	if (index == SLOT_NONE)
		index = victim_slot(tab, window, image->word[COPY_OWNER], now_ms);
	if (index == SLOT_NONE) {
		table_stat(tab, STAT_FULL);
		return ERR_FULL;
	}
	slot_commit(tab->seg, index, image,
		    atomic_load_explicit(slot_word(tab->seg, index), memory_order_relaxed) != 0);
	table_stat(tab, STAT_INSERTS);
	return 0;
}

static int
insert(struct table *tab, struct table_id id, const struct table_record *rec, bool is_fresh, uint64_t now_ms)
{
	struct window window = window_of(tab, id);
	struct image found, image;
	struct stripe *stripe;
	uint32_t index = SLOT_NONE;
	int r;

	if (rec->len > tab->seg->payload_bytes)
		return ERR_LIMIT;
	slot_image_from(&image, id, rec, now_ms);
	image.word[COPY_CREATED] = now_ms;
	stripe = lock_window(tab, &window);
	if (!is_fresh)
		index = find_locked(tab, &window, rec->kind, id, &found);
	if (index != SLOT_NONE && !slot_image_expired(&found, now_ms))
		r = ERR_EXISTS;
	else
		r = insert_locked(tab, &window, index, &image, now_ms);
	stripe_unlock(stripe);
	return r;
}

int
table_insert(struct table *tab, struct table_id id, const struct table_record *rec, uint64_t now_ms)
{
	return insert(tab, id, rec, false, now_ms);
}

int
table_insert_fresh(struct table *tab, struct table_id id, const struct table_record *rec, uint64_t now_ms)
{
	return insert(tab, id, rec, true, now_ms);
}

/* ---- changing ---- */

static int
change_locked(struct table *tab, uint32_t index, struct table_id id, const struct image *found, uint64_t now_ms,
	      table_change_fn fn, void *ctx)
{
	struct table_record rec;
	struct image image;
	int r;

	slot_image_to(found, &rec);
	r = fn(&rec, ctx);
	if (r == TABLE_REMOVE_IT) {
		slot_clear(tab->seg, index);
		table_stat(tab, STAT_REMOVALS);
		return 0;
	}
	if (r != 0)
		return r;
	if (rec.len > tab->seg->payload_bytes)
		return ERR_LIMIT;
	rec.kind = (enum table_kind)slot_kind(found);
	rec.owner = found->word[COPY_OWNER];
	rec.created_ms = found->word[COPY_CREATED];
	slot_image_from(&image, id, &rec, now_ms > rec.seen_ms ? now_ms : rec.seen_ms);
	slot_commit(tab->seg, index, &image, false);
	table_stat(tab, STAT_UPDATES);
	return 0;
}

int
table_update(struct table *tab, enum table_kind kind, struct table_id id, uint64_t now_ms, table_change_fn fn,
	     void *ctx)
{
	struct window window = window_of(tab, id);
	struct stripe *stripe;
	struct image found;
	uint32_t index;
	int r = ERR_NOT_FOUND;

	stripe = lock_window(tab, &window);
	index = find_locked(tab, &window, kind, id, &found);
	if (index != SLOT_NONE && !slot_image_expired(&found, now_ms))
		r = change_locked(tab, index, id, &found, now_ms, fn, ctx);
	stripe_unlock(stripe);
	return r;
}

static int
make_locked(struct table *tab, const struct window *window, uint32_t index, struct table_id id,
	    const struct table_record *blank, uint64_t now_ms, table_change_fn fn, void *ctx)
{
	struct table_record rec = *blank;
	struct image image;
	int r;

	rec.created_ms = now_ms;
	rec.seen_ms = now_ms;
	r = fn(&rec, ctx);
	if (r != 0)
		return r == TABLE_REMOVE_IT ? 0 : r;
	if (rec.len > tab->seg->payload_bytes)
		return ERR_LIMIT;
	rec.kind = blank->kind;
	rec.owner = blank->owner;
	rec.created_ms = now_ms;
	slot_image_from(&image, id, &rec, now_ms);
	return insert_locked(tab, window, index, &image, now_ms);
}

int
table_upsert(struct table *tab, struct table_id id, const struct table_record *blank, uint64_t now_ms,
	     table_change_fn fn, void *ctx)
{
	struct window window = window_of(tab, id);
	struct stripe *stripe;
	struct image found;
	uint32_t index;
	int r;

	stripe = lock_window(tab, &window);
	index = find_locked(tab, &window, blank->kind, id, &found);
	if (index != SLOT_NONE && !slot_image_expired(&found, now_ms))
		r = change_locked(tab, index, id, &found, now_ms, fn, ctx);
	else
		r = make_locked(tab, &window, index, id, blank, now_ms, fn, ctx);
	stripe_unlock(stripe);
	return r;
}

int
table_remove(struct table *tab, enum table_kind kind, struct table_id id, uint64_t now_ms)
{
	struct window window = window_of(tab, id);
	struct stripe *stripe;
	struct image found;
	uint32_t index;
	int r = ERR_NOT_FOUND;

	stripe = lock_window(tab, &window);
	index = find_locked(tab, &window, kind, id, &found);
	if (index != SLOT_NONE) {
		bool expired = slot_image_expired(&found, now_ms);

		slot_clear(tab->seg, index);
		table_stat(tab, expired ? STAT_EXPIRED : STAT_REMOVALS);
		r = expired ? ERR_NOT_FOUND : 0;
	}
	stripe_unlock(stripe);
	return r;
}
