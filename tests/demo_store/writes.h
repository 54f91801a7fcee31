/*
 * What was written to the shop, for tests that want to prove that a change was made exactly once. Only writes that
 * took effect are counted; a row of a bulk price call counts as one write to its product.
 */
#ifndef DEMO_WRITES_H
#define DEMO_WRITES_H

#include "request.h"

#include <jansson.h>

struct writes {
	json_t *kinds; /* kind → key → { count, method, path, body } */
	unsigned long total;
};

/* -1 if memory is short. */
int writes_init(struct writes *writes);
void writes_fini(struct writes *writes);

/* Kinds are products (by sku), categories, rules, coupons, pages, blocks (by id) and source_items (sku:source). */
void writes_note(struct writes *writes, const struct request *req, const char *kind, const char *key, json_t *body);
void writes_note_id(struct writes *writes, const struct request *req, const char *kind, json_int_t id, json_t *body);

/* { total, products: { sku: { count, method, path, body } }, … }; body is the last one. New reference. */
json_t *writes_render(const struct writes *writes);

#endif
