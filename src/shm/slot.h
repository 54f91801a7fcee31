/*
 * slot.h - words, copies and what makes them agree; private to shm
 *
 * A word says all about a slot:
 *
 *	bits 0-7 version, 8 live, 9-11 kind, 12 evictable, 13-39 owner tag, 40-63 id tag
 *
 * It follows from the image of the active copy, so a word and a copy that do not belong together are found out.  Bit 0
 * names the active copy.  The version is the slot's write counter, which only grows: a word seen twice with fewer than
 * 128 writes in between means that the copy it names was not touched.
 */
#ifndef SHM_SLOT_H
#define SHM_SLOT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "shm/layout.h"

/* Tests put something here that ends the writer after the n-th store; it costs nothing elsewhere. */
#ifndef TABLE_STORE_POINT
#define TABLE_STORE_POINT() ((void)0)
#endif

#define WORD_LIVE (1ull << 8)
#define WORD_KIND_SHIFT 9
#define WORD_EVICTABLE (1ull << 12)
#define WORD_OWNER_SHIFT 13
#define WORD_OWNER_MASK (((1ull << 27) - 1) << WORD_OWNER_SHIFT)
#define WORD_TAG_SHIFT 40
#define WORD_KIND_MASK (7ull << WORD_KIND_SHIFT)
#define WORD_TAG_MASK (0xffffffull << WORD_TAG_SHIFT)
#define WORD_FIND_MASK (WORD_LIVE | WORD_KIND_MASK | WORD_TAG_MASK)

#define IMAGE_WORDS (COPY_HEADER_WORDS + SEGMENT_PAYLOAD_MAX / 8)

/* A copy of a record in private memory, in the layout of the segment.  The tail of the last payload word is zero. */
struct image {
	uint64_t word[IMAGE_WORDS];
};

/* The near part. */
struct slot {
	_Atomic uint64_t seq; /* write counter: the version last begun, committed or not */
	_Atomic uint64_t spare;
	_Atomic uint64_t copies[];
};

static inline unsigned char *
slot_group(const struct segment *seg, uint32_t index)
{
	return seg->slot + (size_t)(index / GROUP_SLOTS) * GROUP_SLOTS * seg->slot_bytes;
}

static inline struct slot *
slot_at(const struct segment *seg, uint32_t index)
{
	return (struct slot *)(void *)(slot_group(seg, index) + index % GROUP_SLOTS * seg->near_bytes);
}

static inline _Atomic uint64_t *
slot_word(const struct segment *seg, uint32_t index)
{
	return &seg->group[index / GROUP_SLOTS].word[index % GROUP_SLOTS];
}

/* Copy 0 or 1; `which` may be any version.  Its first near_words words, among them the header. */
static inline _Atomic uint64_t *
slot_copy(const struct segment *seg, uint32_t index, uint64_t which)
{
	return slot_at(seg, index)->copies + (which & 1) * seg->near_words;
}

/* Likewise the words from near_words on. */
static inline _Atomic uint64_t *
slot_copy_far(const struct segment *seg, uint32_t index, uint64_t which)
{
	unsigned char *far =
	    slot_group(seg, index) + GROUP_SLOTS * seg->near_bytes + index % GROUP_SLOTS * seg->far_bytes;

	return (_Atomic uint64_t *)(void *)far + (which & 1) * seg->far_words;
}

static inline uint32_t
slot_kind(const struct image *image)
{
	return (uint32_t)(image->word[COPY_KIND_FLAGS] >> 32);
}

static inline uint32_t
slot_len(const struct image *image)
{
	return (uint32_t)(image->word[COPY_LEN_CRC] >> 32);
}

uint64_t slot_word_find(uint32_t kind, struct table_id id); /* compare under WORD_FIND_MASK */

void slot_image_from(struct image *image, struct table_id id, const struct table_record *rec, uint64_t now_ms);
void slot_image_to(const struct image *image, struct table_record *rec_r);
bool slot_image_is(const struct image *image, struct table_id id);
bool slot_image_expired(const struct image *image, uint64_t now_ms);

/* Loads the copy that `word` names and tells whether the two belong together. */
bool slot_load(const struct segment *seg, uint32_t index, uint64_t word, struct image *image_r);

/*
 * The same without the payload, and unchecked: enough to ask whose a record is and how old, from two lines of memory
 * each.  slot_prefetch() fetches them for a whole group.
 */
void slot_load_header(const struct segment *seg, uint32_t index, uint64_t word, struct image *image_r);
void slot_prefetch(const struct segment *seg, uint32_t first_slot);

/*
 * Writers; the stripe is locked.  slot_commit() gives image its version, writes it to the copy that does not count
 * and makes it count; `replaces` says that what stood there is another record, whose bytes are then wiped.
 * slot_clear() empties the slot and wipes both copies as far as they say that they go; slot_drop() all of both, of a
 * record that is damaged.
 */
void slot_commit(const struct segment *seg, uint32_t index, struct image *image, bool replaces);
void slot_clear(const struct segment *seg, uint32_t index);
void slot_drop(const struct segment *seg, uint32_t index);
void slot_touch(const struct segment *seg, uint32_t index, uint64_t word, uint64_t now_ms);

/* Wipes what does not count: the other copy of a live slot, both copies of an empty one. */
void slot_tidy(const struct segment *seg, uint32_t index);

#endif
