/*
 * store.h - a client for the store of a login: its address, its credentials, its limits (private to action/)
 *
 * Configured secrets go only to the base_url of the store section they stand in: a login keeps the store's name, and
 * both address and secrets are read from that section.
 */
#ifndef ACTION_STORE_H
#define ACTION_STORE_H

#include "action/action.h"
#include "action/env.h"
#include "magento/client.h"

/* A list that is being read page by page. */
struct store_reading {
	const char *noun;
	size_t left;		  /* answers still to come; 0: none is told */
	size_t done, total, step; /* items */
};

struct store_client {
	struct magento_client magento;
	struct magento_credentials credentials;
	struct action_call *call;
	const struct config_store *configured; /* NULL: the credentials came in the call */
	struct store_reading reading;
	bool told_slow;		/* the caller's side knows that the shop asks for patience */
	uint64_t token_version; /* of a shared admin token, 0 = none in use */
};

/* Does the configuration name this (normalised) address, as a store or among auth.allowed_base_urls? */
bool store_is_listed(const struct config *config, const char *base_url);

/*
 * A client without credentials yet, for login.  An address that the operator did not name leads to public addresses
 * only, whatever its name resolves to.
 */
void store_prepare(struct store_client *sc, struct action_call *call, const char *base_url);

/* The client of this call's login.  NOT_AUTHENTICATED, MAGENTO_API_ERROR. */
int store_open(struct store_client *sc, struct action_call *call, struct fault *fault) MUST_CHECK;

/* Most actions: the login's client for the time of `work`, closed whatever comes of it. */
typedef int (*store_work_fn)(struct store_client *sc, json_t *params, json_t **result_r, struct fault *fault);
int store_run(struct action_call *call, json_t *params, json_t **result_r, struct fault *fault,
	      store_work_fn work) MUST_CHECK;

/*
 * The next `pages` answers bring the rest of `total` items, of which `done` are there: each is told as progress ("read
 * 400 of 2000 products").  Only for calls that read: a commit counts what it has written.  pages 0: no more.
 */
void store_tell_reading(struct store_client *sc, size_t pages, size_t done, size_t total, const char *noun);

/* Wipes the credentials; a login that the store refused is marked. */
void store_close(struct store_client *sc);

/*
 * The admin token of a configured user name and password: the shared one, or a new one.  Of all workers one asks the
 * store, the others wait for it.
 */
int store_admin_token(struct store_client *sc, const struct config_store *configured, struct fault *fault) MUST_CHECK;

/*
 * Asks the store for an admin token.  Attempts that failed are counted over all workers, so that we never lock the
 * account: RATE_LIMITED instead of one too many.  Otherwise as magento_login_admin().
 */
struct magento_token;
int store_ask_token(struct store_client *sc, struct slice username, struct slice password, struct slice otp,
		    struct magento_token *token_r, struct fault *fault) MUST_CHECK;

/* Which of a configured store's credentials are used: OAuth, then integration token, then user name; 0 = none. */
enum login_method store_configured_method(const struct config_store *configured);
void store_use_configured(struct store_client *sc, const struct config_store *configured, enum login_method method);

#endif
