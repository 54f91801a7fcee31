/*
 * test_seal.c - what is sealed opens only whole, in its place and with its key
 */
#include "stage.h"

#include "session/seal.h"

#define PLAIN SLICE_LIT("a secret of some length")

static void
test_seal_and_open(void **state)
{
	unsigned char sealed[128], again[128], plain[128];
	struct stage st;
	size_t len, len2;

	(void)state;
	stage_init(&st, 64, NULL);
	assert_int_equal(seal_close(st.keys, SLICE_LIT("here"), PLAIN, sealed, sizeof(sealed), &len), 0);
	assert_int_equal(len, PLAIN.len + SEAL_OVERHEAD);
	assert_null(memmem(sealed, len, PLAIN.ptr, PLAIN.len));
	assert_int_equal(seal_close(st.keys, SLICE_LIT("here"), PLAIN, again, sizeof(again), &len2), 0);
	assert_memory_not_equal(sealed, again, len); /* a fresh nonce each time */
	assert_int_equal(
	    seal_open(st.keys, SLICE_LIT("here"), slice_of((char *)sealed, len), plain, sizeof(plain), &len2), 0);
	assert_int_equal(len2, PLAIN.len);
	assert_memory_equal(plain, PLAIN.ptr, len2);
	assert_int_equal(seal_close(st.keys, SLICE_NONE, SLICE_NONE, sealed, sizeof(sealed), &len), 0);
	assert_int_equal(seal_open(st.keys, SLICE_NONE, slice_of((char *)sealed, len), plain, 0, &len2), 0);
	assert_int_equal(len2, 0);
	stage_fini(&st);
}

static void
test_every_flipped_bit_is_found(void **state)
{
	unsigned char sealed[128], plain[128];
	static const unsigned char zero[128];
	struct stage st;
	size_t len, n;

	(void)state;
	stage_init(&st, 64, NULL);
	assert_int_equal(seal_close(st.keys, SLICE_LIT("here"), PLAIN, sealed, sizeof(sealed), &len), 0);
	for (size_t bit = 0; bit < len * 8; bit++) {
		sealed[bit / 8] ^= (unsigned char)(1u << bit % 8);
		memset(plain, 'x', sizeof(plain));
		assert_int_equal(
		    seal_open(st.keys, SLICE_LIT("here"), slice_of((char *)sealed, len), plain, sizeof(plain), &n),
		    ERR_CORRUPT);
		assert_memory_equal(plain, zero, PLAIN.len); /* unproved bytes are not left to be seen */
		sealed[bit / 8] ^= (unsigned char)(1u << bit % 8);
	}
	stage_fini(&st);
}

static void
test_refusals(void **state)
{
	unsigned char sealed[128], plain[128];
	struct segment_keys *other = NULL;
	struct stage st;
	struct slice text;
	size_t len, n;

	(void)state;
	stage_init(&st, 64, NULL);
	assert_int_equal(seal_close(st.keys, SLICE_LIT("here"), PLAIN, sealed, sizeof(sealed), &len), 0);
	text = slice_of((char *)sealed, len);
	assert_int_equal(seal_open(st.keys, SLICE_LIT("elsewhere"), text, plain, sizeof(plain), &n), ERR_CORRUPT);
	assert_int_equal(segment_keys_create(&other, &st.err), 0);
	assert_int_equal(seal_open(other, SLICE_LIT("here"), text, plain, sizeof(plain), &n), ERR_CORRUPT);
	assert_int_equal(seal_open(st.keys, SLICE_LIT("here"), slice_of(text.ptr, len - 1), plain, sizeof(plain), &n),
			 ERR_CORRUPT);
	assert_int_equal(seal_open(st.keys, SLICE_LIT("here"), slice_of(text.ptr, 27), plain, sizeof(plain), &n),
			 ERR_CORRUPT);
	assert_int_equal(seal_open(st.keys, SLICE_LIT("here"), text, plain, PLAIN.len - 1, &n), ERR_LIMIT);
	assert_int_equal(seal_close(st.keys, SLICE_LIT("here"), PLAIN, sealed, len - 1, &n), ERR_LIMIT);
	segment_keys_free(&other);
	stage_fini(&st);
}

static void
test_mac(void **state)
{
	uint8_t mac[SEAL_MAC_LEN];
	struct segment_keys *other = NULL;
	struct slice given;
	struct stage st;

	(void)state;
	stage_init(&st, 64, NULL);
	given = slice_of((char *)mac, sizeof(mac));
	assert_int_equal(seal_mac(st.keys, "cursor", PLAIN, mac), 0);
	assert_true(seal_mac_ok(st.keys, "cursor", PLAIN, given));
	assert_false(seal_mac_ok(st.keys, "requestState", PLAIN, given));
	assert_false(seal_mac_ok(st.keys, "cursor", SLICE_LIT("something else"), given));
	assert_false(seal_mac_ok(st.keys, "cursor", PLAIN, slice_of(given.ptr, 31)));
	assert_false(seal_mac_ok(st.keys, "cursor", PLAIN, SLICE_NONE));
	mac[31] ^= 1;
	assert_false(seal_mac_ok(st.keys, "cursor", PLAIN, given));
	mac[31] ^= 1;
	assert_int_equal(segment_keys_create(&other, &st.err), 0);
	assert_false(seal_mac_ok(other, "cursor", PLAIN, given));
	assert_int_equal(seal_mac(st.keys, "cursor", SLICE_NONE, mac), 0);
	assert_true(seal_mac_ok(st.keys, "cursor", SLICE_LIT(""), given));
	segment_keys_free(&other);
	stage_fini(&st);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_seal_and_open),
	    cmocka_unit_test(test_every_flipped_bit_is_found),
	    cmocka_unit_test(test_refusals),
	    cmocka_unit_test(test_mac),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
