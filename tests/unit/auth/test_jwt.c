/*
 * test_jwt.c - tokens made here with fresh keys of every kind: what passes, and each way in which one must not
 */
#include <openssl/evp.h>

#include "auth/jwt.h"
#include "base/buf.h"
#include "base/enc.h"
#include "keyring.h"

#define NOW 1800000000
#define ISSUER "https://login.example.com/"
#define AUDIENCE "https://mcp.example.com/mcp"

static const struct jwt_expectation expected = {.issuer = ISSUER, .audience = AUDIENCE};

/* One key pair of each algorithm; Ed25519 by libcrypto, since libjose has none. */
struct ring {
	json_t *rsa, *rsa2, *ec, *small;
	EVP_PKEY *ed;
	json_t *ed_public;
	struct jwt_keys *keys;
};

static struct jwt_keys *
keys_of(json_t *list)
{
	char *text = keyring_set(list);
	struct jwt_keys *keys = NULL;
	struct err err;

	assert_int_equal(jwt_keys_parse(slice_from_str(text), &keys, &err), 0);
	free(text);
	return keys;
}

static int
ring_setup(void **state)
{
	struct ring *ring = calloc(1, sizeof(*ring));
	unsigned char raw[32];
	size_t len = sizeof(raw);
	struct buf x;

	assert_non_null(ring);
	ring->rsa = keyring_generate("{\"kty\":\"RSA\",\"bits\":2048,\"kid\":\"r1\"}");
	ring->rsa2 = keyring_generate("{\"kty\":\"RSA\",\"bits\":2048,\"kid\":\"r2\"}");
	ring->small = json_pack("{s:s, s:s, s:s, s:s}", "kty", "RSA", "kid", "small", "e", "AQAB", "n",
				"vbqH0yC5Q0oVZ5o1l7bVqB0cMZy7K4m1nq8n4i1x3v0e8m3y8F7yq1w2");
	ring->ec = keyring_generate("{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"e1\"}");
	ring->ed = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	assert_non_null(ring->ed);
	assert_int_equal(EVP_PKEY_get_raw_public_key(ring->ed, raw, &len), 1);
	buf_init(&x, 64);
	assert_int_equal(enc_base64url_put(&x, slice_of((const char *)raw, len)), 0);
	ring->ed_public =
	    json_pack("{s:s, s:s, s:s, s:s}", "kty", "OKP", "crv", "Ed25519", "kid", "d1", "x", buf_cstr(&x));
	buf_fini(&x);
	ring->keys = keys_of(json_pack("[o, o, o, O]", keyring_public(ring->rsa), keyring_public(ring->ec),
				       keyring_public(ring->small), ring->ed_public));
	*state = ring;
	return 0;
}

static int
ring_teardown(void **state)
{
	struct ring *ring = *state;

	jwt_keys_free(&ring->keys);
	assert_null(ring->keys);
	json_decref(ring->rsa);
	json_decref(ring->rsa2);
	json_decref(ring->small);
	json_decref(ring->ec);
	json_decref(ring->ed_public);
	EVP_PKEY_free(ring->ed);
	free(ring);
	return 0;
}

static json_t *
good_claims(void)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:I}", "iss", ISSUER, "aud", AUDIENCE, "sub", "user-1",
			 "client_id", "desk", "scope", "catalog:read pricing:write", "iat", (json_int_t)NOW - 10, "exp",
			 (json_int_t)NOW + 300);
}

static json_t *
header_of(const char *alg, const char *kid)
{
	json_t *header = json_pack("{s:s, s:s}", "typ", "at+jwt", "alg", alg);

	if (kid != NULL)
		json_object_set_new(header, "kid", json_string(kid));
	return header;
}

