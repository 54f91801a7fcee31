/*
 * fuzz_cursor.c - any text as a cursor: no crash, and none that we did not make is taken
 */
#include <stdint.h>
#include <stdlib.h>

#include "../../src/mcp/cursor.h"
#include "base/err.h"
#include "shm/segment.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct segment_keys *keys;
	const struct cursor_use use = {.list = SLICE_LIT("resources/list"), .principal = SLICE_LIT("alice")};
	struct cursor cursor = {.row = (uint32_t)size, .from = size > 0 ? data[0] : 0}, back;
	struct buf out;
	struct err err;

	if (keys == NULL)
		must(segment_keys_create(&keys, &err) == 0);
	must(cursor_take(slice_of((const char *)data, size), keys, &use, &back) == ERR_INVALID);
	buf_init(&out, CURSOR_TEXT_LEN);
	must(cursor_put(&out, keys, &use, &cursor) == 0);
	must(cursor_take(buf_slice(&out), keys, &use, &back) == 0 && back.row == cursor.row &&
	     back.from == cursor.from);
	buf_fini(&out);
	return 0;
}
