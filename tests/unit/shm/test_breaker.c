#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "shm/breaker.h"
#include "shm/segment.h"

#define STORE 3

struct fixture {
	struct segment_keys *keys;
	struct segment *seg;
};

static int
setup(void **state)
{
	static struct fixture f;
	const struct segment_config config = {.slots = 64};
	struct err err;

	assert_int_equal(segment_keys_create(&f.keys, &err), 0);
	assert_int_equal(segment_create(&config, f.keys, &f.seg, &err), 0);
	*state = &f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	segment_free(&f->seg);
	segment_keys_free(&f->keys);
	return 0;
}

static void
fail_times(struct fixture *f, int n, uint64_t now_ms)
{
	for (int i = 0; i < n; i++)
		breaker_failure(f->seg, STORE, now_ms);
}

static void
few_failures_keep_it_closed(void **state)
{
	struct fixture *f = *state;
	uint64_t retry;

	fail_times(f, BREAKER_FAILURES - 1, 1000);
	assert_true(breaker_allows(f->seg, STORE, 1000, &retry));
	breaker_success(f->seg, STORE);
	fail_times(f, BREAKER_FAILURES - 1, 1000);
	assert_true(breaker_allows(f->seg, STORE, 1000, &retry));
	assert_false(breaker_is_open(f->seg, STORE));
}

static void
many_open_it_for_a_while(void **state)
{
	struct fixture *f = *state;
	uint64_t retry;

	fail_times(f, BREAKER_FAILURES, 1000);
	assert_true(breaker_is_open(f->seg, STORE));
	assert_false(breaker_allows(f->seg, STORE, 1000, &retry));
	assert_int_equal(retry, BREAKER_OPEN_MS);
	assert_false(breaker_allows(f->seg, STORE, 1000 + BREAKER_OPEN_MS - 1, &retry));
	assert_int_equal(retry, 1);
	assert_true(breaker_allows(f->seg, STORE + 1, 1000, &retry));
}

static void
then_one_probe_at_a_time(void **state)
{
	struct fixture *f = *state;
	uint64_t retry, later = 1000 + BREAKER_OPEN_MS;

	fail_times(f, BREAKER_FAILURES, 1000);
	assert_true(breaker_allows(f->seg, STORE, later, &retry));
	assert_false(breaker_allows(f->seg, STORE, later, &retry));
	assert_int_equal(retry, BREAKER_PROBE_MS);
	breaker_failure(f->seg, STORE, later);
	assert_false(breaker_allows(f->seg, STORE, later + BREAKER_PROBE_MS - 1, &retry));
	assert_true(breaker_allows(f->seg, STORE, later + BREAKER_PROBE_MS, &retry));
	breaker_success(f->seg, STORE);
	assert_false(breaker_is_open(f->seg, STORE));
	assert_true(breaker_allows(f->seg, STORE, later + BREAKER_PROBE_MS, &retry));
	assert_true(breaker_allows(f->seg, STORE, later + BREAKER_PROBE_MS, &retry));
}

static void
it_opens_again(void **state)
{
	struct fixture *f = *state;
	uint64_t retry;

	fail_times(f, BREAKER_FAILURES, 1000);
	breaker_success(f->seg, STORE);
	fail_times(f, BREAKER_FAILURES, 90000);
	assert_false(breaker_allows(f->seg, STORE, 90000 + BREAKER_OPEN_MS - 1, &retry));
	assert_true(breaker_allows(f->seg, STORE, 90000 + BREAKER_OPEN_MS, &retry));
}

static void
unknown_upstreams_are_never_held_back(void **state)
{
	struct fixture *f = *state;
	uint64_t retry;

	for (int i = 0; i < 2 * BREAKER_FAILURES; i++)
		breaker_failure(f->seg, 100000, 1000);
	assert_true(breaker_allows(f->seg, 100000, 1000, &retry));
	assert_false(breaker_is_open(f->seg, 100000));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(few_failures_keep_it_closed, setup, teardown),
	    cmocka_unit_test_setup_teardown(many_open_it_for_a_while, setup, teardown),
	    cmocka_unit_test_setup_teardown(then_one_probe_at_a_time, setup, teardown),
	    cmocka_unit_test_setup_teardown(it_opens_again, setup, teardown),
	    cmocka_unit_test_setup_teardown(unknown_upstreams_are_never_held_back, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