static char *
sign_eddsa(const struct ring *ring, json_t *header, json_t *claims)
{
	char *token = keyring_sign(header, claims, NULL);
	char *end = strrchr(token, '.');
	EVP_MD_CTX *digest = EVP_MD_CTX_new();
	unsigned char raw[64];
	size_t len = sizeof(raw);
	struct buf out;
	char *whole;

	assert_int_equal(EVP_DigestSignInit(digest, NULL, NULL, NULL, ring->ed), 1);
	assert_int_equal(EVP_DigestSign(digest, raw, &len, (unsigned char *)token, (size_t)(end - token)), 1);
	EVP_MD_CTX_free(digest);
	buf_init(&out, 16384);
	buf_put(&out, token, (size_t)(end - token) + 1);
	assert_int_equal(enc_base64url_put(&out, slice_of((char *)raw, len)), 0);
	whole = strdup(buf_cstr(&out));
	buf_fini(&out);
	free(token);
	return whole;
}

static enum jwt_verdict
judge(const struct ring *ring, const char *token, struct jwt_claims *claims)
{
	return jwt_verify(slice_from_str(token), ring->keys, &expected, NOW, claims);
}

/* Takes the token. */
static void
expect(const struct ring *ring, char *token, enum jwt_verdict wanted)
{
	struct jwt_claims claims = {.all = NULL};

	assert_int_equal(judge(ring, token, &claims), wanted);
	if (wanted == JWT_OK)
		jwt_claims_fini(&claims);
	assert_null(claims.all);
	free(token);
}

static void
expect_claims(const struct ring *ring, json_t *claims, enum jwt_verdict wanted)
{
	expect(ring, keyring_sign(header_of("ES256", "e1"), claims, ring->ec), wanted);
}

/* ---- what passes ---- */

static void
every_algorithm_passes(void **state)
{
	struct ring *ring = *state;

	expect(ring, keyring_sign(header_of("RS256", "r1"), good_claims(), ring->rsa), JWT_OK);
	expect(ring, keyring_sign(header_of("PS256", "r1"), good_claims(), ring->rsa), JWT_OK);
	expect(ring, keyring_sign(header_of("ES256", "e1"), good_claims(), ring->ec), JWT_OK);
	expect(ring, sign_eddsa(ring, header_of("EdDSA", "d1"), good_claims()), JWT_OK);
	expect(ring, keyring_sign(header_of("RS256", NULL), good_claims(), ring->rsa), JWT_OK);
	expect(ring, sign_eddsa(ring, header_of("EdDSA", NULL), good_claims()), JWT_OK);
}

static void
count_scope(void *ctx, struct slice scope)
{
	struct buf *out = ctx;

	buf_put_slice(out, scope);
	buf_put_char(out, '|');
}

static void
claims_are_given(void **state)
{
	struct ring *ring = *state;
	struct jwt_claims claims;
	struct buf scopes;
	char *token = keyring_sign(header_of("ES256", "e1"), good_claims(), ring->ec);

	assert_int_equal(judge(ring, token, &claims), JWT_OK);
	assert_string_equal(claims.subject, "user-1");
	assert_string_equal(claims.client_id, "desk");
	assert_int_equal(claims.expires_s, NOW + 300);
	buf_init(&scopes, 1024);
	jwt_claims_each_scope(&claims, count_scope, &scopes);
	assert_string_equal(buf_cstr(&scopes), "catalog:read|pricing:write|");
	buf_fini(&scopes);
	jwt_claims_fini(&claims);
	free(token);
}

static void
scopes_may_be_an_array_under_another_name(void **state)
{
	static const struct jwt_expectation other = {
	    .issuer = ISSUER, .audience = AUDIENCE, .scopes_claim = "permissions"};
	struct ring *ring = *state;
	json_t *with = good_claims();
	struct jwt_claims claims;
	struct buf scopes;
	char *token;

	json_object_set_new(with, "permissions", json_pack("[s, i, s]", "a:read", 7, "b:write"));
	token = keyring_sign(header_of("ES256", "e1"), with, ring->ec);
	assert_int_equal(jwt_verify(slice_from_str(token), ring->keys, &other, NOW, &claims), JWT_OK);
	buf_init(&scopes, 1024);
	jwt_claims_each_scope(&claims, count_scope, &scopes);
	assert_string_equal(buf_cstr(&scopes), "a:read|b:write|");
	buf_fini(&scopes);
	jwt_claims_fini(&claims);
	free(token);
}

