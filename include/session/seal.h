/*
 * seal.h - AES-256-GCM for secrets in shared memory, HMAC-SHA-256 for texts that clients carry for us
 *
 * Both use the per-boot keys beside the segment: what was sealed or signed before a full stop is worthless after it.
 *
 * Runs in: worker, stdio.  Allocates inside libcrypto only.
 */
#ifndef SESSION_SEAL_H
#define SESSION_SEAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/slice.h"

struct segment_keys;

#define SEAL_NONCE_LEN 12
#define SEAL_TAG_LEN 16
#define SEAL_OVERHEAD (SEAL_NONCE_LEN + SEAL_TAG_LEN)

/*
 * Writes nonce | ciphertext | tag, plain.len + SEAL_OVERHEAD bytes, to dst.  `bound_to` is authenticated, not stored:
 * the opener must bring the same bytes (kind and id of the record), so a sealed text moved to another record does not
 * open. ERR_LIMIT: cap is too small.  ERR_NOMEM: libcrypto failed.
 */
int seal_close(const struct segment_keys *keys, struct slice bound_to, struct slice plain, void *dst, size_t cap,
	       size_t *len_r) MUST_CHECK;

/* Opens into dst.  ERR_CORRUPT: changed, moved, or sealed with other keys; dst is wiped.  ERR_LIMIT, ERR_NOMEM. */
int seal_open(const struct segment_keys *keys, struct slice bound_to, struct slice sealed, void *dst, size_t cap,
	      size_t *len_r) MUST_CHECK;

#define SEAL_MAC_LEN 32

/*
 * HMAC-SHA-256 over the text.  `purpose` ("cursor", "requestState") goes into the key, so one use cannot be passed off
 * as another.  ERR_NOMEM: libcrypto failed.
 */
int seal_mac(const struct segment_keys *keys, const char *purpose, struct slice text,
	     uint8_t mac_r[static SEAL_MAC_LEN]) MUST_CHECK;

/* Constant time.  False also when the mac has another length. */
bool seal_mac_ok(const struct segment_keys *keys, const char *purpose, struct slice text, struct slice mac);

#endif
