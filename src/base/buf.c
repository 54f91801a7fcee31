/*
 * buf.c - the growing byte buffer
 *
 * cap counts the bytes of the allocation including the one for the NUL, so cap is 0 or at least len + 1.
 */
#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

#define FIRST_CAP 64

void
buf_init(struct buf *b, size_t max)
{
	must(max < SIZE_MAX / 2); /* doubling and the NUL cannot overflow below this */
	*b = (struct buf){.max = max};
}

void
buf_init_secret(struct buf *b, size_t max)
{
	buf_init(b, max);
	b->wipe = true;
}

static void
wipe_from(struct buf *b, size_t from)
{
	if (b->wipe && b->ptr != NULL)
		explicit_bzero(b->ptr + from, b->cap - from);
}

void
buf_fini(struct buf *b)
{
	wipe_from(b, 0);
	free(b->ptr);
	b->ptr = NULL;
	b->len = b->cap = 0;
	b->failed = 0;
}

void
buf_clear(struct buf *b)
{
	buf_truncate(b, 0);
	b->failed = 0;
}

static int
fail(struct buf *b, enum err_code code)
{
	if (b->failed == 0)
		b->failed = code;
	return b->failed;
}

/* realloc() would leave a copy of a secret behind in freed memory. */
static char *
move_secret(struct buf *b, size_t cap)
{
	char *fresh = malloc(cap);

	if (fresh == NULL)
		return NULL;
	if (b->len > 0)
		memcpy(fresh, b->ptr, b->len);
	wipe_from(b, 0);
	free(b->ptr);
	return fresh;
}

static int
grow(struct buf *b, size_t need)
{
	size_t cap = b->cap == 0 ? FIRST_CAP : b->cap;
	char *moved;

	while (cap < need)
		cap *= 2;
	if (cap > b->max + 1)
		cap = b->max + 1;
	moved = b->wipe ? move_secret(b, cap) : realloc(b->ptr, cap);
	if (moved == NULL)
		return fail(b, ERR_NOMEM);
	b->ptr = moved;
	b->cap = cap;
	b->ptr[b->len] = '\0';
	return 0;
}

int
buf_reserve_growing(struct buf *b, size_t extra)
{
	if (b->failed != 0)
		return b->failed;
	if (extra > b->max - b->len)
		return fail(b, ERR_LIMIT);
	if (b->len + extra < b->cap)
		return 0;
	return grow(b, b->len + extra + 1);
}

int
buf_put_growing(struct buf *b, const void *bytes, size_t len)
{
	if (buf_reserve(b, len) < 0)
		return b->failed;
	if (len > 0)
		memcpy(b->ptr + b->len, bytes, len);
	b->len += len;
	b->ptr[b->len] = '\0';
	return 0;
}

int
buf_put_u64(struct buf *b, uint64_t value)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	return buf_put(b, digits + at, sizeof(digits) - at);
}

int
buf_put_i64(struct buf *b, int64_t value)
{
	size_t start = b->len;
	int r;

	if (value >= 0)
		return buf_put_u64(b, (uint64_t)value);
	r = buf_put_char(b, '-');
	if (r == 0)
		r = buf_put_u64(b, -(uint64_t)value);
	if (r < 0)
		buf_truncate(b, start);
	return r;
}

static int PRINTF_LIKE(2, 0) put_formatted(struct buf *b, const char *fmt, va_list ap)
{
	va_list again;
	int n, r;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	r = n < 0 ? fail(b, ERR_INVALID) : buf_reserve(b, (size_t)n);
	if (r == 0) {
		vsnprintf(b->ptr + b->len, (size_t)n + 1, fmt, again);
		b->len += (size_t)n;
	}
	va_end(again);
	return r;
}

int
buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int r;

	va_start(ap, fmt);
	r = put_formatted(b, fmt, ap);
	va_end(ap);
	return r;
}

void
buf_consume(struct buf *b, size_t len)
{
	must(len <= b->len);
	if (len == 0)
		return;
	memmove(b->ptr, b->ptr + len, b->len - len);
	buf_truncate(b, b->len - len);
}

void
buf_truncate(struct buf *b, size_t len)
{
	if (len >= b->len)
		return;
	b->len = len;
	wipe_from(b, len);
	b->ptr[len] = '\0';
}

struct slice
buf_slice(const struct buf *b)
{
	return slice_of(b->ptr == NULL ? "" : b->ptr, b->len);
}

const char *
buf_cstr(const struct buf *b)
{
	return b->ptr == NULL ? "" : b->ptr;
}

char *
buf_take(struct buf *b, size_t *len_r)
{
	char *ptr;

	if (buf_reserve(b, 0) < 0)
		return NULL;
	ptr = b->ptr;
	if (len_r != NULL)
		*len_r = b->len;
	b->ptr = NULL;
	b->len = b->cap = 0;
	return ptr;
}
