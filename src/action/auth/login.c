/*
 * login.c - auth.login: the store is asked before a login exists
 */
#include "login.h"

#include <string.h>

#include "action/env.h"
#include "base/clock.h"
#include "base/fiber.h"
#include "json/get.h"
#include "login_choice.h"
#include "login_penalty.h"
#include "magento/error.h"
#include "magento/login.h"
#include "results.h"
#include "session/quota.h"
#include "session/token.h"
#include "shapes.h"
#include "store.h"

static int
copy_secret(struct secret *to, const json_t *params, const char *name, struct fault *fault)
{
	if (secret_set(to, json_get_slice(params, name)) < 0)
		return fault_set(fault, FAULT_VALIDATION_ERROR, NULL,
				 "params.%s: is too long: at most %d bytes are kept.", name, SECRET_MAX);
	return 0;
}

static int
use_oauth_of_call(struct store_client *sc, const json_t *params, struct fault *fault)
{
	struct magento_credentials *c = &sc->credentials;

	c->kind = MAGENTO_AUTH_OAUTH;
	if (copy_secret(&c->consumer_key, params, "oauth_consumer_key", fault) < 0 ||
	    copy_secret(&c->consumer_secret, params, "oauth_consumer_secret", fault) < 0 ||
	    copy_secret(&c->token, params, "oauth_token", fault) < 0)
		return -1;
	return copy_secret(&c->token_secret, params, "oauth_token_secret", fault);
}

static int
set_username(struct login *login, struct slice username, struct fault *fault)
{
	if (slice_to_str(username, login->username, sizeof(login->username)) < 0)
		return fault_set(fault, FAULT_VALIDATION_ERROR, NULL, "The user name is longer than %d bytes.",
				 LOGIN_USERNAME_MAX);
	return 0;
}

static int
login_admin_of_call(struct store_client *sc, const json_t *params, struct login *login, struct fault *fault)
{
	struct slice username = json_get_slice(params, "username");
	struct magento_token token;

	if (store_ask_token(sc, username, json_get_slice(params, "password"), json_get_slice(params, "otp"), &token,
			    fault) < 0)
		return -1;
	sc->credentials.kind = MAGENTO_AUTH_BEARER;
	sc->credentials.bearer = token.token;
	sc->credentials.bearer_expires_wall_ms = token.expires_wall_ms;
	login->token_expires_wall_ms = token.expires_wall_ms;
	login->user_id = (int64_t)token.user_id;
	secret_wipe(&token.token);
	return set_username(login, username, fault);
}

static int
login_admin_of_config(struct store_client *sc, const struct config_store *configured, struct login *login,
		      struct fault *fault)
{
	const char *name =
	    pool_printf(sc->call->pool, "%s\n%s", configured->base_url, secret_slice(&configured->admin_username).ptr);
	uint64_t expires_wall_ms = 0, user_id = 0;

	if (name == NULL)
		return result_out_of_memory(fault);
	token_reset(sc->call->env->sessions, slice_from_str(name), action_now());
	if (store_admin_token(sc, configured, fault) < 0)
		return -1;
	magento_login_read_jwt(secret_slice(&sc->credentials.bearer), &expires_wall_ms, &user_id);
	login->user_id = (int64_t)user_id;
	login->token_expires_wall_ms = 0; /* renewed by itself: the login does not end with it */
	return set_username(login, secret_slice(&configured->admin_username), fault);
}

/* What stands for a user name where there is none. */
static const char *
label_of(const struct config_store *configured)
{
	if (configured == NULL)
		return "integration";
	return configured->label[0] != '\0' ? configured->label : configured->name;
}

/* Fills in the credentials, from the call or from the configuration. */
static int
get_credentials(struct store_client *sc, const struct login_choice *choice, const json_t *params, struct login *login,
		struct fault *fault)
{
	if (choice->method == LOGIN_ADMIN_TOKEN) {
		return choice->from_config ? login_admin_of_config(sc, choice->configured, login, fault)
					   : login_admin_of_call(sc, params, login, fault);
	}
	if (set_username(login, slice_from_str(label_of(choice->configured)), fault) < 0)
		return -1;
	if (choice->from_config) {
		store_use_configured(sc, choice->configured, choice->method);
		return 0;
	}
	if (choice->method == LOGIN_OAUTH)
		return use_oauth_of_call(sc, params, fault);
	sc->credentials.kind = MAGENTO_AUTH_BEARER;
	return copy_secret(&sc->credentials.bearer, params, "integration_token", fault);
}

/* An admin whose role allows nothing that we try is logged in all the same: the store gave him a token. */
static int
verify(struct store_client *sc, const struct login_choice *choice, struct magento_verdict *verdict_r,
       struct fault *fault)
{
	int r = magento_login_verify(&sc->magento, verdict_r, fault);

	if (r < 0 && choice->method == LOGIN_ADMIN_TOKEN && fault->code == FAULT_NOT_AUTHENTICATED) {
		fault_fini(fault);
		fault_init(fault);
		sc->magento.dead = false;
		*verdict_r = (struct magento_verdict){
		    .warning =
			"This admin account has none of the permissions that the tools need. Give its role access to "
			"Stores, Catalog and Marketing."};
		return 0;
	}
	return r;
}

