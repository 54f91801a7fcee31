/*
 * keyring.h - keys and tokens for tests: an issuer with one P-256 key
 */
#ifndef TESTS_AUTH_KEYRING_H
#define TESTS_AUTH_KEYRING_H

#include <jose/b64.h>
#include <jose/jwk.h>
#include <jose/jws.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* A key pair from a libjose template such as {"kty":"EC","crv":"P-256","kid":"e1"}. */
static inline json_t *
keyring_generate(const char *template)
{
	json_t *jwk = json_loads(template, 0, NULL);

	assert_non_null(jwk);
	assert_true(jose_jwk_gen(NULL, jwk));
	return jwk;
}

static inline json_t *
keyring_public(const json_t *jwk)
{
	json_t *copy = json_deep_copy(jwk);

	assert_true(jose_jwk_pub(NULL, copy));
	json_object_del(copy, "key_ops");
	return copy;
}

/* Text of a set; `list` is taken. */
static inline char *
keyring_set(json_t *list)
{
	json_t *set = json_pack("{s:o}", "keys", list);
	char *text = json_dumps(set, JSON_COMPACT);

	assert_non_null(text);
	json_decref(set);
	return text;
}

/* Header and claims are taken; `jwk` NULL: no signature is made, the text "AAAA" stands there. */
static inline char *
keyring_sign(json_t *header, json_t *claims, const json_t *jwk)
{
	json_t *payload = jose_b64_enc_dump(claims), *protected = jose_b64_enc_dump(header);
	json_t *jws = json_pack("{s:O}", "payload", payload), *signature = json_pack("{s:O}", "protected", protected);
	const char *made = "AAAA";
	char *token = NULL;

	if (jwk != NULL) {
		assert_true(jose_jws_sig(NULL, jws, signature, jwk));
		made = json_string_value(json_object_get(jws, "signature"));
	}
	assert_true(asprintf(&token, "%s.%s.%s", json_string_value(protected), json_string_value(payload), made) > 0);
	json_decref(jws);
	json_decref(signature);
	json_decref(payload);
	json_decref(protected);
	json_decref(header);
	json_decref(claims);
	return token;
}

#endif
