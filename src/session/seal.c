/*
 * seal.c - AES-256-GCM and HMAC-SHA-256 by libcrypto
 */
#include "session/seal.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/err.h"
#include "base/rand.h"
#include "base/secret.h"
#include "shm/segment.h"

_Static_assert(SEGMENT_SEAL_KEY_LEN == 32, "AES-256");

/* libcrypto counts in int; everything here is a record or a header value. */
#define SEAL_INPUT_MAX (1u << 20)

static bool
feed_bound(EVP_CIPHER_CTX *ctx, int (*update)(EVP_CIPHER_CTX *, unsigned char *, int *, const unsigned char *, int),
	   struct slice bound_to)
{
	int n;

	return bound_to.len == 0 || update(ctx, NULL, &n, (const unsigned char *)bound_to.ptr, (int)bound_to.len) == 1;
}

int
seal_close(const struct segment_keys *keys, struct slice bound_to, struct slice plain, void *dst, size_t cap,
	   size_t *len_r)
{
	unsigned char *nonce = dst;
	unsigned char *text = nonce + SEAL_NONCE_LEN;
	unsigned char *tag = text + plain.len;
	EVP_CIPHER_CTX *ctx = NULL;
	int r = ERR_NOMEM;
	int n = 0;

	if (plain.len > SEAL_INPUT_MAX || bound_to.len > SEAL_INPUT_MAX || plain.len + SEAL_OVERHEAD > cap)
		return ERR_LIMIT;
	ctx = EVP_CIPHER_CTX_new();
	if (ctx == NULL)
		return ERR_NOMEM;
	rand_bytes(nonce, SEAL_NONCE_LEN);
	if (EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, segment_keys_seal(keys), nonce) != 1 ||
	    !feed_bound(ctx, EVP_EncryptUpdate, bound_to))
		goto out;
	if (plain.len > 0 && EVP_EncryptUpdate(ctx, text, &n, (const unsigned char *)plain.ptr, (int)plain.len) != 1)
		goto out;
	if (EVP_EncryptFinal_ex(ctx, text + n, &n) != 1 ||
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, SEAL_TAG_LEN, tag) != 1)
		goto out;
	*len_r = plain.len + SEAL_OVERHEAD;
	r = 0;
out:
	if (r < 0)
		ERR_clear_error();
	EVP_CIPHER_CTX_free(ctx);
	return r;
}

int
seal_open(const struct segment_keys *keys, struct slice bound_to, struct slice sealed, void *dst, size_t cap,
	  size_t *len_r)
{
	const unsigned char *nonce = (const unsigned char *)sealed.ptr;
	const unsigned char *text = nonce + SEAL_NONCE_LEN;
	unsigned char tag[SEAL_TAG_LEN];
	EVP_CIPHER_CTX *ctx = NULL;
	size_t len;
	int r = ERR_NOMEM;
	int n = 0;

	if (sealed.len < SEAL_OVERHEAD)
		return ERR_CORRUPT;
	len = sealed.len - SEAL_OVERHEAD;
	if (len > SEAL_INPUT_MAX || bound_to.len > SEAL_INPUT_MAX || len > cap)
		return ERR_LIMIT;
	memcpy(tag, text + len, sizeof(tag));
	ctx = EVP_CIPHER_CTX_new();
	if (ctx == NULL)
		return ERR_NOMEM;
	if (EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, segment_keys_seal(keys), nonce) != 1 ||
	    !feed_bound(ctx, EVP_DecryptUpdate, bound_to))
		goto out;
	if (len > 0 && EVP_DecryptUpdate(ctx, dst, &n, text, (int)len) != 1)
		goto out;
	if (EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, SEAL_TAG_LEN, tag) != 1)
		goto out;
	r = ERR_CORRUPT;
	if (EVP_DecryptFinal_ex(ctx, (unsigned char *)dst + n, &n) != 1)
		goto out;
	*len_r = len;
	r = 0;
out:
	/* Bytes that were not proved must not be seen, and libcrypto's error queue is not for the next one who looks.
	 */
	if (r < 0) {
		secret_wipe_bytes(dst, len);
		ERR_clear_error();
	}
	EVP_CIPHER_CTX_free(ctx);
	return r;
}

int
seal_mac(const struct segment_keys *keys, const char *purpose, struct slice text, uint8_t mac_r[static SEAL_MAC_LEN])
{
	uint8_t sub[SEAL_MAC_LEN];
	unsigned int len = 0;
	bool good;

	/* A key per purpose stands for the prefix: no copy of the text, and no two inputs can run into one another. */
	good = HMAC(EVP_sha256(), segment_keys_mac(keys), SEGMENT_MAC_KEY_LEN, (const unsigned char *)purpose,
		    strlen(purpose), sub, &len) != NULL &&
	       HMAC(EVP_sha256(), sub, sizeof(sub), (const unsigned char *)(text.ptr == NULL ? "" : text.ptr), text.len,
		    mac_r, &len) != NULL;
	secret_wipe_bytes(sub, sizeof(sub));
	if (!good)
		ERR_clear_error();
	return good ? 0 : ERR_NOMEM;
}

bool
seal_mac_ok(const struct segment_keys *keys, const char *purpose, struct slice text, struct slice mac)
{
	uint8_t ours[SEAL_MAC_LEN];

	if (mac.len != SEAL_MAC_LEN || seal_mac(keys, purpose, text, ours) < 0)
		return false;
	return secret_eq(slice_of((const char *)ours, sizeof(ours)), mac);
}
