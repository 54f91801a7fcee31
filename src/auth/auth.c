#include "auth/auth.h"

#include <stdlib.h>
#include <string.h>

#include "auth/token.h"
#include "base/hash.h"
#include "base/rand.h"
#include "base/secret.h"
#include "oauth.h"
#include "resource.h"

#define SEEN_TOKENS 64

/* A good token that came before: its keyed hash, so that the token itself is kept nowhere. */
struct seen_token {
	struct hash128 hash;
	const struct principal *principal; /* NULL: none */
};

struct auth {
	const struct config *config;
	uint8_t seen_key[HASH_KEY_LEN];
	struct seen_token seen[SEEN_TOKENS];
	struct token_hasher hasher;
	struct principal anonymous;
	struct principal *principals; /* parallel to config->principals */
	struct oauth *oauth;	      /* NULL unless auth.mode = oauth */
	struct resource resource;     /* likewise empty */
};

#define CHALLENGE "Bearer realm=\"magento-mcp\""
#define CHALLENGE_INVALID CHALLENGE ", error=\"invalid_token\""

static int
open_oauth(struct auth *auth)
{
	auth->oauth = oauth_new(auth->config);
	if (auth->oauth == NULL)
		return ERR_NOMEM;
	return resource_init(&auth->resource, auth->config);
}

struct auth *
auth_new(const struct config *config)
{
	struct auth *auth = calloc(1, sizeof(*auth));

	if (auth == NULL)
		return NULL;
	auth->config = config;
	rand_bytes(auth->seen_key, sizeof(auth->seen_key));
	auth->anonymous = (struct principal){.name = "anonymous"};
	auth->principals = calloc(config->n_principals + 1, sizeof(*auth->principals));
	if (auth->principals == NULL || (config->auth.mode == CONFIG_AUTH_OAUTH && open_oauth(auth) < 0)) {
		auth_free(&auth);
		return NULL;
	}
	for (size_t i = 0; i < config->n_principals; i++)
		auth->principals[i] = principal_of_config(&config->principals[i]);
	return auth;
}

void
auth_free(struct auth **auth)
{
	if (*auth == NULL)
		return;
	if ((*auth)->oauth != NULL)
		resource_fini(&(*auth)->resource);
	oauth_free(&(*auth)->oauth);
	token_hasher_fini(&(*auth)->hasher);
	free((*auth)->principals);
	free(*auth);
	*auth = NULL;
}

static struct auth_verdict
refuse(int status, const char *challenge, const char *message)
{
	return (struct auth_verdict){.principal = NULL, .status = status, .challenge = challenge, .message = message};
}

static struct auth_verdict
refuse_bad(const char *challenge, const char *message)
{
	struct auth_verdict verdict = refuse(401, challenge, message);

	verdict.was_bad = true;
	return verdict;
}

/* SipHash under a key of this process alone: 128 bits that nobody can aim at. */
static const struct principal *
find_seen(struct auth *auth, struct slice token, struct seen_token **place_r, struct hash128 *hash_r)
{
	*hash_r = hash_sip128(auth->seen_key, token.ptr, token.len);
	*place_r = &auth->seen[hash_r->lo % SEEN_TOKENS];
	return (*place_r)->hash.lo == hash_r->lo && (*place_r)->hash.hi == hash_r->hi ? (*place_r)->principal : NULL;
}

/* All principals are compared, so that the time taken does not tell which one came close. */
static const struct principal *
find_by_token(struct auth *auth, struct slice token)
{
	char hex[TOKEN_SHA256_HEX_LEN + 1];
	struct hash128 hash;
	struct seen_token *place;
	const struct principal *found = find_seen(auth, token, &place, &hash);

	if (found != NULL)
		return found;
	token_sha256_hex(&auth->hasher, token, hex);
	for (size_t i = 0; i < auth->config->n_principals; i++) {
		struct slice known = slice_from_str(auth->config->principals[i].token_sha256);

		if (secret_eq(known, slice_of(hex, TOKEN_SHA256_HEX_LEN)))
			found = &auth->principals[i];
	}
	if (found != NULL)
		*place = (struct seen_token){hash, found};
	return found;
}

