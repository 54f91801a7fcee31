/*
 * test_client.c - plans, claims, journal and keys through a real keeper
 */
#include "house.h"

static struct house house;

static int
setup(void **state)
{
	house_init(&house);
	house_connect(&house);
	*state = &house;
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	house_disconnect(&house);
	house_fini(&house);
	return 0;
}

struct seen {
	unsigned n;
	size_t bytes;
	unsigned n_steps;
	unsigned by_status[KEEPER_STATUS_COUNT];
	enum keeper_status last;
	char detail[64];
};

static int
see(void *ctx, const struct keeper_item *item)
{
	struct seen *seen = ctx;
	char expected[32];

	snprintf(expected, sizeof(expected), "{\"n\":%09u}", item->index);
	assert_memory_equal(item->json.ptr, expected, 15);
	seen->n++;
	seen->bytes += item->json.len;
	seen->n_steps += (unsigned)item->n_steps;
	for (size_t i = 0; i < item->n_steps; i++) {
		seen->last = item->steps[i].status;
		seen->by_status[seen->last]++;
		snprintf(seen->detail, sizeof(seen->detail), "%.*s", SLICE_FMT(item->steps[i].detail));
	}
	return 0;
}

static void
whole_life(struct house *h)
{
	const struct keeper_entry entries[] = {
	    {.item = 0, .status = KEEPER_SENT, .at_wall_ms = NOW},
	    {.item = 0, .step = 1, .status = KEEPER_PENDING},
	    {.item = 2, .status = KEEPER_CONFLICT, .at_wall_ms = NOW + 5, .detail = SLICE_LIT("{\"why\":1}")},
	};
	struct keeper_verdict verdict;
	struct keeper_claim *claim;
	struct keeper_plan plan;
	struct seen seen = {0};
	struct err err;

	assert_int_equal(house_plan(h, PLAN_1, 3, 20, &err), 0);
	assert_int_equal(keeper_plan_read(h->keeper, PLAN_1, &party, NOW, h->pool, &plan, &err), 0);
	assert_int_equal(plan.state, KEEPER_PLAN_PREPARED);
	claim = house_claim(h, PLAN_1, "key", KEEPER_CLAIMED);
	assert_null(house_claim(h, PLAN_1, "key", KEEPER_BUSY));
	assert_int_equal(keeper_journal(claim, entries, 3, &err), 0);
	assert_int_equal(keeper_plan_items(h->keeper, PLAN_1, 0, 100, see, &seen, &err), 3);
	assert_int_equal(seen.n_steps, 3);
	assert_int_equal(seen.last, KEEPER_CONFLICT);
	assert_string_equal(seen.detail, "{\"why\":1}");
	assert_int_equal(seen.by_status[KEEPER_SENT], 1);
	assert_int_equal(seen.by_status[KEEPER_PENDING], 1);
	assert_int_equal(seen.by_status[KEEPER_CONFLICT], 1);
	assert_int_equal(keeper_plan_read(h->keeper, PLAN_1, &party, NOW, h->pool, &plan, &err), 0);
	assert_int_equal(plan.state, KEEPER_PLAN_RUNNING);

	keeper_claim_free(&claim);
	claim = house_claim(h, PLAN_1, "key", KEEPER_RESUMED);
	assert_int_equal(keeper_plan_finish(claim, KEEPER_COMPLETED_WITH_ERRORS, SLICE_LIT("{\"r\":1}"), NOW + 9, &err),
			 0);
	keeper_claim_free(&claim);
	assert_int_equal(keeper_plan_claim(h->keeper, PLAN_1, &party, "key", NOW, h->pool, &claim, &verdict, &err), 0);
	assert_null(claim);
	assert_int_equal(verdict.kind, KEEPER_DONE);
	assert_true(verdict.same_key);
	assert_int_equal(verdict.outcome, KEEPER_COMPLETED_WITH_ERRORS);
	assert_true(verdict.finished_wall_ms == NOW + 9);
	assert_string_equal(verdict.result.ptr, "{\"r\":1}");
}

