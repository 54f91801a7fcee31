/*
 * Creating and changing products as the REST interface does: what it takes, what it refuses, what it silently drops,
 * and how far a write in a store view reaches.
 */
#ifndef DEMO_PRODUCT_WRITE_H
#define DEMO_PRODUCT_WRITE_H

#include "demo.h"
#include "request.h"

/*
 * Merges body, the object under "product", into the product of the sku, or creates it. Fields not sent are kept.
 * Answers with the whole product as seen in the request's store, or with an error; except for an unknown category id
 * an error has changed nothing.
 */
void product_write(struct request *req, struct reply *reply, const char *sku, json_t *body);

/*
 * The product as the caller may see it in a store: without the inventory permission it has no stock item. New
 * reference.
 */
json_t *product_answer(const struct request *req, struct product *product, int store);

#endif
