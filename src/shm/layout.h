/*
 * layout.h - what the bytes of the segment mean; private to shm
 *
 * Everything is reached by offsets that follow from two numbers (slots, payload_bytes).  A process computes them once
 * at attach and keeps them; it never believes a size or an index that stands in the segment afterwards.
 */
#ifndef SHM_LAYOUT_H
#define SHM_LAYOUT_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "shm/board.h"
#include "shm/segment.h"
#include "shm/stripe.h"
#include "shm/table.h"

#define SEGMENT_MAGIC 0x3147455350434d4du /* "MMCPSEG1" */
#define SEGMENT_PAIR_LEN 16

#define GROUP_SLOTS 8
/*
 * Where a record may stand, counted from its home group.  With 16, inserts fail from 67 % full on; with 32, one filling
 * to 72 % in some 1,500 has one that fails.
 */
#define WINDOW_GROUPS 48
#define STRIPE_GROUPS 64 /* at least */
#define STRIPES_MAX 1024

/* Fixed when the segment is made.  Compared field by field at attach. */
struct segment_shape {
	uint64_t magic;
	uint32_t layout_version;
	uint32_t header_bytes;
	uint32_t stripe_bytes;
	uint32_t board_row_bytes;
	uint32_t copy_header_bytes;
	uint32_t mutex_bytes;
	char glibc[16];
	uint32_t slots;
	uint32_t payload_bytes;
	uint32_t groups;
	uint32_t stripes;
	uint32_t slot_bytes;
	uint32_t backend;
	uint64_t total_bytes;
	uint64_t created_wall_ms;
	uint8_t pair[SEGMENT_PAIR_LEN]; /* stands in the keys, too */
};

enum stat_index {
	STAT_INSERTS,
	STAT_UPDATES,
	STAT_REMOVALS,
	STAT_EXPIRED,
	STAT_EVICTIONS,
	STAT_FULL,
	STAT_OWNER_DEATHS,
	STAT_DROPPED_CORRUPT,
	STAT_LOCKED_READS,
	STAT_COUNT
};

enum segment_backend { SEGMENT_POSIX = 1, SEGMENT_MEMFD = 2 };

struct segment_header {
	struct segment_shape shape;
	_Alignas(64) _Atomic uint64_t generation;
	_Alignas(64) _Atomic uint64_t stats[16];
	_Atomic uint64_t service[8]; /* enum board_service */
	_Alignas(64) _Atomic uint64_t audit_end;
	uint64_t spare[55];
};

_Static_assert(sizeof(struct segment_header) <= 4096, "the header is one page");
_Static_assert(STAT_COUNT <= 16, "room for the statistics");

struct group {
	_Alignas(64) _Atomic uint64_t word[GROUP_SLOTS];
};

/* One copy of a record, in 64-bit words: these, then the payload. */
enum copy_word {
	COPY_ID_LO,
	COPY_ID_HI,
	COPY_OWNER,
	COPY_CREATED,
	COPY_DEADLINE,
	COPY_IDLE,
	COPY_VERSION,
	COPY_KIND_FLAGS, /* kind << 32 | flags */
	COPY_LEN_CRC,	 /* length << 32 | checksum of all above, the length and the payload */
	COPY_SEEN,	 /* idle clock: outside the checksum, so that a touch is one store */
	COPY_HEADER_WORDS
};

#define COPY_HEADER_BYTES (COPY_HEADER_WORDS * sizeof(uint64_t))
#define SLOT_HEADER_WORDS 2 /* write counter, spare */

/*
 * Most records are small, and memory comes in pages.  So the slots of a group lie beside each other in one page with
 * their counters and what both copies begin with, and behind that, slot after slot, with what long records go on with.
 */
#define SLOT_NEAR_BYTES 512

/* Where things are in this process. */
struct segment {
	struct segment_header *header;
	int fd;
	uint32_t slots;
	uint32_t groups;
	uint32_t stripes;
	uint32_t payload_bytes;
	uint32_t near_words; /* of a copy, from its header on, that lie near; the others lie far */
	uint32_t far_words;
	size_t near_bytes; /* of a slot */
	size_t far_bytes;
	size_t slot_bytes; /* the sum */
	size_t total_bytes;
	struct board_row *board;
	struct stripe *stripe;
	struct group *group;
	unsigned char *slot; /* GROUP_SLOTS times near, then as often far, for each group */
};

extern const size_t board_row_bytes;
const uint8_t *segment_keys_pair(const struct segment_keys *keys);

#endif
