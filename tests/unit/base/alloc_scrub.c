/*
 * alloc_scrub.c - a block that cannot grow stays what it is
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/scrub.h"
#include "torture.h"

static int
grow(void *ctx)
{
	char *block = malloc(50);
	char *larger;
	int r;

	(void)ctx;
	if (block == NULL)
		return ERR_NOMEM;
	memset(block, 's', 50);
	larger = scrub_realloc(block, 5000);
	r = larger != NULL ? 0 : ERR_NOMEM;
	if (larger != NULL)
		block = larger;
	for (size_t i = 0; i < 50; i++)
		assert_int_equal(block[i], 's');
	scrub_free(block);
	return r;
}

static void
test_grow(void **state)
{
	(void)state;
	torture("a block that grows", grow, NULL);
	assert_int_equal(torture_failures(), 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_grow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
