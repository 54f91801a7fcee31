/*
 * Addresses of the storefront: what a path leads to in a store view, and the redirects left behind by changes.
 *
 * Current addresses follow from url keys and identifiers: product p-1.html, also below a category it is in
 * (gear/p-1.html), category gear/bags.html, page about-us. A product has one in the views of its websites where it is
 * visible. Redirects of an entity lead to wherever it is now, so that they never form chains; those a test put in
 * lead to a path and may.
 */
#ifndef DEMO_URLS_H
#define DEMO_URLS_H

#include "catalog.h"
#include "categories.h"
#include "table.h"

#include <jansson.h>
#include <stdbool.h>

struct demo;

#define URLS_SUFFIX ".html"

enum { URLS_PATH_MAX = 640 };

enum url_kind { URL_NONE, URL_PRODUCT, URL_CATEGORY, URL_PAGE };

struct url_hit {
	enum url_kind kind; /* what it is, or leads to in the end; URL_NONE for a redirect to nowhere */
	struct product *product;
	const struct category *category;
	json_t *page;
	int redirect_type;	  /* 0, or the code of the redirect at this path */
	char path[URLS_PATH_MAX]; /* the path itself, or the next one if it is a redirect */
};

/* Addresses of a product or a category in every store view, "" where it has none. */
struct url_set {
	char of[SCOPE_COUNT][URLS_PATH_MAX];
};

/* False if there is nothing at the path (without a slash in front) in the store view. */
bool urls_find(struct demo *demo, int store, const char *path, struct url_hit *hit_r);

/* True if a product, category or redirect stands at the path in the view, or in any view for SCOPE_ALL. */
bool urls_is_taken(struct demo *demo, const char *path, int store);

/* True if something other than products has the address a product with this url key would get. */
bool urls_product_key_is_taken(struct demo *demo, const char *url_key, const struct product *except);

void urls_read_product(const struct product *product, struct url_set *set);
void urls_read_category(const struct category *category, struct url_set *set);

/*
 * After a change: where the address is no longer the one of before, a redirect is left if keep says so. An own redirect
 * at the new address goes.
 */
void urls_follow_product(struct demo *demo, const struct product *product, const struct url_set *before, bool keep);
void urls_follow_category(struct demo *demo, const struct category *category, const struct url_set *before, bool keep);

/* The redirects of an entity that was deleted go too. */
void urls_forget(struct demo *demo, enum url_kind kind, int id);

/* A redirect to a path, for tests. */
void urls_add_custom(struct demo *demo, int store, const char *from, const char *to, int type);

/* Everything a table of rewrites holds: { url_rewrite_id, entity_type, entity_id, … }. New reference. */
json_t *urls_render_table(struct demo *demo);

#endif
