/*
 * test_buf.c - growth, maxima, failure, wiping
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/err.h"
#include "expect_abort.h"

static void
test_empty(void **test_state)
{
	struct buf b;

	(void)test_state;
	buf_init(&b, 10);
	assert_null(b.ptr);
	assert_string_equal(buf_cstr(&b), "");
	assert_int_equal(buf_slice(&b).len, 0);
	assert_non_null(buf_slice(&b).ptr);
	buf_truncate(&b, 0);
	buf_truncate(&b, 5);
	buf_consume(&b, 0);
	buf_clear(&b);
	assert_int_equal(buf_put(&b, NULL, 0), 0);
	buf_fini(&b);
	buf_fini(&b);
}

static void
test_puts(void **test_state)
{
	struct buf b;

	(void)test_state;
	buf_init(&b, 1000);
	assert_int_equal(buf_put(&b, "a\0b", 3), 0);
	assert_int_equal(b.len, 3);
	assert_memory_equal(b.ptr, "a\0b", 4);
	buf_clear(&b);
	buf_put_str(&b, "one ");
	buf_put_slice(&b, SLICE_LIT("two "));
	buf_put_char(&b, '3');
	buf_put_char(&b, ' ');
	buf_printf(&b, "%s%d %c", "", 4, 'x');
	assert_string_equal(buf_cstr(&b), "one two 3 4 x");
	assert_int_equal(b.len, 13);
	assert_int_equal(b.failed, 0);
	buf_fini(&b);
}

static void
test_numbers(void **test_state)
{
	struct buf b;

	(void)test_state;
	buf_init(&b, 1000);
	buf_put_u64(&b, 0);
	buf_put_char(&b, ' ');
	buf_put_u64(&b, UINT64_MAX);
	buf_put_char(&b, ' ');
	buf_put_i64(&b, INT64_MIN);
	buf_put_char(&b, ' ');
	buf_put_i64(&b, INT64_MAX);
	buf_put_char(&b, ' ');
	buf_put_i64(&b, -1);
	buf_put_i64(&b, 0);
	assert_string_equal(buf_cstr(&b), "0 18446744073709551615 -9223372036854775808 9223372036854775807 -10");
	buf_fini(&b);
}

static void
test_growth_doubles_to_the_maximum(void **test_state)
{
	struct buf b;
	size_t moves = 0;

	(void)test_state;
	buf_init(&b, 100000);
	for (int i = 0; i < 100000; i++) {
		size_t cap = b.cap;

		assert_int_equal(buf_put_char(&b, (char)('a' + i % 26)), 0);
		moves += b.cap != cap;
	}
	assert_int_equal(b.cap, 100001);
	assert_true(moves < 16);
	for (int i = 0; i < 100000; i++)
		assert_int_equal(b.ptr[i], 'a' + i % 26);
	assert_int_equal(buf_put_char(&b, 'x'), ERR_LIMIT);
	assert_int_equal(b.len, 100000);
	buf_fini(&b);
}

static void
test_exactly_the_maximum(void **test_state)
{
	struct buf b;

	(void)test_state;
	buf_init(&b, 5);
	assert_int_equal(buf_put_str(&b, "12345"), 0);
	assert_string_equal(buf_cstr(&b), "12345");
	assert_int_equal(buf_put(&b, "", 0), 0);
	assert_int_equal(buf_put_char(&b, '6'), ERR_LIMIT);
	assert_string_equal(buf_cstr(&b), "12345");
	buf_fini(&b);
	buf_init(&b, 0);
	assert_int_equal(buf_put(&b, "", 0), 0);
	assert_string_equal(buf_cstr(&b), "");
	assert_int_equal(buf_put_char(&b, 'x'), ERR_LIMIT);
	buf_fini(&b);
}

static void
test_failure_stays(void **test_state)
{
	struct buf b;

	(void)test_state;
	buf_init(&b, 8);
	buf_put_str(&b, "1234");
	assert_int_equal(buf_put_str(&b, "56789"), ERR_LIMIT);
	assert_string_equal(buf_cstr(&b), "1234");
	assert_int_equal(buf_put_char(&b, '5'), ERR_LIMIT); /* it would fit, but a gap must not go unnoticed */
	assert_int_equal(buf_reserve(&b, 0), ERR_LIMIT);
	assert_int_equal(buf_printf(&b, "x"), ERR_LIMIT);
	assert_int_equal(buf_put_u64(&b, 1), ERR_LIMIT);
	assert_string_equal(buf_cstr(&b), "1234");
	assert_int_equal(b.failed, ERR_LIMIT);
	assert_null(buf_take(&b, NULL));
	buf_truncate(&b, 2);
	assert_int_equal(b.failed, ERR_LIMIT);
	buf_clear(&b);
	assert_int_equal(b.failed, 0);
	assert_int_equal(buf_put_str(&b, "12345678"), 0);
	buf_fini(&b);
}

