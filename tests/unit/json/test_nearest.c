/*
 * test_nearest.c - which word was meant
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "json/nearest.h"

static const char *const known[] = {"sku_list",	  "sku_prefix", "category_id", "store_view_code", "scope",
				    "store_code", "q"};

static const char *
nearest(struct slice word)
{
	struct json_nearest n;

	json_nearest_init(&n, word);
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		json_nearest_offer(&n, known[i]);
	return n.best;
}

static void
slips_are_recognised(void **state)
{
	static const struct {
		const char *word, *want;
	} cases[] = {
	    {"sku_lst", "sku_list"},	 {"skuList", "sku_list"},	    {"sku-list", "sku_list"},
	    {"SKU_LIST", "sku_list"},	 {"sku_lists", "sku_list"},	    {"categoryId", "category_id"},
	    {"category", "category_id"}, {"store_view", "store_view_code"}, {"scoep", "scope"},
	    {"skuprefix", "sku_prefix"}, {"store_code", "store_code"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *best = nearest(slice_from_str(cases[i].word));

		assert_non_null(best);
		assert_string_equal(best, cases[i].want);
	}
}

static void
strangers_have_no_neighbour(void **state)
{
	static const char *const words[] = {"", "x", "price", "zz", "name", "wholly_other"};
	char longest[65];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		assert_null(nearest(slice_from_str(words[i])));
	memset(longest, 's', sizeof(longest));
	assert_null(nearest(slice_of(longest, sizeof(longest))));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(slips_are_recognised),
	    cmocka_unit_test(strangers_have_no_neighbour),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
