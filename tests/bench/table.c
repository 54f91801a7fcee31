/*
 * table.c - the shared table at a million sessions: how long a look-up takes, how many inserts a worker makes, from
 * what filling on records of others' time are missed, and whether workers get in each other's way
 *
 *	build/bench-table [SESSIONS]		1,000,000 take 1 GiB of shared memory
 *
 * Prints one line per figure, with OK or NOT where there is a bound; exits 1 where one is not kept.  Rates are per
 * second of CPU, since a machine that does something else besides would otherwise be measured.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/rand.h"
#include "base/slice.h"
#include "shm/segment.h"
#include "shm/table.h"

#define SESSIONS 1000000u
#define SESSION_BYTES 96 /* payload of a legacy session without subscriptions */
#define FIND_P99_NS 2000.0
#define INSERTS_PER_S 200000.0
#define WORKERS 2
#define NOW_MS 1000000u

struct bench {
	struct segment_keys *keys;
	struct segment *segment;
	struct table *table;
	int failed;
};

static uint64_t
clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void
judge(struct bench *b, const char *what, double value, const char *unit, double bound, bool is_maximum)
{
	bool is_kept = is_maximum ? value <= bound : value >= bound;

	printf("%-58s %12.0f %-10s %s %.0f: %s\n", what, value, unit, is_maximum ? "at most" : "at least", bound,
	       is_kept ? "OK" : "NOT");
	b->failed |= !is_kept;
}

static void
tell(const char *what, double value, const char *unit)
{
	printf("%-58s %12.0f %s\n", what, value, unit);
}

static void
give_up(const char *what, const char *why)
{
	fprintf(stderr, "bench-table: %s: %s\n", what, why);
	exit(1);
}

static void
open_table(struct bench *b, uint32_t slots, uint32_t payload_bytes)
{
	const struct segment_config config = {slots, payload_bytes};
	struct err err = {.code = ERR_OK};

	if (segment_keys_create(&b->keys, &err) < 0 || segment_create(&config, b->keys, &b->segment, &err) < 0)
		give_up("the segment", err.text);
	if (table_new(b->segment, b->keys, &b->table) < 0)
		give_up("the table", "no memory");
}

static void
close_table(struct bench *b)
{
	table_free(&b->table);
	segment_free(&b->segment);
	segment_keys_free(&b->keys);
}

static struct table_id
id_of(const struct bench *b, uint32_t n)
{
	return table_id(b->table, TABLE_MCP_SESSION, SLICE_LIT("bench"), slice_of((const char *)&n, sizeof(n)));
}

static void
fill_record(struct table_record *rec)
{
	memset(rec, 0, sizeof(*rec));
	rec->kind = TABLE_MCP_SESSION;
	rec->flags = TABLE_EVICTABLE;
	rec->owner = 1;
	rec->idle_ms = 3600000;
	rec->len = SESSION_BYTES;
	memset(rec->payload, 's', rec->len);
}

/* Gives the CPU seconds that it took. */
static double
insert_range(struct bench *b, uint32_t from, uint32_t to)
{
	uint64_t began = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	struct table_record rec;

	fill_record(&rec);
	for (uint32_t n = from; n < to; n++) {
		if (table_insert(b->table, id_of(b, n), &rec, NOW_MS) < 0)
			give_up("insert", "refused");
	}
	return (double)(clock_ns(CLOCK_PROCESS_CPUTIME_ID) - began) / 1e9;
}

