/*
 * test_slot.c - writers that die after every single store, as threads and as killed processes
 *
 * slot.c is compiled here with a hook behind each of its stores.  A thread that ends there leaves the stripe's robust
 * mutex locked, just as a killed process does, so the next one to lock meets EOWNERDEAD and has to repair.
 */
#include <stdint.h>

void store_point(void);
#define TABLE_STORE_POINT() store_point()

#include "../../../src/shm/slot.c"

#include "fixture.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static _Thread_local long stores_left; /* 0: never die */
static _Thread_local long stores_seen;
static _Thread_local bool die_by_signal;

void
store_point(void)
{
	stores_seen++;
	if (stores_left == 0 || --stores_left > 0)
		return;
	if (die_by_signal)
		kill(getpid(), SIGKILL);
	pthread_exit(NULL);
}

/* ---- the stage: the same records each time, in a new segment with the same keys ---- */

#define NAMES 70
#define START_MS 1000
#define NOW_MS 5000
#define MARK "residue of a secret that must go"

static struct segment_keys *keys;

static void
put(struct fixture *f, enum table_kind kind, uint32_t n, uint64_t owner, uint32_t flags, uint64_t deadline_ms)
{
	struct table_record rec = fixture_record(kind, owner, n, 1, 24 + n * 5 % 200);

	rec.flags = flags;
	rec.deadline_ms = deadline_ms;
	rec.idle_ms = 100000;
	assert_int_equal(table_insert(f->tab, fixture_id(f, kind, n), &rec, START_MS + n), 0);
}

/* Record 0 is what mutations are about; it carries a mark in its payload and has been updated once. */
static int
change_record(struct table_record *rec, void *ctx)
{
	const uint32_t *value = ctx;

	fixture_fill(rec, 0, *value, 200);
	memcpy(rec->payload + 8, MARK, sizeof(MARK) - 1);
	return 0;
}

static void
stage_open(struct fixture *f, uint32_t others, uint32_t flags_0, uint64_t deadline_0)
{
	const struct segment_config config = {64, 256};
	uint32_t value = 2;
	struct err err;

	memset(f, 0, sizeof(*f));
	f->keys = keys;
	assert_int_equal(segment_create(&config, keys, &f->seg, &err), 0);
	assert_int_equal(table_new(f->seg, keys, &f->tab), 0);
	put(f, TABLE_LOGIN, 0, 5, flags_0, deadline_0);
	assert_int_equal(
	    table_update(f->tab, TABLE_LOGIN, fixture_id(f, TABLE_LOGIN, 0), START_MS, change_record, &value), 0);
	for (uint32_t n = 1; n <= others; n++)
		put(f, TABLE_LOGIN, n, 6, 0, 0);
}

static void
stage_close(struct fixture *f)
{
	table_free(&f->tab);
	segment_free(&f->seg);
}

struct snapshot {
	bool there[NAMES];
	struct table_record rec[NAMES];
};

static void
snapshot_take(struct fixture *f, uint64_t now_ms, struct snapshot *snap_r)
{
	memset(snap_r, 0, sizeof(*snap_r));
	for (uint32_t n = 0; n < NAMES; n++)
		snap_r->there[n] =
		    table_read(f->tab, TABLE_LOGIN, fixture_id(f, TABLE_LOGIN, n), now_ms, &snap_r->rec[n]) == 0;
}

