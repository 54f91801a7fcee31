/*
 * secret.c - keeping, comparing and wiping secrets
 */
#include "base/secret.h"

#include <string.h>

#include "base/err.h"

#define WIPE_STEP 1024 /* up to here processors take registers; an instruction for more takes its time to begin */

int
secret_set(struct secret *s, struct slice value)
{
	struct secret fresh = {0};

	if (value.len > SECRET_MAX)
		return ERR_LIMIT;
	if (value.len > 0)
		memcpy(fresh.bytes, value.ptr, value.len);
	fresh.len = (uint16_t)value.len;
	*s = fresh;
	secret_wipe(&fresh);
	return 0;
}

void
secret_wipe(struct secret *s)
{
	explicit_bzero(s, sizeof(*s));
}

bool
secret_is_set(const struct secret *s)
{
	return s->len > 0;
}

struct slice
secret_slice(const struct secret *s)
{
	return slice_of(s->bytes, s->len);
}

/* Reads of a shorter slice go on with its first byte, so that the number of steps tells the longer length only. */
static unsigned char
byte_at(struct slice s, size_t i)
{
	static const char none[1] = {0};
	const char *ptr = s.len == 0 ? none : s.ptr;

	return (unsigned char)ptr[i < s.len ? i : 0];
}

bool
secret_eq(struct slice a, struct slice b)
{
	size_t len = a.len > b.len ? a.len : b.len;
	/* volatile: the compiler must not stop at the first difference */
	volatile unsigned char differ = a.len != b.len;

	for (size_t i = 0; i < len; i++)
		differ = (unsigned char)(differ | (byte_at(a, i) ^ byte_at(b, i)));
	return differ == 0;
}

void
secret_wipe_bytes(void *ptr, size_t len)
{
	char *at = ptr;

	for (size_t step; len > 0; at += step, len -= step) {
		step = len < WIPE_STEP ? len : WIPE_STEP;
		explicit_bzero(at, step);
	}
}
