#include "oauth.h"

#include <openssl/sha.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/enc.h"
#include "principal_holders.h"

#define SCOPE_MAX 128
#define NAME_PREFIX "oauth:"
#define NAME_DIGEST_BYTES 18 /* of a subject that is no name; 24 characters in base64url */

/* A caller, as one token names him. */
struct caller {
	struct principal_holders holders; /* first: what `gone` is given */
	struct principal principal;
	char name[PRINCIPAL_NAME_MAX + 1];
	struct config_list scopes;
	const char *items[OAUTH_SCOPES_MAX];
	char *text; /* the scopes' bytes */
	size_t text_len;
};

struct entry {
	struct caller *caller; /* NULL: free; held */
	uint8_t digest[SHA256_DIGEST_LENGTH];
	uint64_t expires_s;
	uint64_t used; /* the clock of use */
};

struct oauth {
	const struct config *config;
	struct jwt_keys *keys;
	uint64_t uses;
	struct entry entries[OAUTH_SETS][OAUTH_WAYS];
};

/* ---- a caller ---- */

static void
caller_gone(struct principal_holders *holders)
{
	struct caller *caller = (struct caller *)holders; /* its first member */

	free(caller->text);
	free(caller);
}

/* Names end up in logs, records and keys: a subject that is no plain name is named by its digest. */
static void
name_caller(struct caller *caller, const char *subject)
{
	uint8_t digest[SHA256_DIGEST_LENGTH];
	struct buf name;

	buf_init(&name, PRINCIPAL_NAME_MAX);
	buf_put_str(&name, NAME_PREFIX);
	if (config_is_name(slice_from_str(subject)) && strlen(subject) + strlen(NAME_PREFIX) <= PRINCIPAL_NAME_MAX) {
		buf_put_str(&name, subject);
	} else {
		SHA256((const unsigned char *)subject, strlen(subject), digest);
		buf_put_char(&name, '~'); /* no subject that is a name begins so */
		must(enc_base64url_put(&name, slice_of((const char *)digest, NAME_DIGEST_BYTES)) == 0);
	}
	must(slice_to_str(buf_slice(&name), caller->name, sizeof(caller->name)) == 0);
	buf_fini(&name);
}

static void
measure_scope(void *ctx, struct slice scope)
{
	*(size_t *)ctx += scope.len + 1;
}

/* Scopes of other servers, openid and the like, are no rights here and do no harm. */
static void
take_scope(void *ctx, struct slice scope)
{
	struct caller *caller = ctx;
	char *at = caller->text + caller->text_len;

	if (caller->scopes.n == OAUTH_SCOPES_MAX || scope.len > SCOPE_MAX || memchr(scope.ptr, '\0', scope.len) != NULL)
		return;
	memcpy(at, scope.ptr, scope.len);
	at[scope.len] = '\0';
	caller->text_len += scope.len + 1;
	caller->items[caller->scopes.n++] = at;
}

static struct caller *
caller_new(const struct jwt_claims *claims)
{
	struct caller *caller = calloc(1, sizeof(*caller));
	size_t len = 1;

	if (caller == NULL)
		return NULL;
	jwt_claims_each_scope(claims, measure_scope, &len);
	caller->text = calloc(1, len);
	if (caller->text == NULL) {
		free(caller);
		return NULL;
	}
	caller->holders = (struct principal_holders){.n = 1, .gone = caller_gone};
	name_caller(caller, claims->subject);
	caller->scopes.items = caller->items;
	jwt_claims_each_scope(claims, take_scope, caller);
	caller->principal = (struct principal){.name = caller->name,
					       .scopes = &caller->scopes,
					       .by_token = true,
					       .expires_ms = (claims->expires_s + JWT_LEEWAY_S) * 1000,
					       .holders = &caller->holders};
	return caller;
}

/* ---- what is remembered ---- */

static void
forget(struct entry *entry)
{
	const struct principal *principal = entry->caller != NULL ? &entry->caller->principal : NULL;

	principal_release(&principal);
	*entry = (struct entry){.caller = NULL};
}

