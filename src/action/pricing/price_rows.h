/*
 * price_rows.h - the rows of Magento's bulk price routes, and whose fault an error of their answers is (private to
 * action/)
 *
 * The routes answer 200 whatever happens: [] says that all rows were saved, else the list tells what was wrong with
 * some rows, and the others were saved.  An error names its row in one of three ways, or not at all:
 *
 *	"... Row ID: SKU = A-1, Store ID: 0, Price From: ..."                filled in already
 *	"... Row ID: SKU = %SKU, Website ID: %websiteId, ..." [..]           by position, in order of first appearance
 *	"Invalid attribute %fieldName = %fieldValue." ["SKU","A-1"]          the sku is what is wrong
 *
 * Pure.
 */
#ifndef ACTION_PRICE_ROWS_H
#define ACTION_PRICE_ROWS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

#define PRICE_ERROR_MAX 512

struct price_row {
	const char *sku; /* borrowed */
	int64_t store_id;
	bool is_refused;
	char error[PRICE_ERROR_MAX]; /* safe to show */
};

/*
 * Marks the rows that an answer's errors name.  Gives how many errors name none of them; the first such text goes to
 * *stray (PRICE_ERROR_MAX bytes).  -1: the answer is no list.
 */
int price_rows_assign(const json_t *answer, struct price_row *rows, size_t n, char *stray) MUST_CHECK;

/* Do two skus mean the same product?  Letter case and trailing spaces do not matter to the shop. */
bool price_rows_same_sku(const char *a, const char *b);

/* The most rows that a refusal "Maximum items of type ... is N" allows; 0: it says something else. */
size_t price_rows_allowed(const char *message);

/* Rows of the routes; new references, NULL without memory.  `values` are in normal form, dates may be null. */
json_t *price_rows_base(const char *sku, int64_t store_id, const json_t *values) MUST_CHECK;
json_t *price_rows_special(const char *sku, int64_t store_id, const json_t *values) MUST_CHECK;

#endif
