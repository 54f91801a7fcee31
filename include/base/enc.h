/*
 * enc.h - text encodings: base64, base64url, hex, percent, JSON strings
 *
 * Decoders are strict: a character outside the alphabet, wrong padding, or non-zero left-over bits are ERR_INVALID.
 * What goes into a buffer is put whole or not at all.
 */
#ifndef BASE_ENC_H
#define BASE_ENC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/slice.h"

int enc_base64_put(struct buf *out, struct slice bytes);    /* standard alphabet, padded */
int enc_base64url_put(struct buf *out, struct slice bytes); /* RFC 4648 section 5, no padding */
int enc_base64_decode(struct slice text, struct buf *out) MUST_CHECK;
int enc_base64url_decode(struct slice text, struct buf *out) MUST_CHECK;

int enc_hex_value(char c); /* 0-15 for a hexadecimal digit of either case, else -1 */

/* RFC 3986: everything but A-Z a-z 0-9 - . _ ~ becomes %XX, upper-case hex.  Serves path segments and query values. */
int enc_percent_put(struct buf *out, struct slice text);

/* A JSON string with its quotes.  Control characters and invalid UTF-8 (as U+FFFD) are made safe. */
int enc_json_put(struct buf *out, struct slice text);
bool enc_json_is_plain(struct slice text); /* it stands for itself: printable ASCII without quote and backslash */

#endif
