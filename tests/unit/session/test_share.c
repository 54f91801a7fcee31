/*
 * test_share.c - what one name takes, counted over several workers; what the dead held comes back
 */
#include "session/share.h"

#include "stage.h"

/* Whether the worker in a slot lives: its pid is slot + 100 then. */
static bool lives[SHARE_WORKERS_MAX + 2];

static bool
is_alive(void *ctx, uint32_t slot, uint32_t pid)
{
	(void)ctx;
	return lives[slot] && pid == slot + 100;
}

static struct share_worker
worker(uint32_t slot)
{
	lives[slot] = true;
	return (struct share_worker){.slot = slot, .pid = slot + 100, .is_alive = is_alive};
}

static struct share_grant
settle(struct stage *st, const struct share_rule *rule, uint32_t slot, const struct share_ask *ask, uint64_t ms)
{
	const struct share_worker self = worker(slot);
	struct share_grant grant;

	assert_int_equal(
	    share_settle(&st->s, share_key(&st->s, "caller", ALICE), rule, &self, ask, at(ms).mono_ms, &grant), 0);
	return grant;
}

static uint32_t
take(struct stage *st, const struct share_rule *rule, uint32_t slot, uint32_t n, uint64_t ms)
{
	const struct share_ask ask = {.requests = n};

	return settle(st, rule, slot, &ask, ms).requests;
}

/* Wants to hold so many connections, of which some are in use. */
static uint32_t
hold(struct stage *st, const struct share_rule *rule, uint32_t slot, uint32_t used, uint32_t wants)
{
	const struct share_ask ask = {.used = {[SHARE_CONNECTIONS] = used}, .wants = {[SHARE_CONNECTIONS] = wants}};

	return settle(st, rule, slot, &ask, 0).held[SHARE_CONNECTIONS];
}

static void
a_bucket_holds_a_burst_and_fills_at_a_rate(void **state)
{
	const struct share_rule rule = {.per_second = 4, .burst = 10};
	struct share_bucket bucket = {0, 0};
	uint64_t wait_ms;

	(void)state;
	assert_int_equal(share_bucket_take(&bucket, &rule, 7, 1000, &wait_ms), 7);
	assert_int_equal(wait_ms, 0);
	assert_int_equal(share_bucket_take(&bucket, &rule, 7, 1000, &wait_ms), 3);
	assert_int_equal(wait_ms, 250);
	assert_int_equal(share_bucket_take(&bucket, &rule, 1, 1249, &wait_ms), 0);
	assert_int_equal(wait_ms, 1);
	assert_int_equal(share_bucket_take(&bucket, &rule, 1, 1250, &wait_ms), 1);
	assert_int_equal(share_bucket_take(&bucket, &rule, 1, 1000, &wait_ms),
			 0); /* another worker's clock is behind */
	assert_int_equal(share_bucket_take(&bucket, &rule, 100, 9000000, &wait_ms), 10);
	share_bucket_return(&bucket, &rule, 4);
	assert_int_equal(share_bucket_take(&bucket, &rule, 100, 9000000, &wait_ms), 4);
	share_bucket_return(&bucket, &rule, 400); /* more than there is room for */
	assert_int_equal(share_bucket_take(&bucket, &rule, 100, 9000000, &wait_ms), 10);
}

static void
requests_are_counted_over_all_workers(void **state)
{
	const struct share_rule rule = {.per_second = 10, .burst = 20}, off = {.per_second = 0};
	struct stage st;
	uint32_t n = 0;

	(void)state;
	stage_init(&st, 256, NULL);
	for (uint32_t slot = 0; slot < 4; slot++)
		n += take(&st, &rule, slot, 7, 0);
	assert_int_equal(n, 20);
	for (uint32_t slot = 0; slot < 4; slot++)
		n += take(&st, &rule, slot, 7, 1000);
	assert_int_equal(n, 30);
	assert_int_equal(take(&st, &off, 0, 1000, 1000), 1000);
	stage_fini(&st);
}