/* ---- what does not ---- */

static void
other_algorithms_are_refused(void **state)
{
	static const char *const names[] = {"none",  "None",  "",	"HS256", "RS384",  "RS512",
					    "ES384", "ES512", "ES256K", "rs256", "EdDSA ", "A128KW"};
	struct ring *ring = *state;

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		expect(ring, keyring_sign(header_of(names[i], "r1"), good_claims(), NULL), JWT_BAD_ALGORITHM);
}

/* The public key as the secret of a MAC: the classic confusion. */
static void
a_mac_with_the_public_key_is_refused(void **state)
{
	struct ring *ring = *state;
	json_t *public = keyring_public(ring->rsa);
	json_t *mac = json_pack("{s:s, s:O}", "kty", "oct", "k", json_object_get(public, "n"));

	expect(ring, keyring_sign(header_of("HS256", "r1"), good_claims(), mac), JWT_BAD_ALGORITHM);
	json_decref(public);
	json_decref(mac);
}

static void
the_wrong_key_is_refused(void **state)
{
	struct ring *ring = *state;

	expect(ring, keyring_sign(header_of("RS256", "r2"), good_claims(), ring->rsa2), JWT_UNKNOWN_KEY);
	expect(ring, keyring_sign(header_of("RS256", "r1"), good_claims(), ring->rsa2), JWT_BAD_SIGNATURE);
	expect(ring, keyring_sign(header_of("RS256", NULL), good_claims(), ring->rsa2), JWT_BAD_SIGNATURE);
	expect(ring, keyring_sign(header_of("ES256", "r1"), good_claims(), ring->ec), JWT_BAD_SIGNATURE);
	expect(ring, keyring_sign(header_of("RS256", "e1"), good_claims(), ring->rsa), JWT_BAD_SIGNATURE);
	expect(ring, keyring_sign(header_of("RS256", "small"), good_claims(), ring->rsa2), JWT_UNKNOWN_KEY);
	expect(ring, keyring_sign(header_of("EdDSA", "d1"), good_claims(), NULL), JWT_BAD_SIGNATURE);
}

static void
a_changed_token_is_refused(void **state)
{
	struct ring *ring = *state;
	char *token = keyring_sign(header_of("ES256", "e1"), good_claims(), ring->ec);
	size_t len = strlen(token);

	for (size_t i = 0; i < len; i++) {
		char *changed = strdup(token);
		struct jwt_claims claims = {.all = NULL};

		changed[i] = changed[i] == 'A' ? 'B' : 'A';
		/* The last character of a part may carry bits that nobody reads; strict decoding refuses those, too. */
		assert_int_not_equal(judge(ring, changed, &claims), JWT_OK);
		free(changed);
	}
	free(token);
}

static void
what_is_no_token_is_refused(void **state)
{
	static const char *const texts[] = {"",
					    ".",
					    "..",
					    "a.b",
					    "a.b.",
					    ".b.c",
					    "a..c",
					    "a.b.c",
					    "a.b.c.d",
					    "e30.e30.e30",
					    "W10.e30.AAAA",
					    "!!.e30.AAAA",
					    "eyJhbGciOiJSUzI1NiJ9.e30.=",
					    "bnVsbA.e30.AAAA"};
	struct ring *ring = *state;
	struct jwt_claims claims = {.all = NULL};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		assert_int_not_equal(judge(ring, texts[i], &claims), JWT_OK);
	expect(ring,
	       keyring_sign(json_pack("{s:s, s:s, s:[s]}", "alg", "ES256", "kid", "e1", "crit", "exp"), good_claims(),
			    NULL),
	       JWT_MALFORMED);
	expect(ring, keyring_sign(json_pack("{s:s, s:b}", "alg", "ES256", "b64", 0), good_claims(), NULL),
	       JWT_MALFORMED);
	expect(ring, keyring_sign(json_pack("{s:s, s:s}", "alg", "ES256", "typ", "dpop+jwt"), good_claims(), NULL),
	       JWT_MALFORMED);
	expect(ring, keyring_sign(json_pack("{s:s}", "kid", "e1"), good_claims(), NULL), JWT_MALFORMED);
}

