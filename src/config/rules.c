/*
 * rules.c - see rules.h
 */
#include "config/rules.h"

#include <string.h>

#include "base/compiler.h"
#include "config/address.h"

static int
blame(const struct settings *settings, const char *section, const char *key, size_t instance, struct err *err)
{
	const struct config_key *row = keys_find(section, slice_from_str(key));

	must(row != NULL);
	return settings_blame_key(settings, row, instance, err);
}

/* ---- server and auth ---- */

/* Tokens go there: nobody on the way may read them. */
static bool
is_private_way(const char *url)
{
	static const char *const safe[] = {"https://", "http://127.0.0.1", "http://[::1]", "http://localhost"};
	size_t i;

	for (i = 0; i < ARRAY_LEN(safe); i++) {
		size_t len = strlen(safe[i]);

		if (strncmp(url, safe[i], len) == 0 && (i == 0 || strchr(":/", url[len]) != NULL))
			return true;
	}
	return false;
}

/* Kept byte for byte, since tokens are compared with it; so only its form is judged here. */
static int
check_oauth_url(const struct settings *settings, const char *key, const char *url, struct err *err)
{
	bool is_plain = url[strcspn(url, " \t\"\\<>#?@")] == '\0';

	if (url[0] == '\0')
		err_set(err, ERR_INVALID, "auth.mode = oauth needs it, write an https URL");
	else if (!is_private_way(url))
		err_set(err, ERR_INVALID, "tokens would travel in the clear, write an https URL");
	else if (!is_plain || strstr(url, "://")[3] == '\0')
		err_set(err, ERR_INVALID, "write a URL without user, query, fragment, quotation marks and spaces");
	else
		return 0;
	return blame(settings, "auth", key, 0, err);
}

static int
check_auth(const struct config *cfg, const struct settings *settings, struct err *err)
{
	size_t i;

	if (cfg->auth.mode == CONFIG_AUTH_TOKEN && cfg->n_principals == 0) {
		err_set(err, ERR_INVALID,
			"token needs at least one [principal \"NAME\"] section, make one with "
			"`magento-mcp token NAME`");
		return blame(settings, "auth", "mode", 0, err);
	}
	if (cfg->auth.mode == CONFIG_AUTH_OAUTH &&
	    (check_oauth_url(settings, "issuer", cfg->auth.issuer, err) < 0 ||
	     check_oauth_url(settings, "resource", cfg->auth.resource, err) < 0 ||
	     (cfg->auth.jwks_url[0] != '\0' && check_oauth_url(settings, "jwks_url", cfg->auth.jwks_url, err) < 0)))
		return ERR_INVALID;
	for (i = 0; cfg->auth.mode == CONFIG_AUTH_NONE && i < cfg->server.listen.n; i++) {
		if (cfg->server.listen.items[i].is_loopback)
			continue;
		err_set(err, ERR_INVALID,
			"%s can be reached from other machines, and auth.mode = none lets everybody in; listen on "
			"127.0.0.1 or "
			"write auth.mode = token or oauth",
			cfg->server.listen.items[i].text);
		return blame(settings, "server", "listen", 0, err);
	}
	return 0;
}

int
rules_check_sockets(const struct config *cfg, const struct settings *settings, struct err *err)
{
	size_t len = strlen(cfg->server.control_socket);

	if (len <= ADDRESS_UNIX_PATH_MAX)
		return 0;
	err_set(err, ERR_INVALID, "the socket's path would be %zu bytes long, write one of at most %d", len,
		ADDRESS_UNIX_PATH_MAX);
	return blame(settings, "server", "control_socket", 0, err);
}

/* ---- stores ---- */

static int
check_oauth(const struct config_store *store, size_t i, const struct settings *settings, struct err *err)
{
	const struct {
		const char *key;
		const struct secret *value;
	} parts[] = {
	    {"oauth_consumer_key", &store->oauth_consumer_key},
	    {"oauth_consumer_secret", &store->oauth_consumer_secret},
	    {"oauth_token", &store->oauth_token},
	    {"oauth_token_secret", &store->oauth_token_secret},
	};
	struct buf missing;
	const char *present = NULL;
	size_t k;

	buf_init(&missing, 256);
	for (k = 0; k < ARRAY_LEN(parts); k++) {
		if (secret_is_set(parts[k].value))
			present = parts[k].key;
		else
			(void)buf_printf(&missing, "%s%s", missing.len > 0 ? ", " : "", parts[k].key);
	}
	if (present == NULL || missing.len == 0) {
		buf_fini(&missing);
		return 0;
	}
	err_set(err, ERR_INVALID, "OAuth needs four values; missing: %s", buf_cstr(&missing));
	buf_fini(&missing);
	return blame(settings, "store", present, i, err);
}

