/*
 * test_holders.c - what a worker hands out of its leases: exact over all workers, mostly without the table
 */
#include "holders.h"

#include "../session/stage.h"

#define WORKERS 4

struct floor {
	struct stage st;
	struct holders *workers[WORKERS];
	bool is_dead[WORKERS];
};

static bool
is_alive(void *ctx, uint32_t slot, uint32_t pid)
{
	const struct floor *floor = ctx;

	(void)pid;
	return !floor->is_dead[slot];
}

static struct holders *
open_worker(struct floor *floor, uint32_t slot, size_t crowd_max)
{
	const struct holders_options options = {
	    .sessions = &floor->st.s,
	    .self = {.slot = slot, .pid = 100 + slot, .is_alive = is_alive, .ctx = floor},
	    .crowd_max = crowd_max,
	};
	struct holders *holders = holders_new(&options);

	assert_non_null(holders);
	return holders;
}

static void
floor_open(struct floor *floor)
{
	memset(floor, 0, sizeof(*floor));
	stage_init(&floor->st, 1024, NULL);
	for (uint32_t slot = 0; slot < WORKERS; slot++)
		floor->workers[slot] = open_worker(floor, slot, 100);
}

static void
floor_close(struct floor *floor)
{
	for (int slot = 0; slot < WORKERS; slot++)
		holders_free(&floor->workers[slot]);
	stage_fini(&floor->st);
}

static struct holder *
find(struct holders *holders, const char *name, const struct share_rule *rule, uint64_t ms)
{
	struct holder *holder = NULL;

	assert_int_equal(holders_find(holders, HOLDER_CALLER, name, rule, at(ms).mono_ms, &holder), 0);
	assert_non_null(holder);
	return holder;
}

static uint64_t
updates(const struct floor *floor)
{
	struct table_stats stats;

	table_stats(floor->st.tab, &stats);
	return stats.updates + stats.inserts;
}

static size_t
ask_all(struct floor *floor, const struct share_rule *rule, size_t times, uint64_t ms)
{
	size_t n = 0;

	for (size_t i = 0; i < times; i++) {
		struct holders *holders = floor->workers[i % WORKERS];

		n += holders_request(holders, find(holders, "alice", rule, ms), at(ms).mono_ms) == 0;
	}
	return n;
}

static void
requests_over_all_workers(void **state)
{
	static const struct share_rule rules[] = {
	    {.per_second = 1, .burst = 1}, {.per_second = 10, .burst = 50}, {.per_second = 1000, .burst = 3000}};
	struct floor floor;

	(void)state;
	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++) {
		size_t n;

		floor_open(&floor);
		n = ask_all(&floor, &rules[i], 10000, 0);
		assert_int_equal(n, rules[i].burst);
		n = ask_all(&floor, &rules[i], 10000, 2000);
		assert_true(n >= 1 && n <= 2 * rules[i].per_second);
		floor_close(&floor);
	}
}

/* A large limit is handed out without the table; a refused one asks no more before there can be something. */
static void
few_of_them_touch_the_table(void **state)
{
	const struct share_rule rule = {.per_second = 1000, .burst = 5000};
	struct floor floor;

	(void)state;
	floor_open(&floor);
	assert_int_equal(ask_all(&floor, &rule, 4000, 0), 4000);
	assert_true(updates(&floor) <= 4000 / 60 + WORKERS);
	assert_int_equal(ask_all(&floor, &rule, 100000, 0), 1000);
	assert_true(updates(&floor) <= 5000 / 60 + 10 * WORKERS);
	floor_close(&floor);
}

/* What a worker has left over is another one's a moment later. */
static void
what_is_not_used_goes_back(void **state)
{
	const struct share_rule rule = {.per_second = 16, .burst = 128};
	struct floor floor;
	size_t n = 0;

	(void)state;
	floor_open(&floor);
	assert_int_equal(holders_request(floor.workers[0], find(floor.workers[0], "alice", &rule, 0), at(0).mono_ms),
			 0);
	holders_tick(floor.workers[0], at(1000).mono_ms);
	for (int i = 0; i < 1000; i++)
		n += holders_request(floor.workers[1], find(floor.workers[1], "alice", &rule, 1000),
				     at(1000).mono_ms) == 0;
	assert_int_equal(n, 128);
	floor_close(&floor);
}

static size_t
take_all(struct floor *floor, const struct share_rule *rule, size_t times)
{
	size_t n = 0;

	for (size_t i = 0; i < times; i++) {
		struct holders *holders = floor->workers[i % WORKERS];

		if (!floor->is_dead[i % WORKERS])
			n += holders_take(holders, find(holders, "alice", rule, 0), SHARE_CALLS, 1, at(0).mono_ms);
	}
	return n;
}

