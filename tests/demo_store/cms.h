/*
 * CMS pages and blocks. A row is assigned to one store view or to all of them (0) by the path it was created through,
 * and stays so whatever path it is written through later. The assignment is in no answer; the filter store_id finds it.
 */
#ifndef DEMO_CMS_H
#define DEMO_CMS_H

#include "request.h"
#include "table.h"

#include <jansson.h>
#include <stdbool.h>

#define CMS_HOME_PAGE "home"

struct cms {
	struct table pages;
	struct table blocks;
};

/* The four pages of every installation and no block; -1 if memory is short. */
int cms_init(struct cms *cms);
void cms_fini(struct cms *cms);

/* Two more pages, one of them of the German view only, and three blocks. */
void cms_seed(struct cms *cms);

/* Adds a row with its defaults, which the members of row override; steals row. Borrowed. */
json_t *cms_add(struct table *table, int store, json_t *row, const char *time);

/* The active page of an identifier in a store view; NULL if there is none. Borrowed. */
json_t *cms_find_page(const struct cms *cms, const char *identifier, int store);

/* The block of an identifier, preferably the one of all views; NULL if there is none. Borrowed. */
json_t *cms_find_block(const struct cms *cms, const char *identifier);

/* True if another row has the identifier in the same store; with overlap, also in all views beside one and reverse. */
bool cms_has_identifier(const struct table *table, const char *identifier, int store, const json_t *except,
			bool overlap);

int cms_get_store(const json_t *row);

#endif
