/*
 * test_quota.c - windows, the guard of admin accounts, one-time values
 */
#include "stage.h"

#include <pthread.h>
#include <stdatomic.h>

#include "session/quota.h"

static void
test_window(void **state)
{
	uint64_t retry = 99;
	struct stage st;

	(void)state;
	stage_init(&st, 64, NULL);
	for (int i = 0; i < 3; i++)
		assert_int_equal(quota_take(&st.s, SLICE_LIT("a"), 3, 1000, 500 + (uint64_t)i * 100, &retry), 0);
	assert_int_equal(quota_take(&st.s, SLICE_LIT("a"), 3, 1000, 900, &retry), ERR_LIMIT);
	assert_int_equal(retry, 600);
	assert_int_equal(quota_take(&st.s, SLICE_LIT("b"), 3, 1000, 900, NULL), 0);
	assert_int_equal(quota_take(&st.s, SLICE_LIT("a"), 3, 1000, 1499, &retry), ERR_LIMIT);
	assert_int_equal(retry, 1);
	assert_int_equal(quota_take(&st.s, SLICE_LIT("a"), 3, 1000, 1500, NULL), 0);
	assert_int_equal(quota_take(&st.s, SLICE_LIT("c"), 0, 1000, 1500, &retry), ERR_LIMIT);
	assert_int_equal(retry, 1000);
	assert_int_equal(table_count(st.tab, TABLE_QUOTA), 2);
	stage_fini(&st);
}

struct crowd {
	struct stage st;
	atomic_int taken;
	atomic_int spent;
};

static void *
taker(void *arg)
{
	struct crowd *crowd = arg;
	struct stage worker;

	stage_join(&crowd->st, &worker);
	for (int i = 0; i < 2000; i++) {
		char nonce[16];

		snprintf(nonce, sizeof(nonce), "nonce %d", i % 20);
		if (quota_take(&worker.s, SLICE_LIT("a"), 1000, 10000, 5, NULL) == 0)
			atomic_fetch_add(&crowd->taken, 1);
		if (nonce_spend(&worker.s, slice_from_str(nonce), 10000, 5) == 0)
			atomic_fetch_add(&crowd->spent, 1);
	}
	stage_leave(&worker);
	return NULL;
}

static void
test_all_workers_share_one_limit(void **state)
{
	static struct crowd crowd;
	pthread_t threads[3];

	(void)state;
	memset(&crowd, 0, sizeof(crowd));
	stage_init(&crowd.st, 64, NULL);
	for (int i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, taker, &crowd), 0);
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(crowd.taken, 1000);
	assert_int_equal(crowd.spent, 20);
	stage_fini(&crowd.st);
}

/* The default: four failures in 30 minutes. */
#define ACCOUNT SLICE_LIT("https://shop.example.com admin")

static void
test_guard_slides(void **state)
{
	uint64_t ticket, retry;
	struct stage st;

	(void)state;
	stage_init(&st, 64, NULL);
	for (uint64_t i = 0; i < 4; i++) {
		assert_int_equal(login_guard_begin(&st.s, ACCOUNT, 1000 + i * MINUTE, &ticket, NULL), 0);
		login_guard_settle(&st.s, ACCOUNT, 1000 + i * MINUTE, ticket, LOGIN_GUARD_REFUSED);
	}
	assert_int_equal(login_guard_begin(&st.s, ACCOUNT, 1000 + 4 * MINUTE, &ticket, &retry), ERR_LIMIT);
	assert_int_equal(retry, 26 * MINUTE);
	assert_int_equal(login_guard_begin(&st.s, SLICE_LIT("another"), 1000 + 4 * MINUTE, &ticket, NULL), 0);
	/* The window slides: one place frees 30 minutes after the first failure, not four. */
	assert_int_equal(login_guard_begin(&st.s, ACCOUNT, 999 + 30 * MINUTE, &ticket, NULL), ERR_LIMIT);
	assert_int_equal(login_guard_begin(&st.s, ACCOUNT, 1000 + 30 * MINUTE, &ticket, NULL), 0);
	assert_int_equal(login_guard_begin(&st.s, ACCOUNT, 1000 + 30 * MINUTE, &ticket, &retry), ERR_LIMIT);
	assert_int_equal(retry, MINUTE);
	stage_fini(&st);
}