static int
check_pair(const char *a_key, bool a_is_set, const char *b_key, bool b_is_set, size_t i,
	   const struct settings *settings, struct err *err)
{
	if (a_is_set == b_is_set)
		return 0;
	err_set(err, ERR_INVALID, "%s is missing, write both or neither", a_is_set ? b_key : a_key);
	return blame(settings, "store", a_is_set ? a_key : b_key, i, err);
}

static int
check_store(const struct config_store *store, size_t i, const struct settings *settings, struct err *err)
{
	int r;

	if (store->base_url == NULL) {
		err_set(err, ERR_INVALID, "the store has no address, write base_url = https://HOST/");
		return blame(settings, "store", "base_url", i, err);
	}
	r = check_oauth(store, i, settings, err);
	if (r == 0)
		r = check_pair("admin_username", secret_is_set(&store->admin_username), "admin_password",
			       secret_is_set(&store->admin_password), i, settings, err);
	if (r == 0)
		r = check_pair("fastly_service_id", store->fastly_service_id[0] != '\0', "fastly_api_token",
			       secret_is_set(&store->fastly_api_token), i, settings, err);
	return r;
}

static int
check_stores(const struct config *cfg, const struct settings *settings, struct err *err)
{
	const struct config_store *first = NULL;
	size_t i;
	int r;

	for (i = 0; i < cfg->n_stores; i++) {
		r = check_store(&cfg->stores[i], i, settings, err);
		if (r < 0)
			return r;
		if (!cfg->stores[i].is_default)
			continue;
		if (first != NULL) {
			err_set(err, ERR_INVALID, "store %s is the default already, keep one of them", first->name);
			return blame(settings, "store", "is_default", i, err);
		}
		first = &cfg->stores[i];
	}
	return 0;
}

static int
check_fastly(const struct config *cfg, const struct settings *settings, struct err *err)
{
	bool has_id = cfg->fastly.service_id[0] != '\0';

	if (!is_private_way(cfg->fastly.api_url)) {
		err_set(err, ERR_INVALID, "the API token would be sent in clear, write an https address");
		return blame(settings, "fastly", "api_url", 0, err);
	}
	if (has_id == secret_is_set(&cfg->fastly.api_token))
		return 0;
	err_set(err, ERR_INVALID, "%s is missing, write both or neither", has_id ? "api_token" : "service_id");
	return blame(settings, "fastly", has_id ? "service_id" : "api_token", 0, err);
}

/* ---- principals ---- */

static int
check_principal_stores(const struct config *cfg, size_t i, const struct settings *settings, struct err *err)
{
	const struct config_list *stores = &cfg->principals[i].stores;
	size_t k;

	for (k = 0; k < stores->n; k++) {
		if (config_store_find(cfg, slice_from_str(stores->items[k])) != NULL)
			continue;
		err_set(err, ERR_INVALID, "there is no store %s, write the name of a [store] section",
			stores->items[k]);
		return blame(settings, "principal", "stores", i, err);
	}
	return 0;
}

static int
check_principal(const struct config *cfg, size_t i, const struct settings *settings, struct err *err)
{
	const struct config_principal *principal = &cfg->principals[i];
	size_t k;

	if (strcmp(principal->name, "anonymous") == 0) {
		err_set(err, ERR_INVALID, "this name is kept for callers without a token, choose another one");
		return blame(settings, "principal", "token_sha256", i, err);
	}
	if (principal->token_sha256 == NULL) {
		err_set(err, ERR_INVALID, "the principal has no token, make one with `magento-mcp token %s`",
			principal->name);
		return blame(settings, "principal", "token_sha256", i, err);
	}
	for (k = 0; k < i; k++) {
		if (strcmp(principal->token_sha256, cfg->principals[k].token_sha256) != 0)
			continue;
		err_set(err, ERR_INVALID, "principal %s has the same token, make another with `magento-mcp token %s`",
			cfg->principals[k].name, principal->name);
		return blame(settings, "principal", "token_sha256", i, err);
	}
	return check_principal_stores(cfg, i, settings, err);
}

int
rules_check(const struct config *cfg, const struct settings *settings, struct err *err)
{
	size_t i;
	int r;

	r = check_auth(cfg, settings, err);
	if (r == 0)
		r = check_fastly(cfg, settings, err);
	if (r == 0)
		r = check_stores(cfg, settings, err);
	for (i = 0; r == 0 && i < cfg->n_principals; i++)
		r = check_principal(cfg, i, settings, err);
	return r;
}
