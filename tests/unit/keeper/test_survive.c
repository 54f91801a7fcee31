/*
 * test_survive.c - kill -9 of keeper and worker while plans are stored and items journalled: what was acknowledged is
 * there afterwards, once
 */
#include "house.h"

#include <sys/mman.h>

#include "base/rand.h"

#define KILLS 120
#define WORKER_EVERY 7 /* every so many kills of the keeper one of the worker */
#define ITEMS 40
#define PLANS_MAX 4096
#define PLAN_ITEMS 3

/* What the worker has tried and what was acknowledged: outlives it. */
struct ledger {
	volatile uint64_t tried[ITEMS];
	volatile uint64_t acknowledged[ITEMS];
	volatile uint64_t sequence;
	volatile uint64_t n_acknowledged; /* calls */
	volatile uint64_t failed;	  /* calls that gave an error */
	volatile uint64_t lost_claims;
	volatile uint64_t n_plans;
	char plans[PLANS_MAX][KEEPER_ID_LEN + 1]; /* stored, so we were told */
};

static struct ledger *ledger;

static struct keeper_claim *
claim_until_ours(struct house *h)
{
	struct keeper_verdict verdict;
	struct keeper_claim *claim = NULL;
	struct err err;

	while (claim == NULL) {
		if (keeper_plan_claim(h->keeper, PLAN_1, &party, "key", NOW, h->pool, &claim, &verdict, &err) < 0)
			continue;
		if (verdict.kind != KEEPER_CLAIMED && verdict.kind != KEEPER_RESUMED && verdict.kind != KEEPER_BUSY)
			_exit(20 + (int)verdict.kind);
	}
	return claim;
}

static void
journal_some(struct keeper_claim *claim)
{
	struct keeper_entry entries[2];
	char details[2][32];
	struct err err;
	int r;

	for (int i = 0; i < 2; i++) {
		uint64_t n = ++ledger->sequence;

		snprintf(details[i], sizeof(details[i]), "%llu", (unsigned long long)n);
		entries[i] = (struct keeper_entry){.item = (uint32_t)(n % ITEMS),
						   .status = KEEPER_UPDATED,
						   .at_wall_ms = n,
						   .detail = slice_from_str(details[i])};
		ledger->tried[n % ITEMS] = n;
	}
	r = keeper_journal(claim, entries, 2, &err);
	if (r == ERR_DENIED)
		ledger->lost_claims++;
	if (r < 0) {
		ledger->failed++;
		return;
	}
	for (int i = 0; i < 2; i++)
		ledger->acknowledged[entries[i].item] = entries[i].at_wall_ms;
	ledger->n_acknowledged++;
}

static void
store_one(struct house *h)
{
	char id[KEEPER_ID_LEN + 1];
	struct keeper_plan_meta meta = house_meta(id);
	struct keeper_draft *draft = NULL;
	struct err err;
	int r;

	rand_uuid(id);
	r = keeper_plan_begin(h->keeper, &meta, &draft, &err);
	for (int i = 0; r == 0 && i < PLAN_ITEMS; i++)
		r = keeper_plan_add(draft, SLICE_LIT("{\"sku\":1}"), &err);
	if (r == 0)
		r = keeper_plan_store(draft, &err);
	if (r == 0 && ledger->n_plans < PLANS_MAX) {
		memcpy(ledger->plans[ledger->n_plans], id, KEEPER_ID_LEN + 1);
		ledger->n_plans++;
	} else {
		ledger->failed++;
	}
	keeper_plan_drop(&draft);
}

static void
work(struct house *h)
{
	struct keeper_claim *claim = claim_until_ours(h);

	for (unsigned i = 0;; i++) {
		journal_some(claim);
		if (i % 4 == 3)
			store_one(h);
	}
}

static pid_t
start_worker(struct house *h)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid > 0)
		return pid;
	house_connect(h);
	house_run(h, work);
	_exit(0);
}

static void
kill_worker(pid_t pid)
{
	int status;

	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status)); /* it did not end by itself, over something that cannot be */
}

static void
await_progress(uint64_t since)
{
	uint64_t deadline = clock_mono_ms() + 30000;

	while (ledger->n_acknowledged == since && clock_mono_ms() < deadline)
		usleep(200);
	assert_true(ledger->n_acknowledged > since);
}

