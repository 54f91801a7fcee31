/*
 * cursor.h - where the next page of a list begins, carried by the client (private to mcp/)
 *
 * A cursor holds its position and a MAC over it, the list and the caller, by the keys that all workers share: any
 * worker can serve the next page, nobody can make one up or use another's, and a full stop of the server makes all of
 * them worthless.
 */
#ifndef MCP_CURSOR_H
#define MCP_CURSOR_H

#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/slice.h"

struct segment_keys;

struct cursor {
	uint32_t row;  /* of the registry */
	uint32_t from; /* behind that row */
};

#define CURSOR_TEXT_LEN 55 /* 9 bytes and the MAC, in base64url */

/* What a cursor is good for: a list with its filter ("resources/list"), and who asked. */
struct cursor_use {
	struct slice list;
	struct slice principal;
};

/* Appends the text.  ERR_NOMEM, or the buffer's failure. */
int cursor_put(struct buf *out, const struct segment_keys *keys, const struct cursor_use *use,
	       const struct cursor *cursor) MUST_CHECK;

/* ERR_INVALID: not ours, of another list or caller, or from before the last full stop.  ERR_NOMEM. */
int cursor_take(struct slice text, const struct segment_keys *keys, const struct cursor_use *use,
		struct cursor *cursor_r) MUST_CHECK;

#endif
