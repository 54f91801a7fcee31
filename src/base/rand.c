/*
 * rand.c - getrandom(2), half a KiB at a time, and the text forms made from it
 */
#include "base/rand.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/random.h>

#include "base/err.h"

#define AHEAD 512

/* Fetched ahead: a system call for each nonce would cost more than what is made with it. */
static struct {
	size_t left; /* at the end of `bytes`; what was given out before is zero */
	bool is_guarded;
	unsigned char bytes[AHEAD];
} ahead;

static void
fetch(void *dst, size_t len)
{
	unsigned char *at = dst;

	while (len > 0) {
		ssize_t n = getrandom(at, len, 0);

		if (n < 0 && errno == EINTR)
			continue;
		must(n > 0);
		at += n;
		len -= (size_t)n;
	}
}

/* A child must not give out what its parent does. */
static void
forget_in_child(void)
{
	explicit_bzero(ahead.bytes, sizeof(ahead.bytes));
	ahead.left = 0;
}

static bool
guard(void)
{
	ahead.is_guarded = ahead.is_guarded || pthread_atfork(NULL, NULL, forget_in_child) == 0;
	return ahead.is_guarded;
}

void
rand_bytes(void *dst, size_t len)
{
	unsigned char *from;

	if (len > AHEAD / 4 || !guard()) {
		fetch(dst, len);
		return;
	}
	if (len > ahead.left) {
		fetch(ahead.bytes, sizeof(ahead.bytes));
		ahead.left = AHEAD;
	}
	from = ahead.bytes + AHEAD - ahead.left;
	memcpy(dst, from, len);
	explicit_bzero(from, len);
	ahead.left -= len;
}

uint64_t
rand_u64(void)
{
	uint64_t value;

	rand_bytes(&value, sizeof(value));
	return value;
}

/* Written here rather than through enc.h: making a token must not be able to fail for want of memory. */
static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void
rand_token(char dst[static RAND_TOKEN_LEN + 1])
{
	uint8_t bytes[33] = {0}; /* 32 and a zero: the last character holds the last four bits and two zero bits */

	rand_bytes(bytes, 32);
	for (size_t i = 0; i < RAND_TOKEN_LEN; i++) {
		size_t bit = i * 6;
		unsigned pair = (unsigned)bytes[bit / 8] << 8 | (bit / 8 < 32 ? bytes[bit / 8 + 1] : 0u);

		dst[i] = alphabet[pair >> (10 - bit % 8) & 0x3F];
	}
	dst[RAND_TOKEN_LEN] = '\0';
	explicit_bzero(bytes, sizeof(bytes));
}

void
rand_nonce(char dst[static RAND_NONCE_LEN + 1])
{
	uint8_t bytes[RAND_NONCE_LEN];

	rand_bytes(bytes, sizeof(bytes));
	for (size_t i = 0; i < sizeof(bytes); i++)
		dst[i] = alphabet[bytes[i] & 0x3F];
	dst[RAND_NONCE_LEN] = '\0';
}

void
rand_uuid(char dst[static RAND_UUID_LEN + 1])
{
	static const char digits[] = "0123456789abcdef";
	uint8_t bytes[16];
	size_t at = 0;

	rand_bytes(bytes, sizeof(bytes));
	bytes[6] = (uint8_t)((bytes[6] & 0x0F) | 0x40); /* RFC 9562: version 4 */
	bytes[8] = (uint8_t)((bytes[8] & 0x3F) | 0x80); /* RFC 9562: variant 10 */
	for (size_t i = 0; i < sizeof(bytes); i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			dst[at++] = '-';
		dst[at++] = digits[bytes[i] >> 4];
		dst[at++] = digits[bytes[i] & 0x0F];
	}
	dst[at] = '\0';
}
