/*
 * sse.h - framing of server-sent events (text/event-stream); pure functions
 *
 * Each event is one `data:` line, so data with a line break is refused, not split.
 */
#ifndef HTTP_SSE_H
#define HTTP_SSE_H

#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/slice.h"

/*
 * Appends "id: ID\ndata: DATA\n\n"; an empty id leaves its line out.  Empty data makes the priming event of R-100.
 * ERR_INVALID when id or data hold CR, LF or (id) NUL; *out is then untouched.  Else as buf.h.
 */
int http_sse_put_event(struct buf *out, struct slice id, struct slice data) MUST_CHECK;

int http_sse_put_retry(struct buf *out, uint32_t retry_ms) MUST_CHECK; /* "retry: 1000\n\n" */

#endif
