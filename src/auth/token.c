#include "auth/token.h"

#include <openssl/sha.h>

void
token_sha256(struct slice token, uint8_t out_r[static TOKEN_SHA256_LEN])
{
	SHA256((const unsigned char *)token.ptr, token.len, out_r);
}

void
token_sha256_hex(struct slice token, char out_r[static TOKEN_SHA256_HEX_LEN + 1])
{
	static const char digits[] = "0123456789abcdef";
	uint8_t hash[TOKEN_SHA256_LEN];

	token_sha256(token, hash);
	for (size_t i = 0; i < TOKEN_SHA256_LEN; i++) {
		out_r[2 * i] = digits[hash[i] >> 4];
		out_r[2 * i + 1] = digits[hash[i] & 15];
	}
	out_r[TOKEN_SHA256_HEX_LEN] = '\0';
}
