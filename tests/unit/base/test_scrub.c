/*
 * test_scrub.c - what is let go of is overwritten
 *
 * That the bytes are gone is seen from outside, in the memory of real processes: reading freed memory is no test.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/scrub.h"

static char *
filled(size_t size)
{
	char *block = malloc(size);

	assert_non_null(block);
	memset(block, 's', size);
	return block;
}

static void
test_realloc_keeps_what_is_there(void **state)
{
	static const size_t sizes[][2] = {{1, 100}, {100, 1}, {100, 100}, {16, 5000}, {5000, 4000}, {200000, 10}};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		size_t kept = sizes[i][0] < sizes[i][1] ? sizes[i][0] : sizes[i][1];
		char *block = scrub_realloc(filled(sizes[i][0]), sizes[i][1]);

		assert_non_null(block);
		assert_true(malloc_usable_size(block) >= sizes[i][1]);
		for (size_t at = 0; at < kept; at++)
			assert_int_equal(block[at], 's');
		scrub_free(block);
	}
}

static void
test_nothing(void **state)
{
	void *block = scrub_realloc(NULL, 10);

	(void)state;
	assert_non_null(block);
	block = scrub_realloc(block, 0);
	scrub_free(block);
	scrub_free(NULL);
}

static void
test_calloc_gives_zeroes(void **state)
{
	static const size_t sizes[][2] = {{1, 1}, {3, 7}, {1, 1000}, {100, 50}, {0, 5}};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		size_t size = sizes[i][0] * sizes[i][1];
		char *block;

		free(filled(size)); /* what it gets is likely this one */
		block = scrub_calloc(sizes[i][0], sizes[i][1]);
		assert_non_null(block);
		assert_true(malloc_usable_size(block) >= size);
		for (size_t at = 0; at < size; at++)
			assert_int_equal(block[at], 0);
		scrub_free(block);
	}
}

static void
test_calloc_of_more_than_there_can_be(void **state)
{
	(void)state;
	errno = 0;
	assert_null(scrub_calloc(SIZE_MAX / 2 + 2, 2));
	assert_int_equal(errno, ENOMEM);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_realloc_keeps_what_is_there),
	    cmocka_unit_test(test_nothing),
	    cmocka_unit_test(test_calloc_gives_zeroes),
	    cmocka_unit_test(test_calloc_of_more_than_there_can_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
