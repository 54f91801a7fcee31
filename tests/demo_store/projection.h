/*
 * The query parameter fields=, which thins an answer out: fields=items[sku,extension_attributes[stock_item[qty]]].
 *
 * Quirks kept: a list that is empty becomes null, an object of which nothing is left becomes [], and a parameter that
 * cannot be parsed gives [].
 */
#ifndef DEMO_PROJECTION_H
#define DEMO_PROJECTION_H

#include "request.h"

/* Applies the request's projection, if it has one. Steals value, returns a new reference. */
json_t *projection_apply_query(const struct request *req, json_t *value);

#endif
