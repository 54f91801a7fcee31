/*
 * test_token.c - one renewal at a time, and none after a refusal
 */
#include "stage.h"

#include <pthread.h>
#include <stdatomic.h>

#include "session/token.h"

#define NAME SLICE_LIT("main admin")
#define BEARER "eyJhbGciOiJIUzI1NiJ9.shared-admin-token"

static uint64_t
wall(uint64_t ms)
{
	return WALL_MS + ms;
}

static uint64_t
lease(struct stage *st, uint64_t ms)
{
	struct token token;

	assert_int_equal(token_acquire(&st->s, NAME, at(ms), &token), TOKEN_RENEW);
	return token.fence;
}

static void
store(struct stage *st, uint64_t ms, uint64_t expires)
{
	uint64_t fence = lease(st, ms);

	assert_int_equal(token_store(&st->s, NAME, at(ms), fence, SLICE_LIT(BEARER), wall(expires)), 0);
}

static void
test_first_renews_others_wait(void **state)
{
	struct token token;
	uint64_t fence;
	struct stage st;

	(void)state;
	stage_init(&st, 64, NULL);
	fence = lease(&st, 0);
	assert_int_equal(token_acquire(&st.s, NAME, at(100), &token), TOKEN_WAIT);
	assert_int_equal(token.wait_ms, TOKEN_LEASE_MS - 100);
	assert_false(secret_is_set(&token.bearer));
	assert_int_equal(token_acquire(&st.s, SLICE_LIT("other"), at(100), &token), TOKEN_RENEW);
	assert_int_equal(token_store(&st.s, NAME, at(200), fence, SLICE_LIT(BEARER), wall(HOUR)), 0);
	assert_int_equal(token_acquire(&st.s, NAME, at(300), &token), TOKEN_USE);
	assert_string_equal(token.bearer.bytes, BEARER);
	assert_int_equal(token.expires_wall_ms, wall(HOUR));
	assert_false(segment_contains(st.seg, BEARER, strlen(BEARER)));
	stage_fini(&st);
}

static void
test_old_token_serves_while_it_is_renewed(void **state)
{
	struct token token;
	uint64_t fence, version;
	struct stage st;

	(void)state;
	stage_init(&st, 64, NULL);
	store(&st, 0, HOUR);
	assert_int_equal(token_acquire(&st.s, NAME, at(HOUR - TOKEN_MARGIN_MS - 1), &token), TOKEN_USE);
	version = token.version;
	fence = lease(&st, HOUR - TOKEN_MARGIN_MS);
	assert_int_equal(token_acquire(&st.s, NAME, at(HOUR - TOKEN_MARGIN_MS + 1), &token), TOKEN_USE);
	assert_int_equal(token.version, version);
	assert_int_equal(
	    token_store(&st.s, NAME, at(HOUR - TOKEN_MARGIN_MS + 2), fence, SLICE_LIT("new"), wall(2 * HOUR)), 0);
	assert_int_equal(token_acquire(&st.s, NAME, at(HOUR), &token), TOKEN_USE);
	assert_string_equal(token.bearer.bytes, "new");
	assert_int_not_equal(token.version, version);
	stage_fini(&st);
}

static void
test_dead_renewer_loses_his_lease(void **state)
{
	uint64_t first, second;
	struct token token;
	struct stage st;

	(void)state;
	stage_init(&st, 64, NULL);
	first = lease(&st, 0);
	second = lease(&st, TOKEN_LEASE_MS);
	assert_int_not_equal(first, second);
	assert_int_equal(token_store(&st.s, NAME, at(TOKEN_LEASE_MS + 1), first, SLICE_LIT("late"), wall(HOUR)),
			 ERR_NOT_FOUND);
	token_fail(&st.s, NAME, at(TOKEN_LEASE_MS + 1), first, true);
	assert_int_equal(token_acquire(&st.s, NAME, at(TOKEN_LEASE_MS + 2), &token), TOKEN_WAIT);
	assert_int_equal(token_store(&st.s, NAME, at(TOKEN_LEASE_MS + 3), second, SLICE_LIT(BEARER), wall(HOUR)), 0);
	assert_int_equal(token_acquire(&st.s, NAME, at(TOKEN_LEASE_MS + 4), &token), TOKEN_USE);
	assert_string_equal(token.bearer.bytes, BEARER);
	stage_fini(&st);
}

static void
test_failures(void **state)
{
	struct token token;
	struct stage st;

	(void)state;
	stage_init(&st, 64, NULL);
	/* The network failed: the next one tries. */
	token_fail(&st.s, NAME, at(1), lease(&st, 0), false);
	/* The shop refused: nobody does, until somebody logs in. */
	token_fail(&st.s, NAME, at(3), lease(&st, 2), true);
	assert_int_equal(token_acquire(&st.s, NAME, at(4), &token), TOKEN_REFUSED);
	assert_int_equal(token_acquire(&st.s, NAME, at(50 * HOUR), &token), TOKEN_REFUSED);
	token_reset(&st.s, NAME, at(50 * HOUR));
	store(&st, 50 * HOUR, 51 * HOUR);
	/* A refused renewal does not take the token that still works. */
	token_fail(&st.s, NAME, at(51 * HOUR - 1000), lease(&st, 51 * HOUR - 1000), true);
	assert_int_equal(token_acquire(&st.s, NAME, at(51 * HOUR - 999), &token), TOKEN_USE);
	assert_int_equal(token_acquire(&st.s, NAME, at(51 * HOUR), &token), TOKEN_REFUSED);
	stage_fini(&st);
}

static void
test_invalidate(void **state)
{
	struct token token;
	uint64_t old;
	struct stage st;

	(void)state;
	stage_init(&st, 64, NULL);
	store(&st, 0, HOUR);
	assert_int_equal(token_acquire(&st.s, NAME, at(1), &token), TOKEN_USE);
	old = token.version;
	token_invalidate(&st.s, NAME, at(2), old);
	store(&st, 3, HOUR);
	/* A second 401 to the old token, late, does not cost the new one. */
	token_invalidate(&st.s, NAME, at(4), old);
	assert_int_equal(token_acquire(&st.s, NAME, at(5), &token), TOKEN_USE);
	assert_string_equal(token.bearer.bytes, BEARER);
	stage_fini(&st);
}

struct crowd {
	struct stage st;
	atomic_int renewals;
};

static void *
asker(void *arg)
{
	struct crowd *crowd = arg;
	struct stage worker;
	struct token token;

	stage_join(&crowd->st, &worker);
	if (token_acquire(&worker.s, NAME, at(0), &token) == TOKEN_RENEW)
		atomic_fetch_add(&crowd->renewals, 1);
	stage_leave(&worker);
	return NULL;
}

static void
test_one_flight(void **state)
{
	static struct crowd crowd;
	pthread_t threads[8];

	(void)state;
	memset(&crowd, 0, sizeof(crowd));
	stage_init(&crowd.st, 64, NULL);
	for (int i = 0; i < 8; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, asker, &crowd), 0);
	for (int i = 0; i < 8; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(crowd.renewals, 1);
	stage_fini(&crowd.st);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_first_renews_others_wait),
	    cmocka_unit_test(test_old_token_serves_while_it_is_renewed),
	    cmocka_unit_test(test_dead_renewer_loses_his_lease),
	    cmocka_unit_test(test_failures),
	    cmocka_unit_test(test_invalidate),
	    cmocka_unit_test(test_one_flight),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
