/*
 * scope.h - websites, stores and store views of a shop, and what a caller's scope object means among them
 *
 * A shop is a tree: websites hold stores (Magento calls them store groups), stores hold store views.  A request is made
 * under one path prefix: "all", or the code of one store view.  Codes are checked against the tree before they enter a
 * path; Magento itself answers an unknown one with a bare 400.  Rows with id 0 (`admin`) are never part of the tree.
 *
 * Each worker keeps the trees it has read for a while.  A code that a kept tree does not know is looked for in a fresh
 * one before it is refused.
 *
 * Runs in: worker; functions that take a client, on a fiber.
 */
#ifndef MAGENTO_SCOPE_H
#define MAGENTO_SCOPE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "json/fault.h"
#include "magento/client.h"

#define SCOPE_CODE_MAX 64

/* ---- The tree ---- */

struct scope_view {
	int64_t id;
	int64_t group_id;
	int64_t website_id;
	bool active;
	char code[SCOPE_CODE_MAX + 1];
	char base_currency[8]; /* "" when the shop does not say */
};

struct scope_group {
	int64_t id;
	int64_t website_id;
	int64_t default_view_id;
	char code[SCOPE_CODE_MAX + 1];
};

struct scope_website {
	int64_t id;
	int64_t default_group_id;
	char code[SCOPE_CODE_MAX + 1];
};

/* Arrays are sorted by id. */
struct scope_tree {
	struct scope_website *websites;
	size_t n_websites;
	struct scope_group *groups;
	size_t n_groups;
	struct scope_view *views;
	size_t n_views;
};

/* Magento's own four lists, each sorted by id, rows with id 0 included. */
struct scope_lists {
	json_t *websites;
	json_t *groups;
	json_t *views;
	json_t *configs;
};

void scope_lists_init(struct scope_lists *lists);
void scope_lists_fini(struct scope_lists *lists);

/* Rows without a usable id and code are left out.  NULL: no memory, or more than 4,096 rows in a list. */
struct scope_tree *scope_tree_new(const struct scope_lists *lists);
void scope_tree_free(struct scope_tree **tree);

/* Letter case does not matter; inactive views are found too.  NULL when unknown. */
const struct scope_view *scope_view_find(const struct scope_tree *tree, const char *code);
const struct scope_group *scope_group_find(const struct scope_tree *tree, const char *code);
const struct scope_website *scope_website_find(const struct scope_tree *tree, const char *code);
const struct scope_view *scope_view_by_id(const struct scope_tree *tree, int64_t id);
const struct scope_group *scope_group_by_id(const struct scope_tree *tree, int64_t id);
const struct scope_website *scope_website_by_id(const struct scope_tree *tree, int64_t id);

/* The default view of a store or website; its first active view when the default is missing or inactive; or NULL. */
const struct scope_view *scope_default_view_of_group(const struct scope_tree *tree, const struct scope_group *group);
const struct scope_view *scope_default_view_of_website(const struct scope_tree *tree,
						       const struct scope_website *website);

/* ---- Reading it ---- */

struct scope_cache;

struct scope_cache *scope_cache_new(size_t max_stores, uint32_t keep_ms);
void scope_cache_free(struct scope_cache **cache); /* trees lent to calls stay good until their pools are freed */

/* Four lists, side by side, always fresh; refills the cache (which may be NULL).  *lists_r is to be
 * scope_lists_fini'ed. */
int scope_lists_read(struct magento_client *client, struct scope_cache *cache, struct scope_lists *lists_r,
		     struct fault *fault) MUST_CHECK;

/* A kept tree, or a fresh one (always, when `fresh`).  Valid as long as client->pool.  *was_kept_r may be NULL. */
int scope_tree_get(struct magento_client *client, struct scope_cache *cache, bool fresh,
		   const struct scope_tree **tree_r, bool *was_kept_r, struct fault *fault) MUST_CHECK;

/* ---- Meaning ---- */

/* The caller's scope object; "" = not given. */
struct scope {
	char website_code[SCOPE_CODE_MAX + 1];
	char store_code[SCOPE_CODE_MAX + 1];
	char view_code[SCOPE_CODE_MAX + 1];
	bool global;
};

enum scope_level { SCOPE_GLOBAL, SCOPE_VIEW, SCOPE_GROUP, SCOPE_WEBSITE };

/* What it comes to.  `level` and ids say how far a write reaches; `prefix` is where reads go. */
struct scope_target {
	enum scope_level level;
	char prefix[SCOPE_CODE_MAX + 1];       /* "all" or a view code */
	char website_code[SCOPE_CODE_MAX + 1]; /* of that view; "" for "all" and without a tree */
	char store_code[SCOPE_CODE_MAX + 1];
	int64_t view_id, group_id, website_id; /* of that view; 0 for "all" and without a tree */
	bool from_default;		       /* nothing was given: the session's default view */
};

/*
 * Reads a Scope object ({"website_code","store_code","store_view_code","scope":"global"}); NULL or JSON null gives an
 * empty scope.  VALIDATION_ERROR with details [{path, message}] below `path` ("params.scope").
 */
int scope_from_json(const json_t *value, const char *path, struct scope *scope_r, struct fault *fault) MUST_CHECK;
bool scope_is_empty(const struct scope *scope);

/* [A-Za-z][A-Za-z0-9_]*, at most SCOPE_CODE_MAX. */
bool scope_is_code(const char *code);

/*
 * Resolves against a tree: the most precise member wins, the others must contain it.  An unknown or inactive code, or
 * `admin`, is a VALIDATION_ERROR whose details carry the valid codes ("allowed").  `given` must not be empty.
 */
int scope_tree_resolve(const struct scope_tree *tree, const struct scope *given, const char *path,
		       struct scope_target *target_r, struct fault *fault) MUST_CHECK;

/*
 * For reads: `given` (may be empty), else the session's default view (NULL or ""), else everything.  Asks the shop only
 * when a code must be checked.  Without the permission to read the tree a view code is taken as it is (Magento answers
 * an unknown one with 400), website and store codes are FORBIDDEN.
 */
int scope_resolve_read(struct magento_client *client, struct scope_cache *cache, const struct scope *given,
		       const char *default_view, struct scope_target *target_r, struct fault *fault) MUST_CHECK;

/* One active store view by its code, for the session's default: same checks, same fallback. */
int scope_resolve_view(struct magento_client *client, struct scope_cache *cache, const char *view_code,
		       const char *path, struct scope_target *target_r, struct fault *fault) MUST_CHECK;

#endif
