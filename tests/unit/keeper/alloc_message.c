/*
 * alloc_message.c - messages and calls when memory runs out
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "encode.h"
#include "torture.h"

static int
there_and_back(void *ctx)
{
	struct message_reader reader;
	struct message in = {.number[NUMBER_NOW] = 5};
	struct message out;
	struct buf payload, frames;
	struct slice bytes;
	int r;

	(void)ctx;
	in.text[TEXT_LIST] =
	    SLICE_LIT("some bytes that are long enough to make the buffers grow once or twice or more");
	buf_init(&payload, MESSAGE_MAX);
	buf_init(&frames, MESSAGE_MAX);
	message_reader_init(&reader);
	for (int i = 0; i < 3; i++) {
		buf_clear(&payload);
		message_encode(&payload, &in);
		in.text[TEXT_ARGUMENTS] = SLICE_LIT("again");
	}
	r = payload.failed;
	if (r == 0)
		r = message_put_frames(&frames, MESSAGE_JOURNAL, 1, buf_slice(&payload));
	bytes = buf_slice(&frames);
	if (r == 0)
		r = message_read(&reader, &bytes) == 1 ? 0 : ERR_NOMEM;
	if (r == 0) {
		r = message_decode(buf_slice(&reader.payload), &out);
		assert_int_equal(r, 0);
		assert_true(slice_eq(in.text[TEXT_LIST], out.text[TEXT_LIST]));
	}
	message_reader_fini(&reader);
	buf_fini(&payload);
	buf_fini(&frames);
	return r;
}

static void
messages_without_memory(void **state)
{
	(void)state;
	torture("message", there_and_back, NULL);
	assert_true(torture_failures() > 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(messages_without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