static void
calls_over_all_workers(void **state)
{
	const struct share_rule rule = {.limit = {[SHARE_CALLS] = 9}};
	struct floor floor;

	(void)state;
	floor_open(&floor);
	assert_int_equal(take_all(&floor, &rule, 100), 9);
	assert_true(
	    holders_take(floor.workers[0], find(floor.workers[0], "bob", &rule, 0), SHARE_CALLS, 9, at(0).mono_ms));
	holders_give(floor.workers[0], find(floor.workers[0], "alice", &rule, 0), SHARE_CALLS, 1, at(0).mono_ms);
	assert_int_equal(take_all(&floor, &rule, 100), 1);
	floor_close(&floor);
}

/* Killed: nothing is given back by him, and all of it is there for the others. */
static void
calls_of_the_dead(void **state)
{
	const struct share_rule rule = {.limit = {[SHARE_CALLS] = 640}};
	struct floor floor;

	(void)state;
	floor_open(&floor);
	assert_int_equal(take_all(&floor, &rule, 400), 400);
	floor.is_dead[1] = true;
	assert_int_equal(take_all(&floor, &rule, 10000), 640 - 300);
	holders_free(&floor.workers[1]);
	floor.workers[1] = open_worker(&floor, 1, 100); /* the next one in this slot */
	floor.is_dead[1] = false;
	assert_int_equal(take_all(&floor, &rule, 1000), 0);
	floor_close(&floor);
}

/* A large limit: calls come and go, and the table hears of it now and then. */
static void
coming_and_going(void **state)
{
	const struct share_rule rule = {.limit = {[SHARE_CALLS] = 1024}};
	struct floor floor;
	struct holder *alice;

	(void)state;
	floor_open(&floor);
	alice = find(floor.workers[0], "alice", &rule, 0);
	for (int i = 0; i < 1000; i++) {
		assert_true(holders_take(floor.workers[0], alice, SHARE_CALLS, 1, at(0).mono_ms));
		holders_give(floor.workers[0], alice, SHARE_CALLS, 1, at(0).mono_ms);
	}
	assert_true(updates(&floor) <= 2);
	floor_close(&floor);
}

static bool
knows(struct holders *worker, const char *name, uint64_t after_ms)
{
	struct holder *holder;

	return holders_find(worker, HOLDER_CALLER, name, NULL, at(after_ms).mono_ms, &holder) == 0;
}

static void
whoever_has_nothing_is_forgotten(void **state)
{
	const struct share_rule rule = {.per_second = 5, .burst = 5, .limit = {[SHARE_CALLS] = 9}};
	struct floor floor;
	struct holder *alice;

	(void)state;
	floor_open(&floor);
	alice = find(floor.workers[0], "alice", &rule, 0);
	assert_true(holders_take(floor.workers[0], alice, SHARE_CALLS, 2, at(0).mono_ms));
	assert_int_equal(holders_request(floor.workers[0], find(floor.workers[0], "bob", &rule, 0), at(0).mono_ms), 0);
	for (uint64_t ms = 0; ms <= 10 * MINUTE; ms += 1000)
		holders_tick(floor.workers[0], at(ms).mono_ms);
	assert_true(knows(floor.workers[0], "alice", 10 * MINUTE)); /* her calls run on */
	assert_false(knows(floor.workers[0], "bob", 10 * MINUTE));
	assert_false(holders_take(floor.workers[1], find(floor.workers[1], "alice", &rule, 10 * MINUTE), SHARE_CALLS, 8,
				  at(10 * MINUTE).mono_ms));
	holders_give(floor.workers[0], alice, SHARE_CALLS, 2, at(10 * MINUTE).mono_ms);
	for (uint64_t ms = 10 * MINUTE; ms <= 12 * MINUTE; ms += 1000)
		holders_tick(floor.workers[0], at(ms).mono_ms);
	assert_false(knows(floor.workers[0], "alice", 12 * MINUTE));
	floor_close(&floor);
}

/* A flood of addresses: the table is spared, each worker counts for itself. */
static void
a_crowd_of_addresses(void **state)
{
	const struct share_rule rule = {.per_second = 1, .burst = 2};
	struct floor floor;
	struct holder *holder;
	char name[32];
	int n = 0;

	(void)state;
	floor_open(&floor);
	for (int i = 0; i < 2000; i++) {
		snprintf(name, sizeof(name), "10.0.%d.%d", i / 256, i % 256);
		if (i % 50 == 0)
			holders_tick(floor.workers[0], at(0).mono_ms);
		assert_int_equal(holders_find(floor.workers[0], HOLDER_ADDRESS, name, &rule, at(0).mono_ms, &holder),
				 0);
		assert_int_equal(holders_request(floor.workers[0], holder, at(0).mono_ms), 0);
	}
	assert_true(holders_is_crowded(floor.workers[0]));
	assert_true(share_count(&floor.st.s, 1000) <= 150);
	for (int i = 0; i < 5; i++)
		n += holders_request(floor.workers[0], holder, at(0).mono_ms) == 0;
	assert_int_equal(n, 1); /* of the two, one was taken above */
	floor_close(&floor);
}

