/*
 * A product body read and checked, before anything is changed. Used by product_write.c only.
 */
#ifndef DEMO_PRODUCT_DRAFT_H
#define DEMO_PRODUCT_DRAFT_H

#include "attributes.h"
#include "request.h"

#include <jansson.h>
#include <stdbool.h>

struct draft {
	bool sent[ATTR_COUNT];
	json_t *values[ATTR_COUNT]; /* in stored form; NULL with sent: take the value away */
	json_t *website_ids;	    /* NULL: not sent */
	json_t *links;		    /* extension_attributes.category_links; NULL: not sent */
	bool keep_history;	    /* save_rewrites_history: a new url key leaves a redirect */
	bool has_qty;
	double qty;
	bool has_stock;
	bool in_stock;
};

/* -1 and an error reply if the body is not acceptable. */
int draft_init(struct draft *draft, json_t *body, struct reply *reply);
void draft_fini(struct draft *draft);

#endif
