/*
 * table_private.h - what table.c, table_open.c and table_scan.c share
 */
#ifndef SHM_TABLE_PRIVATE_H
#define SHM_TABLE_PRIVATE_H

#include "shm/slot.h"

struct table {
	struct segment *seg;
	const struct segment_keys *keys;
	uint32_t stripe_groups; /* groups of one stripe, a power of two */
	uint32_t sweep_at;	/* next group of this process's share */
};

#define SLOT_NONE UINT32_MAX

/* Locks the stripe of a slot and repairs what a dead owner left. */
struct stripe *table_lock(struct table *tab, uint32_t index);
void table_stat(const struct table *tab, enum stat_index which);

/*
 * Loads a slot's record, the lock held; drops it when it fails its checksum or stands where it cannot belong.  False
 * when there is no (longer a) record.
 */
bool table_load_locked(struct table *tab, uint32_t index, struct image *image_r);

#endif
