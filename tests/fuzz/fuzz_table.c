/*
 * fuzz_table.c - sequences of table operations against a model, and damaged tables
 *
 * First byte even: the rest is played on the table and on the model.  Odd: three bytes each say which bit of groups or
 * slots to flip, then the rest is played on the table alone; nothing may crash, and what is served is what was stored.
 */
#include "../unit/shm/model.h"
#include "shm/layout.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
damage(struct segment *seg, struct model_input *in)
{
	size_t groups = seg->groups * sizeof(struct group);
	size_t all = groups + (size_t)seg->slots * seg->slot_bytes;

	for (int n = model_byte(in) % 16; n > 0; n--) {
		size_t at = model_byte(in);
		unsigned char bit = (unsigned char)(1u << model_byte(in) % 8);

		at = (at << 8 | model_byte(in)) * 7 % all;
		if (at < groups)
			((unsigned char *)seg->group)[at] ^= bit;
		else
			seg->slot[at - groups] ^= bit;
	}
}

/* Payloads say their name in every byte. */
static void
play_damaged(struct model *m, struct model_input *in)
{
	struct table_record rec;

	for (uint32_t name = 0; name < 30; name++) {
		memset(&rec, 0, sizeof(rec));
		rec.kind = TABLE_LOGIN;
		rec.owner = 1 + name % 3;
		rec.flags = name % 2 ? TABLE_EVICTABLE : 0;
		rec.len = 8 + name;
		memset(rec.payload, (int)name + 1, rec.len);
		MODEL_CHECK(table_insert(m->tab, model_id(m, 0, name), &rec, 10) == 0);
	}
	damage(m->seg, in);
	while (in->left > 0) {
		uint8_t op = model_byte(in);
		uint32_t name = model_byte(in) % 30;
		struct table_id id = model_id(m, 0, name);

		if (op % 4 == 0)
			(void)table_remove(m->tab, TABLE_LOGIN, id, 20);
		else if (op % 4 == 1)
			(void)table_sweep(m->tab, 0, 1, op, 20);
		else if (op % 4 == 2)
			(void)table_evict_oldest(m->tab, TABLE_LOGIN, 1 + name % 3, 20);
		if (table_read(m->tab, TABLE_LOGIN, id, 20, &rec) != 0)
			continue;
		MODEL_CHECK(rec.len == 8 + name && rec.owner == 1 + name % 3);
		for (uint32_t i = 0; i < rec.len; i++)
			MODEL_CHECK(rec.payload[i] == name + 1);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct segment_keys *keys; /* one set for all runs, so that a run depends on its input alone */
	const struct segment_config config = {MODEL_SLOTS, MODEL_PAYLOAD};
	struct model_input in = {data, size};
	struct segment *seg = NULL;
	struct table *tab = NULL;
	struct model *m;
	struct err err;

	if (keys == NULL)
		MODEL_CHECK(segment_keys_create(&keys, &err) == 0);
	m = calloc(1, sizeof(*m));
	MODEL_CHECK(m != NULL);
	MODEL_CHECK(segment_create(&config, keys, &seg, &err) == 0);
	MODEL_CHECK(table_new(seg, keys, &tab) == 0);
	m->seg = seg;
	m->tab = tab;
	m->now_ms = 1000;
	if (model_byte(&in) % 2 == 0)
		model_play(m, in.at, in.left);
	else
		play_damaged(m, &in);
	table_free(&tab);
	segment_free(&seg);
	free(m);
	return 0;
}
