/*
 * rand.h - random bytes from the kernel
 */
#ifndef BASE_RAND_H
#define BASE_RAND_H

#include <stddef.h>
#include <stdint.h>

/*
 * Fills `len` bytes from getrandom(2), which is asked for half a KiB at a time: a byte is given out once, overwritten
 * then, and never by a parent and its child (fork(2)) both.  Cannot fail after start-up; aborts if the kernel refuses.
 */
void rand_bytes(void *dst, size_t len);
uint64_t rand_u64(void);

/* Writes the base64url form of 32 random bytes: 43 characters and a NUL (256 bits, not guessable). */
#define RAND_TOKEN_LEN 43
void rand_token(char dst[static RAND_TOKEN_LEN + 1]);

/*
 * Writes 96 random bits as 16 characters of base64url and a NUL: what does not come twice.  Who takes capitals for
 * small letters, as databases may, still has 82 bits to tell them apart.
 */
#define RAND_NONCE_LEN 16
void rand_nonce(char dst[static RAND_NONCE_LEN + 1]);

/* A random (version 4) UUID in text form: 36 characters and a NUL. */
#define RAND_UUID_LEN 36
void rand_uuid(char dst[static RAND_UUID_LEN + 1]);

#endif
