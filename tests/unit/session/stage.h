/*
 * stage.h - a table with sessions on it, as two workers would see it
 */
#ifndef TEST_SESSION_STAGE_H
#define TEST_SESSION_STAGE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/pool.h"
#include "search.h"
#include "session/sessions.h"
#include "shm/segment.h"
#include "shm/table.h"

struct stage {
	struct segment_keys *keys;
	struct segment *seg;
	struct table *tab;
	struct sessions s;
	struct pool *pool; /* for copies */
	struct err err;
};

static inline void
stage_init(struct stage *st, uint32_t slots, const struct session_limits *limits)
{
	const struct segment_config config = {slots, 0};

	memset(st, 0, sizeof(*st));
	assert_int_equal(segment_keys_create(&st->keys, &st->err), 0);
	assert_int_equal(segment_create(&config, st->keys, &st->seg, &st->err), 0);
	assert_int_equal(table_new(st->seg, st->keys, &st->tab), 0);
	st->pool = pool_new(1024 * 1024);
	assert_non_null(st->pool);
	sessions_init(&st->s, st->tab, st->keys, limits);
}

static inline void
stage_fini(struct stage *st)
{
	pool_free(&st->pool);
	table_free(&st->tab);
	segment_free(&st->seg);
	segment_keys_free(&st->keys);
}

/* Another worker at the same table. */
static inline void
stage_join(const struct stage *st, struct stage *worker)
{
	memset(worker, 0, sizeof(*worker));
	must(table_new(st->seg, st->keys, &worker->tab) == 0);
	sessions_init(&worker->s, worker->tab, st->keys, &st->s.limits);
}

static inline void
stage_leave(struct stage *worker)
{
	table_free(&worker->tab);
}

#define WALL_MS 1790000000000ull

/* The moment `ms` after the start of the test's world. */
static inline struct session_now
at(uint64_t ms)
{
	return (struct session_now){1000000 + ms, WALL_MS + ms};
}

#define MINUTE 60000ull
#define HOUR (60 * MINUTE)
#define ALICE SLICE_LIT("alice")
#define BOB SLICE_LIT("bob")

#endif
