/*
 * pool.c - a bump allocator over blocks that double in size
 *
 * The first block lies behind struct pool in one allocation, so a request that needs little costs one malloc().  An
 * allocation that would take half of a new block or more gets a block of its own, behind the current one in the list,
 * so that the rest of the current block is not lost.  Bytes are overwritten when they are given back.  Only the first
 * block is used twice, so what is free of it is always zero; bytes of others are zeroed when they are handed out, since
 * a block is larger than what most requests take of it.
 */
#include "base/pool.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/secret.h"

#define PRINTF_ROOM 96
#define FIRST_BYTES 4096
#define LARGEST_BYTES ((size_t)256 * 1024)
#define ALIGNMENT _Alignof(max_align_t)

struct block {
	struct block *next;
	size_t cap;
	size_t used;
	_Alignas(max_align_t) char bytes[];
};

struct defer {
	struct defer *next;
	void (*fn)(void *arg);
	void *arg;
};

struct pool {
	size_t max_bytes;
	size_t used;	   /* handed out, rounded up to the alignment */
	size_t next_bytes; /* size of the next shared block */
	struct block *current;
	struct defer *defers;
	struct block first;
};

static size_t
round_up(size_t size)
{
	return (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

struct pool *
pool_new(size_t max_bytes)
{
	struct pool *pool = calloc(1, FIRST_BYTES);

	if (pool == NULL)
		return NULL;
	pool->max_bytes = round_up(max_bytes < SIZE_MAX / 2 ? max_bytes : SIZE_MAX / 2);
	pool->next_bytes = 2 * FIRST_BYTES;
	pool->first.cap = FIRST_BYTES - sizeof(*pool);
	pool->current = &pool->first;
	return pool;
}

/* What a request held may be secret. */
static void
free_block(struct block *block)
{
	secret_wipe_bytes(block->bytes, block->used);
	free(block);
}

void
pool_reset(struct pool *pool)
{
	struct block *block, *next;

	while (pool->defers != NULL) {
		struct defer *defer = pool->defers;

		pool->defers = defer->next;
		defer->fn(defer->arg);
	}
	for (block = pool->current; block != &pool->first; block = next) {
		next = block->next;
		free_block(block);
	}
	for (block = pool->first.next; block != NULL; block = next) {
		next = block->next;
		free_block(block);
	}
	secret_wipe_bytes(pool->first.bytes, pool->first.used);
	pool->first.next = NULL;
	pool->first.used = 0;
	pool->current = &pool->first;
	pool->next_bytes = 2 * FIRST_BYTES;
	pool->used = 0;
}

void
pool_free(struct pool **pool)
{
	if (*pool == NULL)
		return;
	pool_reset(*pool);
	free(*pool);
	*pool = NULL;
}

static struct block *
new_block(size_t cap)
{
	struct block *block = malloc(sizeof(*block) + cap);

	if (block != NULL)
		*block = (struct block){.cap = cap};
	return block;
}

/* A block with room for `size` bytes, or NULL.  The pool's budget has been checked. */
static struct block *
block_for(struct pool *pool, size_t size)
{
	struct block *block = pool->current;
	size_t left = pool->max_bytes - pool->used;
	bool alone = size >= pool->next_bytes / 2;
	size_t cap = pool->next_bytes;

	if (block->cap - block->used >= size)
		return block;
	if (alone || cap > left)
		cap = alone ? size : left;
	block = new_block(cap);
	if (block == NULL)
		return NULL;
	if (alone) {
		block->next = pool->current->next;
		pool->current->next = block;
		return block;
	}
	block->next = pool->current;
	pool->current = block;
	if (pool->next_bytes < LARGEST_BYTES)
		pool->next_bytes *= 2;
	return block;
}

void *
pool_alloc(struct pool *pool, size_t size)
{
	struct block *block;
	void *ptr;

	if (size > pool->max_bytes)
		return NULL;
	size = round_up(size == 0 ? 1 : size);
	if (size > pool->max_bytes - pool->used)
		return NULL;
	block = block_for(pool, size);
	if (block == NULL)
		return NULL;
	ptr = block->bytes + block->used;
	block->used += size;
	pool->used += size;
	if (block != &pool->first)
		memset(ptr, 0, size);
	return ptr;
}

char *
pool_slicedup(struct pool *pool, struct slice s)
{
	char *copy;

	if (s.len == SIZE_MAX)
		return NULL;
	copy = pool_alloc(pool, s.len + 1);
	if (copy != NULL && s.len > 0)
		memcpy(copy, s.ptr, s.len);
	return copy;
}

char *
pool_strdup(struct pool *pool, const char *str)
{
	return pool_slicedup(pool, slice_from_str(str));
}

char *
pool_printf(struct pool *pool, const char *fmt, ...)
{
	char *text;
	va_list ap;
	int n;

	/* Most texts are short: written at once, where they will stay. */
	text = pool_alloc(pool, PRINTF_ROOM);
	if (text == NULL)
		return NULL;
	va_start(ap, fmt);
	n = vsnprintf(text, PRINTF_ROOM, fmt, ap);
	va_end(ap);
	if (n < PRINTF_ROOM)
		return n >= 0 ? text : NULL;
	text = pool_alloc(pool, (size_t)n + 1);
	if (text == NULL)
		return NULL;
	va_start(ap, fmt);
	vsnprintf(text, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return text;
}

int
pool_defer(struct pool *pool, void (*fn)(void *arg), void *arg)
{
	struct defer *defer = pool_alloc(pool, sizeof(*defer));

	if (defer == NULL)
		return ERR_NOMEM;
	*defer = (struct defer){pool->defers, fn, arg};
	pool->defers = defer;
	return 0;
}

struct pool *
pool_shelf_take(struct pool_shelf *shelf, size_t max_bytes)
{
	return shelf != NULL && shelf->n > 0 ? shelf->spare[--shelf->n] : pool_new(max_bytes);
}

/* With AddressSanitizer memory is given back for good, so that what is used after its end is seen. */
static bool
has_room(const struct pool_shelf *shelf)
{
#ifdef HAS_ASAN
	(void)shelf;
	return false;
#else
	return shelf != NULL && shelf->n < POOL_SHELF_MAX;
#endif
}

void
pool_shelf_put(struct pool_shelf *shelf, struct pool **pool)
{
	if (*pool == NULL)
		return;
	if (!has_room(shelf)) {
		pool_free(pool);
		return;
	}
	pool_reset(*pool);
	shelf->spare[shelf->n++] = *pool;
	*pool = NULL;
}

void
pool_shelf_fini(struct pool_shelf *shelf)
{
	while (shelf->n > 0)
		pool_free(&shelf->spare[--shelf->n]);
}