/* Every acknowledged entry is there, with a value between what was acknowledged and what was tried. */
static void
audit(struct house *h)
{
	struct room room = {.live = {false}};
	char sql[160];

	snprintf(room.path, sizeof(room.path), "%s", h->db);
	room_open(&room);
	assert_int_equal(room_count(&room, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'"),
			 0);
	for (unsigned i = 0; i < ITEMS; i++) {
		uint64_t found;

		snprintf(sql, sizeof(sql),
			 "SELECT coalesce(max(at_ms), 0) FROM journal WHERE item = %u AND detail = at_ms", i);
		found = (uint64_t)room_count(&room, sql);
		assert_true(found >= ledger->acknowledged[i]);
		assert_true(found <= ledger->tried[i]);
		snprintf(sql, sizeof(sql), "SELECT count(*) FROM journal WHERE item = %u", i);
		assert_true(room_count(&room, sql) <= 1);
	}
	for (uint64_t i = 0; i < ledger->n_plans; i++) {
		snprintf(
		    sql, sizeof(sql),
		    "SELECT count(*) FROM item JOIN plan ON plan = no WHERE id = '%s' AND state = 1 AND n_items = 3",
		    ledger->plans[i]);
		assert_int_equal(room_count(&room, sql), PLAN_ITEMS);
	}
	assert_int_equal(room_count(&room, "SELECT count(*) FROM item LEFT JOIN plan ON plan = no WHERE no IS NULL"),
			 0);
	database_close(&room.database);
}

static void
prepare(struct house *h)
{
	struct err err;

	assert_int_equal(house_plan(h, PLAN_1, ITEMS, 20, &err), 0);
}

static void
nothing_acknowledged_is_lost(void **state)
{
	static struct house house;
	uint64_t start, took;
	unsigned workers = 0;
	uint32_t random = 12345;
	pid_t worker;

	(void)state;
	ledger = mmap(NULL, sizeof(*ledger), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(ledger != MAP_FAILED);
	house_init(&house);
	house_connect(&house);
	house_run(&house, prepare);
	house_disconnect(&house);

	start = clock_mono_ms();
	worker = start_worker(&house);
	for (unsigned i = 1; i <= KILLS; i++) {
		await_progress(ledger->n_acknowledged);
		random = random * 1103515245 + 12345;
		usleep(random / 65536 % 3000); /* somewhere in a transaction */
		house_kill_keeper(&house);
		if (i % WORKER_EVERY == 0) {
			kill_worker(worker);
			worker = start_worker(&house);
			workers++;
		}
		house_start_keeper(&house, 0);
	}
	await_progress(ledger->n_acknowledged);
	took = clock_mono_ms() - start;
	kill_worker(worker);
	house_kill_keeper(&house);
	audit(&house);
	print_message(
	    "%d keepers and %u workers killed in %u ms: %u journal calls and %u plans acknowledged, %u calls failed\n",
	    KILLS, workers, (unsigned)took, (unsigned)ledger->n_acknowledged, (unsigned)ledger->n_plans,
	    (unsigned)ledger->failed);
	assert_int_equal(ledger->lost_claims, 0);
	house_start_keeper(&house, 0);
	house_fini(&house);
	munmap(ledger, sizeof(*ledger));
}

/* The worker's death frees its plan at once, its draft vanishes, its key is interrupted. */

static int hold_pipe[2];

static void
hold(struct house *h)
{
	static const uint8_t digest[KEEPER_DIGEST_LEN] = {7};
	struct keeper_plan_meta meta = house_meta(PLAN_2);
	struct keeper_key_answer answer;
	struct keeper_claim *key;
	struct keeper_draft *draft;
	struct err err;

	(void)house_claim(h, PLAN_1, NULL, KEEPER_CLAIMED);
	assert_int_equal(keeper_key_take(h->keeper, &party, "k", digest, NOW, h->pool, &key, &answer, &err), 0);
	assert_int_equal(keeper_plan_begin(h->keeper, &meta, &draft, &err), 0);
	assert_int_equal(write(hold_pipe[1], "x", 1), 1);
	for (;;)
		pause();
}

static void
inherit(struct house *h)
{
	static const uint8_t digest[KEEPER_DIGEST_LEN] = {7};
	struct keeper_key_answer answer;
	struct keeper_claim *claim, *key;
	struct err err;

	claim = house_claim(h, PLAN_1, NULL, KEEPER_RESUMED);
	assert_int_equal(keeper_key_take(h->keeper, &party, "k", digest, NOW, h->pool, &key, &answer, &err), 0);
	assert_int_equal(answer.kind, KEEPER_KEY_INTERRUPTED);
	assert_non_null(key);
	assert_int_equal(house_plan(h, PLAN_2, 1, 20, &err), 0);
	keeper_claim_free(&key);
	keeper_claim_free(&claim);
}

static void
what_a_dead_worker_held_is_free(void **state)
{
	static struct house house;
	char byte;
	pid_t worker;

	(void)state;
	house_init(&house);
	house_connect(&house);
	house_run(&house, prepare);
	house_disconnect(&house);
	assert_int_equal(pipe(hold_pipe), 0);
	worker = fork();
	assert_true(worker >= 0);
	if (worker == 0) {
		house_connect(&house);
		house_run(&house, hold);
		_exit(1);
	}
	assert_int_equal(read(hold_pipe[0], &byte, 1), 1);
	kill_worker(worker);
	house_connect(&house);
	house_run(&house, inherit);
	house_disconnect(&house);
	house_fini(&house);
	close(hold_pipe[0]);
	close(hold_pipe[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nothing_acknowledged_is_lost),
	    cmocka_unit_test(what_a_dead_worker_held_is_free),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
