/*
 * table_kills.c - processes killed at random instants while they change the shared table; readers watch all the time
 *
 * Each writer owns some records and counts its changes to each: change number n is a removal when n is a multiple of
 * REMOVE_EVERY, otherwise the record gets the value n, in a payload that shows any mixture of two values.  Before a
 * change it notes the number as attempted, after it as acknowledged, in memory of its own kind.  So a reader knows what
 * it may see: any number from the one acknowledged before it looked to the one attempted after it looked.  A killed
 * writer's records must show the last acknowledged change or the one that was attempted, nothing else.
 *
 *	table_kills [KILLS [DEATHS]]
 *
 * ends with status 0 when KILLS (10,000) writers were killed, at least DEATHS (a tenth) of them with a lock in their
 * hands, and nobody ever read anything wrong.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "shm/segment.h"
#include "shm/table.h"

#define WRITERS 3
#define READERS 1
#define RECORDS 48
#define REMOVE_EVERY 8
#define SLOTS 512
#define PAYLOAD 1024
#define LEN_MIN 700
#define DELAY_US_MAX 400
#define LIMIT_S 600 /* the whole run */

struct record_ledger {
	_Atomic uint32_t attempted;
	_Atomic uint32_t acknowledged;
};

struct ledger {
	struct record_ledger of[WRITERS][RECORDS];
	_Atomic uint64_t reads;
	_Atomic uint64_t bad;	/* reads of what was never written, or of a mixture */
	_Atomic uint64_t stale; /* reads of what had been replaced before, or was not yet tried */
};

struct arena {
	struct segment_keys *keys;
	struct segment *seg;
	struct table *tab;
	struct ledger *ledger;
	uint64_t random;
};

static uint32_t
any(struct arena *a, uint32_t below)
{
	a->random = a->random * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(a->random >> 33) % below;
}

/* ---- what is written ---- */

static uint32_t
name_of(uint32_t writer, uint32_t i)
{
	return writer * RECORDS + i;
}

static struct table_id
id_of(const struct arena *a, uint32_t name)
{
	return table_id(a->tab, TABLE_LOGIN, SLICE_LIT("storm"), slice_of((const char *)&name, sizeof(name)));
}

static void
fill(struct table_record *rec, uint32_t name, uint32_t value)
{
	uint32_t mark = name * 2654435761u ^ value * 40503u;

	rec->len = LEN_MIN + value % (PAYLOAD - LEN_MIN);
	memcpy(rec->payload, &value, sizeof(value));
	for (uint32_t i = sizeof(value); i < rec->len; i++)
		rec->payload[i] = (unsigned char)(mark + i * 7);
}

static bool
is_whole(const struct table_record *rec, uint32_t name, uint32_t *value_r)
{
	static struct table_record same; /* one thread, one reader */

	if (rec->len < LEN_MIN)
		return false;
	memcpy(value_r, rec->payload, sizeof(*value_r));
	fill(&same, name, *value_r);
	return rec->len == same.len && memcmp(rec->payload, same.payload, rec->len) == 0;
}

static bool
is_removal(uint32_t value)
{
	return value % REMOVE_EVERY == 0;
}

/* ---- writers ---- */

struct change {
	uint32_t name, value;
};

static int
write_value(struct table_record *rec, void *ctx)
{
	const struct change *change = ctx;

	fill(rec, change->name, change->value);
	return 0;
}

static int
carry_out(struct arena *a, uint32_t writer, const struct change *change)
{
	struct table_record blank = {.kind = TABLE_LOGIN, .owner = writer + 1};
	int r;

	if (!is_removal(change->value))
		return table_upsert(a->tab, id_of(a, change->name), &blank, 10, write_value,
				    &(struct change){change->name, change->value});
	r = table_remove(a->tab, TABLE_LOGIN, id_of(a, change->name), 10);
	return r == ERR_NOT_FOUND ? 0 : r; /* killed behind the commit, it is tried again */
}

static void
writer_main(struct arena *a, uint32_t writer)
{
	for (;;) {
		uint32_t i = any(a, RECORDS);
		struct record_ledger *entry = &a->ledger->of[writer][i];
		struct change change = {name_of(writer, i), atomic_load(&entry->acknowledged) + 1};

		atomic_store(&entry->attempted, change.value);
		if (carry_out(a, writer, &change) != 0)
			_exit(3);
		atomic_store(&entry->acknowledged, change.value);
	}
}

/* ---- readers ---- */

static bool
may_be_absent(uint32_t from, uint32_t to)
{
	for (uint32_t value = from; value <= to; value++)
		if (is_removal(value))
			return true;
	return false;
}

static void
read_one(struct arena *a, uint32_t writer, uint32_t i)
{
	struct ledger *ledger = a->ledger;
	uint32_t from = atomic_load(&ledger->of[writer][i].acknowledged);
	uint32_t value = 0;
	struct table_record rec;
	int r = table_read(a->tab, TABLE_LOGIN, id_of(a, name_of(writer, i)), 11, &rec);
	uint32_t to = atomic_load(&ledger->of[writer][i].attempted);

	atomic_fetch_add(&ledger->reads, 1);
	if (r == ERR_NOT_FOUND)
		atomic_fetch_add(&ledger->stale, may_be_absent(from, to) ? 0 : 1);
	else if (r != 0 || !is_whole(&rec, name_of(writer, i), &value) || rec.owner != writer + 1)
		atomic_fetch_add(&ledger->bad, 1);
	else if (value < from || value > to)
		atomic_fetch_add(&ledger->stale, 1);
}

static void
reader_main(struct arena *a)
{
	for (;;)
		read_one(a, any(a, WRITERS), any(a, RECORDS));
}

