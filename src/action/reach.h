/*
 * reach.h - where a change is written, and which store views see it (private to action/)
 *
 * A field has a scope of its own: a global one has one value, a website one a value per website, a store-view one a
 * value per store view.  What the caller asks for (the Scope object, or the session's default) is met as narrowly as
 * the field allows.  A website's value is written once, through its default view: that write reaches all its views.
 */
#ifndef ACTION_REACH_H
#define ACTION_REACH_H

#include <jansson.h>
#include <stddef.h>

#include "magento/scope.h"
#include "store.h"

enum reach_field { REACH_STORE_VIEW, REACH_WEBSITE, REACH_GLOBAL };

struct reach {
	struct scope_target target;
	const struct scope_tree *tree; /* NULL when it may not be read: then the target is global or one view */
	bool from_default;	       /* the session's default was used */
};

/* One prefix to write under. */
struct reach_write {
	const char *prefix;	  /* "all" or a view code; lives in the call's pool */
	const char *const *views; /* codes of the views that see it; NULL for all of them */
	size_t n_views;
};

struct reach_writes {
	struct reach_write *items; /* in the call's pool */
	size_t n;
	bool is_wider; /* more views see it than were asked for */
};

/*
 * Reads `scope` of the parameters.  VALIDATION_ERROR when nothing was given and the session has no default: a write
 * never guesses where.
 */
int reach_resolve(struct store_client *sc, const json_t *params, struct reach *reach_r, struct fault *fault) MUST_CHECK;

/* The writes that a field of this scope needs.  INTERNAL_ERROR without memory. */
int reach_writes_of(struct store_client *sc, const struct reach *reach, enum reach_field field,
		    struct reach_writes *writes_r, struct fault *fault) MUST_CHECK;

/* The Scope object that was meant, for plans and results.  A new reference. */
json_t *reach_to_json(const struct reach *reach);

/* Codes of all active views, for warnings about overrides; 0 without a tree. */
size_t reach_all_views(struct store_client *sc, const struct reach *reach, const char ***codes_r);

#endif
