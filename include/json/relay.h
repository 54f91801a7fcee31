/*
 * relay.h - JSON text of somebody else's handed on in one pass, without a tree
 *
 * What comes out is, byte for byte, what json_parse(), taking the control characters out of strings, and json_dump_to()
 * would give: compact, no name twice in an object, numbers as we write them.  Text that is so already, as that of most
 * shops is, is copied in long runs.
 *
 * Runs in: worker, on the loop or on a fiber (6 KiB of stack).
 */
#ifndef JSON_RELAY_H
#define JSON_RELAY_H

#include <jansson.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/slice.h"
#include "json/scan.h"

/* What is left out: the member `member` of the objects in the array `list`, which is a member of the outermost object.
 */
struct json_relay_drop {
	const char *list;
	const char *member;
};

/*
 * Appends the value in `text` to `out`.  Left out of string values are C0 controls but line feed and tab, DEL and C1;
 * integers beyond int64 become reals.  `drop` may be NULL.  Results as json_parse(), where of several faults any may be
 * told, and ERR_UNSUPPORTED: only a tree can tell (names with escapes, very many names); and what `out` says when it
 * failed.  On failure nothing was appended.
 */
int json_relay(struct slice text, const struct json_limits *limits, const struct json_relay_drop *drop,
	       struct buf *out) MUST_CHECK;

/* The same leaving out in a tree. */
void json_relay_drop_from(json_t *tree, const struct json_relay_drop *drop);

/* Bytes of the control character at `at` that texts are relieved of; 0 when there is none. */
size_t json_control_len(struct slice text, size_t at);

#endif
