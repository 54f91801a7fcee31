/*
 * The category tree: 1 Root Catalog, 2 Default Category, below it 3 Gear (with 4 Bags in it) and 5 Tools, which is
 * not active. Names and the like have values per store, as products do.
 */
#ifndef DEMO_CATEGORIES_H
#define DEMO_CATEGORIES_H

#include "catalog.h"
#include "scope.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum category_index {
	CAT_ID,
	CAT_PARENT,
	CAT_NAME,
	CAT_ACTIVE,
	CAT_POSITION,
	CAT_LEVEL,
	CAT_CHILDREN,
	CAT_CREATED,
	CAT_UPDATED,
	CAT_PATH,
	CAT_MENU,
	CAT_DISPLAY_MODE,
	CAT_META_TITLE,
	CAT_META_KEYWORDS,
	CAT_META_DESCRIPTION,
	CAT_DESCRIPTION,
	CAT_ANCHOR,
	CAT_URL_KEY,
	CAT_URL_PATH,
	CAT_CHILDREN_COUNT,
	CAT_COUNT
};

struct category {
	int id;
	int parent_id;
	struct scoped values[CAT_COUNT];
};

struct categories {
	struct category *rows; /* by id, ascending */
	size_t count;
	int next_id;
	/* The tree as last answered per store; stale once the catalogue was written. */
	json_t *tree[SCOPE_COUNT];
	unsigned long tree_generation[SCOPE_COUNT];
};

/* With bare only the two categories every shop has. -1 if memory is short. */
int categories_init(struct categories *categories, bool bare);
void categories_fini(struct categories *categories);

struct category *categories_find(const struct categories *categories, long long id);

/* True if another category under the parent has the url key in any scope; except may be NULL. */
bool categories_has_url_key(const struct categories *categories, int parent_id, const char *url_key,
			    const struct category *except);

/* True if inner is outer or one of its descendants. */
bool category_is_within(const struct category *inner, const struct category *outer);

/* Whether a field stands in custom_attributes. */
bool categories_field_is_custom(int field);

/* Field id for a filter, -1 if there is no such attribute. */
int categories_find_field(const char *name);

/* The category as the single GET and the list show it. New reference. */
json_t *category_render(const struct category *category, int store);

/* The tree below a category with product counts; depth < 0 is all of it. New reference. */
json_t *categories_render_tree(struct categories *categories, const struct catalog *catalog,
			       const struct category *root, int store, int depth);

/* --- Changing the tree (category_tree.c) --- */

/*
 * A new category under a parent, last among its siblings, with nothing but what the tree says and its times. Pointers
 * to other categories are no good afterwards. NULL if memory is short.
 */
struct category *categories_add(struct categories *categories, int parent_id, const char *time);

/* Takes a category and everything below it away, and products out of them. */
void categories_remove(struct categories *categories, struct catalog *catalog, int id);

/* Puts a category below a parent: right after the position of another one, first for 0, last if there is none. */
void categories_move(struct categories *categories, struct category *category, int parent_id, json_int_t after_id);

/* Works out paths, levels, children and addresses anew; to be called after every change of the tree or of a url key. */
void categories_refresh(struct categories *categories);

#endif
