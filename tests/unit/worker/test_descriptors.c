#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../../src/worker/descriptors.c"

static void
enough_is_what_was_wanted(void **state)
{
	(void)state;
	assert_int_equal(descriptors_for_clients(65536, 4096), 4096);
	assert_int_equal(descriptors_for_clients(4096 + DESCRIPTORS_OWN, 4096), 4096);
	assert_int_equal(descriptors_for_clients(UINT64_MAX, UINT32_MAX), UINT32_MAX);
}

static void
its_own_are_kept_back(void **state)
{
	(void)state;
	assert_int_equal(descriptors_for_clients(4096 + DESCRIPTORS_OWN - 1, 4096), 4095);
	assert_int_equal(descriptors_for_clients(1024, 4096), 1024 - DESCRIPTORS_OWN);
}

static void
few_are_shared_by_clients_and_shops(void **state)
{
	(void)state;
	assert_int_equal(descriptors_for_clients(128, 4096), 16);
	assert_int_equal(descriptors_for_clients(DESCRIPTORS_OWN, 4096), (DESCRIPTORS_OWN - DESCRIPTORS_BASE) / 2);
	for (uint64_t limit = DESCRIPTORS_BASE + 2; limit < 2000; limit++) {
		uint64_t clients = descriptors_for_clients(limit, UINT32_MAX);
		uint64_t left = limit - clients;

		assert_true(left >= DESCRIPTORS_OWN || left >= DESCRIPTORS_BASE + clients);
	}
}

static void
one_client_is_always_served(void **state)
{
	(void)state;
	assert_int_equal(descriptors_for_clients(0, 4096), 1);
	assert_int_equal(descriptors_for_clients(DESCRIPTORS_BASE + 1, 4096), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(enough_is_what_was_wanted),
	    cmocka_unit_test(its_own_are_kept_back),
	    cmocka_unit_test(few_are_shared_by_clients_and_shops),
	    cmocka_unit_test(one_client_is_always_served),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
