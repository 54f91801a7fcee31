/*
 * slot.c - reading and committing one slot
 */
#include "shm/slot.h"

#include <string.h>

#include "base/hash.h"

/* Where word `i` of a copy lies. */
struct copy {
	_Atomic uint64_t *near;
	_Atomic uint64_t *far;
	size_t near_words;
};

static struct copy
copy_of(const struct segment *seg, uint32_t index, uint64_t which)
{
	return (struct copy){slot_copy(seg, index, which), slot_copy_far(seg, index, which), seg->near_words};
}

static _Atomic uint64_t *
word_at(const struct copy *copy, size_t i)
{
	return i < copy->near_words ? &copy->near[i] : &copy->far[i - copy->near_words];
}

/* Every store to the segment that belongs to a mutation goes through here. */
static void
store(_Atomic uint64_t *at, uint64_t value)
{
	atomic_store_explicit(at, value, memory_order_relaxed);
	TABLE_STORE_POINT();
}

static size_t
payload_words(const struct image *image)
{
	return (slot_len(image) + 7) / 8;
}

static uint32_t
image_crc(const struct image *image)
{
	uint64_t len = slot_len(image);
	uint32_t crc;

	crc = hash_crc32c(0, image->word, COPY_LEN_CRC * sizeof(uint64_t));
	crc = hash_crc32c(crc, &len, sizeof(len));
	return hash_crc32c(crc, image->word + COPY_HEADER_WORDS, payload_words(image) * sizeof(uint64_t));
}

uint64_t
slot_word_find(uint32_t kind, struct table_id id)
{
	return WORD_LIVE | (uint64_t)kind << WORD_KIND_SHIFT | (id.lo & WORD_TAG_MASK);
}

static uint64_t
word_of(const struct image *image)
{
	struct table_id id = {image->word[COPY_ID_LO], image->word[COPY_ID_HI]};
	uint64_t word = slot_word_find(slot_kind(image) % TABLE_KINDS, id);

	if (image->word[COPY_KIND_FLAGS] & TABLE_EVICTABLE)
		word |= WORD_EVICTABLE;
	word |= image->word[COPY_OWNER] << WORD_OWNER_SHIFT & WORD_OWNER_MASK;
	return word | (image->word[COPY_VERSION] & 0xff);
}

/* ---- images ---- */

void
slot_image_from(struct image *image, struct table_id id, const struct table_record *rec, uint64_t now_ms)
{
	size_t last = COPY_HEADER_WORDS + (rec->len + 7) / 8 - 1;

	image->word[COPY_ID_LO] = id.lo;
	image->word[COPY_ID_HI] = id.hi;
	image->word[COPY_OWNER] = rec->owner;
	image->word[COPY_CREATED] = rec->created_ms;
	image->word[COPY_DEADLINE] = rec->deadline_ms;
	image->word[COPY_IDLE] = rec->idle_ms;
	image->word[COPY_KIND_FLAGS] = (uint64_t)rec->kind << 32 | rec->flags;
	image->word[COPY_LEN_CRC] = (uint64_t)rec->len << 32;
	image->word[COPY_SEEN] = now_ms;
	if (rec->len > 0)
		image->word[last] = 0;
	memcpy(image->word + COPY_HEADER_WORDS, rec->payload, rec->len);
}

void
slot_image_to(const struct image *image, struct table_record *rec_r)
{
	rec_r->kind = (enum table_kind)slot_kind(image);
	rec_r->flags = (uint32_t)image->word[COPY_KIND_FLAGS];
	rec_r->owner = image->word[COPY_OWNER];
	rec_r->created_ms = image->word[COPY_CREATED];
	rec_r->seen_ms = image->word[COPY_SEEN];
	rec_r->deadline_ms = image->word[COPY_DEADLINE];
	rec_r->idle_ms = image->word[COPY_IDLE];
	rec_r->len = slot_len(image);
	memcpy(rec_r->payload, image->word + COPY_HEADER_WORDS, rec_r->len);
}

bool
slot_image_is(const struct image *image, struct table_id id)
{
	return image->word[COPY_ID_LO] == id.lo && image->word[COPY_ID_HI] == id.hi;
}

bool
slot_image_expired(const struct image *image, uint64_t now_ms)
{
	uint64_t deadline = image->word[COPY_DEADLINE];
	uint64_t idle = image->word[COPY_IDLE];
	uint64_t seen = image->word[COPY_SEEN];

	if (deadline != 0 && now_ms >= deadline)
		return true;
	/* `seen` may be a little later than now: another worker's clock of this turn. */
	return idle != 0 && now_ms > seen && now_ms - seen >= idle;
}

void
slot_load_header(const struct segment *seg, uint32_t index, uint64_t word, struct image *image_r)
{
	const _Atomic uint64_t *copy = slot_copy(seg, index, word);

	for (size_t i = 0; i < COPY_HEADER_WORDS; i++)
		image_r->word[i] = atomic_load_explicit(&copy[i], memory_order_relaxed);
}

void
slot_prefetch(const struct segment *seg, uint32_t first_slot)
{
	for (uint32_t i = 0; i < GROUP_SLOTS; i++) {
		uint64_t word = atomic_load_explicit(slot_word(seg, first_slot + i), memory_order_relaxed);
		_Atomic uint64_t *copy = slot_copy(seg, first_slot + i, word);

		__builtin_prefetch(copy);
		__builtin_prefetch(copy + 8);
	}
}

