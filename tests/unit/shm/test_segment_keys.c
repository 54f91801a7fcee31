/*
 * test_segment_keys.c - the keys beside the segment
 */
#include "fixture.h"

#include <sys/mman.h>
#include <unistd.h>

static void
test_keys_are_random_and_shared(void **state)
{
	struct segment_keys *a = NULL, *b = NULL, *again = NULL;
	static const uint8_t zero[32];
	struct err err;

	(void)state;
	assert_int_equal(segment_keys_create(&a, &err), 0);
	assert_int_equal(segment_keys_create(&b, &err), 0);
	assert_int_equal(segment_keys_attach(dup(segment_keys_fd(a)), &again, &err), 0);
	assert_memory_equal(segment_keys_hash(a), segment_keys_hash(again), HASH_KEY_LEN);
	assert_memory_equal(segment_keys_seal(a), segment_keys_seal(again), SEGMENT_SEAL_KEY_LEN);
	assert_memory_equal(segment_keys_mac(a), segment_keys_mac(again), SEGMENT_MAC_KEY_LEN);
	assert_int_equal(segment_keys_are_secretmem(a), segment_keys_are_secretmem(again));
	assert_memory_not_equal(segment_keys_hash(a), segment_keys_hash(b), HASH_KEY_LEN);
	assert_memory_not_equal(segment_keys_seal(a), segment_keys_seal(b), SEGMENT_SEAL_KEY_LEN);
	assert_memory_not_equal(segment_keys_mac(a), segment_keys_mac(b), SEGMENT_MAC_KEY_LEN);
	assert_memory_not_equal(segment_keys_mac(a), zero, SEGMENT_MAC_KEY_LEN);
	assert_memory_not_equal(segment_keys_mac(a), segment_keys_seal(a), SEGMENT_MAC_KEY_LEN);
	segment_keys_free(&a);
	segment_keys_free(&b);
	segment_keys_free(&again);
	segment_keys_free(&again);
}

static void
test_keys_do_not_stand_in_the_segment(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	assert_true(segment_keys_match(f.keys, f.seg));
	assert_false(segment_contains(f.seg, segment_keys_hash(f.keys), HASH_KEY_LEN));
	assert_false(segment_contains(f.seg, segment_keys_seal(f.keys), SEGMENT_SEAL_KEY_LEN));
	assert_false(segment_contains(f.seg, segment_keys_mac(f.keys), SEGMENT_MAC_KEY_LEN));
	fixture_fini(&f);
}

static void
test_wipe_is_for_everybody(void **state)
{
	struct segment_keys *a = NULL, *again = NULL, *late = NULL;
	static const uint8_t zero[32];
	struct err err;
	int fd;

	(void)state;
	assert_int_equal(segment_keys_create(&a, &err), 0);
	assert_int_equal(segment_keys_attach(dup(segment_keys_fd(a)), &again, &err), 0);
	segment_keys_wipe(a);
	assert_memory_equal(segment_keys_seal(again), zero, SEGMENT_SEAL_KEY_LEN);
	assert_memory_equal(segment_keys_mac(again), zero, SEGMENT_MAC_KEY_LEN);
	assert_memory_equal(segment_keys_hash(again), zero, HASH_KEY_LEN);
	fd = dup(segment_keys_fd(a));
	assert_int_equal(segment_keys_attach(fd, &late, &err), ERR_CORRUPT);
	close(fd);
	segment_keys_free(&a);
	segment_keys_free(&again);
}

static void
test_attach_refuses_other_files(void **state)
{
	struct segment_keys *keys = NULL;
	struct err err;
	int fd = memfd_create("other", MFD_CLOEXEC);

	(void)state;
	assert_int_equal(segment_keys_attach(fd, &keys, &err), ERR_CORRUPT);
	assert_int_equal(ftruncate(fd, 4096), 0);
	assert_int_equal(segment_keys_attach(fd, &keys, &err), ERR_CORRUPT);
	close(fd);
	assert_int_equal(segment_keys_attach(-1, &keys, &err), ERR_CORRUPT);
	assert_null(keys);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_keys_are_random_and_shared),
	    cmocka_unit_test(test_keys_do_not_stand_in_the_segment),
	    cmocka_unit_test(test_wipe_is_for_everybody),
	    cmocka_unit_test(test_attach_refuses_other_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
