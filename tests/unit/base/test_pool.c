/*
 * test_pool.c - alignment, zeroes, budget, deferred calls
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/pool.h"

static bool
is_zero(const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (bytes[i] != 0)
			return false;
	}
	return true;
}

/* Each is filled with its number: a later one that overlapped would not be zero, or would change an earlier one. */
static void
test_allocations_are_aligned_zeroed_and_apart(void **test_state)
{
	struct pool *pool = pool_new(16 << 20);
	char *ptrs[600];

	(void)test_state;
	assert_non_null(pool);
	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < ARRAY_LEN(ptrs); i++) {
			size_t size = i * 7 % 97 + (i % 50 == 0 ? i * 40 : 0);

			ptrs[i] = pool_alloc(pool, size);
			assert_non_null(ptrs[i]);
			assert_int_equal((uintptr_t)ptrs[i] % _Alignof(max_align_t), 0);
			assert_true(is_zero(ptrs[i], size));
			memset(ptrs[i], (int)(i % 255 + 1), size);
		}
		for (size_t i = 0; i < ARRAY_LEN(ptrs); i++) {
			size_t size = i * 7 % 97 + (i % 50 == 0 ? i * 40 : 0);

			for (size_t j = 0; j < size; j++)
				assert_int_equal((unsigned char)ptrs[i][j], i % 255 + 1);
		}
		pool_reset(pool);
	}
	pool_free(&pool);
	assert_null(pool);
	pool_free(&pool);
}

static void
test_empty_allocations_differ(void **test_state)
{
	struct pool *pool = pool_new(1000);

	(void)test_state;
	assert_non_null(pool_alloc(pool, 0));
	assert_ptr_not_equal(pool_alloc(pool, 0), pool_alloc(pool, 0));
	pool_free(&pool);
}

static void
test_budget(void **test_state)
{
	static const size_t budgets[] = {100, 4096, 5000, 100000};

	(void)test_state;
	for (size_t i = 0; i < ARRAY_LEN(budgets); i++) {
		struct pool *pool = pool_new(budgets[i]);
		size_t count = 0;

		assert_null(pool_alloc(pool, budgets[i] + 16));
		assert_null(pool_alloc(pool, SIZE_MAX));
		assert_null(pool_alloc(pool, SIZE_MAX - 8));
		assert_non_null(pool_alloc(pool, budgets[i])); /* all at once */
		assert_null(pool_alloc(pool, 1));
		pool_reset(pool);
		while (pool_alloc(pool, 16) != NULL) /* and piece by piece */
			count++;
		assert_int_equal(count, (budgets[i] + 15) / 16);
		pool_reset(pool);
		assert_non_null(pool_alloc(pool, budgets[i]));
		pool_free(&pool);
	}
}

static void
test_budget_of_nothing_and_of_everything(void **test_state)
{
	struct pool *pool = pool_new(0);

	(void)test_state;
	assert_null(pool_alloc(pool, 1));
	assert_null(pool_strdup(pool, ""));
	pool_free(&pool);
	pool = pool_new(SIZE_MAX);
	assert_null(pool_slicedup(pool, slice_of("x", SIZE_MAX)));
	assert_non_null(pool_alloc(pool, 1 << 20));
	pool_free(&pool);
}

static void
test_copies(void **test_state)
{
	struct pool *pool = pool_new(100000);
	char *text;

	(void)test_state;
	assert_string_equal(pool_strdup(pool, "abc"), "abc");
	assert_string_equal(pool_strdup(pool, ""), "");
	assert_string_equal(pool_strdup(pool, NULL), "");
	assert_string_equal(pool_slicedup(pool, slice_of("abcdef", 3)), "abc");
	assert_string_equal(pool_slicedup(pool, SLICE_NONE), "");
	assert_memory_equal(pool_slicedup(pool, SLICE_LIT("a\0b")), "a\0b", 4);
	assert_string_equal(pool_printf(pool, "%s-%d", "x", 5), "x-5");
	text = pool_printf(pool, "%9000d", 7);
	assert_int_equal(strlen(text), 9000);
	assert_int_equal(text[8999], '7');
	assert_null(pool_printf(pool, "%100000d", 7));
	pool_free(&pool);
}

/* ---- Deferred calls ---------------------------------------------------------------------------------------------- */

static char trace[64];

