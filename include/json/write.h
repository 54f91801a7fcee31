/*
 * write.h - JSON text into a buffer: from a tree, or piece by piece without one
 *
 * The text is compact, UTF-8 is kept as it is, members stand in the order they were put in.  Reals are as short as they
 * can be and still read back as the same double: 10.1, 5.5, 5.0 (the point stays, so that a real stays a real).
 * Failures (no memory, over the buffer's maximum: ERR_LIMIT) mark the buffer; look once at the end.
 */
#ifndef JSON_WRITE_H
#define JSON_WRITE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/slice.h"

#define JSON_WRITE_DEPTH_MAX 64

/* Commas and brackets of a text being written.  Calls in an order that cannot give JSON are bugs (must). */
struct json_writer {
	struct buf *out;  /* borrowed */
	uint64_t objects; /* one bit per open bracket: is it an object? */
	uint64_t started; /* one bit per open bracket: has it an item yet? */
	uint32_t depth;
	bool after_key;
};

void json_write_init(struct json_writer *w, struct buf *out);

void json_write_begin_object(struct json_writer *w);
void json_write_begin_array(struct json_writer *w);
void json_write_end(struct json_writer *w); /* closes the innermost bracket */
void json_write_key_slice(struct json_writer *w, struct slice key);

void json_write_string(struct json_writer *w, const char *str); /* NULL writes null */
void json_write_slice(struct json_writer *w, struct slice s);	/* as a string */
void json_write_int(struct json_writer *w, int64_t value);
void json_write_real(struct json_writer *w, double value); /* null for what JSON cannot say (NaN, infinity) */
void json_write_bool(struct json_writer *w, bool value);
void json_write_null(struct json_writer *w);
void json_write_tree(struct json_writer *w, const json_t *json);

/* For objects.  They stand here because the length of a literal is known to the compiler. */
static inline void
json_write_key(struct json_writer *w, const char *key)
{
	json_write_key_slice(w, slice_from_str(key));
}

static inline void
json_write_key_string(struct json_writer *w, const char *key, const char *str)
{
	json_write_key(w, key);
	json_write_string(w, str);
}

static inline void
json_write_key_int(struct json_writer *w, const char *key, int64_t value)
{
	json_write_key(w, key);
	json_write_int(w, value);
}

void json_write_key_raw(struct json_writer *w, const char *key, struct slice json); /* one ready value, not looked at */

/* All brackets are closed.  0, or why the buffer failed. */
int json_write_finish(struct json_writer *w) MUST_CHECK;

/*
 * Appends a whole tree.  0, ERR_LIMIT (the buffer's maximum, or deeper than 128 levels), ERR_NOMEM; on failure the
 * buffer is as it was before, and marked failed.
 */
int json_dump_to(struct buf *out, const json_t *json) MUST_CHECK;

#endif