static void
a_plan_lives(void **state)
{
	house_run(*state, whole_life);
}

static void
large(struct house *h)
{
	struct seen seen = {0};
	struct err err;
	uint64_t start = clock_mono_ms();
	uint64_t stored, read;

	assert_int_equal(house_plan(h, PLAN_1, 2000, 1024, &err), 0);
	stored = clock_mono_ms() - start;
	start = clock_mono_ms();
	assert_int_equal(keeper_plan_items(h->keeper, PLAN_1, 0, UINT32_MAX, see, &seen, &err), 2000);
	read = clock_mono_ms() - start;
	assert_int_equal(seen.bytes, 2000 * 1024);
	print_message("2,000 items of 1 KiB: stored in %u ms, read in %u ms\n", (unsigned)stored, (unsigned)read);
	seen = (struct seen){0};
	assert_int_equal(keeper_plan_items(h->keeper, PLAN_1, 1990, 5, see, &seen, &err), 5);
	assert_int_equal(keeper_plan_items(h->keeper, PLAN_1, 2000, 5, see, &seen, &err), 0);
	assert_int_equal(keeper_plan_items(h->keeper, PLAN_2, 0, 5, see, &seen, &err), ERR_NOT_FOUND);
}

static void
a_large_plan_is_stored_within_a_second(void **state)
{
	house_run(*state, large);
}

static void
limits(struct house *h)
{
	struct keeper_plan_meta meta = house_meta(PLAN_2);
	struct seen seen = {0};
	struct keeper_draft *draft = NULL;
	struct err err;
	char *big = calloc(1, KEEPER_TEXT_BYTES_MAX + 1);
	int r = 0;

	assert_non_null(big);
	memset(big, 'y', KEEPER_TEXT_BYTES_MAX + 1);
	memcpy(big, "{\"n\":000000000}", 15);
	assert_int_equal(keeper_plan_begin(h->keeper, &meta, &draft, &err), 0);
	assert_int_equal(keeper_plan_add(draft, slice_of(big, KEEPER_TEXT_BYTES_MAX), &err), 0);
	assert_int_equal(keeper_plan_store(draft, &err), 0);
	keeper_plan_drop(&draft);
	assert_int_equal(keeper_plan_items(h->keeper, PLAN_2, 0, 1, see, &seen, &err), 1);
	assert_int_equal(seen.bytes, KEEPER_TEXT_BYTES_MAX);

	meta.id = "another id";
	assert_int_equal(keeper_plan_begin(h->keeper, &meta, &draft, &err), 0);
	assert_int_equal(keeper_plan_add(draft, slice_of(big, KEEPER_TEXT_BYTES_MAX + 1), &err), ERR_LIMIT);
	assert_int_equal(keeper_plan_store(draft, &err), ERR_LIMIT);
	keeper_plan_drop(&draft);

	assert_int_equal(keeper_plan_begin(h->keeper, &meta, &draft, &err), 0);
	for (unsigned i = 0; r == 0 && i <= KEEPER_ITEMS_MAX; i++)
		r = keeper_plan_add(draft, SLICE_LIT("{}"), &err);
	assert_int_equal(r, ERR_LIMIT);
	assert_non_null(strstr(err.text, "10000"));
	keeper_plan_drop(&draft);
	free(big);
}

static void
bounds_are_told(void **state)
{
	house_run(*state, limits);
}