/* The challenge of this server: what clients find the authorization server by. */
static const char *
challenge_of(const struct auth *auth, bool token_came)
{
	if (auth->oauth != NULL)
		return token_came ? auth->resource.invalid.ptr : auth->resource.missing.ptr;
	return token_came ? CHALLENGE_INVALID : CHALLENGE;
}

static struct auth_verdict
judge_static(struct auth *auth, struct slice token, uint64_t now_wall_ms)
{
	const char *challenge = challenge_of(auth, true);
	const struct principal *principal = find_by_token(auth, token);
	size_t index;

	if (principal == NULL)
		return refuse_bad(challenge, "This client token is not known here.");
	index = (size_t)(principal - auth->principals);
	if (auth->config->principals[index].expires != 0 && now_wall_ms >= auth->config->principals[index].expires)
		return refuse(401, challenge, "This client token has expired. Ask the operator for a new one.");
	return (struct auth_verdict){.principal = principal, .status = 200};
}

/* Without the issuer's keys nobody can be judged: that is our trouble, and 401 would make clients drop good tokens. */
static struct auth_verdict
judge_access_token(struct auth *auth, struct slice token, uint64_t now_wall_ms)
{
	struct oauth_answer answer = oauth_judge(auth->oauth, token, now_wall_ms);
	struct auth_verdict verdict = {.principal = answer.principal, .status = 200};

	if (answer.principal != NULL)
		return verdict;
	if (answer.lacks_keys || answer.verdict == JWT_NO_MEMORY)
		verdict =
		    refuse(503, NULL,
			   "The authorization server's keys are not at hand, so no token can be judged. Try again "
			   "in a moment; the operator finds the reason in the log.");
	else
		verdict = refuse(401, auth->resource.invalid.ptr, jwt_verdict_text(answer.verdict));
	verdict.was_bad = verdict.status == 401 && answer.verdict != JWT_EXPIRED && answer.verdict != JWT_NOT_YET;
	verdict.wants_keys = answer.lacks_keys || answer.verdict == JWT_UNKNOWN_KEY;
	return verdict;
}

static struct auth_verdict
judge_bearer(struct auth *auth, const struct auth_input *input, uint64_t now_wall_ms)
{
	struct slice token = input->authorization;

	if (input->n_authorization == 0) {
		return refuse(401, challenge_of(auth, false),
			      auth->oauth != NULL ? "An access token is needed: send Authorization: Bearer TOKEN. The "
						    "challenge names where to get one."
						  : "A client token is needed: send Authorization: Bearer TOKEN. "
						    "The operator makes one with `magento-mcp token NAME`.");
	}
	if (input->n_authorization > 1)
		return refuse(400, NULL, "More than one Authorization header.");
	if (!slice_is_nocase(slice_sub(token, 0, 7), "bearer "))
		return refuse(400, challenge_of(auth, false),
			      "The Authorization header must have the form: Bearer TOKEN.");
	token = slice_trim(slice_sub(token, 7, token.len));
	if (auth->oauth != NULL && !slice_has_prefix(token, TOKEN_PREFIX))
		return judge_access_token(auth, token, now_wall_ms);
	return judge_static(auth, token, now_wall_ms);
}

struct auth_verdict
auth_judge(struct auth *auth, const struct auth_input *input, uint64_t now_wall_ms)
{
	if (auth->config->auth.mode != CONFIG_AUTH_NONE)
		return judge_bearer(auth, input, now_wall_ms);
	if (input->was_forwarded) {
		return refuse(
		    403, NULL,
		    "This server runs without client authentication and does not serve requests that come "
		    "through a proxy. Set auth.mode = token and make client tokens with `magento-mcp token NAME`.");
	}
	return (struct auth_verdict){.principal = &auth->anonymous, .status = 200};
}

int
auth_take_keys(struct auth *auth, struct slice jwks, struct err *err)
{
	struct jwt_keys *keys = NULL;
	int r = jwt_keys_parse(jwks, &keys, err);

	if (r == 0)
		oauth_set_keys(auth->oauth, &keys);
	return r;
}

struct slice
auth_resource_metadata(const struct auth *auth)
{
	return auth->oauth != NULL ? buf_slice(&auth->resource.metadata) : SLICE_NONE;
}

int
auth_put_scope_challenge(const struct auth *auth, struct buf *out, const char *scope)
{
	must(auth->oauth != NULL);
	return resource_put_scope_challenge(&auth->resource, out, scope);
}
