/*
 * product.h - which fields of a product Magento can project, and how to ask for them
 *
 * `fields=` knows a product's top-level members only; attribute codes live in custom_attributes, which must be asked
 * for as a whole and picked apart here.  A malformed projection silently gives [], so it is built from checked names
 * only.
 */
#ifndef MAGENTO_PRODUCT_H
#define MAGENTO_PRODUCT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/pool.h"
#include "base/slice.h"
#include "json/relay.h"

/* Can products be sorted and filtered by this without asking the attribute list? */
bool product_is_core_sort(const char *name);

/* id sku name type_id status visibility price updated_at url_key special_price */
extern const char *const product_summary_fields[];
extern const size_t product_n_summary_fields;

/*
 * The value of `fields=` for a list ("items[sku,custom_attributes],total_count") or, with `single`, for one product
 * ("sku,custom_attributes").  `sku` is always in it.  NULL when a name is not [a-z][a-z0-9_]* or there is no memory.
 */
const char *product_projection(struct pool *pool, const char *const *fields, size_t n, bool single);

/*
 * Keeps what was asked for: core members stay members, asked attributes move from custom_attributes to members of their
 * own, custom_attributes itself stays only if asked.  Gives a new object, or NULL without memory.
 */
json_t *product_pick(const json_t *product, const char *const *fields, size_t n) MUST_CHECK;

/*
 * The same for a product as text: compact, no name twice in an object.  Appends an object.  0, ERR_NOMEM, ERR_INVALID:
 * this is no object; or what `out` says.
 */
int product_pick_text(struct slice product, const char *const *fields, size_t n, struct pool *pool,
		      struct buf *out) MUST_CHECK;

/* Value of a custom attribute (borrowed), or NULL. */
json_t *product_attribute(const json_t *product, const char *code);

/* The base64 data of images; and takes it out of a tree. */
extern const struct json_relay_drop product_media_content;
void product_drop_media_content(json_t *product);

#endif