static void
note(void *arg)
{
	size_t len = strlen(trace);

	snprintf(trace + len, sizeof(trace) - len, "%s", (const char *)arg);
}

static struct pool *defer_pool;

static void
note_and_defer(void *arg)
{
	note(arg);
	assert_int_equal(pool_defer(defer_pool, note, pool_strdup(defer_pool, "n")), 0);
}

static void
test_defer_runs_last_first_and_once(void **test_state)
{
	struct pool *pool = pool_new(10000);
	char names[3][2] = {"a", "b", "c"};

	(void)test_state;
	trace[0] = '\0';
	for (int i = 0; i < 3; i++)
		assert_int_equal(pool_defer(pool, note, names[i]), 0);
	assert_string_equal(trace, "");
	pool_reset(pool);
	assert_string_equal(trace, "cba");
	pool_reset(pool);
	assert_string_equal(trace, "cba");
	assert_int_equal(pool_defer(pool, note, names[0]), 0);
	pool_free(&pool);
	assert_string_equal(trace, "cbaa");
}

static void
test_defer_sees_pool_memory_and_may_defer(void **test_state)
{
	(void)test_state;
	trace[0] = '\0';
	defer_pool = pool_new(100000);
	assert_non_null(pool_alloc(defer_pool, 50000));
	assert_int_equal(pool_defer(defer_pool, note_and_defer, pool_strdup(defer_pool, "x")), 0);
	pool_free(&defer_pool);
	assert_string_equal(trace, "xn");
}

static void
test_defer_over_budget(void **test_state)
{
	struct pool *pool = pool_new(16);

	(void)test_state;
	trace[0] = '\0';
	assert_int_equal(pool_defer(pool, note, trace), ERR_NOMEM);
	pool_free(&pool);
	assert_string_equal(trace, "");
}

/* Where what is used after its end is to be seen, nothing comes again. */
#ifdef HAS_ASAN
#define KEEPS 0
#else
#define KEEPS 1
#endif

/* What is given back comes again, wiped; a shelf holds only so many, and none at all where there is none. */
static void
test_shelf(void **test_state)
{
	struct pool_shelf shelf = {.n = 0};
	struct pool *pools[POOL_SHELF_MAX + 1];
	struct pool *pool = pool_shelf_take(&shelf, 1000);
	struct pool *first = pool;
	char mark[] = "x";
	char *text;

	(void)test_state;
	trace[0] = '\0';
	assert_string_equal(pool_strdup(pool, "secret"), "secret");
	assert_int_equal(pool_defer(pool, note, mark), 0);
	pool_shelf_put(&shelf, &pool);
	assert_null(pool);
	assert_string_equal(trace, "x");
	pool_shelf_put(&shelf, &pool); /* NULL */
	assert_int_equal(shelf.n, KEEPS);
	pool = pool_shelf_take(&shelf, 1000);
	assert_true(!KEEPS || pool == first);
	text = pool_alloc(pool, 1000); /* all that it may have */
	assert_non_null(text);
	for (size_t i = 0; i < 1000; i++)
		assert_int_equal(text[i], 0);
	pools[0] = pool;
	for (size_t i = 1; i <= POOL_SHELF_MAX; i++)
		pools[i] = pool_shelf_take(&shelf, 1000);
	for (size_t i = 0; i <= POOL_SHELF_MAX; i++)
		pool_shelf_put(&shelf, &pools[i]);
	assert_int_equal(shelf.n, KEEPS * POOL_SHELF_MAX);
	pool_shelf_fini(&shelf);
	assert_int_equal(shelf.n, 0);
	pool = pool_shelf_take(NULL, 1000);
	assert_non_null(pool);
	pool_shelf_put(NULL, &pool);
	assert_null(pool);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_allocations_are_aligned_zeroed_and_apart),
	    cmocka_unit_test(test_empty_allocations_differ),
	    cmocka_unit_test(test_budget),
	    cmocka_unit_test(test_budget_of_nothing_and_of_everything),
	    cmocka_unit_test(test_copies),
	    cmocka_unit_test(test_defer_runs_last_first_and_once),
	    cmocka_unit_test(test_defer_sees_pool_memory_and_may_defer),
	    cmocka_unit_test(test_defer_over_budget),
	    cmocka_unit_test(test_shelf),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
