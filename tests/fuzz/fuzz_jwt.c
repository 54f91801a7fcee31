/*
 * fuzz_jwt.c - access tokens, their headers and claims, and key sets: nothing that the issuer did not sign is taken
 *
 * The first byte chooses what the rest is: 't' a token as it came; 'h' a header and 'c' claims, which are signed here,
 * so that what lies behind the signature is reached; 'k' a key set, against which the genuine tokens are held.
 */
#include <openssl/evp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "auth/jwt.h"
#include "base/buf.h"
#include "base/enc.h"

#define NOW_S 1750000000u
#define KEY_LEN 32
#define SIGNATURE_LEN 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An issuer's keys, made for this file.  The Ed25519 key's private half is the bytes 1, 2, ... 32. */
static const char key_set[] =
    "{\"keys\":[{\"kty\":\"RSA\",\"n\":\"8HsoCuuIjgoJYMi4a-kTZCSvt0Wctry0D5eWCwfIX4qLJP32oiNFKIaZ"
    "PotIvahNwize1JIFFQm2exNLUheJ_2HxhLeh6X7_xvawacnOYSOyj65ZBAkgbhQZ2W6pvGgz9NsBQFSfFEasbGtDTzWT"
    "HV65CcLB6yYwG5oL37FKCGsX3sT1b34yJik_VaYJPGCo0RlSI2DQHVeJQzNn_die9LqVpDbJDK5HphIdj5FJSythK_0s"
    "KxO5ksdNrpLLnWxzlTuOhiFziruykfF8nir-DZTyi9dKHC9XJ_FRi_hf_ceWWP1mtD2OmDMRRnhjRbpYl_cpXCZ4t_NN"
    "Ub6emmNY-w\",\"e\":\"AQAB\",\"kid\":\"r\"},{\"kty\":\"EC\",\"x\":\"fG1l4FNsV5HBuTXmffnc7yMP_"
    "9UDSIqq8MMmdb0lXqA\",\"y\":\"_sj1zCvCeMDKB5GV085fjmOtrp7vRTZaUDEFC3XPMj4\",\"crv\":\"P-256\""
    ",\"kid\":\"e\"},{\"crv\":\"Ed25519\",\"x\":\"ebVWLo_mVPlAeLES6KmLp5AfhTrmlb7X4OORC60ElmQ\","
    "\"kty\":\"OKP\",\"kid\":\"d\"}]}";

