/*
 * Multi source inventory: sources, stocks, which sources a stock draws on, and how much of a sku is where.
 *
 * What a product has in the source "default" is its own quantity (struct product), as the legacy stock item shows it;
 * the items here are those of other sources, and of skus without a product.
 */
#ifndef DEMO_INVENTORY_H
#define DEMO_INVENTORY_H

#include "catalog.h"
#include "scope.h"
#include "table.h"

#include <jansson.h>
#include <stdbool.h>

#define INVENTORY_DEFAULT_SOURCE "default"

struct inventory {
	json_t *sources; /* list */
	struct table stocks;
	json_t *links; /* list of { stock_id, source_code, priority } */
	json_t *items; /* list of { sku, source_code, quantity, status } */
	int website_stock[WEBSITE_EU + 1];
};

/* The default source in the default stock, which serves both websites; -1 if memory is short. */
int inventory_init(struct inventory *inventory);
void inventory_fini(struct inventory *inventory);

/* Code of the websites, in the order of their ids from WEBSITE_BASE on. */
const char *inventory_website_code(int website_id);

/* Borrowed; NULL if there is none. */
json_t *inventory_find_source(const struct inventory *inventory, const char *code);

/* A source with its defaults; steals row, which replaces one of the same code. */
void inventory_put_source(struct inventory *inventory, json_t *row);

/* The stock as it is shown, with the websites it serves, or only one of them (0: all). New reference. */
json_t *inventory_render_stock(const struct inventory *inventory, const json_t *stock, int website_id);

/* Lets a website draw on a stock; false if there is no such website. */
bool inventory_assign_website(struct inventory *inventory, const char *code, json_int_t stock_id);

/* The sources of a stock, first priority first. List of borrowed sources in a new list. */
json_t *inventory_list_sources(const struct inventory *inventory, json_int_t stock_id);

/* True if the product type is kept in sources at all. */
bool inventory_has_items(const struct product *product);

/* What the product has in the default source, as a source item; borrowed, valid until the product changes. */
json_t *inventory_get_default_item(struct product *product);

/* Adds or replaces what is in a source; in the default source of a product this is the product's own quantity. */
void inventory_put_item(struct inventory *inventory, struct catalog *catalog, const char *sku, const char *source_code,
			double quantity, bool in_stock);

/* Takes an item away; true if there was one. */
bool inventory_remove_item(struct inventory *inventory, struct catalog *catalog, const char *sku,
			   const char *source_code);

/* Keeps the items of a product that is about to be deleted: nobody cleans them up. */
void inventory_orphan(struct inventory *inventory, struct product *product);

/* How much of the product a stock can sell: what is in its enabled sources and in stock. */
double inventory_count_salable(const struct inventory *inventory, struct product *product, json_int_t stock_id);

/* True if the sku, exactly as spelled, can be bought from the stock. */
bool inventory_is_salable(const struct inventory *inventory, const struct catalog *catalog, const char *sku,
			  json_int_t stock_id);

#endif
