/*
 * test_table_scan.c - sweeping in shares, counting, evicting
 */
#include "fixture.h"

static void
fill(struct fixture *f, uint32_t from, uint32_t n, uint64_t owner, uint32_t flags, uint64_t deadline_ms)
{
	for (uint32_t i = from; i < from + n; i++) {
		struct table_record rec = fixture_record(TABLE_MCP_SESSION, owner, i, 1, 16);

		rec.flags = flags;
		rec.deadline_ms = deadline_ms;
		assert_int_equal(table_insert(f->tab, fixture_id(f, TABLE_MCP_SESSION, i), &rec, 10 + i), 0);
	}
}

static void
test_shares_are_disjoint_and_whole(void **state)
{
	struct fixture f;
	struct table *others[3] = {NULL};
	size_t removed[3];

	(void)state;
	fixture_init_sized(&f, 1024, 64);
	fill(&f, 0, 300, 1, 0, 500);
	fill(&f, 300, 200, 1, 0, 0);
	for (uint32_t part = 0; part < 3; part++)
		assert_int_equal(table_new(f.seg, f.keys, &others[part]), 0);
	for (uint32_t part = 0; part < 3; part++) {
		assert_int_equal(table_sweep(others[part], part, 3, SIZE_MAX, 499), 0);
		removed[part] = table_sweep(others[part], part, 3, SIZE_MAX, 500);
		assert_true(removed[part] > 50);
		assert_int_equal(table_sweep(others[part], part, 3, SIZE_MAX, 500), 0);
		table_free(&others[part]);
	}
	assert_int_equal(removed[0] + removed[1] + removed[2], 300);
	assert_int_equal(table_count(f.tab, TABLE_MCP_SESSION), 200);
	assert_int_equal(table_sweep(f.tab, 3, 3, 10, 500), 0);
	assert_int_equal(table_sweep(f.tab, 0, 0, 10, 500), 0);
	fixture_fini(&f);
}

static void
test_budget_goes_on_where_it_stopped(void **state)
{
	struct fixture f;
	size_t removed = 0;
	int calls = 0;

	(void)state;
	fixture_init_sized(&f, 1024, 64);
	fill(&f, 0, 300, 1, 0, 500);
	for (; calls < 128 / 4; calls++) {
		size_t n = table_sweep(f.tab, 0, 1, 4, 600);

		assert_true(n <= 32);
		removed += n;
	}
	assert_int_equal(removed, 300);
	fixture_fini(&f);
}

static void
test_counts(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init_sized(&f, 1024, 64);
	fill(&f, 0, 100, 1, 0, 500);
	fill(&f, 100, 50, 2, 0, 0);
	assert_int_equal(table_count(f.tab, TABLE_MCP_SESSION), 150);
	assert_int_equal(table_count(f.tab, TABLE_LOGIN), 0);
	assert_int_equal(table_count_owner(f.tab, TABLE_MCP_SESSION, 1, SIZE_MAX), 100);
	assert_int_equal(table_count_owner(f.tab, TABLE_MCP_SESSION, 1, 30), 30);
	assert_int_equal(table_count_owner(f.tab, TABLE_MCP_SESSION, 3, SIZE_MAX), 0);
	assert_int_equal(table_count_owner_live(f.tab, TABLE_MCP_SESSION, 1, 499), 100);
	assert_int_equal(table_count_owner_live(f.tab, TABLE_MCP_SESSION, 1, 500), 0);
	assert_int_equal(table_count_owner_live(f.tab, TABLE_MCP_SESSION, 2, 500), 50);
	fixture_fini(&f);
}

static void
test_evicts_the_least_recently_used(void **state)
{
	struct table_record got;
	struct table_stats stats;
	struct fixture f;

	(void)state;
	fixture_init_sized(&f, 1024, 64);
	fill(&f, 0, 10, 1, 0, 0);
	fill(&f, 10, 10, 1, TABLE_EVICTABLE, 0);
	fill(&f, 20, 10, 2, TABLE_EVICTABLE, 0);
	assert_int_equal(table_touch(f.tab, TABLE_MCP_SESSION, fixture_id(&f, TABLE_MCP_SESSION, 10), 1000), 0);
	for (uint32_t n = 11; n < 20; n++) {
		assert_int_equal(table_evict_oldest(f.tab, TABLE_MCP_SESSION, 1, 1001), 0);
		assert_int_equal(table_read(f.tab, TABLE_MCP_SESSION, fixture_id(&f, TABLE_MCP_SESSION, n), 1001, &got),
				 ERR_NOT_FOUND);
	}
	assert_int_equal(table_evict_oldest(f.tab, TABLE_MCP_SESSION, 1, 1001), 0); /* 10 itself */
	assert_int_equal(table_evict_oldest(f.tab, TABLE_MCP_SESSION, 1, 1001), ERR_NOT_FOUND);
	assert_int_equal(table_evict_oldest(f.tab, TABLE_LOGIN, 2, 1001), ERR_NOT_FOUND);
	assert_int_equal(table_count_owner(f.tab, TABLE_MCP_SESSION, 1, SIZE_MAX), 10);
	assert_int_equal(table_count_owner(f.tab, TABLE_MCP_SESSION, 2, SIZE_MAX), 10);
	table_stats(f.tab, &stats);
	assert_int_equal(stats.evictions, 10);
	fixture_fini(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_shares_are_disjoint_and_whole),
	    cmocka_unit_test(test_budget_goes_on_where_it_stopped),
	    cmocka_unit_test(test_counts),
	    cmocka_unit_test(test_evicts_the_least_recently_used),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
