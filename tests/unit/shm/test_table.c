/*
 * test_table.c - the table against a model, its limits, many threads, damaged bytes
 */
#include "fixture.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "model.h"
#include "shm/slot.h"

static uint64_t
next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state * 2685821657736338717u;
}

/* ---- one record ---- */

static int
set_value(struct table_record *rec, void *ctx)
{
	const uint32_t *n_value_len = ctx;

	fixture_fill(rec, n_value_len[0], n_value_len[1], n_value_len[2]);
	return 0;
}

static void
test_life_of_a_record(void **state)
{
	struct fixture f;
	struct table_record rec = {0}, got;
	uint32_t change[3] = {1, 20, 64};
	struct table_id id;
	uint32_t value;

	(void)state;
	fixture_init(&f);
	id = fixture_id(&f, TABLE_LOGIN, 1);
	rec = fixture_record(TABLE_LOGIN, 9, 1, 10, 33);
	assert_int_equal(table_read(f.tab, TABLE_LOGIN, id, 100, &got), ERR_NOT_FOUND);
	assert_int_equal(table_update(f.tab, TABLE_LOGIN, id, 100, set_value, change), ERR_NOT_FOUND);
	assert_int_equal(table_remove(f.tab, TABLE_LOGIN, id, 100), ERR_NOT_FOUND);
	assert_int_equal(table_insert(f.tab, id, &rec, 100), 0);
	assert_int_equal(table_insert(f.tab, id, &rec, 101), ERR_EXISTS);
	assert_int_equal(table_read(f.tab, TABLE_LOGIN, id, 102, &got), 0);
	assert_true(fixture_is_whole(&got, 1, &value) && value == 10 && got.len == 33);
	assert_int_equal(got.created_ms, 100);
	assert_int_equal(got.owner, 9);
	assert_int_equal(table_read(f.tab, TABLE_TOKEN, id, 102, &got), ERR_NOT_FOUND);
	assert_int_equal(table_update(f.tab, TABLE_LOGIN, id, 103, set_value, change), 0);
	assert_int_equal(table_read(f.tab, TABLE_LOGIN, id, 104, &got), 0);
	assert_true(fixture_is_whole(&got, 1, &value) && value == 20 && got.len == 64);
	assert_int_equal(got.created_ms, 100);
	assert_int_equal(got.seen_ms, 103);
	assert_int_equal(table_remove(f.tab, TABLE_LOGIN, id, 105), 0);
	assert_int_equal(table_remove(f.tab, TABLE_LOGIN, id, 105), ERR_NOT_FOUND);
	assert_int_equal(table_read(f.tab, TABLE_LOGIN, id, 105, &got), ERR_NOT_FOUND);
	rec.len = table_payload_max(f.tab) + 1;
	assert_int_equal(table_insert(f.tab, id, &rec, 106), ERR_LIMIT);
	fixture_fini(&f);
}

/* For an id that cannot be there yet: it stands beside the others, is found, and makes room as every insert does. */
static void
test_insert_of_a_fresh_id(void **state)
{
	struct table_record rec, got;
	struct fixture f;

	(void)state;
	fixture_init(&f);
	for (uint32_t n = 0; n < 64; n++) {
		rec = fixture_record(TABLE_LOGIN, 1, n, 0, 64);
		rec.deadline_ms = n == 0 ? 10 : 0;
		assert_int_equal(table_insert_fresh(f.tab, fixture_id(&f, TABLE_LOGIN, n), &rec, 1), 0);
	}
	rec = fixture_record(TABLE_LOGIN, 1, 64, 0, 64);
	assert_int_equal(table_insert_fresh(f.tab, fixture_id(&f, TABLE_LOGIN, 64), &rec, 9), ERR_FULL);
	assert_int_equal(table_insert_fresh(f.tab, fixture_id(&f, TABLE_LOGIN, 64), &rec, 10), 0);
	for (uint32_t n = 1; n <= 64; n++) {
		assert_int_equal(table_read(f.tab, TABLE_LOGIN, fixture_id(&f, TABLE_LOGIN, n), 10, &got), 0);
		assert_int_equal(got.created_ms, n < 64 ? 1 : 10);
	}
	rec.len = table_payload_max(f.tab) + 1;
	assert_int_equal(table_insert_fresh(f.tab, fixture_id(&f, TABLE_LOGIN, 65), &rec, 10), ERR_LIMIT);
	fixture_fini(&f);
}

