#include "store.h"

#include <string.h>

#include "base/clock.h"
#include "base/fiber.h"
#include "config/url.h"
#include "config/url.h"
#include "json/get.h"
#include "magento/error.h"
#include "results.h"
#include "magento/login.h"
#include "magento/url.h"
#include "magento/url.h"
#include "session/quota.h"
#include "session/token.h"

#define TOKEN_POLL_MS 50

void
store_tell_reading(struct store_client *sc, size_t pages, size_t done, size_t total, const char *noun)
{
	bool is_told = pages > 0 && done < total && (sc->call->action->flags & ACTION_READ_ONLY);

	sc->reading = (struct store_reading){.noun = noun, .left = is_told ? pages : 0, .done = done, .total = total};
	if (is_told)
		sc->reading.step = (total - done + pages - 1) / pages;
}

static void
tell_page(struct store_client *sc)
{
	struct store_reading *reading = &sc->reading;

	reading->left--;
	reading->done += reading->step;
	if (reading->done > reading->total)
		reading->done = reading->total;
	action_progress(sc->call, (double)reading->done, (double)reading->total, "read %zu of %zu %s", reading->done,
			reading->total, reading->noun);
}

static void
on_exchange(void *ctx, const char *route, int status, enum fetch_outcome outcome, uint64_t took_us)
{
	struct store_client *sc = ctx;
	struct action_env *env = sc->call->env;

	(void)route;
	if ((status == 429 || status == 503) && !sc->told_slow) {
		sc->told_slow = true;
		action_log(sc->call, ACTION_LOG_WARNING,
			   "The shop answered %d: it wants fewer requests, or is not ready. What is safe to repeat is "
			   "repeated after a pause.",
			   status);
	}
	if (sc->reading.left > 0 && status >= 200 && status < 300)
		tell_page(sc);
	if (env->on_upstream != NULL) {
		env->on_upstream(env->observer, sc->configured != NULL ? sc->configured->name : NULL, status, outcome,
				 took_us);
	}
}

static bool
is_public_address(const uint8_t *address, size_t len)
{
	return url_judge_address(address, len) == URL_PUBLIC;
}

static bool
may_repeat(void *ctx)
{
	struct store_client *sc = ctx;
	struct action_env *env = sc->call->env;

	return env->may_repeat == NULL ||
	       env->may_repeat(env->observer, sc->configured != NULL ? sc->configured->name : NULL);
}

bool
store_is_listed(const struct config *config, const char *base_url)
{
	for (size_t i = 0; i < config->n_stores; i++) {
		if (strcmp(config->stores[i].base_url, base_url) == 0)
			return true;
	}
	for (size_t i = 0; i < config->auth.allowed_base_urls.n; i++) {
		if (config_url_covers(config->auth.allowed_base_urls.items[i], base_url))
			return true;
	}
	return false;
}

static bool
may_send(void *ctx, uint64_t *retry_after_ms_r)
{
	struct store_client *sc = ctx;
	struct action_env *env = sc->call->env;

	if (env->may_send == NULL)
		return true;
	return env->may_send(env->observer, sc->configured != NULL ? sc->configured->name : NULL, retry_after_ms_r);
}

void
store_prepare(struct store_client *sc, struct action_call *call, const char *base_url)
{
	const struct config *config = call->env->config;

	memset(sc, 0, sizeof(*sc));
	sc->call = call;
	sc->magento.fetch = call->env->fetch;
	sc->magento.pool = call->pool;
	sc->magento.base_url = base_url;
	sc->magento.credentials = &sc->credentials;
	sc->magento.limits = (struct magento_limits){
	    .read_timeout_ms = (uint32_t)config->magento.read_timeout_ms,
	    .write_timeout_ms = (uint32_t)config->magento.write_timeout_ms,
	    .deadline_mono_ms = call->deadline_mono_ms,
	    .max_reply_bytes = config->magento.max_reply_bytes,
	    .parallel = config->magento.requests_per_call,
	};
	if (!store_is_listed(config, base_url))
		sc->magento.may_connect = is_public_address;
	sc->magento.observer = (struct magento_observer){
	    .on_exchange = on_exchange, .may_send = may_send, .may_repeat = may_repeat, .ctx = sc};
}

enum login_method
store_configured_method(const struct config_store *configured)
{
	if (secret_is_set(&configured->oauth_consumer_key))
		return LOGIN_OAUTH;
	if (secret_is_set(&configured->integration_token))
		return LOGIN_INTEGRATION_TOKEN;
	if (secret_is_set(&configured->admin_username))
		return LOGIN_ADMIN_TOKEN;
	return (enum login_method)0;
}

