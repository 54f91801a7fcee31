/*
 * jwt.c - is this token genuine, for us, and of now?
 */
#include "auth/jwt.h"

#include <jose/jws.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/enc.h"
#include "base/library.h"
#include "json/get.h"
#include "json/parse.h"
#include "jwt_keys.h"

#define ED25519_KEY_LEN 32
#define ED25519_SIGNATURE_LEN 64

/* The compact form, taken apart; all slices are of the token. */
struct parts {
	struct slice header, payload, signature;
	struct slice is_signed; /* header.payload */
};

static bool
split(struct slice token, struct parts *parts)
{
	ptrdiff_t first = slice_find(token, '.');
	struct slice rest = first > 0 ? slice_sub(token, (size_t)first + 1, token.len) : SLICE_NONE;
	ptrdiff_t second = rest.ptr != NULL ? slice_find(rest, '.') : -1;

	if (second <= 0 || token.len > JWT_BYTES_MAX)
		return false;
	parts->header = slice_sub(token, 0, (size_t)first);
	parts->payload = slice_sub(rest, 0, (size_t)second);
	parts->signature = slice_sub(rest, (size_t)second + 1, rest.len);
	parts->is_signed = slice_sub(token, 0, (size_t)first + 1 + (size_t)second);
	return parts->signature.len > 0 && slice_find(parts->signature, '.') < 0;
}

/* A base64url part that is a JSON object.  ERR_INVALID, ERR_NOMEM. */
static int
decode_object(struct slice part, json_t **object_r)
{
	struct buf text;
	int r;

	*object_r = NULL;
	buf_init(&text, JWT_BYTES_MAX);
	r = enc_base64url_decode(part, &text);
	if (r == 0)
		r = json_parse(buf_slice(&text), NULL, object_r, NULL);
	buf_fini(&text);
	if (r == 0 && !json_is_object(*object_r))
		r = ERR_INVALID;
	return r == 0 || r == ERR_NOMEM ? r : ERR_INVALID;
}

/* ---- header ---- */

/* RFC 9068 names at+jwt; many issuers write JWT or nothing. */
static bool
is_known_type(const json_t *header)
{
	struct slice type = json_get_slice(header, "typ");

	if (json_object_get(header, "typ") == NULL)
		return true;
	return slice_is_nocase(type, "at+jwt") || slice_is_nocase(type, "application/at+jwt") ||
	       slice_is_nocase(type, "jwt");
}

static enum jwt_verdict
judge_header(const json_t *header, enum jwt_algorithm *algorithm_r)
{
	const char *name = json_get_str(header, "alg", NULL);

	if (name == NULL || !is_known_type(header) || json_object_get(header, "crit") != NULL ||
	    json_object_get(header, "b64") != NULL)
		return JWT_MALFORMED;
	*algorithm_r = jwt_algorithm_of(name);
	return *algorithm_r == JWT_ALGORITHMS ? JWT_BAD_ALGORITHM : JWT_OK;
}

/* ---- signature ---- */

static bool
verify_eddsa(const struct parts *parts, const json_t *jwk)
{
	EVP_MD_CTX *digest = EVP_MD_CTX_new();
	EVP_PKEY *key = NULL;
	struct buf raw, signature;
	bool ok = false;

	buf_init(&raw, ED25519_KEY_LEN);
	buf_init(&signature, ED25519_SIGNATURE_LEN);
	if (enc_base64url_decode(json_get_slice(jwk, "x"), &raw) == 0 && raw.len == ED25519_KEY_LEN &&
	    enc_base64url_decode(parts->signature, &signature) == 0 && signature.len == ED25519_SIGNATURE_LEN)
		key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, (const unsigned char *)raw.ptr, raw.len);
	if (key != NULL && digest != NULL && EVP_DigestVerifyInit(digest, NULL, NULL, NULL, key) == 1)
		ok = EVP_DigestVerify(digest, (const unsigned char *)signature.ptr, signature.len,
				      (const unsigned char *)parts->is_signed.ptr, parts->is_signed.len) == 1;
	EVP_PKEY_free(key);
	EVP_MD_CTX_free(digest);
	buf_fini(&raw);
	buf_fini(&signature);
	return ok;
}