static int
keep_credentials(struct pool *pool, struct login *login, const struct magento_credentials *c)
{
	struct login_credentials *kept = pool_alloc(pool, sizeof(*kept));

	if (kept == NULL)
		return ERR_NOMEM;
	kept->consumer_key = c->consumer_key;
	kept->consumer_secret = c->consumer_secret;
	kept->token = c->token;
	kept->token_secret = c->token_secret;
	kept->bearer = c->bearer;
	login->credentials = kept;
	return 0;
}

static int
fill_login(struct login *login, const struct action_call *call, const struct login_choice *choice,
	   const struct magento_verdict *verdict)
{
	login->method = choice->method;
	login->from_config = choice->from_config;
	if (choice->configured != NULL &&
	    slice_to_str(slice_from_str(choice->configured->name), login->store, sizeof(login->store)) < 0)
		return ERR_LIMIT;
	if (verdict->verified_route != NULL &&
	    slice_to_str(slice_from_str(verdict->verified_route), login->route, sizeof(login->route)) < 0)
		return ERR_LIMIT;
	if (slice_to_str(slice_from_str(choice->base_url), login->base_url, sizeof(login->base_url)) < 0)
		return ERR_LIMIT;
	return slice_to_str(slice_from_str(call->principal->name), login->principal, sizeof(login->principal));
}

/* It may have ended by itself: then there is nothing to do. */
static void
end_login(struct action_call *call, struct login_ref ref)
{
	int r = login_destroy(call->env->sessions, slice_from_str(call->principal->name), ref, action_now());

	(void)r;
}

/* The login that this MCP session had before ends, now that the new one stands. */
static void
replace_remembered(struct action_call *call, struct login_ref ref)
{
	struct login_ref before;
	bool has_before = false;

	if (call->memory.remember == NULL || call->memory.remember(call->memory.ctx, ref, &before, &has_before) < 0)
		return;
	if (has_before)
		end_login(call, before);
}

static const char *
success_message(enum login_method method)
{
	switch (method) {
	case LOGIN_OAUTH:
		return "Login successful (OAuth 1.0 integration)";
	case LOGIN_INTEGRATION_TOKEN:
		return "Login successful (integration token)";
	case LOGIN_ADMIN_TOKEN:
		break;
	}
	return "Login successful";
}

static json_t *
render_login(const struct login *login, const char *handle, uint64_t expires_wall_ms, const char *warning)
{
	json_t *result =
	    json_pack("{s:s, s:s, s:s, s:s}", "message", success_message(login->method), "username", login->username,
		      "base_url", login->base_url, "auth_method", login_method_name(login->method));
	int r = 0;

	if (login->store[0] != '\0')
		r |= json_object_set_new(result, "store", json_string(login->store));
	r |= json_object_set_new(result, "session", json_string(handle));
	r |= result_set_time(result, "session_expires_at", expires_wall_ms);
	if (login->token_expires_wall_ms != 0)
		r |= result_set_time(result, "token_expires_at", login->token_expires_wall_ms);
	if (warning != NULL)
		r |= json_object_set_new(result, "warnings", json_pack("[s]", warning));
	if (r != 0) {
		json_decref(result);
		return NULL;
	}
	return result;
}

static int
create_login(struct action_call *call, struct login *login, const char *warning, json_t **result_r, struct fault *fault)
{
	char handle[SESSION_HANDLE_CAP];
	struct login_ref ref;
	uint64_t expires_wall_ms = 0;
	struct err err = {.code = ERR_OK};
	int r = login_create(call->env->sessions, login, action_now(), handle, &ref, &expires_wall_ms, &err);

	if (r == ERR_FULL) {
		return fault_set(fault, FAULT_RATE_LIMITED, NULL,
				 "This server keeps as many sessions as it can. End one that you no "
				 "longer need with auth_logout, or try again later; the operator can raise "
				 "server.table_slots.");
	}
	if (r < 0) {
		return fault_set(fault, r == ERR_LIMIT ? FAULT_RATE_LIMITED : FAULT_INTERNAL_ERROR, NULL, "%s",
				 err.text[0] != '\0' ? err.text : "No login can be kept now. Try again later.");
	}
	*result_r = render_login(login, handle, expires_wall_ms, warning);
	if (*result_r == NULL) {
		end_login(call, ref);
		return result_out_of_memory(fault);
	}
	replace_remembered(call, ref);
	return 0;
}

/* jansson frees text as it is; what was secret is overwritten first. */
static void
wipe_secrets(json_t *params)
{
	static const char *const names[] = {"password",
					    "otp",
					    "integration_token",
					    "oauth_consumer_key",
					    "oauth_consumer_secret",
					    "oauth_token",
					    "oauth_token_secret"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		json_t *value = json_object_get(params, names[i]);

		if (json_is_string(value))
			secret_wipe_bytes((void *)(uintptr_t)json_string_value(value), json_string_length(value));
	}
}

