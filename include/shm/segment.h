/*
 * segment.h - the shared memory segment and the keys kept beside it
 *
 * One segment serves one instance of the service for as long as its descriptor is open in any process.  It is made
 * with shm_open(2) under a random name that is unlinked at once; when /dev/shm has less room than the table may grow
 * to, a memfd takes its place, because running out of room there would be a SIGBUS later.
 *
 *	header | board (a row per worker) | stripes (mutexes) | groups (words) | slots (records)
 *
 * Pages are touched lazily (MAP_NORESERVE), never dumped to a core (MADV_DONTDUMP), and never remapped: a mapping
 * stays until the process ends, segment_free() is for tests and for roles that end.
 *
 * Keys never stand in the segment: whoever reads the segment reads hashes and sealed bytes.  They live in a second
 * small descriptor (memfd_secret(2) when the kernel has it, else memfd_create(2)), passed on together with the
 * segment.  The two are a pair; table_new() refuses a mismatch.
 *
 * Runs in: supervisor (create, attach), worker and stdio (attach).  No function here takes a lock of the table.
 */
#ifndef SHM_SEGMENT_H
#define SHM_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"
#include "base/hash.h"

struct segment;
struct segment_keys;

#ifndef SEGMENT_LAYOUT_VERSION /* tests build a program with another one */
#define SEGMENT_LAYOUT_VERSION 4
#endif

#define SEGMENT_SLOTS_MIN 64
#define SEGMENT_SLOTS_DEFAULT 65536
#define SEGMENT_SLOTS_MAX (16u * 1024 * 1024)

/* With this payload a slot is exactly one page: the most a record can need, and the least that is touched for one. */
#define SEGMENT_PAYLOAD_DEFAULT 1960
#define SEGMENT_PAYLOAD_MAX 1960

struct segment_config {
	uint32_t slots;		/* rounded up to a power of two; 0 means SEGMENT_SLOTS_DEFAULT */
	uint32_t payload_bytes; /* largest payload of a record, rounded up to 8; 0 means SEGMENT_PAYLOAD_DEFAULT */
};

/* ---- The segment ---- */

/*
 * Makes an empty segment that is paired with `keys`.  Gives a segment that owns its descriptor and mapping.
 * ERR_INVALID: a size out of range.  ERR_IO: a system call failed.  ERR_NOMEM.
 */
int segment_create(const struct segment_config *config, const struct segment_keys *keys, struct segment **seg_r,
		   struct err *err) MUST_CHECK;

/*
 * Maps the segment behind `fd` and takes `fd` on success.  ERR_UNSUPPORTED: it is one of ours, but of another layout,
 * other struct sizes or another glibc (process-shared mutexes are trusted within one glibc version only): make a new
 * one. ERR_CORRUPT: not a segment, or its header contradicts itself or the file's size.  ERR_IO, ERR_NOMEM.
 */
int segment_attach(int fd, struct segment **seg_r, struct err *err) MUST_CHECK;

void segment_free(struct segment **seg); /* unmaps and closes; the segment lives on in other processes */

int segment_fd(const struct segment *seg); /* borrowed; for passing on.  CLOEXEC is set */
uint32_t segment_slots(const struct segment *seg);
uint32_t segment_groups(const struct segment *seg); /* of eight slots: what a sweep goes by */

/* The supervisor's count of worker generations; survives reload and upgrade with the segment. */
uint64_t segment_generation(const struct segment *seg);
uint64_t segment_next_generation(struct segment *seg); /* adds one, gives the new number */

/* ---- The keys ---- */

#define SEGMENT_SEAL_KEY_LEN 32
#define SEGMENT_MAC_KEY_LEN 32

/* Makes a fresh random set.  ERR_IO when no kind of memory file can be made, ERR_NOMEM. */
int segment_keys_create(struct segment_keys **keys_r, struct err *err) MUST_CHECK;

/*
 * Maps an existing set and takes `fd` on success.  ERR_CORRUPT: not a set of keys of this layout, or already wiped.
 */
int segment_keys_attach(int fd, struct segment_keys **keys_r, struct err *err) MUST_CHECK;

/* Overwrites the keys for every process that shares them: nothing sealed or hashed with them can be used again. */
void segment_keys_wipe(struct segment_keys *keys);
void segment_keys_free(struct segment_keys **keys); /* unmaps and closes; does not wipe */

int segment_keys_fd(const struct segment_keys *keys); /* borrowed */
bool segment_keys_are_secretmem(const struct segment_keys *keys);

/*
 * Pointers into the mapping, valid as long as `keys`.  System calls cannot read secret memory: never pass these to
 * the kernel.
 */
const uint8_t *segment_keys_hash(const struct segment_keys *keys); /* HASH_KEY_LEN bytes: ids of records */
const uint8_t *segment_keys_seal(const struct segment_keys *keys); /* SEGMENT_SEAL_KEY_LEN bytes: AES-256-GCM */
const uint8_t *segment_keys_mac(const struct segment_keys *keys);  /* SEGMENT_MAC_KEY_LEN bytes: cursors and such */

bool segment_keys_match(const struct segment_keys *keys, const struct segment *seg);

#endif
