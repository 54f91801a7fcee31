/*
 * jwt_keys.c - which keys of a set can be used, and for what
 */
#include "jwt_keys.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/enc.h"
#include "json/get.h"
#include "json/parse.h"

#define ED25519_BYTES 32
#define P256_BYTES 32
#define RSA_BYTES_MAX 1024 /* of a modulus: 8192 bits; more is an attack on our time */

enum jwt_algorithm
jwt_algorithm_of(const char *name)
{
	static const char *const names[JWT_ALGORITHMS] = {"RS256", "PS256", "ES256", "EdDSA"};

	for (int i = 0; i < JWT_ALGORITHMS; i++) {
		if (strcmp(names[i], name) == 0)
			return (enum jwt_algorithm)i;
	}
	return JWT_ALGORITHMS;
}

/* Bytes of a base64url member, leading zeros not counted; 0 when it is none. */
static size_t
number_length(const json_t *jwk, const char *member)
{
	struct slice text = json_get_slice(jwk, member);
	struct buf bytes;
	size_t zeros = 0, len = 0;

	if (text.ptr == NULL)
		return 0;
	buf_init(&bytes, text.len + 4);
	if (enc_base64url_decode(text, &bytes) == 0) {
		while (zeros < bytes.len && bytes.ptr[zeros] == '\0')
			zeros++;
		len = bytes.len - zeros;
	}
	buf_fini(&bytes);
	return len;
}

static bool
has_curve(const json_t *jwk, const char *curve)
{
	return strcmp(json_get_str(jwk, "crv", ""), curve) == 0;
}

static void
judge_type(struct jwt_key *key, const json_t *jwk)
{
	const char *type = json_get_str(jwk, "kty", "");
	size_t n = number_length(jwk, "n");

	if (strcmp(type, "RSA") == 0 && n * 8 >= JWT_RSA_BITS_MIN && n <= RSA_BYTES_MAX &&
	    number_length(jwk, "e") > 0) {
		key->serves[JWT_RS256] = true;
		key->serves[JWT_PS256] = true;
	}
	if (strcmp(type, "EC") == 0 && has_curve(jwk, "P-256") && number_length(jwk, "x") <= P256_BYTES &&
	    number_length(jwk, "x") > 0 && number_length(jwk, "y") <= P256_BYTES && number_length(jwk, "y") > 0)
		key->serves[JWT_ES256] = true;
	if (strcmp(type, "OKP") == 0 && has_curve(jwk, "Ed25519") && number_length(jwk, "x") <= ED25519_BYTES &&
	    number_length(jwk, "x") > 0)
		key->serves[JWT_EDDSA] = true;
}

/* What the key says of itself narrows what it may be used for. */
static void
judge_purpose(struct jwt_key *key, const json_t *jwk)
{
	const char *use = json_get_str(jwk, "use", "sig");
	const char *alg = json_get_str(jwk, "alg", NULL);
	json_t *operations = json_get_array(jwk, "key_ops");
	bool may_verify = operations == NULL;
	json_t *operation;
	size_t i;

	json_array_foreach(operations, i, operation)
	{
		if (json_is_string(operation) && strcmp(json_string_value(operation), "verify") == 0)
			may_verify = true;
	}
	for (i = 0; i < JWT_ALGORITHMS; i++) {
		if (strcmp(use, "sig") != 0 || !may_verify || (alg != NULL && jwt_algorithm_of(alg) != i))
			key->serves[i] = false;
	}
}

/* Only what verifying needs: a private half that slipped into the set goes no further, and `alg` has been judged. */
static json_t *
public_half(const json_t *jwk)
{
	static const char *const members[] = {"kty", "kid", "n", "e", "crv", "x", "y"};
	json_t *half = json_object();

	for (size_t i = 0; half != NULL && i < ARRAY_LEN(members); i++) {
		json_t *value = json_object_get(jwk, members[i]);

		if (value != NULL && json_object_set(half, members[i], value) < 0) {
			json_decref(half);
			half = NULL;
		}
	}
	return half;
}

static int
take_key(struct jwt_keys *keys, const json_t *jwk)
{
	struct jwt_key key = {.jwk = NULL};
	bool is_useful = false;

	judge_type(&key, jwk);
	judge_purpose(&key, jwk);
	for (size_t i = 0; i < JWT_ALGORITHMS; i++)
		is_useful |= key.serves[i];
	if (!is_useful)
		return 0;
	if (keys->n == JWT_KEYS_MAX)
		return ERR_LIMIT;
	key.jwk = public_half(jwk);
	if (key.jwk == NULL)
		return ERR_NOMEM;
	key.id = json_get_str(key.jwk, "kid", NULL);
	keys->keys[keys->n++] = key;
	return 0;
}

static int
take_keys(struct jwt_keys *keys, const json_t *set, struct err *err)
{
	json_t *list = json_get_array(set, "keys");
	json_t *jwk;
	size_t i;

	if (list == NULL)
		return err_set(err, ERR_INVALID, "it is not a JSON Web Key set: there is no array \"keys\"");
	json_array_foreach(list, i, jwk)
	{
		int r = json_is_object(jwk) ? take_key(keys, jwk) : 0;

		if (r == ERR_LIMIT)
			return err_set(err, r, "it holds more than %d keys", JWT_KEYS_MAX);
		if (r < 0)
			return err_set(err, (enum err_code)r, "out of memory");
	}
	if (keys->n == 0)
		return err_set(err, ERR_INVALID, "it holds no key that can be used (RS256, PS256, ES256 or EdDSA)");
	return 0;
}

int
jwt_keys_parse(struct slice json, struct jwt_keys **keys_r, struct err *err)
{
	struct jwt_keys *keys = NULL;
	json_t *set = NULL;
	int r;

	*keys_r = NULL;
	if (json.len > JWT_KEYS_BYTES_MAX)
		return err_set(err, ERR_LIMIT, "it is larger than %d bytes", JWT_KEYS_BYTES_MAX);
	r = json_parse(json, NULL, &set, err);
	if (r < 0)
		return r == ERR_EXISTS ? ERR_INVALID : r;
	keys = calloc(1, sizeof(*keys));
	r = keys != NULL ? take_keys(keys, set, err) : err_set(err, ERR_NOMEM, "out of memory");
	json_decref(set);
	if (r < 0)
		jwt_keys_free(&keys);
	*keys_r = keys;
	return r;
}

void
jwt_keys_free(struct jwt_keys **keys)
{
	if (*keys == NULL)
		return;
	for (size_t i = 0; i < (*keys)->n; i++)
		json_decref((*keys)->keys[i].jwk);
	free(*keys);
	*keys = NULL;
}

bool
jwt_keys_equal(const struct jwt_keys *a, const struct jwt_keys *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++) {
		if (!json_equal(a->keys[i].jwk, b->keys[i].jwk) ||
		    memcmp(a->keys[i].serves, b->keys[i].serves, sizeof(a->keys[i].serves)) != 0)
			return false;
	}
	return true;
}