static void
what_is_held_stays_below_the_limit(void **state)
{
	const struct share_rule rule = {.limit = {[SHARE_CONNECTIONS] = 10}};
	struct stage st;

	(void)state;
	stage_init(&st, 256, NULL);
	assert_int_equal(hold(&st, &rule, 1, 0, 4), 4);
	assert_int_equal(hold(&st, &rule, 2, 0, 4), 4);
	assert_int_equal(hold(&st, &rule, 3, 0, 4), 2); /* what is left */
	assert_int_equal(hold(&st, &rule, 4, 0, 1), 0);
	assert_int_equal(hold(&st, &rule, 1, 4, 4), 4); /* said again: not counted twice */
	assert_int_equal(hold(&st, &rule, 2, 1, 1), 1);
	assert_int_equal(hold(&st, &rule, 4, 0, 9), 3);
	assert_int_equal(hold(&st, &rule, 3, 6, 7), 6); /* in use: never refused */
	stage_fini(&st);
}

static void
what_the_dead_held_comes_back(void **state)
{
	const struct share_rule rule = {.limit = {[SHARE_CONNECTIONS] = 10}};
	struct stage st;

	(void)state;
	stage_init(&st, 256, NULL);
	assert_int_equal(hold(&st, &rule, 1, 6, 6), 6);
	assert_int_equal(hold(&st, &rule, 2, 0, 6), 4);
	lives[1] = false;
	assert_int_equal(hold(&st, &rule, 2, 4, 10), 10);
	assert_int_equal(hold(&st, &rule, 2, 0, 0), 0);
	/* The next one in the slot begins with nothing. */
	assert_int_equal(hold(&st, &rule, 3, 0, 10), 10);
	stage_fini(&st);
}

static void
a_record_of_nobody_ends_by_itself(void **state)
{
	const struct share_rule rule = {.per_second = 1, .burst = 300};
	const uint64_t full_ms = 300 * 1000 + 1;
	struct stage st;

	(void)state;
	stage_init(&st, 256, NULL);
	assert_int_equal(take(&st, &rule, 0, 300, 0), 300);
	assert_int_equal(share_count(&st.s, 100), 1);
	assert_int_equal(sessions_sweep(&st.s, 0, 1, 32, at(full_ms - 2)), 0);
	assert_int_equal(sessions_sweep(&st.s, 0, 1, 32, at(full_ms + 1)), 1);
	assert_int_equal(share_count(&st.s, 100), 0);
	stage_fini(&st);
}

static void
as_many_workers_as_there_are_slots(void **state)
{
	const struct share_rule rule = {.limit = {[SHARE_CONNECTIONS] = SHARE_WORKERS_MAX}};
	struct stage st;

	(void)state;
	stage_init(&st, 256, NULL);
	for (uint32_t slot = 0; slot < SHARE_WORKERS_MAX; slot++)
		assert_int_equal(hold(&st, &rule, slot, 0, 1), 1);
	assert_int_equal(hold(&st, &rule, SHARE_WORKERS_MAX, 0, 1), 0);
	stage_fini(&st);
}

static void
without_room_nothing_is_granted(void **state)
{
	const struct share_rule rule = {.per_second = 1, .burst = 5};
	const struct share_ask ask = {.requests = 1};
	const struct share_worker self = worker(0);
	struct share_grant grant;
	struct stage st;
	char name[16];
	int r = 0;

	(void)state;
	stage_init(&st, 64, NULL);
	for (int i = 0; i < 1000 && r == 0; i++) {
		snprintf(name, sizeof(name), "%d", i);
		r = share_settle(&st.s, share_key(&st.s, "address", slice_from_str(name)), &rule, &self, &ask,
				 at(0).mono_ms, &grant);
	}
	assert_int_equal(r, ERR_FULL);
	assert_int_equal(grant.requests, 0);
	assert_int_equal(share_count(&st.s, 10), 10);
	stage_fini(&st);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_bucket_holds_a_burst_and_fills_at_a_rate),
	    cmocka_unit_test(requests_are_counted_over_all_workers),
	    cmocka_unit_test(what_is_held_stays_below_the_limit),
	    cmocka_unit_test(what_the_dead_held_comes_back),
	    cmocka_unit_test(a_record_of_nobody_ends_by_itself),
	    cmocka_unit_test(as_many_workers_as_there_are_slots),
	    cmocka_unit_test(without_room_nothing_is_granted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