static void
foreign(struct house *h)
{
	const struct keeper_party other = {"catalog.bulk_update", "bob", "https://shop.example"};
	const struct keeper_party any = {NULL, "alice", NULL};
	struct keeper_plan plans[4];
	struct keeper_plan plan;
	struct err err;

	assert_int_equal(house_plan(h, PLAN_1, 1, 20, &err), 0);
	assert_int_equal(house_plan(h, PLAN_2, 2, 20, &err), 0);
	assert_int_equal(house_plan(h, PLAN_2, 2, 20, &err), ERR_EXISTS);
	assert_int_equal(keeper_plan_read(h->keeper, PLAN_1, &other, NOW, h->pool, &plan, &err), ERR_NOT_FOUND);
	assert_int_equal(keeper_plan_list(h->keeper, &other, NOW, h->pool, plans, 4, &err), 0);
	assert_int_equal(keeper_plan_list(h->keeper, &any, NOW, h->pool, plans, 4, &err), 2);
	assert_string_equal(plans[0].meta.id, PLAN_2);
	assert_string_equal(plans[0].meta.party.tool, party.tool);
	assert_string_equal(plans[0].meta.summary.ptr, "{\"affected\":1}");
	assert_int_equal(plans[0].meta.n_items, 2);
	assert_int_equal(plans[1].state, KEEPER_PLAN_PREPARED);
	assert_int_equal(keeper_plan_list(h->keeper, &any, NOW + HOUR, h->pool, plans, 1, &err), 1);
	assert_int_equal(plans[0].state, KEEPER_PLAN_EXPIRED);
}

static void
plans_are_listed_for_their_owner(void **state)
{
	house_run(*state, foreign);
}

static void
keys(struct house *h)
{
	static const uint8_t digest[KEEPER_DIGEST_LEN] = {1};
	struct keeper_key_answer answer;
	struct keeper_claim *claim, *none;
	struct err err;

	assert_int_equal(keeper_key_take(h->keeper, &party, "k", digest, NOW, h->pool, &claim, &answer, &err), 0);
	assert_int_equal(answer.kind, KEEPER_KEY_NEW);
	assert_non_null(claim);
	assert_int_equal(keeper_key_take(h->keeper, &party, "k", digest, NOW, h->pool, &none, &answer, &err), 0);
	assert_int_equal(answer.kind, KEEPER_KEY_RUNNING);
	assert_null(none);
	keeper_claim_free(&claim);
	assert_int_equal(keeper_key_take(h->keeper, &party, "k", digest, NOW, h->pool, &claim, &answer, &err), 0);
	assert_int_equal(answer.kind, KEEPER_KEY_INTERRUPTED);
	assert_non_null(claim);
	assert_int_equal(keeper_key_finish(claim, SLICE_LIT("{\"x\":1}"), NOW + 3, &err), 0);
	keeper_claim_free(&claim);
	assert_int_equal(keeper_key_take(h->keeper, &party, "k", digest, NOW, h->pool, &claim, &answer, &err), 0);
	assert_int_equal(answer.kind, KEEPER_KEY_DONE);
	assert_string_equal(answer.result.ptr, "{\"x\":1}");
	assert_null(claim);
	assert_int_equal(keeper_key_take(h->keeper, &party, "", digest, NOW, h->pool, &claim, &answer, &err),
			 ERR_INVALID);
}

static void
keys_of_one_step_tools(void **state)
{
	house_run(*state, keys);
}

/* ---- Two workers claim at once ---- */

#define CLAIMANTS 8

static struct {
	struct keeper_claim *claims[CLAIMANTS];
	enum keeper_claim_verdict verdicts[CLAIMANTS];
	struct keeper *keepers[2];
	unsigned next;
	unsigned left;
} contest;

static void
claimant(void *arg)
{
	struct house *h = arg;
	unsigned me = contest.next++;
	struct keeper_verdict verdict;
	struct err err;

	assert_int_equal(keeper_plan_claim(contest.keepers[me % 2], PLAN_1, &party, NULL, NOW, h->pool,
					   &contest.claims[me], &verdict, &err),
			 0);
	contest.verdicts[me] = verdict.kind;
	contest.left--;
	event_base_loopbreak(h->base);
}

