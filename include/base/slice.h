/*
 * slice.h - borrowed bytes: a pointer and a length, no terminator promised
 *
 * A slice never owns.  Whoever makes one says how long the bytes live.
 */
#ifndef BASE_SLICE_H
#define BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/compiler.h"

struct slice {
	const char *ptr;
	size_t len;
};

#define SLICE_LIT(literal) ((struct slice){"" literal, sizeof(literal) - 1})
#define SLICE_NONE ((struct slice){NULL, 0})
/* For printf("%.*s", SLICE_FMT(s)). */
#define SLICE_FMT(s) (int)(s).len, (s).ptr

static inline struct slice
slice_of(const char *ptr, size_t len)
{
	return (struct slice){ptr, len};
}

/* NULL gives SLICE_NONE.  The length of a literal is known to the compiler; that is why these stand here. */
static inline struct slice
slice_from_str(const char *str)
{
	return str == NULL ? SLICE_NONE : slice_of(str, strlen(str));
}

static inline bool
slice_eq(struct slice a, struct slice b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool
slice_is(struct slice s, const char *literal)
{
	return slice_eq(s, slice_from_str(literal));
}

bool slice_fold_eq(const char *a, const char *b, size_t len); /* ASCII letters of either case are the same */

static inline bool
slice_eq_nocase(struct slice a, struct slice b) /* ASCII only */
{
	return a.len == b.len && slice_fold_eq(a.ptr, b.ptr, a.len);
}

static inline bool
slice_is_nocase(struct slice s, const char *literal)
{
	return slice_eq_nocase(s, slice_from_str(literal));
}

bool slice_has_prefix(struct slice s, const char *prefix);
struct slice slice_trim(struct slice s); /* SP and HTAB at both ends */

/* Clipped to s. */
static inline struct slice
slice_sub(struct slice s, size_t from, size_t len)
{
	if (s.ptr == NULL)
		return s;
	if (from > s.len)
		from = s.len;
	if (len > s.len - from)
		len = s.len - from;
	return slice_of(s.ptr + from, len);
}

/*
 * Cuts *rest at the first `sep`: gives the part before it and moves *rest behind it.  False when *rest was used up,
 * that is SLICE_NONE.  As with strsep(), empty parts count: "a,,b," has four, "" has one, SLICE_NONE has none.
 */
bool slice_next(struct slice *rest, char sep, struct slice *part_r);

/* Position of `c`, or -1. */
ptrdiff_t slice_find(struct slice s, char c);

/* Decimal digits only, no sign, no space; ERR_INVALID otherwise, ERR_LIMIT above `max`. */
int slice_to_u64(struct slice s, uint64_t max, uint64_t *value_r) MUST_CHECK;

/* Copies into an array, NUL-terminated; ERR_LIMIT: does not fit, ERR_INVALID: holds a NUL; then dst is "". */
int slice_to_str(struct slice s, char *dst, size_t cap) MUST_CHECK;

bool slice_is_utf8(struct slice s);    /* well formed: no overlong forms, surrogates or code points above 10FFFF */
size_t slice_utf8_len(struct slice s); /* bytes of the character at the front; 0 when it is malformed or s is empty */

#endif