bool
slot_load(const struct segment *seg, uint32_t index, uint64_t word, struct image *image_r)
{
	struct copy copy = copy_of(seg, index, word);
	size_t words;

	slot_load_header(seg, index, word, image_r);
	if (slot_len(image_r) > seg->payload_bytes || word_of(image_r) != word)
		return false;
	words = COPY_HEADER_WORDS + payload_words(image_r);
	for (size_t i = COPY_HEADER_WORDS; i < words; i++)
		image_r->word[i] = atomic_load_explicit(word_at(&copy, i), memory_order_relaxed);
	return image_crc(image_r) == (uint32_t)image_r->word[COPY_LEN_CRC];
}

/* ---- writing ---- */

static struct stripe *
stripe_of(const struct segment *seg, uint32_t index)
{
	return &seg->stripe[index / (seg->slots / seg->stripes)];
}

/* Says which slot is in the works, so that whoever inherits the lock knows what to tidy.  `more` is 1, or 0 for none.
 */
static void
set_working(const struct segment *seg, uint32_t index, uint32_t more)
{
	uint32_t within = more == 0 ? 0 : index % (seg->slots / seg->stripes) + more;

	atomic_store_explicit(&stripe_of(seg, index)->working, within, memory_order_relaxed);
	TABLE_STORE_POINT();
}

static size_t
all_words(const struct segment *seg)
{
	return COPY_HEADER_WORDS + seg->payload_bytes / 8;
}

/* Beyond its length a copy is zero: of this sees slot_commit(), and after a writer's death slot_tidy(). */
static size_t
used_words(const struct segment *seg, const struct copy *copy)
{
	uint64_t len = atomic_load_explicit(&copy->near[COPY_LEN_CRC], memory_order_relaxed) >> 32;

	return len <= seg->payload_bytes ? COPY_HEADER_WORDS + (len + 7) / 8 : all_words(seg);
}

static void
wipe_words(const struct copy *copy, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		store(word_at(copy, i), 0);
}

static void
wipe_copy(const struct segment *seg, uint32_t index, uint64_t which)
{
	struct copy copy = copy_of(seg, index, which);

	wipe_words(&copy, 0, used_words(seg, &copy));
}

static void
wipe_whole(const struct segment *seg, uint32_t index, uint64_t which)
{
	struct copy copy = copy_of(seg, index, which);

	wipe_words(&copy, 0, all_words(seg));
}

void
slot_tidy(const struct segment *seg, uint32_t index)
{
	uint64_t word = atomic_load_explicit(slot_word(seg, index), memory_order_relaxed);

	if (word == 0)
		wipe_whole(seg, index, 0);
	wipe_whole(seg, index, word + 1);
}

/*
 * The next version lies beyond every one begun before, even by a writer that died, and its lowest bit names the copy
 * that does not count now.
 */
static uint64_t
next_version(const struct segment *seg, uint32_t index, uint64_t word)
{
	uint64_t version = atomic_load_explicit(&slot_at(seg, index)->seq, memory_order_relaxed) + 1;

	if (word != 0 && (version & 1) == (word & 1))
		version++;
	return version;
}

void
slot_commit(const struct segment *seg, uint32_t index, struct image *image, bool replaces)
{
	_Atomic uint64_t *at = slot_word(seg, index);
	uint64_t word = atomic_load_explicit(at, memory_order_relaxed);
	struct copy copy;
	uint64_t new_word;
	size_t words = COPY_HEADER_WORDS + payload_words(image), before;

	image->word[COPY_VERSION] = next_version(seg, index, word);
	image->word[COPY_LEN_CRC] = (uint64_t)slot_len(image) << 32 | image_crc(image);
	copy = copy_of(seg, index, image->word[COPY_VERSION]);
	new_word = word_of(image);
	before = used_words(seg, &copy);

	set_working(seg, index, 1);
	store(&slot_at(seg, index)->seq, image->word[COPY_VERSION]);
	/* Whoever reads a byte written below also sees the counter above, and the word of the write before. */
	atomic_thread_fence(memory_order_release);
	for (size_t i = 0; i < words; i++)
		store(word_at(&copy, i), image->word[i]);
	wipe_words(&copy, words, before);
	/* Publishes the copy: this is the commit. */
	atomic_store_explicit(at, new_word, memory_order_release);
	TABLE_STORE_POINT();
	if (replaces) {
		atomic_thread_fence(memory_order_release);
		wipe_copy(seg, index, word);
	}
	set_working(seg, index, 0);
}

static void
empty(const struct segment *seg, uint32_t index)
{
	set_working(seg, index, 1);
	atomic_store_explicit(slot_word(seg, index), 0, memory_order_release);
	TABLE_STORE_POINT();
	/* Whoever reads a wiped byte also sees the empty word. */
	atomic_thread_fence(memory_order_release);
}

void
slot_clear(const struct segment *seg, uint32_t index)
{
	empty(seg, index);
	wipe_copy(seg, index, 0);
	wipe_copy(seg, index, 1);
	set_working(seg, index, 0);
}

void
slot_drop(const struct segment *seg, uint32_t index)
{
	empty(seg, index);
	slot_tidy(seg, index);
	set_working(seg, index, 0);
}

void
slot_touch(const struct segment *seg, uint32_t index, uint64_t word, uint64_t now_ms)
{
	_Atomic uint64_t *seen = &slot_copy(seg, index, word)[COPY_SEEN];

	if (atomic_load_explicit(seen, memory_order_relaxed) < now_ms)
		store(seen, now_ms);
}