static void
test_bytes_are_zero_after_removal(void **state)
{
	static const char secret[] = "correct horse battery staple";
	struct fixture f;
	struct table_record rec;
	struct table_id id;
	uint32_t change[3] = {3, 4, 8};

	(void)state;
	fixture_init(&f);
	id = fixture_id(&f, TABLE_LOGIN, 3);
	rec = fixture_record(TABLE_LOGIN, 1, 3, 0, 64);
	memcpy(rec.payload, secret, sizeof(secret));
	assert_int_equal(table_insert(f.tab, id, &rec, 1), 0);
	assert_true(segment_contains(f.seg, secret, sizeof(secret) - 1));
	/* The shorter update leaves the text in the other copy; the removal takes that, too. */
	assert_int_equal(table_update(f.tab, TABLE_LOGIN, id, 2, set_value, change), 0);
	assert_true(segment_contains(f.seg, secret, sizeof(secret) - 1));
	assert_int_equal(table_remove(f.tab, TABLE_LOGIN, id, 3), 0);
	assert_false(segment_contains(f.seg, secret, sizeof(secret) - 1));
	for (uint32_t index = 0; index < f.seg->slots; index++)
		atomic_store(&slot_at(f.seg, index)->seq, 0); /* write counters stay, and nothing else */
	for (size_t i = 0; i < f.seg->slots * f.seg->slot_bytes; i++)
		assert_int_equal(f.seg->slot[i], 0);
	fixture_fini(&f);
}

/* Memory comes in pages: eight small records share one, in whatever order they come and go. */
static void
test_small_records_share_pages(void **state)
{
	struct fixture f;
	struct stat before, after;

	(void)state;
	fixture_init_sized(&f, 8192, SEGMENT_PAYLOAD_MAX);
	assert_int_equal(fstat(segment_fd(f.seg), &before), 0);
	for (uint32_t n = 0; n < 6000; n++) {
		struct table_record rec = fixture_record(TABLE_MCP_SESSION, 1, n, 0, 100);
		uint32_t change[3] = {n, 1, 160};

		assert_int_equal(table_insert(f.tab, fixture_id(&f, TABLE_MCP_SESSION, n), &rec, 1), 0);
		assert_int_equal(
		    table_update(f.tab, TABLE_MCP_SESSION, fixture_id(&f, TABLE_MCP_SESSION, n), 2, set_value, change),
		    0);
	}
	assert_int_equal(fstat(segment_fd(f.seg), &after), 0);
	assert_true((after.st_blocks - before.st_blocks) * 512 <=
		    (off_t)(f.seg->groups * (4096 + sizeof(struct group)) + 65536));
	fixture_fini(&f);
}

/* Nothing stands behind the end of a copy, so a removal need not look there. */
static void
test_shorter_value_leaves_no_tail(void **state)
{
	static const char secret[] = "the tail of a long value";
	uint32_t change[3] = {3, 4, 8};
	struct table_record rec;
	struct table_id id;
	struct fixture f;

	(void)state;
	fixture_init(&f);
	id = fixture_id(&f, TABLE_LOGIN, 3);
	rec = fixture_record(TABLE_LOGIN, 1, 3, 0, 64);
	memcpy(rec.payload + 64 - sizeof(secret), secret, sizeof(secret));
	assert_int_equal(table_insert(f.tab, id, &rec, 1), 0);
	assert_int_equal(table_update(f.tab, TABLE_LOGIN, id, 2, set_value, change), 0);
	assert_true(segment_contains(f.seg, secret, sizeof(secret) - 1)); /* in the copy that does not count */
	assert_int_equal(table_update(f.tab, TABLE_LOGIN, id, 3, set_value, change), 0);
	assert_false(segment_contains(f.seg, secret, sizeof(secret) - 1));
	fixture_fini(&f);
}