static void
free_claims(struct house *h)
{
	(void)h;
	for (unsigned i = 0; i < CLAIMANTS; i++)
		keeper_claim_free(&contest.claims[i]);
}

static void
prepare_plan(struct house *h)
{
	struct err err;

	assert_int_equal(house_plan(h, PLAN_1, 1, 20, &err), 0);
}

static void
of_many_claims_one_succeeds(void **state)
{
	const struct keeper_options options = {.socket_path = house.socket};
	unsigned claimed = 0, busy = 0;
	struct err err;

	(void)state;
	memset(&contest, 0, sizeof(contest));
	house_run(&house, prepare_plan);
	contest.keepers[0] = house.keeper;
	contest.keepers[1] = keeper_new(house.base, &options, &err);
	contest.left = CLAIMANTS;
	for (unsigned i = 0; i < CLAIMANTS; i++)
		assert_int_equal(fiber_start(house.fibers, claimant, &house, NULL), 0);
	while (contest.left > 0)
		event_base_dispatch(house.base);
	for (unsigned i = 0; i < CLAIMANTS; i++) {
		claimed += contest.verdicts[i] == KEEPER_CLAIMED;
		busy += contest.verdicts[i] == KEEPER_BUSY;
	}
	assert_int_equal(claimed, 1);
	assert_int_equal(busy, CLAIMANTS - 1);
	house_run(&house, free_claims);
	keeper_free(&contest.keepers[1]);
}

/* ---- Broken connections ---- */

static void
journal_over_a_restart(struct house *h)
{
	const struct keeper_entry entry = {.item = 0, .status = KEEPER_UPDATED, .at_wall_ms = NOW};
	struct keeper_claim *claim;
	struct err err;

	assert_int_equal(house_plan(h, PLAN_1, 1, 20, &err), 0);
	claim = house_claim(h, PLAN_1, NULL, KEEPER_CLAIMED);
	house_kill_keeper(h);
	house_start_keeper(h, 0);
	assert_int_equal(keeper_journal(claim, &entry, 1, &err), 0);
	assert_null(house_claim(h, PLAN_1, NULL, KEEPER_BUSY)); /* taken up again */
	assert_int_equal(keeper_plan_finish(claim, KEEPER_COMPLETED, SLICE_LIT("{}"), NOW, &err), 0);
	keeper_claim_free(&claim);
}

static void
a_restart_of_the_keeper_is_not_noticed(void **state)
{
	house_run(*state, journal_over_a_restart);
}

static void
takeover(struct house *h)
{
	const struct keeper_options options = {.socket_path = h->socket};
	const struct keeper_entry entry = {.item = 0, .status = KEEPER_SENT};
	struct keeper *first = h->keeper;
	struct keeper *second;
	struct keeper_claim *claim, *old;
	struct err err;

	assert_int_equal(house_plan(h, PLAN_1, 1, 20, &err), 0);
	old = house_claim(h, PLAN_1, NULL, KEEPER_CLAIMED);
	keeper_claim_free(&old);
	second = h->keeper = keeper_new(h->base, &options, &err);
	claim = house_claim(h, PLAN_1, NULL, KEEPER_RESUMED);
	assert_int_equal(keeper_journal(claim, &entry, 1, &err), 0);
	h->keeper = first;
	assert_null(house_claim(h, PLAN_1, NULL, KEEPER_BUSY));
	keeper_claim_free(&claim);
	contest.keepers[1] = second;
}

static void
other_workers_take_over(void **state)
{
	house_run(*state, takeover);
	keeper_free(&contest.keepers[1]);
}

static int
stop_after_one(void *ctx, const struct keeper_item *item)
{
	(void)item;
	*(int *)ctx += 1;
	return ERR_CANCELLED;
}

static void
stopping(struct house *h)
{
	struct err err;
	int n = 0;

	assert_int_equal(house_plan(h, PLAN_1, 5, 20, &err), 0);
	assert_int_equal(keeper_plan_items(h->keeper, PLAN_1, 0, 5, stop_after_one, &n, &err), ERR_CANCELLED);
	assert_int_equal(n, 1);
}

