/*
 * header_value.h - values that travel in a header field beside the body (private to mcp/)
 */
#ifndef MCP_HEADER_VALUE_H
#define MCP_HEADER_VALUE_H

#include "base/buf.h"
#include "base/compiler.h"
#include "base/slice.h"

/* printable ASCII, space and tab only. */
bool header_value_is_plain(struct slice value);

/*
 * =?base64?...?= holds the value in base64; anything that lacks either mark is literal.  *value_r points into
 * `header` or into `room`, which is the caller's to finish.  ERR_INVALID: no base64, or no UTF-8 in it.  ERR_NOMEM.
 */
int header_value_decode(struct slice header, struct buf *room, struct slice *value_r) MUST_CHECK;

#endif