static void
test_replaced_record_leaves_no_bytes(void **state)
{
	static const char secret[] = "tr0ub4dor&3 and then some";
	struct fixture f;
	struct table_record rec;

	(void)state;
	fixture_init(&f);
	rec = fixture_record(TABLE_LOGIN, 1, 0, 0, 64);
	memcpy(rec.payload, secret, sizeof(secret));
	rec.deadline_ms = 10;
	assert_int_equal(table_insert(f.tab, fixture_id(&f, TABLE_LOGIN, 0), &rec, 1), 0);
	for (uint32_t n = 1; n < 64; n++) {
		rec = fixture_record(TABLE_LOGIN, 1, n, 0, 64);
		assert_int_equal(table_insert(f.tab, fixture_id(&f, TABLE_LOGIN, n), &rec, 2), 0);
	}
	rec = fixture_record(TABLE_LOGIN, 1, 64, 0, 64);
	assert_int_equal(table_insert(f.tab, fixture_id(&f, TABLE_LOGIN, 64), &rec, 9), ERR_FULL);
	assert_int_equal(table_insert(f.tab, fixture_id(&f, TABLE_LOGIN, 64), &rec, 10), 0);
	assert_false(segment_contains(f.seg, secret, sizeof(secret) - 1));
	fixture_fini(&f);
}

/* ---- time ---- */

static void
test_expiry(void **state)
{
	struct fixture f;
	struct table_record rec = {0}, got;
	struct table_id idle, absolute;
	struct table_stats stats;

	(void)state;
	fixture_init(&f);
	idle = fixture_id(&f, TABLE_LOGIN, 1);
	absolute = fixture_id(&f, TABLE_LOGIN, 2);
	rec = fixture_record(TABLE_LOGIN, 1, 1, 1, 8);
	rec.idle_ms = 100;
	assert_int_equal(table_insert(f.tab, idle, &rec, 1000), 0);
	rec = fixture_record(TABLE_LOGIN, 1, 2, 1, 8);
	rec.deadline_ms = 1250;
	assert_int_equal(table_insert(f.tab, absolute, &rec, 1000), 0);

	assert_int_equal(table_read(f.tab, TABLE_LOGIN, idle, 1099, &got), 0);
	assert_int_equal(table_touch(f.tab, TABLE_LOGIN, idle, 1099), 0);
	assert_int_equal(table_touch(f.tab, TABLE_LOGIN, idle, 1050), 0); /* a slow worker's clock turns nothing back */
	assert_int_equal(table_read(f.tab, TABLE_LOGIN, idle, 1198, &got), 0);
	assert_int_equal(got.seen_ms, 1099);
	assert_int_equal(table_read(f.tab, TABLE_LOGIN, idle, 900, &got), 0); /* nor does it end anything */
	assert_int_equal(table_read(f.tab, TABLE_LOGIN, idle, 1199, &got), ERR_NOT_FOUND);
	assert_int_equal(table_touch(f.tab, TABLE_LOGIN, idle, 1199), ERR_NOT_FOUND);
	assert_int_equal(table_remove(f.tab, TABLE_LOGIN, idle, 1199), ERR_NOT_FOUND);

	assert_int_equal(table_touch(f.tab, TABLE_LOGIN, absolute, 1249), 0);
	assert_int_equal(table_read(f.tab, TABLE_LOGIN, absolute, 1250, &got), ERR_NOT_FOUND);
	assert_int_equal(table_count(f.tab, TABLE_LOGIN), 1);
	assert_int_equal(table_count_owner_live(f.tab, TABLE_LOGIN, 1, 1250), 0);
	assert_int_equal(table_insert(f.tab, absolute, &rec, 1251), 0); /* over an expired one of the same id */
	table_stats(f.tab, &stats);
	assert_int_equal(stats.expired, 2);
	fixture_fini(&f);
}

/* ---- room ---- */

static void
fill_table(struct fixture *f, enum table_kind kind, uint32_t from, uint32_t n, uint64_t owner, uint32_t flags,
	   uint64_t now_ms)
{
	for (uint32_t i = from; i < from + n; i++) {
		struct table_record rec = fixture_record(kind, owner, i, 1, 16);

		rec.flags = flags;
		assert_int_equal(table_insert(f->tab, fixture_id(f, kind, i), &rec, now_ms + i), 0);
	}
}

