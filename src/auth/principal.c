#include "auth/principal.h"

#include <string.h>

/* True when `granted` covers `wanted`: equal, "*", "catalog:*", or catalog:write for catalog:read. */
static bool
scope_covers(const char *granted, const char *wanted)
{
	const char *colon = strchr(wanted, ':');
	size_t toolset_len = colon != NULL ? (size_t)(colon - wanted) + 1 : strlen(wanted);

	if (strcmp(granted, "*") == 0 || strcmp(granted, wanted) == 0)
		return true;
	if (colon == NULL || strncmp(granted, wanted, toolset_len) != 0)
		return false;
	return strcmp(granted + toolset_len, "*") == 0 ||
	       (strcmp(granted + toolset_len, "write") == 0 && strcmp(colon + 1, "read") == 0);
}

bool
principal_has_scope(const struct principal *p, const char *scope)
{
	if (p->config == NULL || p->config->scopes.n == 0 || scope == NULL)
		return true;
	for (size_t i = 0; i < p->config->scopes.n; i++) {
		if (scope_covers(p->config->scopes.items[i], scope))
			return true;
	}
	return false;
}

bool
principal_may_use_store(const struct principal *p, const char *store_name)
{
	if (p->config == NULL || p->config->stores.n == 0)
		return true;
	for (size_t i = 0; i < p->config->stores.n; i++) {
		if (strcmp(p->config->stores.items[i], store_name) == 0)
			return true;
	}
	return false;
}