/* What the issuer signed with them: the same claims by each algorithm. */
static const char *const genuine[] = {
    "eyJhbGciOiJSUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6InIifQ.eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtc"
    "GxlIiwiYXVkIjpbImh0dHBzOi8vbWNwLmV4YW1wbGUvbWNwIl0sInN1YiI6ImFteSIsImV4cCI6NDAwMDAwMDAwMCwia"
    "WF0IjoxNzAwMDAwMDAwLCJzY29wZSI6ImNhdGFsb2c6cmVhZCJ9.Jq_VhoHI2D37Cifk_B-j3O_oHfIh4cBhycUMrF78"
    "8N7kYe0WB2Q__8DchJyid_vfOiC6VvRi2sEW88Bor75hfKxAQc2v0Y7__mnZB3k5ZtFYbaNVYgPB7PcTOuHCffMnJuUf"
    "MYcNT-pL1f1Z5uzvFhCcz8fC63qdaSmc1HAQlSRDrWkazEZXsFFXEB6jIbLr1JGzZK8DVeZaSgfhVwnLc5hgUc6kMmXr"
    "871Nc5AJKDmpD1nzv8dencuvZo2VoHIlDgrXFWKVJxX7NfH4KuCMnTb9dxFn3uPjEg0lpQkw8DjXZnjfPcd_Mq47DBqb"
    "tlvye3B5sADPugdlnnaBB9XCiA",
    "eyJhbGciOiJQUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6InIifQ.eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtc"
    "GxlIiwiYXVkIjpbImh0dHBzOi8vbWNwLmV4YW1wbGUvbWNwIl0sInN1YiI6ImFteSIsImV4cCI6NDAwMDAwMDAwMCwia"
    "WF0IjoxNzAwMDAwMDAwLCJzY29wZSI6ImNhdGFsb2c6cmVhZCJ9.VPK8BNg7dpsHFVuLoXKwSKFV0755f0Co4szcYGVS"
    "ed0vjfz6gleA56l3wHdX3JoDqM75guHVyoa794qiK8ZATMR5kIArS5_L_rFtRIm5OWUNTCP79WyiJ1bavAYq4aOh_1Um"
    "0NBxCcLHZeoYwkE6r-s5c1tciWayQYDOJt-zBVJsLCnZ61LkyHsJtKpaIuPUB5A_8eVkbsCqoA_Nbo4CbpohrztaSBFt"
    "cfb_MUiKuwiQeiEiw_g-HnOHvh-3YAqMyGBIF0In5GYaszkSIg2_VKLTqEumXlc6_daPN6zSE85_0MapryCAEfg1O4AR"
    "Lrw0kmodGlMbWXku2vbsL4-JWg",
    "eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6ImUifQ.eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtc"
    "GxlIiwiYXVkIjpbImh0dHBzOi8vbWNwLmV4YW1wbGUvbWNwIl0sInN1YiI6ImFteSIsImV4cCI6NDAwMDAwMDAwMCwia"
    "WF0IjoxNzAwMDAwMDAwLCJzY29wZSI6ImNhdGFsb2c6cmVhZCJ9.HS5_TW0tI24h0rL0SuB4imIEULizbcS8Z6pTdjIY"
    "BeGB0nRQaGRwJRhbVhQ4t4A3zsOH5saE_059snJTYCEpbQ",
    "eyJhbGciOiJFZERTQSIsInR5cCI6ImF0K2p3dCIsImtpZCI6ImQifQ.eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtc"
    "GxlIiwiYXVkIjpbImh0dHBzOi8vbWNwLmV4YW1wbGUvbWNwIl0sInN1YiI6ImFteSIsImV4cCI6NDAwMDAwMDAwMCwia"
    "WF0IjoxNzAwMDAwMDAwLCJzY29wZSI6ImNhdGFsb2c6cmVhZCJ9.Tu3l5xiQqJ5GNFuxv-T7EsW3LgUqhOmIX8CjBZNt"
    "HpXro6mkhrmnKpk_GWLHbuAoWdUDbxjEHt-tghwukpL0AA",
    "eyJhbGciOiJFZERTQSIsInR5cCI6ImF0K2p3dCJ9.eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcGxlIiwiYXVkIjp"
    "bImh0dHBzOi8vbWNwLmV4YW1wbGUvbWNwIl0sInN1YiI6ImFteSIsImV4cCI6NDAwMDAwMDAwMCwiaWF0IjoxNzAwMDA"
    "wMDAwLCJzY29wZSI6ImNhdGFsb2c6cmVhZCJ9.8N_UDXFIytGtk3eyQUZXVZ82lh2gio3B7z5Tt5cV-uxZa_ThJ_1745"
    "gp1vsbq9jnScIfkcW2g_qvmOcNu6i5Ag",
};

static const char claims[] =
    "{\"iss\":\"https://issuer.example\",\"aud\":[\"https://mcp.example/mcp\"],\"sub\":\"amy\","
    "\"exp\":4000000000,\"iat\":1700000000,\"scope\":\"catalog:read\"}";

static const struct jwt_expectation expectation = {.issuer = "https://issuer.example",
						   .audience = "https://mcp.example/mcp"};

static void
count_scope(void *ctx, struct slice scope)
{
	must(scope.ptr != NULL || scope.len == 0);
	++*(size_t *)ctx;
}

/* What holds for every token that is taken. */
static void
must_be_sound(struct jwt_claims *taken)
{
	size_t scopes = 0;

	must(taken->subject[0] != '\0' && taken->expires_s + JWT_LEEWAY_S > NOW_S && taken->client_id != NULL);
	must(strcmp(json_string_value(json_object_get(taken->all, "iss")), expectation.issuer) == 0);
	jwt_claims_each_scope(taken, count_scope, &scopes);
	jwt_claims_fini(taken);
}

