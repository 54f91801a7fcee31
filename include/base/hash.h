/*
 * hash.h - keyed and plain hashes that need no library
 *
 * SipHash-2-4 (64 and 128 bit output) keeps outsiders from steering table positions; CRC-32C finds torn or damaged
 * records.  Neither is for secrets: see session/seal.h and auth/ for cryptography.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#define HASH_KEY_LEN 16

struct hash128 {
	uint64_t lo;
	uint64_t hi;
};

uint64_t hash_sip64(const uint8_t key[static HASH_KEY_LEN], const void *bytes, size_t len);
struct hash128 hash_sip128(const uint8_t key[static HASH_KEY_LEN], const void *bytes, size_t len);
uint32_t hash_crc32c(uint32_t seed, const void *bytes, size_t len); /* seed 0 to begin; chains */

#endif
