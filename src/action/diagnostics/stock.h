/*
 * stock.h - stocks of websites, and what is salable in them (private to action/)
 *
 * Magento sells from stocks: a website has one, which gathers several sources.  Everything here is a fact as JSON, so
 * that the judges of it are pure functions.  A sku must be spelt as it is stored: the quantity of one in other letter
 * case is a crash of Magento, not a 404.
 */
#ifndef ACTION_STOCK_H
#define ACTION_STOCK_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "magento/scope.h"
#include "store.h"

#define STOCK_CHILDREN_MAX 50

struct stock_site {
	const char *website_code;
	int64_t website_id; /* 0: not known */
};

/*
 * One object per website, in their order: {"website_code", "website_id", "linked", "stock_id"?, "stock_name"?,
 * "error"?}. linked is false when the website has no stock, null when that could not be found out.  *has_msi_r is
 * false, and the list empty, when this Magento has no such route.
 */
int stock_resolve(struct store_client *sc, const struct stock_site *sites, size_t n, json_t **sites_r, bool *has_msi_r,
		  struct fault *fault) MUST_CHECK;

struct stock_wanted {
	const char *const *skus; /* is it salable? */
	size_t n_skus;
	const char *const *counted; /* how many? Products without children only */
	size_t n_counted;
	bool sources;
};

/*
 * Of each distinct stock of the sites: {"1":{"salable":{sku:bool}, "quantity":{sku:number}, "sources"?:[...],
 * "errors":{part:text}}}, part being "salable", "sources" or "quantity SKU".
 */
int stock_read(struct store_client *sc, const json_t *sites, const struct stock_wanted *wanted, json_t **levels_r,
	       struct fault *fault) MUST_CHECK;

/* What stock_read() found for a site; NULL when it has no stock. */
json_t *stock_level_of(const json_t *levels, const json_t *site);

/* Has Magento a quantity for products of this type?  Others are sold through their children. */
bool stock_is_counted(const char *type_id);

#endif
