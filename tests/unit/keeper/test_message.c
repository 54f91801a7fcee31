/*
 * test_message.c - fields, lists and frames, whole and broken
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "encode.h"

static void
fields_come_back(void **state)
{
	struct message in = {.number[NUMBER_NOW] = 1, .number[NUMBER_MORE] = UINT64_MAX};
	struct message out;
	struct buf payload;

	(void)state;
	in.text[TEXT_ID] = SLICE_LIT("id");
	in.text[TEXT_ERROR] = slice_of("a\0b", 3);
	in.text[TEXT_LIST] = SLICE_LIT("");
	buf_init(&payload, MESSAGE_MAX);
	message_encode(&payload, &in);
	assert_int_equal(message_decode(buf_slice(&payload), &out), 0);
	for (size_t i = 0; i < MESSAGE_NUMBERS; i++)
		assert_true(in.number[i] == out.number[i]);
	for (size_t i = 0; i < MESSAGE_TEXTS; i++)
		assert_true((in.text[i].ptr == NULL) == (out.text[i].ptr == NULL) && slice_eq(in.text[i], out.text[i]));
	buf_fini(&payload);
}

static void
every_cut_payload_is_refused(void **state)
{
	struct message in = {.number[NUMBER_NOW] = 77};
	struct message out;
	struct buf payload;
	unsigned whole = 0;

	(void)state;
	in.text[TEXT_ID] = SLICE_LIT("identity");
	buf_init(&payload, MESSAGE_MAX);
	message_encode(&payload, &in);
	for (size_t len = 1; len < payload.len; len++)
		whole += message_decode(slice_of(payload.ptr, len), &out) == 0;
	assert_int_equal(whole, 1); /* between the two fields */
	buf_fini(&payload);
}

static void
unknown_fields_are_passed_over_and_doubles_refused(void **state)
{
	static const char unknown[] = "\xFF"
				      "12345678"
				      "\x7F\x03\0\0\0abc"
				      "\x01\x02\0\0\0id";
	static const char twice[] = "\x01\x01\0\0\0a"
				    "\x01\x01\0\0\0b";
	struct message out;

	(void)state;
	assert_int_equal(message_decode(slice_of(unknown, sizeof(unknown) - 1), &out), 0);
	assert_true(slice_is(out.text[TEXT_ID], "id"));
	assert_int_equal(message_decode(slice_of(twice, sizeof(twice) - 1), &out), ERR_INVALID);
}

static void
lists_come_back(void **state)
{
	const struct keeper_entry entries[] = {
	    {.item = 9999,
	     .step = 65535,
	     .status = KEEPER_ERROR,
	     .at_wall_ms = 1700000000000,
	     .detail = SLICE_LIT("{}")},
	    {.item = 0, .step = 0, .status = KEEPER_PENDING, .at_wall_ms = 0, .detail = SLICE_NONE},
	};
	struct keeper_entry entry;
	struct slice rest, item;
	struct buf list;
	size_t n = 0;

	(void)state;
	buf_init(&list, MESSAGE_MAX);
	for (size_t i = 0; i < 2; i++)
		message_put_entry(&list, &entries[i]);
	rest = buf_slice(&list);
	while (message_next_entry(&rest, &entry)) {
		assert_int_equal(entry.item, entries[n].item);
		assert_int_equal(entry.step, entries[n].step);
		assert_int_equal(entry.status, entries[n].status);
		assert_true(entry.at_wall_ms == entries[n].at_wall_ms);
		assert_true((entry.detail.ptr == NULL) == (entries[n].detail.ptr == NULL));
		assert_true(slice_eq(entry.detail, entries[n].detail));
		n++;
	}
	assert_int_equal(n, 2);
	assert_null(rest.ptr);

	list.ptr[6] = KEEPER_STATUS_COUNT;
	rest = buf_slice(&list);
	assert_false(message_next_entry(&rest, &entry));
	assert_non_null(rest.ptr);

	buf_clear(&list);
	message_put_item(&list, SLICE_LIT("one"));
	rest = slice_of(list.ptr, list.len - 1);
	assert_false(message_next_item(&rest, &item));
	assert_non_null(rest.ptr);
	buf_fini(&list);
}

static void
rows_come_back(void **state)
{
	const struct message_row row = {.index = 7, .json = SLICE_LIT("{\"a\":1}"), .steps = SLICE_LIT("steps")};
	struct message_row back;
	struct slice rest;
	struct buf list;

	(void)state;
	buf_init(&list, MESSAGE_MAX);
	message_put_row(&list, &row);
	rest = buf_slice(&list);
	assert_true(message_next_row(&rest, &back));
	assert_int_equal(back.index, 7);
	assert_true(slice_eq(back.json, row.json) && slice_eq(back.steps, row.steps));
	assert_false(message_next_row(&rest, &back));
	assert_null(rest.ptr);
	buf_fini(&list);
}

