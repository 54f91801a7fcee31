/*
 * fuzz_frames.c - any bytes as a frame of another worker: no crash; what is accepted is written again as the same bytes
 */
#include <stdint.h>

#include "mcp/frames.h"
#include "base/err.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice bytes = slice_of((const char *)data, size);
	struct frame frame;
	struct buf again;

	if (frame_read(bytes, &frame) < 0)
		return 0;
	buf_init(&again, MCP_FRAME_MAX);
	must(frame_write(&again, &frame) == 0 && slice_eq(buf_slice(&again), bytes));
	buf_fini(&again);
	return 0;
}
