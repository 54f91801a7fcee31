/*
 * principal.h - a caller, and what he may do
 *
 * Names are what sessions, quotas and the log are keyed by.  A scope is TOOLSET:read or TOOLSET:write; TOOLSET:* stands
 * for both, * for all, and write implies read.  With STORE/ before it a scope holds for that store only.  Rights are
 * judged at each call, never derived from what the store's own credentials could do.
 *
 * Static principals live as long as the configuration.  One that came with an access token lives as long as somebody
 * holds it: auth_judge() gives a held one, and whoever keeps the pointer longer than his giver holds it too.
 */
#ifndef AUTH_PRINCIPAL_H
#define AUTH_PRINCIPAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"

#define PRINCIPAL_NAME_MAX CONFIG_NAME_MAX

struct principal_holders; /* NULL: static */

struct principal {
	const char *name;
	const struct config_list *scopes; /* NULL: every tool */
	const struct config_list *stores; /* NULL: every store */
	bool is_read_only;
	bool by_token; /* named by an OAuth access token: what its scope lacks can be granted by its issuer */
	uint64_t expires_ms; /* Unix time from which on the token is refused; 0: never */
	struct principal_holders *holders;
};

/* What a section of the configuration says; an empty list means everything. */
struct principal principal_of_config(const struct config_principal *config);

/* `store_name` NULL: a tool that needs no store. */
bool principal_has_scope(const struct principal *p, const char *scope, const char *store_name);
bool principal_has_scope_somewhere(const struct principal *p, const char *scope); /* for one store at least */
bool principal_may_all(const struct principal *p); /* every tool, for one store at least */
bool principal_may_use_store(const struct principal *p, const char *store_name);

const struct principal *principal_hold(const struct principal *p); /* gives p; NULL is fine */
void principal_release(const struct principal **p);		   /* nulls the pointer; NULL is fine */

#endif
