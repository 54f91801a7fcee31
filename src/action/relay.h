/*
 * relay.h - a shop's answer handed on as text (private to action/)
 *
 * For reads that give what Magento says: the answer goes to the result in one pass, without a tree, relieved of control
 * characters.
 */
#ifndef ACTION_RELAY_H
#define ACTION_RELAY_H

#include <stddef.h>

#include "base/buf.h"
#include "base/slice.h"
#include "json/relay.h"

struct relay {
	struct buf *out; /* a compact JSON value is appended; it may fail, with ERR_LIMIT too */
	const struct json_relay_drop *drop;
};

/* To be a request's `read`; ctx is a struct relay. */
int relay_read(void *ctx, struct slice body, size_t max_bytes);

#endif
