/*
 * test_frames.c - frames survive the way, and nothing else passes for one
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "frames.h"

static struct frame
full_frame(enum frame_kind kind)
{
	return (struct frame){
	    .kind = kind,
	    .slot = 3,
	    .pid = 4000000000u,
	    .principal = SLICE_LIT("alice"),
	    .session = SLICE_LIT("0123456789"),
	    .id = SLICE_LIT("\"a-1\""),
	    .body = SLICE_LIT("{\"jsonrpc\":\"2.0\"}"),
	    .stream = 7,
	    .number = UINT64_MAX,
	    .offset = 65536,
	    .total = 1ull << 40,
	    .cookie = 99,
	    .digests = {1, 2, 3},
	};
}

static struct buf
written(const struct frame *frame)
{
	struct buf out;

	buf_init(&out, MCP_FRAME_MAX);
	assert_int_equal(frame_write(&out, frame), 0);
	return out;
}

static void
every_kind_survives(void **state)
{
	(void)state;
	for (int kind = 1; kind < FRAME_KINDS; kind++) {
		struct frame frame = full_frame((enum frame_kind)kind), back;
		struct buf bytes = written(&frame), again;

		assert_int_equal(frame_read(buf_slice(&bytes), &back), 0);
		assert_int_equal(back.kind, kind);
		assert_int_equal(back.slot, 3);
		assert_int_equal(back.pid, 4000000000u);
		again = written(&back);
		assert_true(slice_eq(buf_slice(&bytes), buf_slice(&again)));
		buf_fini(&again);
		buf_fini(&bytes);
	}
}

static void
a_kind_has_its_own_fields_only(void **state)
{
	struct frame frame = full_frame(FRAME_CANCEL), back;
	struct buf bytes = written(&frame);

	(void)state;
	assert_int_equal(frame_read(buf_slice(&bytes), &back), 0);
	assert_true(slice_is(back.principal, "alice"));
	assert_true(slice_is(back.session, "0123456789"));
	assert_true(slice_is(back.id, "\"a-1\""));
	assert_null(back.body.ptr);
	assert_int_equal(back.cookie, 0);
	buf_fini(&bytes);
}

static void
what_is_cut_or_longer_is_refused(void **state)
{
	(void)state;
	for (int kind = 1; kind < FRAME_KINDS; kind++) {
		struct frame frame = full_frame((enum frame_kind)kind), back;
		struct buf bytes = written(&frame);

		for (size_t len = 0; len < bytes.len; len++) {
			char *cut = malloc(len > 0 ? len : 1);

			assert_non_null(cut);
			memcpy(cut, bytes.ptr, len);
			assert_int_equal(frame_read(slice_of(cut, len), &back), ERR_INVALID);
			free(cut);
		}
		buf_put_char(&bytes, '\0');
		assert_int_equal(frame_read(buf_slice(&bytes), &back), ERR_INVALID);
		buf_fini(&bytes);
	}
}

static void
another_version_or_kind_is_refused(void **state)
{
	struct frame frame = full_frame(FRAME_WAIT), back;
	struct buf bytes = written(&frame);

	(void)state;
	bytes.ptr[0] = FRAME_VERSION + 1;
	assert_int_equal(frame_read(buf_slice(&bytes), &back), ERR_INVALID);
	bytes.ptr[0] = FRAME_VERSION;
	bytes.ptr[1] = FRAME_KINDS;
	assert_int_equal(frame_read(buf_slice(&bytes), &back), ERR_INVALID);
	bytes.ptr[1] = 0;
	assert_int_equal(frame_read(buf_slice(&bytes), &back), ERR_INVALID);
	bytes.ptr[1] = FRAME_WAIT;
	bytes.ptr[2] = 1;
	assert_int_equal(frame_read(buf_slice(&bytes), &back), ERR_INVALID);
	bytes.ptr[2] = 0;
	assert_int_equal(frame_read(buf_slice(&bytes), &back), 0);
	buf_fini(&bytes);
}

static void
fields_have_maxima(void **state)
{
	static char large[FRAME_BODY_MAX + 1];
	struct frame frame = full_frame(FRAME_RESPONSE), back;
	struct buf out;

	(void)state;
	memset(large, 'x', sizeof(large));
	frame.body = slice_of(large, FRAME_BODY_MAX);
	out = written(&frame);
	assert_int_equal(frame_read(buf_slice(&out), &back), 0);
	assert_int_equal(back.body.len, FRAME_BODY_MAX);
	buf_clear(&out);
	frame.body.len++;
	assert_int_equal(frame_write(&out, &frame), ERR_LIMIT);
	buf_clear(&out);
	frame = full_frame(FRAME_CANCEL);
	frame.principal = slice_of(large, FRAME_PRINCIPAL_MAX + 1);
	assert_int_equal(frame_write(&out, &frame), ERR_LIMIT);
	buf_fini(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_kind_survives),
	    cmocka_unit_test(a_kind_has_its_own_fields_only),
	    cmocka_unit_test(what_is_cut_or_longer_is_refused),
	    cmocka_unit_test(another_version_or_kind_is_refused),
	    cmocka_unit_test(fields_have_maxima),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