static bool
snapshot_is(const struct snapshot *a, const struct snapshot *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* ---- the mutations ---- */

static void
do_insert(struct fixture *f)
{
	struct table_record rec = fixture_record(TABLE_LOGIN, 5, 69, 9, 184);

	(void)!table_insert(f->tab, fixture_id(f, TABLE_LOGIN, 69), &rec, NOW_MS);
}

static void
do_insert_same(struct fixture *f)
{
	struct table_record rec = fixture_record(TABLE_LOGIN, 5, 0, 9, 184);

	(void)!table_insert(f->tab, fixture_id(f, TABLE_LOGIN, 0), &rec, NOW_MS);
}

static void
do_update(struct fixture *f)
{
	uint32_t value = 33;

	(void)!table_update(f->tab, TABLE_LOGIN, fixture_id(f, TABLE_LOGIN, 0), NOW_MS, change_record, &value);
}

static void
do_upsert(struct fixture *f)
{
	struct table_record blank = fixture_record(TABLE_LOGIN, 5, 69, 9, 184);
	uint32_t value = 33;

	(void)!table_upsert(f->tab, fixture_id(f, TABLE_LOGIN, 69), &blank, NOW_MS, change_record, &value);
}

static int
answer_remove(struct table_record *rec, void *ctx)
{
	(void)rec;
	(void)ctx;
	return TABLE_REMOVE_IT;
}

static void
do_update_to_nothing(struct fixture *f)
{
	(void)!table_update(f->tab, TABLE_LOGIN, fixture_id(f, TABLE_LOGIN, 0), NOW_MS, answer_remove, NULL);
}

static void
do_remove(struct fixture *f)
{
	(void)table_remove(f->tab, TABLE_LOGIN, fixture_id(f, TABLE_LOGIN, 0), NOW_MS);
}

static void
do_sweep(struct fixture *f)
{
	(void)table_sweep(f->tab, 0, 1, SIZE_MAX, NOW_MS);
}

static void
do_touch(struct fixture *f)
{
	(void)table_touch(f->tab, TABLE_LOGIN, fixture_id(f, TABLE_LOGIN, 0), NOW_MS);
}

static void
do_evict(struct fixture *f)
{
	(void)table_evict_oldest(f->tab, TABLE_LOGIN, 5, NOW_MS);
}

struct mutation {
	const char *name;
	void (*run)(struct fixture *f);
	uint32_t others;  /* neighbours; 63 make the table full */
	uint32_t flags_0; /* of record 0 */
	uint64_t deadline_0;
	bool wipes_0; /* afterwards the mark is nowhere */
};

static const struct mutation mutations[] = {
    {"insert", do_insert, 20, 0, 0, false},
    {"insert over an expired one of the same id", do_insert_same, 20, 0, 3000, true},
    {"insert that makes room: expired", do_insert, 63, 0, 3000, true},
    {"insert that makes room: own evictable", do_insert, 63, TABLE_EVICTABLE, 0, true},
    {"update", do_update, 20, 0, 0, false},
    {"upsert of something new", do_upsert, 20, 0, 0, false},
    {"upsert that makes room", do_upsert, 63, TABLE_EVICTABLE, 0, false},
    {"update that removes", do_update_to_nothing, 20, 0, 0, true},
    {"remove", do_remove, 20, 0, 0, true},
    {"sweep", do_sweep, 20, 0, 3000, true},
    {"touch", do_touch, 20, 0, 0, false},
    {"evict the oldest", do_evict, 20, TABLE_EVICTABLE, 0, true},
};

struct actor {
	struct fixture *f;
	void (*run)(struct fixture *f);
	long stores_left;
	long stores_seen;
	bool survived;
};

static void *
actor_main(void *arg)
{
	struct actor *actor = arg;

	stores_left = actor->stores_left;
	stores_seen = 0;
	actor->run(actor->f);
	actor->survived = true;
	actor->stores_seen = stores_seen;
	return NULL;
}

/* Runs it in a thread that ends after the given store (0: never).  True when it came to the end. */
static bool
act(struct fixture *f, void (*run)(struct fixture *f), long after_store)
{
	struct actor actor = {f, run, after_store, 0, false};
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, actor_main, &actor), 0);
	pthread_join(thread, NULL);
	return actor.survived;
}

static void
lock_once(struct fixture *f)
{
	(void)table_remove(f->tab, TABLE_LOGIN, fixture_id(f, TABLE_LOGIN, 12345), NOW_MS);
}

static void
check_stage(struct fixture *f, const struct mutation *m, const struct snapshot *before, const struct snapshot *after)
{
	struct snapshot now;
	struct table_stats stats;

	/* Before anybody repairs: readers are served all the same. */
	snapshot_take(f, NOW_MS, &now);
	assert_true(snapshot_is(&now, before) || snapshot_is(&now, after));
	lock_once(f);
	snapshot_take(f, NOW_MS, &now);
	assert_true(snapshot_is(&now, before) || snapshot_is(&now, after));
	table_stats(f->tab, &stats);
	assert_int_equal(stats.dropped_corrupt, 0);
	if (m->run != do_touch)
		assert_true(stats.owner_deaths >= 1);
	if (m->wipes_0 && !snapshot_is(before, after) && snapshot_is(&now, after))
		assert_false(segment_contains(f->seg, MARK, sizeof(MARK) - 1));
	/* The survivor can do it again, to the end. */
	m->run(f);
	snapshot_take(f, NOW_MS, &now);
	assert_true(snapshot_is(&now, after));
	if (m->wipes_0)
		assert_false(segment_contains(f->seg, MARK, sizeof(MARK) - 1));
}

