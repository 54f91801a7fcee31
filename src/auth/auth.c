#include "auth/auth.h"

#include <stdlib.h>
#include <string.h>

#include "auth/token.h"
#include "base/secret.h"

struct auth {
	const struct config *config;
	struct principal anonymous;
	struct principal *principals; /* parallel to config->principals */
};

#define CHALLENGE "Bearer realm=\"magento-mcp\""
#define CHALLENGE_INVALID CHALLENGE ", error=\"invalid_token\""

struct auth *
auth_new(const struct config *config)
{
	struct auth *auth = calloc(1, sizeof(*auth));

	if (auth == NULL)
		return NULL;
	auth->config = config;
	auth->anonymous = (struct principal){.name = "anonymous", .config = NULL};
	auth->principals = calloc(config->n_principals + 1, sizeof(*auth->principals));
	if (auth->principals == NULL) {
		auth_free(&auth);
		return NULL;
	}
	for (size_t i = 0; i < config->n_principals; i++) {
		auth->principals[i].name = config->principals[i].name;
		auth->principals[i].config = &config->principals[i];
	}
	return auth;
}

void
auth_free(struct auth **auth)
{
	if (*auth == NULL)
		return;
	free((*auth)->principals);
	free(*auth);
	*auth = NULL;
}

static struct auth_verdict
refuse(int status, const char *challenge, const char *message)
{
	return (struct auth_verdict){.principal = NULL, .status = status, .challenge = challenge, .message = message};
}

/* All principals are compared, so that the time taken does not tell which one came close. */
static const struct principal *
find_by_token(const struct auth *auth, struct slice token)
{
	char hex[TOKEN_SHA256_HEX_LEN + 1];
	const struct principal *found = NULL;

	token_sha256_hex(token, hex);
	for (size_t i = 0; i < auth->config->n_principals; i++) {
		struct slice known = slice_from_str(auth->config->principals[i].token_sha256);

		if (secret_eq(known, slice_of(hex, TOKEN_SHA256_HEX_LEN)))
			found = &auth->principals[i];
	}
	return found;
}

static struct auth_verdict
judge_token(const struct auth *auth, const struct auth_input *input, uint64_t now_wall_ms)
{
	struct slice token = input->authorization;
	const struct principal *principal;

	if (input->n_authorization == 0) {
		return refuse(401, CHALLENGE,
			      "A client token is needed: send Authorization: Bearer TOKEN. "
			      "The operator makes one with `magento-mcp token NAME`.");
	}
	if (input->n_authorization > 1)
		return refuse(400, NULL, "More than one Authorization header.");
	if (!slice_is_nocase(slice_sub(token, 0, 7), "bearer "))
		return refuse(400, CHALLENGE, "The Authorization header must have the form: Bearer TOKEN.");
	token = slice_trim(slice_sub(token, 7, token.len));
	principal = find_by_token(auth, token);
	if (principal == NULL)
		return refuse(401, CHALLENGE_INVALID, "This client token is not known here.");
	if (principal->config->expires != 0 && now_wall_ms >= principal->config->expires)
		return refuse(401, CHALLENGE_INVALID, "This client token has expired. Ask the operator for a new one.");
	return (struct auth_verdict){.principal = principal, .status = 200};
}

struct auth_verdict
auth_judge(const struct auth *auth, const struct auth_input *input, uint64_t now_wall_ms)
{
	if (auth->config->auth.mode == CONFIG_AUTH_TOKEN)
		return judge_token(auth, input, now_wall_ms);
	if (input->was_forwarded) {
		return refuse(
		    403, NULL,
		    "This server runs without client authentication and does not serve requests that come "
		    "through a proxy. Set auth.mode = token and make client tokens with `magento-mcp token NAME`.");
	}
	return (struct auth_verdict){.principal = &auth->anonymous, .status = 200};
}