static void
alone(void **state)
{
	const struct holders_options options = {.sessions = NULL};
	const struct share_rule rule = {.per_second = 10, .burst = 20, .limit = {[SHARE_STREAMS] = 3}};
	struct holders *holders = holders_new(&options);
	struct holder *alice;
	int n = 0;

	(void)state;
	assert_non_null(holders);
	alice = find(holders, "alice", &rule, 0);
	for (int i = 0; i < 100; i++)
		n += holders_request(holders, alice, at(0).mono_ms) == 0;
	assert_int_equal(n, 20);
	for (n = 0; holders_take(holders, alice, SHARE_STREAMS, 1, at(0).mono_ms); n++)
		;
	assert_int_equal(n, 3);
	holders_tick(holders, at(5000).mono_ms);
	holders_free(&holders);
	holders_free(&holders);
}

static void
a_word_now_and_then(void **state)
{
	const struct share_rule rule = {.per_second = 1, .burst = 1};
	struct floor floor;
	struct holder *alice;
	const struct holder_pace once = {1, 1000};
	uint32_t missed = 9;

	(void)state;
	floor_open(&floor);
	alice = find(floor.workers[0], "alice", &rule, 0);
	assert_true(holder_may_tell(alice, HOLDER_LIMITED, &once, at(0).mono_ms, &missed));
	assert_int_equal(missed, 0);
	assert_false(holder_may_tell(alice, HOLDER_LIMITED, &once, at(1).mono_ms, &missed));
	assert_false(holder_may_tell(alice, HOLDER_LIMITED, &once, at(999).mono_ms, &missed));
	assert_true(holder_may_tell(alice, HOLDER_LIMITED, &once, at(1000).mono_ms, &missed));
	assert_int_equal(missed, 2);
	assert_true(holder_may_forgive(alice, 1000, at(0).mono_ms));
	assert_false(holder_may_forgive(alice, 1000, at(999).mono_ms));
	assert_true(holder_may_forgive(alice, 1000, at(1000).mono_ms));
	holder_shut_out(alice, at(500).mono_ms);
	holder_shut_out(alice, at(300).mono_ms);
	assert_int_equal(holder_shut_ms(alice, at(400).mono_ms), 100);
	assert_int_equal(holder_shut_ms(alice, at(500).mono_ms), 0);
	assert_int_equal(holder_shut_ms(NULL, 0), 0);
	floor_close(&floor);
}

static struct {
	char name[32];
	enum holder_news what;
	uint32_t missed;
	int times;
} said;

static void
on_missed(const struct holder *holder, enum holder_news what, uint32_t missed)
{
	snprintf(said.name, sizeof(said.name), "%s", holder_name(holder));
	said.what = what;
	said.missed = missed;
	said.times++;
}

/* Lines in a time are counted for each kind of news; what was too many is told once, when the time is over. */
static void
what_was_not_told(void **state)
{
	const struct holders_options options = {.sessions = NULL, .on_missed = on_missed};
	const struct share_rule rule = {.per_second = 0};
	const struct holder_pace pace = {3, 1000}, once = {1, 1000};
	struct holders *holders = holders_new(&options);
	struct holder *alice, *others;
	uint32_t missed = 9;

	(void)state;
	assert_non_null(holders);
	others = holders_others(holders);
	alice = find(holders, "alice", &rule, 0);
	for (uint64_t ms = 0; ms < 10; ms++)
		assert_int_equal(holder_may_tell(alice, HOLDER_REFUSED, &pace, at(ms).mono_ms, &missed), ms < 3);
	assert_true(holder_may_tell(alice, HOLDER_LIMITED, &once, at(11).mono_ms, &missed));
	assert_true(holder_may_tell(others, HOLDER_REFUSED, &pace, at(12).mono_ms, &missed));
	holders_tick(holders, at(999).mono_ms);
	assert_int_equal(said.times, 0);
	holders_tick(holders, at(1000).mono_ms);
	holders_tick(holders, at(1001).mono_ms);
	assert_int_equal(said.times, 1);
	assert_string_equal(said.name, "alice");
	assert_int_equal(said.what, HOLDER_REFUSED);
	assert_int_equal(said.missed, 7);
	for (uint64_t ms = 1020; ms < 1030; ms++)
		assert_int_equal(holder_may_tell(others, HOLDER_REFUSED, &pace, at(ms).mono_ms, &missed), ms < 1023);
	holders_tell_missed(holders, UINT64_MAX); /* at the end */
	assert_int_equal(said.times, 2);
	assert_string_equal(said.name, holder_name(others));
	assert_int_equal(said.missed, 7);
	holders_free(&holders);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(requests_over_all_workers),
	    cmocka_unit_test(few_of_them_touch_the_table),
	    cmocka_unit_test(what_is_not_used_goes_back),
	    cmocka_unit_test(calls_over_all_workers),
	    cmocka_unit_test(calls_of_the_dead),
	    cmocka_unit_test(coming_and_going),
	    cmocka_unit_test(whoever_has_nothing_is_forgotten),
	    cmocka_unit_test(a_crowd_of_addresses),
	    cmocka_unit_test(alone),
	    cmocka_unit_test(a_word_now_and_then),
	    cmocka_unit_test(what_was_not_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
