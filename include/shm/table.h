/*
 * table.h - typed records that all workers share
 *
 * A record is reached by its kind and a 128-bit id, the keyed hash of its name (table_id()): names are not stored.
 * The caller always gets copies, so nothing can dangle when another worker removes the record or dies.
 *
 *	group   8 words of 64 bit, one cache line:  live, kind, evictable, version, owner tag, id tag
 *	slot    write counter, idle clock, two copies of {id, kind, flags, times, owner, length, checksum, payload}
 *
 * The word in the group says everything about a slot: 0 is empty, otherwise the low bit of its version names the copy
 * that counts.  A write fills the other copy and commits by the one aligned store of the word, be it an insert, an
 * update, a removal or an eviction.  A process killed before that store has changed nothing, killed after it has
 * changed all. What is left to clean up (the copy that no longer counts) is done by whoever next locks the stripe.
 *
 * Readers take no lock: word, copy, word again.  After eight disturbed tries they lock.
 *
 * Time is an argument: now_ms is clock_mono_ms(), the same clock in every process of the host.  Two workers' ideas of
 * "now" may differ by a loop turn; a clock never goes back because of it.
 *
 * Capacity: a key may stand in 48 groups (384 slots) of its stripe.  Of 5,000 simulated fillings of 65,536 slots to
 * three quarters, and 500 of 1,048,576, none refused anything; beyond that an insert may have to evict, in this order:
 * expired records of any kind; then the same owner's least recently used record flagged TABLE_EVICTABLE; otherwise
 * ERR_FULL.  Nothing else is removed early.
 *
 * Runs in: worker, stdio, tests.  Never in the supervisor.  No function here allocates but table_new().
 */
#ifndef SHM_TABLE_H
#define SHM_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"
#include "base/slice.h"
#include "shm/segment.h"

struct table;

enum table_kind { TABLE_LOGIN = 1, TABLE_MCP_SESSION = 2, TABLE_TOKEN = 3, TABLE_QUOTA = 4, TABLE_NONCE = 5 };
#define TABLE_KINDS 8 /* room in the word */

#define TABLE_EVICTABLE 1u /* may make room for another record of the same owner */

struct table_id {
	uint64_t lo;
	uint64_t hi;
};

struct table_record {
	enum table_kind kind;
	uint32_t flags;	      /* TABLE_EVICTABLE */
	uint64_t owner;	      /* keyed hash of the principal, table_owner(); 0 = nobody */
	uint64_t created_ms;  /* set by insert */
	uint64_t seen_ms;     /* idle clock; set by insert, moved by touch and update */
	uint64_t deadline_ms; /* absolute end; 0 = none */
	uint64_t idle_ms;     /* ends when not seen for so long; 0 = never */
	uint32_t len;	      /* bytes of payload */
	_Alignas(8) unsigned char payload[SEGMENT_PAYLOAD_MAX];
};

/*
 * A handle: of one process and one thread, since it remembers what was asked for last; others take one of their own on
 * the same segment.  Borrows both; they must outlive the table.  ERR_INVALID when keys and segment are not a pair,
 * ERR_NOMEM.
 */
int table_new(struct segment *seg, const struct segment_keys *keys, struct table **tab_r) MUST_CHECK;
void table_free(struct table **tab);

/* The id of (kind, scope, name).  `scope` (a principal, or SLICE_NONE) makes one name mean different records. */
struct table_id table_id(struct table *tab, enum table_kind kind, struct slice scope, struct slice name);
uint64_t table_owner(struct table *tab, struct slice principal); /* never 0 */
uint32_t table_payload_max(const struct table *tab);

/*
 * Inserts a copy of rec (kind, flags, owner, deadline_ms, idle_ms, len, payload are used).  ERR_EXISTS: there is a
 * live record of this kind and id.  ERR_FULL: no room and nothing to evict.  ERR_LIMIT: len is over
 * table_payload_max().
 */
int table_insert(struct table *tab, struct table_id id, const struct table_record *rec, uint64_t now_ms) MUST_CHECK;

