/*
 * scan.h - a strict JSON scanner: no recursion, no allocation, no tree
 *
 * What the scanner accepts is what this server calls JSON: RFC 8259 text in well-formed UTF-8, one value with white
 * space around it.  Refused beyond the grammar: a byte order mark, escaped lone surrogates, an escaped NUL in a member
 * name (in a value it is fine), and anything over the limits.  Duplicate names are the caller's matter.
 *
 * Runs in: any process that reads JSON.
 */
#ifndef JSON_SCAN_H
#define JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/err.h"
#include "base/slice.h"

/* No limit may ask for more: the scanner's memory of open brackets is of this size. */
#define JSON_DEPTH_MAX 512

struct json_limits {
	size_t max_bytes;	 /* of the whole text */
	size_t max_string_bytes; /* of one string as written, without quotes */
	uint32_t max_depth;	 /* open objects and arrays; a scalar has depth 0 */
	uint32_t max_values;	 /* members and elements, in all, and the root */
	bool big_int_as_real;	 /* json_parse only: read integers beyond int64 as doubles, not as an error */
};

/* 4 MiB, strings of 1 MiB, depth 64, 200,000 values.  Functions that take limits understand NULL as these. */
extern const struct json_limits json_limits_default;

enum json_kind {
	JSON_KIND_NULL,
	JSON_KIND_FALSE,
	JSON_KIND_TRUE,
	JSON_KIND_INTEGER, /* neither fraction nor exponent, any size */
	JSON_KIND_REAL,
	JSON_KIND_STRING,
	JSON_KIND_ARRAY,
	JSON_KIND_OBJECT
};

/* What one pass learned. */
struct json_facts {
	enum json_kind kind; /* of the root */
	struct slice value;  /* the root without the white space around it */
	uint32_t values;     /* see max_values */
	uint32_t depth;	     /* the deepest point */
	uint32_t big_ints;   /* integers beyond int64 */
	size_t failed_at;    /* offset of the fault, when there is one */
};

/*
 * Checks that `text` is one JSON value.  0; ERR_INVALID: not JSON (or not UTF-8); ERR_LIMIT: over a limit.  facts_r and
 * err may be NULL.
 */
int json_scan_value(struct slice text, const struct json_limits *limits, struct json_facts *facts_r,
		    struct err *err) MUST_CHECK;

/* A member of an object or an element of an array, as slices of the text. */
struct json_item {
	struct slice key;      /* as written, without quotes; SLICE_NONE for an element */
	bool key_has_escape;   /* key must be unescaped before it means anything: json_scan_key_is() does */
	struct slice value;    /* the whole token; a string with its quotes */
	bool value_has_escape; /* a string that holds a backslash */
	enum json_kind kind;
};

/* Gives 0 to go on; anything else ends the scan and is its result. */
typedef int (*json_item_fn)(void *ctx, const struct json_item *item);

/*
 * Scans the whole text in one pass and visits the members of the outermost object (elements of the outermost array) in
 * order, duplicates included.  A visit happens before what follows is known to be JSON: on failure throw away what was
 * learned.  Results as json_scan_value, and ERR_UNSUPPORTED: good JSON, but not an object (array).
 */
int json_scan_object(struct slice text, const struct json_limits *limits, json_item_fn visit, void *ctx,
		     struct err *err) MUST_CHECK;
int json_scan_array(struct slice text, const struct json_limits *limits, json_item_fn visit, void *ctx,
		    struct err *err) MUST_CHECK;

/*
 * Appends the text that a string stands for, as UTF-8; an escaped NUL becomes a NUL byte.  `raw` is the string without
 * quotes, from a scan; ERR_INVALID when it is no such thing, else what the buffer says.
 */
int json_scan_unescape(struct slice raw, struct buf *out) MUST_CHECK;

/* Does a name or string, as written and without quotes, stand for `literal`?  Allocates nothing. */
bool json_scan_key_is(struct slice raw, const char *literal);

/* Do two names, as written and without quotes, stand for the same text? */
bool json_scan_keys_equal(struct slice a, struct slice b);

/* A string token without its quotes. */
struct slice json_scan_unquote(struct slice token);

#endif
