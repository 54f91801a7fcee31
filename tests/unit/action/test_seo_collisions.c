#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "action/seo/seo_private.h"

static struct pool *pool;

static int
set_up(void **state)
{
	(void)state;
	pool = pool_new(1024 * 1024);
	return pool != NULL ? 0 : -1;
}

static int
tear_down(void **state)
{
	(void)state;
	pool_free(&pool);
	return 0;
}

static struct seo_change
change(const char *sku, int64_t id, size_t place, const char *new_key)
{
	return (struct seo_change){.sku = sku, .id = id, .place = place, .old_key = "old", .new_key = new_key};
}

static void
test_both_of_a_pair(void **state)
{
	struct seo_change changes[] = {change("A", 1, 0, "x"), change("B", 2, 0, "y"), change("C", 3, 0, "x")};

	(void)state;
	assert_int_equal(seo_collisions_within(pool, changes, 3), 0);
	assert_string_equal(changes[0].taken_by, "the planned key of product C");
	assert_null(changes[1].taken_by);
	assert_string_equal(changes[2].taken_by, "the planned key of product A");
}

static void
test_all_of_three(void **state)
{
	struct seo_change changes[] = {change("A", 1, 0, "x"), change("B", 2, 0, "x"), change("C", 3, 0, "x")};

	(void)state;
	assert_int_equal(seo_collisions_within(pool, changes, 3), 0);
	for (size_t i = 0; i < 3; i++)
		assert_non_null(changes[i].taken_by);
}

static void
test_places_are_apart(void **state)
{
	struct seo_change changes[] = {change("A", 1, 0, "x"), change("B", 2, 1, "x")};

	(void)state;
	assert_int_equal(seo_collisions_within(pool, changes, 2), 0);
	assert_null(changes[0].taken_by);
	assert_null(changes[1].taken_by);
}

static void
test_a_product_is_not_its_own_rival(void **state)
{
	struct seo_change changes[] = {change("A", 1, 0, "x"), change("A", 1, 1, "x")};

	(void)state;
	assert_int_equal(seo_collisions_within(pool, changes, 2), 0);
	assert_null(changes[0].taken_by);
	assert_int_equal(seo_collisions_within(pool, changes, 0), 0);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    TEST(test_both_of_a_pair),
	    TEST(test_all_of_three),
	    TEST(test_places_are_apart),
	    TEST(test_a_product_is_not_its_own_rival),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