static void
outcome_of(const struct mutation *m, struct snapshot *before_r, struct snapshot *after_r)
{
	struct fixture f;

	stage_open(&f, m->others, m->flags_0, m->deadline_0);
	snapshot_take(&f, NOW_MS, before_r);
	assert_true(act(&f, m->run, 0));
	snapshot_take(&f, NOW_MS, after_r);
	stage_close(&f);
}

static long
try_every_store(const struct mutation *m)
{
	static struct snapshot before, after;
	long store;

	outcome_of(m, &before, &after);
	for (store = 1;; store++) {
		struct fixture f;
		bool survived;

		stage_open(&f, m->others, m->flags_0, m->deadline_0);
		survived = act(&f, m->run, store);
		if (!survived)
			check_stage(&f, m, &before, &after);
		stage_close(&f);
		if (survived)
			return store - 1;
	}
}

static void
test_death_after_every_store(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(mutations) / sizeof(mutations[0]); i++) {
		long stores = try_every_store(&mutations[i]);

		/* A touch is one store; all else says what it works on, commits and says that it is done. */
		if (mutations[i].run == do_touch)
			assert_int_equal(stores, 1);
		else
			assert_true(stores > 10);
	}
}

/* Who repairs may die, too. */
static void
test_death_while_repairing(void **state)
{
	static const size_t which[] = {3, 4, 8};
	static struct snapshot before, after;

	(void)state;
	for (size_t i = 0; i < sizeof(which) / sizeof(which[0]); i++) {
		const struct mutation *m = &mutations[which[i]];

		outcome_of(m, &before, &after);
		for (long store = 1;; store += 3) {
			bool survived = false;

			for (long again = 1; !survived && again < 60; again += 4) {
				struct fixture f;

				stage_open(&f, m->others, m->flags_0, m->deadline_0);
				survived = act(&f, m->run, store);
				if (!survived) {
					(void)act(&f, lock_once, again);
					check_stage(&f, m, &before, &after);
				}
				stage_close(&f);
			}
			if (survived)
				break;
		}
	}
}

/* Whoever inherits a lock looks at every record under it, and drops what is damaged before anybody asks for it. */
static void
test_repair_drops_what_is_damaged(void **state)
{
	struct table_stats stats;
	struct fixture f;
	uint32_t index = 0;

	(void)state;
	stage_open(&f, 20, 0, 0);
	for (uint32_t i = 0; i < 64; i++) {
		uint64_t word = atomic_load(slot_word(f.seg, i));
		struct image image;

		if (word != 0 && slot_load(f.seg, i, word, &image) &&
		    slot_image_is(&image, fixture_id(&f, TABLE_LOGIN, 7)))
			index = i;
	}
	atomic_fetch_xor(&slot_copy(f.seg, index, atomic_load(slot_word(f.seg, index)))[COPY_HEADER_WORDS], 1);
	assert_false(act(&f, do_update, 5));
	assert_int_equal(table_count(f.tab, TABLE_LOGIN), 21);
	lock_once(&f);
	table_stats(f.tab, &stats);
	assert_int_equal(stats.dropped_corrupt, 1);
	assert_int_equal(stats.owner_deaths, 1);
	assert_int_equal(table_count(f.tab, TABLE_LOGIN), 20);
	for (uint32_t n = 0; n <= 20; n++) {
		struct table_record rec;

		assert_int_equal(table_read(f.tab, TABLE_LOGIN, fixture_id(&f, TABLE_LOGIN, n), NOW_MS, &rec),
				 n == 7 ? ERR_NOT_FOUND : 0);
	}
	stage_close(&f);
}

/* ---- processes killed in the midst of it ---- */

