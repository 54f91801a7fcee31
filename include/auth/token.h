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

void token_sha256(struct slice token, uint8_t out_r[static TOKEN_SHA256_LEN]);
void token_sha256_hex(struct slice token, char out_r[static TOKEN_SHA256_HEX_LEN + 1]); /* lower case, NUL-terminated */

#endif