/*
 * The same for an id of fresh random bytes, which nobody can have used: a whole window is not searched for it.  Never
 * ERR_EXISTS.
 */
int table_insert_fresh(struct table *tab, struct table_id id, const struct table_record *rec,
		       uint64_t now_ms) MUST_CHECK;

/*
 * Copies the record out.  ERR_NOT_FOUND: absent or expired.  Does not move the idle clock.  rec_r may hold secrets'
 * seals.
 */
int table_read(struct table *tab, enum table_kind kind, struct table_id id, uint64_t now_ms,
	       struct table_record *rec_r) MUST_CHECK;

/*
 * Sets the idle clock, if the record is there and live.  One relaxed store, no lock.  ERR_NOT_FOUND as table_read().
 */
int table_touch(struct table *tab, enum table_kind kind, struct table_id id, uint64_t now_ms);

/*
 * Changes a private copy under the lock, then commits it and moves the idle clock.  May change flags, deadline_ms,
 * idle_ms, len and payload; kind, owner and created_ms stay.  Must be fast and pure: no allocation, log or system
 * call. Non-zero is given back to the caller and nothing is changed.
 */
typedef int (*table_change_fn)(struct table_record *rec, void *ctx);

/* What table_change_fn may return to have the record removed and wiped; the update then gives 0. */
#define TABLE_REMOVE_IT 1

/* ERR_NOT_FOUND: absent or expired. */
int table_update(struct table *tab, enum table_kind kind, struct table_id id, uint64_t now_ms, table_change_fn fn,
		 void *ctx) MUST_CHECK;

/* Like table_update(), but fn gets a copy of `blank` when the record is absent or expired.  Also ERR_FULL. */
int table_upsert(struct table *tab, struct table_id id, const struct table_record *blank, uint64_t now_ms,
		 table_change_fn fn, void *ctx) MUST_CHECK;

/*
 * Removes the record and overwrites both copies with zeros.  Of several removers exactly one gets 0, the others
 * ERR_NOT_FOUND; so does whoever removes an expired record (its bytes are wiped all the same).
 */
int table_remove(struct table *tab, enum table_kind kind, struct table_id id, uint64_t now_ms);

/*
 * Removes up to one expired record per slot looked at, in `budget` groups (8 slots) of this caller's share of the
 * table; goes on from there at the next call.  `part` of `parts`: worker slots take disjoint shares, though overlap
 * is harmless. Gives the number of records removed.
 */
size_t table_sweep(struct table *tab, uint32_t part, uint32_t parts, size_t budget, uint64_t now_ms);

/*
 * Removes the owner's least recently used TABLE_EVICTABLE record of the kind, wherever it stands.  ERR_NOT_FOUND:
 * none. Walks all groups, about 50 us per 65,536 slots, but only once for up to 256 records of an owner.
 */
int table_evict_oldest(struct table *tab, enum table_kind kind, uint64_t owner, uint64_t now_ms);

/*
 * Counted at the time of asking, not kept; expired records that no sweep has met yet are included, so a quota must
 * sweep or evict before it refuses.  Stops at `limit`.
 */
size_t table_count(const struct table *tab, enum table_kind kind);
size_t table_count_owner(const struct table *tab, enum table_kind kind, uint64_t owner, size_t limit);

/* Like table_count_owner(), but looks at each record: expired ones are not counted.  Slower. */
size_t table_count_owner_live(struct table *tab, enum table_kind kind, uint64_t owner, uint64_t now_ms);

struct table_stats {
	uint64_t inserts;
	uint64_t updates;
	uint64_t removals;
	uint64_t expired;	  /* removed because their time was over */
	uint64_t evictions;	  /* live records removed to make room */
	uint64_t full;		  /* inserts refused with ERR_FULL */
	uint64_t owner_deaths;	  /* locks inherited from a dead process */
	uint64_t dropped_corrupt; /* records removed because they failed their checksum; should stay 0 */
	uint64_t locked_reads;	  /* reads that had to take the lock */
};

/* Since the segment was made; survives workers.  A count may be lost when its worker is killed. */
void table_stats(const struct table *tab, struct table_stats *stats_r);

#endif
