/*
 * token.h - static client tokens
 *
 * A token is `mmcp_` and 43 base64url characters (256 random bits), shown once when it is made.  The configuration
 * keeps its SHA-256 only: a token has so much entropy that a plain hash cannot be searched.
 */
#ifndef AUTH_TOKEN_H
#define AUTH_TOKEN_H

#include <stdint.h>

#include "base/slice.h"

#define TOKEN_PREFIX "mmcp_"
#define TOKEN_SHA256_LEN 32
#define TOKEN_SHA256_HEX_LEN 64

/* Keeps what OpenSSL would look up for every token.  All zero before its first use. */
struct token_hasher {
	struct evp_md_st *md;
	struct evp_md_ctx_st *ctx;
};

/* Lower case, NUL-terminated.  hasher NULL: for a single one. */
void token_sha256_hex(struct token_hasher *hasher, struct slice token, char out_r[static TOKEN_SHA256_HEX_LEN + 1]);
void token_hasher_fini(struct token_hasher *hasher);

#endif
