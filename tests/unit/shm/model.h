/*
 * model.h - plays a sequence of table operations, read from bytes, on the table and on a plain array, and compares
 *
 * Used by test_table.c with random bytes and by the fuzzer with its own.  A difference aborts.
 */
#ifndef TEST_SHM_MODEL_H
#define TEST_SHM_MODEL_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shm/segment.h"
#include "shm/table.h"

#define MODEL_NAMES 40
#define MODEL_KINDS 3
#define MODEL_SLOTS 64 /* one stripe whose window is the whole table, so what makes room for what is known */
#define MODEL_PAYLOAD 200
#define MODEL_OWNERS 4

#define MODEL_CHECK(cond)                                                                                              \
	do {                                                                                                           \
		if (!(cond)) {                                                                                         \
			fprintf(stderr, "%s:%d: table and model differ: %s\n", __FILE__, __LINE__, #cond);             \
			abort();                                                                                       \
		}                                                                                                      \
	} while (0)

struct model_entry {
	bool present;
	struct table_record rec;
};

struct model {
	struct segment *seg;
	struct table *tab;
	uint64_t now_ms;
	struct model_entry entry[MODEL_KINDS][MODEL_NAMES];
	size_t evicted, full;
};

struct model_input {
	const uint8_t *at;
	size_t left;
};

static inline uint8_t
model_byte(struct model_input *in)
{
	if (in->left == 0)
		return 0;
	in->left--;
	return *in->at++;
}

static inline bool
model_is_live(const struct model *m, const struct model_entry *e)
{
	const struct table_record *rec = &e->rec;

	if (!e->present || (rec->deadline_ms != 0 && m->now_ms >= rec->deadline_ms))
		return false;
	return rec->idle_ms == 0 || m->now_ms - rec->seen_ms < rec->idle_ms;
}

static inline struct table_id
model_id(const struct model *m, uint32_t kind, uint32_t name)
{
	return table_id(m->tab, (enum table_kind)(kind + 1), SLICE_NONE, slice_of((const char *)&name, sizeof(name)));
}

static inline size_t
model_live(const struct model *m, uint32_t kind, uint64_t owner)
{
	size_t n = 0;

	for (uint32_t k = 0; k < MODEL_KINDS; k++)
		for (uint32_t i = 0; i < MODEL_NAMES; i++)
			n += model_is_live(m, &m->entry[k][i]) && (kind == MODEL_KINDS || kind == k) &&
			     (owner == 0 || m->entry[k][i].rec.owner == owner);
	return n;
}

static inline struct model_entry *
model_oldest(struct model *m, uint32_t kind, uint64_t owner, bool expired_too)
{
	struct model_entry *oldest = NULL;

	for (uint32_t k = 0; k < MODEL_KINDS; k++) {
		for (uint32_t i = 0; i < MODEL_NAMES; i++) {
			struct model_entry *e = &m->entry[k][i];

			if ((kind != MODEL_KINDS && kind != k) || !(expired_too ? e->present : model_is_live(m, e)))
				continue;
			if (e->rec.owner != owner || !(e->rec.flags & TABLE_EVICTABLE))
				continue;
			if (oldest == NULL || e->rec.seen_ms < oldest->rec.seen_ms)
				oldest = e;
		}
	}
	return oldest;
}

/* What insert does to make room; 0 or ERR_FULL. */
static inline int
model_make_room(struct model *m, const struct table_record *rec)
{
	struct model_entry *victim;

	if (model_live(m, MODEL_KINDS, 0) < MODEL_SLOTS)
		return 0;
	victim = rec->owner == 0 ? NULL : model_oldest(m, MODEL_KINDS, rec->owner, false);
	if (victim == NULL) {
		m->full++;
		return ERR_FULL;
	}
	victim->present = false;
	m->evicted++;
	return 0;
}

static inline struct table_record
model_record(struct model *m, struct model_input *in, uint32_t kind)
{
	struct table_record rec;
	uint8_t times = model_byte(in);
	uint8_t who = model_byte(in);

	memset(&rec, 0, sizeof(rec));
	rec.kind = (enum table_kind)(kind + 1);
	rec.owner = who % MODEL_OWNERS;
	rec.flags = who & 0x80 ? TABLE_EVICTABLE : 0;
	rec.deadline_ms = times % 8 == 1 ? m->now_ms + 100 + times * 16u : 0;
	rec.idle_ms = times % 8 >= 6 ? 100 + times * 4u : 0;
	rec.len = model_byte(in) % (MODEL_PAYLOAD + 1);
	memset(rec.payload, model_byte(in), rec.len);
	if (rec.len > 0)
		rec.payload[rec.len - 1] = who;
	return rec;
}

static inline void
model_insert(struct model *m, struct model_input *in, uint32_t kind, uint32_t name)
{
	struct table_record rec = model_record(m, in, kind);
	struct model_entry *e = &m->entry[kind][name];
	int r = table_insert(m->tab, model_id(m, kind, name), &rec, m->now_ms);
	int wanted;

	if (model_is_live(m, e)) {
		MODEL_CHECK(r == ERR_EXISTS);
		return;
	}
	wanted = model_make_room(m, &rec);
	MODEL_CHECK(r == wanted);
	if (r == 0) {
		e->present = true;
		e->rec = rec;
		e->rec.created_ms = e->rec.seen_ms = m->now_ms;
	}
}

struct model_change {
	struct table_record want;
	int answer;
};

static inline int
model_change_fn(struct table_record *rec, void *ctx)
{
	const struct model_change *change = ctx;

	rec->flags = change->want.flags;
	rec->deadline_ms = change->want.deadline_ms;
	rec->idle_ms = change->want.idle_ms;
	rec->len = change->want.len;
	rec->owner = 77; /* must not get through */
	memcpy(rec->payload, change->want.payload, change->want.len);
	return change->answer;
}

static inline void
model_apply(struct model *m, struct model_entry *e, const struct model_change *change)
{
	uint64_t owner = e->rec.owner, created_ms = e->rec.created_ms;

	if (change->answer == TABLE_REMOVE_IT)
		e->present = false;
	if (change->answer != 0)
		return;
	e->rec = change->want;
	e->rec.owner = owner;
	e->rec.created_ms = created_ms;
	e->rec.seen_ms = m->now_ms;
}

static inline void
model_change(struct model *m, struct model_input *in, uint32_t kind, uint32_t name, bool make)
{
	static const int answers[] = {0, 0, 0, TABLE_REMOVE_IT, ERR_DENIED};
	struct model_entry *e = &m->entry[kind][name];
	struct model_change change = {model_record(m, in, kind), answers[model_byte(in) % 5]};
	struct table_record blank = model_record(m, in, kind);
	struct table_id id = model_id(m, kind, name);
	bool live = model_is_live(m, e);
	int wanted = change.answer == TABLE_REMOVE_IT ? 0 : change.answer;
	int r;

	r = make ? table_upsert(m->tab, id, &blank, m->now_ms, model_change_fn, &change)
		 : table_update(m->tab, (enum table_kind)(kind + 1), id, m->now_ms, model_change_fn, &change);
	if (live) {
		MODEL_CHECK(r == wanted);
		model_apply(m, e, &change);
		return;
	}
	if (!make)
		wanted = ERR_NOT_FOUND;
	else if (change.answer == 0)
		wanted = model_make_room(m, &blank);
	MODEL_CHECK(r == wanted);
	if (make && r == 0 && change.answer == 0) {
		e->present = true;
		e->rec = change.want;
		e->rec.owner = blank.owner;
		e->rec.created_ms = e->rec.seen_ms = m->now_ms;
	}
}

static inline void
model_check_entry(struct model *m, uint32_t kind, uint32_t name)
{
	const struct model_entry *e = &m->entry[kind][name];
	struct table_record rec;
	int r = table_read(m->tab, (enum table_kind)(kind + 1), model_id(m, kind, name), m->now_ms, &rec);

	MODEL_CHECK(r == (model_is_live(m, e) ? 0 : ERR_NOT_FOUND));
	if (r < 0)
		return;
	MODEL_CHECK(rec.kind == e->rec.kind && rec.flags == e->rec.flags && rec.owner == e->rec.owner);
	MODEL_CHECK(rec.created_ms == e->rec.created_ms && rec.seen_ms == e->rec.seen_ms);
	MODEL_CHECK(rec.deadline_ms == e->rec.deadline_ms && rec.idle_ms == e->rec.idle_ms);
	MODEL_CHECK(rec.len == e->rec.len && memcmp(rec.payload, e->rec.payload, rec.len) == 0);
}

static inline void
model_check_all(struct model *m)
{
	for (uint32_t kind = 0; kind < MODEL_KINDS; kind++)
		for (uint32_t name = 0; name < MODEL_NAMES; name++)
			model_check_entry(m, kind, name);
}

static inline void
model_evict(struct model *m, uint32_t kind, uint64_t owner)
{
	struct model_entry *victim = model_oldest(m, kind, owner, true);
	int r = table_evict_oldest(m->tab, (enum table_kind)(kind + 1), owner, m->now_ms);

	/* Expired ones may have been overwritten unseen, so the table may have no victim where the model has an expired
	 * one. */
	if (r != 0) {
		MODEL_CHECK(model_oldest(m, kind, owner, false) == NULL);
		return;
	}
	MODEL_CHECK(victim != NULL);
	if (model_is_live(m, victim))
		victim->present = false;
}

static inline void
model_step(struct model *m, struct model_input *in)
{
	uint8_t op = model_byte(in);
	uint32_t kind = model_byte(in) % MODEL_KINDS;
	uint32_t name = model_byte(in) % MODEL_NAMES;
	enum table_kind real = (enum table_kind)(kind + 1);
	struct model_entry *e = &m->entry[kind][name];
	bool live;
	int r;

	m->now_ms += 1 + (op >> 6); /* never the same twice: "oldest" has one answer */
	live = model_is_live(m, e);
	switch (op % 16) {
	case 0:
	case 1:
	case 2:
	case 3:
	case 4:
		model_insert(m, in, kind, name);
		break;
	case 5:
	case 6:
		model_change(m, in, kind, name, false);
		break;
	case 7:
	case 8:
		model_change(m, in, kind, name, true);
		break;
	case 9:
		r = table_remove(m->tab, real, model_id(m, kind, name), m->now_ms);
		MODEL_CHECK(r == (live ? 0 : ERR_NOT_FOUND));
		e->present = false;
		break;
	case 10:
	case 11:
		r = table_touch(m->tab, real, model_id(m, kind, name), m->now_ms);
		MODEL_CHECK(r == (live ? 0 : ERR_NOT_FOUND));
		if (live)
			e->rec.seen_ms = m->now_ms;
		break;
	case 12:
		(void)table_sweep(m->tab, name % 2, 2, 1 + name, m->now_ms);
		break;
	case 13:
		MODEL_CHECK(table_count_owner_live(m->tab, real, name % MODEL_OWNERS, m->now_ms) <=
			    table_count_owner(m->tab, real, name % MODEL_OWNERS, SIZE_MAX));
		if (name % MODEL_OWNERS != 0)
			MODEL_CHECK(table_count_owner_live(m->tab, real, name % MODEL_OWNERS, m->now_ms) ==
				    model_live(m, kind, name % MODEL_OWNERS));
		break;
	case 14:
		model_check_entry(m, kind, name);
		break;
	default:
		/* Expired records may linger, which makes "the oldest" ambiguous: sweep first. */
		(void)table_sweep(m->tab, 0, 1, SIZE_MAX, m->now_ms);
		for (uint32_t k = 0; k < MODEL_KINDS; k++)
			for (uint32_t i = 0; i < MODEL_NAMES; i++)
				m->entry[k][i].present = model_is_live(m, &m->entry[k][i]);
		model_evict(m, kind, 1 + name % (MODEL_OWNERS - 1));
		break;
	}
}

static inline void
model_play(struct model *m, const uint8_t *bytes, size_t len)
{
	struct model_input in = {bytes, len};
	struct table_stats stats;

	while (in.left > 0)
		model_step(m, &in);
	model_check_all(m);
	table_stats(m->tab, &stats);
	MODEL_CHECK(stats.dropped_corrupt == 0 && stats.owner_deaths == 0);
}

#endif
