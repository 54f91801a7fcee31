/*
 * test_secret.c - setting, wiping, comparing
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/secret.h"

static void
test_set_and_wipe(void **test_state)
{
	static const struct secret zero;
	struct secret s;

	(void)test_state;
	memset(&s, 0xEE, sizeof(s));
	assert_int_equal(secret_set(&s, SLICE_LIT("a longer one")), 0);
	assert_int_equal(secret_set(&s, SLICE_LIT("pass\0word")), 0);
	assert_true(secret_is_set(&s));
	assert_true(slice_eq(secret_slice(&s), SLICE_LIT("pass\0word")));
	assert_null(memmem(&s, sizeof(s), "one", 3)); /* nothing of the one before */
	secret_wipe(&s);
	assert_false(secret_is_set(&s));
	assert_memory_equal(&s, &zero, sizeof(s));
}

static void
test_limits(void **test_state)
{
	char text[SECRET_MAX + 1];
	struct secret s = {0};

	(void)test_state;
	memset(text, 'x', sizeof(text));
	assert_int_equal(secret_set(&s, slice_of(text, SECRET_MAX)), 0);
	assert_int_equal(strlen(s.bytes), SECRET_MAX);
	assert_int_equal(secret_set(&s, slice_of(text, SECRET_MAX + 1)), ERR_LIMIT);
	assert_int_equal(s.len, SECRET_MAX); /* unchanged */
	assert_int_equal(secret_set(&s, SLICE_NONE), 0);
	assert_false(secret_is_set(&s));
}

static void
test_set_from_itself(void **test_state)
{
	struct secret s = {0};

	(void)test_state;
	assert_int_equal(secret_set(&s, SLICE_LIT("Bearer token")), 0);
	assert_int_equal(secret_set(&s, slice_sub(secret_slice(&s), 7, SIZE_MAX)), 0);
	assert_string_equal(s.bytes, "token");
}

static void
test_eq(void **test_state)
{
	char a[64], b[64];

	(void)test_state;
	assert_true(secret_eq(SLICE_NONE, SLICE_LIT("")));
	assert_true(secret_eq(SLICE_LIT("abc"), SLICE_LIT("abc")));
	assert_false(secret_eq(SLICE_LIT("abc"), SLICE_LIT("abcd")));
	assert_false(secret_eq(SLICE_LIT("abcd"), SLICE_LIT("abc")));
	assert_false(secret_eq(SLICE_LIT("abc"), SLICE_NONE));
	assert_false(secret_eq(SLICE_NONE, SLICE_LIT("\0")));
	assert_false(secret_eq(SLICE_LIT("aa"), SLICE_LIT("a"))); /* the shorter one must not be taken as a pattern */
	memset(a, 'a', sizeof(a));
	for (size_t i = 0; i < sizeof(a); i++) {
		for (int bit = 0; bit < 8; bit++) {
			memcpy(b, a, sizeof(a));
			b[i] = (char)(b[i] ^ 1 << bit);
			assert_false(secret_eq(slice_of(a, sizeof(a)), slice_of(b, sizeof(b))));
		}
	}
	assert_true(secret_eq(slice_of(a, sizeof(a)), slice_of(a, sizeof(a))));
}

static void
test_wipe_bytes(void **test_state)
{
	char text[] = "xxsecretxx";

	(void)test_state;
	secret_wipe_bytes(text + 2, 6);
	assert_memory_equal(text, "xx\0\0\0\0\0\0xx", 10);
	secret_wipe_bytes(NULL, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_set_and_wipe),    cmocka_unit_test(test_limits),
	    cmocka_unit_test(test_set_from_itself), cmocka_unit_test(test_eq),
	    cmocka_unit_test(test_wipe_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