static int
by_value(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* Each look-up timed by itself; what the clock takes is taken off. */
static void
find_some(struct bench *b, uint32_t sessions, uint32_t looks, bool is_there)
{
	uint32_t *took = calloc(looks, sizeof(*took));
	uint64_t clock_cost = UINT64_MAX;
	struct table_record rec;
	size_t found = 0;

	if (took == NULL)
		give_up("look-ups", "no memory");
	for (int i = 0; i < 1000; i++) {
		uint64_t before = clock_ns(CLOCK_MONOTONIC), cost = clock_ns(CLOCK_MONOTONIC) - before;

		clock_cost = cost < clock_cost ? cost : clock_cost;
	}
	for (uint32_t i = 0; i < looks; i++) {
		uint32_t n = (uint32_t)(rand_u64() % sessions) + (is_there ? 0 : sessions);
		struct table_id id = id_of(b, n);
		uint64_t before = clock_ns(CLOCK_MONOTONIC);

		found += table_read(b->table, TABLE_MCP_SESSION, id, NOW_MS, &rec) == 0;
		took[i] = (uint32_t)(clock_ns(CLOCK_MONOTONIC) - before - clock_cost);
	}
	if (found != (is_there ? looks : 0))
		give_up("look-ups", "not those that were expected");
	qsort(took, looks, sizeof(*took), by_value);
	tell(is_there ? "find, p50" : "find what is not there, p50", took[looks / 2], "ns");
	judge(b, is_there ? "find, p99" : "find what is not there, p99", took[looks / 100 * 99], "ns", FIND_P99_NS,
	      true);
	free(took);
}

static void
bench_million(struct bench *b, uint32_t sessions)
{
	double took;

	open_table(b, sessions + sessions / 3, 0);
	printf("\n%u sessions in a table of %u records\n", sessions, segment_slots(b->segment));
	took = insert_range(b, 0, sessions);
	tell("inserts of a worker, each a page fault of the kernel's", sessions / took, "per CPU s");
	find_some(b, sessions, 1000000, true);
	find_some(b, sessions, 1000000, false);
	for (uint32_t n = 0; n < sessions / 4; n++) {
		if (table_remove(b->table, TABLE_MCP_SESSION, id_of(b, n), NOW_MS) < 0)
			give_up("remove", "not found");
	}
	took = insert_range(b, 0, sessions / 4);
	judge(b, "inserts of a worker, into memory that was used before", sessions / 4 / took, "per CPU s",
	      INSERTS_PER_S, false);
	close_table(b);
}

/* One worker: its share of the inserts, and what they took. */
static void
work(struct bench *b, double *took, uint32_t worker, uint32_t each)
{
	*took = insert_range(b, worker * each, (worker + 1) * each);
	_exit(0);
}

static void
bench_workers(struct bench *b, uint32_t each)
{
	double *took = mmap(NULL, WORKERS * sizeof(*took), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	double slowest = 0;
	int status;

	if (took == MAP_FAILED)
		give_up("workers", "no memory");
	open_table(b, 2 * WORKERS * each, SESSION_BYTES);
	printf("\n%u workers that insert into one table at once\n", WORKERS);
	for (uint32_t i = 0; i < WORKERS; i++) {
		if (fork() == 0)
			work(b, &took[i], i, each);
	}
	for (uint32_t i = 0; i < WORKERS; i++) {
		if (wait(&status) < 0 || status != 0)
			give_up("workers", "one failed");
		slowest = took[i] > slowest ? took[i] : slowest;
	}
	judge(b, "inserts of the slowest worker", each / slowest, "per CPU s", INSERTS_PER_S, false);
	close_table(b);
	munmap(took, WORKERS * sizeof(*took));
}

/* Inserts beyond any room: who goes, and how long a stripe is held for it. */
static void
overfill(struct bench *b, uint32_t from, uint32_t n)
{
	uint32_t *took = calloc(n, sizeof(*took));
	struct table_record rec;

	if (took == NULL)
		give_up("overfilling", "no memory");
	fill_record(&rec);
	for (uint32_t i = 0; i < n; i++) {
		struct table_id id = id_of(b, from + i);
		uint64_t before = clock_ns(CLOCK_MONOTONIC);

		if (table_insert(b->table, id, &rec, NOW_MS + i) < 0)
			give_up("overfilling", "refused, though the owner's oldest may go");
		took[i] = (uint32_t)(clock_ns(CLOCK_MONOTONIC) - before);
	}
	qsort(took, n, sizeof(*took), by_value);
	tell("insert into a full table, p50", took[n / 2], "ns");
	tell("insert into a full table, p99", took[n / 100 * 99], "ns");
	free(took);
}

static void
bench_filling(struct bench *b)
{
	struct table_stats stats = {0};
	uint32_t slots, n;

	open_table(b, 0, 0);
	slots = segment_slots(b->segment);
	n = slots / 4 * 3;
	printf("\nfilling a table of %u records\n", slots);
	(void)insert_range(b, 0, n);
	table_stats(b->table, &stats);
	judge(b, "records evicted or refused up to 75 %", (double)(stats.evictions + stats.full), "", 0, true);
	while (n < 2 * slots && stats.evictions == 0) {
		(void)insert_range(b, n, n + slots / 1000);
		n += slots / 1000;
		table_stats(b->table, &stats);
	}
	tell("the first is evicted at a filling of", 100.0 * n / slots, "%");
	(void)insert_range(b, n, 2 * slots);
	overfill(b, 2 * slots, 100000);
	close_table(b);
}

int
main(int argc, char **argv)
{
	uint64_t sessions = SESSIONS;
	struct bench b = {0};

	if (argc > 1 && slice_to_u64(slice_from_str(argv[1]), 3000000, &sessions) < 0)
		give_up(argv[1], "a number of sessions is wanted");
	bench_million(&b, (uint32_t)sessions);
	bench_workers(&b, 250000);
	bench_filling(&b);
	return b.failed;
}