static json_t *
with(const char *name, json_t *value)
{
	json_t *claims = good_claims();

	json_object_set_new(claims, name, value);
	return claims;
}

static json_t *
without(const char *name)
{
	json_t *claims = good_claims();

	json_object_del(claims, name);
	return claims;
}

static void
claims_are_judged(void **state)
{
	struct ring *ring = *state;

	expect_claims(ring, with("iss", json_string("https://login.example.com")), JWT_WRONG_ISSUER);
	expect_claims(ring, with("iss", json_stringn(ISSUER "\0x", strlen(ISSUER) + 2)), JWT_WRONG_ISSUER);
	expect_claims(ring, with("iss", json_integer(1)), JWT_WRONG_ISSUER);
	expect_claims(ring, without("iss"), JWT_WRONG_ISSUER);
	expect_claims(ring, with("aud", json_string("https://mcp.example.com")), JWT_WRONG_AUDIENCE);
	expect_claims(ring, with("aud", json_string(AUDIENCE "/")), JWT_WRONG_AUDIENCE);
	expect_claims(ring, with("aud", json_array()), JWT_WRONG_AUDIENCE);
	expect_claims(ring, with("aud", json_pack("{s:s}", "x", AUDIENCE)), JWT_WRONG_AUDIENCE);
	expect_claims(ring, without("aud"), JWT_WRONG_AUDIENCE);
	expect_claims(ring, with("aud", json_pack("[s, s]", "other", AUDIENCE)), JWT_OK);
	expect_claims(ring, without("sub"), JWT_INCOMPLETE);
	expect_claims(ring, with("sub", json_string("")), JWT_INCOMPLETE);
	expect_claims(ring, with("sub", json_stringn("a\0b", 3)), JWT_INCOMPLETE);
	expect_claims(ring, with("sub", json_integer(7)), JWT_INCOMPLETE);
	expect_claims(ring, without("scope"), JWT_OK);
}

static void
times_are_judged(void **state)
{
	struct ring *ring = *state;

	expect_claims(ring, without("exp"), JWT_INCOMPLETE);
	expect_claims(ring, with("exp", json_string("soon")), JWT_INCOMPLETE);
	expect_claims(ring, with("exp", json_real(-1.5)), JWT_INCOMPLETE);
	expect_claims(ring, with("exp", json_real(1e300)), JWT_INCOMPLETE);
	expect_claims(ring, with("exp", json_integer(NOW - JWT_LEEWAY_S)), JWT_EXPIRED);
	expect_claims(ring, with("exp", json_integer(NOW - JWT_LEEWAY_S + 1)), JWT_OK);
	expect_claims(ring, with("exp", json_real(NOW + 0.5)), JWT_OK);
	expect_claims(ring, with("nbf", json_integer(NOW + JWT_LEEWAY_S + 1)), JWT_NOT_YET);
	expect_claims(ring, with("nbf", json_integer(NOW + JWT_LEEWAY_S)), JWT_OK);
	expect_claims(ring, with("nbf", json_true()), JWT_INCOMPLETE);
	expect_claims(ring, with("iat", json_integer(NOW + JWT_LEEWAY_S + 1)), JWT_NOT_YET);
	expect_claims(ring, without("iat"), JWT_OK);
}

/* ---- key sets ---- */