/* ---- the one who kills ---- */

/* A child ends with us, whatever ends us, and gives way to us: whoever kills should not wait for a processor. */
static pid_t
start(struct arena *a, uint32_t writer, uint64_t seed)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || nice(10) < 0)
		_exit(4);
	a->random = seed * 2654435761u + 1;
	if (writer < WRITERS)
		writer_main(a, writer);
	reader_main(a);
	_exit(0);
}

static bool
kill_and_reap(pid_t pid)
{
	int status;

	return kill(pid, SIGKILL) == 0 && waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) &&
	       WTERMSIG(status) == SIGKILL;
}

/* What the dead one had attempted stands or does not; from here on it counts as it is. */
static uint64_t
settle(struct arena *a, uint32_t writer)
{
	uint64_t wrong = 0;

	for (uint32_t i = 0; i < RECORDS; i++) {
		struct record_ledger *entry = &a->ledger->of[writer][i];
		uint32_t acknowledged = atomic_load(&entry->acknowledged), attempted = atomic_load(&entry->attempted);
		uint32_t value = 0;
		struct table_record rec;
		int r = table_read(a->tab, TABLE_LOGIN, id_of(a, name_of(writer, i)), 11, &rec);
		bool is_there = r == 0;
		bool fits_old = is_there ? true : is_removal(acknowledged);
		bool fits_new = is_there ? true : is_removal(attempted);

		if (is_there && !is_whole(&rec, name_of(writer, i), &value))
			wrong++;
		fits_old = fits_old && (!is_there || value == acknowledged);
		fits_new = fits_new && (!is_there || value == attempted);
		if (!fits_old && !fits_new)
			wrong++;
		else if (fits_new)
			atomic_store(&entry->acknowledged, attempted);
		else
			atomic_store(&entry->attempted, acknowledged);
	}
	return wrong;
}

static void
wait_some(struct arena *a)
{
	const struct timespec pause = {.tv_nsec = 1000L * any(a, DELAY_US_MAX)};

	(void)nanosleep(&pause, NULL);
}

static uint64_t
storm(struct arena *a, uint64_t kills, uint64_t *killed_r)
{
	pid_t pids[WRITERS + READERS];
	uint64_t wrong = 0;

	for (uint32_t i = 0; i < WRITERS + READERS; i++)
		pids[i] = start(a, i, i + 1);
	for (*killed_r = 0; *killed_r < kills; (*killed_r)++) {
		uint32_t victim = any(a, WRITERS);

		wait_some(a);
		if (!kill_and_reap(pids[victim]))
			return wrong + 1; /* it ended by itself: the table refused something */
		wrong += settle(a, victim);
		pids[victim] = start(a, victim, WRITERS + READERS + 1 + *killed_r);
	}
	for (uint32_t i = 0; i < WRITERS + READERS; i++)
		(void)kill_and_reap(pids[i]);
	for (uint32_t writer = 0; writer < WRITERS; writer++)
		wrong += settle(a, writer);
	return wrong;
}

/* ---- verdict ---- */

static bool
say(const char *what, uint64_t value, bool at_least, uint64_t limit)
{
	bool ok = at_least ? value >= limit : value <= limit;

	printf("  %-3s %-52s %10" PRIu64 "  %s %" PRIu64 "\n", ok ? "OK" : "NOT", what, value,
	       at_least ? ">=" : "<=", limit);
	return ok;
}

static int
judge(const struct arena *a, uint64_t killed, uint64_t kills, uint64_t deaths, uint64_t wrong)
{
	struct table_stats stats;
	bool ok;

	table_stats(a->tab, &stats);
	printf("kills inside changes of the shared table:\n");
	printf("      %-52s %10" PRIu64 "\n", "reads", atomic_load(&a->ledger->reads));
	printf("      %-52s %10" PRIu64 "\n", "changes", stats.inserts + stats.updates + stats.removals);
	ok = say("kills", killed, true, kills);
	ok &= say("locks taken over from the dead", stats.owner_deaths, true, deaths);
	ok &= say("bad reads", atomic_load(&a->ledger->bad), false, 0);
	ok &= say("reads of another time", atomic_load(&a->ledger->stale), false, 0);
	ok &= say("records of the dead neither old nor new", wrong, false, 0);
	ok &= say("records dropped by a repair", stats.dropped_corrupt, false, 0);
	return ok ? 0 : 1;
}

static int
open_arena(struct arena *a)
{
	const struct segment_config config = {SLOTS, PAYLOAD};
	struct err err = {0};

	a->ledger = mmap(NULL, sizeof(*a->ledger), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (a->ledger == MAP_FAILED || segment_keys_create(&a->keys, &err) < 0 ||
	    segment_create(&config, a->keys, &a->seg, &err) < 0 || table_new(a->seg, a->keys, &a->tab) < 0) {
		fprintf(stderr, "table_kills: no table: %s\n", err.text);
		return -1;
	}
	return 0;
}

int
main(int argc, char **argv)
{
	uint64_t kills = argc > 1 ? strtoull(argv[1], NULL, 10) : 10000;
	uint64_t deaths = argc > 2 ? strtoull(argv[2], NULL, 10) : kills / 10;
	struct arena a = {.random = 1};
	uint64_t killed = 0, wrong;
	int status;

	if (open_arena(&a) < 0)
		return 2;
	(void)alarm(LIMIT_S);
	wrong = storm(&a, kills, &killed);
	status = judge(&a, killed, kills, deaths, wrong);
	table_free(&a.tab);
	segment_free(&a.seg);
	segment_keys_free(&a.keys);
	munmap(a.ledger, sizeof(*a.ledger));
	return status;
}
