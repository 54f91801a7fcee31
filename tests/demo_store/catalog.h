/*
 * The products. A product holds a value per attribute and store (scope.h), and keeps its JSON forms once they were
 * asked for; a write throws them away.
 */
#ifndef DEMO_CATALOG_H
#define DEMO_CATALOG_H

#include "attributes.h"
#include "scope.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct product {
	int id;
	char *sku_key;			  /* folded sku */
	struct scoped values[ATTR_COUNT]; /* ATTR_CATEGORY_IDS follows links */
	json_t *website_ids;		  /* integers */
	json_t *links;			  /* { position, category_id: "3" } */
	json_t *children;		  /* product ids of a configurable, else NULL */
	json_t *configurable_options;	  /* with children */
	double qty;
	bool has_qty; /* a product created without a stock has null for a quantity */
	bool in_stock;
	bool has_item;	     /* the default source knows the product; never so for a configurable */
	json_t *media;	     /* gallery entries with their content */
	json_t *tiers;	     /* { price, price_type, website_id, sku, customer_group, quantity } */
	json_t *source_item; /* inventory.h keeps its form here */
	/* Kept answers per store; NULL until asked for. */
	json_t *item[SCOPE_COUNT]; /* as lists show it */
	char *body[SCOPE_COUNT];   /* as the single GET answers it */
	size_t body_len[SCOPE_COUNT];
};

struct catalog {
	struct product **rows; /* by id, ascending */
	size_t count;
	size_t capacity;
	json_t *by_sku; /* folded sku → id */
	int next_id;
	unsigned long generation; /* counts writes, so that others know when what they kept is stale */
};

/* An empty catalogue; NULL if memory is short. */
struct catalog *catalog_new(void);
void catalog_free(struct catalog **catalog);

/* A product of the sku in any letter case and with trailing spaces; NULL if there is none. */
struct product *catalog_find(const struct catalog *catalog, const char *sku);
struct product *catalog_find_id(const struct catalog *catalog, int id);

/* Place of an id in rows, or where it would have to go. */
size_t catalog_find_place(const struct catalog *catalog, int id);

/* Adds a product with id, sku, type and times set and nothing else. NULL if memory is short. */
struct product *catalog_add(struct catalog *catalog, int id, const char *sku, const char *type, const char *time);

void catalog_remove(struct catalog *catalog, struct product *product);

/* Gives a product the sku as spelled here; it must fold to the same key. */
void product_set_sku(struct product *product, const char *sku);

/* Sets a value in scope 0 or, as far as the attribute's reach goes, in a store. Steals value; NULL removes. */
void product_set(struct product *product, int attribute, int store, json_t *value);

/* The value in a store, borrowed; NULL if unset. Knows ATTR_ID and the derived lists too. */
json_t *product_get(const struct product *product, int attribute, int store);

bool product_has_type(const struct product *product, const char *type);

/* Replaces the category assignment; steals a list of { position, category_id }. */
void product_set_links(struct product *product, json_t *links);

/* To be called after every change: drops the kept answers. */
void catalog_touch(struct catalog *catalog, struct product *product);

/* True if another product has the url key in any scope. */
bool catalog_has_url_key(const struct catalog *catalog, const char *url_key, const struct product *except);

/* Number of a customer group by its name, PRODUCT_ALL_GROUPS for all of them, -1 if there is none. */
#define PRODUCT_ALL_GROUPS 32000
int product_find_group(const char *name);

/* The gallery, with the pictures themselves only if asked for. New reference. */
json_t *product_render_media(const struct product *product, bool content);

/* What lists show of a product; borrowed, valid until the product changes. */
json_t *product_render_item(struct product *product, int store);

/* What the single GET shows: the item with its stock item. New reference. */
json_t *product_render_full(struct product *product, int store);

/* The same as finished text, kept by the product; NULL if memory is short. */
const char *product_render_body(struct product *product, int store, size_t *len_r);

/* The quantity, null if it was never set. New reference. */
json_t *product_render_qty(const struct product *product);

/* The legacy stock item. New reference. */
json_t *product_render_stock(const struct product *product);

/*
 * Fills an empty catalogue: count numbered products "MCP-001"… and, always, the awkward ones (skus with a slash, a
 * space, percent, plus, comma, quotes, letters beyond ASCII …) and the configurable CONF-1. The same count gives the
 * same products. -1 if memory is short.
 */
int seed_fill(struct catalog *catalog, int count);

#endif