static void
test_eviction_order(void **state)
{
	struct fixture f;
	struct table_record rec, got;
	struct table_stats stats;

	(void)state;
	fixture_init(&f);
	fill_table(&f, TABLE_NONCE, 0, 16, 5, 0, 100);
	fill_table(&f, TABLE_QUOTA, 0, 16, 5, 0, 100);
	fill_table(&f, TABLE_MCP_SESSION, 0, 16, 5, TABLE_EVICTABLE, 100);
	fill_table(&f, TABLE_MCP_SESSION, 16, 16, 6, 0, 100);
	rec = fixture_record(TABLE_LOGIN, 7, 0, 1, 16);
	/* Nobody else's records make room. */
	assert_int_equal(table_insert(f.tab, fixture_id(&f, TABLE_LOGIN, 0), &rec, 200), ERR_FULL);
	/* Nor do the own ones that are not flagged. */
	rec.owner = 6;
	assert_int_equal(table_insert(f.tab, fixture_id(&f, TABLE_LOGIN, 0), &rec, 200), ERR_FULL);
	/* The flooder's own: least recently used first, and a touch counts. */
	assert_int_equal(table_touch(f.tab, TABLE_MCP_SESSION, fixture_id(&f, TABLE_MCP_SESSION, 0), 300), 0);
	rec.owner = 5;
	assert_int_equal(table_insert(f.tab, fixture_id(&f, TABLE_LOGIN, 0), &rec, 301), 0);
	assert_int_equal(table_read(f.tab, TABLE_MCP_SESSION, fixture_id(&f, TABLE_MCP_SESSION, 1), 301, &got),
			 ERR_NOT_FOUND);
	assert_int_equal(table_read(f.tab, TABLE_MCP_SESSION, fixture_id(&f, TABLE_MCP_SESSION, 0), 301, &got), 0);
	assert_int_equal(table_count(f.tab, TABLE_NONCE), 16);
	assert_int_equal(table_count(f.tab, TABLE_QUOTA), 16);
	assert_int_equal(table_count_owner(f.tab, TABLE_MCP_SESSION, 5, SIZE_MAX), 15);
	assert_int_equal(table_count_owner(f.tab, TABLE_MCP_SESSION, 6, 10), 10);
	table_stats(f.tab, &stats);
	assert_int_equal(stats.evictions, 1);
	assert_int_equal(stats.full, 2);
	fixture_fini(&f);
}

static void
test_expired_goes_before_own_session(void **state)
{
	struct fixture f;
	struct table_record rec = fixture_record(TABLE_NONCE, 9, 0, 1, 16), got;

	(void)state;
	fixture_init(&f);
	rec.deadline_ms = 500;
	assert_int_equal(table_insert(f.tab, fixture_id(&f, TABLE_NONCE, 0), &rec, 1), 0);
	fill_table(&f, TABLE_MCP_SESSION, 0, 63, 5, TABLE_EVICTABLE, 100);
	rec = fixture_record(TABLE_MCP_SESSION, 5, 99, 1, 16);
	assert_int_equal(table_insert(f.tab, fixture_id(&f, TABLE_MCP_SESSION, 99), &rec, 500), 0);
	assert_int_equal(table_count_owner(f.tab, TABLE_MCP_SESSION, 5, SIZE_MAX), 64);
	assert_int_equal(table_read(f.tab, TABLE_MCP_SESSION, fixture_id(&f, TABLE_MCP_SESSION, 0), 500, &got), 0);
	fixture_fini(&f);
}

static void
test_million(void **state)
{
	const uint32_t n = 750000; /* 72 % */
	struct fixture f;
	struct table_record rec, got;
	struct table_stats stats;

	(void)state;
	fixture_init_sized(&f, 1000000, 24);
	assert_int_equal(segment_slots(f.seg), 1048576);
	for (uint32_t i = 0; i < n; i++) {
		rec.kind = TABLE_MCP_SESSION;
		rec.owner = i;
		rec.flags = TABLE_EVICTABLE;
		rec.deadline_ms = rec.idle_ms = 0;
		fixture_fill(&rec, i, i, 24);
		assert_int_equal(table_insert(f.tab, fixture_id(&f, TABLE_MCP_SESSION, i), &rec, 1), 0);
	}
	for (uint32_t i = 0; i < n; i++) {
		uint32_t value;

		assert_int_equal(table_read(f.tab, TABLE_MCP_SESSION, fixture_id(&f, TABLE_MCP_SESSION, i), 2, &got),
				 0);
		assert_true(fixture_is_whole(&got, i, &value) && value == i);
	}
	assert_int_equal(table_count(f.tab, TABLE_MCP_SESSION), n);
	assert_int_equal(table_count_owner(f.tab, TABLE_MCP_SESSION, 4711, SIZE_MAX), 1);
	table_stats(f.tab, &stats);
	assert_int_equal(stats.evictions, 0);
	assert_int_equal(stats.full, 0);
	assert_int_equal(stats.locked_reads, 0);
	fixture_fini(&f);
}

