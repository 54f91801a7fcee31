/*
 * principal.h - a caller, and what he may do
 *
 * Names are what sessions, quotas and the log are keyed by.  A principal without scopes may use every tool; one without
 * stores every store.  A scope is TOOLSET:read or TOOLSET:write; TOOLSET:* stands for both, * for all, and write
 * implies read.  Rights are judged at each call, never derived from what the store's own credentials could do.
 */
#ifndef AUTH_PRINCIPAL_H
#define AUTH_PRINCIPAL_H

#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"

#define PRINCIPAL_NAME_MAX CONFIG_NAME_MAX

struct principal {
	const char *name;
	const struct config_principal *config; /* NULL: the anonymous principal of auth.mode = none */
};

bool principal_has_scope(const struct principal *p, const char *scope);
bool principal_may_use_store(const struct principal *p, const char *store_name);

#endif
