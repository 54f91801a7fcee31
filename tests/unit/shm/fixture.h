/*
 * fixture.h - a small table and records with a content that can be checked
 */
#ifndef TEST_SHM_FIXTURE_H
#define TEST_SHM_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "search.h"
#include "shm/segment.h"
#include "shm/table.h"

struct fixture {
	struct segment_keys *keys;
	struct segment *seg;
	struct table *tab;
};

static inline void
fixture_init_sized(struct fixture *f, uint32_t slots, uint32_t payload_bytes)
{
	const struct segment_config config = {slots, payload_bytes};
	struct err err = {0};

	memset(f, 0, sizeof(*f));
	assert_int_equal(segment_keys_create(&f->keys, &err), 0);
	assert_int_equal(segment_create(&config, f->keys, &f->seg, &err), 0);
	assert_int_equal(table_new(f->seg, f->keys, &f->tab), 0);
}

/* Records may be long enough to go on in the far part of their slot. */
static inline void
fixture_init(struct fixture *f)
{
	fixture_init_sized(f, 64, 256);
}

static inline void
fixture_fini(struct fixture *f)
{
	table_free(&f->tab);
	segment_free(&f->seg);
	segment_keys_free(&f->keys);
}

/* Another process at the same table. */
static inline void
fixture_join(const struct fixture *f, struct fixture *other)
{
	*other = (struct fixture){0};
	must(table_new(f->seg, f->keys, &other->tab) == 0);
}

static inline struct table_id
fixture_id(const struct fixture *f, enum table_kind kind, uint32_t n)
{
	return table_id(f->tab, kind, SLICE_LIT("p"), slice_of((const char *)&n, sizeof(n)));
}

/* A payload that names its record and its value, so that a mixture of two shows. */
static inline void
fixture_fill(struct table_record *rec, uint32_t n, uint32_t value, uint32_t len)
{
	uint32_t mark = n * 2654435761u ^ value * 40503u;

	rec->len = len;
	for (uint32_t i = 0; i < len; i++)
		rec->payload[i] = (unsigned char)(i < 4 ? value >> (8 * i) : mark + i * 7);
}

static inline bool
fixture_is_whole(const struct table_record *rec, uint32_t n, uint32_t *value_r)
{
	struct table_record same;
	uint32_t value;

	if (rec->len < 4)
		return false;
	memcpy(&value, rec->payload, 4);
	fixture_fill(&same, n, value, rec->len);
	if (value_r != NULL)
		*value_r = value;
	return memcmp(same.payload, rec->payload, rec->len) == 0;
}

static inline struct table_record
fixture_record(enum table_kind kind, uint64_t owner, uint32_t n, uint32_t value, uint32_t len)
{
	struct table_record rec;

	memset(&rec, 0, sizeof(rec));
	rec.kind = kind;
	rec.owner = owner;
	fixture_fill(&rec, n, value, len);
	return rec;
}

#endif