static void
test_put_is_whole_or_nothing(void **test_state)
{
	struct buf b;

	(void)test_state;
	buf_init(&b, 8);
	buf_put_str(&b, "123456");
	assert_int_equal(buf_put_i64(&b, -42), ERR_LIMIT); /* the sign alone would fit */
	assert_string_equal(buf_cstr(&b), "123456");
	buf_clear(&b);
	buf_put_str(&b, "123456");
	assert_int_equal(buf_printf(&b, "%s", "789"), ERR_LIMIT);
	assert_string_equal(buf_cstr(&b), "123456");
	buf_clear(&b);
	assert_int_equal(buf_printf(&b, "%s", "12345678"), 0);
	assert_string_equal(buf_cstr(&b), "12345678");
	assert_int_equal(buf_reserve(&b, SIZE_MAX), ERR_LIMIT);
	buf_fini(&b);
}

static void
test_reserve(void **test_state)
{
	struct buf b;
	char *before;

	(void)test_state;
	buf_init(&b, 5000);
	assert_int_equal(buf_reserve(&b, 4000), 0);
	before = b.ptr;
	for (int i = 0; i < 4000; i++)
		buf_put_char(&b, 'x');
	assert_ptr_equal(b.ptr, before);
	buf_fini(&b);
}

static void
test_consume_and_truncate(void **test_state)
{
	struct buf b;

	(void)test_state;
	buf_init(&b, 100);
	buf_put_str(&b, "0123456789");
	buf_consume(&b, 3);
	assert_string_equal(buf_cstr(&b), "3456789");
	buf_truncate(&b, 4);
	assert_string_equal(buf_cstr(&b), "3456");
	buf_truncate(&b, 9);
	assert_int_equal(b.len, 4);
	buf_put_str(&b, "x");
	buf_consume(&b, 5);
	assert_string_equal(buf_cstr(&b), "");
	buf_put_str(&b, "y");
	assert_string_equal(buf_cstr(&b), "y");
	buf_fini(&b);
}

static void
test_take(void **test_state)
{
	struct buf b;
	size_t len = 99;
	char *taken;

	(void)test_state;
	buf_init(&b, 100);
	buf_put_str(&b, "text");
	taken = buf_take(&b, &len);
	assert_string_equal(taken, "text");
	assert_int_equal(len, 4);
	free(taken);
	assert_int_equal(b.len, 0);
	taken = buf_take(&b, &len);
	assert_string_equal(taken, "");
	assert_int_equal(len, 0);
	free(taken);
	assert_int_equal(buf_put_str(&b, "again"), 0);
	assert_int_equal(b.max, 100);
	buf_fini(&b);
}

/* ---- Secrets ----------------------------------------------------------------------------------------------------- */

static bool
holds(const struct buf *b, const char *word)
{
	return memmem(b->ptr, b->cap, word, strlen(word)) != NULL;
}

/* Looks at all bytes of the allocation, also those behind len: there a plain buffer keeps what was cut. */
static void
test_secret_is_wiped_when_cut(void **test_state)
{
	struct buf b;

	(void)test_state;
	buf_init_secret(&b, 1000);
	assert_int_equal(buf_reserve(&b, 500), 0);
	memset(b.ptr, 0, b.cap);
	buf_put_str(&b, "user:hunter2");
	assert_true(holds(&b, "hunter2"));
	buf_truncate(&b, 5);
	assert_false(holds(&b, "hunter2"));
	assert_string_equal(buf_cstr(&b), "user:");
	buf_put_str(&b, "hunter2");
	buf_consume(&b, 12);
	assert_false(holds(&b, "hunter2"));
	buf_put_str(&b, "user:hunter2");
	buf_consume(&b, 2);
	assert_string_equal(buf_cstr(&b), "er:hunter2");
	buf_clear(&b);
	assert_false(holds(&b, "unter2"));
	buf_fini(&b);
}

static void
test_secret_survives_growth(void **test_state)
{
	struct buf b;

	(void)test_state;
	buf_init_secret(&b, 100000);
	for (int i = 0; i < 20000; i++)
		assert_int_equal(buf_put_char(&b, (char)('a' + i % 26)), 0);
	for (int i = 0; i < 20000; i++)
		assert_int_equal(b.ptr[i], 'a' + i % 26);
	buf_fini(&b);
	assert_true(b.wipe);
}

static void
consume_too_much(void *arg)
{
	struct buf b;

	(void)arg;
	buf_init(&b, 10);
	buf_put_str(&b, "abc");
	buf_consume(&b, 4);
}

static void
no_maximum(void *arg)
{
	struct buf b;

	(void)arg;
	buf_init(&b, SIZE_MAX);
}

static void
test_misuse_aborts(void **test_state)
{
	(void)test_state;
	expect_abort(consume_too_much, NULL);
	expect_abort(no_maximum, NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_empty),
	    cmocka_unit_test(test_puts),
	    cmocka_unit_test(test_numbers),
	    cmocka_unit_test(test_growth_doubles_to_the_maximum),
	    cmocka_unit_test(test_exactly_the_maximum),
	    cmocka_unit_test(test_failure_stays),
	    cmocka_unit_test(test_put_is_whole_or_nothing),
	    cmocka_unit_test(test_reserve),
	    cmocka_unit_test(test_consume_and_truncate),
	    cmocka_unit_test(test_take),
	    cmocka_unit_test(test_secret_is_wiped_when_cut),
	    cmocka_unit_test(test_secret_survives_growth),
	    cmocka_unit_test(test_misuse_aborts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