/* Gives the frames of a payload of `len` bytes to a reader in pieces of `step`. */
static void
read_in_pieces(size_t len, size_t step)
{
	struct message_reader reader;
	struct buf payload, frames;
	struct slice bytes = SLICE_NONE;
	size_t have = 0;
	int r = 0;

	buf_init(&payload, MESSAGE_MAX);
	buf_init(&frames, 2 * MESSAGE_MAX);
	for (size_t i = 0; i < len; i++)
		buf_put_char(&payload, (char)(i * 31 >> 3));
	assert_int_equal(message_put_frames(&frames, MESSAGE_JOURNAL, 42, buf_slice(&payload)), 0);
	message_reader_init(&reader);
	bytes.ptr = frames.ptr;
	while (r == 0) {
		have = have + step < frames.len ? have + step : frames.len;
		bytes.len = (size_t)(frames.ptr + have - bytes.ptr);
		r = message_read(&reader, &bytes);
		assert_true(r == 1 || have < frames.len);
	}
	assert_int_equal(r, 1);
	assert_int_equal(reader.type, MESSAGE_JOURNAL);
	assert_int_equal(reader.call, 42);
	assert_true(slice_eq(buf_slice(&reader.payload), buf_slice(&payload)));
	message_reader_fini(&reader);
	buf_fini(&payload);
	buf_fini(&frames);
}

static void
messages_of_any_length_travel(void **state)
{
	(void)state;
	read_in_pieces(0, 1);
	read_in_pieces(1, 1);
	read_in_pieces(100, 7);
	read_in_pieces(MESSAGE_FRAME_MAX, 4096);
	read_in_pieces(MESSAGE_FRAME_MAX + 1, 4096);
	read_in_pieces(3 * MESSAGE_FRAME_MAX, 100000);
	read_in_pieces(MESSAGE_MAX, 1 << 20);
}

static int
read_bytes(const char *bytes, size_t len)
{
	struct message_reader reader;
	struct slice rest = slice_of(bytes, len);
	int r;

	message_reader_init(&reader);
	r = message_read(&reader, &rest);
	message_reader_fini(&reader);
	return r;
}

static void
frames_of_another_language_are_refused(void **state)
{
	static const char version[] = "\0\0\0\0\x02\0\x01\0\x01\0\0\0";
	static const char flags[] = "\0\0\0\0\x01\x02\x01\0\x01\0\0\0";
	static const char length[] = "\x01\0\x04\0\x01\0\x01\0\x01\0\0\0";
	static const char endless[] = "\0\0\0\0\x01\x01\x01\0\x01\0\0\0";
	static const char mixed[] = "\x01\0\0\0\x01\x01\x01\0\x01\0\0\0x"
				    "\x01\0\0\0\x01\0\x01\0\x02\0\0\0x";

	(void)state;
	assert_int_equal(read_bytes(version, 12), ERR_UNSUPPORTED);
	assert_int_equal(read_bytes(flags, 12), ERR_INVALID);
	assert_int_equal(read_bytes(length, 12), ERR_INVALID);
	assert_int_equal(read_bytes(endless, 12), ERR_INVALID);
	assert_int_equal(read_bytes(mixed, sizeof(mixed) - 1), ERR_INVALID);
	assert_int_equal(read_bytes("GET / HTTP/1.1\r\n", 16), ERR_UNSUPPORTED);
}

static void
a_message_without_end_is_cut(void **state)
{
	static const char head[] = "\0\0\x04\0\x01\x01\x01\0\x01\0\0\0";
	struct message_reader reader;
	struct slice rest;
	char *frame = calloc(1, MESSAGE_HEAD_LEN + MESSAGE_FRAME_MAX);
	int r = 0, n = 0;

	(void)state;
	assert_non_null(frame);
	memcpy(frame, head, MESSAGE_HEAD_LEN);
	message_reader_init(&reader);
	for (; r == 0; n++) {
		rest = slice_of(frame, MESSAGE_HEAD_LEN + MESSAGE_FRAME_MAX);
		r = message_read(&reader, &rest);
	}
	assert_int_equal(r, ERR_LIMIT);
	assert_int_equal(n, MESSAGE_MAX / MESSAGE_FRAME_MAX + 1);
	message_reader_fini(&reader);
	free(frame);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(fields_come_back),
	    cmocka_unit_test(every_cut_payload_is_refused),
	    cmocka_unit_test(unknown_fields_are_passed_over_and_doubles_refused),
	    cmocka_unit_test(lists_come_back),
	    cmocka_unit_test(rows_come_back),
	    cmocka_unit_test(messages_of_any_length_travel),
	    cmocka_unit_test(frames_of_another_language_are_refused),
	    cmocka_unit_test(a_message_without_end_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
