/*
 * login.h - who is logged in to which store: made by auth_login, named by an unguessable handle
 *
 * A login is a record of the shared table, visible to all workers at once.  Only the keyed hash of principal and
 * handle is stored, so the handle of another principal is simply unknown, and a handle is a name,
 * never a permission.  It ends on login_destroy(), when unused for limits.login_idle_ms, at the age
 * limits.login_age_ms, and, for an admin token that came in the call, when that token expires.
 *
 * Credentials are kept (sealed) only when they came in the call; a login from a configured store keeps the store's
 * name and reads its secrets from the configuration.
 *
 * Callers get copies, with the credentials in a pool of theirs, which overwrites them when it is reset or freed.  A
 * running call keeps its copy until it ends; whether the login still lives is login_is_live().
 *
 * Runs in: worker, stdio.
 */
#ifndef SESSION_LOGIN_H
#define SESSION_LOGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"
#include "base/pool.h"
#include "base/secret.h"
#include "base/slice.h"
#include "session/sessions.h"

#define LOGIN_STORE_MAX 64
#define LOGIN_BASE_URL_MAX 512
#define LOGIN_USERNAME_MAX 255
#define LOGIN_ROUTE_MAX 128
#define LOGIN_CODE_MAX 64

enum login_method { LOGIN_OAUTH = 1, LOGIN_INTEGRATION_TOKEN = 2, LOGIN_ADMIN_TOKEN = 3 };

struct login_scope {
	char store_view[LOGIN_CODE_MAX + 1]; /* "" = no default scope */
	char website[LOGIN_CODE_MAX + 1];
	char store_group[LOGIN_CODE_MAX + 1];
};

/* Unset members are empty secrets.  OAuth uses the first four, the other methods `bearer`. */
struct login_credentials {
	struct secret consumer_key;
	struct secret consumer_secret;
	struct secret token;
	struct secret token_secret;
	struct secret bearer;
};

struct login {
	char principal[SESSION_PRINCIPAL_MAX + 1];
	char store[LOGIN_STORE_MAX + 1];       /* configured profile, or "" */
	char base_url[LOGIN_BASE_URL_MAX + 1]; /* without trailing slash; may stand beside store */
	char username[LOGIN_USERNAME_MAX + 1]; /* admin name, else a label */
	char route[LOGIN_ROUTE_MAX + 1];       /* the route that proved the credentials, "" = none */
	enum login_method method;
	bool from_config;		/* secrets come from the configured store */
	bool dead;			/* the shop refused the credentials; kept so that the answer can say so */
	int64_t user_id;		/* of the admin token, 0 = unknown */
	uint64_t token_expires_wall_ms; /* 0 = none */
	struct login_scope scope;
	struct login_credentials *credentials; /* borrowed; NULL: none came in the call */
	/* set by this module: */
	uint64_t created_ms;		  /* monotonic */
	uint64_t seen_ms;		  /* monotonic, before this use */
	uint64_t session_expires_wall_ms; /* if it is not used again */
};

/* Names a login inside the server: what an MCP session remembers.  Useless outside; not the handle. */
struct login_ref {
	uint64_t lo;
	uint64_t hi;
};

/*
 * Makes a login from *init and gives its handle, shown to the client once, and its ref.  *init's last three members
 * are ignored; its session_expires_wall_ms is given in *expires_wall_ms_r (may be NULL). ERR_LIMIT: the principal has
 * logins_per_principal live logins, or the texts together do not fit a record.  ERR_FULL: the table has no room.
 * ERR_INVALID: no principal.  ERR_NOMEM.  The text of *err is safe to show.
 */
int login_create(struct sessions *s, const struct login *init, struct session_now now,
		 char handle_r[static SESSION_HANDLE_CAP], struct login_ref *ref_r, uint64_t *expires_wall_ms_r,
		 struct err *err) MUST_CHECK;

/* The ref of a handle.  No lookup: says nothing about whether it lives.  ERR_NOT_FOUND: not the form of a handle. */
int login_ref_of(const struct sessions *s, struct slice principal, struct slice handle,
		 struct login_ref *ref_r) MUST_CHECK;

/*
 * Copies the login out and refreshes its idle clock; credentials, if there are any, go into the pool.  ERR_NOT_FOUND
 * alike for unknown, expired, destroyed and another principal's.  ERR_NOMEM.  On failure *copy_r is empty.
 */
int login_use(struct sessions *s, struct slice principal, struct login_ref ref, struct session_now now,
	      struct pool *pool, struct login *copy_r) MUST_CHECK;

/* Whether the login is still there; refreshes nothing.  For long calls between two items. */
bool login_is_live(struct sessions *s, struct slice principal, struct login_ref ref, struct session_now now);

/* scope->store_view "" clears.  ERR_NOT_FOUND as login_use(). */
int login_set_scope(struct sessions *s, struct slice principal, struct login_ref ref, struct session_now now,
		    const struct login_scope *scope) MUST_CHECK;

/* The shop refused the credentials: later copies say `dead`. */
int login_mark_dead(struct sessions *s, struct slice principal, struct login_ref ref, struct session_now now);

/*
 * Ends the login for every worker and overwrites its bytes.  Exactly one of several callers gets 0, the others
 * ERR_NOT_FOUND.
 */
int login_destroy(struct sessions *s, struct slice principal, struct login_ref ref, struct session_now now) MUST_CHECK;

void login_wipe(struct login *login);			 /* and its credentials */
const char *login_method_name(enum login_method method); /* "oauth", "integration_token", "admin_token" */

#endif
