/*
 * The stores of the demo shop and values that differ between them.
 *
 * Two websites (base, eu), each with one group; store views default and de belong to base, eu_en to eu. Scope 0 is
 * "all store views": what a view has no own value for it takes from there.
 */
#ifndef DEMO_SCOPE_H
#define DEMO_SCOPE_H

#include <jansson.h>
#include <stdbool.h>

enum { SCOPE_ALL = 0, SCOPE_DEFAULT = 1, SCOPE_DE = 2, SCOPE_EU_EN = 3, SCOPE_COUNT = 4 };

enum { WEBSITE_BASE = 1, WEBSITE_EU = 2 };

/* How far one write reaches: everywhere, over all views of the view's website, or that view alone. */
enum scope_reach { REACH_GLOBAL, REACH_WEBSITE, REACH_STORE };

struct scope_view {
	int id;
	const char *code;
	const char *name;
	int website_id;
	int group_id;
};

/* Indexed by store id, 0 to SCOPE_COUNT - 1. */
extern const struct scope_view scope_views[SCOPE_COUNT];

/* Store id for the code in a REST path, "all" included; -1 if there is none. "admin" is no valid code there. */
int scope_find(const char *code, size_t len);

/* True for 0 and the ids of the two websites. */
bool scope_has_website(long long website_id);

const char *scope_reach_name(enum scope_reach reach);

/* One attribute of one entity: a value per store id, NULL where the view inherits. References are owned. */
struct scoped {
	json_t *of[SCOPE_COUNT];
};

/* The value seen in a store, borrowed; NULL if there is none there nor in scope 0. */
json_t *scoped_get(const struct scoped *value, int store);

/* Writes as far as reach says; steals value. NULL takes the value away, so that a view inherits again. */
void scoped_set(struct scoped *value, enum scope_reach reach, int store, json_t *new_value);

void scoped_fini(struct scoped *value);

#endif
