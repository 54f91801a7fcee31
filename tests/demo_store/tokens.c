#include "tokens.h"

#include <jansson.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

enum {
	PART_MAX = 512,	   /* longest part of a token we issue or look at */
	SIGNATURE_MAX = 64 /* 32 bytes in base64, with room */
};

int
tokens_init(struct tokens *tokens)
{
	memset(tokens, 0, sizeof(*tokens));
	return RAND_bytes(tokens->key, sizeof(tokens->key)) == 1 ? 0 : -1;
}

void
tokens_forget_failures(struct tokens *tokens)
{
	memset(tokens->failures, 0, sizeof(tokens->failures));
	memset(tokens->locked_until_s, 0, sizeof(tokens->locked_until_s));
}

enum tokens_outcome
tokens_check_password(struct tokens *tokens, const struct admin *admin, const char *password, long long now_s)
{
	size_t index;

	if (admin == NULL)
		return TOKENS_REFUSED;
	index = (size_t)(admin - acl_admins);
	if (now_s < tokens->locked_until_s[index])
		return TOKENS_REFUSED;
	if (strcmp(admin->password, password) == 0) {
		tokens->failures[index] = 0;
		return TOKENS_GOOD;
	}
	if (++tokens->failures[index] >= TOKENS_FAILURES_MAX) {
		tokens->failures[index] = 0;
		tokens->locked_until_s[index] = now_s + TOKENS_LOCK_S;
	}
	return TOKENS_REFUSED;
}

/* Base64url without padding; out holds at least 4 / 3 of len and four bytes more. */
static void
encode_base64url(const unsigned char *in, size_t len, char *out)
{
	EVP_EncodeBlock((unsigned char *)out, in, (int)len);
	out[strcspn(out, "=")] = '\0';
	for (; *out != '\0'; out++) {
		if (*out == '+')
			*out = '-';
		else if (*out == '/')
			*out = '_';
	}
}

/* Decodes into out, which holds PART_MAX bytes, and ends it with a 0; the length or -1. */
static int
decode_base64url(const char *in, size_t len, char *out)
{
	char padded[PART_MAX];
	size_t full = (len + 3) / 4 * 4;
	int got;

	if (full + 1 > sizeof(padded))
		return -1;
	for (size_t i = 0; i < full; i++) {
		char c = i < len ? in[i] : '=';

		padded[i] = c == '-' ? '+' : c == '_' ? '/' : c;
	}
	got = EVP_DecodeBlock((unsigned char *)out, (unsigned char *)padded, (int)full);
	if (got < 0)
		return -1;
	got -= (int)(full - len);
	out[got] = '\0';
	return got;
}

static void
sign(const struct tokens *tokens, const char *text, size_t len, char *signature)
{
	unsigned char mac[EVP_MAX_MD_SIZE];
	unsigned int mac_len = 0;

	HMAC(EVP_sha256(), tokens->key, TOKENS_KEY_LEN, (const unsigned char *)text, len, mac, &mac_len);
	encode_base64url(mac, mac_len, signature);
}

char *
tokens_issue(const struct tokens *tokens, const struct admin *admin, long long now_s, long long ttl_s)
{
	static const char header[] = "{\"kid\":\"1\",\"alg\":\"HS256\"}";
	char payload[160], header_part[PART_MAX], payload_part[PART_MAX], signature[SIGNATURE_MAX];
	char text[2 * PART_MAX + 2], *token;
	size_t len;

	snprintf(payload, sizeof(payload), "{\"uid\":%d,\"utypid\":2,\"iat\":%lld,\"exp\":%lld}", admin->id, now_s,
		 now_s + ttl_s);
	encode_base64url((const unsigned char *)header, strlen(header), header_part);
	encode_base64url((const unsigned char *)payload, strlen(payload), payload_part);
	len = (size_t)snprintf(text, sizeof(text), "%s.%s", header_part, payload_part);
	sign(tokens, text, len, signature);
	return asprintf(&token, "%s.%s", text, signature) < 0 ? NULL : token;
}

static const struct admin *
read_payload(const char *text, size_t len, long long now_s)
{
	char decoded[PART_MAX];
	int got = decode_base64url(text, len, decoded);
	json_t *payload = got > 0 ? json_loadb(decoded, (size_t)got, 0, NULL) : NULL;
	const struct admin *admin = NULL;

	if (json_integer_value(json_object_get(payload, "exp")) > now_s)
		admin = acl_find_admin_id(json_integer_value(json_object_get(payload, "uid")));
	json_decref(payload);
	return admin;
}

const struct admin *
tokens_find_admin(const struct tokens *tokens, const char *token, long long now_s)
{
	const char *payload = strchr(token, '.');
	const char *signature = payload != NULL ? strchr(payload + 1, '.') : NULL;
	char expected[SIGNATURE_MAX];

	if (signature == NULL)
		return NULL;
	sign(tokens, token, (size_t)(signature - token), expected);
	if (strlen(expected) != strlen(signature + 1) || CRYPTO_memcmp(expected, signature + 1, strlen(expected)) != 0)
		return NULL;
	return read_payload(payload + 1, (size_t)(signature - payload - 1), now_s);
}