static enum jwt_verdict
verify(struct slice token, const struct jwt_keys *keys)
{
	struct jwt_claims taken;
	enum jwt_verdict verdict = jwt_verify(token, keys, &expectation, NOW_S, &taken);

	must((jwt_verdict_text(verdict)[0] == '\0') == (verdict == JWT_OK));
	if (verdict == JWT_OK)
		must_be_sound(&taken);
	return verdict;
}

/* A signature may be written in two ways (ECDSA); what is signed may not. */
static bool
is_genuine(struct slice token)
{
	for (size_t i = 0; i < ARRAY_LEN(genuine); i++) {
		struct slice whole = slice_from_str(genuine[i]);
		size_t signed_len = (size_t)(strrchr(genuine[i], '.') - genuine[i]) + 1;

		if (token.len > signed_len && memcmp(token.ptr, whole.ptr, signed_len) == 0)
			return true;
	}
	return false;
}

static void
sign(struct buf *token)
{
	unsigned char private_key[KEY_LEN], signature[SIGNATURE_LEN];
	EVP_MD_CTX *digest = EVP_MD_CTX_new();
	size_t len = sizeof(signature);
	EVP_PKEY *key;

	for (size_t i = 0; i < KEY_LEN; i++)
		private_key[i] = (unsigned char)(i + 1);
	key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, private_key, KEY_LEN);
	must(key != NULL && digest != NULL && EVP_DigestSignInit(digest, NULL, NULL, NULL, key) == 1);
	must(EVP_DigestSign(digest, signature, &len, (const unsigned char *)token->ptr, token->len) == 1);
	buf_put_char(token, '.');
	must(enc_base64url_put(token, slice_of((const char *)signature, len)) == 0);
	EVP_PKEY_free(key);
	EVP_MD_CTX_free(digest);
}

static enum jwt_verdict
verify_signed(struct slice header, struct slice payload, const struct jwt_keys *keys)
{
	enum jwt_verdict verdict;
	struct buf token;

	buf_init(&token, 256 * 1024);
	if (enc_base64url_put(&token, header) < 0 || buf_put_char(&token, '.') < 0 ||
	    enc_base64url_put(&token, payload) < 0 || token.len > JWT_BYTES_MAX) {
		buf_fini(&token);
		return JWT_MALFORMED;
	}
	sign(&token);
	verdict = verify(buf_slice(&token), keys);
	buf_fini(&token);
	return verdict;
}

/* Whatever set it is: tokens are taken by it or not, twice read it is the same, and equality goes both ways. */
static void
try_set(struct slice text, const struct jwt_keys *others)
{
	struct jwt_keys *keys = NULL, *again = NULL;
	struct err err;

	if (jwt_keys_parse(text, &keys, &err) < 0)
		return;
	must(jwt_keys_parse(text, &again, &err) == 0 && jwt_keys_equal(keys, again));
	must(jwt_keys_equal(keys, others) == jwt_keys_equal(others, keys));
	for (size_t i = 0; i < ARRAY_LEN(genuine); i++)
		(void)verify(slice_from_str(genuine[i]), keys);
	jwt_keys_free(&keys);
	jwt_keys_free(&keys);
	jwt_keys_free(&again);
}

static const struct jwt_keys *
issuers_keys(void)
{
	static struct jwt_keys *keys;
	struct err err;

	if (keys != NULL)
		return keys;
	must(jwt_keys_parse(slice_from_str(key_set), &keys, &err) == 0);
	for (size_t i = 0; i < ARRAY_LEN(genuine); i++)
		must(verify(slice_from_str(genuine[i]), keys) == JWT_OK);
	must(verify_signed(SLICE_LIT("{\"alg\":\"EdDSA\"}"), slice_from_str(claims), keys) == JWT_OK);
	return keys;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct jwt_keys *keys = issuers_keys();
	struct slice rest;

	if (size == 0)
		return 0;
	rest = slice_of((const char *)data + 1, size - 1);
	if (data[0] == 't' && verify(rest, keys) == JWT_OK)
		must(is_genuine(rest));
	if (data[0] == 'h')
		(void)verify_signed(rest, slice_from_str(claims), keys);
	if (data[0] == 'c')
		(void)verify_signed(SLICE_LIT("{\"alg\":\"EdDSA\",\"kid\":\"d\"}"), rest, keys);
	if (data[0] == 'k')
		try_set(rest, keys);
	return 0;
}