static void
items_stop_when_told(void **state)
{
	house_run(*state, stopping);
}

/* ---- Nobody there ---- */

static struct {
	int code;
	bool done;
} alone;

static void
ask_nobody(void *arg)
{
	struct house *h = arg;
	struct seen seen = {0};
	struct err err;

	alone.code = keeper_plan_items(h->keeper, PLAN_1, 0, 1, see, &seen, &err);
	alone.done = true;
	event_base_loopbreak(h->base);
}

static void
without_a_socket_a_call_fails_in_time(void **state)
{
	const struct keeper_options options = {.socket_path = "/nonexistent/keeper.sock", .wait_ms = 50};
	struct house h = house;
	struct err err;
	uint64_t start = clock_mono_ms();

	(void)state;
	alone.done = false;
	h.keeper = keeper_new(h.base, &options, &err);
	assert_int_equal(fiber_start(h.fibers, ask_nobody, &h, NULL), 0);
	while (!alone.done)
		event_base_dispatch(h.base);
	assert_int_equal(alone.code, ERR_AGAIN);
	assert_true(clock_mono_ms() - start >= 45); /* the loop counts from its own, cached idea of now */
	keeper_free(&h.keeper);
}

static void
a_stopped_keeper_is_a_timeout(void **state)
{
	const struct keeper_options options = {.socket_path = house.socket, .wait_ms = 50};
	struct house h = house;
	struct err err;

	(void)state;
	alone.done = false;
	kill(house.keeper_pid, SIGSTOP);
	h.keeper = keeper_new(h.base, &options, &err);
	assert_int_equal(fiber_start(h.fibers, ask_nobody, &h, NULL), 0);
	while (!alone.done)
		event_base_dispatch(h.base);
	assert_int_equal(alone.code, ERR_TIMEOUT);
	kill(house.keeper_pid, SIGCONT);
	keeper_free(&h.keeper);
}

static void
freeing_ends_calls(void **state)
{
	const struct keeper_options options = {.socket_path = "/nonexistent/keeper.sock"};
	struct house h = house;
	struct err err;

	(void)state;
	alone.done = false;
	h.keeper = keeper_new(h.base, &options, &err);
	assert_int_equal(fiber_start(h.fibers, ask_nobody, &h, NULL), 0);
	assert_false(alone.done);
	keeper_free(&h.keeper);
	assert_true(alone.done);
	assert_int_equal(alone.code, ERR_AGAIN);
	event_base_loop(h.base, EVLOOP_NONBLOCK);
}

static void
reading_is_cancelled(void **state)
{
	const struct keeper_options options = {.socket_path = "/nonexistent/keeper.sock"};
	struct fiber *fiber;
	struct house h = house;
	struct err err;

	(void)state;
	alone.done = false;
	h.keeper = keeper_new(h.base, &options, &err);
	assert_int_equal(fiber_start(h.fibers, ask_nobody, &h, &fiber), 0);
	fiber_cancel(fiber);
	assert_true(alone.done);
	assert_int_equal(alone.code, ERR_CANCELLED);
	keeper_free(&h.keeper);
}

int
main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(a_plan_lives),
	    TEST(a_large_plan_is_stored_within_a_second),
	    TEST(bounds_are_told),
	    TEST(plans_are_listed_for_their_owner),
	    TEST(keys_of_one_step_tools),
	    TEST(of_many_claims_one_succeeds),
	    TEST(a_restart_of_the_keeper_is_not_noticed),
	    TEST(other_workers_take_over),
	    TEST(items_stop_when_told),
	    TEST(without_a_socket_a_call_fails_in_time),
	    TEST(a_stopped_keeper_is_a_timeout),
	    TEST(freeing_ends_calls),
	    TEST(reading_is_cancelled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