void
store_use_configured(struct store_client *sc, const struct config_store *configured, enum login_method method)
{
	sc->configured = configured;
	if (method == LOGIN_OAUTH) {
		sc->credentials.kind = MAGENTO_AUTH_OAUTH;
		sc->credentials.consumer_key = configured->oauth_consumer_key;
		sc->credentials.consumer_secret = configured->oauth_consumer_secret;
		sc->credentials.token = configured->oauth_token;
		sc->credentials.token_secret = configured->oauth_token_secret;
	} else if (method == LOGIN_INTEGRATION_TOKEN) {
		sc->credentials.kind = MAGENTO_AUTH_BEARER;
		sc->credentials.bearer = configured->integration_token;
	}
}

/* ---- asking for an admin token ---- */

/* So that we never lock an account: attempts that failed are counted over all workers. */
static int
guard_begin(struct action_call *call, struct slice account, uint64_t *ticket_r, struct fault *fault)
{
	uint64_t wait_ms = 0;
	int r = login_guard_begin(call->env->sessions, account, clock_mono_ms(), ticket_r, &wait_ms);

	if (r == 0)
		return 0;
	if (r != ERR_LIMIT)
		return fault_set(fault, FAULT_INTERNAL_ERROR, NULL, "The session table is full. Try again later.");
	return fault_set(fault, FAULT_RATE_LIMITED,
			 json_pack("{s:I}", "retry_after_s", (json_int_t)((wait_ms + 999) / 1000)),
			 "Too many failed logins for this account. Magento locks an account after six, so wait before "
			 "you try again.");
}

/*
 * An attempt whose answer we did not wait for, or did not get in time, may well have been one more failure: it stays
 * counted.  Otherwise a caller who hangs up each time could guess on, and lock the account.
 */
static enum login_guard_outcome
guard_outcome(int r, const struct fault *fault)
{
	const char *kind = json_get_str(fault->details, "kind", "");

	if (r == 0)
		return LOGIN_GUARD_SUCCEEDED;
	if (fault->code == FAULT_NOT_AUTHENTICATED || fault->code == FAULT_CANCELLED ||
	    strcmp(kind, MAGENTO_KIND_TIMEOUT) == 0)
		return LOGIN_GUARD_REFUSED;
	return LOGIN_GUARD_UNKNOWN;
}

int
store_ask_token(struct store_client *sc, struct slice username, struct slice password, struct slice otp,
		struct magento_token *token_r, struct fault *fault)
{
	struct sessions *sessions = sc->call->env->sessions;
	const char *account = pool_printf(sc->call->pool, "%s\n%.*s", sc->magento.base_url, SLICE_FMT(username));
	uint64_t ticket;
	int r;

	if (account == NULL)
		return result_out_of_memory(fault);
	if (guard_begin(sc->call, slice_from_str(account), &ticket, fault) < 0)
		return -1;
	r = magento_login_admin(&sc->magento, username, password, otp, token_r, fault);
	login_guard_settle(sessions, slice_from_str(account), clock_mono_ms(), ticket, guard_outcome(r, fault));
	return r;
}

/* ---- the shared admin token ---- */

static const char *
token_name(const struct store_client *sc, const struct config_store *configured)
{
	return pool_printf(sc->call->pool, "%s\n%s", configured->base_url,
			   secret_slice(&configured->admin_username).ptr);
}

static void
use_token(struct store_client *sc, const struct secret *bearer, uint64_t expires_wall_ms, uint64_t version)
{
	sc->credentials.kind = MAGENTO_AUTH_BEARER;
	sc->credentials.bearer = *bearer;
	sc->credentials.bearer_expires_wall_ms = expires_wall_ms;
	sc->token_version = version;
}

static int
renew_token(struct store_client *sc, const struct config_store *configured, struct slice name, uint64_t fence,
	    struct fault *fault)
{
	struct sessions *sessions = sc->call->env->sessions;
	struct magento_token fresh;
	int r = store_ask_token(sc, secret_slice(&configured->admin_username),
				secret_slice(&configured->admin_password), SLICE_NONE, &fresh, fault);

	if (r < 0) {
		token_fail(sessions, name, action_now(), fence, fault->code == FAULT_NOT_AUTHENTICATED);
		return -1;
	}
	use_token(sc, &fresh.token, fresh.expires_wall_ms, 0);
	/* Lost lease or full table: the token still serves this call. */
	if (token_store(sessions, name, action_now(), fence, secret_slice(&fresh.token), fresh.expires_wall_ms) < 0)
		sc->token_version = 0;
	secret_wipe(&fresh.token);
	return 0;
}

static int
refuse_configured(struct fault *fault)
{
	return fault_set(
	    fault, FAULT_NOT_AUTHENTICATED, NULL,
	    "The store refused the configured admin account. Check admin_username and admin_password of this store, "
	    "then call auth_login.");
}

