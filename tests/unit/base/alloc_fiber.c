/*
 * alloc_fiber.c - only the pool itself comes from malloc(); stacks are mapped, and having none is ERR_NOMEM
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "base/err.h"
#include "base/fiber.h"
#include "torture.h"

struct job {
	struct fiber_wait wait;
	char *copy;
	int result;
};

static void
nothing_to_stop(void *ctx)
{
	(void)ctx;
}

static void
work(void *arg)
{
	struct job *job = arg;

	job->copy = malloc(100);
	fiber_wait_init(&job->wait, nothing_to_stop, NULL);
	job->result = fiber_wait_for(&job->wait);
	free(job->copy);
}

static int
scenario(void *ctx)
{
	struct fiber_pool *pool = NULL;
	struct job jobs[3] = {0};
	int r;

	(void)ctx;
	pool = fiber_pool_new(3, 1);
	if (pool == NULL)
		return ERR_NOMEM;
	for (int i = 0; i < 3; i++) {
		r = fiber_start(pool, work, &jobs[i], NULL);
		assert_int_equal(r, 0);
	}
	r = 0;
	for (int i = 0; i < 3; i++) {
		if (jobs[i].copy == NULL)
			r = ERR_NOMEM;
		fiber_wait_done(&jobs[i].wait);
	}
	assert_int_equal(fiber_pool_alive(pool), 0);
	fiber_pool_free(&pool);
	return r;
}

static void
test_malloc_fails(void **test_state)
{
	(void)test_state;
	torture("fibers", scenario, NULL);
	assert_int_equal(torture_failures(), 4);
}

#ifndef HAS_ASAN /* it maps memory of its own, and dies when it cannot */
/* The address space is as large as it already is, so that mmap() refuses. */
static void
test_no_stack(void **test_state)
{
	struct rlimit old, none;
	struct fiber_pool *pool = fiber_pool_new(3, 1);
	struct job job = {0};
	int r;

	(void)test_state;
	assert_non_null(pool);
	assert_int_equal(getrlimit(RLIMIT_AS, &old), 0);
	none = (struct rlimit){.rlim_cur = 4096, .rlim_max = old.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_AS, &none), 0);
	r = fiber_start(pool, work, &job, NULL);
	assert_int_equal(setrlimit(RLIMIT_AS, &old), 0);
	assert_int_equal(r, ERR_NOMEM);
	assert_int_equal(fiber_pool_alive(pool), 0);
	r = fiber_start(pool, work, &job, NULL);
	assert_int_equal(r, 0);
	fiber_wait_done(&job.wait);
	fiber_pool_free(&pool);
}
#endif

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_malloc_fails),
#ifndef HAS_ASAN
	    cmocka_unit_test(test_no_stack),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
