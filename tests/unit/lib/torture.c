/*
 * torture.c - the wrapped allocator: it counts, fails on demand and remembers what is alive
 */
#include "torture.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *ptr, size_t size);
void __real_free(void *ptr);

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *ptr, size_t size);
void __wrap_free(void *ptr);
char *__wrap_strdup(const char *str);
char *__wrap_strndup(const char *str, size_t max);

#define MAX_RUNS 100000
#define MAX_LIVE 65536 /* a power of two; never more than half of it is used */

static bool is_running;
static bool has_failed;
static size_t fail_at; /* 0: none */
static size_t seen;
static size_t failures;

/* ---- What is alive ----------------------------------------------------------------------------------------------- */

/* Open addressing.  Only allocations of the present run are in it, so freeing an older one changes nothing. */
static uintptr_t live[MAX_LIVE];
static size_t n_live;

static size_t
place_of(uintptr_t ptr)
{
	return (size_t)(ptr * 0x9E3779B97F4A7C15u >> 40) % MAX_LIVE;
}

static void
add_live(void *ptr)
{
	size_t at = place_of((uintptr_t)ptr);

	if (!is_running || ptr == NULL)
		return;
	if (n_live >= MAX_LIVE / 2)
		fail_msg("more than %d allocations alive", MAX_LIVE / 2);
	while (live[at] != 0)
		at = (at + 1) % MAX_LIVE;
	live[at] = (uintptr_t)ptr;
	n_live++;
}

/* Entries behind the gap are put in again, else a search would stop at it. */
static void
remove_live(uintptr_t ptr)
{
	size_t at = place_of(ptr);

	while (live[at] != ptr) {
		if (live[at] == 0)
			return;
		at = (at + 1) % MAX_LIVE;
	}
	live[at] = 0;
	n_live--;
	for (at = (at + 1) % MAX_LIVE; live[at] != 0; at = (at + 1) % MAX_LIVE) {
		uintptr_t moved = live[at];
		size_t to = place_of(moved);

		live[at] = 0;
		while (live[to] != 0)
			to = (to + 1) % MAX_LIVE;
		live[to] = moved;
	}
}

static bool
must_fail_now(void)
{
	if (!is_running)
		return false;
	seen++;
	if (seen != fail_at)
		return false;
	has_failed = true;
	errno = ENOMEM;
	return true;
}

/* ---- The wrapped functions --------------------------------------------------------------------------------------- */

void *
__wrap_malloc(size_t size)
{
	void *ptr;

	if (must_fail_now())
		return NULL;
	ptr = __real_malloc(size);
	add_live(ptr);
	return ptr;
}

void *
__wrap_calloc(size_t count, size_t size)
{
	void *ptr;

	if (must_fail_now())
		return NULL;
	ptr = __real_calloc(count, size);
	add_live(ptr);
	return ptr;
}

void *
__wrap_realloc(void *ptr, size_t size)
{
	uintptr_t old = (uintptr_t)ptr;
	void *moved;

	if (must_fail_now())
		return NULL;
	moved = __real_realloc(ptr, size);
	if (moved == NULL && size > 0)
		return NULL;
	if (old != 0)
		remove_live(old);
	add_live(moved);
	return moved;
}

void
__wrap_free(void *ptr)
{
	if (ptr != NULL)
		remove_live((uintptr_t)ptr);
	__real_free(ptr);
}

char *
__wrap_strndup(const char *str, size_t max)
{
	size_t len = strnlen(str, max);
	char *copy = __wrap_malloc(len + 1);

	if (copy == NULL)
		return NULL;
	memcpy(copy, str, len);
	copy[len] = '\0';
	return copy;
}

char *
__wrap_strdup(const char *str)
{
	return __wrap_strndup(str, SIZE_MAX);
}

void *
torture_malloc(size_t size)
{
	return __wrap_malloc(size);
}

void
torture_free(void *ptr)
{
	__wrap_free(ptr);
}

/* ---- The runs ---------------------------------------------------------------------------------------------------- */

static void
run_once(const char *name, int (*scenario)(void *ctx), void *ctx, size_t n)
{
	int r;

	memset(live, 0, sizeof(live));
	n_live = 0;
	seen = 0;
	fail_at = n;
	has_failed = false;
	is_running = true;
	r = scenario(ctx);
	is_running = false;
	if (r > 0 || (r < 0 && !has_failed))
		fail_msg("%s: gave %d, allocation %zu failing", name, r, n);
	if (n_live > 0)
		fail_msg("%s: %zu allocations leaked, allocation %zu failing", name, n_live, n);
}

void
torture(const char *name, int (*scenario)(void *ctx), void *ctx)
{
	failures = 0;
	run_once(name, scenario, ctx, 0);
	for (size_t n = 1; n <= MAX_RUNS; n++) {
		run_once(name, scenario, ctx, n);
		if (!has_failed)
			return;
		failures++;
	}
	fail_msg("%s: more than %d allocations", name, MAX_RUNS);
}

size_t
torture_failures(void)
{
	return failures;
}

int
torture_has_failed(void)
{
	return has_failed;
}
