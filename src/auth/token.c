#include "auth/token.h"

#include <stdbool.h>

#include <openssl/evp.h>
#include <openssl/sha.h>

static bool
is_ready(struct token_hasher *hasher)
{
	if (hasher->ctx != NULL)
		return true;
	hasher->md = EVP_MD_fetch(NULL, "SHA256", NULL);
	hasher->ctx = hasher->md != NULL ? EVP_MD_CTX_new() : NULL;
	if (hasher->ctx == NULL)
		token_hasher_fini(hasher);
	return hasher->ctx != NULL;
}

void
token_hasher_fini(struct token_hasher *hasher)
{
	EVP_MD_CTX_free(hasher->ctx);
	EVP_MD_free(hasher->md);
	*hasher = (struct token_hasher){.md = NULL};
}

static void
hash(struct token_hasher *hasher, struct slice token, uint8_t out_r[static TOKEN_SHA256_LEN])
{
	if (hasher == NULL || !is_ready(hasher) || EVP_DigestInit_ex2(hasher->ctx, hasher->md, NULL) != 1 ||
	    EVP_DigestUpdate(hasher->ctx, token.ptr, token.len) != 1 ||
	    EVP_DigestFinal_ex(hasher->ctx, out_r, NULL) != 1)
		SHA256((const unsigned char *)token.ptr, token.len, out_r);
}

void
token_sha256_hex(struct token_hasher *hasher, struct slice token, char out_r[static TOKEN_SHA256_HEX_LEN + 1])
{
	static const char digits[] = "0123456789abcdef";
	uint8_t bytes[TOKEN_SHA256_LEN];

	hash(hasher, token, bytes);
	for (size_t i = 0; i < TOKEN_SHA256_LEN; i++) {
		out_r[2 * i] = digits[bytes[i] >> 4];
		out_r[2 * i + 1] = digits[bytes[i] & 15];
	}
	out_r[TOKEN_SHA256_HEX_LEN] = '\0';
}