/* ---- the model ---- */

static void
test_model(void **state)
{
	static uint8_t bytes[40000];
	size_t evicted = 0, full = 0;
	struct model *m;

	(void)state;
	for (uint64_t seed = 1; seed <= 30; seed++) {
		uint64_t random = seed * 0x9E3779B97F4A7C15u;
		struct fixture f;

		for (size_t i = 0; i < sizeof(bytes); i++)
			bytes[i] = (uint8_t)(next_random(&random) >> 32);
		fixture_init_sized(&f, MODEL_SLOTS, MODEL_PAYLOAD);
		m = calloc(1, sizeof(*m));
		assert_non_null(m);
		m->seg = f.seg;
		m->tab = f.tab;
		m->now_ms = 1000;
		model_play(m, bytes, sizeof(bytes));
		evicted += m->evicted;
		full += m->full;
		free(m);
		fixture_fini(&f);
	}
	/* The sequences must reach the corners they are for. */
	assert_true(evicted > 100);
	assert_true(full > 20);
}

/* ---- many at once ---- */

#define WRITERS 3
#define READERS 2
#define SHARED 24

struct crowd {
	struct fixture f;
	atomic_bool stop;
	atomic_uint torn, reads, writes, won, seeds;
};

static void *
writer_main(void *arg)
{
	struct crowd *crowd = arg;
	struct fixture mine;
	uint64_t random = 0x5DEECE66Du + atomic_fetch_add(&crowd->seeds, 1) * 7919;

	fixture_join(&crowd->f, &mine);
	for (uint32_t i = 0; i < 20000; i++) {
		uint32_t n = (uint32_t)(next_random(&random) % SHARED);
		uint32_t change[3] = {n, i, 8 + (uint32_t)(next_random(&random) % 56)};
		struct table_id id = fixture_id(&mine, TABLE_LOGIN, n);
		struct table_record blank = fixture_record(TABLE_LOGIN, n + 1, n, i, 8);

		switch (next_random(&random) % 8) {
		case 0:
			(void)table_remove(mine.tab, TABLE_LOGIN, id, i);
			break;
		case 1:
			(void)table_touch(mine.tab, TABLE_LOGIN, id, i);
			break;
		default:
			if (table_upsert(mine.tab, id, &blank, i, set_value, change) == 0)
				atomic_fetch_add(&crowd->writes, 1);
		}
	}
	table_free(&mine.tab);
	return NULL;
}

static void *
reader_main(void *arg)
{
	struct crowd *crowd = arg;
	struct fixture mine;
	uint64_t random = 88172645463325252u;
	struct table_record rec;

	fixture_join(&crowd->f, &mine);
	while (!atomic_load(&crowd->stop)) {
		uint32_t n = (uint32_t)(next_random(&random) % SHARED);

		if (table_read(mine.tab, TABLE_LOGIN, fixture_id(&mine, TABLE_LOGIN, n), 0, &rec) != 0)
			continue;
		atomic_fetch_add(&crowd->reads, 1);
		if (!fixture_is_whole(&rec, n, NULL) || rec.owner != n + 1)
			atomic_fetch_add(&crowd->torn, 1);
	}
	table_free(&mine.tab);
	return NULL;
}

static void
test_readers_never_see_torn_records(void **state)
{
	static struct crowd crowd;
	pthread_t writers[WRITERS], readers[READERS];
	struct table_stats stats;

	(void)state;
	memset(&crowd, 0, sizeof(crowd));
	fixture_init(&crowd.f);
	for (int i = 0; i < READERS; i++)
		assert_int_equal(pthread_create(&readers[i], NULL, reader_main, &crowd), 0);
	for (int i = 0; i < WRITERS; i++)
		assert_int_equal(pthread_create(&writers[i], NULL, writer_main, &crowd), 0);
	for (int i = 0; i < WRITERS; i++)
		pthread_join(writers[i], NULL);
	atomic_store(&crowd.stop, true);
	for (int i = 0; i < READERS; i++)
		pthread_join(readers[i], NULL);
	table_stats(crowd.f.tab, &stats);
	assert_int_equal(crowd.torn, 0);
	assert_int_equal(stats.dropped_corrupt, 0);
	assert_true(crowd.writes > 1000);
	fixture_fini(&crowd.f);
}