#define CHILDREN 3
#define ROUNDS 110
#define RECORDS 12

/* What each child tried to write and what it was told was written, outside the table. */
struct ledger {
	_Atomic uint32_t attempted[CHILDREN][RECORDS];
	_Atomic uint32_t acknowledged[CHILDREN][RECORDS];
};

static int
write_value(struct table_record *rec, void *ctx)
{
	const uint32_t *n_value = ctx;

	fixture_fill(rec, n_value[0], n_value[1], 16 + n_value[1] * 7 % 200);
	return 0;
}

static void
child_main(struct fixture *f, struct ledger *ledger, uint32_t child, uint32_t seed)
{
	uint64_t random = seed * 2654435761u + 1;

	die_by_signal = true;
	stores_left = 1 + seed * 7919 % 3000;
	for (;;) {
		uint32_t i = (uint32_t)(random >> 33) % RECORDS;
		uint32_t n_value[2] = {child * RECORDS + i, atomic_load(&ledger->attempted[child][i]) + 1};
		struct table_record blank = fixture_record(TABLE_LOGIN, child + 1, n_value[0], 0, 4);

		random = random * 6364136223846793005u + 1442695040888963407u;
		atomic_store(&ledger->attempted[child][i], n_value[1]);
		if (table_upsert(f->tab, fixture_id(f, TABLE_LOGIN, n_value[0]), &blank, 10, write_value, n_value) != 0)
			_exit(3);
		atomic_store(&ledger->acknowledged[child][i], n_value[1]);
	}
}

static void
check_ledger(struct fixture *f, struct ledger *ledger)
{
	for (uint32_t child = 0; child < CHILDREN; child++) {
		for (uint32_t i = 0; i < RECORDS; i++) {
			uint32_t n = child * RECORDS + i;
			uint32_t acknowledged = atomic_load(&ledger->acknowledged[child][i]);
			uint32_t value = 0;
			struct table_record rec;

			if (table_read(f->tab, TABLE_LOGIN, fixture_id(f, TABLE_LOGIN, n), 11, &rec) == 0) {
				assert_true(fixture_is_whole(&rec, n, &value));
				assert_int_equal(rec.owner, child + 1);
			}
			assert_true(value >= acknowledged);
			assert_true(value <= atomic_load(&ledger->attempted[child][i]));
			/* What was begun and not acknowledged may stand or not; from here on it counts as it stands. */
			atomic_store(&ledger->attempted[child][i], value);
			atomic_store(&ledger->acknowledged[child][i], value);
		}
	}
}

static void
test_killed_processes_lose_nothing(void **state)
{
	struct ledger *ledger = mmap(NULL, sizeof(*ledger), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct table_stats stats;
	struct fixture f;

	(void)state;
	assert_ptr_not_equal(ledger, MAP_FAILED);
	fixture_init(&f);
	for (uint32_t round = 0; round < ROUNDS; round++) {
		for (uint32_t child = 0; child < CHILDREN; child++) {
			pid_t pid = fork();

			assert_true(pid >= 0);
			if (pid == 0)
				child_main(&f, ledger, child, round * CHILDREN + child + 1);
		}
		for (uint32_t child = 0; child < CHILDREN; child++) {
			int status;

			assert_true(wait(&status) > 0);
			assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		}
		lock_once(&f);
		check_ledger(&f, ledger);
	}
	table_stats(f.tab, &stats);
	assert_int_equal(stats.dropped_corrupt, 0);
	/* Every death was inside the lock; one who died while he repaired did not get to count the death before his. */
	assert_true(stats.owner_deaths <= ROUNDS * CHILDREN && stats.owner_deaths > ROUNDS * CHILDREN * 9 / 10);
	fixture_fini(&f);
	munmap(ledger, sizeof(*ledger));
}

static int
setup(void **state)
{
	struct err err;

	(void)state;
	return segment_keys_create(&keys, &err);
}

static int
teardown(void **state)
{
	(void)state;
	segment_keys_free(&keys);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_death_after_every_store),
	    cmocka_unit_test(test_death_while_repairing),
	    cmocka_unit_test(test_repair_drops_what_is_damaged),
	    cmocka_unit_test(test_killed_processes_lose_nothing),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
