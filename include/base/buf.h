/*
 * buf.h - a growing byte buffer that is born with its maximum
 *
 * The bytes are always followed by a NUL that is not counted.  A put that fails (no memory, or over the maximum) leaves
 * the buffer as it was and marks it `failed`; later puts fail too.  So a writer may put freely and look once at the
 * end.  What is put must not lie in the same buffer.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/compiler.h"
#include "base/slice.h"

struct buf {
	char *ptr; /* NULL until the first put */
	size_t len;
	size_t cap;
	size_t max;
	int failed; /* 0, or the enum err_code of the first put that failed */
	bool wipe;  /* overwrite the bytes before giving memory back */
};

void buf_init(struct buf *b, size_t max);
void buf_init_secret(struct buf *b, size_t max); /* like buf_init, and every byte is wiped when it is freed or moved */

void buf_fini(struct buf *b);  /* leaves an empty buffer with the same maximum */
void buf_clear(struct buf *b); /* keeps the memory, forgets bytes and failure */

int buf_reserve_growing(struct buf *b, size_t extra);
int buf_put_growing(struct buf *b, const void *bytes, size_t len);

/* Room for `extra` more bytes; fails as a put does. */
static inline int
buf_reserve(struct buf *b, size_t extra)
{
	return b->failed == 0 && extra < b->cap - b->len ? 0 : buf_reserve_growing(b, extra);
}

/* Nearly every put finds room: that one is made where it stands. */
static inline int
buf_put(struct buf *b, const void *bytes, size_t len)
{
	if (b->failed != 0 || len == 0 || len >= b->cap - b->len)
		return buf_put_growing(b, bytes, len);
	memcpy(b->ptr + b->len, bytes, len);
	b->len += len;
	b->ptr[b->len] = '\0';
	return 0;
}

static inline int
buf_put_slice(struct buf *b, struct slice s)
{
	return buf_put(b, s.ptr, s.len);
}

static inline int
buf_put_str(struct buf *b, const char *str)
{
	return buf_put(b, str, strlen(str));
}

static inline int
buf_put_char(struct buf *b, char c)
{
	return buf_put(b, &c, 1);
}

int buf_put_u64(struct buf *b, uint64_t value);
int buf_put_i64(struct buf *b, int64_t value);
int buf_printf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
void buf_consume(struct buf *b, size_t len);  /* drops bytes at the front; there must be so many */
void buf_truncate(struct buf *b, size_t len); /* drops bytes at the end; nothing when there are fewer */

struct slice buf_slice(const struct buf *b); /* valid until the next put */
const char *buf_cstr(const struct buf *b);   /* never NULL */

/*
 * Gives the memory to the caller (free()), NUL-terminated, and leaves an empty buffer.  NULL, and nothing changed, when
 * the buffer failed.  Never NULL for an empty buffer, unless there is no memory.  A secret is the caller's to wipe from
 * now on.
 */
char *buf_take(struct buf *b, size_t *len_r);

#endif