static void
expect_keys(const char *json, int wanted)
{
	struct jwt_keys *keys = NULL;
	struct err err;

	assert_int_equal(jwt_keys_parse(slice_from_str(json), &keys, &err), wanted);
	assert_null(keys);
}

static void
a_set_without_use_is_refused(void **state)
{
	(void)state;
	expect_keys("", ERR_INVALID);
	expect_keys("[]", ERR_INVALID);
	expect_keys("{\"keys\":{}}", ERR_INVALID);
	expect_keys("{\"keys\":[]}", ERR_INVALID);
	expect_keys("{\"keys\":[1,null,{\"kty\":\"oct\",\"k\":\"AAAA\"}]}", ERR_INVALID);
	expect_keys("{\"keys\":[],\"keys\":[]}", ERR_INVALID);
	expect_keys("{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AQ\"}]}", ERR_INVALID);
	expect_keys("{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"AQ\"}]}", ERR_INVALID);
}

/* A key serves what it says it is for, and nothing else. */
static void
a_key_is_used_for_its_purpose(void **state)
{
	static const char *const purposes[] = {"{\"use\":\"enc\"}", "{\"key_ops\":[\"sign\"]}", "{\"key_ops\":[]}",
					       "{\"alg\":\"RS256\"}"};
	struct ring *ring = *state;

	for (size_t i = 0; i < ARRAY_LEN(purposes); i++) {
		json_t *jwk = keyring_public(ring->rsa), *purpose = json_loads(purposes[i], 0, NULL);
		struct ring other = *ring;

		json_object_update(jwk, purpose);
		json_decref(purpose);
		other.keys = keys_of(json_pack("[o, o]", jwk, keyring_public(ring->ec)));
		expect(&other, keyring_sign(header_of("PS256", "r1"), good_claims(), ring->rsa),
		       i < 3 ? JWT_UNKNOWN_KEY : JWT_BAD_SIGNATURE);
		jwt_keys_free(&other.keys);
	}
}

static void
the_size_of_a_set_is_bounded(void **state)
{
	char *text = malloc(JWT_KEYS_BYTES_MAX + 2);

	(void)state;
	assert_non_null(text);
	memset(text, ' ', JWT_KEYS_BYTES_MAX + 1);
	text[JWT_KEYS_BYTES_MAX + 1] = '\0';
	expect_keys(text, ERR_LIMIT);
	text[JWT_KEYS_BYTES_MAX] = '\0';
	expect_keys(text, ERR_INVALID);
	free(text);
}

static void
the_number_of_keys_is_bounded(void **state)
{
	struct ring *ring = *state;
	json_t *list = json_array();
	struct jwt_keys *keys = NULL;
	struct err err;
	char *text;

	for (int i = 0; i <= JWT_KEYS_MAX; i++)
		json_array_append_new(list, keyring_public(ring->ec));
	text = keyring_set(list);
	assert_int_equal(jwt_keys_parse(slice_from_str(text), &keys, &err), ERR_LIMIT);
	assert_null(keys);
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_algorithm_passes),
	    cmocka_unit_test(claims_are_given),
	    cmocka_unit_test(scopes_may_be_an_array_under_another_name),
	    cmocka_unit_test(other_algorithms_are_refused),
	    cmocka_unit_test(a_mac_with_the_public_key_is_refused),
	    cmocka_unit_test(the_wrong_key_is_refused),
	    cmocka_unit_test(a_changed_token_is_refused),
	    cmocka_unit_test(what_is_no_token_is_refused),
	    cmocka_unit_test(claims_are_judged),
	    cmocka_unit_test(times_are_judged),
	    cmocka_unit_test(a_set_without_use_is_refused),
	    cmocka_unit_test(a_key_is_used_for_its_purpose),
	    cmocka_unit_test(the_size_of_a_set_is_bounded),
	    cmocka_unit_test(the_number_of_keys_is_bounded),
	};

	return cmocka_run_group_tests(tests, ring_setup, ring_teardown);
}
