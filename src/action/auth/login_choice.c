#include "login_choice.h"

#include <stdio.h>
#include <string.h>

#include "action/env.h"
#include "arguments.h"
#include "json/get.h"
#include "config/url.h"
#include "magento/url.h"
#include "store.h"

static const char *const oauth_names[] = {"oauth_consumer_key", "oauth_consumer_secret", "oauth_token",
					  "oauth_token_secret"};

/* ---- the store ---- */

/* Names of the stores that this caller may use, as details and for people. */
static json_t *
allowed_stores(const struct action_call *call)
{
	const struct config *config = call->env->config;
	json_t *names = json_array();

	for (size_t i = 0; i < config->n_stores; i++) {
		if (principal_may_use_store(call->principal, config->stores[i].name))
			json_array_append_new(names, json_string(config->stores[i].name));
	}
	return names;
}

static json_t *
detail(const struct action_call *call, const char *path, const char *message)
{
	return json_pack("[{s:s, s:s, s:o}]", "path", path, "message", message, "allowed", allowed_stores(call));
}

static int
refuse_store(const struct action_call *call, const char *path, const char *message, struct fault *fault)
{
	return fault_set(fault, FAULT_VALIDATION_ERROR, detail(call, path, message), "%s: %s.", path, message);
}

/*
 * A caller with named stores learns nothing about others: one that he may not use and one that does not exist (NULL)
 * are answered alike.  The audit log tells them apart.
 */
static int
refuse_foreign(struct action_call *call, const struct config_store *store, const char *path, struct fault *fault)
{
	call->refused_store = store != NULL ? store->base_url : NULL;
	return fault_set(
	    fault, FAULT_FORBIDDEN, detail(call, path, "is not one of your stores"),
	    "Your client token does not include such a store. Name one that it includes with params.store, "
	    "or ask the operator for access.");
}

static bool
is_foreign(const struct action_call *call, const struct config_store *store)
{
	return call->principal->stores != NULL &&
	       (store == NULL || !principal_may_use_store(call->principal, store->name));
}

static int
choose_configured(const struct config_store *store, struct login_choice *choice_r)
{
	choice_r->configured = store;
	return slice_to_str(slice_from_str(store->base_url), choice_r->base_url, sizeof(choice_r->base_url));
}

static const struct config_store *
find_by_url(const struct config *config, const char *url)
{
	for (size_t i = 0; i < config->n_stores; i++) {
		if (strcmp(config->stores[i].base_url, url) == 0)
			return &config->stores[i];
	}
	return NULL;
}

/* an address that nobody listed must be https and must not lead into the network this server stands in. */
static bool
is_public_https(const char *url)
{
	struct url_parts parts;

	return url_split(slice_from_str(url), &parts) == 0 && parts.tls && url_judge_host(parts.host) != URL_PRIVATE;
}

static int
choose_by_url(struct action_call *call, const char *given, struct login_choice *choice_r, struct fault *fault)
{
	const struct config *config = call->env->config;
	const struct config_store *store;
	struct err err;

	if (config_url_normalise(slice_from_str(given), choice_r->base_url, &err) < 0)
		return refuse_store(call, "params.base_url", err.text, fault);
	store = find_by_url(config, choice_r->base_url);
	if (is_foreign(call, store))
		return refuse_foreign(call, store, "params.base_url", fault);
	if (store != NULL)
		return choose_configured(store, choice_r);
	if (!store_is_listed(config, choice_r->base_url) &&
	    !(config->auth.allow_any_base_url && is_public_https(choice_r->base_url))) {
		return refuse_store(call, "params.base_url",
				    "this server does not serve that address; name one of its stores with params.store",
				    fault);
	}
	choice_r->configured = NULL;
	return 0;
}

static int
choose_store(struct action_call *call, json_t *params, struct login_choice *choice_r, struct fault *fault)
{
	const char *name = json_get_str(params, "store", NULL);
	const char *url = json_get_str(params, "base_url", NULL);
	const struct config *config = call->env->config;
	const struct config_store *store;

	if (name == NULL && url != NULL)
		return choose_by_url(call, url, choice_r, fault);
	store = name != NULL ? config_store_find(config, slice_from_str(name)) : config_store_default(config);
	if (is_foreign(call, store))
		return refuse_foreign(call, store, "params.store", fault);
	if (store == NULL && name != NULL)
		return refuse_store(call, "params.store", "no store of that name is configured", fault);
	if (store == NULL)
		return refuse_store(call, "params.store", "say which store: none is the default here", fault);
	if (choose_configured(store, choice_r) < 0)
		return -1;
	if (url != NULL) {
		char normal[CONFIG_URL_MAX + 1];

		if (config_url_normalise(slice_from_str(url), normal, NULL) < 0 || strcmp(normal, store->base_url) != 0)
			return refuse_store(call, "params.base_url", "is not the address of this store; leave it out",
					    fault);
	}
	return 0;
}

/* ---- the credentials ---- */

static int
check_oauth_complete(json_t *params, struct fault *fault)
{
	json_t *violations = json_array();
	size_t missing = 0;
	char path[64];

	for (size_t i = 0; i < ARRAY_LEN(oauth_names); i++) {
		if (json_object_get(params, oauth_names[i]) == NULL) {
			snprintf(path, sizeof(path), "params.%s", oauth_names[i]);
			arguments_violation(violations, path, "is missing: OAuth needs all four values, or none");
			missing++;
		}
	}
	if (missing > 0)
		return arguments_refuse(violations, fault);
	json_decref(violations);
	return 0;
}

static bool
has_oauth(json_t *params)
{
	for (size_t i = 0; i < ARRAY_LEN(oauth_names); i++) {
		if (json_object_get(params, oauth_names[i]) != NULL)
			return true;
	}
	return false;
}

static int
refuse_half_account(json_t *params, struct fault *fault)
{
	bool has_username = json_object_get(params, "username") != NULL;
	const char *path = has_username ? "params.password" : "params.username";
	json_t *violations = json_array();

	arguments_violation(violations, path, "is missing: an admin login needs username and password");
	return arguments_refuse(violations, fault);
}

/* 0 = none in the call. */
static int
method_in_call(json_t *params, enum login_method *method_r, struct fault *fault)
{
	bool has_username = json_object_get(params, "username") != NULL;
	bool has_password = json_object_get(params, "password") != NULL;

	*method_r = (enum login_method)0;
	if (has_oauth(params)) {
		*method_r = LOGIN_OAUTH;
		return check_oauth_complete(params, fault);
	}
	if (json_object_get(params, "integration_token") != NULL)
		*method_r = LOGIN_INTEGRATION_TOKEN;
	else if (has_username && has_password)
		*method_r = LOGIN_ADMIN_TOKEN;
	else if (has_username || has_password || json_object_get(params, "otp") != NULL)
		return refuse_half_account(params, fault);
	return 0;
}

int
login_choose(struct action_call *call, json_t *params, struct login_choice *choice_r, struct fault *fault)
{
	memset(choice_r, 0, sizeof(*choice_r));
	if (choose_store(call, params, choice_r, fault) < 0 || method_in_call(params, &choice_r->method, fault) < 0)
		return -1;
	if (choice_r->method != 0)
		return 0;
	choice_r->from_config = true;
	if (choice_r->configured != NULL)
		choice_r->method = store_configured_method(choice_r->configured);
	if (choice_r->method == 0) {
		return fault_set(fault, FAULT_VALIDATION_ERROR, NULL,
				 "No credentials: this store has none configured. Pass the four oauth_* values, "
				 "integration_token, or username "
				 "and password.");
	}
	return 0;
}