#define ROUNDS 500

static void *
remover_main(void *arg)
{
	struct crowd *crowd = arg;
	struct fixture mine;

	fixture_join(&crowd->f, &mine);
	for (uint32_t i = 0; i < ROUNDS; i++)
		if (table_remove(mine.tab, TABLE_LOGIN, fixture_id(&mine, TABLE_LOGIN, i), 2) == 0)
			atomic_fetch_add(&crowd->won, 1);
	table_free(&mine.tab);
	return NULL;
}

static void
insert_rounds(struct fixture *f)
{
	for (uint32_t i = 0; i < ROUNDS; i++) {
		struct table_record rec = fixture_record(TABLE_LOGIN, 1, i, i, 32);

		assert_int_equal(table_insert(f->tab, fixture_id(f, TABLE_LOGIN, i), &rec, 1), 0);
	}
}

static void
test_one_of_many_removers_wins(void **state)
{
	static struct crowd crowd;
	pthread_t threads[4];

	(void)state;
	memset(&crowd, 0, sizeof(crowd));
	fixture_init_sized(&crowd.f, 2048, 64);
	insert_rounds(&crowd.f);
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, remover_main, &crowd), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(crowd.won, ROUNDS);
	fixture_fini(&crowd.f);
}

/* The same with processes that attach by descriptor, each with a mapping of its own. */
static void
test_one_of_many_processes_wins(void **state)
{
	struct fixture f;
	int wins[2], total = 0;

	(void)state;
	fixture_init_sized(&f, 2048, 64);
	insert_rounds(&f);
	assert_int_equal(pipe(wins), 0);
	for (int i = 0; i < 3; i++) {
		pid_t pid = fork();

		assert_true(pid >= 0);
		if (pid == 0) {
			static struct crowd mine;
			struct err err;
			int n;

			if (segment_attach(dup(segment_fd(f.seg)), &mine.f.seg, &err) < 0 ||
			    segment_keys_attach(dup(segment_keys_fd(f.keys)), &mine.f.keys, &err) < 0 ||
			    table_new(mine.f.seg, mine.f.keys, &mine.f.tab) < 0)
				_exit(2);
			remover_main(&mine);
			n = (int)atomic_load(&mine.won);
			_exit(write(wins[1], &n, sizeof(n)) == (ssize_t)sizeof(n) ? 0 : 1);
		}
	}
	for (int i = 0; i < 3; i++) {
		int n, status;

		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
		assert_int_equal(read(wins[0], &n, sizeof(n)), sizeof(n));
		total += n;
	}
	assert_int_equal(total, ROUNDS);
	close(wins[0]);
	close(wins[1]);
	fixture_fini(&f);
}

/* ---- damaged bytes ---- */

/* Flips bits in groups and slots; whatever is served afterwards is a whole record of that name. */
static void
test_bit_flips(void **state)
{
	uint64_t random = 20261122;
	size_t served = 0, dropped = 0;

	(void)state;
	for (int round = 0; round < 400; round++) {
		struct fixture f;
		struct table_record got;
		struct table_stats stats;
		unsigned char *base;
		size_t bytes;

		fixture_init(&f);
		fill_table(&f, TABLE_LOGIN, 0, 40, 3, 0, 10);
		for (int flip = 0; flip < 30; flip++) {
			bool in_groups = next_random(&random) % 2 == 0;

			base = in_groups ? (unsigned char *)f.seg->group : f.seg->slot;
			bytes = in_groups ? f.seg->groups * sizeof(struct group) : f.seg->slots * f.seg->slot_bytes;
			base[next_random(&random) % bytes] ^= (unsigned char)(1u << next_random(&random) % 8);
		}
		for (uint32_t n = 0; n < 40; n++) {
			struct table_id id = fixture_id(&f, TABLE_LOGIN, n);
			uint32_t value;

			if (table_read(f.tab, TABLE_LOGIN, id, 100, &got) == 0) {
				assert_true(fixture_is_whole(&got, n, &value) && value == 1 && got.owner == 3);
				served++;
			}
			(void)table_touch(f.tab, TABLE_LOGIN, id, 101);
		}
		(void)table_count_owner_live(f.tab, TABLE_LOGIN, 3, 102);
		(void)table_evict_oldest(f.tab, TABLE_LOGIN, 3, 102);
		(void)table_sweep(f.tab, 0, 1, SIZE_MAX, 103);
		fill_table(&f, TABLE_TOKEN, 0, 10, 4, 0, 104); /* it is still a table */
		table_stats(f.tab, &stats);
		dropped += stats.dropped_corrupt;
		fixture_fini(&f);
	}
	assert_true(served > 4000);
	assert_true(dropped > 400);
}

