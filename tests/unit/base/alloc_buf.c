/*
 * alloc_buf.c - a buffer without memory keeps what it has and says so
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/enc.h"
#include "base/err.h"
#include "torture.h"

static int
fill(struct buf *b)
{
	char *taken = NULL;
	size_t len = 0;
	int r = 0;

	for (int i = 0; i < 400; i++) {
		size_t before = b->len;

		r = buf_printf(b, "%d,", i);
		if (r < 0) {
			assert_int_equal(r, ERR_NOMEM);
			assert_int_equal(b->len, before);
			assert_int_equal(strlen(buf_cstr(b)), before);
			break;
		}
	}
	enc_json_put(b, SLICE_LIT("\x01 text"));
	enc_base64_put(b, SLICE_LIT("text"));
	assert_int_equal(b->failed, r);
	taken = buf_take(b, &len);
	assert_true((taken == NULL) == (r < 0));
	if (taken != NULL)
		assert_int_equal(strlen(taken), len);
	free(taken);
	buf_fini(b);
	return r;
}

static int
plain_scenario(void *ctx)
{
	struct buf b;

	(void)ctx;
	buf_init(&b, 65536);
	return fill(&b);
}

static int
secret_scenario(void *ctx)
{
	struct buf b;

	(void)ctx;
	buf_init_secret(&b, 65536);
	return fill(&b);
}

static int
take_empty_scenario(void *ctx)
{
	struct buf b;
	char *taken;
	int failed;

	(void)ctx;
	buf_init(&b, 10);
	taken = buf_take(&b, NULL);
	failed = b.failed;
	assert_true((taken == NULL) == (failed != 0));
	free(taken);
	buf_fini(&b);
	return failed;
}

static void
test_buf(void **test_state)
{
	(void)test_state;
	torture("plain", plain_scenario, NULL);
	assert_true(torture_failures() >= 4); /* 64, 128, ... 2048 */
	torture("secret", secret_scenario, NULL);
	assert_true(torture_failures() >= 4);
	torture("take empty", take_empty_scenario, NULL);
	assert_int_equal(torture_failures(), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_buf)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
