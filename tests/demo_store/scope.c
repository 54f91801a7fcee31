#include "scope.h"

#include <string.h>

const struct scope_view scope_views[SCOPE_COUNT] = {
    {SCOPE_ALL, "admin", "Admin", 0, 0},
    {SCOPE_DEFAULT, "default", "Default Store View", WEBSITE_BASE, 1},
    {SCOPE_DE, "de", "German", WEBSITE_BASE, 1},
    {SCOPE_EU_EN, "eu_en", "EU English", WEBSITE_EU, 2},
};

int
scope_find(const char *code, size_t len)
{
	if (len == 3 && memcmp(code, "all", 3) == 0)
		return SCOPE_ALL;
	for (int i = 1; i < SCOPE_COUNT; i++) {
		if (strlen(scope_views[i].code) == len && memcmp(scope_views[i].code, code, len) == 0)
			return i;
	}
	return -1;
}

bool
scope_has_website(long long website_id)
{
	return website_id == 0 || website_id == WEBSITE_BASE || website_id == WEBSITE_EU;
}

const char *
scope_reach_name(enum scope_reach reach)
{
	static const char *const names[] = {"global", "website", "store"};

	return names[reach];
}

json_t *
scoped_get(const struct scoped *value, int store)
{
	return value->of[store] != NULL ? value->of[store] : value->of[SCOPE_ALL];
}

static void
scoped_replace(struct scoped *value, int store, json_t *new_value)
{
	json_decref(value->of[store]);
	value->of[store] = json_incref(new_value);
}

void
scoped_set(struct scoped *value, enum scope_reach reach, int store, json_t *new_value)
{
	if (reach == REACH_GLOBAL || store == SCOPE_ALL) {
		scoped_replace(value, SCOPE_ALL, new_value);
	} else {
		for (int i = 1; i < SCOPE_COUNT; i++) {
			bool same_website = scope_views[i].website_id == scope_views[store].website_id;

			if (i == store || (reach == REACH_WEBSITE && same_website))
				scoped_replace(value, i, new_value);
		}
	}
	json_decref(new_value);
}

void
scoped_fini(struct scoped *value)
{
	for (int i = 0; i < SCOPE_COUNT; i++) {
		json_decref(value->of[i]);
		value->of[i] = NULL;
	}
}
