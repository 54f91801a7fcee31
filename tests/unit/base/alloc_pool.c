/*
 * alloc_pool.c - a pool without memory gives NULL and stays usable
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/pool.h"
#include "torture.h"

static void
count(void *arg)
{
	++*(int *)arg;
}

static int
scenario(void *ctx)
{
	struct pool *pool = NULL;
	int released = 0;
	int registered = 0;
	int missing = 0;

	(void)ctx;
	pool = pool_new(1 << 20);
	if (pool == NULL)
		return ERR_NOMEM;
	for (int i = 0; i < 200; i++) {
		char *text = pool_printf(pool, "number %d", i);
		char *big = pool_alloc(pool, (size_t)i * 40);

		missing += (text == NULL) + (big == NULL);
		if (text != NULL)
			assert_int_equal(memcmp(text, "number ", 7), 0);
		if (pool_defer(pool, count, &released) == 0)
			registered++;
		else
			missing++;
	}
	assert_int_equal(missing, torture_has_failed() ? 1 : 0);
	pool_reset(pool);
	assert_int_equal(released, registered);
	assert_non_null(pool_strdup(pool, "after"));
	pool_free(&pool);
	return missing > 0 ? ERR_NOMEM : 0;
}

static void
test_pool(void **test_state)
{
	(void)test_state;
	torture("pool", scenario, NULL);
	assert_true(torture_failures() >= 5);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_pool)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