/*
 * libjose seeds random numbers and fetches every algorithm of libcrypto as soon as it is loaded, a third of what the
 * start of any process took; and only servers with auth.mode = oauth ever call it.
 */
static library_function jose_verify; /* the process's one copy of it: set once */

int
jwt_open(struct err *err)
{
	static const char *const names[] = {"jose_jws_ver"};

	if (jose_verify != NULL)
		return 0;
	return library_load("libjose.so.0", "libjose0", names, ARRAY_LEN(names), &jose_verify, err);
}

static bool
verify_with(const struct parts *parts, enum jwt_algorithm algorithm, json_t *jws, const json_t *jwk)
{
	if (algorithm == JWT_EDDSA)
		return verify_eddsa(parts, jwk);
	return ((__typeof__(&jose_jws_ver))jose_verify)(NULL, jws, NULL, jwk, false);
}

static json_t *
jws_of(const struct parts *parts)
{
	return json_pack("{s:s%, s:s%, s:s%}", "protected", parts->header.ptr, parts->header.len, "payload",
			 parts->payload.ptr, parts->payload.len, "signature", parts->signature.ptr,
			 parts->signature.len);
}

/* A token that names its key is held against that one only; one that does not, against all of its algorithm. */
static enum jwt_verdict
judge_signature(const struct parts *parts, const json_t *header, enum jwt_algorithm algorithm,
		const struct jwt_keys *keys)
{
	const char *id = json_get_str(header, "kid", NULL);
	enum jwt_verdict verdict = JWT_UNKNOWN_KEY;
	json_t *jws;

	if (jwt_open(NULL) < 0)
		return JWT_NO_MEMORY;
	jws = jws_of(parts);
	if (jws == NULL)
		return JWT_NO_MEMORY;
	for (size_t i = 0; i < keys->n && verdict != JWT_OK; i++) {
		const struct jwt_key *key = &keys->keys[i];

		if (id != NULL && (key->id == NULL || strcmp(key->id, id) != 0))
			continue;
		/* The right name on a key of another kind is a forgery, not a key that we have not heard of. */
		verdict = JWT_BAD_SIGNATURE;
		if (key->serves[algorithm] && verify_with(parts, algorithm, jws, key->jwk))
			verdict = JWT_OK;
	}
	json_decref(jws);
	return verdict;
}

/* ---- claims ---- */

static bool
has_audience(const json_t *claims, const char *wanted)
{
	json_t *audience = json_object_get(claims, "aud");
	json_t *one;
	size_t i;

	if (json_is_string(audience))
		return slice_is(json_get_slice(claims, "aud"), wanted);
	json_array_foreach(audience, i, one)
	{
		if (json_is_string(one) && slice_is(slice_of(json_string_value(one), json_string_length(one)), wanted))
			return true;
	}
	return false;
}

/* NumericDate: seconds, perhaps with a fraction.  False when it is there and is none. */
static bool
read_date(const json_t *claims, const char *name, uint64_t fallback, uint64_t *date_r)
{
	json_t *value = json_object_get(claims, name);
	double seconds = json_number_value(value);

	*date_r = fallback;
	if (value == NULL)
		return true;
	if (!json_is_number(value) || !(seconds >= 0) || seconds > 1e12)
		return false;
	*date_r = (uint64_t)seconds;
	return true;
}

static enum jwt_verdict
judge_times(const json_t *claims, uint64_t now_s, uint64_t *expires_r)
{
	uint64_t not_before = 0, issued = 0;

	if (!read_date(claims, "exp", 0, expires_r) || *expires_r == 0 || !read_date(claims, "nbf", 0, &not_before) ||
	    !read_date(claims, "iat", 0, &issued))
		return JWT_INCOMPLETE;
	if (now_s >= *expires_r + JWT_LEEWAY_S)
		return JWT_EXPIRED;
	return not_before > now_s + JWT_LEEWAY_S || issued > now_s + JWT_LEEWAY_S ? JWT_NOT_YET : JWT_OK;
}