static int
wait_for_token(struct store_client *sc, struct fault *fault)
{
	struct action_env *env = sc->call->env;

	if (env->wait_ms == NULL || clock_mono_ms() >= sc->call->deadline_mono_ms)
		return fault_set(fault, FAULT_MAGENTO_API_ERROR, NULL,
				 "No admin token could be had in time. Try again.");
	if (env->wait_ms(env->waiter, TOKEN_POLL_MS) < 0)
		return fault_set(fault, FAULT_CANCELLED, NULL, "The call was cancelled.");
	return 0;
}

int
store_admin_token(struct store_client *sc, const struct config_store *configured, struct fault *fault)
{
	const char *text = token_name(sc, configured);
	struct slice name = slice_from_str(text);
	struct token token;

	sc->configured = configured;
	if (text == NULL)
		return fault_set(fault, FAULT_INTERNAL_ERROR, NULL, "Out of memory. Try again later.");
	for (;;) {
		switch (token_acquire(sc->call->env->sessions, name, action_now(), &token)) {
		case TOKEN_USE:
			use_token(sc, &token.bearer, token.expires_wall_ms, token.version);
			secret_wipe(&token.bearer);
			return 0;
		case TOKEN_RENEW:
			return renew_token(sc, configured, name, token.fence, fault);
		case TOKEN_WAIT:
			if (wait_for_token(sc, fault) < 0)
				return -1;
			break;
		case TOKEN_REFUSED:
			return refuse_configured(fault);
		default:
			return fault_set(fault, FAULT_INTERNAL_ERROR, NULL,
					 "The session table is full. Try again later.");
		}
	}
}

/* ---- the login's client ---- */

static int
use_own_credentials(struct store_client *sc, const struct login *login, struct fault *fault)
{
	const struct login_credentials *own = login->credentials;

	if (own == NULL)
		return fault_set(fault, FAULT_NOT_AUTHENTICATED, NULL,
				 "This login has no credentials. Call auth_login again.");
	fiber_forget();
	if (login->method == LOGIN_OAUTH) {
		sc->credentials.kind = MAGENTO_AUTH_OAUTH;
		sc->credentials.consumer_key = own->consumer_key;
		sc->credentials.consumer_secret = own->consumer_secret;
		sc->credentials.token = own->token;
		sc->credentials.token_secret = own->token_secret;
	} else {
		sc->credentials.kind = MAGENTO_AUTH_BEARER;
		sc->credentials.bearer = own->bearer;
		sc->credentials.bearer_expires_wall_ms = login->token_expires_wall_ms;
	}
	return 0;
}

static int
use_store_section(struct store_client *sc, const struct login *login, struct fault *fault)
{
	const struct config_store *configured = config_store_find(sc->call->env->config, slice_from_str(login->store));

	if (configured == NULL || strcmp(configured->base_url, login->base_url) != 0 ||
	    store_configured_method(configured) != login->method) {
		return fault_set(
		    fault, FAULT_NOT_AUTHENTICATED, NULL,
		    "The configuration of this store has changed since you logged in. Call auth_login again.");
	}
	if (login->method == LOGIN_ADMIN_TOKEN)
		return store_admin_token(sc, configured, fault);
	store_use_configured(sc, configured, login->method);
	return 0;
}

int
store_open(struct store_client *sc, struct action_call *call, struct fault *fault)
{
	const struct login *login = &call->login;

	store_prepare(sc, call, login->base_url);
	if (login->dead) {
		return fault_set(fault, FAULT_NOT_AUTHENTICATED, NULL,
				 "The store no longer accepts the credentials of this session. Call auth_login again.");
	}
	sc->magento.verified_route = login->route[0] != '\0' ? login->route : NULL;
	/*
	 * The credentials of a store section are one identity, whose name has no space; those that came with a login
	 * belong to it alone.
	 */
	sc->magento.identity =
	    login->from_config ? login->store
			       : pool_printf(call->pool, "login %016llx%016llx", (unsigned long long)call->login_ref.hi,
					     (unsigned long long)call->login_ref.lo);
	sc->magento.is_private = !login->from_config;
	if (login->from_config)
		return use_store_section(sc, login, fault);
	return use_own_credentials(sc, login, fault);
}

void
store_close(struct store_client *sc)
{
	struct action_call *call = sc->call;

	if (sc->magento.dead && sc->token_version != 0) {
		token_invalidate(call->env->sessions, slice_from_str(token_name(sc, sc->configured)), action_now(),
				 sc->token_version);
	} else if (sc->magento.dead && call->has_login) {
		login_mark_dead(call->env->sessions, slice_from_str(call->principal->name), call->login_ref,
				action_now());
	}
	secret_wipe_bytes(&sc->credentials, sizeof(sc->credentials));
}

int
store_run(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault, store_work_fn work)
{
	struct store_client sc;
	int r = store_open(&sc, call, fault);

	if (r == 0)
		r = work(&sc, params, result_r, fault);
	store_close(&sc);
	return r;
}
