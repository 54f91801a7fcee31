/*
 * pool.h - memory of one request: many small allocations, freed together
 *
 * Nothing from a pool is stored beyond the pool.  Allocations are aligned for any type and zeroed.  max_bytes bounds
 * what is handed out, it and each allocation rounded up to 16 bytes; the memory behind is at most twice that and 4 KiB.
 */
#ifndef BASE_POOL_H
#define BASE_POOL_H

#include <stddef.h>

#include "base/compiler.h"
#include "base/slice.h"

struct pool;

struct pool *pool_new(size_t max_bytes); /* NULL when there is no memory */
void pool_free(struct pool **pool);
void pool_reset(struct pool *pool); /* overwrites all, frees all but the first block */

void *pool_alloc(struct pool *pool, size_t size);	/* NULL: no memory, or over max_bytes */
char *pool_strdup(struct pool *pool, const char *str);	/* NULL is copied as "" */
char *pool_slicedup(struct pool *pool, struct slice s); /* NUL-terminated */
char *pool_printf(struct pool *pool, const char *fmt, ...) PRINTF_LIKE(2, 3);

/*
 * Runs fn(arg) when the pool is reset or freed, last registered first.  For things a request holds that are not memory.
 * ERR_NOMEM: it was not registered, the caller still holds the thing.
 */
int pool_defer(struct pool *pool, void (*fn)(void *arg), void *arg) MUST_CHECK;

/*
 * Pools of one kind that are given back to be taken again: a busy process makes none.  All zero is an empty shelf; its
 * pools have the maximum of whoever took them first, so that should be the same for all.  With AddressSanitizer nothing
 * is kept, so that what is used after its end is seen.  A shelf that is NULL makes and frees each.
 */
#define POOL_SHELF_MAX 32
struct pool_shelf {
	struct pool *spare[POOL_SHELF_MAX];
	size_t n;
};
struct pool *pool_shelf_take(struct pool_shelf *shelf, size_t max_bytes); /* NULL when there is no memory */
void pool_shelf_put(struct pool_shelf *shelf, struct pool **pool);	  /* as pool_free(), memory kept */
void pool_shelf_fini(struct pool_shelf *shelf);

#endif
