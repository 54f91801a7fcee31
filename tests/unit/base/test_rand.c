/*
 * test_rand.c - shape and spread of random values
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/enc.h"
#include "base/err.h"
#include "base/rand.h"

/* 512 bytes: that one bit is the same in all of them happens once in 2^508. */
static void
test_bytes(void **test_state)
{
	unsigned char bytes[514];
	unsigned char all = 0xFF, any = 0;

	(void)test_state;
	memset(bytes, 0xA5, sizeof(bytes));
	rand_bytes(bytes + 1, 512);
	for (int i = 1; i <= 512; i++) {
		all &= bytes[i];
		any |= bytes[i];
	}
	assert_int_equal(all, 0);
	assert_int_equal(any, 0xFF);
	assert_int_equal(bytes[0], 0xA5);
	assert_int_equal(bytes[513], 0xA5);
	rand_bytes(bytes, 0);
	assert_int_equal(bytes[0], 0xA5);
	assert_true(rand_u64() != rand_u64());
}

/* It is the base64url form of 32 bytes exactly when the strict decoder gives 32 and encoding gives the same again. */
static void
test_token(void **test_state)
{
	char token[RAND_TOKEN_LEN + 1], again[RAND_TOKEN_LEN + 1];
	unsigned char any[32] = {0};
	struct buf bytes, text;

	(void)test_state;
	buf_init(&bytes, 64);
	buf_init(&text, 64);
	for (int i = 0; i < 200; i++) {
		rand_token(token);
		assert_int_equal(strlen(token), RAND_TOKEN_LEN);
		buf_clear(&bytes);
		buf_clear(&text);
		assert_int_equal(enc_base64url_decode(slice_from_str(token), &bytes), 0);
		assert_int_equal(bytes.len, 32);
		assert_int_equal(enc_base64url_put(&text, buf_slice(&bytes)), 0);
		assert_string_equal(buf_cstr(&text), token);
		for (int j = 0; j < 32; j++)
			any[j] |= (unsigned char)bytes.ptr[j];
	}
	for (int j = 0; j < 32; j++)
		assert_int_equal(any[j], 0xFF);
	rand_token(again);
	assert_string_not_equal(token, again);
	buf_fini(&bytes);
	buf_fini(&text);
}

static void
test_nonce(void **test_state)
{
	char nonce[RAND_NONCE_LEN + 1], again[RAND_NONCE_LEN + 1];
	char any[RAND_NONCE_LEN] = {0};

	(void)test_state;
	rand_nonce(again);
	for (int i = 0; i < 200; i++) {
		rand_nonce(nonce);
		assert_int_equal(strlen(nonce), RAND_NONCE_LEN);
		assert_int_equal(strspn(nonce, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
				 RAND_NONCE_LEN);
		assert_string_not_equal(nonce, again);
		for (int j = 0; j < RAND_NONCE_LEN; j++)
			any[j] = (char)(any[j] | (nonce[j] ^ again[j]));
	}
	for (int j = 0; j < RAND_NONCE_LEN; j++)
		assert_int_equal(any[j], 0x7F); /* each of them varies in all bits of ASCII */
}

static void
test_uuid(void **test_state)
{
	char uuid[RAND_UUID_LEN + 1];

	(void)test_state;
	for (int i = 0; i < 200; i++) {
		rand_uuid(uuid);
		assert_int_equal(strlen(uuid), RAND_UUID_LEN);
		assert_int_equal(strspn(uuid, "0123456789abcdef-"), RAND_UUID_LEN);
		for (int j = 0; j < RAND_UUID_LEN; j++)
			assert_int_equal(uuid[j] == '-', j == 8 || j == 13 || j == 18 || j == 23);
		assert_int_equal(uuid[14], '4');
		assert_non_null(strchr("89ab", uuid[19]));
	}
}

/* Bytes fetched ahead must not be given out by both. */
static void
test_a_child_has_its_own(void **test_state)
{
	uint64_t ours[4], theirs[4];
	int pair[2], status;
	pid_t pid;

	(void)test_state;
	(void)rand_u64();
	assert_int_equal(pipe(pair), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		rand_bytes(theirs, sizeof(theirs));
		_exit(write(pair[1], theirs, sizeof(theirs)) == (ssize_t)sizeof(theirs) ? 0 : 1);
	}
	rand_bytes(ours, sizeof(ours));
	assert_int_equal(read(pair[0], theirs, sizeof(theirs)), (ssize_t)sizeof(theirs));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	for (size_t i = 0; i < ARRAY_LEN(ours); i++)
		assert_true(ours[i] != theirs[i]);
	close(pair[0]);
	close(pair[1]);
}

/* Whatever the size, and however far the store is used up. */
static void
test_no_byte_comes_twice(void **test_state)
{
	unsigned char big[4096] = {0};
	uint64_t seen[512];

	(void)test_state;
	for (size_t i = 0; i < ARRAY_LEN(seen); i++) {
		char skip[7];

		rand_bytes(skip, i % sizeof(skip));
		seen[i] = rand_u64();
		for (size_t j = 0; j < i; j++)
			assert_true(seen[j] != seen[i]);
	}
	rand_bytes(big, sizeof(big));
	assert_false(memcmp(big, big + sizeof(big) / 2, sizeof(big) / 2) == 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_bytes),
	    cmocka_unit_test(test_token),
	    cmocka_unit_test(test_nonce),
	    cmocka_unit_test(test_uuid),
	    cmocka_unit_test(test_a_child_has_its_own),
	    cmocka_unit_test(test_no_byte_comes_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