static void
test_guard_counts_attempts_under_way(void **state)
{
	uint64_t tickets[4], ticket;
	struct stage st;

	(void)state;
	stage_init(&st, 64, NULL);
	for (int i = 0; i < 4; i++)
		assert_int_equal(login_guard_begin(&st.s, ACCOUNT, 1000, &tickets[i], NULL), 0);
	assert_int_equal(login_guard_begin(&st.s, ACCOUNT, 1000, &ticket, NULL), ERR_LIMIT);
	login_guard_settle(&st.s, ACCOUNT, 1001, tickets[1], LOGIN_GUARD_UNKNOWN);
	login_guard_settle(&st.s, ACCOUNT, 1001, tickets[1], LOGIN_GUARD_UNKNOWN); /* takes back one, once */
	assert_int_equal(login_guard_begin(&st.s, ACCOUNT, 1002, &ticket, NULL), 0);
	assert_int_equal(login_guard_begin(&st.s, ACCOUNT, 1002, &ticket, NULL), ERR_LIMIT);
	login_guard_settle(&st.s, ACCOUNT, 1003, tickets[0], LOGIN_GUARD_SUCCEEDED);
	assert_int_equal(table_count(st.tab, TABLE_QUOTA), 0);
	login_guard_settle(&st.s, ACCOUNT, 1003, tickets[2], LOGIN_GUARD_SUCCEEDED);
	for (int i = 0; i < 4; i++)
		assert_int_equal(login_guard_begin(&st.s, ACCOUNT, 1004, &ticket, NULL), 0);
	login_guard_settle(&st.s, ACCOUNT, 1005, ticket, LOGIN_GUARD_UNKNOWN);
	assert_int_equal(login_guard_begin(&st.s, ACCOUNT, 1006, &ticket, NULL), 0);
	stage_fini(&st);
}

static void
test_nonce(void **state)
{
	struct stage st;

	(void)state;
	stage_init(&st, 64, NULL);
	assert_int_equal(nonce_spend(&st.s, SLICE_LIT("n"), 1000, 10), 0);
	assert_int_equal(nonce_spend(&st.s, SLICE_LIT("n"), 1000, 11), ERR_EXISTS);
	assert_int_equal(nonce_spend(&st.s, SLICE_LIT("n"), 1000, 1009), ERR_EXISTS);
	assert_int_equal(nonce_spend(&st.s, SLICE_LIT("m"), 1000, 11), 0);
	assert_int_equal(nonce_spend(&st.s, SLICE_LIT("n"), 1000, 1010), 0);
	stage_fini(&st);
}

/* A full table refuses; it neither forgets spent nonces nor lets calls through uncounted. */
static void
test_full(void **state)
{
	uint64_t ticket;
	struct stage st;

	(void)state;
	stage_init(&st, 64, NULL);
	for (int i = 0; i < 64; i++) {
		char nonce[16];

		snprintf(nonce, sizeof(nonce), "%d", i);
		assert_int_equal(nonce_spend(&st.s, slice_from_str(nonce), 1000, 10), 0);
	}
	assert_int_equal(nonce_spend(&st.s, SLICE_LIT("one more"), 1000, 10), ERR_FULL);
	assert_int_equal(quota_take(&st.s, SLICE_LIT("q"), 5, 1000, 10, NULL), ERR_FULL);
	assert_int_equal(login_guard_begin(&st.s, ACCOUNT, 10, &ticket, NULL), ERR_FULL);
	assert_int_equal(nonce_spend(&st.s, SLICE_LIT("0"), 1000, 11), ERR_EXISTS);
	stage_fini(&st);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_window),	 cmocka_unit_test(test_all_workers_share_one_limit),
	    cmocka_unit_test(test_guard_slides), cmocka_unit_test(test_guard_counts_attempts_under_way),
	    cmocka_unit_test(test_nonce),	 cmocka_unit_test(test_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