static void
test_keys_of_another_segment_are_refused(void **state)
{
	struct segment_keys *other = NULL;
	struct table *tab = NULL;
	struct fixture f;
	struct err err;

	(void)state;
	fixture_init(&f);
	assert_int_equal(segment_keys_create(&other, &err), 0);
	assert_int_equal(table_new(f.seg, other, &tab), ERR_INVALID);
	assert_null(tab);
	segment_keys_free(&other);
	fixture_fini(&f);
}

static void
test_ids_depend_on_every_part(void **state)
{
	struct fixture f;
	struct table_id a, b, c, d;

	(void)state;
	fixture_init(&f);
	a = table_id(f.tab, TABLE_LOGIN, SLICE_LIT("ab"), SLICE_LIT("c"));
	b = table_id(f.tab, TABLE_LOGIN, SLICE_LIT("a"), SLICE_LIT("bc"));
	c = table_id(f.tab, TABLE_TOKEN, SLICE_LIT("ab"), SLICE_LIT("c"));
	d = table_id(f.tab, TABLE_LOGIN, SLICE_LIT("ab"), SLICE_LIT("c"));
	assert_true(a.lo != b.lo && a.hi != b.hi);
	assert_true(a.lo != c.lo && a.hi != c.hi);
	assert_true(a.lo == d.lo && a.hi == d.hi);
	assert_int_not_equal(table_owner(f.tab, SLICE_LIT("x")), table_owner(f.tab, SLICE_LIT("y")));
	assert_int_not_equal(table_owner(f.tab, SLICE_NONE), 0);
	fixture_fini(&f);
}

/* Hashes of the last name are kept: that must not be seen, however long the names are and in whatever order they come.
 */
static void
test_hashes_do_not_depend_on_what_was_asked_before(void **state)
{
	static const char text[] = "0123456789012345678901234567890123456789012345678901234567890123456789";
	struct table_id ids[70];
	uint64_t owners[70];
	struct fixture f;

	(void)state;
	fixture_init(&f);
	for (size_t i = 0; i < 70; i++) {
		ids[i] = table_id(f.tab, TABLE_LOGIN, slice_of(text, i), SLICE_LIT("name"));
		owners[i] = table_owner(f.tab, slice_of(text, i));
	}
	for (size_t i = 70; i-- > 0;) {
		uint64_t owner = table_owner(f.tab, slice_of(text, i));
		struct table_id id = table_id(f.tab, TABLE_LOGIN, slice_of(text, i), SLICE_LIT("name"));

		assert_int_equal(owner, owners[i]);
		assert_true(id.lo == ids[i].lo && id.hi == ids[i].hi);
		assert_true(i == 0 || owner != owners[i - 1]);
	}
	fixture_fini(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_life_of_a_record),
	    cmocka_unit_test(test_insert_of_a_fresh_id),
	    cmocka_unit_test(test_bytes_are_zero_after_removal),
	    cmocka_unit_test(test_small_records_share_pages),
	    cmocka_unit_test(test_shorter_value_leaves_no_tail),
	    cmocka_unit_test(test_replaced_record_leaves_no_bytes),
	    cmocka_unit_test(test_expiry),
	    cmocka_unit_test(test_eviction_order),
	    cmocka_unit_test(test_expired_goes_before_own_session),
	    cmocka_unit_test(test_million),
	    cmocka_unit_test(test_model),
	    cmocka_unit_test(test_readers_never_see_torn_records),
	    cmocka_unit_test(test_one_of_many_removers_wins),
	    cmocka_unit_test(test_one_of_many_processes_wins),
	    cmocka_unit_test(test_bit_flips),
	    cmocka_unit_test(test_keys_of_another_segment_are_refused),
	    cmocka_unit_test(test_ids_depend_on_every_part),
	    cmocka_unit_test(test_hashes_do_not_depend_on_what_was_asked_before),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