static int
run(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	struct login_choice choice;
	struct store_client sc;
	struct magento_verdict verdict = {NULL, NULL};
	struct login *login;
	int r = -1;

	if (login_choose(call, params, &choice, fault) < 0)
		return -1;
	if (!choice.from_config)
		fiber_forget();
	login = pool_alloc(call->pool, sizeof(*login));
	if (login == NULL)
		return result_out_of_memory(fault);
	store_prepare(&sc, call, choice.base_url);
	sc.configured = choice.configured;
	sc.magento.is_private = !choice.from_config;
	if (get_credentials(&sc, &choice, params, login, fault) < 0)
		goto out;
	if (verify(&sc, &choice, &verdict, fault) < 0)
		goto out;
	if (fill_login(login, call, &choice, &verdict) < 0) {
		fault_set(fault, FAULT_VALIDATION_ERROR, NULL, "The address of the store is too long.");
		goto out;
	}
	if (!choice.from_config && keep_credentials(call->pool, login, &sc.credentials) < 0) {
		result_out_of_memory(fault);
		goto out;
	}
	r = create_login(call, login, verdict.warning, result_r, fault);
out:
	login_wipe(login);
	store_close(&sc);
	return r;
}

int
login_run(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault)
{
	int r = login_penalty_check(call, fault);

	if (r == 0) {
		r = run(call, params, result_r, fault);
		login_penalty_settle(call, r == 0, fault);
	}

	wipe_secrets(params);
	return r;
}

static const struct json_schema store_name = {
    .type = JSON_T_STRING, .min_length = 1, .max_length = 64, .description = "Name of a configured store"};
static const struct json_schema base_url = {.type = JSON_T_STRING,
					    .min_length = 1,
					    .max_length = 2048,
					    .format = "uri",
					    .description = "Store address, if the server allows it"};
static const struct json_schema username = {
    .type = JSON_T_STRING, .min_length = 1, .max_length = 255, .description = "Name of a Magento admin account"};
static const struct json_schema password = {
    .type = JSON_T_STRING, .min_length = 1, .max_length = 255, .description = "Password of that account"};

static bool
match_otp(const char *text, size_t len)
{
	return len >= 6 && len <= 8 && strspn(text, "0123456789") == len;
}

static const struct json_schema otp = {
    .type = JSON_T_STRING,
    .match = match_otp,
    .pattern = "^[0-9]{6,8}$",
    .hint = "6 to 8 digits",
    .description = "Current code of the authenticator app, if the account has 2FA",
};
static const char *const tfa_providers[] = {"google", NULL};
static const struct json_schema tfa_provider = {.type = JSON_T_STRING,
						.enumeration = tfa_providers,
						.default_json = "\"google\"",
						.description = "2FA provider of that code"};
static const struct json_schema integration_token = {
    .type = JSON_T_STRING, .min_length = 1, .max_length = 511, .description = "Access token of a Magento integration"};
static const struct json_schema oauth_part = {.type = JSON_T_STRING, .min_length = 1, .max_length = 255};

#define OAUTH_TEXT " of a Magento integration (OAuth 1.0a; all four oauth_* or none)"

static const struct json_prop login_props[] = {
    {"store", &store_name, false, NULL},
    {"base_url", &base_url, false, NULL},
    {"username", &username, false, NULL},
    {"password", &password, false, NULL},
    {"otp", &otp, false, NULL},
    {"tfa_provider", &tfa_provider, false, NULL},
    {"integration_token", &integration_token, false, NULL},
    {"oauth_consumer_key", &oauth_part, false, "Consumer key" OAUTH_TEXT},
    {"oauth_consumer_secret", &oauth_part, false, "Consumer secret" OAUTH_TEXT},
    {"oauth_token", &oauth_part, false, "Access token" OAUTH_TEXT},
    {"oauth_token_secret", &oauth_part, false, "Access token secret" OAUTH_TEXT},
    {0},
};
const struct json_schema login_params = {.type = JSON_T_OBJECT, .props = login_props};

static const char *const method_names[] = {"oauth", "integration_token", "admin_token", NULL};
const struct json_schema login_method_shape = {.type = JSON_T_STRING, .enumeration = method_names};
const struct json_schema login_time_shape = {.type = JSON_T_STRING, .format = "date-time"};

static const struct json_prop login_result_props[] = {
    {"message", &shape_text, true, NULL},
    {"username", &shape_text, true, "Admin name, else the label of the store or integration"},
    {"base_url", &shape_text, true, NULL},
    {"auth_method", &login_method_shape, true, NULL},
    {"store", &shape_text, false, "Name of the configured store"},
    {"session", &shape_text, true, "Handle of this login: pass it as `session` if your client keeps no MCP session"},
    {"session_expires_at", &login_time_shape, true, "When the login ends unless it is used"},
    {"token_expires_at", &login_time_shape, false, "When the admin token ends"},
    {"warnings", &shape_texts, false, NULL},
    {0},
};
const struct json_schema login_result = {.type = JSON_T_OBJECT, .props = login_result_props};
