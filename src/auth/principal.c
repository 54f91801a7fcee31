#include "auth/principal.h"

#include <string.h>

#include "principal_holders.h"

/* True when `granted` covers `wanted`: equal, "*", "catalog:*", or catalog:write for catalog:read. */
static bool
right_covers(const char *granted, const char *wanted)
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

/* `any_store`: a scope of whatever store will do. */
static bool
scope_covers(const char *granted, const char *wanted, const char *store_name, bool any_store)
{
	const char *slash = strchr(granted, '/');

	if (slash == NULL)
		return right_covers(granted, wanted);
	if (any_store)
		return right_covers(slash + 1, wanted);
	return store_name != NULL && strlen(store_name) == (size_t)(slash - granted) &&
	       strncmp(store_name, granted, strlen(store_name)) == 0 && right_covers(slash + 1, wanted);
}

struct principal
principal_of_config(const struct config_principal *config)
{
	return (struct principal){
	    .name = config->name,
	    .scopes = config->scopes.n > 0 ? &config->scopes : NULL,
	    .stores = config->stores.n > 0 ? &config->stores : NULL,
	    .is_read_only = config->read_only,
	    .expires_ms = config->expires,
	};
}

static bool
has_scope(const struct principal *p, const char *scope, const char *store_name, bool any_store)
{
	if (p->scopes == NULL || scope == NULL)
		return true;
	for (size_t i = 0; i < p->scopes->n; i++) {
		if (scope_covers(p->scopes->items[i], scope, store_name, any_store))
			return true;
	}
	return false;
}

bool
principal_has_scope(const struct principal *p, const char *scope, const char *store_name)
{
	return has_scope(p, scope, store_name, false);
}

bool
principal_has_scope_somewhere(const struct principal *p, const char *scope)
{
	return has_scope(p, scope, NULL, true);
}

bool
principal_may_all(const struct principal *p)
{
	return p->scopes == NULL && !p->is_read_only;
}

bool
principal_may_use_store(const struct principal *p, const char *store_name)
{
	if (p->stores == NULL)
		return true;
	for (size_t i = 0; i < p->stores->n; i++) {
		if (strcmp(p->stores->items[i], store_name) == 0)
			return true;
	}
	return false;
}

const struct principal *
principal_hold(const struct principal *p)
{
	if (p != NULL && p->holders != NULL)
		p->holders->n++;
	return p;
}

void
principal_release(const struct principal **p)
{
	const struct principal *gone = *p;

	*p = NULL;
	if (gone == NULL || gone->holders == NULL)
		return;
	must(gone->holders->n > 0);
	gone->holders->n--;
	if (gone->holders->n == 0)
		gone->holders->gone(gone->holders);
}