/* Order: who made it, for whom, when; what it says last. */
static enum jwt_verdict
judge_claims(json_t *all, const struct jwt_expectation *expectation, uint64_t now_s, struct jwt_claims *claims)
{
	enum jwt_verdict verdict;

	if (!slice_is(json_get_slice(all, "iss"), expectation->issuer))
		return JWT_WRONG_ISSUER;
	if (!has_audience(all, expectation->audience))
		return JWT_WRONG_AUDIENCE;
	verdict = judge_times(all, now_s, &claims->expires_s);
	if (verdict != JWT_OK)
		return verdict;
	claims->subject = json_get_str(all, "sub", "");
	claims->client_id = json_get_str(all, "client_id", json_get_str(all, "azp", ""));
	claims->scopes = json_get(all, expectation->scopes_claim != NULL ? expectation->scopes_claim : "scope");
	if (claims->subject[0] == '\0' || strlen(claims->subject) != json_get_slice(all, "sub").len)
		return JWT_INCOMPLETE;
	return JWT_OK;
}

enum jwt_verdict
jwt_verify(struct slice token, const struct jwt_keys *keys, const struct jwt_expectation *expectation, uint64_t now_s,
	   struct jwt_claims *claims_r)
{
	enum jwt_algorithm algorithm = JWT_ALGORITHMS;
	enum jwt_verdict verdict = JWT_MALFORMED;
	json_t *header = NULL, *all = NULL;
	struct jwt_claims claims = {.all = NULL};
	struct parts parts;
	int r;

	if (!split(token, &parts))
		return JWT_MALFORMED;
	r = decode_object(parts.header, &header);
	if (r == 0)
		verdict = judge_header(header, &algorithm);
	if (verdict == JWT_OK)
		verdict = judge_signature(&parts, header, algorithm, keys);
	if (verdict == JWT_OK) {
		r = decode_object(parts.payload, &all);
		verdict = r == 0 ? judge_claims(all, expectation, now_s, &claims) : JWT_MALFORMED;
	}
	json_decref(header);
	if (verdict != JWT_OK) {
		json_decref(all);
		return r == ERR_NOMEM ? JWT_NO_MEMORY : verdict;
	}
	claims.all = all;
	*claims_r = claims;
	return JWT_OK;
}

void
jwt_claims_fini(struct jwt_claims *claims)
{
	json_decref(claims->all);
	*claims = (struct jwt_claims){.all = NULL};
}

void
jwt_claims_each_scope(const struct jwt_claims *claims, void (*fn)(void *ctx, struct slice scope), void *ctx)
{
	struct slice rest = slice_of(json_string_value(claims->scopes), json_string_length(claims->scopes));
	struct slice word;
	json_t *one;
	size_t i;

	if (json_is_string(claims->scopes)) {
		while (slice_next(&rest, ' ', &word)) {
			if (word.len > 0)
				fn(ctx, word);
		}
		return;
	}
	json_array_foreach(claims->scopes, i, one)
	{
		if (json_is_string(one))
			fn(ctx, slice_of(json_string_value(one), json_string_length(one)));
	}
}

const char *
jwt_verdict_text(enum jwt_verdict verdict)
{
	static const char *const texts[] = {
	    [JWT_OK] = "",
	    [JWT_MALFORMED] = "The access token is not a signed JWT.",
	    [JWT_BAD_ALGORITHM] = "The access token is signed with an algorithm that is not accepted here.",
	    [JWT_UNKNOWN_KEY] = "The access token is signed with a key that its issuer does not publish.",
	    [JWT_BAD_SIGNATURE] = "The access token's signature is wrong.",
	    [JWT_WRONG_ISSUER] = "The access token was made by another issuer.",
	    [JWT_WRONG_AUDIENCE] = "The access token was made for another server.",
	    [JWT_EXPIRED] = "The access token has expired.",
	    [JWT_NOT_YET] = "The access token is not valid yet. Compare the clocks of the two servers.",
	    [JWT_INCOMPLETE] = "The access token lacks a subject or an expiry.",
	    [JWT_NO_MEMORY] = "The server is short of memory. Try again in a moment.",
	};

	return texts[verdict];
}