static struct entry *
set_of(struct oauth *oauth, const uint8_t *digest)
{
	return oauth->entries[digest[0] % OAUTH_SETS];
}

static struct entry *
find(struct oauth *oauth, const uint8_t *digest)
{
	struct entry *set = set_of(oauth, digest);

	for (size_t i = 0; i < OAUTH_WAYS; i++) {
		if (set[i].caller != NULL && memcmp(set[i].digest, digest, SHA256_DIGEST_LENGTH) == 0)
			return &set[i];
	}
	return NULL;
}

/* The one that has not been used for longest makes room. */
static void
remember(struct oauth *oauth, const uint8_t *digest, struct caller *caller, uint64_t expires_s)
{
	struct entry *set = set_of(oauth, digest);
	struct entry *place = &set[0];

	for (size_t i = 0; i < OAUTH_WAYS && place->caller != NULL; i++) {
		if (set[i].caller == NULL || set[i].used < place->used)
			place = &set[i];
	}
	forget(place);
	place->caller = caller;
	memcpy(place->digest, digest, SHA256_DIGEST_LENGTH);
	place->expires_s = expires_s;
	place->used = ++oauth->uses;
}

/* ---- ---- */

struct oauth *
oauth_new(const struct config *config)
{
	struct oauth *oauth = calloc(1, sizeof(*oauth));

	if (oauth != NULL)
		oauth->config = config;
	return oauth;
}

static void
forget_all(struct oauth *oauth)
{
	for (size_t set = 0; set < OAUTH_SETS; set++) {
		for (size_t way = 0; way < OAUTH_WAYS; way++)
			forget(&oauth->entries[set][way]);
	}
}

void
oauth_free(struct oauth **oauth)
{
	if (*oauth == NULL)
		return;
	forget_all(*oauth);
	jwt_keys_free(&(*oauth)->keys);
	free(*oauth);
	*oauth = NULL;
}

void
oauth_set_keys(struct oauth *oauth, struct jwt_keys **keys)
{
	bool is_same = oauth->keys != NULL && jwt_keys_equal(oauth->keys, *keys);

	if (!is_same)
		forget_all(oauth);
	jwt_keys_free(&oauth->keys);
	oauth->keys = *keys;
	*keys = NULL;
}

static struct oauth_answer
judge_new(struct oauth *oauth, struct slice token, const uint8_t *digest, uint64_t now_s)
{
	const struct jwt_expectation expectation = {
	    .issuer = oauth->config->auth.issuer,
	    .audience = oauth->config->auth.resource,
	    .scopes_claim = oauth->config->auth.scopes_claim,
	};
	struct jwt_claims claims;
	struct caller *caller;
	enum jwt_verdict verdict = jwt_verify(token, oauth->keys, &expectation, now_s, &claims);
	uint64_t expires_s;

	if (verdict != JWT_OK)
		return (struct oauth_answer){.verdict = verdict};
	caller = caller_new(&claims);
	expires_s = claims.expires_s;
	jwt_claims_fini(&claims);
	if (caller == NULL)
		return (struct oauth_answer){.verdict = JWT_NO_MEMORY};
	remember(oauth, digest, caller, expires_s);
	return (struct oauth_answer){.principal = principal_hold(&caller->principal)};
}

struct oauth_answer
oauth_judge(struct oauth *oauth, struct slice token, uint64_t now_wall_ms)
{
	uint64_t now_s = now_wall_ms / 1000;
	uint8_t digest[SHA256_DIGEST_LENGTH];
	struct entry *known;

	if (oauth->keys == NULL)
		return (struct oauth_answer){.lacks_keys = true};
	SHA256((const unsigned char *)token.ptr, token.len, digest);
	known = find(oauth, digest);
	if (known == NULL)
		return judge_new(oauth, token, digest, now_s);
	if (now_s >= known->expires_s + JWT_LEEWAY_S) {
		forget(known);
		return (struct oauth_answer){.verdict = JWT_EXPIRED};
	}
	known->used = ++oauth->uses;
	return (struct oauth_answer){.principal = principal_hold(&known->caller->principal)};
}
