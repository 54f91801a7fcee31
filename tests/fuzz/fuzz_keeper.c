/*
 * fuzz_keeper.c - any bytes on the keeper's socket: no crash; what is accepted is written again as the same message,
 * and every list ends or is known to be malformed
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "../unit/keeper/encode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_lists(struct slice list)
{
	struct keeper_entry entry;
	struct message_row row;
	struct slice rest = list;
	struct slice item;
	struct buf again;
	uint64_t fence;
	size_t n = 0;

	buf_init(&again, MESSAGE_MAX);
	while (message_next_entry(&rest, &entry)) {
		must((unsigned)entry.status < KEEPER_STATUS_COUNT);
		message_put_entry(&again, &entry);
	}
	must(rest.ptr != NULL || slice_eq(buf_slice(&again), list));
	buf_clear(&again);
	for (rest = list; message_next_row(&rest, &row); n++)
		message_put_row(&again, &row);
	must(rest.ptr != NULL || slice_eq(buf_slice(&again), list));
	for (rest = list; message_next_item(&rest, &item); n++)
		must(item.ptr >= list.ptr && item.ptr + item.len <= list.ptr + list.len);
	for (rest = list; message_next_fence(&rest, &fence); n++)
		continue;
	must(n <= list.len);
	buf_fini(&again);
}

/* What was decoded can be encoded, and gives the same fields. */
static void
check_fields(struct slice payload)
{
	struct message message, back;
	struct buf again;

	if (message_decode(payload, &message) < 0)
		return;
	buf_init(&again, MESSAGE_MAX + 1024);
	message_encode(&again, &message);
	must(again.failed == 0 && again.len <= payload.len);
	must(message_decode(buf_slice(&again), &back) == 0);
	for (size_t i = 1; i < MESSAGE_NUMBERS; i++)
		must(message.number[i] == back.number[i]);
	for (size_t i = 1; i < MESSAGE_TEXTS; i++)
		must((message.text[i].ptr == NULL) == (back.text[i].ptr == NULL) &&
		     slice_eq(message.text[i], back.text[i]));
	if (message.text[TEXT_LIST].ptr != NULL)
		check_lists(message.text[TEXT_LIST]);
	buf_fini(&again);
}

static void
check_frames(const struct message_reader *reader)
{
	struct message_reader back;
	struct slice bytes;
	struct buf frames;

	buf_init(&frames, 2 * MESSAGE_MAX);
	message_reader_init(&back);
	must(message_put_frames(&frames, reader->type, reader->call, buf_slice(&reader->payload)) == 0);
	bytes = buf_slice(&frames);
	must(message_read(&back, &bytes) == 1 && bytes.len == 0);
	must(back.type == reader->type && back.call == reader->call);
	must(slice_eq(buf_slice(&back.payload), buf_slice(&reader->payload)));
	message_reader_fini(&back);
	buf_fini(&frames);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice bytes = slice_of((const char *)data, size);
	struct message_reader reader;

	check_fields(bytes);
	message_reader_init(&reader);
	while (message_read(&reader, &bytes) == 1) {
		check_fields(buf_slice(&reader.payload));
		check_frames(&reader);
		buf_clear(&reader.payload);
	}
	must(bytes.len <= size);
	message_reader_fini(&reader);
	return 0;
}
